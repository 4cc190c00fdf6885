package e2e

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestObjectsChangeAlone: an application that writes a ConfigMap and a Secret while it runs has their
// last values at the target, and the plan that was read can be approved meanwhile.
func TestObjectsChangeAlone(t *testing.T) {
	t.Parallel()
	for _, approval := range []string{"Manual", "Automatic"} {
		t.Run(approval, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			s.applyWithKubectl("foresight/objects-change-alone/app.yaml")
			s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
			s.apply(s.src, "foresight/engine.yaml", "approval: Manual", "approval: "+approval)
			if approval == "Manual" {
				hash := s.planned("shop-dst")
				s.counts(3)
				s.kubectl(s.src, "patch", "moveswitch", "shop-dst", "--type=merge", "-p", fmt.Sprintf(`{"spec":{"approvedPlan":%q}}`, hash))
			}
			s.kubectl(s.src, "wait", "--for=create", "moveswitch/shop-dst", timeout)
			require.Equal(t, "Switched", s.ended())
			s.kubectl(s.dst, "rollout", "status", "deployment/shop", timeout)
			log, err := s.dst.Exec(t.Context(), s.namespace, s.pod(s.dst, "app=shop"), "", "tail", "-n", "1", "/data/log")
			require.NoError(t, err)
			// An object may have what the file has not yet: the program writes the file last.
			require.Regexp(t, `^state is (0|-1) behind, session is (0|-1) behind\n$`, log)
		})
	}
}

// counts waits until the application has counted further.
func (s *scenario) counts(by int) {
	s.t.Helper()
	counter := func() int {
		n, err := strconv.Atoi(s.kubectl(s.src, "get", "configmap", "state", "-o", "jsonpath={.data.counter}"))
		require.NoError(s.t, err)
		return n
	}
	start := counter()
	s.await(patience, "the program to count", func() error {
		if n := counter(); n < start+by {
			return fmt.Errorf("it has counted from %d to %d", start, n)
		}
		return nil
	})
}
