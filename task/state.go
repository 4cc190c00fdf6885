package task

import (
	"path"
	"strings"
)

// ClaimPrefix begins a place of the user's own that is a claim in the target namespace:
// claim:NAME.
const ClaimPrefix = "claim:"

// PasswordKey is the file in CredentialsDir that KubeMove itself makes.
const PasswordKey = "password"

// OwnState is where the user wants the state kept, as he wrote it; empty: wherever KubeMove
// keeps it.
func (m Mobilizer) OwnState() string {
	if m.StateParameter == "" {
		return ""
	}
	return m.Parameters[m.StateParameter]
}

// OwnClaim is the user's claim at the target that holds the state; empty: it is no claim of
// his.
func (m Mobilizer) OwnClaim() string {
	name, ok := strings.CutPrefix(m.OwnState(), ClaimPrefix)
	if !ok {
		return ""
	}
	return name
}

// ManagedState tells whether the state lies in a claim that KubeMove makes.
func (m Mobilizer) ManagedState() bool { return m.State && m.OwnState() == "" }

// UserCredentialsDir is the folder, inside of dir, with the keys of the user's Secret for a
// mobilizer.
func UserCredentialsDir(dir, mobilizer string) string { return path.Join(dir, mobilizer) }
