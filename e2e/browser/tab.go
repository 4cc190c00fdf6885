package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/kubemove/kubemove/e2e/lab"
)

// Tab of a browser.
type Tab struct {
	browser *Browser
	session string

	mutex sync.Mutex
	// errors of its console.
	errors []string
}

// Open a tab with a page.
func (b *Browser) Open(ctx context.Context, url string) (*Tab, error) {
	var target struct{ TargetID string }
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	var attached struct{ SessionID string }
	err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	if err != nil {
		return nil, err
	}
	t := &Tab{browser: b, session: attached.SessionID}
	b.mutex.Lock()
	b.tabs[t.session] = t
	b.mutex.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		if err := t.call(ctx, domain+".enable", nil, nil); err != nil {
			return nil, err
		}
	}
	if err := t.Go(ctx, url); err != nil {
		return nil, err
	}
	return t, nil
}

func (t *Tab) call(ctx context.Context, method string, params, into any) error {
	return t.browser.call(ctx, t.session, method, params, into)
}

// happened is told what the browser says of the tab by itself.
func (t *Tab) happened(method string, params json.RawMessage) {
	var said struct {
		Entry            struct{ Level, Text, URL string }
		ExceptionDetails struct{ Text string }
	}
	if json.Unmarshal(params, &said) != nil {
		return
	}
	t.mutex.Lock()
	defer t.mutex.Unlock()
	switch {
	case method == "Log.entryAdded" && said.Entry.Level == "error":
		t.errors = append(t.errors, said.Entry.Text+" "+said.Entry.URL)
	case method == "Runtime.exceptionThrown":
		t.errors = append(t.errors, said.ExceptionDetails.Text)
	}
}

// Errors that the console has shown since they were asked for: of scripts, of what was not loaded, and of what the policy of the
// page has refused.
func (t *Tab) Errors() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	out := t.errors
	t.errors = nil
	return out
}

// Go to another page.
func (t *Tab) Go(ctx context.Context, url string) error {
	var went struct{ ErrorText string }
	if err := t.call(ctx, "Page.navigate", map[string]any{"url": url}, &went); err != nil {
		return err
	}
	if went.ErrorText != "" {
		return fmt.Errorf("the browser cannot open %s: %s", url, went.ErrorText)
	}
	return t.Await(ctx, `document.readyState === "complete"`)
}

// Eval an expression of JavaScript in the page, and wait for it where it is a promise. Its value goes to into, unless that is nil.
func (t *Tab) Eval(ctx context.Context, expression string, into any) error {
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	// As in a console, await may be used.
	err := t.call(ctx, "Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true,
		"replMode": true, "userGesture": true}, &answer)
	switch e := answer.ExceptionDetails; {
	case err != nil:
		return err
	case e != nil:
		return fmt.Errorf("%s: %s %s", expression, e.Text, e.Exception.Description)
	case into == nil:
		return nil
	}
	return json.Unmarshal(answer.Result.Value, into)
}

// Await an expression to be true.
func (t *Tab) Await(ctx context.Context, expression string) error {
	return lab.Await(ctx, time.Minute, "the page", func(ctx context.Context) error {
		var is bool
		if err := t.Eval(ctx, "Boolean("+expression+")", &is); err != nil {
			return err
		}
		if is {
			return nil
		}
		var shown string
		if err := t.Eval(ctx, `document.body ? document.body.innerText : ""`, &shown); err != nil {
			return err
		}
		return fmt.Errorf("%s is false; the page shows %q", expression, shown)
	})
}

// Front makes it the tab that is looked at.
func (t *Tab) Front(ctx context.Context) error { return t.call(ctx, "Page.bringToFront", nil, nil) }

// Size of the window in points.
func (t *Tab) Size(ctx context.Context, width, height int) error {
	return t.call(ctx, "Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 2,
		"mobile": false}, nil)
}

// Dark or light, as a person may have set it.
func (t *Tab) Dark(ctx context.Context, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	features := []map[string]string{{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}}
	return t.call(ctx, "Emulation.setEmulatedMedia", map[string]any{"features": features}, nil)
}

// Picture of the window as a PNG.
func (t *Tab) Picture(ctx context.Context) ([]byte, error) {
	var shot struct{ Data []byte }
	err := t.call(ctx, "Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	return shot.Data, err
}
