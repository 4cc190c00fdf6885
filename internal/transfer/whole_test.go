package transfer

import (
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func TestCopyMark(t *testing.T) {
	const refused = "refused"
	trusted := copyMark{Whole: "whole/a", Writing: "writing/1", Told: true}
	unverified := copyMark{Whole: "whole/a", Writing: "writing/1"}
	old := copyMark{Writing: "writing/1"}
	cases := map[string]struct {
		reason           string
		mark             copyMark
		is, begun, ended string
	}{
		"first": {"Nothing was copied yet; a worker that did not begin ends nothing.", unverified, "", "writing/1", ""},
		"whole": {"What is written is whole no more.", trusted, "whole/a", "writing/1", "whole/a"},
		"again": {"The driver, or one that takes over, says go to the same worker once more.",
			trusted, "writing/1", "writing/1", "whole/a"},
		"done": {"The worker has ended well.", unverified, "writing/1", "writing/1", "whole/a"},
		"replaced": {"Another worker writes: the one that was replaced must not set the mark.",
			unverified, "writing/2", "writing/1", "writing/2"},
		"overtaken":   {"The worker was told of a copy that was written to since.", trusted, "writing/2", refused, "writing/2"},
		"used":        {"The application has run there since the worker was placed.", trusted, "", refused, ""},
		"other copy":  {"It is whole, but of something else.", trusted, "whole/b", refused, "whole/b"},
		"older Pod":   {"A Pod of before the upgrade knows no mark to end with.", old, "writing/1", "writing/1", "writing/1"},
		"unreadable":  {"It is not known what the worker was told.", copyMark{Writing: "writing/1", Told: true}, "", refused, ""},
		"not trusted": {"A worker that believes nothing may begin whatever is there.", unverified, "whole/b", "writing/1", "whole/b"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			begun, err := tc.mark.begun(tc.is)
			if err != nil {
				if AsError(err).Retry != task.RetrySoon {
					t.Errorf("another try does better: %v", err)
				}
				begun = refused
			}
			if begun != tc.begun {
				t.Errorf("%s Begun: %q, want %q", tc.reason, begun, tc.begun)
			}
			if ended, err := tc.mark.done(tc.is); err != nil || ended != tc.ended {
				t.Errorf("%s Done: %q (%v), want %q", tc.reason, ended, err, tc.ended)
			}
		})
	}
}

// TestWholeMark: a copy of anything else is not this one.
func TestWholeMark(t *testing.T) {
	s, other := testSpec(api.TriggerRequest), testSpec(api.TriggerFinal)
	same := wholeMark(s, ownMobilizer(""), "a", "b")
	if got := wholeMark(other, ownMobilizer(""), "a", "b"); got != same {
		t.Errorf("the final run does not know the copy of the run on request: %s, %s", got, same)
	}
	other.PairUID = "another"
	back := other
	back.Lineage = "pair-uid"
	if got := wholeMark(back, ownMobilizer(""), "a", "b"); got != same {
		t.Errorf("another pair of the lineage does not know the copy: %s, %s", got, same)
	}
	plain := ownMobilizer("")
	plain.Name = "plain"
	for what, got := range map[string]string{
		"source": wholeMark(s, ownMobilizer(""), "c", "b"), "target": wholeMark(s, ownMobilizer(""), "a", "c"),
		"lineage": wholeMark(other, ownMobilizer(""), "a", "b"), "mobilizer": wholeMark(s, plain, "a", "b"),
		"repository": wholeMark(s, ownMobilizer("s3:https://s3/bucket"), "a", "b"),
	} {
		if got == same {
			t.Errorf("another %s has the same mark", what)
		}
	}
}

// marked is a target with a claim of these annotations, and how a worker is placed there.
func marked(t *testing.T, annotations map[string]string) (Spec, *fake.Clientset, func(uid string) *corev1.Pod) {
	t.Helper()
	kube := fake.NewClientset(
		&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "copy", Namespace: "dst", UID: "target", Annotations: annotations}})
	s := testSpec(api.TriggerRequest).withDefaults()
	s.Target = &cluster.Cluster{Side: cluster.SideTarget, Namespace: "dst", Kube: kube}
	return s, kube, func(uid string) *corev1.Pod {
		in := podInput{Role: task.RoleTarget, Volume: application.Volume{Name: "data", Target: "copy"}, Mobilizer: ownMobilizer(""), Try: 1}
		source := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{UID: "source"}}
		if err := readCopyMark(t.Context(), s, &in, source); err != nil {
			t.Fatal(err)
		}
		pod, err := buildPod(s, in)
		if err != nil {
			t.Fatal(err)
		}
		pod.UID = types.UID(uid)
		return pod
	}
}

// TestReadCopyMark: a copy is believed after a run that was whole, and after no other.
func TestReadCopyMark(t *testing.T) {
	s, kube, placed := marked(t, map[string]string{"team": "blue"})
	v := application.Volume{Name: "data", Target: "copy"}
	run := func(uid string, told, ends bool) {
		t.Helper()
		pod := placed(uid)
		if got := markOf(pod); got.Told != told {
			t.Errorf("worker %s was told %t, want %t", uid, got.Told, told)
		}
		if err := clearCopyMark(t.Context(), s, v, markOf(pod)); err != nil {
			t.Fatal(err)
		}
		if ends {
			setCopyMark(t.Context(), s, v, pod)
		}
	}
	run("1", false, false)
	run("2", false, true)
	run("3", true, true)
	run("4", true, false)
	run("5", false, true)

	// A run that was replaced wakes up, and later the claim is another one.
	late := placed("6")
	run("7", true, false)
	setCopyMark(t.Context(), s, v, late)
	if err := clearCopyMark(t.Context(), s, v, markOf(late)); AsError(err) == nil {
		t.Error("a worker may begin that was told of a copy that another has written to")
	}
	run("8", false, true)
	claim, err := kube.CoreV1().PersistentVolumeClaims("dst").Get(t.Context(), "copy", getOptions)
	if err != nil || claim.Annotations["team"] != "blue" {
		t.Errorf("the claim has the annotations %v (%v)", claim.Annotations, err)
	}
	claim.UID = "made anew"
	if _, err := kube.CoreV1().PersistentVolumeClaims("dst").Update(t.Context(), claim, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	run("9", false, true)
}

// TestMarkFails: without the mark of the writer nothing begins; the mark of the end may be missing.
func TestMarkFails(t *testing.T) {
	s, kube, placed := marked(t, nil)
	v := application.Volume{Name: "data", Target: "copy"}
	pod := placed("1")
	claims := schema.GroupResource{Resource: "persistentvolumeclaims"}
	var answers []error
	kube.PrependReactor("update", "persistentvolumeclaims", func(clienttesting.Action) (bool, runtime.Object, error) {
		if len(answers) == 0 {
			return false, nil, nil
		}
		err := answers[0]
		answers = answers[1:]
		return true, nil, err
	})
	answers = []error{errors.New("i/o timeout")}
	if err := AsError(clearCopyMark(t.Context(), s, v, markOf(pod))); err == nil || err.Retry != task.RetrySoon {
		t.Errorf("the claim is not marked, yet: %v", err)
	}
	p, run := newPass(&Session{spec: s, sawAt: time.Now()}), newVolumePass(&workerPair{volume: v})
	answers = []error{errors.New("i/o timeout")}
	if err := p.act(t.Context(), run, observed{}, decision{Action: actGo}, pod); !errors.Is(err, errUnreachable) || run.given {
		t.Errorf("without the mark the worker was told to go: %v", err)
	}
	answers = []error{apierrors.NewConflict(claims, "copy", errors.New("newer"))}
	if err := clearCopyMark(t.Context(), s, v, markOf(pod)); err != nil {
		t.Errorf("another client has changed the claim, which is nothing: %v", err)
	}
	answers = []error{errors.New("i/o timeout")}
	done := observed{Target: side{Status: says(task.VolumeProgress{Verification: &task.Verification{}})}}
	for _, marked := range []bool{false, true} {
		run := newVolumePass(&workerPair{volume: v})
		if err := p.act(t.Context(), run, done, decision{Action: actDone}, pod); err != nil || !run.done {
			t.Errorf("the copy is done, yet: %v", err)
		}
		if got := markOf(placed("2")); got.Told != marked {
			t.Errorf("the copy is believed: %t, want %t", got.Told, marked)
		}
	}
}

// TestOpenIsNotTold: who opens the state sees no volume.
func TestOpenIsNotTold(t *testing.T) {
	in := podInput{Role: task.RoleTarget, Volume: application.Volume{Name: "data", Target: "copy"}, Mobilizer: ownMobilizer(""), Whole: true}
	if got := openTask(testSpec(api.TriggerFinal), in); got.Volumes[0].Whole {
		t.Errorf("the task is %+v", got)
	}
}
