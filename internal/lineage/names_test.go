package lineage

import "testing"

// TestNames: what outlives a move is the same for all of its lineage, and for nothing else.
func TestNames(t *testing.T) {
	master := []byte("master")
	same := Copy{Lineage: "l", Source: "a", Target: "b", Mobilizer: "restic", Place: "s3:x"}
	seen := map[string]string{}
	for what, name := range map[string]string{
		"repository":                    Repository("l", "a"),
		"repository of another lineage": Repository("m", "a"),
		"repository of another claim":   Repository("l", "b"),
		"repository, cut elsewhere":     Repository("la", ""),
		"password":                      Password(master, "l", "a"),
		"password of another key":       Password([]byte("other"), "l", "a"),
		"password of another lineage":   Password(master, "m", "a"),
		"password of another claim":     Password(master, "l", "b"),
		"password of a place":           PlacePassword(master, "a"),
		"password of another place":     PlacePassword(master, "b"),
		"copy":                          same.Mark(),
		"copy the other way":            Copy{Lineage: "l", Source: "b", Target: "a", Mobilizer: "restic", Place: "s3:x"}.Mark(),
		"copy of another lineage":       Copy{Lineage: "m", Source: "a", Target: "b", Mobilizer: "restic", Place: "s3:x"}.Mark(),
		"copy by another":               Copy{Lineage: "l", Source: "a", Target: "b", Mobilizer: "stream", Place: "s3:x"}.Mark(),
		"copy through another place":    Copy{Lineage: "l", Source: "a", Target: "b", Mobilizer: "restic"}.Mark(),
		"nothing copied":                CopyMark(object("claim")),
		"writing":                       Writing("a"),
	} {
		if other, ok := seen[name]; ok {
			t.Errorf("the %s is the %s: %q", what, other, name)
		}
		seen[name] = what
	}
	if again := same.Mark(); seen[again] != "copy" {
		t.Errorf("the mark of one copy is another one the next time: %s", again)
	}
}
