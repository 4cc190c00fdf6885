package dashboard

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubemove/kubemove/internal/cli/sample"
)

// everything that can be asked for, by method and path.
var everything = []struct{ method, path string }{
	{http.MethodGet, "/"}, {http.MethodGet, movePath}, {http.MethodGet, "/plan/shop/moveengine/shop/dst"},
	{http.MethodGet, "/report/shop/moveengine/shop/dst"}, {http.MethodGet, "/report/shop/moveengine/shop/dst/file"},
	{http.MethodGet, "/events"}, {http.MethodGet, "/events" + movePath}, {http.MethodGet, "/static/dashboard.js"}, {http.MethodGet, "/none"},
	{http.MethodPost, approvePath}, {http.MethodPost, rollPath}, {http.MethodHead, "/"}, {http.MethodOptions, approvePath},
}

// TestCookie: without the cookie nothing is answered, events and files neither.
func TestCookie(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		cookie func(*world) *http.Cookie
	}{
		"None":    {"a client that does not know the token", func(*world) *http.Cookie { return nil }},
		"Guessed": {"a value that was guessed", func(w *world) *http.Cookie { return &http.Cookie{Name: w.guard.cookie, Value: "x"} }},
		"Empty":   {"an empty value", func(w *world) *http.Cookie { return &http.Cookie{Name: w.guard.cookie} }},
		"Token": {"the token is not the cookie", func(w *world) *http.Cookie {
			return &http.Cookie{Name: w.guard.cookie, Value: w.guard.token}
		}},
		"Name": {"the cookie of another dashboard", func(w *world) *http.Cookie {
			return &http.Cookie{Name: "kubemove-1", Value: w.guard.session}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, "approval")
			w.cookie = c.cookie(w)
			for _, e := range everything {
				status, body := w.says(w.request(e.method, e.path, wishOf))
				if status != http.StatusForbidden || strings.Contains(body, sample.Engine) {
					t.Errorf("%s: %s %s is answered with %d, want 403:\n%s", c.reason, e.method, e.path, status, body)
				}
			}
			if w.loads.Load() > 0 || len(w.written()) > 0 {
				t.Errorf("%s: the cluster was read %d times, and %v was written", c.reason, w.loads.Load(), w.written())
			}
		})
	}
}

// TestToken: it becomes a cookie that no script reads and no other site sends, once, and leaves the address.
func TestToken(t *testing.T) {
	t.Parallel()
	w := start(t, "approval") // It has opened the URL.
	c := w.cookie
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !c.Expires.IsZero() || c.MaxAge != 0 ||
		len(c.Value) < 40 || c.Value == w.guard.token {
		t.Errorf("the cookie is %s", c)
	}
	if want := "http://" + w.guard.host + "/?token=" + w.guard.token; w.URL() != want || len(w.guard.token) < 40 {
		t.Errorf("the URL is %s, want %s", w.URL(), want)
	}
	again := w.send(w.request(http.MethodGet, "/?token="+w.guard.token, ""))
	if again.StatusCode != http.StatusSeeOther || again.Header.Get("Location") != "/" || len(again.Cookies()) != 0 {
		t.Errorf("the same browser gets %s to %q, want 303 to / without a cookie", again.Status, again.Header.Get("Location"))
	}
	w.cookie = nil
	for name, path := range map[string]string{
		"another browser": "/?token=" + w.guard.token, "a wrong token": "/?token=x", "an empty token": "/?token=",
		"another path": movePath + "?token=" + w.guard.token, "the value of the cookie": "/?token=" + w.guard.session,
	} {
		answer := w.send(w.request(http.MethodGet, path, ""))
		if answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) > 0 {
			t.Errorf("%s gets %s and %d cookies, want 403", name, answer.Status, len(answer.Cookies()))
		}
	}
	other := start(t, "approval")
	if other.guard.token == w.guard.token || other.guard.session == w.guard.session {
		t.Error("two dashboards have the same token")
	}
}

// TestTokenRedirect: the first opening leads on without the token.
func TestTokenRedirect(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	w.guard.taken, w.cookie = false, nil
	answer := w.send(w.request(http.MethodGet, "/?token="+w.guard.token, ""))
	if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" ||
		answer.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("got %s to %q", answer.Status, answer.Header.Get("Location"))
	}
	w.guard.taken = false
	if status, _ := w.says(w.request(http.MethodPost, "/?token="+w.guard.token, "")); status != http.StatusMethodNotAllowed || w.guard.taken {
		t.Errorf("a POST with the token gets %d, want 405, and takes nothing", status)
	}
}

// TestHost: another name that leads to this address, as by DNS rebinding, is refused, the token and the cookie do not help.
func TestHost(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	_, port, _ := net.SplitHostPort(w.guard.host)
	for _, host := range []string{"localhost:" + port, "127.0.0.1", "127.0.0.1:1", "127.0.0.2:" + port, "[::1]:" + port, "evil.example",
		"evil.example:" + port, "127.0.0.1.evil.example:" + port, "127.0.0.1.:" + port, "127.1:" + port, "0.0.0.0:" + port} {
		for _, e := range append(everything, struct{ method, path string }{http.MethodGet, "/?token=" + w.guard.token}) {
			r := w.request(e.method, e.path, wishOf)
			r.Host = host
			if status, _ := w.says(r); status != http.StatusMisdirectedRequest {
				t.Errorf("%s %s of host %s is answered with %d, want 421", e.method, e.path, host, status)
			}
		}
	}
	if len(w.written()) > 0 {
		t.Errorf("%v was written", w.written())
	}
}

// TestOrigin: what another page sends, with the cookie of the browser, changes and reads nothing.
func TestOrigin(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	for _, path := range []string{approvePath, rollPath} {
		for name, change := range map[string]func(http.Header){
			"no origin":           func(h http.Header) { h.Del("Origin") },
			"a sandboxed frame":   func(h http.Header) { h.Set("Origin", "null") },
			"another site":        func(h http.Header) { h.Set("Origin", "https://evil.example") },
			"another port":        func(h http.Header) { h.Set("Origin", "http://127.0.0.1:1") },
			"another scheme":      func(h http.Header) { h.Set("Origin", "https://"+w.guard.host) },
			"another name":        func(h http.Header) { h.Set("Origin", strings.Replace(w.guard.origin, "127.0.0.1", "localhost", 1)) },
			"a form without ours": func(h http.Header) { h.Del(own) },
		} {
			r := w.request(http.MethodPost, path, wishOf)
			change(r.Header)
			if status, body := w.says(r); status != http.StatusForbidden {
				t.Errorf("%s is answered with %d, want 403: %s", name, status, body)
			}
		}
	}
	r := w.request(http.MethodGet, "/events", "")
	r.Header.Set("Origin", "https://evil.example")
	if status, _ := w.says(r); status != http.StatusForbidden {
		t.Errorf("the events for another origin are answered with %d, want 403", status)
	}
	if len(w.written()) > 0 {
		t.Errorf("%v was written", w.written())
	}
}

// TestPolicy: every answer says what the browser may do with it, and allows no other origin anything.
func TestPolicy(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	ask := func(name string, r *http.Request, want int) {
		answer := w.send(r)
		if answer.StatusCode != want {
			t.Errorf("%s: got %s, want %d", name, answer.Status, want)
		}
		got := map[string]string{}
		for header, values := range answer.Header {
			if strings.HasPrefix(header, "Access-Control-") {
				t.Errorf("%s: it has %s: %v", name, header, values)
			}
			switch header {
			case "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control", "Cross-Origin-Resource-Policy",
				"Cross-Origin-Opener-Policy":
				got[header] = strings.Join(values, "|")
			}
		}
		wanted := map[string]string{"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin"}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	for _, e := range everything {
		want := map[string]int{"/none": 404, rollPath: 409}[e.path]
		if want == 0 {
			want = 200
		}
		if e.method == http.MethodOptions {
			want = 405
		}
		ask(e.method+" "+e.path, w.request(e.method, e.path, wishOf), want)
	}
	ask("a wrong method", w.request(http.MethodDelete, movePath, ""), 405)
	foreign := w.request(http.MethodGet, "/", "")
	foreign.Host = "evil.example"
	ask("a wrong host", foreign, 421)
	preflight := w.request(http.MethodOptions, approvePath, "")
	preflight.Header.Set("Origin", "https://evil.example")
	preflight.Header.Set("Access-Control-Request-Method", "POST")
	preflight.Header.Set("Access-Control-Request-Headers", own)
	ask("a preflight", preflight, 403)
	ask("the token", w.request(http.MethodGet, "/?token="+w.guard.token, ""), 303)
	w.cookie = nil
	ask("no cookie", w.request(http.MethodGet, "/", ""), 403)
}

// TestRequests: methods, types and sizes of what is sent are those of a page.
func TestRequests(t *testing.T) {
	t.Parallel()
	w := start(t, "approval")
	large := `{"plan":"` + strings.Repeat("a", 5000) + `"}`
	for name, c := range map[string]struct {
		reason, method, path, kind, body string
		want                             int
	}{
		"Get":      {"reading approves nothing", http.MethodGet, approvePath, "", "", 405},
		"Put":      {"there is nothing to put", http.MethodPut, approvePath, "application/json", wishOf, 405},
		"Post":     {"a page is read", http.MethodPost, movePath, "application/json", wishOf, 405},
		"Delete":   {"nothing is deleted", http.MethodDelete, movePath, "", "", 405},
		"Head":     {"events are read", http.MethodHead, "/events", "", "", 405},
		"Form":     {"what a form of another page can send", http.MethodPost, approvePath, "application/x-www-form-urlencoded", "plan=1", 415},
		"Text":     {"and without asking", http.MethodPost, approvePath, "text/plain", wishOf, 415},
		"NoType":   {"without a type", http.MethodPost, approvePath, "", wishOf, 415},
		"Charset":  {"a type with a parameter is that type", http.MethodPost, rollPath, "application/json; charset=utf-8", wishOf, 409},
		"Large":    {"no page sends that much", http.MethodPost, approvePath, "application/json", large, 413},
		"Unknown":  {"a field that no page sends", http.MethodPost, approvePath, "application/json", `{"force":true}`, 400},
		"Two":      {"one object", http.MethodPost, approvePath, "application/json", wishOf + wishOf, 400},
		"NoObject": {"no object", http.MethodPost, approvePath, "application/json", "1", 400},
		"Empty":    {"nothing", http.MethodPost, approvePath, "application/json", "", 400},
		"Verb":     {"a verb that is not there", http.MethodPost, movePath + "/delete", "application/json", wishOf, 404},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := w.request(c.method, c.path, c.body)
			r.Header.Set("Origin", w.guard.origin)
			r.Header.Set(own, "1")
			if r.Header.Del("Content-Type"); c.kind != "" {
				r.Header.Set("Content-Type", c.kind)
			}
			if status, body := w.says(r); status != c.want {
				t.Errorf("%s: got %d, want %d: %s", c.reason, status, c.want, body)
			}
			if len(w.written()) > 0 {
				t.Errorf("%s: %v was written", c.reason, w.written())
			}
		})
	}
	long := w.request(http.MethodGet, "/", "")
	long.Header.Set("X-Long", strings.Repeat("a", 64<<10))
	if status, _ := w.says(long); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a head of 64 KiB is answered with %d, want 431", status)
	}
}

// TestSlowHead: a client that does not end the head of its request is let go.
func TestSlowHead(t *testing.T) {
	t.Parallel()
	w := start(t, "approval", func(o *Options) { o.Limits.Head = 50 * time.Millisecond })
	c, err := net.Dial("tcp4", w.guard.host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\n", w.guard.host); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if n, err := c.Read(make([]byte, 1)); n > 0 || err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("it read %d bytes and %v, want the end of the connection", n, err)
	}
}
