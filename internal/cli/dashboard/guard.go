package dashboard

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

// guard lets only the browser in that has opened the printed URL, and only for pages of this dashboard.
type guard struct {
	// host is the exact address and port, origin that of the pages.
	host, origin string
	// token of the printed URL, which is taken once, and the value of the cookie that it becomes.
	token, session, cookie string

	mutex sync.Mutex
	taken bool
}

func newGuard(host string) *guard {
	_, port, _ := strings.Cut(host, ":")
	// Cookies do not know ports: another dashboard has another name.
	return &guard{host: host, origin: "http://" + host, token: newToken(), session: newToken(), cookie: "kubemove-" + port}
}

// policy of every answer: nothing of other origins is loaded, nothing inline is run, and no page holds this one in a frame.
const policy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// own header of what a page sends: another origin cannot add it without being allowed to, and none is.
const own = "Kubemove-Dashboard"

// wrap a handler. What is refused here has not been looked at further.
func (g *guard) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		switch origin := r.Header.Get("Origin"); {
		case r.Host != g.host:
			http.Error(w, "The dashboard answers as "+g.host+" only.", http.StatusMisdirectedRequest)
		case origin != "" && origin != g.origin:
			http.Error(w, "The dashboard answers its own pages only.", http.StatusForbidden)
		case r.URL.Path == "/" && r.URL.Query().Has("token"):
			g.open(w, r)
		case !g.isOpen(r):
			http.Error(w, "Open the link that the command has printed. If you have, load this page again.", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// open the dashboard for the browser that has the token, and lead on without it, so that it is in no history.
func (g *guard) open(w http.ResponseWriter, r *http.Request) {
	if !equal(r.URL.Query().Get("token"), g.token) {
		http.Error(w, "This link is not of this dashboard: open the one that the command has printed.", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "The link is opened by GET.", http.StatusMethodNotAllowed)
		return
	}
	if !g.isOpen(r) {
		if !g.take() {
			http.Error(w, "This link was opened before, and opens once. For another browser end the command and start it again.",
				http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: g.cookie, Value: g.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// take the token; false: it was taken before.
func (g *guard) take() bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	first := !g.taken
	g.taken = true
	return first
}

// isOpen says whether a request has the cookie.
func (g *guard) isOpen(r *http.Request) bool {
	c, err := r.Cookie(g.cookie)
	return err == nil && equal(c.Value, g.session)
}

// equal in a time that does not tell where two secrets differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
