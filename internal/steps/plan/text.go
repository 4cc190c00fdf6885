package plan

import "strings"

func compare(a, b string) int { return strings.Compare(a, b) }

func hasSuffix(s, suffix string) bool {
	return strings.HasSuffix(strings.ToLower(s), strings.ToLower(suffix))
}
