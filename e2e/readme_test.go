package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shellBlocks are the fenced sh blocks of a Markdown page.
var shellBlocks = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// blocksOf a Markdown page, or of its part below a heading.
func blocksOf(t *testing.T, page, heading string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(clusters.Root, page))
	require.NoError(t, err)
	text := string(data)
	if heading != "" {
		_, below, found := strings.Cut(text, "\n"+heading+"\n")
		require.True(t, found, "%s has no heading %q", page, heading)
		text, _, _ = strings.Cut(below, "\n## ")
	}
	var blocks []string
	for _, block := range shellBlocks.FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, block[1])
	}
	require.NotEmpty(t, blocks, "%s %s", page, heading)
	return blocks
}

// watchSome ends a watch after a while, as a reader does with Ctrl-C.
const watchSome = `kubectl() {
  case " $* " in
  *" --watch "*) timeout --signal=INT 3 kubectl "$@" || [ $? = 124 ] ;;
  *) command kubectl "$@" ;;
  esac
}
`

// read runs the blocks as a reader would, at the root of the checkout.
func read(t *testing.T, config string, blocks ...string) {
	t.Helper()
	for _, block := range blocks {
		cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", watchSome+block)
		cmd.Dir = clusters.Root
		cmd.Env = clusters.Env(config)
		out, err := cmd.CombinedOutput()
		t.Logf("$ %s\n%s", strings.ReplaceAll(strings.TrimSpace(block), "\n", "\n$ "), out)
		require.NoError(t, err)
	}
}

// TestFirstMove moves the first application by kubectl move, and then by kubectl alone: both have its namespace.
func TestFirstMove(t *testing.T) {
	t.Parallel()
	t.Run("kubectl move", firstMove)
	t.Run("kubectl", kubectlPage)
}

// kubectlPage runs every command of docs/kubectl.md, with the account that manifests/endpoint makes, to the last one, which leaves
// nothing.
func kubectlPage(t *testing.T) {
	s := &scenario{t: t, src: clusters.Source(), dst: clusters.Target(), namespace: "journal"}
	t.Cleanup(func() {
		if t.Failed() {
			s.close()
			_, _ = s.dst.Kubectl(context.Background(), "delete", "--ignore-not-found", "clusterrolebinding", "kubemove-endpoint-facts-journal")
		}
	})
	read(t, contexts(t), blocksOf(t, "docs/kubectl.md", "")...)
	s.requireGone()
}

// requireGone fails the test when a cluster still has the namespace.
func (s *scenario) requireGone() {
	s.t.Helper()
	for _, c := range clusters.Clusters() {
		require.Empty(s.t, s.kubectl(c, "get", "namespace", s.namespace, "--ignore-not-found", "-o", "name"))
	}
}

// firstMove runs every command of the README's first move, which goes back before it is committed, and then every command of the
// example's page, which moves: with the account that target add makes, and no more rights.
func firstMove(t *testing.T) {
	s := &scenario{t: t, src: clusters.Source(), dst: clusters.Target(), namespace: "journal"}
	t.Cleanup(s.close)
	config := contexts(t)
	page := blocksOf(t, "examples/first-move/README.md", "")
	application, wayThere, rest := page[0], page[1], page[2:]
	read(t, config, application, wayThere)
	read(t, config, blocksOf(t, "README.md", "## A first move")...)
	s.kubectl(s.src, "wait", "moveswitch/journal-dst", "--for=condition=RolledBack", timeout)
	s.kubectl(s.src, "rollout", "status", "deployment/journal", timeout)
	// A reader who goes on with the example has not gone back.
	s.kubectl(s.src, "patch", "moveswitch", "journal-dst", "--type=merge", "-p",
		`{"spec":{"desired":"Switched","retry":"2","approvedPlan":""}}`)
	read(t, config, rest...)
}

// TestWebShopPage runs every command of the page of examples/webshop, to the last one, which
// leaves nothing.
func TestWebShopPage(t *testing.T) {
	t.Parallel()
	require.NoError(t, loadWebShop())
	s := &scenario{t: t, src: clusters.Source(), dst: clusters.Target(), namespace: "webshop"}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		s.close()
		for _, c := range clusters.Clusters() {
			for _, file := range []string{"rights.yaml", "cluster.yaml"} {
				_, _ = c.Kubectl(context.Background(), "delete", "--ignore-not-found", "-f", filepath.Join(clusters.Root, "examples", "webshop", file))
			}
		}
	})
	read(t, contexts(t), blocksOf(t, "examples/webshop/README.md", "")...)
	s.requireGone()
}

// postgresLivePage runs every command of the page of examples/postgres-live, which proves that no
// acknowledged row was lost, to the last one, which leaves nothing.
func postgresLivePage(t *testing.T) {
	_, err := clusters.LoadPostgres(t.Context())
	require.NoError(t, err)
	s := &scenario{t: t, src: clusters.Source(), dst: clusters.Target(), namespace: "postgres-live"}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		s.close()
		_ = os.Remove(filepath.Join(clusters.Root, "acknowledged.log"))
	})
	read(t, contexts(t), blocksOf(t, "examples/postgres-live/README.md", "")...)
	s.requireGone()
}

// TestBlueGreenPage runs every command of the page of examples/blue-green: there, back and there again, with each side's own
// image.
func TestBlueGreenPage(t *testing.T) {
	t.Parallel()
	require.NoError(t, clusters.LoadNewerBusybox(t.Context()))
	blue := &scenario{t: t, src: clusters.Source(), dst: clusters.Source(), namespace: "book-blue"}
	green := &scenario{t: t, src: clusters.Source(), dst: clusters.Source(), namespace: "book-green"}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		blue.close()
		green.close()
	})
	page := blocksOf(t, "examples/blue-green/README.md", "")
	require.Len(t, page, 6)
	application, account, there, back, again, away := page[0], page[1], page[2], page[3], page[4], page[5]
	config := contexts(t)
	running := func(replicas string, s *scenario, tag string) {
		t.Helper()
		require.Equal(t, replicas+" docker.io/library/busybox:"+tag,
			s.kubectl(s.src, "get", "deployment", "book", "-o", "jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image}"))
	}
	read(t, config, application, account, there)
	running("0", blue, "1.36")
	running("1", green, "1.37")
	read(t, config, back)
	running("1", blue, "1.36")
	running("0", green, "1.37")
	read(t, config, again)
	running("0", blue, "1.36")
	running("1", green, "1.37")
	read(t, config, away)
	for _, s := range []*scenario{blue, green} {
		require.Empty(t, s.kubectl(s.src, "get", "namespace", s.namespace, "--ignore-not-found", "-o", "name"))
	}
}

// TestInstall runs the README's commands of the installation on a cluster that has never seen
// KubeMove. No Pod may start there: the published images are not on this machine. What waits
// for the Pods runs where the lab has installed the images of this checkout. Then kubectl move installs those over it, and removes all.
func TestInstall(t *testing.T) {
	t.Parallel()
	s := &scenario{t: t, src: clusters.Source(), dst: clusters.Target(), namespace: "kubemove-system"}
	config := contexts(t)
	t.Cleanup(func() {
		for _, dir := range []string{"manifests/overlays/default", "manifests/crds"} {
			out, err := s.dst.Kubectl(context.Background(), "delete", "--ignore-not-found", "-k", filepath.Join(clusters.Root, dir), timeout)
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		}
	})
	s.kubectl(s.dst, "create", "namespace", s.namespace)
	s.kubectl(s.dst, "create", "quota", "no-pods", "--hard=pods=0")
	commands := strings.SplitAfter(strings.TrimSpace(blocksOf(t, "README.md", "## Install")[0]), "\n")
	require.Len(t, commands, 4)
	onTarget := "kubectl() { command kubectl --context dst \"$@\"; }\n"
	for _, command := range commands[:3] {
		read(t, config, onTarget+command)
	}
	read(t, config, commands[3])

	s.kubectl(s.dst, "delete", "quota", "no-pods")
	s.installsOverIt()
	s.kubectl(s.dst, "get", "moveengines")
	out, err := clusters.Move(t.Context(), s.dst, "check")
	require.NoError(t, err, out)
	require.Contains(t, out, "controllers-present")
	out, err = clusters.Move(t.Context(), s.dst, "uninstall", "--yes", "--wait")
	require.NoError(t, err, out)
	require.Empty(t, s.kubectl(s.dst, "get", "namespace", s.namespace, "--ignore-not-found"))
}

// installsOverIt upgrades to the images of this checkout by kubectl move, and waits for them. A Metacontroller of the lab
// that has older flags than those of the manifests gets them from an administrator meanwhile.
func (s *scenario) installsOverIt() {
	s.t.Helper()
	const task = "ghcr.io/kubemove/task:dev"
	of := func(what string) string {
		return s.kubectl(s.src, "get", "deployment", "kubemove", "-o",
			`jsonpath={.spec.template.spec.containers[?(@.name=="metacontroller")]`+what+"}")
	}
	type answer struct {
		out string
		err error
	}
	image, answers := of(".image"), make(chan answer, 1)
	go func() {
		out, err := clusters.Move(s.t.Context(), s.dst, "install", "--wait", "--timeout", "5m", "--force-conflicts", "--image-task", task,
			"--image-hooks", "ghcr.io/kubemove/hooks:dev", "--image-ddm", "ghcr.io/kubemove/ddm:dev", "--image-metacontroller", image)
		answers <- answer{out, err}
	}()
	s.await(patience, "the new Deployment", func() error {
		text := s.kubectl(s.dst, "get", "deployment", "kubemove", "-o", "jsonpath={.spec.template.spec.containers[*].env}")
		if !strings.Contains(text, task) {
			return fmt.Errorf("it has %s", text)
		}
		return nil
	})
	if of(".livenessProbe") == "" {
		s.kubectl(s.dst, "patch", "deployment", "kubemove", "--type=json", "--patch-file",
			filepath.Join(clusters.Root, "e2e/manifests/local/metacontroller.yaml"))
	}
	got := <-answers
	require.NoError(s.t, got.err, got.out)
}

// contexts is a kubeconfig with a context for each cluster, called src (the current one) and dst.
func contexts(t *testing.T) string {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, clusters.WriteContexts(file, ""))
	return file
}
