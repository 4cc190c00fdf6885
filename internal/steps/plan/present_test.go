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
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/internal/planfile"
)

// kindsMapper knows some kinds, without a server.
type kindsMapper struct{ *meta.DefaultRESTMapper }

func (kindsMapper) Reset() {}

func newKindsMapper() kindsMapper {
	m := meta.NewDefaultRESTMapper(nil)
	for _, gvk := range []schema.GroupVersionKind{
		{Version: "v1", Kind: "ConfigMap"}, {Version: "v1", Kind: "Secret"}, {Version: "v1", Kind: "PersistentVolumeClaim"},
		{Group: "apps", Version: "v1", Kind: "Deployment"},
	} {
		m.Add(gvk, meta.RESTScopeNamespace)
	}
	return kindsMapper{m}
}

// dryServer is a target that answers every replacement with what it got and a default, or with
// a refusal.
func dryServer(t *testing.T, code int, refusal string) (*cluster.Cluster, *[]string) {
	t.Helper()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPut || r.URL.Query().Get("dryRun") != "All" {
			t.Errorf("%s %s is no dry run of a replacement (%v)", r.Method, r.URL, err)
		}
		asked = append(asked, string(body))
		w.Header().Set("Content-Type", "application/json")
		if refusal != "" {
			w.WriteHeader(code)
			_, _ = io.WriteString(w, refusal)
			return
		}
		var u unstructured.Unstructured
		if err := json.Unmarshal(body, &u.Object); err != nil {
			t.Error(err)
		}
		u.SetAnnotations(map[string]string{"default": "set"})
		_ = json.NewEncoder(w).Encode(u.Object)
	}))
	t.Cleanup(server.Close)
	c, err := cluster.New(cluster.SideTarget, "shop", &rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	c.Mapper = newKindsMapper()
	return c, &asked
}

const (
	plannedConfig = `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop}, data: {a: "1"}}`
	immutableJSON = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"no",
		"details":{"causes":[{"reason":"FieldValueInvalid","message":"Invalid value: \"canary\": field is immutable","field":"spec.selector"},
		{"reason":"FieldValueForbidden","message":"Forbidden: spec is immutable after creation","field":"spec"},
		{"reason":"FieldValueRequired","message":"Required value","field":"data"}]}}`
	invalidJSON = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,"message":"no",
		"details":{"causes":[{"reason":"FieldValueRequired","message":"Required value","field":"data"}]}}`
	forbiddenJSON = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"cannot update resource"}`
	brokenJSON    = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500,"message":"broken"}`
)

func TestCompareTarget(t *testing.T) {
	there := func(metadata, data string) string {
		return `{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: shop, resourceVersion: "7", ` + metadata +
			`}, data: ` + data + `}`
	}
	cases := map[string]struct {
		reason  string
		there   string
		code    int
		refusal string
		want    application.Present
		message string
		broken  bool
	}{
		"Equal": {"What the server's defaults would add is no difference.", there(`annotations: {default: set}`, `{a: "1"}`), 0, "",
			application.Present{Standing: application.StandingEqual}, "equal to what the move would create", false},
		"Different": {"The message names the field.",
			there(`annotations: {default: set}`, `{a: "2"}`), 0, "", application.Present{Standing: application.StandingDifferent,
				Differs: []application.Difference{{Path: "data.a", There: `"2"`, Planned: `"1"`}}}, "in data.a", false},
		"Immutable": {"A replacement that is refused tells which fields cannot be changed, and no value of them.",
			there("", `{a: "2"}`), 422, immutableJSON, application.Present{Standing: application.StandingDifferent,
				Differs: []application.Difference{{Path: "data.a", There: `"2"`, Planned: `"1"`}}, Fixed: []string{"spec.selector", "spec"}},
			"these fields are immutable: spec.selector, spec", false},
		"Invalid": {"What cannot be replaced for another reason is compared as it is.",
			there("", `{a: "2"}`), 422, invalidJSON, application.Present{Standing: application.StandingDifferent,
				Differs: []application.Difference{{Path: "data.a", There: `"2"`, Planned: `"1"`}}}, "in data.a", false},
		"Forbidden": {"Without the right to replace it, it is a conflict and nothing more.",
			there("", `{a: "1"}`), 403, forbiddenJSON, application.Present{Standing: application.StandingForeign}, "", false},
		"Own": {"What the move itself has created is not compared.", there(`annotations: {kubemove.io/created-by: pair}`, `{a: "2"}`),
			500, brokenJSON, application.Present{Standing: application.StandingOurs}, "", false},
		"Broken": {"A server that does not answer ends the plan.", there("", `{a: "1"}`), 500, brokenJSON, application.Present{}, "", true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			target, _ := dryServer(t, tc.code, tc.refusal)
			planned := object(t, plannedConfig)
			p := &application.Plan{Objects: []application.Object{planned, object(t, deployText)}, TargetNamespace: "shop"}
			existing := map[application.Ref]unstructured.Unstructured{planned.Ref: object(t, tc.there).Object}
			err := compareTarget(t.Context(), target, p, existing, lineage.Actor{Pair: "pair"})
			if (err != nil) != tc.broken {
				t.Fatalf("%s\ngot error %v", tc.reason, err)
			}
			if tc.broken {
				return
			}
			tc.want.Ref = planned.Ref
			if diff := cmp.Diff([]application.Present{tc.want}, p.Target); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
			if owned := tc.want.Standing == application.StandingOurs; owned != (len(p.Blockers) == 0) {
				t.Fatalf("%s\ngot blockers %v", tc.reason, p.Blockers)
			} else if !owned && (!strings.Contains(p.Blockers[0].Message, tc.message) || strings.Contains(p.Blockers[0].Message, "canary")) {
				t.Errorf("%s\ngot %s", tc.reason, p.Blockers[0].Message)
			}
		})
	}
}

// TestNoSecretLeavesTheComparison: neither the source's nor the target's value is in what is
// stored or said, and the target's server is not asked with it.
func TestNoSecretLeavesTheComparison(t *testing.T) {
	target, asked := dryServer(t, 0, "")
	secret := func(value string) application.Object {
		return object(t, `{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: shop, resourceVersion: "7", annotations: {note: `+
			value+`}}, data: {password: `+value+`, `+value[:4]+`: x}}`)
	}
	planned, there := secret("b3Vyczpjbw=="), secret("dGhlaXJzCg==")
	p := &application.Plan{Objects: []application.Object{planned}, TargetNamespace: "shop"}
	existing := map[application.Ref]unstructured.Unstructured{planned.Ref: there.Object}
	if err := compareTarget(t.Context(), target, p, existing, lineage.Actor{}); err != nil {
		t.Fatal(err)
	}
	if len(p.Target) != 1 || p.Target[0].Standing != application.StandingDifferent || len(p.Target[0].Differs) != 4 {
		t.Errorf("the Secrets differ in two values, two keys and an annotation, got %v", p.Target)
	}
	said, err := json.Marshal([]any{planfile.New(p), Summary(p)})
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"b3Vyczpjbw==", "dGhlaXJzCg=="} {
		if strings.Contains(string(said), value) || strings.Contains(strings.Join(*asked, ""), value) {
			t.Errorf("the value %s is in the stored plan, its summary or a request: %s", value, said)
		}
	}
	if !strings.Contains(p.Blockers[0].Message, "data.password") {
		t.Errorf("the message names the key that differs, got %s", p.Blockers[0].Message)
	}
}
