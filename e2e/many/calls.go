package many

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Calls passes the calls of hooks on to their server, and counts them.
type Calls struct {
	// Server is the address of the hook server, such as http://127.0.0.1:8080.
	Server string

	mutex sync.Mutex
	count Count
}

// Count is what was counted since the last time.
type Count struct {
	// Calls by kind and hook, such as movepair/sync.
	Calls map[string]int
	// Largest request in bytes, by kind and hook.
	Largest map[string]int
	// Refused are the calls that were answered with another status than 200.
	Refused int
	// Parents that were synced, with the time of their first call.
	Parents map[string]time.Time
}

// All calls.
func (c Count) All() (n int) {
	for _, m := range c.Calls {
		n += m
	}
	return n
}

// Most bytes of a request.
func (c Count) Most() (which string, size int) {
	for name, n := range c.Largest {
		if n > size || n == size && name < which {
			which, size = name, n
		}
	}
	return which, size
}

func newCount() Count {
	return Count{Calls: map[string]int{}, Largest: map[string]int{}, Parents: map[string]time.Time{}}
}

// Take returns what was counted, and begins anew.
func (c *Calls) Take() Count {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	out := c.count
	c.count = newCount()
	return out
}

// Synced is how many parents have been since the last Take.
func (c *Calls) Synced() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return len(c.count.Parents)
}

// ServeHTTP passes a call on.
func (c *Calls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, err := http.NewRequestWithContext(r.Context(), http.MethodPost, c.Server+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(out)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	c.note(strings.TrimPrefix(r.URL.Path, "/v1/"), body, answer.StatusCode)
	for _, name := range []string{"Content-Type", "Retry-After"} {
		if value := answer.Header.Get(name); value != "" {
			w.Header().Set(name, value)
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

// client keeps a connection for each call that Metacontroller has under way.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}

func (c *Calls) note(name string, body []byte, code int) {
	var request struct {
		Parent struct {
			Metadata struct{ Namespace, Name string }
		}
	}
	// What cannot be read the hook server has refused.
	_ = json.Unmarshal(body, &request)
	kind, hook, _ := strings.Cut(name, "/")
	parent := kind + " " + request.Parent.Metadata.Namespace + "/" + request.Parent.Metadata.Name
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.count.Calls == nil {
		c.count = newCount()
	}
	c.count.Calls[name]++
	c.count.Largest[name] = max(c.count.Largest[name], len(body))
	if code != http.StatusOK {
		c.count.Refused++
	}
	if _, known := c.count.Parents[parent]; !known && hook == "sync" && code == http.StatusOK {
		c.count.Parents[parent] = time.Now()
	}
}
