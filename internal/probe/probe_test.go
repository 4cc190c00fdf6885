package probe

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/survey"
)

func me() survey.Owner {
	return survey.Owner{UID: int64(os.Getuid()), GID: int64(os.Getgid())}
}

func TestVolume(t *testing.T) {
	dir := t.TempDir()
	if got := Volume(dir, []survey.Owner{me()}); got != (Report{}) {
		t.Errorf("a volume of one's own: got %+v", got)
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("left is %v", left)
	}
	if got := Volume(dir+"/missing", nil); got.Problem == "" || got.Denied {
		t.Errorf("a volume that is not there is not a matter of rights: %+v", got)
	}
}

// TestVolumeDenied runs the probe as a user whom the volume does not belong to, as its Pod does.
func TestVolumeDenied(t *testing.T) {
	uid := int64(12345)
	if os.Getuid() != 0 {
		uid = int64(os.Getuid())
	}
	gid := int64(os.Getgid())
	cases := map[string]struct {
		reason string
		mode   os.FileMode
		owner  survey.Owner
		want   string
	}{
		"Folder": {"a new volume of most drivers can be written by root",
			0o555, survey.Owner{UID: uid, GID: gid}, "cannot make a folder: permission denied (the volume's folder belongs to "},
		"Owner": {"every user may write, and only root can give files away",
			0o777, survey.Owner{UID: uid + 1, GID: gid}, "cannot give a file the owner "},
		"Own": {"every user may write, and the files are the user's own", 0o777, survey.Owner{UID: uid, GID: gid}, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, mode := range map[string]os.FileMode{dir: tc.mode, dir + "/..": 0o755} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
			}
			got := asUser(t, uintptr(uid), dir, tc.owner)
			if (got.Problem == "") != (tc.want == "") || !strings.Contains(got.Problem, tc.want) || got.Denied != (tc.want != "") {
				t.Errorf("%s: got %+v, want %q", tc.reason, got, tc.want)
			}
		})
	}
}

// asUser probes with the rights of another user, in a thread of its own, which ends with them.
func asUser(t *testing.T, uid uintptr, dir string, owner survey.Owner) Report {
	t.Helper()
	done := make(chan Report)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, uid, uid, uid); errno != 0 {
			t.Error(errno)
			return
		}
		done <- Volume(dir, []survey.Owner{owner})
	}()
	return <-done
}

func TestDecode(t *testing.T) {
	want := Report{Problem: "no", Denied: true}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := Decode("panic"); err == nil || !strings.Contains(err.Error(), `"panic"`) {
		t.Errorf("what is no report has to be shown, got %v", err)
	}
}
