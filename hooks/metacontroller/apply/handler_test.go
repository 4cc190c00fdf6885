package apply

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestHandler(t *testing.T) {
	h := Handler{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.ContentLength != int64(len(body)) {
			http.Error(w, "no whole request", http.StatusBadRequest)
			return
		}
		if r.URL.Path == "/busy" {
			http.Error(w, "busy", http.StatusTooManyRequests)
			return
		}
		_, _ = w.Write(append([]byte(r.URL.Path+" "), body...))
	})}
	if got, err := h.Call(t.Context(), "/v1/x/sync", []byte("{}")); err != nil || string(got) != "/v1/x/sync {}" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := h.Call(t.Context(), "/busy", nil); err == nil || !strings.Contains(err.Error(), "429: busy") {
		t.Errorf("only 200 is an answer, got %v", err)
	}
}
