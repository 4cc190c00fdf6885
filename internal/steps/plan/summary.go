package plan

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
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
		Hash:         p.Hash(),
		MadeAt:       new(metav1.Now().Rfc3339Copy()),
		Objects:      int64(len(p.Objects)),
		Blockers:     p.Blockers[:min(len(p.Blockers), listLength)],
		Kinds:        kindsOf(p),
		Warnings:     fewWarnings(p.Warnings, ""),
		StopSeconds:  p.Timing.StopSeconds,
		StartSeconds: p.Timing.StartSeconds,
	}
	for _, v := range p.Volumes {
		planned := api.PlannedVolume{Name: v.Name, Target: v.Target, Mobilizer: v.Mobilizer, CapacityBytes: v.CapacityBytes}
		if v.Usage != nil {
			planned.UsedBytes, planned.Files = &v.Usage.Bytes, &v.Usage.Files
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
