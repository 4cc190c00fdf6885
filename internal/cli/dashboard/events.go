package dashboard

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// quiet is how long a stream is silent at most, so that one whose reader has gone ends.
const quiet = 15 * time.Second

// events of a page: it is sent anew whenever it has changed. Each stream writes by itself what is newest then, so that a slow reader
// leaves frames out and holds no other one up.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "Events are read by GET.", http.StatusMethodNotAllowed)
		return
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "10")
		http.Error(w, fmt.Sprintf("%d pages are live already: close one of them.", cap(s.streams)), http.StatusServiceUnavailable)
		return
	}
	defer s.hub.watch()()
	build := s.newList
	if r.PathValue("name") != "" {
		build = s.newMove
	}
	out := stream{w: w, control: http.NewResponseController(w), limit: s.options.Limits.Write}
	// The request is read, and the time for that is no bound of the stream.
	if out.control.SetReadDeadline(time.Time{}) != nil {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	var sent []byte
	for {
		at, changed := s.hub.latest()
		if !at.read.IsZero() {
			p, _ := s.build(r, at, build)
			body, err := p.Main()
			if err != nil {
				return
			}
			if !bytes.Equal(body, sent) {
				if out.send("page", body) != nil {
					return
				}
				sent = body
			}
		}
		select {
		case <-r.Context().Done():
			_ = out.send("end", []byte("ended")) // The reader has gone, or the dashboard ends.
			return
		case <-changed:
		case <-time.After(quiet):
			if out.send("quiet", []byte("-")) != nil {
				return
			}
		}
	}
}

// stream of events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
}

// send an event; it fails when the reader does not take it in time.
func (s stream) send(event string, data []byte) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "event: %s\n", event)
	for line := range bytes.Lines(data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	if err := s.control.SetWriteDeadline(time.Now().Add(s.limit)); err != nil {
		return err
	}
	if _, err := b.WriteTo(s.w); err != nil {
		return err
	}
	return s.control.Flush()
}
