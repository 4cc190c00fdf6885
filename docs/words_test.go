package docs_test

import (
	"fmt"
	"go/scanner"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// replaced are words that have a better one, in the glossary or in the field.
var replaced = regexp.MustCompile(`(?i)\b(mend(s|ed|ing)?|nobody|somebody|everybody|anybody|whoever|doors?|distrust\w*|` +
	`vouch\w*|condemn\w*|afresh|errands?|undoing|undone)\b`)

// replacedNames are words of former names. Some of them are good words in a sentence.
var replacedNames = regexp.MustCompile(`(?i)\b(outlook|barred|namers?|lent|last words|meddlers?|twins|have patience)\b`)

// exempt are the entries of a passwd file, whose words are the system's.
var exempt = regexp.MustCompile(`nobody:(x:65534:|/)`)

var code = regexp.MustCompile("`[^`]*`")

// TestReplacedWords keeps them out of what people read: pages, and the texts, comments and names of the code.
func TestReplacedWords(t *testing.T) {
	for _, page := range markdown(t) {
		for number, line := range strings.Split(read(t, page), "\n") {
			// Names of code, such as former ones, are no words.
			if word := replaced.FindString(code.ReplaceAllString(line, "")); word != "" {
				t.Errorf("%s:%d says %q", page, number+1, word)
			}
		}
	}
	files := 0
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "..":
			return filepath.SkipDir
		case strings.HasSuffix(path, ".go") && path != filepath.Join("..", "docs", "words_test.go"):
			files++
			for _, found := range wordsOf(read(t, path)) {
				t.Errorf("%s:%s", path, found)
			}
		}
		return nil
	})
	if err != nil || files == 0 {
		t.Fatalf("%d files of code: %v", files, err)
	}
}

// part of a name in camel case.
var part = regexp.MustCompile(`[A-Z]*[a-z0-9]+|[A-Z]+`)

// wordsOf lists the replaced words of a file of Go, each after the number of its line.
func wordsOf(source string) (out []string) {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(source))
	var s scanner.Scanner
	s.Init(file, []byte(source), nil, scanner.ScanComments)
	for {
		at, kind, text := s.Scan()
		word := ""
		switch kind {
		case token.EOF:
			return out
		case token.COMMENT, token.STRING:
			text = exempt.ReplaceAllString(text, "")
			word = replaced.FindString(text)
		case token.IDENT:
			text = strings.Join(part.FindAllString(text, -1), " ")
			if word = replaced.FindString(text); word == "" {
				word = replacedNames.FindString(text)
			}
		}
		if word != "" {
			before, _, _ := strings.Cut(text, word)
			line := set.Position(at).Line + strings.Count(before, "\n")
			out = append(out, fmt.Sprintf("%d says %q", line, word))
		}
	}
}

func TestWordsOf(t *testing.T) {
	for name, c := range map[string]struct {
		reason, source string
		want           []string
	}{
		"Comment": {"each line of a comment is read",
			"/* one\ntwo: nobody\n*/\n// Whoever asks.", []string{`2 says "nobody"`, `4 says "Whoever"`}},
		"Text": {"and texts, those of tests too", "var a = `it was\nundone`", []string{`2 says "undone"`}},
		"Name": {"and the words of a name", "func asNobody() {}\nvar doorRef = mend", []string{
			`1 says "Nobody"`, `2 says "door"`, `2 says "mend"`}},
		"Former":   {"a former name is a good word elsewhere", "// the outlook is good\nvar outlook int", []string{`2 says "outlook"`}},
		"Standard": {"a name of Go's own", "var body = http.NoBody", nil},
		"Inside":   {"a part of another word is none", "// It recommends amendments.\nvar indoors, recommended int", nil},
		"System":   {"a user of the system is called so", "var passwd = `nobody:x:65534:65534:nobody:/:/bin/false`", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, wordsOf(c.source)); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}
