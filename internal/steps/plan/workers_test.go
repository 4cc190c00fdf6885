package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// TestWorkersOfBothSides: each side judges the Pods that a run has there, with their requests.
func TestWorkersOfBothSides(t *testing.T) {
	const limit = `pods "x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 2Gi`
	cases := map[string]struct {
		reason         string
		source, target string
		code           int
		want           []string
		warnings       int
	}{
		"Fine": {reason: "Nothing is refused."},
		"Source": {reason: "The source has a LimitRange.",
			source: limit, code: 403, want: []string{"RejectedBySource PersistentVolumeClaim/data-db-0"}},
		"Target": {reason: "The target has one.", target: limit, code: 403, want: []string{"RejectedByTarget PersistentVolumeClaim/data-db-0"}},
		"Both": {reason: "Both have.", source: limit, target: limit, code: 403,
			want: []string{"RejectedByTarget PersistentVolumeClaim/data-db-0", "RejectedBySource PersistentVolumeClaim/data-db-0"}},
		"Webhook": {reason: "A webhook may mind that it is a bare Pod.",
			source: `admission webhook "a" denied the request: no bare Pods`, code: 403, warnings: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			roles := map[string][]string{}
			side := func(name, refusal string) *cluster.Cluster {
				c := policyServer(t, name, "", func(u *unstructured.Unstructured) (int, string) {
					if requests, _, _ := unstructured.NestedSlice(u.Object, "spec", "containers"); len(requests) == 0 {
						t.Errorf("%s is no worker Pod", u.GetName())
					}
					roles[name] = append(roles[name], u.GetLabels()[api.RoleLabel])
					if refusal == "" {
						return 0, ""
					}
					return tc.code, refusal
				})
				c.Mapper.(kindsMapper).Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
				return c
			}
			p, s := quotaPlan(t, nil, "")
			s.Source, s.Target = side(cluster.SideSource, tc.source), side(cluster.SideTarget, tc.target)
			check := workerCheck{spec: s, plan: p, judged: map[string]bool{}}
			for range 2 { // The second time there is nothing new to ask.
				if err := check.run(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(map[string][]string{"source": {"source"}, "target": {"target"}}, roles); diff != "" {
				t.Errorf("%s the Pods that were judged, -want +got:\n%s", tc.reason, diff)
			}
			var got []string
			for _, b := range p.Blockers {
				got = append(got, b.Reason+" "+b.Object)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || len(p.Warnings) != tc.warnings {
				t.Errorf("%s warnings %v, -want +got:\n%s", tc.reason, p.Warnings, diff)
			}
		})
	}
}

// TestSourceQuota: the worker Pods of the source come beside the application, which goes on running.
func TestSourceQuota(t *testing.T) {
	cases := map[string]struct {
		reason string
		hard   string
		copies bool
		want   string
	}{
		"Fits":   {"There is room for one.", `{hard: {pods: "4"}, used: {pods: "3"}}`, true, ""},
		"Full":   {"The application has taken all of it.", `{hard: {pods: "3"}, used: {pods: "3"}}`, true, "pods: needs 1, left 0 of 3"},
		"NoCopy": {"Without a copy there is no worker.", `{hard: {pods: "3"}, used: {pods: "3"}}`, false, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p, s := quotaPlan(t, nil, "")
			if !tc.copies {
				p.Volumes[0].Policy = api.ClaimSkip
			}
			q := parseAs[corev1.ResourceQuota](t, `{metadata: {name: tight, namespace: from}}`)
			both := parseAs[struct {
				corev1.ResourceQuotaSpec `json:",inline"`
				Used                     corev1.ResourceList `json:"used"`
			}](t, tc.hard)
			q.Spec, q.Status.Used = both.ResourceQuotaSpec, both.Used
			s.Source.Kube = fake.NewClientset(q)
			if err := checkQuota(t.Context(), s, p); err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if len(p.Blockers) > 0 {
					t.Errorf("%s got %v", tc.reason, p.Blockers)
				}
				return
			}
			if len(p.Blockers) != 1 || p.Blockers[0].Reason != api.ReasonQuotaExceeded || p.Blockers[0].Object != "ResourceQuota/tight" {
				t.Fatalf("%s got %v", tc.reason, p.Blockers)
			}
			for _, want := range []string{tc.want, "source namespace from", "kubectl -n from edit"} {
				if m := p.Blockers[0].Message; !strings.Contains(m, want) {
					t.Errorf("%s %q lacks %q", tc.reason, m, want)
				}
			}
		})
	}
}

// TestWorkersOfSurvey: what the survey has found out is judged too.
func TestWorkersOfSurvey(t *testing.T) {
	asked := map[string]int{}
	side := func(name string) *cluster.Cluster {
		c := policyServer(t, name, "", func(*unstructured.Unstructured) (int, string) {
			asked[name]++
			return 0, ""
		})
		c.Mapper.(kindsMapper).Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
		return c
	}
	p, s := quotaPlan(t, nil, "")
	s.Source, s.Target = side(cluster.SideSource), side(cluster.SideTarget)
	check := workerCheck{spec: s, plan: p, judged: map[string]bool{}}
	survey := []func(v *application.Volume){
		func(*application.Volume) {},
		func(v *application.Volume) { v.Usage = &application.Usage{Files: 100} },
		func(v *application.Volume) { v.Usage = &application.Usage{Files: 20_000_000} },
		func(v *application.Volume) { v.Identity.UID = num(4711) },
	}
	for i, want := range []int{1, 1, 2, 3} {
		for j := range p.Volumes {
			survey[i](&p.Volumes[j])
		}
		if err := check.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]int{"source": want, "target": want}, asked); diff != "" {
			t.Errorf("after step %d, -want +got:\n%s", i, diff)
		}
	}
}
