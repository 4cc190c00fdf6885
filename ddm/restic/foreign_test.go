package restic

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

// given is the variable that names the folder which root has made for a test of another user.
const given = "RESTIC_TEST_GIVEN"

// TestForeign copies what a worker without rights may read, but not make. Only root can make
// it, so this needs root, and runs as others.
func TestForeign(t *testing.T) {
	if folder := os.Getenv(given); folder != "" {
		t.Run("attributes", func(t *testing.T) { foreignAttributes(t, folder) })
		t.Run("owner", func(t *testing.T) { foreignOwner(t, folder) })
		t.Run("root", func(t *testing.T) { foreignRoot(t, folder) })
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can make files of other owners")
	}
	for uid, as := range map[int]func(*testing.T){65534: asOtherUser, 0: asBareRoot} {
		dir, err := os.MkdirTemp("", "given")
		must(t, err)
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
		must(t, os.Chmod(dir, 0o755))
		v := volume{t, dir}
		v.file("attributes/data/file", "x", 0o644)
		v.xattr("attributes/data/file", "security.kubemove", []byte("of the system"))
		v.xattr("attributes/data/file", "trusted.kubemove", []byte("of the system"))
		v.xattr("attributes/data/file", "user.z", []byte("of the user"))
		v.file("owner/data/mine", "x", 0o644)
		v.file("owner/data/theirs\n", "x", 0o644)
		v.file("root/data/.keep", "", 0o644)
		must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
			must(t, err)
			return os.Lchown(path, uid, uid)
		}))
		must(t, os.Lchown(v.path("owner/data/theirs\n"), 1234, 1234))
		must(t, os.Lchown(v.path("root/data"), 1234, 1234))
		must(t, unix.Chmod(v.path("root/data"), 0o777))
		t.Setenv(given, dir)
		as(t)
	}
}

// foreignAttributes: those of the system are left out, and are in no one else's way.
func foreignAttributes(t *testing.T, folder string) {
	p := newPair(t)
	p.src.Volumes = filepath.Join(folder, "attributes")
	p.dst.SourceVolumes = p.src.Volumes
	p.synced("run-1")
	if got, want := allXattrs(t, filepath.Join(p.target(), "file")), ` "user.z"=6f66207468652075736572`; got != want {
		t.Errorf("the file has the attributes%s, want%s", got, want)
	}
}

// foreignOwner: an owner that is lost fails the run for good, and is named.
func foreignOwner(t *testing.T, folder string) {
	p := newPair(t)
	p.src.Volumes = filepath.Join(folder, "owner")
	p.dst.SourceVolumes = p.src.Volumes
	codes, st := p.run(t.Context(), "run-1", true)
	want, reason := `"theirs\n": owner 1234:1234 != 65534:65534`, api.ReasonMismatch
	if os.Geteuid() == 0 {
		// restic itself forgives it only those who are not root.
		want, reason = "theirs\n: lchown", api.ReasonSyncFailed
	}
	r := st[1].Result
	if codes[1] != task.ExitPermanent || r.Retry != task.RetryLater || r.Reason != reason || !strings.Contains(r.Message, want) {
		t.Errorf("the target ended with %d, %+v; want %q", codes[1], r, want)
	}
}

// foreignRoot: what the root of the volume cannot be given is named, and no failure.
func foreignRoot(t *testing.T, folder string) {
	p := newPair(t)
	p.dst.Volumes = filepath.Join(folder, "root")
	v := volume{t, p.source()}
	v.file("file", "x", 0o644)
	v.xattr("", "user.root", []byte("x"))
	v.time("", 1_400_000_000, 0)
	st := p.synced("run-1")
	// A user that may write there may set that.
	if got, want := allXattrs(t, p.target()), ` "user.root"=78`; got != want {
		t.Errorf("the root has the attributes%s, want%s", got, want)
	}
	warnings := strings.Join(st[1].Warnings, "\n")
	for _, want := range []string{"the root of the volume", "mode 0755 != 0777", "!= 1234:1234"} {
		if !strings.Contains(warnings, want) {
			t.Errorf("the warnings lack %q: %s", want, warnings)
		}
	}
}
