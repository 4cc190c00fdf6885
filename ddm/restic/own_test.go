package restic

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// logged catches what the workers log.
func logged(t *testing.T) *lockedBuffer {
	b := &lockedBuffer{}
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(b, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return b
}

// opened carries out the verb open on one side.
func (p *pair) opened(role task.Role) (int, *task.Status) {
	p.t.Helper()
	d := p.src
	if role == task.RoleTarget {
		d = p.dst
	}
	p.task(d, role, "open-1", false)
	data, err := os.ReadFile(d.Task)
	must(p.t, err)
	must(p.t, os.WriteFile(d.Task, bytes.Replace(data, []byte(`"verb":"sync"`), []byte(`"verb":"open"`), 1), 0o600))
	return Run(p.t.Context(), d), p.status(d)
}

// openedWell carries out the verb open on both sides.
func (p *pair) openedWell() {
	p.t.Helper()
	for _, role := range []task.Role{task.RoleTarget, task.RoleSource} {
		if code, st := p.opened(role); code != task.ExitDone || st.Result.Outcome != task.OutcomeSucceeded {
			p.t.Fatalf("the %s ended with %d: %+v", role, code, st.Result)
		}
	}
}

// TestOwnRepositories copies through each kind of place of the user's own: twice, and nothing
// is forgotten.
func TestOwnRepositories(t *testing.T) {
	cases := map[string]func(t *testing.T) (p *pair, folder string){
		"s3": func(t *testing.T) (*pair, string) {
			s := newS3(t, s3Secret)
			p := ownPair(t, "s3:http://"+s.address+"/moves/some/prefix/", s3Credentials())
			return p, filepath.Join(s.root, "files/moves/some/prefix/home/shop-dst/data")
		},
		"rest": func(t *testing.T) (*pair, string) {
			s, ca := newREST(t)
			return ownPair(t, "rest:https://"+s.address+"/prefix", restCredentials(ca)), filepath.Join(s.root, "prefix/home_shop-dst_data")
		},
		"claim": func(t *testing.T) (*pair, string) {
			p := ownPair(t, "claim:backups", nil)
			return p, filepath.Join(p.held().State, "home/shop-dst/data")
		},
	}
	for name, place := range cases {
		t.Run(name, func(t *testing.T) {
			log := logged(t)
			p, folder := place(t)
			fill(t, p.source())
			p.openedWell()
			p.openedWell()
			p.copied("run-1")
			must(t, os.WriteFile(filepath.Join(p.source(), "big"), []byte("short"), 0o600))
			must(t, os.Remove(filepath.Join(p.source(), "link")))
			p.copied("run-2")
			for kind, want := range map[string]int{"snapshots": 2, "locks": 0, "keys": 1} {
				if files, _ := filepath.Glob(filepath.Join(folder, kind, "*")); len(files) != want {
					t.Errorf("%s holds %d %s, want %d", folder, len(files), kind, want)
				}
			}
			p.silent(log.String())
			if left, _ := os.ReadDir(p.dst.State); name != "claim" && len(left) != 0 {
				t.Errorf("the target has kept %v beside the repository", left)
			}
		})
	}
}

// TestOpenAhead: the managed repository is made before the run, which finds it open, as the next
// one does that is opened ahead.
func TestOpenAhead(t *testing.T) {
	p := freshPair(t)
	fill(t, p.source())
	config := filepath.Join(p.repo(), "config")
	var made []byte
	for _, run := range []string{"run-1", "run-2"} {
		code, st := p.opened(p.stateSide)
		if code != task.ExitDone || st.Result.Outcome != task.OutcomeSucceeded {
			t.Fatalf("opening ended with %d: %+v", code, st.Result)
		}
		now, err := os.ReadFile(config)
		must(t, err)
		if made == nil {
			made = now
		}
		p.copied(run)
		must(t, os.WriteFile(filepath.Join(p.source(), "big"), []byte("short"), 0o600))
	}
	if now, err := os.ReadFile(config); err != nil || !bytes.Equal(made, now) {
		t.Errorf("the repository was made anew (%v)", err)
	}
}

// TestWithoutOpen: a repository that was not opened before, or that was removed since, is
// made by the run.
func TestWithoutOpen(t *testing.T) {
	s := newS3(t, s3Secret)
	p := ownPair(t, "s3:http://"+s.address+"/moves", s3Credentials())
	fill(t, p.source())
	p.copied("run-1")
}

// TestOpenTroubles: what is wrong with a repository is told with a reason and a fix, in words
// that hold no credential.
func TestOpenTroubles(t *testing.T) {
	openPatience = 4 * time.Second
	t.Cleanup(func() { openPatience = 30 * time.Second })
	s3 := newS3(t, s3Secret)
	rest, ca := newREST(t)
	gone := newS3(t, s3Secret)
	gone.stop()
	change := func(m map[string]string, key, value string) map[string]string {
		m[key] = value
		return m
	}
	cases := map[string]struct {
		reason     string
		repository string
		secret     map[string]string
		want       string
		says       string
		retry      task.Retry
	}{
		"S3 wrong secret": {
			"the secret is wrong", "s3:http://" + s3.address + "/moves",
			change(s3Credentials(), "AWS_SECRET_ACCESS_KEY", "wrong-secret"), api.ReasonRepositoryDenied,
			"credentialsSecretRef", task.RetryLater,
		},
		"S3 wrong key": {
			"there is no such key", "s3:http://" + s3.address + "/moves",
			change(s3Credentials(), "AWS_ACCESS_KEY_ID", "AKIDUNKNOWN"), api.ReasonRepositoryDenied, "credentialsSecretRef",
			task.RetryLater,
		},
		"S3 half a key": {
			"one of the two is missing", "s3:http://" + s3.address + "/moves", map[string]string{"AWS_ACCESS_KEY_ID": s3Key},
			api.ReasonRepositoryDenied, "credentialsSecretRef", task.RetryLater,
		},
		"S3 no bucket": {
			"restic would make the bucket", "s3:http://" + s3.address + "/nobucket/x", s3Credentials(),
			api.ReasonRepositoryNotFound, "make the bucket", task.RetryLater,
		},
		"S3 unreachable": {
			"the server is down", "s3:http://" + gone.address + "/moves", s3Credentials(), api.ReasonRepositoryUnreachable,
			"start the server", task.RetrySoon,
		},
		"REST wrong password": {
			"the password is wrong", "rest:https://" + rest.address + "/p",
			change(restCredentials(ca), "RESTIC_REST_PASSWORD", "wrong-password"), api.ReasonRepositoryDenied,
			"credentialsSecretRef", task.RetryLater,
		},
		"REST unknown CA": {
			"it is not known who signed it", "rest:https://" + rest.address + "/p",
			map[string]string{"RESTIC_REST_USERNAME": restUser, "RESTIC_REST_PASSWORD": restPassword},
			api.ReasonRepositoryCertificate, "ca.crt", task.RetryLater,
		},
		"REST broken CA": {
			"that is no certificate", "rest:https://" + rest.address + "/p", change(restCredentials(ca), "ca.crt", "no PEM"),
			api.ReasonRepositoryCertificate, "ca.crt", task.RetryLater,
		},
		"REST no TLS": {
			"it speaks TLS alone", "rest:http://" + rest.address + "/p", restCredentials(ca), api.ReasonRepositoryNotFound,
			"http or https", task.RetryLater,
		},
		"REST too deep": {
			"rest-server takes two folders", "rest:https://" + rest.address + "/a/b", restCredentials(ca),
			api.ReasonRepositoryNotFound, "at most one folder", task.RetryLater,
		},
		"REST no host": {
			"a name that does not exist", "rest:https://missing.invalid/p", restCredentials(ca),
			api.ReasonRepositoryUnreachable, "correct the parameter", task.RetrySoon,
		},
		"unknown scheme": {"restic knows more than we do", "sftp:host:/x", nil, api.ReasonInvalidSpec, "claim:NAME", task.RetryLater},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			log := logged(t)
			p := ownPair(t, tc.repository, tc.secret)
			p.task(p.src, task.RoleSource, "x", false)
			must(t, os.WriteFile(p.src.Status, nil, 0o600))
			code, st := p.opened(task.RoleTarget)
			if code == task.ExitDone {
				t.Fatalf("%s: it succeeded", tc.reason)
			}
			t.Log(st.Result.Reason, st.Result.Message)
			if tc.want != "" && (st.Result.Reason != tc.want || st.Result.Retry != tc.retry || !strings.Contains(st.Result.Message, tc.says)) {
				t.Errorf("%s: got %+v, want %s, to be tried again %s, with %q", tc.reason, st.Result, tc.want, tc.retry, tc.says)
			}
			p.silent(log.String())
			for _, secret := range []string{"wrong-secret", "wrong-password", "AKIDUNKNOWN"} {
				if strings.Contains(log.String()+st.Result.Message, secret) {
					t.Errorf("it says %q", secret)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(s3.root, "files", "nobucket")); err == nil {
		t.Error("the bucket that did not exist was made")
	}
}

// TestOtherChannel: the repository of an earlier channel of the same name is not touched.
func TestOtherChannel(t *testing.T) {
	p := ownPair(t, "claim:backups", nil)
	p.openedWell()
	must(t, os.WriteFile(filepath.Join(p.held().Credentials, "password"), []byte("another"), 0o600))
	code, st := p.opened(p.stateSide)
	if code != task.ExitPermanent || st.Result.Reason != api.ReasonRepositoryPassword || st.Result.Retry != task.RetryLater ||
		!strings.Contains(st.Result.Message, "remove this folder") {
		t.Errorf("ended with %d: %+v", code, st.Result)
	}
	if files, _ := filepath.Glob(filepath.Join(p.held().State, "home/shop-dst/data/keys/*")); len(files) != 1 {
		t.Errorf("the repository was touched: %v", files)
	}
}

// TestFullServer: a server with a limit says so.
func TestFullServer(t *testing.T) {
	s, ca := newREST(t, "--max-size", "1000000")
	p := ownPair(t, "rest:https://"+s.address, restCredentials(ca))
	p.seed(filepath.Join(s.root, "home_shop-dst_data"))
	noise(t, p, 8<<20)
	codes, st := p.run(t.Context(), "run-1", true)
	if r := st[0].Result; codes[0] != task.ExitPermanent || r.Reason != api.ReasonRepositoryFull || r.Retry != task.RetryLater {
		t.Errorf("ended with %v: %+v", codes, r)
	}
	p.silent()
}

// noise fills a file with what cannot be compressed.
func noise(t *testing.T, p *pair, size int) {
	t.Helper()
	data := make([]byte, size)
	_, _ = rand.Read(data)
	must(t, os.WriteFile(filepath.Join(p.source(), "noise"), data, 0o644))
}

// TestServerGone: a server that is gone for some seconds in the middle of a run does not end
// it.
func TestServerGone(t *testing.T) {
	s := newS3(t, s3Secret)
	p := ownPair(t, "s3:http://"+s.address+"/moves", s3Credentials())
	p.seed(filepath.Join(s.root, "files/moves/home/shop-dst/data"))
	fill(t, p.source())
	noise(t, p, 256<<20)
	stopped := make(chan bool)
	ctx := t.Context()
	go func() {
		packs := filepath.Join(s.root, "files/moves/home/shop-dst/data/data/*/*")
		for ctx.Err() == nil {
			if files, _ := filepath.Glob(packs); len(files) == 0 {
				continue
			}
			s.stop()
			time.Sleep(5 * time.Second) // The outage itself.
			s.start()
			close(stopped)
			return
		}
	}()
	p.copied("run-1")
	select {
	case <-stopped:
	default:
		t.Error("the server was not gone in the middle of the run")
	}
}

// TestRotated: old credentials fail clearly and soon, new ones are all that is needed.
func TestRotated(t *testing.T) {
	s := newS3(t, s3Secret)
	p := ownPair(t, "s3:http://"+s.address+"/moves", s3Credentials())
	p.seed(filepath.Join(s.root, "files/moves/home/shop-dst/data"))
	fill(t, p.source())
	p.copied("run-1")
	p.secret(map[string]string{"AWS_SECRET_ACCESS_KEY": "the old one"})
	codes, st := p.run(t.Context(), "run-2", true)
	failed := 0
	for i, code := range codes {
		if code == task.ExitPermanent {
			failed++
			if r := st[i].Result; r.Reason != api.ReasonRepositoryDenied || r.Retry != task.RetryLater {
				t.Errorf("side %d: %+v", i, r)
			}
		}
	}
	if failed == 0 {
		t.Errorf("ended with %v", codes)
	}
	p.secret(s3Credentials())
	p.copied("run-3")
}

// TestManagedIgnoresCredentials: what is meant for elsewhere does no harm.
func TestManagedIgnoresCredentials(t *testing.T) {
	p := newPair(t)
	p.secret(restCredentials([]byte("no PEM")))
	fill(t, p.source())
	p.copied("run-1")
}

// TestEmptySnapshot: after a copy with other contents the next run reads everything, though
// nothing of the repository is removed.
func TestEmptySnapshot(t *testing.T) {
	s := newS3(t, s3Secret)
	p := ownPair(t, "s3:http://"+s.address+"/moves", s3Credentials())
	p.seed(filepath.Join(s.root, "files/moves/home/shop-dst/data"))
	fill(t, p.source())
	p.copied("run-1")
	sd := &side{dirs: p.dst, name: "data"}
	sd.credentials.environment = []string{"AWS_ACCESS_KEY_ID=" + s3Key, "AWS_SECRET_ACCESS_KEY=" + s3Secret}
	var err error
	sd.place, err = newPlace(p.repository, &task.Channel{Namespace: "home", Name: "shop-dst"}, "data")
	must(t, err)
	repo, err := sd.ownRepository()
	must(t, err)
	list := func() (made []struct{ ID, Parent string }) {
		text, err := repo.output(t.Context(), "snapshots", "--no-lock")
		must(t, err)
		must(t, json.Unmarshal(text, &made))
		return made
	}
	first := list()
	sd.made = event{Snapshot: first[0].ID}
	sd.addEmptySnapshot(t.Context(), repo)
	p.copied("run-2")
	made := list()
	if len(made) != 3 || made[2].Parent != made[1].ID || made[0].ID != first[0].ID {
		t.Errorf("the snapshots are %s", fmt.Sprint(made))
	}
}
