package e2e

import (
	"context"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/e2e/lab"
)

//go:embed testdata/smoke.yaml
var smokeManifest string

// TestSmoke shows that the clusters do what the other tests take for granted.
func TestSmoke(t *testing.T) {
	namespace := fmt.Sprintf("smoke-%d", time.Now().UnixNano()%1e9)
	pods := map[string]string{}
	t.Cleanup(func() { deleteNamespace(t, namespace) })
	for _, c := range clusters.Clusters() {
		t.Run(c.Name, func(t *testing.T) {
			pods[c.Name] = startApplication(t, c, namespace)
			testCluster(t, c, namespace, pods[c.Name])
		})
	}
	t.Run("from src to dst", func(t *testing.T) {
		if t.Failed() || pods["src"] == "" || pods["dst"] == "" {
			t.Fatal("the application does not run in both clusters")
		}
		testAcross(t, namespace, pods["src"])
	})
}

// startApplication runs a Deployment with a claim and returns its Pod's name.
func startApplication(t *testing.T, c *lab.Cluster, namespace string) string {
	ctx := t.Context()
	client, err := c.Client()
	require.NoError(t, err)
	_, err = client.CoreV1().Namespaces().Create(ctx,
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	require.NoError(t, err)
	manifest := strings.ReplaceAll(smokeManifest, "NAMESPACE", namespace)
	start := time.Now()
	require.NoError(t, c.Apply(ctx, manifest))
	require.NoError(t, lab.Await(ctx, 60*time.Second, "the application", func(ctx context.Context) error {
		return c.DeploymentAvailable(ctx, namespace, "app")
	}))
	t.Logf("Deployment with a new volume available after %s", since(start))
	list, err := client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=app"})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
	return list.Items[0].Name
}

// deleteNamespace removes a test's namespace from both clusters and waits until
// the volumes in it are gone too.
func deleteNamespace(t *testing.T, namespace string) {
	ctx := context.Background() // the test's own has ended
	for _, c := range clusters.Clusters() {
		start := time.Now()
		client, err := c.Client()
		require.NoError(t, err)
		err = client.CoreV1().Namespaces().Delete(ctx, namespace, metav1.DeleteOptions{})
		require.NoError(t, err)
		require.NoError(t, lab.Await(ctx, 60*time.Second, "the volumes to be gone", func(ctx context.Context) error {
			volumes, err := client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
			if err != nil {
				return err
			}
			for _, v := range volumes.Items {
				if v.Spec.ClaimRef.Namespace == namespace {
					return fmt.Errorf("volume %s is %s", v.Name, v.Status.Phase)
				}
			}
			return nil
		}))
		t.Logf("%s: namespace and volumes gone after %s", c.Name, since(start))
	}
}

func testCluster(t *testing.T, c *lab.Cluster, namespace, pod string) {
	ctx := t.Context()
	client, err := c.Client()
	require.NoError(t, err)

	claim, err := client.CoreV1().PersistentVolumeClaims(namespace).Get(ctx, "data", metav1.GetOptions{})
	require.NoError(t, err)
	require.Equal(t, corev1.ClaimBound, claim.Status.Phase)
	require.Equal(t, "standard", *claim.Spec.StorageClassName, "the default class")

	start := time.Now()
	got, err := c.Exec(ctx, namespace, pod, "", "cat", "/config/greeting", "/data/index.html")
	require.NoError(t, err)
	require.Equal(t, "hello\nwritten by user 1000\n", got)
	t.Logf("exec took %s", since(start))

	got, err = c.Exec(ctx, namespace, pod, "", "nslookup", "kubernetes.default.svc.cluster.local")
	require.NoError(t, err)
	service, err := client.CoreV1().Services(metav1.NamespaceDefault).Get(ctx, "kubernetes", metav1.GetOptions{})
	require.NoError(t, err)
	require.Contains(t, got, service.Spec.ClusterIP)

	got, err = c.Exec(ctx, namespace, pod, "", "wget", "-qO-", "http://app")
	require.NoError(t, err, "the Pod reaches itself by its Service's short name")
	require.Equal(t, "written by user 1000\n", got)

	logs, err := client.CoreV1().Pods(namespace).GetLogs(pod, &corev1.PodLogOptions{}).DoRaw(ctx)
	require.NoError(t, err)
	require.Equal(t, "started\n", string(logs))

	address, stop, err := c.PortForward(ctx, namespace, pod, 8080)
	require.NoError(t, err)
	defer stop()
	response, err := http.Get("http://" + address)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, "written by user 1000\n", string(body))
}

// testAcross shows that Pods of one cluster reach the other, and nothing else.
func testAcross(t *testing.T, namespace, pod string) {
	ctx := t.Context()
	target, err := clusters.Target().Config()
	require.NoError(t, err)
	server, err := url.Parse(target.Host)
	require.NoError(t, err)
	// busybox knows none of the ciphers, so it is the refusal that proves the way.
	ask := fmt.Sprintf(`printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 10 %s %s`, server.Hostname(), server.Port())
	got, err := clusters.Source().Exec(ctx, namespace, pod, "", "sh", "-c", ask)
	require.NoError(t, err, "the API server of the target")
	require.Contains(t, got, "Client sent an HTTP request to an HTTPS server")

	client, err := clusters.Target().Client()
	require.NoError(t, err)
	service, err := client.CoreV1().Services(namespace).Get(ctx, "app", metav1.GetOptions{})
	require.NoError(t, err)
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	address := fmt.Sprintf("http://%s:%d", nodes.Items[0].Status.Addresses[0].Address, service.Spec.Ports[0].NodePort)
	got, err = clusters.Source().Exec(ctx, namespace, pod, "", "wget", "-qO-", address)
	require.NoError(t, err, "a NodePort of the target")
	require.Equal(t, "written by user 1000\n", got)
}

func since(start time.Time) time.Duration { return time.Since(start).Round(10 * time.Millisecond) }
