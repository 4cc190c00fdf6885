package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

const (
	// listLength of blockers and warnings in a status.
	listLength = 10
	// volumeLength of volumes in a status, as the API takes them, and volumeBytes of their JSON,
	// so that a status with two of such lists fits into an annotation.
	volumeLength = 256
	volumeBytes  = 28 << 10
)

// Summary of a plan that was made just now, for a status.
func Summary(p *application.Plan) *api.PlanStatus {
	s := &api.PlanStatus{
		Hash:     p.Hash(),
		MadeAt:   new(metav1.Now().Rfc3339Copy()),
		Objects:  int64(len(p.Objects)),
		Blockers: p.Blockers[:min(len(p.Blockers), listLength)],
		Kinds:    kindsOf(p),
		Warnings: fewWarnings(p.Warnings, ""),
	}
	for _, v := range p.Volumes {
		planned := api.PlannedVolume{Name: v.Name, Target: v.Target, Mobilizer: v.Mobilizer, CapacityBytes: v.CapacityBytes}
		if v.Usage != nil {
			planned.UsedBytes, planned.Files = v.Usage.Bytes, v.Usage.Files
		}
		s.Volumes = append(s.Volumes, planned)
	}
	return fit(s)
}

// fit blocks a plan with more volumes than a status holds.
func fit(s *api.PlanStatus) *api.PlanStatus {
	data, err := json.Marshal(s.Volumes)
	if err == nil && len(data) <= volumeBytes && len(s.Volumes) <= volumeLength {
		return s
	}
	tooMany := api.Blocker{Reason: api.ReasonInvalidSpec,
		Message: fmt.Sprintf("the application has %d claims, and at most %d with names of a usual length "+
			"can be moved at once: select fewer workloads and make several moves", len(s.Volumes), volumeLength)}
	s.Blockers = append([]api.Blocker{tooMany}, s.Blockers[:min(len(s.Blockers), listLength-1)]...)
	s.Volumes = nil
	return s
}

// Stored is a plan as people read it, in the Secret that the status names.
type Stored struct {
	Hash string `json:"hash"`
	*application.Plan
	// Former is what differs from the plan of another hash that the pair had before; nil: it had none.
	Former *Former `json:"former,omitempty"`
	// Surveys of the volumes, by the name of the source claim.
	Surveys map[string]Surveyed `json:"surveys,omitempty"`
	// Images says when the target last had all images of a set, by the set's key.
	Images map[string]time.Time `json:"images,omitempty"`
}

// Former names a plan that is not stored any more.
type Former struct {
	Hash string `json:"hash"`
	// Changes since then.
	Changes []string `json:"changes,omitempty"`
}

// since says what differs from the plan that the pair has had so far.
func (s Stored) since(is *application.Plan) *Former {
	switch {
	case s.Plan == nil:
		return nil
	case s.Hash == is.Hash():
		return s.Former
	}
	return &Former{Hash: s.Hash, Changes: application.Changes(s.Hash, s.Plan, is)}
}

// Redacted is the plan without the values of Secrets: only their keys are kept, and neither patches nor
// what was applied last, which may hold such values.
func Redacted(p *application.Plan) Stored {
	out := *p
	out.Transform = nil
	out.Objects = make([]application.Object, len(p.Objects))
	for i, o := range p.Objects {
		o.Origin = nil
		if o.Kind == "Secret" && o.Group == "" {
			o.Object = redactSecret(o.Object)
		}
		out.Objects[i] = o
	}
	return Stored{Hash: p.Hash(), Plan: &out}
}

func redactSecret(o unstructured.Unstructured) unstructured.Unstructured {
	o = *o.DeepCopy()
	for _, field := range []string{"data", "stringData"} {
		values, _ := o.Object[field].(map[string]any)
		for key := range values {
			values[key] = ""
		}
	}
	// Annotations of a Secret may repeat its values, as kubectl's does.
	annotations := o.GetAnnotations()
	for key := range annotations {
		annotations[key] = ""
	}
	if annotations != nil {
		o.SetAnnotations(annotations)
	}
	return o
}

// secretLength leaves room for the numbers of further Secrets in a name of 253 characters.
const secretLength = 240

// SecretName of a pair's stored plan.
func SecretName(pair, pairUID, hash string) string {
	tail := "-" + cluster.ShortHash(pairUID+hash) + "-plan"
	if len(pair)+len(tail) > secretLength {
		pair = strings.TrimRight(pair[:secretLength-len(tail)], "-.")
	}
	return pair + tail
}
