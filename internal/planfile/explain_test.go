package planfile

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/application"
)

func TestFind(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		want   []string
	}{
		"Name":      {"every object of that name", "web", []string{"Deployment.apps/web", "Ingress.networking.k8s.io/web"}},
		"Kind":      {"the kind as it is written in YAML", "Ingress/web", []string{"Ingress.networking.k8s.io/web"}},
		"Group":     {"with its group, as plans write it", "Deployment.apps/web", []string{"Deployment.apps/web"}},
		"Resource":  {"as a URL has it", "deployments.apps/web", []string{"Deployment.apps/web"}},
		"Plural":    {"kinds whose plural is no mere s", "ingresses/web", []string{"Ingress.networking.k8s.io/web"}},
		"Short":     {"as kubectl takes it", "pvc/data", []string{"PersistentVolumeClaim/data"}},
		"NewName":   {"a renamed object by its name at the target", "pvc/data-new", []string{"PersistentVolumeClaim/data-new"}},
		"Required":  {"what the target must have", "priorityclass/high", []string{"PriorityClass.scheduling.k8s.io/high"}},
		"Left":      {"what stays", "cm/kube-root-ca.crt", []string{"ConfigMap/kube-root-ca.crt"}},
		"OtherKind": {"no such kind of that name", "service/web", nil},
		"WrongCase": {"names are written as they are", "Web", nil},
		"Other":     {"another group", "deployment.extensions/web", nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, r := range shop(t).Find(tc.text) {
				got = append(got, r.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	cases := map[string]struct {
		reason string
		ref    application.Ref
		diffs  bool
	}{
		"explain-workload":  {"what it leads to, and what runs", application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}, false},
		"explain-set":       {"replicas of a kustomization", application.Ref{Group: "apps", Kind: "StatefulSet", Name: "db"}, false},
		"explain-claim":     {"by its name at the source", claimRef("data"), false},
		"explain-renamed":   {"the same by its name at the target", claimRef("data-new"), false},
		"explain-different": {"with what the target has", application.Ref{Kind: "ConfigMap", Name: "settings"}, true},
		"explain-cluster": {"a cluster-wide object",
			application.Ref{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "reader"}, false},
		"explain-required":  {"what is not created", application.Ref{Group: "scheduling.k8s.io", Kind: "PriorityClass", Name: "high"}, false},
		"explain-left":      {"what stays, and is stopped all the same", application.Ref{Group: "batch", Kind: "CronJob", Name: "night"}, false},
		"explain-mentioned": {"it is only mentioned", application.Ref{Kind: "ConfigMap", Name: "gone"}, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			e := shop(t).Explain(tc.ref)
			if !e.Known() {
				t.Errorf("%s: the plan says something of it", tc.reason)
			}
			var out bytes.Buffer
			if err := e.Render(&out, Options{Diffs: tc.diffs}); err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", out.String())
		})
	}
	if e := shop(t).Explain(application.Ref{Kind: "ConfigMap", Name: "other"}); e.Known() {
		t.Errorf("the plan says nothing of it: got %+v", e)
	}
}

// TestSwapped: a kustomization may give one object the name that another one has.
func TestSwapped(t *testing.T) {
	a := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}`)
	b := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}`)
	b.Source = "a"
	a.Name, a.Source = "c", "b"
	p := New(&application.Plan{Objects: []application.Object{a, b}})
	var got []string
	for _, e := range p.Explain(application.Ref{Kind: "ConfigMap", Name: "b"}).Entries {
		got = append(got, e.title())
	}
	if diff := cmp.Diff([]string{"ConfigMap/c (was b)", "ConfigMap/b (was a)"}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestMentions(t *testing.T) {
	web := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	cases := map[string]struct {
		reason string
		text   string
		ref    application.Ref
		want   bool
	}{
		"Named":    {"in a sentence", "Deployment.apps/web refers to nothing", web, true},
		"End":      {"at the end of a sentence", "see Deployment.apps/web. Then", web, true},
		"Longer":   {"another one whose name begins so", "Deployment.apps/web-2 waits", web, false},
		"Dotted":   {"names may have dots", "Deployment.apps/web.old waits", web, false},
		"Second":   {"after another one", "Deployment.apps/web-2 and Deployment.apps/web wait", web, true},
		"Prefixed": {"another kind that ends so", "MyDeployment.apps/web waits", web, false},
		"Claim":    {"claims are often called so", "claim data holds 3 files", claimRef("data"), true},
		"Other":    {"another claim", "claim data-2 holds 3 files", claimRef("data"), false},
		"NoClaim":  {"what is no claim is not called so", "claim web holds 3 files", web, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := mentions(tc.text, tc.ref); got != tc.want {
				t.Errorf("%s: %q mentions %s: %t", tc.reason, tc.text, tc.ref, got)
			}
		})
	}
}
