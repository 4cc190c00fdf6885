package plan

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/task"
)

func object(t *testing.T, text string) application.Object {
	t.Helper()
	var u unstructured.Unstructured
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return application.Object{Ref: application.RefOf(&u), Object: u}
}

const (
	secretText = `{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {last: "{data: hush}"}},
		data: {password: aHVzaA==}, stringData: {x: hush}}`
	deployText = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {serviceAccountName: own, serviceAccount: own, containers: [{name: c, image: i}]}`
	setText = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  volumeClaimTemplates: [{metadata: {name: data}}]
  template: {spec: {containers: [{name: c, image: i}], volumes: [{name: data, emptyDir: {}}, {name: tmp, emptyDir: {}}]}}`
	cronText = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: night, namespace: shop}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}`
)

func TestSecretRefs(t *testing.T) {
	engine := object(t, `
apiVersion: kubemove.io/v1alpha1
kind: MoveEngine
metadata: {name: e}
spec:
  source: {cluster: {kubeconfigSecretRef: {name: src, key: k}}}
  targets: [{name: a, cluster: {kubeconfigSecretRef: {name: dst}}}, {name: b}]
  data: {mobilizers: [{name: restic, credentialsSecretRef: {name: s3}}]}
status: {otherSecretRef: {name: no}}`)
	want := []application.Ref{{Kind: "Secret", Name: "dst"}, {Kind: "Secret", Name: "s3"}, {Kind: "Secret", Name: "src"}}
	if diff := cmp.Diff(want, secretRefs([]unstructured.Unstructured{engine.Object, engine.Object})); diff != "" {
		t.Errorf("every Secret that a spec names, once and sorted: -want +got:\n%s", diff)
	}
}

func TestRegistered(t *testing.T) {
	got := registered([]task.Mobilizer{{Name: "restic", Image: "i"}, {Name: "ghost"}})
	if diff := cmp.Diff([]string{"restic"}, got); diff != "" {
		t.Errorf("a mobilizer without an image is not registered: -want +got:\n%s", diff)
	}
}

func TestPodOf(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		want   string
	}{
		"Deployment": {
			reason: "The Pod is that of the template, but for its account, which does not exist yet.",
			text:   deployText,
			want: `{apiVersion: v1, kind: Pod, metadata: {name: kubemove-check-` + cluster.ShortHash("Deployment.apps/web") +
				`, namespace: shop, labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}`,
		},
		"CronJob": {
			reason: "The template of a CronJob lies deeper, and need not have metadata.",
			text:   cronText,
			want: `{apiVersion: v1, kind: Pod, metadata: {name: kubemove-check-` + cluster.ShortHash("CronJob.batch/night") +
				`, namespace: shop}, spec: {containers: [{name: c, image: i}]}}`,
		},
		"StatefulSet": {
			reason: "The volumes of claim templates are added, and go before others of the same name.",
			text:   setText,
			want: `{apiVersion: v1, kind: Pod, metadata: {name: kubemove-check-` + cluster.ShortHash("StatefulSet.apps/db") +
				`, namespace: shop}, spec: {containers: [{name: c, image: i}],
				volumes: [{name: tmp, emptyDir: {}}, {name: data, persistentVolumeClaim: {claimName: data-db-0}}]}}`,
		},
		"Secret": {reason: "Most kinds make no Pods.", text: secretText},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			o := object(t, tc.text)
			before := o.Object.DeepCopy()
			got := podOf(&application.Plan{}, &o)
			if tc.want == "" {
				if got != nil {
					t.Fatalf("%s\ngot %v", tc.reason, got)
				}
				return
			}
			var want map[string]any
			if err := yaml.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got.Object); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(before, &o.Object); diff != "" {
				t.Errorf("%s\nthe object of the plan was changed:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	broken := &cluster.Error{Kind: cluster.Unreachable, Message: "gone"}
	cases := map[string]struct {
		reason   string
		kind     string
		err      error
		blockers []string
		silent   bool
	}{
		"Fine": {"The server would take it.", "ConfigMap", nil, nil, false},
		"Invalid": {"What the server refuses stands in the way.",
			"ConfigMap", &cluster.Error{Kind: cluster.Invalid}, []string{api.ReasonRejected}, false},
		"Quota": {"Quotas and policies refuse with Forbidden.",
			"ConfigMap", &cluster.Error{Kind: cluster.Forbidden}, []string{api.ReasonRejected}, false},
		"NotServed": {"A kind that the target does not serve stands in the way.",
			"ConfigMap", &cluster.Error{Kind: cluster.NotFound}, []string{api.ReasonRejected}, false},
		"RoleBinding": {"The Role that a binding names is created just before it.",
			"RoleBinding", &cluster.Error{Kind: cluster.NotFound}, nil, false},
		"Webhook": {"A webhook that knows no dry run says nothing about the object.",
			"ConfigMap", &cluster.Error{Kind: cluster.Invalid, Message: `admission webhook "x" does not support dry run`}, nil, false},
		"Conflict":    {"What has just appeared is seen by the next plan.", "ConfigMap", &cluster.Error{Kind: cluster.Conflict}, nil, false},
		"Unreachable": {"An error that says nothing about the object ends the plan.", "ConfigMap", broken, nil, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{}
			for _, a := range []answer{{err: tc.err}, {pod: tc.err}} {
				if got := a.silent() != nil; got != tc.silent {
					t.Errorf("%s\ngot silent %v, want %v", tc.reason, got, tc.silent)
				}
			}
			if tc.silent {
				return
			}
			judge(p, application.Ref{Kind: tc.kind, Name: "x"}, tc.err)
			var got []string
			for _, b := range p.Blockers {
				got = append(got, b.Reason)
			}
			if diff := cmp.Diff(tc.blockers, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	p := &application.Plan{Volumes: []application.Volume{
		{Name: "a", Target: "b", Mobilizer: "restic", CapacityBytes: 5, Policy: api.ClaimCopy},
		{Name: "empty", Usage: &application.Usage{}}, {Name: "full", Usage: &application.Usage{Bytes: 7, Files: 2}}},
		Timing: application.Timing{StopSeconds: 3, StartSeconds: 4}}
	for range 12 {
		p.Blockers = append(p.Blockers, api.Blocker{Reason: "R"})
		p.Warnings = append(p.Warnings, "w")
	}
	got := Summary(p)
	if len(got.Blockers) != 10 || len(got.Warnings) != 10 {
		t.Errorf("the API takes ten of each, got %d and %d", len(got.Blockers), len(got.Warnings))
	}
	if got.StopSeconds != 3 || got.StartSeconds != 4 {
		t.Errorf("got %d s and %d s, want those of the plan", got.StopSeconds, got.StartSeconds)
	}
	// What is empty is not what was not looked through.
	want := []api.PlannedVolume{{Name: "a", Target: "b", Mobilizer: "restic", CapacityBytes: 5},
		{Name: "empty", UsedBytes: new(int64), Files: new(int64)}, {Name: "full", UsedBytes: new(int64(7)), Files: new(int64(2))}}
	if diff := cmp.Diff(want, got.Volumes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestSummaryOfTooManyVolumes(t *testing.T) {
	cases := map[string]struct {
		reason  string
		count   int
		name    string
		blocked bool
	}{
		"Usual": {"As many as the API takes, with usual names, are fine.", 256, "data-web", false},
		"Many":  {"The API takes no more.", 257, "d", true},
		"Long":  {"Names of the greatest length do not fit into a status.", 200, strings.Repeat("x", 240), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{}
			for i := range tc.count {
				n := fmt.Sprintf("%s-%d", tc.name, i)
				p.Volumes = append(p.Volumes, application.Volume{Name: n, Target: n, Mobilizer: "restic", CapacityBytes: 1 << 30})
			}
			got := Summary(p)
			if (len(got.Blockers) > 0) != tc.blocked || (len(got.Volumes) == 0) != tc.blocked {
				t.Errorf("%s\ngot %d blockers and %d volumes", tc.reason, len(got.Blockers), len(got.Volumes))
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	cases := map[string]struct {
		reason            string
		message           string
		passing, webhooks bool
	}{
		"Account": {"A new namespace gets its account in a moment.",
			`pods "x" is forbidden: error looking up service account a/default: serviceaccount "default" not found`, true, false},
		"Webhook": {"A policy may mind bare Pods.", `admission webhook "validate.example.org" denied the request: no bare Pods`, false, true},
		"Policy":  {"A policy may mind bare Pods.", `ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no bare Pods`, false, true},
		"Quota":   {"A quota means the application's Pods, too.", `pods "x" is forbidden: exceeded quota: q`, false, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			err := errors.New(tc.message)
			if diff := cmp.Diff([]bool{tc.passing, tc.webhooks}, []bool{passing(err), byWebhook(err)}); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}
