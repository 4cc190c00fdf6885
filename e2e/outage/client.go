package outage

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Client writes without end, to whichever of the addresses answers, and remembers what it was
// told that is written.
type Client struct {
	addresses []string
	http      http.Client
	stop      context.CancelFunc
	done      chan struct{}

	mu           sync.Mutex
	acknowledged []string
}

// StartClient starts a client that sends its next line every interval.
func StartClient(ctx context.Context, interval time.Duration, addresses ...string) *Client {
	ctx, stop := context.WithCancel(ctx)
	// Connections are not kept: an endpoint that was closed must not stay open for this client.
	c := &Client{addresses: addresses, stop: stop, done: make(chan struct{}),
		http: http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
	go func() {
		defer close(c.done)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for n := 0; ctx.Err() == nil; n++ {
			for i := range c.addresses {
				c.write(ctx, fmt.Sprintf("%d-%d", n, i), c.addresses[i])
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	return c
}

func (c *Client) write(ctx context.Context, line, address string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/cgi-bin/write?"+line, http.NoBody)
	if err != nil {
		return
	}
	response, err := c.http.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || strings.TrimSpace(string(body)) != "written "+line {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.acknowledged = append(c.acknowledged, line)
}

// Acknowledged is how many lines were written.
func (c *Client) Acknowledged() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.acknowledged)
}

// Stop ends the client, and returns what it was told that is written.
func (c *Client) Stop() []string {
	c.stop()
	<-c.done
	return slices.Clone(c.acknowledged)
}

// Lost are the lines that were acknowledged and are not in the file.
func Lost(acknowledged []string, file string) []string {
	there := map[string]bool{}
	for line := range strings.Lines(file) {
		there[strings.TrimSuffix(line, "\n")] = true
	}
	return slices.DeleteFunc(slices.Clone(acknowledged), func(line string) bool { return there[line] })
}
