package planfile

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubemove/kubemove/internal/application"
)

// New is the plan without the values of Secrets: only their keys are kept, and neither patches nor
// what was applied last, which may hold such values. The plan that is given stays as it is.
func New(p *application.Plan) Plan {
	out := *p
	out.Transform, out.Beside = nil, nil
	out.Objects = make([]application.Object, len(p.Objects))
	for i, o := range p.Objects {
		o.Origin = nil
		if o.Kind == "Secret" && o.Group == "" {
			o.Object = Redacted(o.Object)
			if o.Former != nil {
				o.Former = &application.Former{UID: o.Former.UID, Object: Redacted(o.Former.Object)}
			}
		}
		out.Objects[i] = o
	}
	return Plan{Hash: p.Hash(), Plan: &out}
}

// Redacted is a Secret with its keys, and without the values of its data and its annotations.
func Redacted(secret unstructured.Unstructured) unstructured.Unstructured {
	secret = *secret.DeepCopy()
	for _, field := range []string{"data", "stringData"} {
		values, _ := secret.Object[field].(map[string]any)
		for key := range values {
			values[key] = ""
		}
	}
	// Annotations of a Secret may repeat its values, as kubectl's does.
	annotations := secret.GetAnnotations()
	for key := range annotations {
		annotations[key] = ""
	}
	if annotations != nil {
		secret.SetAnnotations(annotations)
	}
	return secret
}
