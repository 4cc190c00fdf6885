package application

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Reading is what the objects hold that the application may write, read after its last Pod was gone.
type Reading struct {
	// Objects as the target will have them.
	Objects []Object `json:"objects"`
	// Gone are those that are not there any more, and that the application may delete: they are not
	// created at the target. What another client has deleted moves as it was planned.
	Gone []Ref `json:"gone,omitempty"`
}

// Hash identifies the reading.
func (r *Reading) Hash() string { return hashOf(r) }

// Written are the objects of the plan whose content the application may write.
func (p *Plan) Written() []Object {
	return slices.DeleteFunc(slices.Clone(p.Objects), func(o Object) bool { return !o.Written })
}

// Reread makes of objects of the source, read once more, what the target gets of them: their content
// goes the way on which the first reading went, and everything else stays as it was planned. Objects
// that do not belong to Written are not looked at.
func (p *Plan) Reread(objects []unstructured.Unstructured) (*Reading, error) {
	out := &Reading{Objects: []Object{}}
	if p.Transform == nil {
		return out, nil // There is nothing to read.
	}
	now, changed := p.readNow(objects)
	again, err := transformedAgain(Input{Engine: p.Engine, SourceNamespace: p.SourceNamespace, TargetNamespace: p.TargetNamespace,
		SourceCluster: p.SourceCluster, TargetCluster: p.TargetCluster, Kustomizations: p.Transform.Kustomizations,
		Data: api.Data{Claims: p.Transform.Claims}, Objects: changed})
	if err != nil {
		return nil, err
	}
	for _, o := range p.Written() {
		read := now[o.SourceRef()]
		switch made, ok := again[o.SourceRef()]; {
		case ok:
			o.Object, o.Origin = withContent(&o.Object, &made.Object), made.Origin
		case read.gone && read.Deletable:
			out.Gone = append(out.Gone, o.Ref)
			continue
		}
		out.Objects = append(out.Objects, o)
	}
	return out, nil
}

// foundNow is what there is of an object that is read again.
type foundNow struct {
	Read
	gone bool
}

// readNow says of each object that is read again whether it is there, and lists those whose content
// has changed.
func (p *Plan) readNow(objects []unstructured.Unstructured) (now map[Ref]foundNow, changed []unstructured.Unstructured) {
	now = make(map[Ref]foundNow, len(p.Transform.Read))
	for _, r := range p.Transform.Read {
		now[r.Ref] = foundNow{Read: r, gone: true}
	}
	for _, o := range objects {
		r, wanted := now[RefOf(&o)]
		if !wanted || o.GetDeletionTimestamp() != nil {
			continue
		}
		r.gone = false
		now[r.Ref] = r
		if contentHash(&o) != r.Content {
			changed = append(changed, o)
		}
	}
	return now, changed
}

// transformedAgain are the objects of a plan of nothing but these, by their names at the source. What its kustomizations say of others
// matches nothing, and that is no fault here.
func transformedAgain(in Input) (map[Ref]*Object, error) {
	m := newMaker(in)
	for _, n := range m.x.nodes {
		m.included[n.ref] = ""
		m.plan.Objects = append(m.plan.Objects, Object{Ref: n.ref, Origin: originOf(n.obj), Object: *m.transformed(n)})
	}
	m.kustomize()
	for _, f := range append(m.Findings, check(m.view, kustomizationChecks)...) {
		if f.Reason == api.ReasonInvalidKustomization {
			return nil, fmt.Errorf("what the application has written last does not fit the kustomization: %s",
				strings.TrimSuffix(f.about()+": "+f.Message, ": "))
		}
	}
	out := map[Ref]*Object{}
	for i := range m.plan.Objects {
		out[m.plan.Objects[i].SourceRef()] = &m.plan.Objects[i]
	}
	return out, nil
}

// withContent is an object with the content of another one.
func withContent(planned, now *unstructured.Unstructured) unstructured.Unstructured {
	out := withoutContent(*planned)
	for _, field := range contentFields(now) {
		if value, ok := now.Object[field]; ok {
			out.Object[field] = value
		}
	}
	return out
}

// With is the plan with what was read again in the place of what was read first.
func (p *Plan) With(r *Reading) *Plan {
	again := make(map[Ref]Object, len(r.Objects))
	for _, o := range r.Objects {
		again[o.Ref] = o
	}
	out := *p
	out.Objects = make([]Object, 0, len(p.Objects))
	for _, o := range p.Objects {
		if now, ok := again[o.Ref]; ok && o.Written {
			o.Object, o.Origin = now.Object, now.Origin
		}
		if !o.Written || !slices.Contains(r.Gone, o.Ref) {
			out.Objects = append(out.Objects, o)
		}
	}
	return &out
}
