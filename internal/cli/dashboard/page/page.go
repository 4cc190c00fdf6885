// Package page is what the dashboard shows: pure functions of a snapshot, and their HTML. Texts of clusters are escaped, and have no
// control characters.
package page

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"net/url"
	"time"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
	"github.com/kubemove/kubemove/internal/text"
)

// Options of all pages.
type Options struct {
	// Namespace whose moves are shown; empty: those of all of them.
	Namespace string
	// Current namespace: a command for a move of another one names it.
	Current string
	// Writes: the page may approve and roll back.
	Writes bool
	// Line makes a command line of words; nil: they are quoted, and nothing is added.
	Line func(words ...string) string
}

// command line about a move.
func (o Options) command(m snapshot.Move, words ...string) string {
	return o.line(steer.In(o.Current, m, words...))
}

func (o Options) line(words []string) string {
	if o.Line == nil {
		return text.Command(words...)
	}
	return o.Line(words...)
}

// Page is what is shown below the head; exactly one of List, Move, Plan, Report and Failure is set.
type Page struct {
	// Title of the window.
	Title string
	// At is when the cluster was read, and Outage why it could not be read since; empty: it was.
	At, Outage string
	// Events is the path of its changes; empty: it does not change by itself.
	Events string

	List    *List
	Move    *Move
	Plan    *Plan
	Report  *Report
	Failure *Failure
}

// Failure is why there is no such page.
type Failure struct {
	Failed, Reason, Command string
}

// head of every page.
type head struct {
	Page   *Page
	Scope  string
	Writes bool
	Main   template.HTML
}

//go:embed html
var files embed.FS

var templates = template.Must(template.ParseFS(files, "html/*.html"))

// Main is the part of the page that changes.
func (p *Page) Main() ([]byte, error) {
	clean(p)
	var b bytes.Buffer
	err := templates.ExecuteTemplate(&b, "main", p)
	return b.Bytes(), err
}

// HTML writes the whole page.
func (p *Page) HTML(w io.Writer, o Options) error {
	body, err := p.Main()
	if err != nil {
		return err
	}
	// The template has made it.
	h := head{Page: p, Scope: scope(o.Namespace), Writes: o.Writes, Main: template.HTML(body)} //nolint:gosec // see above
	clean(&h.Scope)
	return templates.ExecuteTemplate(w, "page", h)
}

func scope(namespace string) string {
	if namespace == "" {
		return "all namespaces"
	}
	return "namespace " + namespace
}

// stamp of a time.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// Path of a move below a view of it, such as moves, plan and report; more names a target.
func Path(view string, m snapshot.Move, more ...string) string {
	out := "/" + view
	for _, part := range append([]string{m.Namespace, m.Resource(), m.Name}, more...) {
		out += "/" + url.PathEscape(part)
	}
	return out
}
