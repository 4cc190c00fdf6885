package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/kubemove/kubemove/e2e/lab"
)

// clusters is the lab that every test of this package uses.
var clusters *lab.Lab

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

// runTests brings the lab up for the tests. It takes it down again only when
// it was not up before; KUBEMOVE_E2E_KEEP=1 leaves it up in any case.
func runTests(m *testing.M) int {
	ctx := context.Background()
	var err error
	if clusters, err = lab.Open(""); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	_, down := clusters.Status(ctx)
	if down != nil && os.Getenv("KUBEMOVE_E2E_KEEP") != "1" {
		defer func() {
			if err := clusters.Down(ctx); err != nil {
				fmt.Fprintln(os.Stderr, "error:", err)
			}
		}()
	}
	if os.Getenv("KUBEMOVE_E2E_AS_IS") == "1" && down == nil {
		return m.Run() // What is installed was changed on purpose: see record.sh.
	}
	if err := clusters.Up(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	defer reportFaults(os.Stdout)
	return m.Run()
}
