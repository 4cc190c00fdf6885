package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMention(t *testing.T) {
	cases := map[string]struct {
		reason string
		text   string
		want   string
	}{
		"Whole":     {"The text is the name.", "db.shop", "db.shop"},
		"Address":   {"The name is a part of an address.", "tcp://db.shop:5432/x", "db.shop"},
		"LongerEnd": {"Another namespace begins with the name.", "db.shopping", ""},
		"LongerTop": {"Another Service ends with the name.", "my-db.shop", ""},
		"Unknown":   {"No such Service moves.", "cache.shop", ""},
		"Later":     {"The second one counts.", "db.shopping,db.shop", "db.shop"},
		"First":     {"Of several the first by name counts.", "web.shop db.shop db.shop", "db.shop"},
		"Service":   {"Any Service of the namespace counts before a short name.", "db.shop a.shop.svc.cluster.local", "shop.svc"},
		"Twice":     {"Names may follow each other.", "shop.shop.shop.svc", "shop.svc"},
		"Other":     {"Another namespace ends with the name.", "a.workshop.svc", ""},
		"LongerSvc": {"It is no domain of Services.", "a.shop.svcs", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := mention(tc.text, "shop", map[string]bool{"db": true, "web": true})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

// TestNamespaceNames: every place is named, by what people call it, and Secrets stay secret.
func TestNamespaceNames(t *testing.T) {
	p := Make(whole(t, join(
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src},
			spec: {template: {spec: {containers: [{name: c, args: [--peer, db.src.svc], env: [{name: URL, value: "http://db.src.svc/"}]}]}}}}`,
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: src}, data: {app.yaml: "host: db.src"}}`,
		`{apiVersion: v1, kind: Service, metadata: {name: db, namespace: src}, spec: {selector: {app: db}}}`,
		`{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: src}, stringData: {url: db.src.svc}}`,
	), func(in *Input) { in.TargetNamespace = "dst" }))
	want := []string{
		"ConfigMap/c names the source namespace in data.app.yaml (db.src): at the target the namespace is dst",
		"Deployment.apps/web names the source namespace in spec.template.spec.containers[c].args[1] (src.svc), " +
			"spec.template.spec.containers[c].env[URL].value (src.svc): at the target",
	}
	if len(p.Warnings) != len(want) {
		t.Fatalf("warnings %q", p.Warnings)
	}
	for i, w := range want {
		if !strings.HasPrefix(p.Warnings[i], w) {
			t.Errorf("got %q, want it to begin with %q", p.Warnings[i], w)
		}
	}
}
