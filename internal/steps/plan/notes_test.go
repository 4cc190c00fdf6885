package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// TestCheckNotes: without its locks and records no switch begins.
func TestCheckNotes(t *testing.T) {
	const words = `admission webhook "a" denied the request: no `
	cases := map[string]struct {
		reason  string
		refused string // side and kind
		code    int
		words   string
		gone    bool
		want    []string
	}{
		"Fine": {reason: "Both are let in."},
		"Lock": {reason: "The source takes no Leases.",
			refused: "source Lease", code: 403, words: words, want: []string{"RejectedBySource Lease.coordination.k8s.io/" + api.LockName}},
		"Record": {reason: "The target takes no such ConfigMaps.", refused: "target ConfigMap", code: 422, words: policyPrefix + "no",
			want: []string{"RejectedByTarget ConfigMap/" + cluster.RecordName("self")}},
		"There": {reason: "What is there was let in.", refused: "source Lease", code: 409, words: "already exists"},
		"Dry": {reason: "A webhook that cannot do dry runs lets it in when it is asked.",
			refused: "source Lease", code: 400, words: noDryRun},
		"Missing": {reason: "Without a namespace nothing can be asked for.", refused: "target Lease", code: 403, words: words, gone: true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var sides []*cluster.Cluster
			for _, side := range []string{cluster.SideSource, cluster.SideTarget} {
				c := policyServer(t, side, "", func(u *unstructured.Unstructured) (int, string) {
					if side+" "+u.GetKind() == tc.refused {
						return tc.code, tc.words
					}
					return 0, ""
				})
				c.Mapper.(kindsMapper).Add(coordinationv1.SchemeGroupVersion.WithKind("Lease"), meta.RESTScopeNamespace)
				sides = append(sides, c)
			}
			p := &application.Plan{}
			if tc.gone {
				p.Blockers = []api.Blocker{{Reason: api.ReasonNamespaceNotFound}}
			}
			before := len(p.Blockers)
			if err := checkNotes(t.Context(), sides, p, cluster.Holder{UID: "self", Name: "home/shop"}); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, b := range p.Blockers[before:] {
				got = append(got, b.Reason+" "+b.Object)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
