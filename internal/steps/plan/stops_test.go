package plan

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/workload"
)

// policyServer holds one object and judges dry runs by a policy, which says why it refuses an object;
// empty: it does not. Whatever is no dry run is an error of the test.
func policyServer(t *testing.T, side, held string, policy func(u *unstructured.Unstructured) (code int, words string)) *cluster.Cluster {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet {
			o := object(t, held)
			_ = json.NewEncoder(w).Encode(o.Object.Object)
			return
		}
		body, err := io.ReadAll(r.Body)
		var u unstructured.Unstructured
		if err != nil || r.URL.Query().Get("dryRun") != "All" || u.UnmarshalJSON(body) != nil {
			t.Errorf("%s %s is no dry run (%v)", r.Method, r.URL, err)
		}
		if code, words := policy(&u); code != 0 {
			w.WriteHeader(code)
			_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": words,
				"reason": map[int]string{403: "Forbidden", 422: "Invalid", 400: "BadRequest", 409: "Conflict"}[code]})
			return
		}
		_ = json.NewEncoder(w).Encode(u.Object)
	}))
	t.Cleanup(server.Close)
	c, err := cluster.New(side, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	mapper := newKindsMapper()
	for _, kind := range []string{"Deployment", "StatefulSet", "CronJob"} {
		mapper.Add(workload.Named(kind).GVK(), meta.RESTScopeNamespace)
	}
	c.Mapper = mapper
	return c
}

const (
	policyPrefix = `ValidatingAdmissionPolicy 'min' with binding 'min' denied request: `
	noDryRun     = `admission webhook "count.example.com" does not support dry run`
)

func replicasOf(u *unstructured.Unstructured) int64 {
	n, _, _ := unstructured.NestedInt64(u.Object, "spec", "replicas")
	return n
}

func TestCheckStops(t *testing.T) {
	const (
		web = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, resourceVersion: "7"}, spec: {replicas: 2}}`
		set = `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: shop, resourceVersion: "7"},
			spec: {replicas: 2, persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}}}`
		night = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: web, namespace: shop, resourceVersion: "7"},
			spec: {schedule: "0 3 * * *"}}`
		taken = `{apiVersion: apps/v1, kind: Deployment,
			metadata: {name: web, namespace: shop, annotations: {kubemove.io/ledger: '{"switch":"other"}'}}, spec: {replicas: 0}}`
	)
	when := func(code int, words string, is func(u *unstructured.Unstructured) bool) func(*unstructured.Unstructured) (int, string) {
		return func(u *unstructured.Unstructured) (int, string) {
			if is(u) {
				return code, words
			}
			return 0, ""
		}
	}
	always := func(*unstructured.Unstructured) bool { return true }
	atZero := func(u *unstructured.Unstructured) bool { return replicasOf(u) == 0 }
	cases := map[string]struct {
		reason  string
		held    string
		policy  func(*unstructured.Unstructured) (int, string)
		blocker string
		// words of the blocker or the warning.
		words   []string
		warning bool
	}{
		"Allowed": {reason: "Nothing stands in the way.", held: web, policy: when(0, "", always)},
		"Minimum": {reason: "A policy asks for a replica.", held: web, policy: when(422, policyPrefix+"one at least", atZero),
			blocker: "Deployment.apps/web", words: []string{"Deployment.apps/web", "one at least", "a switch stops it"}},
		"Webhook": {reason: "So does a webhook.",
			held: web, policy: when(403, `admission webhook "a" denied the request: one at least`, atZero), blocker: "Deployment.apps/web",
			words: []string{"one at least"}},
		"Any": {reason: "A webhook may answer with any code.",
			held: web, policy: when(500, `admission webhook "a" denied the request: one at least`, atZero), blocker: "Deployment.apps/web",
			words: []string{"one at least"}},
		"Second": {reason: "The second update of a StatefulSet is tried, too.",
			held: set, policy: when(422, policyPrefix+"one at least", atZero), blocker: "StatefulSet.apps/web", words: []string{"one at least"}},
		"Claims": {reason: "And the first.",
			held: set, policy: when(422, policyPrefix+"claims go", func(u *unstructured.Unstructured) bool { return replicasOf(u) == 2 }),
			blocker: "StatefulSet.apps/web", words: []string{"claims go"}},
		"Suspend": {reason: "A policy may want CronJobs to run.",
			held: night, policy: when(422, policyPrefix+"run it", func(u *unstructured.Unstructured) bool {
				s, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend")
				return s
			}), blocker: "CronJob.batch/web", words: []string{"run it"}},
		"Ledger": {reason: "Or no annotations of others.",
			held: web, policy: when(403, policyPrefix+"none of these", func(u *unstructured.Unstructured) bool {
				return u.GetAnnotations()[api.LedgerAnnotation] != ""
			}), blocker: "Deployment.apps/web", words: []string{"none of these"}},
		"RollBack": {reason: "What was let in once need not be let in again.",
			held: web, policy: when(422, policyPrefix+"no tag latest", func(u *unstructured.Unstructured) bool { return !atZero(u) }),
			blocker: "Deployment.apps/web", words: []string{"a roll back starts it again", "no tag latest"}},
		"NoDryRun": {reason: "A webhook that acts when it judges is not asked.", held: web, policy: when(400, noDryRun, always),
			words: []string{"Deployment.apps/web", "count.example.com", "sideEffects"}, warning: true},
		"Right": {reason: "A missing right is told with the other rights.",
			held: web, policy: when(403, `User "u" cannot update resource "deployments" in API group "apps"`, always),
			words: []string{"Deployment.apps/web", "cannot update"}, warning: true},
		"Taken": {reason: "Another switch holds it, which is told elsewhere.", held: taken, policy: when(422, policyPrefix+"no", always)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := object(t, tc.held)
			p := &application.Plan{Workloads: []application.Workload{{Ref: o.Ref}}}
			if err := checkStops(t.Context(), policyServer(t, cluster.SideSource, tc.held, tc.policy), p,
				lineage.Actor{Switch: "self"}); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(p.Warnings, "\n")
			if tc.blocker != "" {
				if len(p.Blockers) != 1 || p.Blockers[0].Reason != api.ReasonRejectedBySource || p.Blockers[0].Object != tc.blocker {
					t.Fatalf("%s blockers: %v", tc.reason, p.Blockers)
				}
				text = p.Blockers[0].Message
			} else if len(p.Blockers) > 0 {
				t.Errorf("%s blockers: %v", tc.reason, p.Blockers)
			}
			if tc.warning != (len(p.Warnings) == 1) {
				t.Errorf("%s warnings: %v", tc.reason, p.Warnings)
			}
			for _, w := range tc.words {
				if !strings.Contains(text, w) {
					t.Errorf("%s %q lacks %q", tc.reason, text, w)
				}
			}
		})
	}
}

// TestCheckStopsUnanswered: a webhook that is down would keep the switch from stopping anything, so
// there is no plan without its answer.
func TestCheckStopsUnanswered(t *testing.T) {
	const web = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 2}}`
	server := policyServer(t, cluster.SideSource, web, func(*unstructured.Unstructured) (int, string) {
		return 500, `Internal error occurred: failed calling webhook "a": connection refused`
	})
	p := &application.Plan{Workloads: []application.Workload{{Ref: application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}}}}
	if err := checkStops(t.Context(), server, p, lineage.Actor{Switch: "self"}); err == nil ||
		!strings.Contains(err.Error(), "failed calling webhook") {
		t.Errorf("got %v with %v", err, p.Blockers)
	}
}

// TestFormsAreJudged: the target judges what a switch creates, not only what is there at the end.
func TestFormsAreJudged(t *testing.T) {
	const (
		web   = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 2}}`
		night = `{apiVersion: batch/v1, kind: CronJob, metadata: {name: night, namespace: shop}, spec: {suspend: false}}`
	)
	suspended := func(u *unstructured.Unstructured) bool {
		s, _, _ := unstructured.NestedBool(u.Object, "spec", "suspend")
		return s
	}
	cases := map[string]struct {
		reason            string
		object            string
		refused           func(*unstructured.Unstructured) bool
		blocks, mayRefuse bool
	}{
		"Suspended": {"It is created suspended.", night, suspended, true, false},
		"Resumed":   {"It is resumed after the commit.", night, func(u *unstructured.Unstructured) bool { return !suspended(u) }, true, false},
		"Unknown": {"It carries the switch's name.",
			web, func(u *unstructured.Unstructured) bool { return u.GetAnnotations()[api.CreatedByAnnotation] == "self" }, true, false},
		"AtZero": {"A roll back has to stop it.",
			web, func(u *unstructured.Unstructured) bool { return u.GetKind() == "Deployment" && replicasOf(u) == 0 }, false, true},
		"Fine": {"Nothing is refused.", web, func(*unstructured.Unstructured) bool { return false }, false, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			server, err := policyServer(t, cluster.SideTarget, web, func(u *unstructured.Unstructured) (int, string) {
				if tc.refused(u) {
					return 422, policyPrefix + "no"
				}
				return 0, ""
			}).DryRun()
			if err != nil {
				t.Fatal(err)
			}
			o, p := object(t, tc.object), &application.Plan{}
			o.Phase = application.PhaseStart
			a := askServer(t.Context(), server, p, &o, lineage.Actor{Pair: "pair", Switch: "self"})
			if err := a.silent(); err != nil {
				t.Fatal(err)
			}
			a.judge(p, o.Ref)
			got := []bool{len(p.Blockers) == 1 && p.Blockers[0].Object == o.Ref.String(), len(p.Warnings) == 1}
			if diff := cmp.Diff([]bool{tc.blocks, tc.mayRefuse}, got); diff != "" {
				t.Errorf("%s blockers %v, warnings %v", tc.reason, p.Blockers, p.Warnings)
			}
		})
	}
}
