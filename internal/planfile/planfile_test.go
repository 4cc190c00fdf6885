package planfile

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/bundle"
	"github.com/kubemove/kubemove/internal/survey/found"
)

var pair = metav1.OwnerReference{APIVersion: api.GroupVersion.String(), Kind: "MovePair", Name: "shop-dst", UID: "uid"}

const secretText = `{apiVersion: v1, kind: Secret, metadata: {name: s, annotations: {last: "{data: hush}"}},
	data: {password: aHVzaA==}, stringData: {x: hush}}`

func object(t *testing.T, text string) application.Object {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return application.Object{Ref: application.RefOf(&u), Object: u}
}

func TestNewHoldsNoSecret(t *testing.T) {
	p := &application.Plan{Objects: []application.Object{object(t, secretText)},
		Transform: &application.Transform{Kustomizations: []api.Kustomization{{Patches: []api.KustomizePatch{{Patch: "stringData: {x: hush}"}}}}}}
	p.Objects[0].Origin = &application.Origin{LastApplied: `{"data":{"password":"aHVzaA=="}}`}
	stored := New(p)
	data, err := json.Marshal(stored)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hush", "aHVzaA=="} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the stored plan holds %q", secret)
		}
	}
	if !strings.Contains(string(data), `"password":""`) || stored.Hash != p.Hash() {
		t.Errorf("the stored plan must keep the keys of Secrets and the hash of the whole plan: %s", data)
	}
	if got, _, _ := unstructured.NestedString(p.Objects[0].Object.Object, "data", "password"); got != "aHVzaA==" {
		t.Error("the plan itself was changed: a cutover needs the values")
	}
}

func TestSecretName(t *testing.T) {
	seen := map[string]bool{}
	for _, pair := range []string{"shop-dst", strings.Repeat("p", 253), strings.Repeat("a.", 120) + "b", "shop"} {
		for _, hash := range []string{"1", "2"} {
			name := SecretName(pair, "uid", hash)
			if problems := validation.IsDNS1123Subdomain(name + "-999"); len(problems) > 0 {
				t.Errorf("%q with a number is not a name: %v", name, problems)
			}
			if seen[name] {
				t.Errorf("%q stands for two plans", name)
			}
			seen[name] = true
		}
	}
}

// TestSince: a plan says what differs from the one of another hash before it, until that is another.
func TestSince(t *testing.T) {
	first := &application.Plan{Engine: "shop"}
	second := &application.Plan{Engine: "shop", TargetNamespace: "other"}
	want := &Former{Hash: first.Hash(), Changes: []string{"the move: target"}}
	if got := (Plan{}).Since(first); got != nil {
		t.Errorf("there was none before: got %v", got)
	}
	if diff := cmp.Diff(want, New(first).Since(second)); diff != "" {
		t.Errorf("another plan (-want +got):\n%s", diff)
	}
	again := New(second)
	again.Former = want
	if diff := cmp.Diff(want, again.Since(second)); diff != "" {
		t.Errorf("the same plan once more (-want +got):\n%s", diff)
	}
}

func TestTargetChoices(t *testing.T) {
	id := func(uid int64) application.Identity { return application.Identity{UID: &uid, GID: &uid} }
	root, user := id(0), id(1001)
	root.Capabilities = application.CopyCapabilities()
	v := application.Volume{Name: "data", Candidates: []application.Candidate{{Identity: root}, {Identity: user}}}
	v.Identity = v.Choices()[0]
	surveyed := func(foreign ...int64) Plan {
		r := &found.Report{}
		for _, n := range foreign {
			r.Others = append(r.Others, found.Paths{Count: n})
		}
		return Plan{Surveys: map[string]Surveyed{"data": {Report: r}}}
	}
	cases := map[string]struct {
		reason string
		plan   Plan
		chosen *application.Identity
		want   []int64
	}{
		"Both":     {"the other one can own all files, too", surveyed(0, 0), nil, []int64{1001, 0}},
		"Foreign":  {"files are foreign to the other one", surveyed(0, 3), nil, []int64{1001}},
		"Chosen":   {"the chosen one goes first", surveyed(0, 0), &root, []int64{0, 1001}},
		"Unknown":  {"without a survey there is nothing to choose by", Plan{}, nil, []int64{1001}},
		"Outdated": {"a survey of other users says nothing", surveyed(0), nil, []int64{1001}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v := v
			v.TargetIdentity = tc.chosen
			var got []int64
			for _, c := range tc.plan.TargetChoices(v) {
				got = append(got, *c.UID)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

// stored are the Secrets of a plan, in several parts if it is not tiny.
func stored(t *testing.T, p Plan, size int) []corev1.Secret {
	t.Helper()
	b := p.Bundle(pair)
	b.Size = size
	list, err := b.Secrets("shop", p)
	if err != nil {
		t.Fatal(err)
	}
	var out []corev1.Secret
	for _, s := range list {
		out = append(out, *s)
	}
	return out
}

func TestRead(t *testing.T) {
	plan := func(engine string) Plan {
		return New(&application.Plan{Engine: engine, Objects: []application.Object{object(t, secretText)}})
	}
	parts, older := stored(t, plan("shop"), 100), stored(t, plan("old"), 100)
	backward := slices.Clone(parts)
	slices.Reverse(backward)
	foreign := *parts[0].DeepCopy()
	foreign.Type = corev1.SecretTypeOpaque
	cases := map[string]struct {
		reason  string
		secrets []corev1.Secret
		want    string
		err     error
	}{
		"Parts":    {"all parts, as they were written", parts, "shop", nil},
		"AnyOrder": {"a list is sorted by names, and -10 goes before -2", backward, "shop", nil},
		"Rest":     {"parts of an older plan, whose first Secret was deleted", slices.Concat(older[1:], parts), "shop", nil},
		"None":     {"no plan", nil, "", ErrNone},
		"NoFirst":  {"the first Secret is written last", parts[1:], "", ErrNone},
		"Torn":     {"a part is missing", parts[:len(parts)-1], "", bundle.ErrTorn},
		"Foreign":  {"a user's Secret with these labels", []corev1.Secret{foreign}, "", bundle.ErrForeign},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := Read(tc.secrets)
			if !errors.Is(err, tc.err) || tc.err == nil && err != nil {
				t.Fatalf("%s: got %v, want %v", tc.reason, err, tc.err)
			}
			if tc.err == nil && got.Engine != tc.want {
				t.Errorf("%s: got the plan of %s, want that of %s", tc.reason, got.Engine, tc.want)
			}
		})
	}
}

func TestSelectors(t *testing.T) {
	to := func(engine, cluster string) *application.Plan {
		return &application.Plan{Engine: engine, TargetCluster: cluster, TargetNamespace: "shop"}
	}
	plan := New(to("shop", "c1"))
	name := plan.Bundle(pair).Name
	has := stored(t, plan, 0)[0].Labels
	cases := map[string]struct {
		reason   string
		selector string
		want     bool
	}{
		"Own":       {"the plans of a pair", Selector("uid"), true},
		"Other":     {"another pair's", Selector("other"), false},
		"Older":     {"it is older than a newer one", OlderSelector("uid", "newer"), true},
		"Itself":    {"it is not older than itself", OlderSelector("uid", name), false},
		"All":       {"every plan of a pair", OlderSelector("uid", ""), true},
		"Neighbour": {"another pair of the engine with the same target", SameTargetSelector(to("shop", "c1"), "other"), true},
		"Same":      {"the pair itself is no neighbour", SameTargetSelector(to("shop", "c1"), "uid"), false},
		"Engine":    {"another engine may move there too", SameTargetSelector(to("mail", "c1"), "other"), false},
		"Cluster":   {"another cluster", SameTargetSelector(to("shop", "c2"), "other"), false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			selector, err := labels.Parse(tc.selector)
			if err != nil {
				t.Fatal(err)
			}
			if got := selector.Matches(labels.Set(has)); got != tc.want {
				t.Errorf("%s: %q matches %v: %t", tc.reason, tc.selector, has, got)
			}
		})
	}
	if got := SameTargetSelector(to("shop", ""), "other"); got != "" {
		t.Errorf("which cluster it is is not known: got %q", got)
	}
}
