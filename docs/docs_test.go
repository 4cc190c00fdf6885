// Package docs_test holds that the documentation matches the API.
package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
)

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// constants returns the values of the string constants in keys.go whose names begin so.
func constants(t *testing.T, prefix string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../api/v1alpha1/keys.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			literal, ok := spec.Values[i].(*ast.BasicLit)
			if !ok || !strings.HasPrefix(name.Name, prefix) {
				continue
			}
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("keys.go has no constant that begins with %s", prefix)
	}
	return values
}

func TestEveryReasonIsDocumented(t *testing.T) {
	page := read(t, "reasons.md")
	for _, reason := range constants(t, "Reason") {
		if !strings.Contains(page, "| `"+reason+"` | ") {
			t.Errorf("reasons.md does not say what %s means and what to do", reason)
		}
	}
	for table := range strings.SplitSeq(page, "\n\n") {
		rows := map[string]bool{}
		for line := range strings.Lines(table) {
			reason, _, _ := strings.Cut(strings.TrimPrefix(line, "| `"), "` | ")
			if strings.HasPrefix(line, "| `") && rows[reason] {
				t.Errorf("a table of reasons.md has two rows for %s", reason)
			}
			rows[reason] = true
		}
	}
}

func TestEveryConditionIsDocumented(t *testing.T) {
	var pages strings.Builder
	for _, page := range pageOf {
		pages.WriteString(read(t, page))
	}
	for _, condition := range constants(t, "Condition") {
		if !strings.Contains(pages.String(), "| `"+condition+"` | ") {
			t.Errorf("no page of a kind has a row for the condition %s", condition)
		}
	}
}

// pageOf each kind.
var pageOf = map[string]string{
	"moveengines": "moveengine.md", "movepairs": "movepair.md",
	"datasyncs": "datasync.md", "moveswitches": "moveswitch.md", "movereverses": "movereverse.md",
}

// properties of a schema, by name.
type properties map[string]struct {
	Properties properties `json:"properties"`
	Items      struct {
		Properties properties `json:"properties"`
	} `json:"items"`
}

// TestEveryFieldIsDocumented wants each field of spec and status on the page of its kind, as
// code: `spec.mode`, `to`, `targets[]`, `cluster.kubeconfigSecretRef`. Fields below those may
// stand on the page of another kind that has the same ones.
func TestEveryFieldIsDocumented(t *testing.T) {
	var all string
	for _, page := range pageOf {
		all += read(t, page)
	}
	for plural, page := range pageOf {
		text := read(t, page)
		var crd struct {
			Spec struct {
				Versions []struct {
					Schema struct {
						OpenAPIV3Schema struct {
							Properties properties `json:"properties"`
						} `json:"openAPIV3Schema"`
					} `json:"schema"`
				} `json:"versions"`
			} `json:"spec"`
		}
		if err := yaml.Unmarshal([]byte(read(t, "../manifests/crds/kubemove.io_"+plural+".yaml")), &crd); err != nil {
			t.Fatal(err)
		}
		root := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties
		for _, part := range []string{"spec", "status"} {
			walk(root[part].Properties, 0, func(field string, depth int) {
				where := text
				if depth > 0 {
					where = all
				}
				if !regexp.MustCompile("`([a-zA-Z.\\[\\]]+\\.)?" + field + `(\[\])?(: [A-Za-z]+)?` + "`").MatchString(where) {
					t.Errorf("%s does not mention the field %s of %s", page, field, part)
				}
			})
		}
	}
}

// walk visits every field; conditions and label selectors are Kubernetes' own.
func walk(list properties, depth int, visit func(field string, depth int)) {
	for name, p := range list {
		if name == "conditions" {
			continue
		}
		visit(name, depth)
		if name == "selector" {
			continue
		}
		walk(p.Properties, depth+1, visit)
		walk(p.Items.Properties, depth+1, visit)
	}
}

// markdown files of the repository.
func markdown(t *testing.T) []string {
	t.Helper()
	files := []string{"../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md"}
	for _, dir := range []string{".", "../examples"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".md") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

var link = regexp.MustCompile(`\]\(([^)#:]+)?(#[^)]+)?\)`)

// TestLinks follows every link inside the repository.
func TestLinks(t *testing.T) {
	for _, file := range markdown(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, file), -1) {
			target := file
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(file), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", file, m[0])
				continue
			}
			if m[2] != "" && !hasHeading(read(t, target), m[2][1:]) {
				t.Errorf("%s links to %s, which has no such heading", file, m[0])
			}
		}
	}
}

// hasHeading compares as GitHub makes anchors of headings.
func hasHeading(text, anchor string) bool {
	for line := range strings.Lines(text) {
		title, ok := strings.CutPrefix(strings.TrimLeft(strings.TrimSpace(line), "#"), " ")
		if !ok || !strings.HasPrefix(line, "#") {
			continue
		}
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
				return r
			}
			return -1
		}, strings.ToLower(title))
		if slug == anchor {
			return true
		}
	}
	return false
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestExamples decodes each whole object of ours that a page or an example shows.
func TestExamples(t *testing.T) {
	found := 0
	check := func(where, text string) {
		for _, doc := range strings.Split(text, "\n---\n") {
			object, err := decode([]byte(doc))
			if object {
				found++
			}
			if err != nil {
				t.Errorf("%s: %v\n%s", where, err, doc)
			}
		}
	}
	for _, file := range markdown(t) {
		for _, block := range yamlBlock.FindAllStringSubmatch(read(t, file), -1) {
			check(file, block[1])
		}
	}
	files, err := filepath.Glob("../examples/*/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		check(file, read(t, file))
	}
	if found < 6 {
		t.Errorf("found %d objects in pages and examples, expected at least one per kind, a mobilizer and an example", found)
	}
}

// decode reads an object of ours strictly; others are let through.
func decode(data []byte) (ours bool, err error) {
	var meta struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := yaml.Unmarshal(data, &meta); err != nil {
		return false, err
	}
	kinds := map[string]any{
		"MoveEngine": &api.MoveEngine{}, "MovePair": &api.MovePair{},
		"DataSync": &api.DataSync{}, "MoveSwitch": &api.MoveSwitch{},
	}
	switch object := kinds[meta.Kind]; {
	case meta.APIVersion == config.APIVersion:
		_, err := config.Parse(data)
		return true, err
	case object != nil:
		return true, yaml.UnmarshalStrict(data, object)
	}
	return false, nil
}
