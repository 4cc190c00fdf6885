package check

import (
	"testing"

	"github.com/kubemove/kubemove/internal/steps/open"
	"github.com/kubemove/kubemove/internal/transfer"
)

// TestLabels: what writes them builds on Linux alone, so their names are written here once more.
func TestLabels(t *testing.T) {
	t.Parallel()
	if ClaimLabel != transfer.RepositoryLabel || LineageLabel != open.LineageLabel {
		t.Errorf("claims are told by %s and lineages by %s, and written are %s and %s", ClaimLabel, LineageLabel, transfer.RepositoryLabel,
			open.LineageLabel)
	}
}
