package hooks_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure packages decide: they reach nothing, and know no time but the one they are given.
var pure = []string{".", "config", "jobs", "moveengine", "movepair", "datasync", "moveswitch", "internal/check",
	"internal/switches", "internal/scan", "internal/schedule"}

var forbidden = []string{"net", "os", "log", "k8s.io/client-go", "math/rand", "crypto/rand", "github.com/kubemove/kubemove/internal",
	"github.com/kubemove/kubemove/ddm"}

func TestPure(t *testing.T) {
	for _, dir := range pure {
		files, err := fs.Glob(os.DirFS(dir), "*.go")
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Errorf("there is no package in %s", dir)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				checkPure(t, filepath.Join(dir, name))
			}
		}
	}
}

func checkPure(t *testing.T, file string) {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range f.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		if slices.ContainsFunc(forbidden, func(p string) bool { return path == p || strings.HasPrefix(path, p+"/") }) {
			t.Errorf("%s imports %s", file, path)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" &&
				slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After"}, s.Sel.Name) {
				t.Errorf("%s uses time.%s", set.Position(n.Pos()), s.Sel.Name)
			}
		}
		return true
	})
}
