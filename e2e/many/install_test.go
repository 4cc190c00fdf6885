//go:build many

package many

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/e2e/lab"
)

// qps of Metacontroller, as manifests/overlays/default has it.
const qps = "100"

// installation is KubeMove at an API server, as processes of this machine.
type installation struct {
	t        *testing.T
	api      *lab.APIServer
	plain    kubernetes.Interface
	dynamic  dynamic.Interface
	programs lab.Programs
	calls    *Calls
	// own requests of the test for the objects of moves.
	own *atomic.Int64

	hooks, metacontroller *lab.Program
}

// install starts everything but Metacontroller.
func install(t *testing.T) *installation {
	s := &installation{t: t, own: &atomic.Int64{}}
	var err error
	s.programs, err = lab.BuildPrograms(t.Context(), t.TempDir(), os.Stderr)
	require.NoError(t, err)
	s.api, err = lab.StartAPIServer(t.Context(), "", os.Stderr)
	require.NoError(t, err)
	t.Cleanup(func() {
		for _, p := range []*lab.Program{s.hooks, s.metacontroller} {
			if t.Failed() && p != nil {
				t.Logf("the end of what a program has written:\n%s", p.Tail())
			}
		}
		require.NoError(t, s.api.Stop())
	})
	config, err := s.api.Config()
	require.NoError(t, err)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return counting{next, s.own} })
	s.plain, err = kubernetes.NewForConfig(config)
	require.NoError(t, err)
	s.dynamic, err = dynamic.NewForConfig(config)
	require.NoError(t, err)
	s.startHooks()
	s.manifests("manifests/crds/*.yaml", "")
	s.manifests("manifests/crds/metacontroller/*.yaml", "")
	s.established()
	proxy := httptest.NewServer(s.calls)
	t.Cleanup(proxy.Close)
	s.manifests("manifests/base/controllers/*.yaml", proxy.URL)
	return s
}

// counting counts the test's own requests.
type counting struct {
	next http.RoundTripper
	own  *atomic.Int64
}

// RoundTrip counts a request and sends it.
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/moveengines") {
		c.own.Add(1)
	}
	return c.next.RoundTrip(r)
}

func (s *installation) startHooks() {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s.t, err)
	address := l.Addr().String()
	require.NoError(s.t, l.Close())
	s.calls = &Calls{Server: "http://" + address}
	// The limit is that of manifests/overlays/default.
	s.hooks, err = s.api.StartProgram("kubemove-hooks", s.programs.Hooks, []string{"GOMEMLIMIT=400MiB"}, "--listen="+address,
		"--probe-listen=", "--mobilizers="+filepath.Join(s.programs.Root, "manifests/base/mobilizers"),
		"--task-image=registry.example.com/task:1")
	require.NoError(s.t, err)
	require.NoError(s.t, lab.Await(s.t.Context(), time.Minute, "the hook server", func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.calls.Server+"/v1/moveengine/customize", strings.NewReader("{}"))
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}))
}

// startMetacontroller with the flags of its version.
func (s *installation) startMetacontroller() {
	s.t.Helper()
	args := []string{"--discovery-interval=20s", "--workers=10", "--client-go-qps=" + qps, "--client-go-burst=200"}
	if !s.programs.Metacontroller.Newer {
		args = append(args, "--debug-addr=127.0.0.1:0")
	} else {
		args = append(args, "--metrics-address=127.0.0.1:0", "--health-probe-bind-address=127.0.0.1:0")
	}
	var err error
	s.metacontroller, err = s.api.StartProgram("metacontroller", s.programs.Metacontroller.Path,
		[]string{"KUBECONFIG=" + s.api.Kubeconfig()}, args...)
	require.NoError(s.t, err)
}

// manifests of the checkout are created; hooks are called at another address, if there is one.
func (s *installation) manifests(pattern, hooks string) {
	s.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.programs.Root, pattern))
	require.NoError(s.t, err)
	require.NotEmpty(s.t, files, pattern)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(s.t, err)
		text := string(data)
		if hooks != "" {
			require.Contains(s.t, text, "http://127.0.0.1:8080", file)
			text = strings.ReplaceAll(text, "http://127.0.0.1:8080", hooks)
		}
		o := &unstructured.Unstructured{}
		require.NoError(s.t, yaml.Unmarshal([]byte(text), &o.Object), file)
		if o.GetKind() == "Kustomization" {
			continue
		}
		plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
		require.NoError(s.t, lab.Await(s.t.Context(), time.Minute, file+" to be taken", func(ctx context.Context) error {
			_, err := s.dynamic.Resource(plural).Create(ctx, o, metav1.CreateOptions{})
			return err
		}))
	}
}

// established waits until all kinds are served.
func (s *installation) established() {
	s.t.Helper()
	crds := s.dynamic.Resource(crdResource)
	require.NoError(s.t, lab.Await(s.t.Context(), time.Minute, "the kinds to be served", func(ctx context.Context) error {
		list, err := crds.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, o := range list.Items {
			if conditionOf(&o, "Established").status != "True" {
				return fmt.Errorf("%s is not served yet", o.GetName())
			}
		}
		return nil
	}))
}

// requests until now, without the test's own.
func (s *installation) requests() Requests {
	s.t.Helper()
	text, err := s.plain.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(s.t.Context())
	require.NoError(s.t, err)
	r, err := ParseRequests(string(text))
	require.NoError(s.t, err)
	r.All -= s.own.Load()
	return r
}
