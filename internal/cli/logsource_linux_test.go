package cli

import (
	"testing"

	"github.com/kubemove/kubemove/internal/transfer"
)

// TestClaimAnnotation: what writes it builds on Linux alone, so its name is written here once more.
func TestClaimAnnotation(t *testing.T) {
	t.Parallel()
	if claimAnnotation != transfer.ClaimAnnotation {
		t.Errorf("the claim of a worker is looked for in %s, and written to %s", claimAnnotation, transfer.ClaimAnnotation)
	}
}
