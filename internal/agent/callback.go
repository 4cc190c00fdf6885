package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/kubemove/kubemove/internal/relay"
)

// The mobilizer of the target may dial, too. Only the source knows a direct route, so the target calls it
// through the coordinator, and the source calls back directly, or lets the data travel there.

// callbackWait is how long a connection may take that the source says to have made.
const callbackWait = 10 * time.Second

// callbacks are the calls of the target that the source may answer directly, by their tokens.
type callbacks struct {
	mu      sync.Mutex
	waiting map[string]chan *relay.Secure
}

// expect a connection; the function that it returns ends that.
func (c *callbacks) expect(token string) (<-chan *relay.Secure, func()) {
	arrives := make(chan *relay.Secure, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = map[string]chan *relay.Secure{}
	}
	c.waiting[token] = arrives
	return arrives, func() {
		c.mu.Lock()
		delete(c.waiting, token)
		c.mu.Unlock()
		select {
		case late := <-arrives:
			_ = late.Close()
		default:
		}
	}
}

// arrived hands a connection to the call that waits for it.
func (c *callbacks) arrived(token string, secure *relay.Secure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	arrives, ok := c.waiting[token]
	if !ok {
		_ = secure.Close()
		return
	}
	delete(c.waiting, token)
	arrives <- secure // There is room for one, and no token comes twice.
}

// callSource opens a secured peer stream to the source, over the route that the source chooses.
func (a *Agent) callSource(ctx context.Context) (*relay.Secure, error) {
	stream, err := a.openPeer(ctx)
	if err != nil {
		return nil, err
	}
	token := relay.NewToken()
	arrives, forget := a.callbacks.expect(token)
	defer forget()
	direct, err := relay.Call(stream, token)
	switch {
	case err != nil:
		stream.Close()
		return nil, err
	case !direct:
		return relay.SecureServer(ctx, stream, a.TLS)
	}
	stream.Close()
	select {
	case secure := <-arrives:
		return secure, nil
	case <-time.After(callbackWait):
		return nil, errors.New("the source has called back, and no connection has arrived")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answerTarget secures a stream that the target has opened, or calls back.
func (a *Agent) answerTarget(ctx context.Context, stream net.Conn) (*relay.Secure, error) {
	token, err := relay.Called(stream)
	if err != nil {
		stream.Close()
		return nil, err
	}
	address, only := a.route.get()
	if address != "" {
		secure, err := relay.CallBack(ctx, address, token, a.TLS)
		if err == nil {
			defer stream.Close()
			if err := relay.Answer(stream, true, nil); err != nil {
				_ = secure.Close()
				return nil, err
			}
			return secure, nil
		}
		if !only {
			a.loseRoute(address, err)
		}
	}
	if only {
		err := errNoRoute
		if address != "" {
			err = fmt.Errorf("%s is not reached any more", address)
		}
		_ = relay.Answer(stream, false, err)
		stream.Close()
		return nil, err
	}
	if err := relay.Answer(stream, false, nil); err != nil {
		stream.Close()
		return nil, err
	}
	return relay.SecureClient(ctx, stream, a.TLS)
}
