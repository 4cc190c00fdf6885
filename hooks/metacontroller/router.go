package metacontroller

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/kubemove/kubemove/hooks"
)

// NewRouter serves /v1/KIND/{sync,finalize,customize} for each kind.
func NewRouter(kinds map[string]hooks.Hook, o Options) chi.Router {
	r := chi.NewRouter()
	slots, bytes := make(chan struct{}, maxInFlight), newBudget(maxBytes)
	r.Route("/v1", func(r chi.Router) {
		if o.Token != "" {
			r.Use(bearer(o.Token))
		}
		for kind, hook := range kinds {
			for _, name := range []string{Sync, Finalize, Customize} {
				r.Method(http.MethodPost, "/"+kind+"/"+name, &endpoint{kind: kind, name: name, hook: hook, options: o, slots: slots, bytes: bytes})
			}
		}
	})
	return r
}

// bearer refuses requests without the token. Hashes are compared, so that neither the content
// nor the length of the token shows in the time that it takes.
func bearer(token string) func(http.Handler) http.Handler {
	want := sha256.Sum256([]byte(token))
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			got := sha256.Sum256([]byte(given))
			if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !ok {
				http.Error(w, "the request bears no valid token", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
