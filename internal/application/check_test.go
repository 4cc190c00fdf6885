package application

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// built is what the checks get to see.
func built(in Input) *view {
	m := newMaker(in)
	m.selectObjects()
	m.build()
	return m.view
}

// nameOf a check, for messages.
func nameOf(c func(*view) Findings) string {
	name := runtime.FuncForPC(reflect.ValueOf(c).Pointer()).Name()
	return name[strings.LastIndex(name, ".")+1:]
}

// manifold are inputs in which much is found: those of the golden tests and the manifests of the corpus, in
// several settings.
func manifold(t *testing.T) map[string]Input {
	t.Helper()
	out := map[string]Input{}
	all := inputs(t)
	for name, in := range corpus(t) {
		all["corpus/"+name] = in
	}
	for name, in := range all {
		out[name] = in
		in.SourceCluster, in.TargetCluster, in.TargetNamespace = "a", "b", "elsewhere"
		in.Now, in.QuiesceTimeout, in.HealthTimeout = time.Unix(1_900_000_000, 0), 5*time.Second, 10*time.Second
		in.Unseen, in.Silent, in.BindingsUnseen = []string{"widgets"}, []string{"metrics.k8s.io/v1beta1"}, true
		in.Kustomizations = []api.Kustomization{{NamePrefix: "new-"}}
		out[name+", renamed"] = in
		in.Mobilizers, in.Kustomizations = nil, nil
		in.Data.Claims = append(slices.Clone(in.Data.Claims), api.ClaimData{Name: "none"})
		in.Application.Contents = api.ContentsObjects
		out[name+", objects"] = in
	}
	return out
}

// TestChecksInAnyOrder: the order of the checks does not show.
func TestChecksInAnyOrder(t *testing.T) {
	found := 0
	r := rand.New(rand.NewPCG(1, 2))
	for name, in := range manifold(t) {
		want := check(built(in), checks).sorted()
		found += len(want)
		for range 3 {
			shuffled := slices.Clone(checks)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			if diff := cmp.Diff(want, check(built(in), shuffled).sorted()); diff != "" {
				t.Fatalf("%s: another order finds something else (-want +got):\n%s", name, diff)
			}
		}
	}
	if found < 500 {
		t.Errorf("only %d findings: the inputs prove little", found)
	}
}

// facts of a view: everything but what its methods keep to save time.
func facts(t *testing.T, v *view) map[string]any {
	t.Helper()
	own := make([]string, 0, len(v.x.nodes))
	for _, n := range v.x.nodes {
		own = append(own, n.ref.String())
	}
	return map[string]any{
		"plan": encode(t, v.plan), "hash": v.plan.Hash(), "members": maps.Clone(v.members), "included": maps.Clone(v.included),
		"left": maps.Clone(v.left), "blocked": maps.Clone(v.blocked), "excluded": maps.Clone(v.excluded),
		"excludedByUser": maps.Clone(v.excludedByUser),
		"unbound":        maps.Clone(v.unbound), "ledgers": maps.Clone(v.ledgers), "nodes": own, "cluster": len(v.cluster),
	}
}

// TestChecksChangeNothing: they leave the view as it was, and find the same once more.
func TestChecksChangeNothing(t *testing.T) {
	for name, in := range manifold(t) {
		v := built(in)
		before := facts(t, v)
		for _, c := range checks {
			first := c(v).sorted()
			if diff := cmp.Diff(first, c(v).sorted()); diff != "" {
				t.Errorf("%s: %s finds something else the second time (-want +got):\n%s", name, nameOf(c), diff)
			}
		}
		if diff := cmp.Diff(before, facts(t, v)); diff != "" {
			t.Errorf("%s: a check has changed the view (-want +got):\n%s", name, diff)
		}
	}
}

// TestChecksAreListed: a new check has to be added to the list.
func TestChecksAreListed(t *testing.T) {
	var got []string
	for _, c := range checks {
		got = append(got, nameOf(c))
	}
	slices.Sort(got)
	var want []string
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "check") && types.ExprString(f.Type) == "func(v *view) (out Findings)" {
				want = append(want, f.Name.Name)
			}
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the checks that there are, and those that are made (-want +got):\n%s", diff)
	}
	for _, c := range kustomizationChecks {
		if !slices.Contains(got, nameOf(c)) {
			t.Errorf("%s is no check of its own", nameOf(c))
		}
	}
}
