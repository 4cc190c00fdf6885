package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// replaced are words that have a better one, in the glossary or in the field.
var replaced = regexp.MustCompile(`(?i)\b(mend(s|ed|ing)?|nobody|somebody|whoever|doors?|distrust\w*|vouch\w*|condemn\w*|` +
	`afresh|errands?|undoing|undone)\b`)

var code = regexp.MustCompile("`[^`]*`")

// TestReplacedWords keeps them out of what users read: pages, and the texts of the programs.
func TestReplacedWords(t *testing.T) {
	for _, page := range markdown(t) {
		for number, line := range strings.Split(read(t, page), "\n") {
			// Names of code, such as former ones, are no words.
			if word := replaced.FindString(code.ReplaceAllString(line, "")); word != "" {
				t.Errorf("%s:%d says %q", page, number+1, word)
			}
		}
	}
	for _, dir := range []string{"api", "cmd", "ddm", "hooks", "internal", "task"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				wordsOf(t, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// wordsOf looks through the texts of a file.
func wordsOf(t *testing.T, path string) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if text, is := n.(*ast.BasicLit); is && text.Kind == token.STRING {
			if word := replaced.FindString(text.Value); word != "" {
				t.Errorf("%s says %q", set.Position(text.Pos()), word)
			}
		}
		return true
	})
}
