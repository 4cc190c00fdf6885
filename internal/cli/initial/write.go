package initial

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/text"
)

// Target to move to.
type Target struct {
	// Name of the Secret, and of the target.
	Name string
	// Key of the kubeconfig in the Secret; empty: the default.
	Key       string
	Namespace string
	// Classes that it has. Problem says why they are not known; empty: they are.
	Classes []Class
	Problem string
	// Missing: there is no such Secret yet.
	Missing bool
}

// Engine to be written.
type Engine struct {
	Name, Namespace string
	Mode            api.MoveMode
	// Workloads that move. Annotated: they carry the annotations, so they are not listed.
	Workloads []Workload
	Annotated bool
	// All: these are all workloads of the namespace. Where it has none, its claims move alone.
	All     bool
	Targets []Target
}

// pages of the documentation.
const pages = "https://github.com/kubemove/kubemove/blob/main/docs/"

// most workloads that an engine may name.
const most = 256

// Write the engine of an application, in YAML with comments.
func Write(a Application, e Engine) string {
	p := &page{}
	p.line("# What moves, from where, to where, and how: %smoveengine.md", pages)
	p.line("apiVersion: %s", api.GroupVersion)
	p.line("kind: MoveEngine")
	p.line("metadata:")
	p.line("  name: %s", scalar(e.Name))
	p.line("  namespace: %s", scalar(e.Namespace))
	p.line("spec:")
	p.mode(e)
	p.application(a, e)
	p.targets(a.of(e), e)
	p.data(a.of(e))
	p.end(e)
	return p.String()
}

// of an engine are the claims that its workloads mount.
func (a Application) of(e Engine) (out []Claim) {
	for _, c := range a.Claims {
		if alone(e) || slices.ContainsFunc(e.Workloads, func(w Workload) bool { return slices.Contains(w.Claims, c.Name) }) {
			out = append(out, c)
		}
	}
	return out
}

// alone: claims move without a workload.
func alone(e Engine) bool { return e.All && len(e.Workloads) == 0 }

// loose are claims that no workload mounts.
func (a Application) loose() (out []Claim) {
	for _, c := range a.Claims {
		if len(c.MountedBy) == 0 {
			out = append(out, c)
		}
	}
	return out
}

type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	p.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// scalar is a text as YAML has it, in quotes where it would be something else.
func scalar(s string) string {
	data, err := yaml.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("cannot write the text %q as YAML: %v", s, err))
	}
	return strings.TrimSpace(string(data))
}

func (p *page) mode(e Engine) {
	p.line("  # Offline: the application stops, its data is copied, it starts at the target. Live: the data is copied before, while it")
	p.line("  # runs, and only what has changed since in the downtime: %slive.md", pages)
	p.line("  mode: %s", e.Mode)
	if e.Mode == api.ModeLive {
		p.line("  # How often it is copied until the switch.")
		p.line("  sync:")
		p.line("    interval: 5m")
	}
}

func (p *page) application(a Application, e Engine) {
	p.line("  # What moves; what these mount and name (claims, ConfigMaps, Secrets, accounts, Services, Ingresses) moves with them:")
	p.line("  # %smoveengine.md#choosing-the-application", pages)
	listed, doubles := distinct(e.Workloads)
	switch {
	case alone(e):
		p.line("  application:")
		p.line("    # There is no workload: the data of these claims moves alone.")
		p.line("    claims:")
		for _, c := range a.Claims[:min(len(a.Claims), most)] {
			p.line("      - {name: %s} # %s", scalar(c.Name), describe(c))
		}
	case e.Annotated:
		p.line("  # All workloads with the annotations %s: \"true\" and %s: %s.", api.ApplyAnnotation, api.EngineAnnotation, scalar(e.Name))
		p.line("  application: {}")
		doubles = nil
	case len(listed) > most:
		p.line("  # Everything in the namespace: an engine names at most %d workloads.", most)
		p.line("  application:")
		p.line("    selector: {}")
		doubles = nil
	default:
		p.line("  application:")
		p.line("    workloads:")
		for _, w := range listed {
			group := ""
			if w.Kind == "CronJob" {
				group = "group: batch, "
			}
			p.line("      - {%skind: %s, name: %s}%s", group, w.Kind, scalar(w.Name), note(w))
		}
		if e.All {
			p.line("    # Instead of workloads, everything in the namespace: selector: {}")
		}
	}
	for _, w := range doubles {
		p.line("    # %s has the name of another one, and moves with annotations:", w.Ref())
		p.line("    #   %s", text.Command(e.AnnotateWords(w)...))
	}
	if claims := a.loose(); len(claims) > 0 && e.All && !alone(e) {
		p.line("    # Claims that no workload mounts move when they are named:")
		p.line("    # claims:")
		for _, c := range claims {
			p.line("    #   - {name: %s} # %s", scalar(c.Name), describe(c))
		}
	}
	if len(a.Left) > 0 && e.All {
		p.line("    # These do not move: %s", text.Plain(strings.Join(a.Left, ", ")))
	}
}

// Doubles are workloads that the engine cannot list, as another one of it has the same name.
func (e Engine) Doubles() []Workload {
	if e.Annotated {
		return nil
	}
	_, doubles := distinct(e.Workloads)
	return doubles
}

// distinct are workloads of which no two have one name, and the others: an engine cannot list both.
func distinct(list []Workload) (first, doubles []Workload) {
	seen := map[string]bool{}
	for _, w := range list {
		if seen[w.Name] {
			doubles = append(doubles, w)
		} else {
			seen[w.Name] = true
			first = append(first, w)
		}
	}
	return first, doubles
}

func note(w Workload) string {
	var parts []string
	if w.Note != "" {
		parts = append(parts, w.Note)
	}
	if len(w.Claims) > 0 {
		parts = append(parts, "mounts "+strings.Join(w.Claims, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return " # " + text.Plain(strings.Join(parts, "; "))
}

// describe a claim in a comment.
func describe(c Claim) string {
	var modes []string
	for _, m := range c.Modes {
		modes = append(modes, string(m))
	}
	parts := []string{c.Size, "class " + cmp.Or(c.Class, "none")}
	if len(modes) > 0 {
		parts = append(parts, strings.Join(modes, ", "))
	}
	if len(c.MountedBy) > 0 {
		parts = append(parts, "mounted by "+strings.Join(c.MountedBy, ", "))
	}
	return text.Plain(strings.Join(parts, "; "))
}
