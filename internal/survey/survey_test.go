package survey

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/agent"
)

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// me is a worker that runs as the test does.
func me() Worker {
	return Worker{UID: int64(os.Getuid()), GIDs: []int64{int64(os.Getgid())}}
}

func TestVolumeCounts(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "12345", 0o644)
	write(t, filepath.Join(dir, "deep/b\nc"), "123", 0o600)
	write(t, filepath.Join(dir, "lost+found/x"), "never counted", 0o600)
	if err := os.Symlink("nowhere", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got, err := Volume(dir, me())
	if err != nil {
		t.Fatal(err)
	}
	if got.Allocated < 8 {
		t.Errorf("the files take %d bytes, expected at least 8", got.Allocated)
	}
	got.Allocated = 0
	want := &Report{Files: 3, Bytes: 8, Folder: 5, Special: Paths{Count: 1, First: []string{`"s"`}}, Others: []Paths{},
		Owners: []Owner{{UID: int64(os.Getuid()), GID: int64(os.Getgid())}},
		Root:   Root{UID: int64(os.Getuid()), GID: int64(os.Getgid()), Mode: 0o700}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("report (-want +got):\n%s", diff)
	}
}

func TestVolumeForeign(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine"), "", 0o644)
	other := me()
	other.UID++
	cases := map[string]struct {
		worker Worker
		want   int64
	}{
		"OwnFiles":   {me(), 0},
		"OtherUser":  {other, 1},
		"OtherGroup": {Worker{UID: me().UID, GIDs: []int64{me().GIDs[0] + 1}}, 1},
		"AnyOwner":   {Worker{UID: other.UID, AnyOwner: true}, 0},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Volume(dir, tc.worker)
			if err != nil {
				t.Fatal(err)
			}
			if got.Foreign.Count != tc.want {
				t.Errorf("foreign: %+v, want %d", got.Foreign, tc.want)
			}
		})
	}
}

// TestVolumeFolder: the largest directory is found, not the sum of several.
func TestVolumeFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/1", "a/2", "a/b/1", "a/b/2", "a/b/3", "a/b/4", "c/1", "c/2", "c/3", "d"} {
		write(t, filepath.Join(dir, name), "", 0o600)
	}
	got, err := Volume(dir, me())
	if err != nil {
		t.Fatal(err)
	}
	if got.Folder != 4 {
		t.Errorf("the largest directory has %d entries, want 4 of a/b", got.Folder)
	}
}

// TestVolumeOthers: each user who could write the copy is judged in the same walk.
func TestVolumeOthers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine"), "", 0o644)
	stranger, target := me(), me()
	stranger.UID++
	target.Others = []Worker{me(), stranger, {UID: stranger.UID, AnyOwner: true}}
	got, err := Volume(dir, target)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Paths{{}, {Count: 1, First: []string{`"mine"`}}, {}}, got.Others); diff != "" {
		t.Errorf("foreign to the others (-want +got):\n%s", diff)
	}
}

// TestVolumeUnreadable runs the survey as another user, as a worker's Pod does.
func TestVolumeUnreadable(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make files of other users")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "readable"), "1", 0o644)
	write(t, filepath.Join(dir, "secret"), "22", 0o600)
	write(t, filepath.Join(dir, "closed/hidden"), "333", 0o644)
	for path, mode := range map[string]os.FileMode{"closed": 0o700, "..": 0o755, ".": 0o755} {
		if err := os.Chmod(filepath.Join(dir, path), mode); err != nil {
			t.Fatal(err)
		}
	}
	got := asUser(t, 12345, dir)
	if diff := cmp.Diff(Paths{Count: 2, First: []string{`"closed"`, `"secret"`}}, got.Unreadable); diff != "" {
		t.Errorf("unreadable (-want +got):\n%s", diff)
	}
}

// asUser makes a survey with the file system rights of another user, in a thread of its own.
func asUser(t *testing.T, uid int, dir string) *Report {
	t.Helper()
	done := make(chan *Report)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		// The thread is never given back: its rights are gone with it. access(2) asks for
		// the real user.
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
			t.Error(errno)
			return
		}
		r, err := Volume(dir, Worker{AnyOwner: true, ProgramCapabilities: true})
		if err != nil {
			t.Error(err)
			return
		}
		done <- r
	}()
	r := <-done
	if r == nil {
		t.FailNow()
	}
	return r
}

func TestReportFits(t *testing.T) {
	r := &Report{Files: 1 << 40, Others: make([]Paths, 3)}
	for i := range 20 {
		for _, p := range []*Paths{&r.Unreadable, &r.Foreign, &r.Special, &r.Others[0], &r.Others[1], &r.Others[2]} {
			p.Add(strings.Repeat("\xff", 200) + fmt.Sprint(i))
		}
	}
	data, err := encode(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > agent.TerminationLimit {
		t.Errorf("the report has %d bytes, at most %d are kept", len(data), agent.TerminationLimit)
	}
	got, err := Decode(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if got.Unreadable.Count != 20 || len(got.Unreadable.First) == 0 {
		t.Errorf("unreadable: %+v, want all 20 counted and some named", got.Unreadable)
	}
}

func TestSurvey(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "log")
	write(t, filepath.Join(dir, "a"), "12345", 0o644)
	target, err := json.Marshal(me())
	if err != nil {
		t.Fatal(err)
	}
	if err := survey(dir, string(target), out); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Decode(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if r.Files != 1 || r.Bytes != 5 {
		t.Errorf("got %d files with %d bytes, want 1 with 5", r.Files, r.Bytes)
	}
	if err := survey(dir, "nonsense", out); err == nil {
		t.Error("a worker that is none was taken")
	}
}

// TestRootAlone: whose a volume is can be seen without looking into it.
func TestRootAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "12345", 0o644)
	if err := os.Chmod(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "message")
	if err := surveyRoot(dir, "", out); err != nil {
		t.Fatal(err)
	}
	message, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(string(message))
	if err != nil {
		t.Fatal(err)
	}
	want := &Report{Root: Root{UID: int64(os.Getuid()), GID: int64(os.Getgid()), Mode: 0o750}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
}
