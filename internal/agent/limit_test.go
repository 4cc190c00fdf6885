package agent

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/kubemove/kubemove/task"
)

// TestLimit: what the source sends and receives keeps to the limit, on either route, also after a session was lost.
func TestLimit(t *testing.T) { overBothRoutes(t, testLimit) }

func testLimit(t *testing.T, h *harness) {
	go echoAfterEOF(h.worker)
	const limit = 1 << 20
	h.awaitConnected()
	h.link.Limit(limit)
	awaitLimit := func(is bool) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); (h.agents[task.RoleSource].limit.limiter.Load() != nil) != is; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the source has not heard of the limit, or of its end: want %t", is)
			}
		}
	}
	awaitLimit(true)
	want := make([]byte, 512<<10)
	if _, err := rand.Read(want); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	const trips = 2
	for range trips {
		if err := roundTrip(h.dialPeer(), want); err != nil {
			t.Fatal(err)
		}
	}
	// There and back. What may pass at once comes on top of the rate.
	if took, bytes := time.Since(begun).Seconds(), float64(2*trips*len(want)); bytes > 1.15*limit*took+limit/10 {
		t.Errorf("%.0f bytes in %.2f s are more than %d a second", bytes, took, limit)
	}
	h.cut()
	h.awaitConnected()
	h.link.Limit(0)
	awaitLimit(false)
	if err := roundTrip(h.dialPeer(), want); err != nil {
		t.Error(err)
	}
}
