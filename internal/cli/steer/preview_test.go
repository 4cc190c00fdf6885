package steer

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

func TestPreview(t *testing.T) {
	for name, c := range map[string]struct{ reason, spec, want string }{
		"live": {
			"A live move begins to copy at once, and one that is suspended is not planned.",
			`{"mode": "Live", "sync": {"interval": "30s"}, "suspend": true, "targets": [{"name": "dst"}]}`,
			`{"mode": "Offline", "switch": {"approval": "Manual"}, "targets": [{"name": "dst"}]}`,
		},
		"automatic": {
			"One that approves by itself would switch; a time that is past would be refused. The rest is part of the plan.",
			`{"mode": "Offline", "switch": {"approval": "Automatic", "at": "2026-01-01T00:00:00Z", "target": "dst"}}`,
			`{"mode": "Offline", "switch": {"approval": "Manual", "target": "dst"}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Preview(Manifest{Kind: snapshot.KindEngine, JSON: []byte(`{"kind": "MoveEngine", "spec": ` + c.spec + `}`)})
			if err != nil {
				t.Fatal(err)
			}
			var o struct{ Spec any }
			if err := json.Unmarshal(got.JSON, &o); err != nil {
				t.Fatal(err)
			}
			var want any
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, o.Spec); diff != "" {
				t.Errorf("%s\n(-want +got):\n%s", c.reason, diff)
			}
		})
	}
}

func TestPreviewRefuses(t *testing.T) {
	for _, m := range []Manifest{
		{Kind: snapshot.KindReverse, JSON: []byte(`{"spec": {}}`)},
		{Kind: snapshot.KindEngine, JSON: []byte(`{"spec": "Live"}`)},
	} {
		got, err := Preview(m)
		if err == nil || !strings.Contains(err.Error(), "it ") {
			t.Errorf("%s %s is taken as %s, %v", m.Kind, m.JSON, got.JSON, err)
		}
	}
}
