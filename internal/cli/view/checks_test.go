package view

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/cli/check"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	r := check.Report{Results: []check.Result{
		{ID: "one", Group: "Kinds", Result: check.OK, Message: "8 kinds are served"},
		{ID: "second", Group: "Kinds", Result: check.Failed, Message: "a kind \x1b[31mis red", Details: []string{"one\nlacks more"},
			Hint: "apply it", Link: "page#second"},
		{ID: "third", Group: "Rights", Result: check.Skipped, Message: "you may not"},
		{ID: "four", Group: "Rights", Result: check.Warning, Message: "half", Hint: "look", Link: "page#four"},
	}}
	const want = `Kinds
  + one     8 kinds are served
  x second  a kind \x1b[31mis red
      one lacks more
      hint: apply it
      see:  page#second

Rights
  . third   skipped: you may not
  ! four    half
      hint: look
      see:  page#four

1 ok, 1 warning, 1 failure, 1 skipped
`
	if diff := cmp.Diff(want, Checks(r, Options{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	const table = `CHECK   RESULT   MESSAGE
one     ok       8 kinds are served
second  failed   a kind \x1b[31mis red
third   skipped  you may not
four    warning  half
`
	if diff := cmp.Diff(table, CheckTable(r, false, Options{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
