package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

// TestSecretsStaySecret: no value of any Secret that a move reads or makes is in any other
// object, event or log.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	l := &leaks{s: s, values: map[string]string{}, texts: map[string]string{}}
	stop := l.watch()
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
	s.switched()
	stop()
	l.look(t.Context())
	l.everything()

	require.Contains(t, l.values, "canary-of-the-application")
	kinds := map[string]bool{}
	for _, from := range l.values {
		kinds[from[strings.LastIndex(from, "/")+1:]] = true
	}
	for _, key := range []string{"token", "kubeconfig", "master", "ca.key", "tls.key", "password"} {
		require.True(t, kinds[key], "no Secret with the key %s was seen", key)
	}
	l.silent()
}

// silent checks that no text holds a value.
func (l *leaks) silent() {
	t := l.s.t
	t.Helper()
	for where, text := range l.texts {
		for value, from := range l.values {
			for _, form := range []string{value, base64.StdEncoding.EncodeToString([]byte(value))} {
				require.NotContains(t, text, form, "%s of a Secret is in %s", from, where)
			}
		}
	}
	t.Logf("%d values of Secrets are in none of %d places", len(l.values), len(l.texts))
}

// leaks collects the values of Secrets, and the texts in which they must not be.
type leaks struct {
	s *scenario

	mu     sync.Mutex
	values map[string]string // from a value to the Secret and key that hold it
	texts  map[string]string
}

// watch looks while a move runs: the Secrets and the logs of its workers go with them.
func (l *leaks) watch() (stop func()) {
	ctx, cancel := context.WithCancel(l.s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			l.look(ctx)
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// look once at the Secrets, and at the logs of KubeMove's Pods.
func (l *leaks) look(ctx context.Context) {
	for _, c := range clusters.Clusters() {
		out, err := c.Kubectl(ctx, "-n", l.s.namespace, "get", "secrets", "-o", "json")
		if err != nil {
			continue // The move goes on without us.
		}
		l.secrets(c, out)
		pods, err := c.Kubectl(ctx, "-n", l.s.namespace, "get", "pods", "-o", `jsonpath={range .items[*]}{.metadata.name} {end}`)
		if err != nil {
			continue
		}
		for _, pod := range strings.Fields(pods) {
			if log, err := c.Kubectl(ctx, "-n", l.s.namespace, "logs", pod, "--all-containers"); err == nil {
				l.note(c.Name+"/log of "+pod, log)
			}
		}
	}
}

func (l *leaks) secrets(c *lab.Cluster, list string) {
	var secrets corev1.SecretList
	if err := json.Unmarshal([]byte(list), &secrets); err != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, secret := range secrets.Items {
		for key, value := range secret.Data {
			// Certificates are for every user, and the name of the namespace is known to all in it.
			if len(value) >= 8 && !strings.HasSuffix(key, ".crt") && key != corev1.ServiceAccountNamespaceKey {
				l.values[string(value)] = c.Name + "/" + secret.Name + "/" + key
			}
		}
	}
}

func (l *leaks) note(where, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts[where] += text
}

// everything in both namespaces but the Secrets, and what KubeMove itself logs.
func (l *leaks) everything() {
	for _, c := range clusters.Clusters() {
		kinds := l.s.kubectl(c, "api-resources", "--namespaced", "--verbs=list", "-o", "name")
		var wanted []string
		for _, kind := range strings.Fields(kinds) {
			// The custom kinds of other tests come and go meanwhile, and nothing here is of them.
			if kind != "secrets" && !strings.HasSuffix(kind, ".example.com") {
				wanted = append(wanted, kind)
			}
		}
		l.note(c.Name+"/objects", l.s.kubectl(c, "get", strings.Join(wanted, ","), "-o", "yaml"))
	}
	l.note("KubeMove's log", l.s.kubectl(l.s.src, "-n", "kubemove-system", "logs", "deployment/kubemove", "--all-containers"))
}
