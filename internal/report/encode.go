package report

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/kubemove/kubemove/task"
)

const (
	// textLength of a message, as the API takes it.
	textLength = 1024
	// shortLength of a message when room is short.
	shortLength = 120
	// listLength of warnings and blockers.
	listLength = 10
)

// Encode makes the JSON of a status, no longer than task.MaxSize. What does not fit is cut,
// the least important first; run, step, switch and result always remain.
func Encode(s task.Status) ([]byte, error) {
	s = clone(s)
	clip(&s, textLength)
	cuts := []func(*task.Status){
		func(s *task.Status) { clip(s, shortLength) },
		func(s *task.Status) {
			s.Warnings = nil
			for i := range s.Passes {
				s.Passes[i].Warnings = nil
			}
		},
		func(s *task.Status) {
			if s.Plan != nil {
				s.Plan.Warnings, s.Plan.Kinds = nil, nil
			}
		},
		func(s *task.Status) {
			for i := range s.Volumes {
				s.Volumes[i].Verification = nil
			}
		},
		func(s *task.Status) { s.Volumes = nil },
	}
	for i := -1; i < len(cuts); i++ {
		if i >= 0 {
			cuts[i](&s)
		}
		data, err := json.Marshal(s)
		if err != nil {
			return nil, fmt.Errorf("cannot encode the status: %w", err)
		}
		if len(data) <= task.MaxSize {
			return data, nil
		}
	}
	return nil, fmt.Errorf("the status is longer than %d bytes even without volumes and warnings", task.MaxSize)
}

// clip shortens every text and list to what the API takes.
func clip(s *task.Status, n int) {
	s.Message = text(s.Message, n)
	s.Warnings = list(s.Warnings, n)
	for i := range s.Volumes {
		s.Volumes[i].Error = text(s.Volumes[i].Error, n)
	}
	if s.Result != nil {
		s.Result.Message = text(s.Result.Message, textLength)
	}
	for i := range s.Passes {
		s.Passes[i].Message, s.Passes[i].Warnings = text(s.Passes[i].Message, n), list(s.Passes[i].Warnings, n)
	}
	if p := s.Plan; p != nil {
		p.Warnings = list(p.Warnings, n)
		p.Blockers = p.Blockers[:min(len(p.Blockers), listLength)]
		for i := range p.Blockers {
			p.Blockers[i].Message = text(p.Blockers[i].Message, n)
		}
	}
	if w := s.Switch; w != nil {
		for i := range w.Steps {
			w.Steps[i].Message = text(w.Steps[i].Message, n)
		}
		if w.FinalRun != nil {
			w.FinalRun.Message = text(w.FinalRun.Message, n)
		}
	}
}

func list(in []string, n int) []string {
	out := in[:min(len(in), listLength)]
	for i := range out {
		out[i] = text(out[i], n)
	}
	return out
}

func text(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-3], "") + "..."
}

// clone copies a status deeply.
func clone(s task.Status) task.Status {
	data, err := json.Marshal(s)
	if err != nil {
		// A Status is made of strings, numbers and times: this cannot happen.
		panic(fmt.Sprintf("cannot encode a status: %v", err))
	}
	var out task.Status
	if err := json.Unmarshal(data, &out); err != nil {
		panic(fmt.Sprintf("cannot decode a status: %v", err))
	}
	return out
}
