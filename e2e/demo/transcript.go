package demo

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// The transcript of a showing stands in a page between a line that names the test, and this one.
const transcriptEnd = "<!-- The end of what is written. -->"

func transcriptBegin(test string) string {
	return "<!-- Written by: cd e2e && go test -run " + test + " . -update -->"
}

// Transcript of a page that a test has written: what stands between the two comments that mark it, without the fences.
func Transcript(page, test string) (string, error) {
	data, err := os.ReadFile(page)
	if err != nil {
		return "", err
	}
	_, transcript, _, err := cutPage(page, string(data), transcriptBegin(test))
	transcript = strings.TrimPrefix(transcript, "```text\n")
	return strings.TrimSuffix(transcript, "```\n"), err
}

// WriteTranscript puts the transcript of a test between the comments of a page.
func WriteTranscript(page, test, transcript string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, _, after, err := cutPage(page, string(data), transcriptBegin(test))
	if err != nil {
		return err
	}
	return os.WriteFile(page, []byte(before+"```text\n"+transcript+"```\n"+after), 0o644)
}

// cutPage in front of and behind of the transcript. The comments stay with the rest.
func cutPage(page, text, begin string) (before, transcript, after string, err error) {
	before, rest, begins := strings.Cut(text, begin+"\n")
	transcript, after, ends := strings.Cut(rest, transcriptEnd)
	if !begins || !ends {
		return "", "", "", fmt.Errorf("%s has no place for a transcript, expected the lines %q and %q", page, begin, transcriptEnd)
	}
	return before + begin + "\n", transcript, transcriptEnd + after, nil
}

// masks cover what differs from one showing to the next, in this order.
var masks = []struct {
	what *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\b(client)-[a-z0-9]+-[a-z0-9]{5}\b`), "$1-POD"},
	{regexp.MustCompile(`\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`), "UID"},
	{regexp.MustCompile(`\b[0-9a-f]{12,}\b`), "HASH"},
	{regexp.MustCompile(`\b(kubemove-[a-z-]+)-[0-9a-f]{8}\b`), "$1-ID"},
	{regexp.MustCompile(`\bpostgres-[0-9a-z]{8,10}\b`), "postgres-REVISION"},
	{regexp.MustCompile(`\d+([.:]\d+)*`), "N"},
	{regexp.MustCompile(`\bN min( N s)?\b`), "N s"},
	{regexp.MustCompile(`\bN [KMG]iB\b`), "N B"},
	{regexp.MustCompile(`PostgreSQL N[-+~.0-9A-Za-z]*`), "PostgreSQL N"},
	// Columns are as wide as what stands in them.
	{regexp.MustCompile(`[ \t]+`), " "},
	// How many copies there were is a matter of time.
	{regexp.MustCompile(`(?m)^( N-N-N NZ run Schedule Succeeded .*\n)+`), " N-N-N NZ run Schedule Succeeded\n"},
}

// Masked is a transcript without what differs from one showing to the next.
func Masked(transcript string) string {
	for _, m := range masks {
		transcript = m.what.ReplaceAllString(transcript, m.with)
	}
	return transcript
}
