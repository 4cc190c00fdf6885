package task

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSubject(t *testing.T) {
	pair, sw := Object{Name: "shop-dst", UID: "p"}, Object{Name: "shop-dst", UID: "s"}
	for name, tc := range map[string]struct {
		reason string
		move   *Move
		want   Subject
	}{
		"Pair":   {"plan, open and sync work for the pair", &Move{Pair: pair}, Subject{KindPair, pair}},
		"Switch": {"a switch works for itself, in a pair", &Move{Pair: pair, Switch: &sw}, Subject{KindSwitch, sw}},
		"None":   {"a mobilizer gets no task of KubeMove's own", nil, Subject{}},
	} {
		got := (&Task{Move: tc.move}).Subject()
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, tc.reason, diff)
		}
	}
}

// TestFirstPair: a pair that is the first is a lineage of its own.
func TestFirstPair(t *testing.T) {
	first, back := Object{Name: "shop-dst", UID: "1"}, Object{Name: "back", UID: "2"}
	if got := (&Move{Pair: first}).FirstPair(); got != first {
		t.Errorf("got %v", got)
	}
	if got := (&Move{Pair: back, Lineage: &first}).FirstPair(); got != first {
		t.Errorf("of a way back got %v", got)
	}
}
