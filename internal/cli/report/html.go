package report

import (
	_ "embed" // The page.
	"html/template"
	"io"
)

//go:embed report.html
var page string

// HTML writes the report as one page that loads nothing. Texts of clusters are escaped.
func (r Report) HTML(w io.Writer) error {
	t, err := template.New("report").Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}
