package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChanges: who has approved a plan learns what is different in the next one, by objects and
// fields, and no values.
func TestChanges(t *testing.T) {
	const rule = `{apiGroups: [""], resources: [configmaps], verbs: [update]}`
	app := join(counterApp(rule), webYAML, bound)
	cases := map[string]struct {
		reason  string
		objects string
		change  func(*Input)
		want    []string
	}{
		"Same":    {reason: "nothing is nothing", objects: app},
		"Written": {reason: "what the application writes is no change", objects: strings.Replace(app, `counter: "1"`, `counter: "2"`, 1)},
		"Field": {reason: "a field by its path",
			objects: strings.Replace(app, "size: 1", "size: 2", 1), want: []string{"Widget.example.com/w: spec.size"}},
		"Replicas": {reason: "of a workload also what is stopped", objects: strings.Replace(app, "replicas: 3", "replicas: 4", 1),
			want: []string{"Deployment.apps/web: spec.replicas", "Deployment.apps/web at the source: replicas"}},
		"New": {reason: "an object more",
			objects: join(app, strings.Replace(stateMap, "name: state", "name: more", 1)), want: []string{"ConfigMap/more is new"}},
		"Gone": {reason: "an object less",
			objects: strings.Replace(app, "\n---\n"+widgetState, "", 1), want: []string{"Widget.example.com/w is there no more",
				"the requirement CustomResourceDefinition.apiextensions.k8s.io/widgets.example.com is there no more"}},
		"Key": {reason: "of a Secret its keys",
			objects: strings.Replace(app, "token: YQ==", "token: YQ==, more: hush", 1), want: []string{"Secret/token: data.more"}},
		"Value": {reason: "its values are hidden in the stored plan, so it is not known whose they are",
			objects: strings.Replace(app, "token: YQ==", "token: hush", 1), want: []string{"values of Secrets, or of patches"}},
		"Rights": {reason: "what is read again is approved", objects: strings.Replace(app, "verbs: [update]", "verbs: [get]", 1),
			want: []string{"ConfigMap/state: data.counter, written", "Role.rbac.authorization.k8s.io/counter: rules[0].verbs[0]"}},
		"Many": {reason: "many fields are counted",
			objects: strings.Replace(app, "spec: {size: 1}", "spec: {size: 1, a: 1, b: 1, c: 1, d: 1}", 1),
			want:    []string{"Widget.example.com/w: spec.a, spec.b, spec.c and more"}},
		"Cluster": {reason: "the target is another",
			objects: app, change: func(in *Input) { in.TargetCluster = "b" }, want: []string{"the move: targetCluster"}},
	}
	was := Make(whole(t, app, withWidgets))
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			is := Make(whole(t, tc.objects, func(in *Input) {
				withWidgets(in)
				if tc.change != nil {
					tc.change(in)
				}
			}))
			got := Changes(was.Hash(), was, is)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
			if strings.Contains(strings.Join(got, ""), "hush") {
				t.Errorf("%s: a value of a Secret is in %q", tc.reason, got)
			}
			if (was.Hash() == is.Hash()) != (name == "Same" || name == "Written") {
				t.Errorf("%s: Changes and Hash see different things", tc.reason)
			}
		})
	}
}
