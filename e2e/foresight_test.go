package e2e

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// foresight is an application that runs at the source. What its move would end in can be known
// before anything is stopped.
type foresight struct {
	// workloads of the folder's app.yaml that have to be up before the plan is made.
	workloads []string
	// before is done before the application is applied, running when it is up.
	before, running func(s *scenario)
	// says are patterns of which one line of the plan, a blocker or a warning, has all.
	says []string
	// moved looks at the target after the switch of a plan without blockers. Without it the
	// application cannot be moved as it is, and the plan has to say why.
	moved func(s *scenario)
}

func foresights() map[string]foresight {
	return map[string]foresight{
		"FinishedJob": {
			workloads: []string{"job/create-tables", "deployment/web"},
			says:      []string{`Job\.batch/create-tables\b`},
		},
		"NodePortDiscovery": {
			workloads: []string{"statefulset/queue"},
			says:      []string{`Service/queue-0-outside\b`},
		},
		"VolumeOfRoot": {
			workloads: []string{"deployment/graphs"},
			moved:     sameFiles("data"),
		},
		"DeviceNodes": {
			workloads: []string{"deployment/builder"},
			says:      []string{`PersistentVolumeClaim/layers\b|claim layers\b`, `\b250\b`, `device`},
			moved: func(s *scenario) {
				require.Contains(s.t, s.kubectl(s.src, "get", "movepair", "shop-dst", "-o", "jsonpath={.status.plan.warnings}"), "250 ")
				sameFiles("layers")(s)
			},
		},
		"NoRoom": {
			before:    occupy,
			workloads: []string{"deployment/solver"},
			says:      []string{`Deployment\.apps/solver\b`, `Insufficient memory`},
		},
		"LongGracePeriod": {
			running:   func(s *scenario) { s.t.Cleanup(s.impatient) },
			workloads: []string{"deployment/settler", "deployment/page"},
			says:      []string{`Deployment\.apps/settler\b`, `\b240|\b4m`, `\b60|\b1m`},
		},
		"NoZeroReplicas": {
			running:   keepOne,
			workloads: []string{"deployment/payments", "deployment/page"},
			says:      []string{`Deployment\.apps/payments\b`, `an essential Deployment keeps one replica`},
		},
		"SmallHoles": {
			workloads: []string{"deployment/finder"},
			says:      []string{`ClaimTooSmall`, `PersistentVolumeClaim/index\b`},
			moved:     sameFiles("index"),
		},
		"LongPath": {
			workloads: []string{"deployment/archive"},
			says:      []string{`PersistentVolumeClaim/archive\b`, `409[56] bytes`},
		},
	}
}

// TestForesight: what would make a move fail is found by its plan, which names the object; a move that
// the plan finds nothing against succeeds. In no case is an application stopped in vain.
func TestForesight(t *testing.T) {
	for name, c := range foresights() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.start(folderOf(name), c)
			before := s.workloads()
			s.apply(s.src, "foresight/engine.yaml")
			plan, blocked := s.judged()
			t.Log("\n" + plan)
			if c.moved != nil && !blocked {
				s.approve("shop-dst")
				require.Equal(t, "Switched", s.ended())
				c.moved(s)
				return
			}
			if !hasLine(plan, c.says) {
				how := "not begun: it is blocked"
				if !blocked {
					s.approve("shop-dst")
					how = s.ended()
				}
				require.Failf(t, "the plan does not say it", "no line has all of %q; the switch has %s", c.says, how)
			}
			require.Equal(t, before, s.workloads(), "something was stopped")
		})
	}
}

// folderOf a case: finished-job of FinishedJob.
func folderOf(name string) string {
	return strings.ToLower(regexp.MustCompile(`\B[A-Z]`).ReplaceAllString(name, "-$0"))
}

// start brings the application of a folder of testdata/foresight up.
func (s *scenario) start(folder string, c foresight) {
	s.t.Helper()
	if c.before != nil {
		c.before(s)
	}
	s.applyWithKubectl("foresight/"+folder+"/app.yaml", "REQUEST", s.ofNode(45))
	for _, w := range c.workloads {
		if strings.HasPrefix(w, "job/") {
			s.kubectl(s.src, "wait", "--for=condition=Complete", w, timeout)
		} else {
			s.kubectl(s.src, "rollout", "status", w, timeout)
		}
	}
	if c.running != nil {
		c.running(s)
	}
}

// applyWithKubectl applies a file whose Pods mount the lab's kubectl.
func (s *scenario) applyWithKubectl(name string, replace ...string) {
	s.t.Helper()
	kubectl, err := filepath.EvalSymlinks(clusters.Kubectl())
	require.NoError(s.t, err)
	s.apply(s.src, name, append([]string{"KUBECTL", kubectl}, replace...)...)
}

// workloads is what a switch changes first, and the Pods.
func (s *scenario) workloads() string {
	s.t.Helper()
	return s.kubectl(s.src, "get", "deployments,statefulsets", "-o",
		`jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.generation} {.spec.replicas}{"\n"}{end}`) +
		"\n" + s.kubectl(s.src, "get", "pods", "-l", "!kubemove.io/step,!app.kubernetes.io/managed-by", "-o",
		`jsonpath={range .items[*]}{.metadata.name} {.metadata.deletionTimestamp}{"\n"}{end}`)
}

// judged waits until a plan can be approved or has blockers, and returns its blockers and warnings,
// one in each line.
func (s *scenario) judged() (plan string, blocked bool) {
	s.t.Helper()
	s.kubectl(s.src, "wait", "--for=create", "moveswitch/shop-dst", timeout)
	s.await(patience, "a plan", func() error {
		switch got := s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o",
			`jsonpath={.status.conditions[?(@.type=="Approved")].reason}`); got {
		case "WaitingForApproval", "Blocked":
			blocked = got == "Blocked"
			return nil
		default:
			return fmt.Errorf("the approval is %q: %s", got, s.kubectl(s.src, "get", "moveengine", "shop", "-o", "jsonpath={.status.conditions}"))
		}
	})
	return s.kubectl(s.src, "get", "movepair", "shop-dst", "-o",
			`jsonpath={range .status.plan.blockers[*]}{.reason}: {.object}: {.message}{"\n"}{end}{range .status.plan.warnings[*]}{@}{"\n"}{end}`),
		blocked
}

// hasLine says whether one line of the text matches all patterns.
func hasLine(text string, patterns []string) bool {
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(patterns, func(p string) bool { return !regexp.MustCompile(p).MatchString(line) }) {
			return len(patterns) > 0
		}
	}
	return false
}

// ended waits for the end of the switch, or for what only a user can change: the condition that says
// so, with its message unless it is Switched.
func (s *scenario) ended() (how string) {
	s.t.Helper()
	s.await(patience, "the end of the switch", func() error {
		conditions := s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o",
			`jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\n"}{end}`)
		for line := range strings.Lines(conditions) {
			switch kind, rest, _ := strings.Cut(line, "="); {
			case kind == "Switched" && strings.HasPrefix(rest, "True "):
				how = "Switched"
				return nil
			case kind == "RolledBack" && strings.HasPrefix(rest, "True "),
				kind == "Stalled" && strings.HasPrefix(rest, "True "),
				kind == "Approved" && strings.HasPrefix(rest, "False PlanChanged"):
				how = strings.TrimSpace(line)
				return nil
			}
		}
		return fmt.Errorf("the conditions are:\n%s", conditions)
	})
	return how
}

// sameFiles compares the volumes of a claim, and the room that they take on the disk.
func sameFiles(claim string) func(s *scenario) {
	return func(s *scenario) {
		source, target := s.volume(s.src, claim), s.volume(s.dst, claim)
		requireSameTree(s.t, tree(s.t, source), tree(s.t, target))
		require.InDelta(s.t, onDisk(s.t, source), onDisk(s.t, target), 4<<20, "bytes on the disk")
	}
}

// onDisk is what the files of a folder take on the disk: holes take nothing.
func onDisk(t *testing.T, root string) (bytes int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &st)
		}
		bytes += st.Blocks * 512
		return err
	}))
	return bytes
}

// occupy has something run at the target that leaves less room than the application asks for.
func occupy(s *scenario) {
	s.apply(s.dst, "foresight/no-room/target.yaml", "REQUEST", s.ofNode(60))
	s.kubectl(s.dst, "wait", "--for=condition=Ready", "pod/neighbour", timeout)
}

// ofNode is a part of the memory that a node of the target has for Pods.
func (s *scenario) ofNode(percent int64) string {
	s.t.Helper()
	client, err := s.dst.Client()
	require.NoError(s.t, err)
	nodes, err := client.CoreV1().Nodes().List(s.t.Context(), metav1.ListOptions{})
	require.NoError(s.t, err)
	require.Len(s.t, nodes.Items, 1, "the target's nodes")
	return fmt.Sprint(nodes.Items[0].Status.Allocatable.Memory().Value() * percent / 100)
}

// keepOne has a policy of the source forbid zero replicas, and waits until it is in force.
func keepOne(s *scenario) {
	s.t.Cleanup(func() {
		if out, err := s.src.Kubectl(context.Background(), "delete", "validatingadmissionpolicies,validatingadmissionpolicybindings",
			s.namespace); err != nil {
			s.t.Errorf("%v\n%s", err, out)
		}
	})
	s.apply(s.src, "foresight/no-zero-replicas/policy.yaml")
	s.await(patience, "the policy", func() error {
		if _, err := s.src.Kubectl(s.t.Context(), "-n", s.namespace, "patch", "deployment/payments", "--type=merge", "-p",
			`{"spec":{"replicas":0}}`, "--dry-run=server"); err == nil {
			return errors.New("zero replicas are still accepted")
		}
		return nil
	})
}

// impatient removes the Pods of the source without their grace periods.
func (s *scenario) impatient() {
	for _, args := range [][]string{
		{"delete", "moveengines", "--all", timeout},
		{"delete", "deployments,replicasets", "--all", "--cascade=orphan"},
		{"delete", "pods", "--all", "--grace-period=1", "--wait=false"},
	} {
		if out, err := s.src.Kubectl(context.Background(), append([]string{"-n", s.namespace}, args...)...); err != nil {
			s.t.Errorf("%v\n%s", err, out)
		}
	}
}
