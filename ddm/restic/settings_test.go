package restic

import (
	"strings"
	"testing"
)

// TestParseSettingsQuotesNothing: a value in the wrong parameter may be a secret.
func TestParseSettingsQuotesNothing(t *testing.T) {
	for name, parameters := range map[string]map[string]string{
		"compression": {"compression": "hush"},
		"packSize":    {"packSize": "hush"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseSettings(parameters)
			if err == nil || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v, want an error that names %s and does not quote it", err, name)
			}
		})
	}
}
