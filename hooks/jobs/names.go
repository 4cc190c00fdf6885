// Package jobs builds the Jobs that carry out the steps of a move and decides, from the Jobs
// that are observed, which one is next. It is pure.
package jobs

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Lengths of names.
const (
	maxJobName   = 63
	maxChildName = 253
	hashLength   = 10
	intentLength = 8
)

// encoding of hashes: lower-case letters and digits only, valid anywhere in a name.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Hash is a short hash of the parts; the same text cut elsewhere gives another hash.
func Hash(length int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return encoding.EncodeToString(h.Sum(nil))[:length]
}

// Intent is the hash of what the user intended with a step of one parent. Values are plain
// data; images and versions have no place in it, or an upgrade would run finished steps again.
func Intent(parentUID string, values ...any) string {
	data, err := json.Marshal(values)
	if err != nil {
		// Intents are made of API types and strings, which always encode.
		panic(fmt.Sprintf("cannot encode an intent: %v", err))
	}
	return Hash(intentLength, parentUID, string(data))
}

// Name of a Job: KIND-PARENT-HASH-STEP-INTENT-ATTEMPT, at most 63 characters.
func Name(prefix, namespace, parent, step, intent string, attempt int) string {
	tail := "-" + Hash(hashLength, namespace, parent) + "-" + step + "-" + intent + "-" + strconv.Itoa(attempt)
	room := maxJobName - len(prefix) - 1 - len(tail)
	return prefix + "-" + label(parent, room) + tail
}

// label cuts a name to room characters and makes it fit for a DNS label: no dots, and no dash
// at the end.
func label(name string, room int) string {
	name = strings.ReplaceAll(name, ".", "-")
	if len(name) > room {
		name = name[:max(room, 0)]
	}
	return strings.Trim(name, "-")
}

// Child is the name of a child that people read: PARENT-SUFFIX. One that would be too long is
// cut and gets a hash.
func Child(parent, suffix string) string {
	name := parent + "-" + suffix
	if len(name) <= maxChildName {
		return name
	}
	tail := "-" + Hash(hashLength, parent, suffix) + "-" + suffix
	if len(tail) > maxChildName/2 {
		tail = "-" + Hash(hashLength, parent, suffix)
	}
	return strings.TrimRight(parent[:maxChildName-len(tail)], "-.") + tail
}

// DataAccount is the ServiceAccount of the Jobs open and sync of a pair.
func DataAccount(pair string) string { return Child(pair, "data") }

// SwitchAccount is the ServiceAccount of the Jobs plan, cutover, rollback and cleanup of a pair.
func SwitchAccount(pair string) string { return Child(pair, "switch") }
