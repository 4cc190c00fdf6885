package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestThereAndBack moves a PostgreSQL whose client never stops writing, back with what was written there, and both once more.
// What is acknowledged anywhere is there at each station, and in the end nothing of KubeMove is left but the records.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	_, err := clusters.LoadPostgres(t.Context())
	require.NoError(t, err)
	s := newScenario(t)
	s.kubectl(s.src, "apply", "-k", clusters.Root+"/examples/postgres")
	s.kubectl(s.src, "rollout", "status", "statefulset/postgres", "deployment/client", timeout)
	heard := map[string]bool{}
	s.station(s.src, s.dst, heard, func() {
		s.apply(s.src, "live.yaml", "mode: Live", "mode: Offline", "  sync: {interval: 20s}\n", "")
		s.approve("shop-dst")
		s.switched()
	})
	steps := []struct {
		name, sw, active string
		from, to         *lab.Cluster
	}{
		{"back", "shop-dst", "Source", s.dst, s.src}, {"again", "back", "Target", s.src, s.dst},
		{"home", "again", "Source", s.dst, s.src},
	}
	for _, x := range steps {
		s.station(x.from, x.to, heard, func() {
			s.apply(s.src, "reverse.yaml", "NAME", x.name, "SWITCH", x.sw)
			s.kubectl(s.src, "wait", "--for=condition=Switched", "movereverse/"+x.name, timeout)
		})
		t.Log("\n" + s.kubectl(s.src, "get", "movereverse,moveswitch", "-o", "wide"))
		s.await(patience, "the engine to say where its application is", func() error {
			if side := s.kubectl(s.src, "get", "moveengine", "shop", "-o", "jsonpath={.status.active.side}"); side != x.active {
				return fmt.Errorf("it says %q, want %q", side, x.active)
			}
			return nil
		})
		require.Equal(t, "0", s.kubectl(x.from, "get", "statefulset", "postgres", "-o", "jsonpath={.spec.replicas}"))
		active := `jsonpath={.items[*].metadata.annotations.kubemove\.io/active}`
		require.Empty(t, s.kubectl(x.from, "get", "pvc", "-o", active), "the claims that the application has left are passive")
		require.Equal(t, s.kubectl(s.src, "get", "moveswitch", x.name, "-o", "jsonpath={.metadata.uid}"),
			s.kubectl(x.to, "get", "pvc", "-l", "!kubemove.io/repository", "-o", active))
		held := `jsonpath={.metadata.annotations.kubemove\.io/held-by}{.metadata.annotations.kubemove\.io/ledger}`
		require.Empty(t, s.kubectl(x.to, "get", "statefulset", "postgres", "-o", held), "nothing of a switch is on what runs")
	}
	s.kubectl(s.src, "delete", "movereverse", "home", "again", "back", timeout)
	s.kubectl(s.src, "delete", "moveengine", "shop", timeout)
	s.noLeftovers()
	for _, c := range []*lab.Cluster{s.src, s.dst} {
		require.Empty(t, s.kubectl(c, "get", "pvc", "-l", "kubemove.io/repository", "-o", "name"), "repositories are left at "+c.Name)
		require.Empty(t, s.kubectl(c, "get", "configmaps", "-l", "app.kubernetes.io/managed-by=kubemove", "-o", "name"),
			"records are left at "+c.Name)
	}
}

// station lets the client write at one side, has the application go to the other one, and finds there what is acknowledged.
func (s *scenario) station(from, to *lab.Cluster, heard map[string]bool, move func()) {
	s.t.Helper()
	since := s.lastWrite(from)
	s.await(patience, "writes at "+from.Name, func() error {
		if n := s.lastWrite(from); n < since+20 {
			return fmt.Errorf("the last write is %d, it was %d", n, since)
		}
		return nil
	})
	acknowledged := s.followClient(from)
	move()
	s.kubectl(to, "rollout", "status", "statefulset/postgres", "deployment/client", timeout)
	for _, w := range acknowledged() {
		heard[w] = true
	}
	rows := map[string]bool{}
	for _, row := range strings.Fields(s.sql(to, "select number || '/' || writer from writes")) {
		rows[row] = true
	}
	for w := range heard {
		require.True(s.t, rows[w], "the write %s was acknowledged and is not there", w)
	}
	s.t.Logf("%s to %s: %d acknowledged writes, all of them are there, among %d rows", from.Name, to.Name, len(heard), len(rows))
}
