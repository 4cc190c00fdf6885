package apply

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
)

// Handler calls hooks that are served in this process.
type Handler struct{ http.Handler }

// Call serves one request.
func (h Handler) Call(ctx context.Context, path string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	w := &answer{header: http.Header{}}
	h.ServeHTTP(w, r)
	if w.code != http.StatusOK && w.code != 0 {
		return nil, fmt.Errorf("the hook has answered %d: %s", w.code, bytes.TrimSpace(w.body.Bytes()))
	}
	return w.body.Bytes(), nil
}

// answer of a handler.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header of the answer.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader takes the first code.
func (a *answer) WriteHeader(code int) {
	if a.code == 0 {
		a.code = code
	}
}

// Write takes a part of the body.
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }
