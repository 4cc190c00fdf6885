package demo

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// The transcript of a showing stands in a page between these two lines.
const (
	transcriptBegin = "<!-- Written by: cd e2e && go test -run TestPostgresLive/demo . -update -->"
	transcriptEnd   = "<!-- The end of what is written. -->"
)

// Transcript of a page: what stands between the two comments that mark it, without the fences.
func Transcript(page string) (string, error) {
	data, err := os.ReadFile(page)
	if err != nil {
		return "", err
	}
	_, transcript, _, err := cutPage(page, string(data))
	transcript = strings.TrimPrefix(transcript, "```text\n")
	return strings.TrimSuffix(transcript, "```\n"), err
}

// WriteTranscript puts a transcript between the comments of a page.
func WriteTranscript(page, transcript string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, _, after, err := cutPage(page, string(data))
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(before+"```text\n"+transcript+"```\n"+after), 0o644)
}

// cutPage in front of and behind of the transcript. The comments stay with the rest.
func cutPage(page, text string) (before, transcript, after string, err error) {
	before, rest, begins := strings.Cut(text, transcriptBegin+"\n")
	transcript, after, ends := strings.Cut(rest, transcriptEnd)
	if !begins || !ends {
		return "", "", "", fmt.Errorf("%s has no place for a transcript, expected the lines %q and %q", page, transcriptBegin, transcriptEnd)
	}
	return before + transcriptBegin + "\n", transcript, transcriptEnd + after, nil
}

// masks cover what differs from one showing to the next, in this order.
var masks = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\b(client)-[a-z0-9]+-[a-z0-9]{5}\b`), "$1-POD"},
	{regexp.MustCompile(`\b[0-9a-f]{12,}\b`), "HASH"},
	{regexp.MustCompile(`\d+([.:]\d+)*`), "N"},
	{regexp.MustCompile(`PostgreSQL N[-+~.0-9A-Za-z]*`), "PostgreSQL N"},
	// Columns are as wide as what stands in them.
	{regexp.MustCompile(`[ \t]+`), " "},
}

// Masked is a transcript without what differs from one showing to the next.
func Masked(transcript string) string {
	for _, m := range masks {
		transcript = m.what.ReplaceAllString(transcript, m.with)
	}
	return transcript
}
