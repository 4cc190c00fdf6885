package report

import (
	_ "embed" // The page.
	"html/template"
	"io"

	"github.com/kubemove/kubemove/internal/text"
)

//go:embed report.html
var page string

// HTML writes the report as one page that loads nothing. Texts of clusters are escaped, and have no control characters.
func (r Report) HTML(w io.Writer) error {
	t, err := template.New("report").Funcs(template.FuncMap{"plain": text.Plain}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}
