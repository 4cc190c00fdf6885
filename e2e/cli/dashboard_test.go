//go:build cli

package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/browser"
	"github.com/kubemove/kubemove/internal/cli/sample"
)

// pageTest has a browser, and moves at an API server.
type pageTest struct {
	*Sandbox
	browser *browser.Browser
}

// TestDashboard looks at the dashboard with a headless Chromium.
func TestDashboard(t *testing.T) {
	sandbox, err := StartSandbox(t.Context(), "../..", "shop")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, sandbox.Stop()) })
	b, err := browser.Start(t.Context(), "../..")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	p := &pageTest{sandbox, b}
	t.Run("Follow", p.follow)
	t.Run("ReadOnly", p.readOnly)
	t.Run("Approve", p.approve)
	t.Run("ChangedPlan", p.changedPlan)
	t.Run("OtherOrigin", p.otherOrigin)
	t.Run("Hostile", p.hostile)
	t.Run("Sizes", p.sizes)
}

// start a dashboard, and open it.
func (p *pageTest) start(t *testing.T, args ...string) (*Dashboard, *browser.Tab) {
	t.Helper()
	d, err := StartDashboard(t.Context(), "kubectl-move", p.Kubeconfig(), args...)
	require.NoError(t, err)
	tab, err := p.browser.Open(t.Context(), d.URL)
	require.NoError(t, err)
	return d, tab
}

// stop it, and expect nothing in the console of the browser but that.
func (p *pageTest) stop(t *testing.T, d *Dashboard, tab *browser.Tab) (printed string) {
	t.Helper()
	require.Empty(t, tab.Errors(), "the console of the browser")
	code, printed, err := d.Stop()
	require.NoError(t, err)
	require.Equal(t, 130, code, d.said.String())
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent.includes("has ended")`))
	return printed
}

// become a sample, with a switch on which nothing was decided.
func (p *pageTest) become(t *testing.T, name string) {
	t.Helper()
	p.patchSwitch(t, "", `{"spec":{"approvedPlan":null,"desired":null}}`)
	require.NoError(t, p.Become(t.Context(), name))
}

// patchSwitch of the sample, if it is there.
func (p *pageTest) patchSwitch(t *testing.T, subresource, patch string) {
	t.Helper()
	err := p.moves.Patch(types.MergePatchType).Namespace(p.Namespace).Resource("moveswitches").Name(sample.Pair).
		SubResource(strings.Fields(subresource)...).Body([]byte(patch)).Do(t.Context()).Error()
	if err != nil {
		require.ErrorContains(t, err, "not found")
	}
}

// theSwitch of the sample as it is in the cluster.
func (p *pageTest) theSwitch(t *testing.T) api.MoveSwitch {
	t.Helper()
	data, err := p.moves.Get().Namespace(p.Namespace).Resource("moveswitches").Name(sample.Pair).Do(t.Context()).Raw()
	require.NoError(t, err)
	var m api.MoveSwitch
	require.NoError(t, json.Unmarshal(data, &m))
	return m
}

// shows awaits a text of the page.
func shows(t *testing.T, tab *browser.Tab, text string) {
	t.Helper()
	require.NoError(t, tab.Await(t.Context(), fmt.Sprintf("document.body.innerText.includes(%q)", text)))
}

func does(t *testing.T, tab *browser.Tab, expression string) {
	t.Helper()
	require.NoError(t, tab.Eval(t.Context(), expression, nil))
}

// value of an expression of texts.
func value(t *testing.T, tab *browser.Tab, expression string) string {
	t.Helper()
	var out string
	require.NoError(t, tab.Eval(t.Context(), "String("+expression+")", &out))
	return out
}

// follow a move from the list to its end: what changes is shown, what the person has opened stays open.
func (p *pageTest) follow(t *testing.T) {
	p.become(t, "firstcopy")
	d, tab := p.start(t)
	require.Equal(t, "/", value(t, tab, "location.pathname + location.search"), "the token has left the address")
	require.Empty(t, value(t, tab, "document.cookie"), "a script reads the cookie")
	shows(t, tab, "First copy")
	does(t, tab, `document.querySelector("table a").click()`)
	require.NoError(t, tab.Await(t.Context(), `location.pathname === "/moves/shop/moveengine/shop"`))
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	require.Equal(t, "53", value(t, tab, `document.querySelector("progress").value`))
	does(t, tab, `document.getElementById("history").open = true; window.same = document.getElementById("history")`)
	require.NoError(t, p.Become(t.Context(), "switching"))
	shows(t, tab, "FinalSync")
	require.NoError(t, tab.Await(t.Context(), `document.title === "shop: Switching - KubeMove"`))
	require.NoError(t, tab.Await(t.Context(), `document.querySelector(".mark-runs .stage").textContent === "FinalSync"`))
	require.Equal(t, "true", value(t, tab, `window.same === document.getElementById("history") && window.same.open`))
	require.NoError(t, p.Become(t.Context(), "switched"))
	shows(t, tab, "Switched to dst")
	for path, text := range map[string]string{"The whole plan": "matches application.selector", "Report": "both sides were compared"} {
		does(t, tab, fmt.Sprintf(`[...document.querySelectorAll(".links a")].find((a) => a.textContent === %q).click()`, path))
		shows(t, tab, text)
		does(t, tab, `[...document.querySelectorAll(".path a")].at(-1).click()`)
		shows(t, tab, "Switched to dst")
	}
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	p.stop(t, d, tab)
}

// post is what the page sends, by a script.
const post = `fetch("/moves/shop/moveengine/shop/approve", {method: "POST", headers: {"Content-Type": "application/json",
	"Kubemove-Dashboard": "1"}, body: JSON.stringify({target: "dst", plan: %q, uid: %q})}).then((a) => a.status)`

// readOnly: there is no button, and the server refuses what a script sends in its place.
func (p *pageTest) readOnly(t *testing.T) {
	p.become(t, "approval")
	d, tab := p.start(t)
	require.NoError(t, tab.Go(t.Context(), origin(d)+"/moves/shop/moveengine/shop"))
	shows(t, tab, "kubectl move")
	require.Equal(t, "0", value(t, tab, `document.querySelectorAll("main button").length`))
	m := p.theSwitch(t)
	require.Equal(t, "403", value(t, tab, "await "+fmt.Sprintf(post, sample.Hash, m.UID)))
	require.Empty(t, p.theSwitch(t).Spec.ApprovedPlan)
	tab.Errors() // The console has shown the refusal.
	p.stop(t, d, tab)
}

// origin of a dashboard.
func origin(d *Dashboard) string {
	before, _, _ := strings.Cut(d.URL, "/?")
	return before
}

// approve by the button, and roll back by the other one.
func (p *pageTest) approve(t *testing.T) {
	p.become(t, "approval")
	d, tab := p.start(t, "--allow-writes")
	require.NoError(t, tab.Go(t.Context(), origin(d)+"/moves/shop/moveengine/shop"))
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	does(t, tab, `document.querySelector("main button").click()`)
	shows(t, tab, "Approve plan "+sample.Hash+" of moveengine/shop?")
	does(t, tab, `document.querySelector("dialog button[value=no]").click()`)
	require.Equal(t, "false", value(t, tab, `document.getElementById("ask").open`))
	require.Empty(t, p.theSwitch(t).Spec.ApprovedPlan, "it was approved though the answer was no")
	does(t, tab, `document.querySelector("main button").click(); document.getElementById("ask-yes").click()`)
	shows(t, tab, "moveswitch/shop-dst approved: plan "+sample.Hash)
	require.Equal(t, sample.Hash, p.theSwitch(t).Spec.ApprovedPlan)
	require.NoError(t, p.Become(t.Context(), "switching"))
	require.NoError(t, tab.Await(t.Context(), `document.querySelector("main button")?.textContent === "Roll back"`))
	does(t, tab, `document.querySelector("main button").click(); document.getElementById("ask-yes").click()`)
	shows(t, tab, "moveswitch/shop-dst rolls back")
	require.Equal(t, api.DesiredRolledBack, p.theSwitch(t).Spec.Desired)
	printed := p.stop(t, d, tab)
	require.Equal(t, "moveswitch/shop-dst approved: plan "+sample.Hash+"\nmoveswitch/shop-dst rolls back\n", printed)
}

// changedPlan: the person decides about the plan that the question has shown, though the page shows a newer one by then.
func (p *pageTest) changedPlan(t *testing.T) {
	p.become(t, "approval")
	d, tab := p.start(t, "--allow-writes")
	require.NoError(t, tab.Go(t.Context(), origin(d)+"/moves/shop/moveengine/shop"))
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	does(t, tab, `document.querySelector("main button").click()`)
	p.patchSwitch(t, "status", `{"status":{"planHash":"0123456789abcdef"}}`)
	require.NoError(t, tab.Await(t.Context(), `!document.querySelector("main button")`))
	does(t, tab, `document.getElementById("ask-yes").click()`)
	shows(t, tab, "plan "+sample.Hash+" is not the newest one, which is 0123456789abcdef")
	require.Empty(t, p.theSwitch(t).Spec.ApprovedPlan)
	tab.Errors() // The console has shown the refusal.
	p.stop(t, d, tab)
}

// otherOrigin: a page of another port of the same address, to which the browser sends the cookie, neither reads nor writes.
func (p *pageTest) otherOrigin(t *testing.T) {
	p.become(t, "approval")
	d, mine := p.start(t, "--allow-writes")
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>evil</title><body></body>")
	}))
	t.Cleanup(evil.Close)
	tab, err := p.browser.Open(t.Context(), evil.URL)
	require.NoError(t, err)
	uid := p.theSwitch(t).UID
	body := fmt.Sprintf(`JSON.stringify({target: "dst", plan: %q, uid: %q})`, sample.Hash, uid)
	at := origin(d)
	for name, attack := range map[string]string{
		"a request with our header": fmt.Sprintf(`fetch("%s/moves/shop/moveengine/shop/approve", {method: "POST", credentials: "include",
			headers: {"Content-Type": "application/json", "Kubemove-Dashboard": "1"}, body: %s})`, at, body),
		"a page":   fmt.Sprintf(`fetch("%s/", {credentials: "include"})`, at),
		"the plan": fmt.Sprintf(`fetch("%s/plan/shop/moveengine/shop/dst", {credentials: "include"})`, at),
		"a script": fmt.Sprintf(`new Promise((yes, no) => { const s = document.createElement("script"); s.onload = yes; s.onerror = no;
			s.src = "%s/static/dashboard.js"; document.body.append(s); })`, at),
		"events": fmt.Sprintf(`new Promise((yes, no) => { const s = new EventSource("%s/events", {withCredentials: true});
			s.onopen = yes; s.onerror = no; })`, at),
	} {
		got := value(t, tab, fmt.Sprintf(`await (%s).then(() => "read", () => "refused")`, attack))
		require.Equal(t, "refused", got, name)
	}
	// What a form, or a request that is not asked about, sends without waiting for an answer.
	does(t, tab, fmt.Sprintf(`fetch("%s/moves/shop/moveengine/shop/approve", {method: "POST", mode: "no-cors", credentials: "include",
		body: %s}).catch(() => {})`, at, body))
	// Not even a page of the same origin, which could look into a frame that is shown, holds it in one.
	require.Equal(t, "true", value(t, mine, `await new Promise((done) => { const f = document.createElement("iframe");
		f.onload = () => done(f.contentDocument === null); f.src = "/"; document.body.append(f); })`), "the frame is shown")
	require.Contains(t, strings.Join(mine.Errors(), "\n"), "frame-ancestors 'none'")
	require.Empty(t, p.theSwitch(t).Spec.ApprovedPlan)
	// A page that is not looked at holds no connection, and goes on when it is.
	require.NoError(t, mine.Await(t.Context(), `document.getElementById("live").textContent === "paused"`))
	require.NoError(t, mine.Front(t.Context()))
	require.NoError(t, mine.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	require.Empty(t, p.stop(t, d, mine))
}

// hostile texts of a cluster are texts of the page.
func (p *pageTest) hostile(t *testing.T) {
	p.become(t, "hostile")
	const evil = `</p><script>window.owned = 1</script><img src=x onerror="window.owned = 1">`
	data, err := json.Marshal(map[string]any{"status": map[string]any{"stalled": evil, "step": evil}})
	require.NoError(t, err)
	require.NoError(t, p.moves.Patch(types.MergePatchType).Namespace(p.Namespace).Resource("moveengines").Name(sample.Engine).
		SubResource("status").Body(data).Do(context.Background()).Error())
	d, tab := p.start(t)
	shows(t, tab, "<script>")
	require.NoError(t, tab.Go(t.Context(), origin(d)+"/moves/shop/moveengine/shop"))
	shows(t, tab, "<script>")
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	require.Equal(t, "undefined 0 1", value(t, tab,
		`[typeof window.owned, document.images.length, document.scripts.length].join(" ")`))
	p.stop(t, d, tab)
}

// sizes: the pages fit a telephone and a wide screen, light and dark.
func (p *pageTest) sizes(t *testing.T) {
	p.become(t, "switching")
	d, tab := p.start(t, "--allow-writes")
	for _, path := range []string{"/", "/moves/shop/moveengine/shop", "/plan/shop/moveengine/shop/dst", "/report/shop/moveengine/shop/dst"} {
		require.NoError(t, tab.Go(t.Context(), origin(d)+path))
		for _, width := range []int{360, 768, 1440} {
			require.NoError(t, tab.Size(t.Context(), width, 900))
			require.NoError(t, tab.Await(t.Context(), fmt.Sprintf("innerWidth === %d", width)))
			require.Equal(t, "0", value(t, tab, "Math.max(0, document.documentElement.scrollWidth - innerWidth)"), "%s in %d", path, width)
		}
	}
	ground := map[string]bool{}
	for _, dark := range []bool{false, true} {
		require.NoError(t, tab.Dark(t.Context(), dark))
		ground[value(t, tab, "getComputedStyle(document.body).backgroundColor")] = true
	}
	require.Len(t, ground, 2, "light and dark are the same")
	require.NoError(t, tab.Go(t.Context(), origin(d)+"/"))
	require.NoError(t, tab.Await(t.Context(), `document.getElementById("live").textContent === "live"`))
	p.stop(t, d, tab)
}
