package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubemove/kubemove/internal/application"
)

// line of a log, as an API server of version 1.35 writes it.
func line(verb, user, uri, objectRef string, code int) string {
	return fmt.Sprintf(`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"1","stage":"ResponseComplete",`+
		`"requestURI":%q,"verb":%q,"user":{"username":%q,"groups":["system:authenticated"]},`+
		`"sourceIPs":["10.0.0.1"],"userAgent":"kubemove-task",`+
		`"objectRef":%s,"responseStatus":{"metadata":{},"code":%d},`+
		`"requestReceivedTimestamp":"2026-01-02T03:04:05.100000Z","stageTimestamp":"2026-01-02T03:04:05.123456Z",`+
		`"annotations":{"authorization.k8s.io/decision":"allow"}}`+"\n",
		uri, verb, user, objectRef, code)
}

const web = `{"resource":"deployments","namespace":"shop","name":"web","apiGroup":"apps","apiVersion":"v1"}`

func TestParse(t *testing.T) {
	e, err := parse([]byte(line("create", "mover", "/apis/apps/v1/namespaces/shop/deployments?fieldManager=kubemove", web, 201)))
	require.NoError(t, err)
	require.Equal(t, 123456000, e.Time.Nanosecond())
	e.Time = e.Time.UTC().Truncate(0)
	require.Equal(t, Event{
		Time: e.Time, Verb: "create", User: "mover", UserAgent: "kubemove-task",
		URI:      "/apis/apps/v1/namespaces/shop/deployments?fieldManager=kubemove",
		Resource: schema.GroupResource{Group: "apps", Resource: "deployments"}, Namespace: "shop", Name: "web", Code: 201,
	}, e)
	for _, bad := range []string{"", "{", "{}", `"text"`} {
		_, err := parse([]byte(bad))
		require.Error(t, err, bad)
	}
}

func TestCreated(t *testing.T) {
	cases := map[string]struct {
		reason    string
		verb, uri string
		ref       string
		code      int
		want      bool
	}{
		"create":      {"the usual way", "create", "/x", web, 201, true},
		"apply":       {"a server-side apply creates too", "patch", "/x?fieldManager=a&force=true", web, 201, true},
		"apply again": {"it was there before", "patch", "/x?fieldManager=a", web, 200, false},
		"refused":     {"nothing was made", "create", "/x", web, 409, false},
		"dry run":     {"nothing was made", "create", "/x?dryRun=All&fieldManager=kubemove", web, 201, false},
		"subresource": {"a token is no object",
			"create", "/x/token", `{"resource":"serviceaccounts","namespace":"shop","name":"web","subresource":"token"}`, 201, false},
		"dryRun in a value": {"only the parameter itself counts", "create", "/x?fieldManager=dryRun%3DAll", web, 201, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e, err := parse([]byte(line(c.verb, "mover", c.uri, c.ref, c.code)))
			require.NoError(t, err)
			require.Equal(t, c.want, e.Created(), c.reason)
		})
	}
}

func TestLogReadsItsOwnPartOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	write := func(text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	users := func(l *Log) (out []string) {
		t.Helper()
		events, err := l.Events()
		require.NoError(t, err)
		for _, e := range events {
			out = append(out, e.User)
		}
		return out
	}
	_, err := Open(path)
	require.Error(t, err, "an API server without an audit log")
	write(line("create", "before", "/x", web, 201))
	l, err := Open(path)
	require.NoError(t, err)
	require.Empty(t, users(l))
	write(line("create", "first", "/x", web, 201) + line("create", "half", "/x", web, 201)[:20])
	require.Equal(t, []string{"first"}, users(l), "a line that is being written is left for later")
	write(line("create", "half", "/x", web, 201)[20:])
	require.Equal(t, []string{"first", "half"}, users(l))

	old := filepath.Join(filepath.Dir(path), "audit-2026-01-02T03-04-05.000.log")
	require.NoError(t, os.Rename(path, old))
	write(line("create", "second", "/x", web, 201))
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "audit-2026-01-01T03-04-05.000.log"), []byte("not read"), 0o600))
	require.Equal(t, []string{"first", "half", "second"}, users(l), "the log was begun anew")

	later, err := Open(path)
	require.NoError(t, err)
	write(line("create", "third", "/x", web, 201))
	require.Equal(t, []string{"third"}, users(later))
	require.NoError(t, os.Remove(old))
	_, err = l.Events()
	require.ErrorContains(t, err, "gone")
}

func TestMadeAndCompare(t *testing.T) {
	const ns = "shop"
	object := func(group, resource, namespace, name string) Event {
		return Event{Verb: "create", User: "mover", Code: 201, Resource: schema.GroupResource{Group: group, Resource: resource},
			Namespace: namespace, Name: name}
	}
	kindOf := func(r schema.GroupResource) (schema.GroupKind, error) {
		kind := map[string]string{"deployments": "Deployment", "secrets": "Secret", "pods": "Pod", "priorityclasses": "PriorityClass"}[r.Resource]
		if kind == "" {
			return schema.GroupKind{}, errors.New("not served")
		}
		return schema.GroupKind{Group: r.Group, Kind: kind}, nil
	}
	own := func(_ schema.GroupResource, name string) bool { return name == "kubemove-run" }
	other := object("apps", "deployments", ns, "of-another")
	other.User = "admin"
	events := []Event{
		object("apps", "deployments", ns, "web"), object("apps", "deployments", ns, "web"), object("", "secrets", ns, "password"),
		object("", "secrets", ns, "kubemove-run"), object("", "pods", ns, "worker"),
		object("scheduling.k8s.io", "priorityclasses", "", "high"), other,
	}
	made, err := Made(events, "mover", ns, kindOf, own)
	require.NoError(t, err)
	deployment, secret := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}, application.Ref{Kind: "Secret", Name: "password"}
	class := application.Ref{Group: "scheduling.k8s.io", Kind: "PriorityClass", Name: "high"}
	require.Equal(t, []application.Ref{deployment, secret, class}, made)

	require.Empty(t, Compare([]application.Ref{class, secret, deployment}, made), "in any order")
	require.Equal(t, []string{
		"Deployment.apps/worker: planned, and not created",
		"Pod/bare: planned, and of a kind that no plan holds",
		"Secret/password: created, and not planned",
	}, Compare([]application.Ref{deployment, class, {Group: "apps", Kind: "Deployment", Name: "worker"}, {Kind: "Pod", Name: "bare"}}, made))

	_, err = Made([]Event{object("", "secrets", "kube-system", "password")}, "mover", ns, kindOf, own)
	require.ErrorContains(t, err, "kube-system", "nothing is made elsewhere")
	_, err = Made([]Event{object("", "secrets", "kube-system", "kubemove-run")}, "mover", ns, kindOf, own)
	require.ErrorContains(t, err, "kube-system", "a name is KubeMove's own in the namespace only")
	_, err = Made([]Event{object("example.com", "unknowns", ns, "x")}, "mover", ns, kindOf, own)
	require.ErrorContains(t, err, "not served")
}
