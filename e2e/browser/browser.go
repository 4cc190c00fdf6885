// Package browser opens pages in a headless Chromium, by the DevTools protocol over a pipe: no port is opened.
package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// Browser that runs until it is closed.
type Browser struct {
	process *exec.Cmd
	// profile is its folder.
	profile string
	to      *os.File
	from    *os.File
	// ended is closed when it has ended; what it said on its error output is then whole.
	ended chan struct{}
	said  *tail

	mutex   sync.Mutex
	next    int
	waiting map[int]chan message
	tabs    map[string]*Tab
}

// message of the protocol, in either direction.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  any             `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start a browser. Where this machine has none, the checkout at root installs one, or says why it cannot.
func Start(ctx context.Context, root string) (*Browser, error) {
	find := exec.CommandContext(ctx, filepath.Join(root, "hack", "chromium.sh"))
	find.Stderr = os.Stderr
	program, err := find.Output()
	if err != nil {
		return nil, fmt.Errorf("there is no Chromium: hack/chromium.sh: %w", err)
	}
	profile, err := os.MkdirTemp("", "kubemove-browser-")
	if err != nil {
		return nil, err
	}
	b := &Browser{profile: profile, ended: make(chan struct{}), said: &tail{}, waiting: map[int]chan message{}, tabs: map[string]*Tab{}}
	if err := b.start(strings.TrimSpace(string(program))); err != nil {
		return nil, errors.Join(err, os.RemoveAll(profile))
	}
	return b, nil
}

func (b *Browser) start(program string) error {
	// The file descriptors 3 and 4 of the browser.
	in, to, err := os.Pipe()
	if err != nil {
		return err
	}
	from, out, err := os.Pipe()
	if err != nil {
		return errors.Join(err, in.Close(), to.Close())
	}
	args := []string{"--headless=new", "--remote-debugging-pipe", "--user-data-dir=" + b.profile, "--no-first-run", "--disable-gpu",
		"--disable-extensions", "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars"}
	if os.Getuid() == 0 {
		// Its sandbox does not run as root. It opens pages of this checkout alone.
		args = append(args, "--no-sandbox")
	}
	b.process = exec.Command(program, append(args, "about:blank")...)
	b.process.ExtraFiles, b.process.Stderr = []*os.File{in, out}, b.said
	err = b.process.Start()
	if err = errors.Join(err, in.Close(), out.Close()); err != nil {
		return errors.Join(err, to.Close(), from.Close())
	}
	b.to, b.from = to, from
	go b.read()
	return nil
}

// read what the browser says until it ends.
func (b *Browser) read() {
	defer close(b.ended)
	from := bufio.NewReader(b.from)
	for {
		data, err := from.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		var params json.RawMessage
		m.Params = &params
		if json.Unmarshal(data[:len(data)-1], &m) != nil {
			continue
		}
		b.mutex.Lock()
		switch {
		case m.ID != 0 && b.waiting[m.ID] != nil:
			b.waiting[m.ID] <- m
			delete(b.waiting, m.ID)
		case m.Method != "" && b.tabs[m.Session] != nil:
			b.tabs[m.Session].happened(m.Method, params)
		}
		b.mutex.Unlock()
	}
}

// call a method of the protocol; a result goes to into, unless that is nil.
func (b *Browser) call(ctx context.Context, session, method string, params, into any) error {
	answer := make(chan message, 1)
	b.mutex.Lock()
	b.next++
	id := b.next
	b.waiting[id] = answer
	data, err := json.Marshal(message{ID: id, Session: session, Method: method, Params: params})
	if err == nil {
		_, err = b.to.Write(append(data, 0))
	}
	b.mutex.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	case <-b.ended:
		return fmt.Errorf("%s: the browser has ended; it said: %s", method, b.said)
	case m := <-answer:
		switch {
		case m.Error != nil:
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		case into == nil:
			return nil
		}
		return json.Unmarshal(m.Result, into)
	}
}

// Close ends the browser and removes what it has written.
func (b *Browser) Close() error {
	err := b.to.Close() // It ends with the pipe.
	<-b.ended
	return errors.Join(err, b.from.Close(), ignoreExit(b.process.Wait()), os.RemoveAll(b.profile))
}

// ignoreExit: how the browser calls its end is of no use.
func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}

// tail is the end of what was written.
type tail struct {
	mutex sync.Mutex
	data  []byte
}

// Write keeps the end.
func (t *tail) Write(p []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.data = append(t.data, p...)
	t.data = t.data[max(0, len(t.data)-4096):]
	return len(p), nil
}

// String is what was written last.
func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.data)
}

var _ io.Writer = &tail{}
