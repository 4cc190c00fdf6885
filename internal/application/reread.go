package application

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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
func (r *Reading) Hash() string {
	data, err := json.Marshal(r)
	if err != nil {
		// Readings are made of values that came from JSON: this cannot happen.
		panic(fmt.Sprintf("cannot encode a reading: %v", err))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:16]
}

// Written are the objects of the plan whose content the application may write.
func (p *Plan) Written() []Object {
	return slices.DeleteFunc(slices.Clone(p.Objects), func(o Object) bool { return !o.Written })
}

// Reread makes of objects of the source, read once more, what the target gets of them: their content
// goes the way on which the first reading went, and everything else stays as it was planned. Objects
// that do not belong to Written are not looked at.
func (p *Plan) Reread(objects []unstructured.Unstructured) (*Reading, error) {
	written := p.Written()
	isWritten := func(ref Ref) bool {
		return slices.ContainsFunc(written, func(o Object) bool { return o.SourceRef() == ref })
	}
	in := Input{Engine: p.Engine, SourceNamespace: p.SourceNamespace, TargetNamespace: p.TargetNamespace,
		SourceCluster: p.SourceCluster, TargetCluster: p.TargetCluster}
	if p.Transform == nil {
		return &Reading{Objects: []Object{}}, nil // There is nothing to read.
	}
	in.Kustomizations, in.Data.Claims = p.Transform.Kustomizations, p.Transform.Claims
	for _, o := range objects {
		if isWritten(RefOf(&o)) && o.GetDeletionTimestamp() == nil {
			in.Objects = append(in.Objects, o)
		}
	}
	again, err := transformedAgain(in)
	if err != nil {
		return nil, err
	}
	out := &Reading{Objects: []Object{}}
	for _, o := range written {
		now := again.ofSource(o.SourceRef())
		switch {
		case now != nil:
			o.Object, o.Origin = withContent(&o.Object, &now.Object), now.Origin
		case slices.Contains(p.Transform.Deletable, o.SourceRef()):
			out.Gone = append(out.Gone, o.Ref)
			continue
		}
		out.Objects = append(out.Objects, o)
	}
	return out, nil
}

// transformedAgain is a plan of nothing but these objects. What its kustomizations say of others
// matches nothing, and that is no fault here.
func transformedAgain(in Input) (*Plan, error) {
	m := newMaker(in)
	for _, n := range m.x.nodes {
		m.taken[n.ref] = ""
		m.plan.Objects = append(m.plan.Objects, Object{Ref: n.ref, Origin: originOf(n.obj), Object: *m.transformed(n)})
	}
	m.kustomize()
	for _, b := range m.plan.Blockers {
		if b.Reason == api.ReasonInvalidKustomization {
			return nil, fmt.Errorf("what the application has written last does not fit the kustomization: %s", strings.TrimSuffix(b.Object+": "+b.Message, ": "))
		}
	}
	return m.plan, nil
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
	out := *p
	out.Objects = slices.Clone(p.Objects)
	for _, again := range r.Objects {
		if i := slices.IndexFunc(out.Objects, func(o Object) bool { return o.Ref == again.Ref && o.Written }); i >= 0 {
			out.Objects[i].Object, out.Objects[i].Origin = again.Object, again.Origin
		}
	}
	out.Objects = slices.DeleteFunc(out.Objects, func(o Object) bool { return o.Written && slices.Contains(r.Gone, o.Ref) })
	return &out
}
