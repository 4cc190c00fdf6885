package initial

import (
	"encoding/json"
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
)

// CheckAnnotated says why the workloads cannot be annotated for the engine; nil: they can.
func (e Engine) CheckAnnotated() error {
	for _, w := range e.Workloads {
		if w.Engine != "" && w.Engine != e.Name {
			return fault.New(fault.Failed, fmt.Sprintf("cannot annotate %s in namespace %s", w.Ref(), e.Namespace),
				"it is annotated for the engine %s; leave it out, or remove its annotation %s", w.Engine, api.EngineAnnotation).
				Trying("kubectl", "--namespace", e.Namespace, "annotate", w.Ref(), api.EngineAnnotation+"-")
		}
	}
	return nil
}

// AnnotateWords are the kubectl command that lets a workload move with the engine.
func (e Engine) AnnotateWords(w Workload) []string {
	return []string{"kubectl", "--namespace", e.Namespace, "annotate", w.Ref(),
		api.ApplyAnnotation + "=true", api.EngineAnnotation + "=" + e.Name}
}

// AnnotatePatch is a merge patch that does the same.
func (e Engine) AnnotatePatch() []byte {
	data, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{
		api.ApplyAnnotation: "true", api.EngineAnnotation: e.Name}}})
	if err != nil {
		panic(fmt.Sprintf("cannot encode a map of texts: %v", err))
	}
	return data
}
