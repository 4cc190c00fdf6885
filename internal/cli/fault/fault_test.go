package fault_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/text"
)

var engines = schema.GroupResource{Group: "kubemove.io", Resource: "moveengines"}

func TestAPI(t *testing.T) {
	t.Parallel()
	rbac := func(message string) error {
		return apierrors.NewForbidden(engines, "", errors.New(message))
	}
	missing := &apierrors.StatusError{ErrStatus: metav1.Status{Code: 404, Reason: metav1.StatusReasonNotFound,
		Message: "the server could not find the requested resource"}}
	for name, c := range map[string]struct {
		reason string
		err    error
		want   string
		code   int
	}{
		"Unauthorized": {"the credentials are at fault", apierrors.NewUnauthorized("Unauthorized"),
			"error: cannot list moves\nreason: the API server does not accept the credentials of the kubeconfig: they are wrong or have expired\n" +
				"try: kubectl auth whoami\n", fault.Failed},
		"ForbiddenInNamespace": {"the rule is named",
			rbac(`User "jane" cannot list resource "moveengines" in API group "kubemove.io" in the namespace "shop"`),
			"error: cannot list moves\nreason: user jane lacks the rule {apiGroups: [\"kubemove.io\"], resources: [\"moveengines\"], " +
				"verbs: [\"list\"]} in a Role of namespace shop\ntry: kubectl auth can-i list moveengines.kubemove.io --namespace shop\n",
			fault.Failed},
		"ForbiddenEverywhere": {"at the scope of the cluster it is a ClusterRole",
			rbac(`User "jane" cannot list resource "secrets" in API group "" at the cluster scope`),
			"error: cannot list moves\nreason: user jane lacks the rule {apiGroups: [\"\"], resources: [\"secrets\"], verbs: [\"list\"]} " +
				"in a ClusterRole\ntry: kubectl auth can-i list secrets --all-namespaces\n", fault.Failed},
		"ForbiddenPart": {"a part of a resource is asked for as kubectl wants it",
			rbac(`User "jane" cannot get resource "pods/log" in API group "" in the namespace "shop"`),
			"error: cannot list moves\nreason: user jane lacks the rule {apiGroups: [\"\"], resources: [\"pods/log\"], verbs: [\"get\"]} " +
				"in a Role of namespace shop\ntry: kubectl auth can-i get pods --subresource log --namespace shop\n", fault.Failed},
		"Policy": {"an admission policy says why itself", rbac(`ValidatingAdmissionPolicy 'x' denied request: no`),
			"error: cannot list moves\nreason: moveengines.kubemove.io is forbidden: ValidatingAdmissionPolicy 'x' denied request: no\n",
			fault.Failed},
		"NotInstalled": {"the kind is not served", missing,
			"error: cannot list moves\nreason: KubeMove is not installed in this cluster: it does not serve kubemove.io/v1alpha1\n" +
				"try: kubectl config get-contexts\n", fault.Failed},
		"NotFound": {"the kind is served, the object is not there", apierrors.NewNotFound(engines, "shop"),
			"error: cannot list moves\nreason: it is not there: moveengines.kubemove.io \"shop\" not found\n", fault.Failed},
		"Timeout": {"a deadline is a time-out", fmt.Errorf("get: %w", context.DeadlineExceeded),
			"error: cannot list moves\nreason: the API server has not answered in time\n", fault.TimedOut},
		"Kept": {"what was put into words stays", fmt.Errorf("x: %w", fault.Badly("no such target")), "error: no such target\n", fault.Usage},
		"Interrupted": {"Ctrl-C is no failure of the API server", context.Canceled,
			"error: interrupted\n", fault.Interrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fault.API("cannot list moves", c.err)
			var out strings.Builder
			fault.Print(&out, err, text.Command)
			if diff := cmp.Diff(c.want, out.String()); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.reason, diff)
			}
			if got := fault.Code(err); got != c.code {
				t.Errorf("%s: the exit code is %d, want %d", c.reason, got, c.code)
			}
		})
	}
}

// TestAPIOfServers asks real ones: what Go and client-go make of it is not up to us.
func TestAPIOfServers(t *testing.T) {
	t.Parallel()
	ask := func(host string) error {
		client, err := kubernetes.NewForConfig(&rest.Config{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.CoreV1().Secrets("shop").List(t.Context(), metav1.ListOptions{})
		return fault.API("cannot list secrets", err)
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	for name, c := range map[string]struct{ reason, host, want string }{
		"Refused": {"no process listens there", closed.URL, "the API server cannot be reached: dial tcp"},
		"Unknown": {"a name that does not resolve", "https://kubemove.invalid", "the API server cannot be reached: "},
		"NoAPI":   {"a server that is none of Kubernetes", plain.URL, "KubeMove is not installed in this cluster"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			fault.Print(&out, ask(c.host), text.Command)
			if !strings.Contains(out.String(), "reason: "+c.want) {
				t.Errorf("%s: got %q, want a reason with %q", c.reason, out.String(), c.want)
			}
		})
	}
}

func TestAPIOfNoKubeconfig(t *testing.T) {
	t.Parallel()
	_, err := clientcmd.NewNonInteractiveClientConfig(*clientcmdapi.NewConfig(), "no-such", nil, nil).ClientConfig()
	if got := fault.Code(fault.API("cannot connect", err)); got != fault.Usage {
		t.Errorf("a context that is not there gives %v with the exit code %d, want %d", err, got, fault.Usage)
	}
}

func TestCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		err    error
		want   int
	}{
		"Nil":         {"nothing failed", nil, 0},
		"Plain":       {"an error of no kind", errors.New("x"), 1},
		"Zero":        {"an error without a code", &fault.Error{Failed: "x"}, 1},
		"Usage":       {"a wrong flag", fault.Badly("x"), 2},
		"Warned":      {"done with warnings", fault.New(fault.Warned, "x", "y"), 3},
		"TimedOut":    {"a deadline", context.DeadlineExceeded, 4},
		"Blocked":     {"a plan with blockers", fault.New(fault.Blocked, "x", "y"), 5},
		"Interrupted": {"Ctrl-C", fmt.Errorf("wait: %w", context.Canceled), 130},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.Code(c.err); got != c.want {
				t.Errorf("%s: got %d, want %d", c.reason, got, c.want)
			}
		})
	}
}

func TestIsTransient(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reason string
		err    error
		want   bool
	}{
		"Overloaded":   {"it asks for patience", apierrors.NewTooManyRequests("x", 1), true},
		"Starting":     {"it comes back", apierrors.NewServiceUnavailable("x"), true},
		"Unreachable":  {"so does this", &net.OpError{Op: "dial", Err: errors.New("refused")}, true},
		"Forbidden":    {"rights do not come by themselves", apierrors.NewForbidden(engines, "", errors.New("x")), false},
		"NotInstalled": {"nor does KubeMove", apierrors.NewNotFound(engines, ""), false},
		"Nil":          {"nothing failed", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fault.IsTransient(fault.API("cannot list moves", c.err)); got != c.want {
				t.Errorf("%s: got %t, want %t", c.reason, got, c.want)
			}
		})
	}
}

// TestPrintIsPlain: an error may hold what a cluster says.
func TestPrintIsPlain(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	fault.Print(&out, &fault.Error{Failed: "a\x1b[2J", Reason: "b\x07\nerror: c", Try: []string{"d\x1b"}}, text.Command)
	if want := "error: a\\x1b[2J\nreason: b\\a error: c\ntry: 'd\\x1b'\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
