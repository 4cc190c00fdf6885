package transfer

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/task"
)

func says(v task.VolumeProgress) *task.Status {
	v.Name = "data"
	return &task.Status{APIVersion: task.APIVersion, RunID: "run-1", Volumes: []task.VolumeProgress{v}}
}

func TestMerge(t *testing.T) {
	cases := map[string]struct {
		reason         string
		before         task.VolumeProgress
		source, target *task.Status
		want           task.VolumeProgress
	}{
		"nothing yet": {
			reason: "workers that have not said anything change nothing",
			before: task.VolumeProgress{Stage: api.StagePreparing},
			want:   task.VolumeProgress{Stage: api.StagePreparing},
		},
		"read": {
			reason: "what is read counts half",
			before: task.VolumeProgress{Stage: api.StagePreparing},
			source: says(task.VolumeProgress{BytesDone: 100, BytesTotal: 400, FilesDone: 3, FilesTotal: 8}),
			want:   task.VolumeProgress{Stage: api.StageCopying, BytesDone: 50, BytesTotal: 400, FilesDone: 1, FilesTotal: 8},
		},
		"written": {
			reason: "what is written, too, counts whole; the total is the source's",
			before: task.VolumeProgress{Stage: api.StageCopying},
			source: says(task.VolumeProgress{BytesDone: 400, BytesTotal: 400}),
			target: says(task.VolumeProgress{BytesDone: 200, BytesTotal: 390}),
			want:   task.VolumeProgress{Stage: api.StageCopying, BytesDone: 300, BytesTotal: 400},
		},
		"never back": {
			reason: "a second try begins anew, the progress does not",
			before: task.VolumeProgress{Stage: api.StagePreparing, BytesDone: 300, BytesTotal: 400},
			source: says(task.VolumeProgress{BytesDone: 10, BytesTotal: 400}),
			want:   task.VolumeProgress{Stage: api.StageCopying, BytesDone: 300, BytesTotal: 400},
		},
		"bounded": {
			reason: "more than all is not shown",
			before: task.VolumeProgress{Stage: api.StageCopying, BytesDone: 300, BytesTotal: 400},
			source: says(task.VolumeProgress{BytesDone: 10, BytesTotal: 200}),
			want:   task.VolumeProgress{Stage: api.StageCopying, BytesDone: 200, BytesTotal: 200},
		},
		"verifying": {
			reason: "the target is last",
			before: task.VolumeProgress{Stage: api.StageCopying},
			target: says(task.VolumeProgress{Stage: api.StageVerifying}),
			want:   task.VolumeProgress{Stage: api.StageVerifying},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tc.before.Name, tc.want.Name = "data", "data"
			if diff := cmp.Diff(tc.want, merge(tc.before, tc.source, tc.target)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	cases := map[string]struct {
		reason    string
		every     time.Duration
		counts    []int64
		left      int64
		rate, eta int64
	}{
		"one sample": {reason: "one point is no line", every: time.Second, counts: []int64{0}, left: 10},
		"steady": {reason: "bytes per second, and the rest at that rate, rounded up",
			every: time.Second, counts: []int64{0, 100, 200, 300}, left: 1001, rate: 100, eta: 11},
		"no movement": {reason: "no rate, no promise", every: time.Second, counts: []int64{100, 100, 100}, left: 1000},
		"window": {
			reason: "what was more than a minute ago does not count",
			every:  30 * time.Second, counts: []int64{0, 1e9, 1e9 + 3000, 1e9 + 6000}, left: 1000, rate: 100, eta: 10,
		},
		"done": {reason: "nothing left, nothing to wait for", every: time.Second, counts: []int64{0, 500}, rate: 500},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var samples []sample
			now := noon
			for i, n := range tc.counts {
				now = noon.Add(time.Duration(i) * tc.every)
				samples = record(samples, sample{At: now, Bytes: n})
			}
			rate, eta := estimate(samples, tc.left, now)
			if rate != tc.rate || eta != tc.eta {
				t.Errorf("%s: %d bytes/s, %d s; want %d, %d", tc.reason, rate, eta, tc.rate, tc.eta)
			}
		})
	}
}

// TestRecordIsBounded: reports come often, the samples stay few.
func TestRecordIsBounded(t *testing.T) {
	var samples []sample
	for i := range 100_000 {
		samples = record(samples, sample{At: noon.Add(time.Duration(i) * 100 * time.Millisecond), Bytes: int64(i)})
	}
	if len(samples) > 70 {
		t.Errorf("%d samples for a window of a minute", len(samples))
	}
	now := samples[len(samples)-1].At
	if rate, _ := estimate(samples, 0, now); rate < 9 || rate > 10 {
		t.Errorf("rate %d, want 10", rate)
	}
}

func TestCompare(t *testing.T) {
	v := func(files, bytes int64, digest string) *task.Verification {
		return &task.Verification{Files: files, Bytes: bytes, Digest: digest}
	}
	cases := map[string]struct {
		reason         string
		source, target *task.Verification
		same           bool
	}{
		"equal":          {"all the same", v(1, 2, "m:a"), v(1, 2, "m:a"), true},
		"other methods":  {"digests of different methods cannot be compared", v(1, 2, "m:a"), v(1, 2, "n:b"), true},
		"one digest":     {"a digest is optional", v(1, 2, "m:a"), v(1, 2, ""), true},
		"digests differ": {"the same counts of other files", v(1, 2, "m:a"), v(1, 2, "m:b"), false},
		"files differ":   {"a file is missing", v(2, 2, ""), v(1, 2, ""), false},
		"bytes differ":   {"a file is short", v(1, 3, ""), v(1, 2, ""), false},
		"target is mute": {"not verified is not equal", v(1, 2, ""), nil, false},
		"source is mute": {"not verified is not equal", nil, v(1, 2, ""), false},
		"not verified":   {"not verified is not equal", nil, nil, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if err := compare(tc.source, tc.target); (err == nil) != tc.same {
				t.Errorf("%s: %v", tc.reason, err)
			}
		})
	}
}

func TestContentsCompared(t *testing.T) {
	v := func(digest string) *task.Verification { return &task.Verification{Digest: digest} }
	cases := map[string]struct {
		source, target *task.Verification
		ok             bool
	}{
		"both":    {v("checksum-v1:a"), v("checksum-v1:a"), true},
		"source":  {v("checksum-v1:a"), v("metadata-v2:a"), false},
		"neither": {v("metadata-v2:a"), v("metadata-v2:a"), false},
		"none":    {v(""), v(""), false},
		// compare leaves these alone.
		"other methods": {v("checksum-a:1"), v("checksum-b:1"), false},
		"no method":     {v("checksum-1"), v("checksum-2"), false},
		"no sum":        {v("checksum-a:"), v("checksum-a:"), false},
	}
	for name, tc := range cases {
		if err := contentsCompared(tc.source, tc.target); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
