package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/kubemove/kubemove/internal/relay"
)

// route is how connections of the source's mobilizer get to the target.
type route struct {
	mu sync.Mutex
	// asked are the addresses that a route was looked for; only: the coordinator's sessions must not
	// be used instead.
	asked []string
	only  bool
	// address that was reached; empty: none yet.
	address string
}

// get returns the direct address, and whether it is the only route.
func (r *route) get() (address string, only bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.address, r.only
}

// known returns the answer to a question that was asked before.
func (r *route) known(addresses []string, only bool) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.only = only
	if !slices.Equal(r.asked, addresses) {
		r.asked, r.address = slices.Clone(addresses), ""
	}
	return r.address
}

func (r *route) found(addresses []string, address string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Equal(r.asked, addresses) {
		r.address = address
	}
}

// lost forgets an address that is not reached any more. It returns whether it was still in use.
func (r *route) lost(address string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.address != address {
		return false
	}
	r.address, r.asked = "", nil
	return true
}

// loseRoute lets all further connections take the route through the coordinator, and tells it.
func (a *Agent) loseRoute(address string, err error) {
	if !a.route.lost(address) {
		return
	}
	problem := fmt.Sprintf("%s was reached before, and is not any more: %v", address, err)
	a.Log.Warn("the direct route to the target is lost: connections go through the API servers from now on", "address", address, "error", err)
	if c := a.controlStream.Load(); c != nil {
		_ = c.Send(relay.Message{Type: relay.TypeRoute, Problem: problem})
	}
}

// findRoute answers the coordinator's question for a direct route.
func (a *Agent) findRoute(ctx context.Context, c *relay.Control, m relay.Message) {
	address := a.route.known(m.Addresses, m.Only)
	answer := relay.Message{Type: relay.TypeRoute, Address: address}
	if address == "" {
		looking, cancel := context.WithTimeout(ctx, a.ProbeTimeout)
		defer cancel()
		found, err := relay.FindDirect(looking, m.Addresses, a.TLS)
		if err != nil {
			answer.Problem = strings.ReplaceAll(err.Error(), "\n", "; ")
		} else {
			a.route.found(m.Addresses, found)
			answer.Address = found
		}
		a.Log.Info("looked for a direct route to the target", "addresses", m.Addresses, "reached", answer.Address, "problem", answer.Problem)
	}
	_ = c.Send(answer)
}

// serveDirect accepts agents of sources; those without a certificate of this run are refused.
func (a *Agent) serveDirect(ctx context.Context) {
	// Strangers may connect, too: they get no more than so many at a time.
	slots := make(chan struct{}, 256)
	for {
		conn, err := a.Direct.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				a.Log.Error("cannot accept the source", "error", err)
			}
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			conn.Close()
			return
		}
		go func() {
			defer func() { <-slots }()
			a.servePeerStream(ctx, conn)
		}()
	}
}
