package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubemove/kubemove/e2e/lab"
)

// shellBlocks are the fenced sh blocks of a Markdown page.
var shellBlocks = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// TestFirstMoveExample runs every command of the example's page, in order, as a reader would:
// with the account that manifests/endpoint makes at the target, and no more rights.
func TestFirstMoveExample(t *testing.T) {
	t.Parallel()
	t.Cleanup(func() {
		for _, c := range clusters.Clusters() {
			if out, err := c.Kubectl(context.Background(), "delete", "namespace", "journal", "--ignore-not-found", "--timeout=120s"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
	})
	page, err := os.ReadFile(filepath.Join(clusters.Root, "examples", "first-move", "README.md"))
	require.NoError(t, err)
	config := contexts(t)
	blocks := shellBlocks.FindAllStringSubmatch(string(page), -1)
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", block[1])
		cmd.Dir = clusters.Root
		cmd.Env = append(os.Environ(), "KUBECONFIG="+config, "PATH="+filepath.Dir(clusters.Kubectl())+":"+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		t.Logf("$ %s\n%s", strings.ReplaceAll(strings.TrimSpace(block[1]), "\n", "\n$ "), out)
		require.NoError(t, err)
	}
}

// contexts is a kubeconfig with a context for each cluster, called src and dst.
func contexts(t *testing.T) string {
	merged := clientcmdapi.NewConfig()
	for _, c := range clusters.Clusters() {
		add(t, merged, c)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clientcmd.WriteToFile(*merged, file))
	return file
}

func add(t *testing.T, merged *clientcmdapi.Config, c *lab.Cluster) {
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	require.NoError(t, err)
	current := config.Contexts[config.CurrentContext]
	merged.Clusters[c.Name] = config.Clusters[current.Cluster]
	merged.AuthInfos[c.Name] = config.AuthInfos[current.AuthInfo]
	merged.Contexts[c.Name] = &clientcmdapi.Context{Cluster: c.Name, AuthInfo: c.Name}
}
