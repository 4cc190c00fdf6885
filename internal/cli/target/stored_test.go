package target

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
)

var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// jwt is a token that ends then.
func jwt(at time.Time) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, at.Unix())) + ".hushhush"
}

func kubeconfig(t *testing.T, server, token string) []byte {
	t.Helper()
	data, err := Access{Server: server, Token: token, Namespace: "shop"}.Kubeconfig()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadWhatWasWritten(t *testing.T) {
	t.Parallel()
	end := now.Add(720 * time.Hour)
	s := dst.Secret("home", Contents{Kubeconfig: kubeconfig(t, "https://dst:6443", jwt(end)), HasAccount: true, Duration: 720 * time.Hour,
		Expires: end})
	got := Read(s, Key)
	want := Stored{Name: "dst", Server: "https://dst:6443", Namespace: "shop", Expires: &end, Account: "shop/" + dst.Account(),
		id: dst.ID, duration: 720 * time.Hour}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Stored{})); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if target, ok := got.Target(); !ok || target != dst {
		t.Errorf("it is of %v, want %v", target, dst)
	}
	if diff := cmp.Diff("2026-12-31T12:00:00Z", s.Annotations[api.ExpiresAnnotation]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	lasting := Read(dst.Secret("home", Contents{Kubeconfig: kubeconfig(t, "https://dst:6443", "hushhush"), HasAccount: true}), Key)
	if lasting.Expires != nil || lasting.Duration() != 0 {
		t.Errorf("a token that does not end has an end: %+v", lasting)
	}
}

// TestReadHidesCredentials: whatever a kubeconfig holds, nothing of it but the address and the namespace is shown.
func TestReadHidesCredentials(t *testing.T) {
	t.Parallel()
	config := func(server, user string) string {
		return fmt.Sprintf(`{current-context: a, contexts: [{name: a, context: {cluster: c, user: u}}],
clusters: [{name: c, cluster: {server: %q, proxy-url: "http://me:hushhush@proxy"}}], users: [{name: u, user: %s}]}`, server, user)
	}
	for name, data := range map[string]string{
		"Token":    config("https://dst:6443", "{token: hushhush}"),
		"Password": config("https://me:hushhush@dst:6443?key=hushhush", "{username: hushhush, password: hushhush}"),
		"Exec":     config("https://dst:6443", "{exec: {command: hush, args: [hushhush], apiVersion: client.authentication.k8s.io/v1}}"),
		"Broken":   "hushhush: [",
		"Address":  config("https://me:hush%hush@dst", "{token: hushhush}"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Read(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "dst"}, Data: map[string][]byte{Key: []byte(data)}}, Key)
			shown, err := json.Marshal(NewReport(s, Observed{}, AsTarget, now))
			if err != nil {
				t.Fatal(err)
			}
			table := fmt.Sprint(Rows([]Stored{s}, now))
			refused := dst.CheckOverwrite(&s, "home", "https://me:hushhush@new")
			for _, text := range []string{string(shown), table, refused.Error()} {
				if strings.Contains(text, "hushhush") || strings.Contains(text, "hush%hush") {
					t.Errorf("it shows a secret: %s", text)
				}
			}
		})
	}
}

func TestCheckOverwrite(t *testing.T) {
	t.Parallel()
	ours := func(change func(*Stored)) *Stored {
		s := &Stored{Name: "dst", Server: "https://dst:6443", Namespace: "shop", id: dst.ID}
		change(s)
		return s
	}
	for name, c := range map[string]struct {
		reason string
		old    *Stored
		want   string
	}{
		"Absent":  {"nothing is there", nil, ""},
		"Same":    {"the command is repeated", ours(func(*Stored) {}), ""},
		"Torn":    {"ours, and not written to its end", ours(func(s *Stored) { s.Server = "" }), ""},
		"Foreign": {"the user has made it", ours(func(s *Stored) { s.id = "" }), "was not made by target add"},
		"Copied": {"it is of another namespace at home", ours(func(s *Stored) { s.id = ID("other", "dst") }),
			"was not made by target add for this namespace"},
		"Cluster": {"moves would go on in another cluster", ours(func(s *Stored) { s.Server = "https://old:6443" }),
			"leads to namespace shop of https://old:6443"},
		"Namespace": {"moves would go on in another namespace", ours(func(s *Stored) { s.Namespace = "old" }), "leads to namespace old"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := dst.CheckOverwrite(c.old, "home", "https://dst:6443")
			if c.want == "" && err != nil || c.want != "" && (err == nil ||
				!strings.Contains(err.Error(), c.want) || fault.Code(err) != fault.Failed) {
				t.Errorf("%s: got %v, want %q", c.reason, err, c.want)
			}
		})
	}
}

func engine(name, source string, targets ...string) *api.MoveEngine {
	e := &api.MoveEngine{ObjectMeta: metav1.ObjectMeta{Name: name}}
	endpoint := func(secret string) api.Endpoint {
		return api.Endpoint{Namespace: "shop", Cluster: &api.ClusterAccess{KubeconfigSecretRef: api.SecretKeyReference{Name: secret}}}
	}
	if source != "" {
		s := endpoint(source)
		e.Spec.Source = &s
	}
	for _, t := range targets {
		e.Spec.Targets = append(e.Spec.Targets, api.Target{Name: t, Endpoint: endpoint(t)})
	}
	return e
}

func TestList(t *testing.T) {
	t.Parallel()
	soon := now.Add(30 * time.Hour)
	other := Target{Name: "far", ID: ID("0b5c", "far"), Namespace: "shop"}
	secrets := []corev1.Secret{
		*dst.Secret("home", Contents{Kubeconfig: kubeconfig(t, "https://dst:6443", "hushhush"), HasAccount: true}),
		*other.Secret("home", Contents{Kubeconfig: kubeconfig(t, "https://far:6443", jwt(soon)), HasAccount: true, Duration: 48 * time.Hour,
			Expires: soon}),
		{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, Data: map[string][]byte{Key: kubeconfig(t, "https://mine:6443", "hushhush")}},
		{ObjectMeta: metav1.ObjectMeta{Name: "empty"}},
		{ObjectMeta: metav1.ObjectMeta{Name: "unrelated"}},
	}
	uses := Uses([]*api.MoveEngine{engine("b", "mine", "dst", "empty"), engine("a", "", "dst", "gone"), engine("here", "")})
	want := [][]string{
		{"NAME", "SERVER", "NAMESPACE", "EXPIRES", "USED BY"},
		{"dst", "https://dst:6443", "shop", "never", "moveengine/a, moveengine/b"},
		{"empty", "(the Secret has no key kubeconfig)", "shop", "never", "moveengine/b"},
		{"far", "https://far:6443", "shop", "in 1 d 6 h", ""},
		{"gone", "(the Secret is not there)", "shop", "never", "moveengine/a"},
		{"mine", "https://mine:6443", "shop", "never", "moveengine/b"},
	}
	if diff := cmp.Diff(want, Rows(List(secrets, uses), now)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := SideOf("mine", uses); got != AsSource {
		t.Errorf("a move comes from mine, got %s", got)
	}
	if got := SideOf("far", uses); got != AsTarget {
		t.Errorf("no move has far, got %s", got)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) *time.Time { end := now.Add(d); return &end }
	stored := Stored{Name: "dst", Server: "https://dst:6443", Namespace: "shop"}
	fine := Observed{Version: "v1.35.4"}
	for name, c := range map[string]struct {
		reason   string
		stored   func(*Stored)
		observed Observed
		// want are the checks that are not ok.
		want   []string
		failed bool
	}{
		"Fine":       {"nothing is wrong", nil, fine, nil, false},
		"Kubeconfig": {"it cannot be used at all", func(s *Stored) { s.Problem = "no" }, fine, []string{"kubeconfig failed"}, true},
		"Elsewhere": {"its moves name another namespace than that of the account",
			func(s *Stored) { s.Account, s.UsedBy = "other/kubemove-dst", []string{"moveengine/shop"} }, fine, []string{"kubeconfig failed"}, true},
		"Expired": {"the server refuses them", func(s *Stored) { s.Expires = at(-time.Hour) }, fine, []string{"credentials failed"}, true},
		"Soon": {"a week is left to renew", func(s *Stored) { s.Expires = at(24 * time.Hour) }, fine, []string{"credentials warning"},
			false},
		"Short": {"a token for a day is not warned of from its first hour on",
			func(s *Stored) { s.Expires, s.duration = at(20*time.Hour), 24*time.Hour }, fine, nil, false},
		"Unreachable": {"the address does not answer", nil, Observed{Problem: "no route"}, []string{"connection failed"}, true},
		"Old":         {"KubeMove needs a newer one", nil, Observed{Version: "v1.20.1"}, []string{"connection failed"}, true},
		"Namespace": {"nothing can be created there", nil, Observed{Version: "v1.35.4", NamespaceMissing: true}, []string{"namespace failed"},
			true},
		"Required": {"no move works", nil, Observed{Version: "v1.35.4", Lacks: []Right{{Resource: "pods", Verb: "create"}}},
			[]string{"rights failed"}, true},
		"Cluster": {"no plan tells one cluster from another", nil, Observed{Version: "v1.35.4", Lacks: []Right{kubeSystem}},
			[]string{"rights failed"}, true},
		"Optional": {"a plan checks less", nil, Observed{Version: "v1.35.4", Lacks: []Right{{Resource: "nodes", Verb: "list", Cluster: true}}},
			[]string{"more-rights warning"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stored
			if c.stored != nil {
				c.stored(&s)
			}
			r := NewReport(s, c.observed, AsTarget, now)
			var got []string
			for _, x := range r.Results {
				if x.Result != OK {
					got = append(got, x.Check+" "+x.Result)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || r.HasFailed() != c.failed {
				t.Errorf("%s: failed %v, -want +got:\n%s", c.reason, r.HasFailed(), diff)
			}
		})
	}
}

func TestAccess(t *testing.T) {
	t.Parallel()
	for server, want := range map[string][2]bool{
		"https://127.0.0.1:6443": {true, false}, "https://localhost:1": {true, false}, "https://[::1]:6443": {true, false},
		"https://0.0.0.0:6443": {true, false}, "https://10.0.0.1:6443": {false, false}, "https://dst.example.com": {false, false},
		InCluster: {false, true}, "https://kubernetes.default.svc.cluster.local:443": {false, true},
		"https://kubernetes.default.svcx": {false, false}, "::": {false, false},
	} {
		if got := [2]bool{IsLoopback(server), IsInCluster(server)}; got != want {
			t.Errorf("%s: loopback and in cluster %v, want %v", server, got, want)
		}
	}
}

func TestAuthorities(t *testing.T) {
	t.Parallel()
	block := func(content string) []byte {
		return []byte("-----BEGIN CERTIFICATE-----\n" + base64.StdEncoding.EncodeToString([]byte(content)) + "\n-----END CERTIFICATE-----\n")
	}
	a, b := block("a"), block("b")
	trim := func(parts ...[]byte) string {
		var all string
		for _, p := range parts {
			all += string(p)
		}
		return strings.TrimSpace(all)
	}
	for name, c := range map[string]struct {
		reason           string
		callers, cluster []byte
		other            bool
		want             string
	}{
		"Same":         {"one is enough", a, a, false, trim(a)},
		"Both":         {"a gateway in front of the API server has another one", a, b, false, trim(a, b)},
		"System":       {"the caller relies on the system, and so does the stored one", nil, b, false, ""},
		"OtherAddress": {"Pods use an address that the caller knows nothing of", nil, b, true, trim(b)},
		"Caller":       {"the cluster's own is not known", a, nil, true, trim(a)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.want, string(Authorities(c.callers, c.cluster, c.other))); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
		})
	}
}

// TestAccessIsTaken: a move takes what was written.
func TestAccessIsTaken(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]Access{
		"Plain":    {Server: "https://dst:6443", Token: "x", Namespace: "shop"},
		"Proxy":    {Server: "https://dst:6443", Token: "x", Namespace: "shop", ProxyURL: "http://proxy:3128"},
		"Insecure": {Server: "https://dst:6443", Token: "x", Namespace: "shop", Insecure: true, TLSServerName: "x"},
	} {
		data, err := a.Kubeconfig()
		if err != nil {
			t.Fatal(err)
		}
		warnings, err := Check(data)
		if err != nil || len(warnings) > 0 != a.Insecure {
			t.Errorf("%s: %v, warnings %v", name, err, warnings)
		}
	}
}
