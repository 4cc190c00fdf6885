package bench

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// What the restic mobilizer calls restic with. The mobilizer keeps it in ddm/restic: repository.run
// in command.go (the flags of every call, and the environment), settings.backup and
// settings.restore in settings.go with their defaults, side.backup in source.go, restoreFlags
// in target.go, and filecopy.KeptXattrs for the attributes. In each pair the calls of A, as they
// are seen on this machine, are compared with these: when they differ the run fails.

// environment of restic, beside where its repository is and its password.
var environment = []string{"RESTIC_PROGRESS_FPS=2"}

// keptAttributes are those that a restore sets.
var keptAttributes = []string{"user.*", "security.capability", "system.posix_acl_access", "system.posix_acl_default"}

func initCall() []string { return call("init") }

func backupCall(tag, folder string) []string {
	return call("backup", "--compression", "auto", "--pack-size", "16",
		"--read-concurrency", fmt.Sprint(max(2, runtime.GOMAXPROCS(0))), "--tag", tag, "--host", "kubemove", folder)
}

func restoreCall(snapshot, folder, target string) []string {
	args := []string{"-o", fmt.Sprintf("local.connections=%d", min(8, max(2, 2*runtime.GOMAXPROCS(0)))),
		"--delete", "--overwrite", "if-changed", "--sparse", "--no-lock"}
	for _, pattern := range keptAttributes {
		args = append(args, "--include-xattr", pattern)
	}
	return call("restore", append(args, snapshot+":"+folder, "--target", target)...)
}

// call is a verb with the flags that every call has.
func call(verb string, args ...string) []string {
	return append([]string{verb, "--json", "--no-cache"}, args...)
}

// sameCalls fails when the calls of restic that were seen in A are not those of B.
func sameCalls(seen [][]string) error {
	expected := [][]string{initCall(), backupCall("", "/"), restoreCall("s", "/", "/")}
	for _, want := range expected {
		i := slices.IndexFunc(seen, func(args []string) bool { return len(args) > 0 && args[0] == want[0] })
		if i < 0 {
			return fmt.Errorf("no call of restic %s was seen in the workers, got %q: expected one; does this program see the processes of the lab?",
				want[0], seen)
		}
		if got := shape(seen[i]); !slices.Equal(got, shape(want)) {
			return fmt.Errorf("the worker calls restic with %q, the benchmark with %q: change e2e/bench/flags.go to what ddm/restic says",
				strings.Join(got, " "), strings.Join(shape(want), " "))
		}
	}
	return nil
}

// shape of a call: without what differs from run to run.
func shape(args []string) []string {
	var out []string
	for i, arg := range args {
		switch {
		case i > 0 && (args[i-1] == "--tag" || args[i-1] == "--target"):
			arg = "..."
		case strings.HasPrefix(arg, "/"):
			arg = "FOLDER"
		case strings.Contains(arg, ":/"):
			arg = "SNAPSHOT:FOLDER"
		}
		out = append(out, arg)
	}
	return out
}
