package cutover

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
)

// kindsOfSource are the constants of the type Kind, as action.go declares them.
func kindsOfSource(t *testing.T) []Kind {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "action.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []Kind
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Kind" {
			name, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, Kind(name))
		}
		return true
	})
	return out
}

// TestRegistry: every action has one entry, and that says all of it.
func TestRegistry(t *testing.T) {
	kinds := kindsOfSource(t)
	if len(kinds) != len(registry)+1 || len(registry) != len(actions) {
		t.Errorf("%d kinds of actions, %d entries and %d names: expected one entry for each but %s", len(kinds), len(registry), len(actions), End)
	}
	rollback := false
	for _, k := range kinds {
		rollback = rollback || k == RecordRollback
		a := actions[k]
		switch {
		case k == End:
			if a.do != nil {
				t.Errorf("%s is carried out: the loop ends the task", k)
			}
			continue
		case a.do == nil:
			t.Errorf("%s has no entry, or does nothing", k)
		case k == Wait:
			continue
		case a.text == "":
			t.Errorf("%s does not say what is done", k)
		case a.step == "" && !rollback:
			t.Errorf("%s belongs to no step of the cutover", k)
		}
		// What the hooks and the tests of faults rely on: a process can be ended after whatever it has changed.
		if k.changes() != slices.Contains(a.kills, after) {
			t.Errorf("%s has the kill points %v", k, a.kills)
		}
		if own := slices.Contains([]Kind{Suspend, Delta, Quiesce, FinalSync}, k); own != (a.limit == 0) {
			t.Errorf("%s may be repeated for %s: only the stop and the runs have limits of their own", k, a.limit)
		}
	}
}
