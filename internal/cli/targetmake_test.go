package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/target"
)

// TestUsable: an API server refuses a token for a moment, until it knows the Secret as the token controller has filled it.
func TestUsable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason   string
		refusals int
		patience time.Duration
		asked    int
		refused  bool
	}{
		"Known":     {"a token that is known", 0, time.Minute, 1, false},
		"Late":      {"a token that is known a moment later", 2, time.Minute, 3, false},
		"Never":     {"a token that is refused for longer", 1 << 20, 300 * time.Millisecond, 0, true},
		"Impatient": {"credentials that are not new are refused at once", 1, 0, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				w.Header().Set("Content-Type", "application/json")
				if asked <= c.refusals {
					w.WriteHeader(http.StatusUnauthorized)
					fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}`)
					return
				}
				fmt.Fprint(w, `{"major":"1","minor":"35","gitVersion":"v1.35.4"}`)
			}))
			t.Cleanup(server.Close)
			k := &kit.Kit{Out: io.Discard, ErrOut: io.Discard, Now: time.Now}
			kubeconfig, err := target.Access{Server: server.URL, Insecure: true, Namespace: "shop", Token: "token"}.Kubeconfig()
			if err != nil {
				t.Fatal(err)
			}
			err = usable(t.Context(), k, server.URL, kubeconfig, c.patience)
			if refused := err != nil; refused != c.refused {
				t.Fatalf("%s: the answer is %v", c.reason, err)
			}
			if c.refused && !strings.Contains(err.Error(), "credentials") {
				t.Errorf("%s: the error says nothing of credentials: %v", c.reason, err)
			}
			if c.asked > 0 && asked != c.asked {
				t.Errorf("%s: asked %d times, expected %d", c.reason, asked, c.asked)
			}
		})
	}
}
