// Package ddmshell tests the example mobilizer in shell: both sides of it, on this machine,
// against the contract.
package ddmshell

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/task"
)

// busybox makes a folder with a link for each of BusyBox's applets, so that nothing else is
// used.
func busybox(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatalf("this test runs the script with BusyBox alone: install it (Debian: apt-get install busybox-static): %v", err)
	}
	list, err := exec.Command(program, "--list").Output()
	must(t, err)
	dir := t.TempDir()
	for _, applet := range strings.Fields(string(list)) {
		must(t, os.Symlink(program, filepath.Join(dir, applet)))
	}
	return dir
}

// sides of one volume, with a stand-in for the agents and the driver between them.
type sides struct {
	t         *testing.T
	bin       string
	roots     map[task.Role]string
	dial      string
	listen    string
	passwords map[task.Role]string
	// unprivileged runs the script as another user.
	unprivileged bool
}

func newSides(t *testing.T) *sides {
	t.Helper()
	s := &sides{t: t, bin: busybox(t), roots: map[task.Role]string{},
		passwords: map[task.Role]string{task.RoleSource: "secret", task.RoleTarget: "secret"}}
	for _, role := range []task.Role{task.RoleSource, task.RoleTarget} {
		s.roots[role] = t.TempDir()
		for _, dir := range []string{"task", "result", "state", "credentials", "volumes/data"} {
			must(t, os.MkdirAll(filepath.Join(s.roots[role], dir), 0o755))
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	free, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	free.Close()
	s.dial, s.listen = l.Addr().String(), free.Addr().String()
	go s.carry(l)
	return s
}

func (s *sides) volume(role task.Role) string { return filepath.Join(s.roots[role], "volumes/data") }

// carry joins the source's connections with the target, which may still be starting.
func (s *sides) carry(l net.Listener) {
	for {
		from, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			var to net.Conn
			for deadline := time.Now().Add(20 * time.Second); to == nil; {
				if to, err = net.Dial("tcp", s.listen); err != nil && time.Now().After(deadline) {
					return
				}
			}
			defer to.Close()
			go func() {
				_, _ = io.Copy(to, from)
				_ = to.(*net.TCPConn).CloseWrite()
			}()
			_, _ = io.Copy(from, to)
		}()
	}
}

// run runs both sides and returns their exit codes and last statuses. As the driver does, it
// ends the other side when one has failed.
func (s *sides) run(id string) (codes map[task.Role]int, statuses map[task.Role]*task.Status) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	codes, statuses = map[task.Role]int{}, map[task.Role]*task.Status{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for role, root := range s.roots {
		s.prepare(role, id)
		cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "sh"), s.script(), "sync")
		cmd.Env = []string{"PATH=" + s.bin, "KUBEMOVE_ROOT=" + root}
		if s.unprivileged {
			s.asOtherUser(cmd, root)
		}
		var output bytes.Buffer
		cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &output, &output, time.Second
		wait.Go(func() {
			_ = cmd.Run()
			mu.Lock()
			codes[role] = cmd.ProcessState.ExitCode()
			mu.Unlock()
			if codes[role] != 0 {
				s.t.Logf("%s: %s", role, output.String())
				cancel()
			}
		})
	}
	wait.Wait()
	for role, root := range s.roots {
		data, err := os.ReadFile(filepath.Join(root, "result/status.json"))
		must(s.t, err)
		if statuses[role], err = task.DecodeStatus(data); err != nil {
			s.t.Fatalf("%s: %v: %s", role, err, data)
		}
	}
	return codes, statuses
}

// script is looked at, so that a change of it is one for the test's cache, too.
func (s *sides) script() string {
	s.t.Helper()
	path, err := filepath.Abs("shell-tar.sh")
	must(s.t, err)
	_, err = os.ReadFile(path)
	must(s.t, err)
	return path
}

func (s *sides) prepare(role task.Role, id string) {
	s.t.Helper()
	t := task.Task{
		APIVersion: task.APIVersion, Verb: task.VerbSync, Role: role, Run: task.Run{ID: id, Exact: true},
		Volumes:    []task.Volume{{Name: "data", Target: "copy"}},
		Parameters: map[string]string{"trap": `"role":"neither", "name":"no"`},
	}
	if role == task.RoleSource {
		t.Peer = &task.Peer{Dial: s.dial}
	} else {
		t.Peer = &task.Peer{Listen: s.listen}
	}
	data, err := json.MarshalIndent(t, "", " ")
	must(s.t, err)
	must(s.t, os.WriteFile(filepath.Join(s.roots[role], "task/task.json"), data, 0o644))
	must(s.t, os.WriteFile(filepath.Join(s.roots[role], "credentials/password"), []byte(s.passwords[role]), 0o644))
}

func fill(t *testing.T, root string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(root, "deep", "er"), 0o750))
	must(t, os.WriteFile(filepath.Join(root, "deep", "a b\nc"), []byte("strange name"), 0o640))
	must(t, os.WriteFile(filepath.Join(root, ".hidden"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(root, "-big"), bytes.Repeat([]byte("0123456789abcdef"), 1<<17), 0o644))
	must(t, os.Link(filepath.Join(root, "-big"), filepath.Join(root, "hard")))
	must(t, os.Symlink("/nowhere", filepath.Join(root, "link")))
	must(t, os.MkdirAll(filepath.Join(root, "lost+found"), 0o700))
}

func TestBothSides(t *testing.T) {
	cases := map[string]struct {
		reason string
		files  int64
		fill   func(t *testing.T, source, target string)
	}{
		"a tree": {reason: "names of all kinds, links, an empty file; what was at the target goes",
			files: 5, fill: func(t *testing.T, source, target string) {
				fill(t, source)
				must(t, os.WriteFile(filepath.Join(target, "old"), nil, 0o644))
				must(t, os.MkdirAll(filepath.Join(target, "lost+found"), 0o700))
			}},
		"nothing": {reason: "an empty volume is a volume", fill: func(t *testing.T, _, target string) {
			must(t, os.WriteFile(filepath.Join(target, "old"), nil, 0o644))
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSides(t)
			tc.fill(t, s.volume(task.RoleSource), s.volume(task.RoleTarget))
			codes, statuses := s.run("run-1")
			for role, st := range statuses {
				if codes[role] != task.ExitDone || st.RunID != "run-1" || st.Result == nil || st.Result.Outcome != task.OutcomeSucceeded {
					t.Fatalf("%s: the %s ended with %d and %+v", tc.reason, role, codes[role], st.Result)
				}
			}
			source, target := statuses[task.RoleSource].Volumes[0].Verification, statuses[task.RoleTarget].Volumes[0].Verification
			if diff := cmp.Diff(source, target); diff != "" || source == nil {
				t.Fatalf("%s: verification (-source +target):\n%s", tc.reason, diff)
			}
			if source.Files != tc.files {
				t.Errorf("%s: %d files, want %d", tc.reason, source.Files, tc.files)
			}
			out, err := exec.Command("diff", "-r", "--no-dereference", s.volume(task.RoleSource), s.volume(task.RoleTarget)).CombinedOutput()
			if text := strings.TrimSpace(string(out)); err != nil && text != "" {
				t.Errorf("%s: the sides differ:\n%s", tc.reason, text)
			}
		})
	}
}

// TestStrangersAreTurnedAway: the port of nc is open to the Pod's network; without the
// password nothing is touched.
func TestStrangersAreTurnedAway(t *testing.T) {
	s := newSides(t)
	s.passwords[task.RoleSource] = "guess"
	kept := filepath.Join(s.volume(task.RoleTarget), "kept")
	must(t, os.WriteFile(kept, nil, 0o644))
	fill(t, s.volume(task.RoleSource))
	codes, statuses := s.run("run-1")
	if codes[task.RoleSource] != task.ExitFailed || statuses[task.RoleSource].Result.Outcome != task.OutcomeFailed {
		t.Errorf("the source ended with %d", codes[task.RoleSource])
	}
	if _, err := os.Stat(kept); err != nil {
		t.Errorf("a stranger has emptied the target: %v", err)
	}
}

// TestUnreadable: a file that cannot be read fails the run and is named. Root reads
// everything, so the script runs as another user.
func TestUnreadable(t *testing.T) {
	s := newSides(t)
	fill(t, s.volume(task.RoleSource))
	must(t, os.Remove(filepath.Join(s.volume(task.RoleSource), "lost+found")))
	must(t, os.WriteFile(filepath.Join(s.volume(task.RoleSource), "private"), []byte("x"), 0o000))
	s.unprivileged = true
	codes, statuses := s.run("run-1")
	result := statuses[task.RoleSource].Result
	if codes[task.RoleSource] != task.ExitFailed || result == nil || !strings.Contains(result.Message, "private") {
		t.Errorf("the source ended with %d, %+v; want a failure that names the file", codes[task.RoleSource], result)
	}
}

// asOtherUser lets a command run without root's rights, with its folders made its own.
func (s *sides) asOtherUser(cmd *exec.Cmd, root string) {
	const otherUser = 65534
	if os.Getuid() != 0 {
		return
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherUser, Gid: otherUser}}
	for _, dir := range []string{root, s.bin} {
		must(s.t, os.Chmod(filepath.Dir(dir), 0o755))
	}
	must(s.t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, otherUser, otherUser)
	}))
}

// TestRegistration reads the registration as the installation does.
func TestRegistration(t *testing.T) {
	data, err := os.ReadFile("mobilizer.yaml")
	must(t, err)
	var m config.Mobilizer
	must(t, yaml.UnmarshalStrict(data, &m))
	want := config.Mobilizer{
		APIVersion: config.APIVersion, Kind: config.Kind, Metadata: config.Metadata{Name: "shell-tar"},
		Spec: config.MobilizerSpec{Type: config.Worker, Image: "registry.example.com/shell-tar:1.0.0",
			Command: map[task.Verb][]string{task.VerbSync: {"shell-tar", "sync"}}},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("mobilizer.yaml (-want +got):\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
