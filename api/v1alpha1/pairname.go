package v1alpha1

import (
	"crypto/sha256"
	"encoding/hex"
)

// PairNameLabel on a MovePair and on a MoveSwitch holds PairNameHash of the pair's name. By it the hooks select the
// objects that belong together: a pair its switch, a switch and a DataSync their pair. Written by the engine, and by
// who makes such an object without one.
const PairNameLabel = "kubemove.io/pair-name"

// hashedName is how much of a name counts, in bytes. The name of a DataSync is its pair's and the mobilizer's; one that
// is too long is cut, and what is left of the pair's name is longer than this.
const hashedName = 190

// PairNameHash is the value of PairNameLabel for the name of a pair, which itself may be too long for a label: the
// first 16 digits of its SHA-256, of which a shell makes the same.
func PairNameHash(name string) string {
	sum := sha256.Sum256([]byte(name[:min(len(name), hashedName)]))
	return hex.EncodeToString(sum[:8])
}
