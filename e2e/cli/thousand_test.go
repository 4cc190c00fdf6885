//go:build cli

package cli

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Bounds of a table of a thousand moves.
const (
	thousand    = 1000
	mostSeconds = 2
	// mostRequests: one for each of the five kinds from the memory of the API server, or pages of 500 until that is filled.
	mostRequests = 15
)

// thousand MoveEngines with all that belongs to them are shown in two seconds, with a few requests.
func (s *scripts) thousand(t *testing.T) {
	began := time.Now()
	const writers = 8
	errs := make(chan error, writers)
	for w := range writers {
		go func() { errs <- s.cluster.write1000(t.Context(), w, writers) }()
	}
	for range writers {
		require.NoError(t, <-errs)
	}
	t.Logf("%d moves were written in %s", thousand, time.Since(began).Round(time.Second))
	best := time.Hour
	for range 5 {
		var out, errOut bytes.Buffer
		c := exec.CommandContext(t.Context(), "kubectl-move", "status", "-A", "-v", "--kubeconfig", s.kubeconfig)
		c.Stdout, c.Stderr = &out, &errOut
		start := time.Now()
		require.NoError(t, c.Run(), errOut.String())
		took := time.Since(start)
		best = min(best, took)
		rows := strings.Count(out.String(), "thousand-")
		require.Equal(t, thousand, rows)
		said := regexp.MustCompile(`(\d+) requests in`).FindStringSubmatch(errOut.String())
		require.NotNil(t, said, errOut.String())
		requests, err := strconv.Atoi(said[1])
		require.NoError(t, err)
		require.LessOrEqual(t, requests, mostRequests)
		cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
		t.Logf("status -A of %d moves: %s, of it %s of CPU; %d requests", thousand, took.Round(time.Millisecond), cpu.Round(time.Millisecond),
			requests)
	}
	require.Less(t, best.Seconds(), float64(mostSeconds))
}

// write1000 makes every so-manieth of the moves, each of its own name, 125 in a namespace.
func (c *cluster) write1000(ctx context.Context, first, step int) error {
	ns := fmt.Sprintf("thousand-%d", first)
	_, err := c.core.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, metav1.CreateOptions{})
	for n := first; n < thousand && err == nil; n += step {
		name := fmt.Sprintf("shop-%d", n)
		err = c.become(ctx, ns, "approval", func(o object) {
			o.SetName(strings.Replace(o.GetName(), "shop", name, 1))
			rename(o, "shop", name)
		})
	}
	return err
}
