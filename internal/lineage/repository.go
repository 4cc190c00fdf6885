package lineage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// The repository of a claim serves a move and all ways back and forward. It is that of the claim on the
// side where it does not lie: at the source of the first move. So it is there before the other claim is.

// Repository is the name of the claim that a mobilizer keeps its state of a claim in.
func Repository(lineage string, claim types.UID) string {
	return "kubemove-repo-" + hash10(lineage, string(claim))
}

// Password of that repository, from the master key of the lineage.
func Password(master []byte, lineage string, claim types.UID) string {
	return mac(master, "repository", lineage, string(claim))
}

// PlacePassword of the state that a mobilizer keeps of a claim in a place of the user's, which he finds
// by the claim's name. There it stays what it was when the claim is made anew.
func PlacePassword(master []byte, claim string) string { return mac(master, claim) }

func mac(master []byte, parts ...string) string {
	m := hmac.New(sha256.New, master)
	m.Write([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(m.Sum(nil))
}

// hash10 is a short name for a list of strings.
func hash10(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:10]
}
