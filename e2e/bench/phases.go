package bench

import (
	"fmt"
	"slices"
	"time"
)

// phase of the data run of a move, as the processes of its workers show it.
type phase struct {
	Name string
	Took time.Duration
}

// phases cuts the time from go until verified into parts. They follow each other without gaps.
func phases(began, verified time.Time, all []process) ([]phase, error) {
	find := func(program, verb string) (process, error) {
		for _, p := range all {
			if p.Program == program && (verb == "" || len(p.Args) > 0 && p.Args[0] == verb) && !p.End.IsZero() {
				return p, nil
			}
		}
		return process{}, fmt.Errorf("no process %s %s was seen from its begin to its end in the workers, expected one: "+
			"does this program see the processes of the lab?", program, verb)
	}
	var of [3]process
	for i, verb := range []string{"init", "backup", "restore"} {
		var err error
		if of[i], err = find("restic", verb); err != nil {
			return nil, err
		}
	}
	workers := slices.DeleteFunc(slices.Clone(all), func(p process) bool { return p.Program != "kubemove-ddm" })
	if len(workers) != 2 {
		return nil, fmt.Errorf("%d worker processes were seen, expected 2: was the run tried again?", len(workers))
	}
	target := workers[0]
	if target.Container != of[2].Container {
		target = workers[1]
	}
	cuts := []struct {
		name string
		at   time.Time
	}{
		{"until the target's worker runs", target.Begin},
		{"until restic init", of[0].Begin},
		{"restic init", of[0].End},
		{"until restic backup", of[1].Begin},
		{"restic backup, to the other cluster", of[1].End},
		{"until restic restore", of[2].Begin},
		{"restic restore", of[2].End},
		{"comparison and syncfs", target.End},
		{"until the driver has seen both ends", verified},
	}
	var out []phase
	last := began
	for _, c := range cuts {
		// What was seen late by a moment must not make a part negative.
		at := slices.MaxFunc([]time.Time{last, c.at}, time.Time.Compare)
		out = append(out, phase{c.name, at.Sub(last)})
		last = at
	}
	return out, nil
}

// calls of restic that were seen.
func calls(all []process) [][]string {
	var out [][]string
	for _, p := range all {
		if p.Program == "restic" {
			out = append(out, p.Args)
		}
	}
	return out
}
