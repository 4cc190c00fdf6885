package plan

import "strings"

// messageLength is the most that the API takes for a message.
const messageLength = 1024

func clip(s string) string {
	if len(s) <= messageLength {
		return s
	}
	return strings.ToValidUTF8(s[:messageLength-3], "") + "..."
}

func compare(a, b string) int { return strings.Compare(a, b) }

func hasSuffix(s, suffix string) bool {
	return strings.HasSuffix(strings.ToLower(s), strings.ToLower(suffix))
}
