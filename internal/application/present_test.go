package application

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

func parse(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestCompare(t *testing.T) {
	config := func(data string) string {
		return `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: ` + data + `}`
	}
	deployment := func(spec string) string {
		return `{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}, spec: ` + spec + `}`
	}
	containers := func(list string) string {
		return deployment(`{template: {spec: {containers: ` + list + `}}}`)
	}
	service := func(port string) string {
		return `{apiVersion: v1, kind: Service, metadata: {name: s, uid: u}, spec: {clusterIP: 10.0.0.1, ports: [{port: 80, nodePort: ` +
			port + `}]}}`
	}
	cases := map[string]struct {
		reason         string
		there, planned string
		fixed          []string
		want           Present
	}{
		"Equal": {
			reason: "what servers, controllers and KubeMove write is no difference",
			there: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, uid: u, resourceVersion: "3", creationTimestamp: x, managedFields: [{}],
				annotations: {kubemove.io/created-by: other, kubectl.kubernetes.io/last-applied-configuration: "{}"}}, data: {a: "1"}}`,
			planned: config(`{a: "1"}`),
			want:    Present{Standing: StandingEqual},
		},
		"Empty": {
			reason:  "an empty field is as good as none",
			there:   `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, labels: {}}, data: {}}`,
			planned: `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}`,
			want:    Present{Standing: StandingEqual},
		},
		"Values": {
			reason:  "another value, one that is missing and one too many are named, in a fixed order",
			there:   config(`{a: "1", b: same, more: x}`),
			planned: config(`{a: "2", b: same, less.conf: why}`),
			want: Present{Standing: StandingDifferent, Differs: []Difference{
				{"data.a", `"1"`, `"2"`}, {"data[less.conf]", "", `"why"`}, {"data.more", `"x"`, ""}}},
		},
		"Long": {
			reason:  "long values are cut",
			there:   config(`{a: "` + strings.Repeat("x", 500) + `"}`),
			planned: config(`{}`),
			want:    Present{Standing: StandingDifferent, Differs: []Difference{{"data.a", `"` + strings.Repeat("x", 116) + "...", ""}}},
		},
		"Many": {
			reason:  "twenty fields are listed, the others counted",
			there:   config(`{` + letters(22, "1") + `}`),
			planned: config(`{` + letters(22, "2") + `}`),
			want:    Present{Standing: StandingDifferent, Differs: differences(20), More: 2},
		},
		"ItemsByName": {
			reason:  "containers are compared by their names, wherever they stand",
			there:   containers(`[{name: a, image: x}, {name: b, image: w}]`),
			planned: containers(`[{name: c, image: z}, {name: b, image: y2}]`),
			want: Present{Standing: StandingDifferent, Differs: []Difference{
				{"spec.template.spec.containers[a]", `{"image":"x","name":"a"}`, ""},
				{"spec.template.spec.containers[b].image", `"w"`, `"y2"`},
				{"spec.template.spec.containers[c]", "", `{"image":"z","name":"c"}`}}},
		},
		"Order": {
			reason:  "the order of containers counts, though no container differs",
			there:   containers(`[{name: a}, {name: b}]`),
			planned: containers(`[{name: b}, {name: a}]`),
			want: Present{Standing: StandingDifferent, Differs: []Difference{
				{"spec.template.spec.containers", `[{"name":"a"},{"name":"b"}]`, `[{"name":"b"},{"name":"a"}]`}}},
		},
		"ItemsByPlace": {
			reason:  "items without names are compared one by one, if there are as many",
			there:   service("30001"),
			planned: service("30002"),
			want:    Present{Standing: StandingDifferent, Differs: []Difference{{"spec.ports[0].nodePort", "30001", "30002"}}},
		},
		"Fixed": {
			reason:  "what the server does not let any client change is a difference in any case",
			there:   deployment(`{replicas: 1}`),
			planned: deployment(`{replicas: 1}`),
			fixed:   []string{"spec.selector"},
			want:    Present{Standing: StandingDifferent, Fixed: []string{"spec.selector"}},
		},
		"Secret": {
			reason:  "of Secrets there are the names of the keys and nothing else, of annotations too",
			there:   `{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {copy: hush}}, data: {a: aHVzaA==, b: eA==}}`,
			planned: `{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {copy: hush2}}, data: {a: aHVzaDI=, c: eQ==}}`,
			want: Present{Standing: StandingDifferent, Differs: []Difference{
				{Path: "data.a"}, {Path: "data.b"}, {Path: "data.c"}, {Path: "metadata.annotations.copy"}}},
		},
		"EqualSecret": {
			reason:  "equal Secrets are called so",
			there:   `{apiVersion: v1, kind: Secret, metadata: {name: s, uid: u}, data: {a: aHVzaA==}}`,
			planned: `{apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: aHVzaA==}}`,
			want:    Present{Standing: StandingEqual},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			there, planned := parse(t, tc.there), parse(t, tc.planned)
			before := there.DeepCopy()
			tc.want.Ref = RefOf(there)
			got := Compare(there, planned, tc.fixed)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if diff := cmp.Diff(before, there); diff != "" {
				t.Errorf("%s\nwhat is there was changed:\n%s", tc.reason, diff)
			}
			if data, _ := json.Marshal(got); tc.want.Kind == "Secret" &&
				(strings.Contains(string(data), "hush") || strings.Contains(string(data), "aHVzaA")) {
				t.Errorf("%s\na value of a Secret is in %s", tc.reason, data)
			}
		})
	}
}

// letters is "a: VALUE, b: VALUE" and so on.
func letters(n int, value string) string {
	var out []string
	for i := range n {
		out = append(out, "k"+string(rune('a'+i))+`: "`+value+`"`)
	}
	return strings.Join(out, ", ")
}

func differences(n int) []Difference {
	var out []Difference
	for i := range n {
		out = append(out, Difference{"data.k" + string(rune('a'+i)), `"1"`, `"2"`})
	}
	return out
}

func TestReplacement(t *testing.T) {
	claim := parse(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c}, spec: {storageClassName: fast}}`)
	there := parse(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c, resourceVersion: "7"},
		spec: {storageClassName: slow, volumeName: pv-1, dataSource: {kind: PersistentVolumeClaim, name: d}}}`)
	want := parse(t, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: c, resourceVersion: "7"},
		spec: {storageClassName: fast, volumeName: pv-1, dataSource: {kind: PersistentVolumeClaim, name: d}}}`)
	before := claim.DeepCopy()
	if diff := cmp.Diff(want, Replacement(claim, there)); diff != "" {
		t.Errorf("a claim stays bound to what it is bound to, and only what was read is replaced: -want +got:\n%s", diff)
	}
	if diff := cmp.Diff(before, claim); diff != "" {
		t.Errorf("the plan's object was changed:\n%s", diff)
	}
}

func TestExplain(t *testing.T) {
	ref := Ref{Kind: "ConfigMap", Name: "c"}
	conflict := Finding{Severity: Blocker, Reason: api.ReasonNameConflict, Object: ref, Message: "It exists"}
	cases := map[string]struct {
		reason  string
		blocker Finding
		present Present
		want    string
	}{
		"Equal": {"Its removal loses nothing.",
			conflict, Present{Ref: ref, Standing: StandingEqual}, "It exists. It is equal to what the move would create"},
		"Different": {"A person has to see in what.",
			conflict, Present{Ref: ref, Standing: StandingDifferent, Differs: []Difference{{Path: "data.a"}, {Path: "data.b"}}},
			"It exists. It differs from what the move would create in data.a, data.b"},
		"Many": {"The message is not the list.",
			conflict, Present{Ref: ref, Standing: StandingDifferent, Differs: differences(20), More: 2},
			"It exists. It differs from what the move would create in data.ka, data.kb, data.kc, data.kd, data.ke, data.kf and 16 more"},
		"Fixed": {"Not even an overwriting would help.",
			conflict, Present{Ref: ref, Standing: StandingDifferent, Fixed: []string{"spec.selector"}},
			"It exists. It differs from what the move would create; these fields are immutable: spec.selector"},
		"Foreign": {"It could not be compared.", conflict, Present{Ref: ref, Standing: StandingForeign}, "It exists"},
		"Other": {"Another blocker of the same object is left alone.",
			Finding{Severity: Blocker, Reason: api.ReasonTargetIsActive, Object: ref, Message: "It exists"},
			Present{Ref: ref, Standing: StandingEqual}, "It exists"},
		"Elsewhere": {"Another object is left alone.",
			conflict, Present{Ref: Ref{Kind: "ConfigMap", Name: "d"}, Standing: StandingEqual}, "It exists"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			list := Findings{tc.blocker}
			Explain(list, []Present{tc.present})
			if list[0].Message != tc.want {
				t.Errorf("%s\nwant %q\ngot  %q", tc.reason, tc.want, list[0].Message)
			}
		})
	}
}
