package lab

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

func TestOpenFindsTheCheckout(t *testing.T) {
	root := t.TempDir()
	inside := filepath.Join(root, "e2e", "deep", "down")
	require.NoError(t, os.MkdirAll(inside, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "e2e", "go.mod"), nil, 0o644))
	l, err := Open(inside)
	require.NoError(t, err)
	require.Equal(t, root, l.Root)
	require.Equal(t, filepath.Join(root, ".kubemove"), l.Dir)
	require.Less(t, len(l.node(place(0).specs()[0]).containerdSocket()), 60)

	_, err = Open(t.TempDir())
	require.ErrorContains(t, err, "not inside a checkout")
}

// TestNamedLab: a lab with a name shares with the usual one neither folder nor socket nor anything of the machine.
func TestNamedLab(t *testing.T) {
	root := t.TempDir()
	usual, other := labOf(root, ""), labOf(root, "two")
	require.Equal(t, filepath.Join(root, ".kubemove", "labs", "two"), other.Dir)
	require.NotEqual(t, usual.RunDir, other.RunDir)
	seen := map[string]string{}
	for number := range place(places + 1) {
		all := []string{number.bridge(), number.firewallChain(), number.address(1)}
		for _, s := range number.specs() {
			require.LessOrEqual(t, len(s.link), 15, "names of links are short")
			all = append(all, s.link, s.address, s.podCIDR, s.serviceCIDR)
		}
		for _, one := range all {
			require.Empty(t, seen[one], "%s is in two labs", one)
			seen[one] = number.bridge()
		}
	}
	gotRoot, gotName := splitID(other.id())
	require.Equal(t, []string{root, "two", root}, []string{gotRoot, gotName, usual.id()})

	t.Setenv("KUBEMOVE_LAB", "../up")
	_, err := Open("")
	require.ErrorContains(t, err, `KUBEMOVE_LAB is "../up", expected`)
}

func TestOpenWithClustersOfTheUser(t *testing.T) {
	t.Setenv("KUBEMOVE_E2E_SOURCE", "/a")
	_, err := Open("")
	require.ErrorContains(t, err, "set both")

	t.Setenv("KUBEMOVE_E2E_TARGET", "/b")
	l, err := Open("")
	require.NoError(t, err)
	require.Equal(t, "/a", l.Source().Kubeconfig)
	require.Equal(t, "/b", l.Target().Kubeconfig)
}

func TestToolKeyFollowsTheSource(t *testing.T) {
	l := &Lab{Root: t.TempDir()}
	dir := filepath.Join(l.Root, "tool")
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module tool"), 0o644))
	first, err := l.toolKey(tool{dir: "tool"})
	require.NoError(t, err)
	same, err := l.toolKey(tool{dir: "tool"})
	require.NoError(t, err)
	require.Equal(t, first, same)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main"), 0o644))
	second, err := l.toolKey(tool{dir: "tool"})
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	third, err := l.toolKey(tool{dir: "tool", ldflags: "-X a=b"})
	require.NoError(t, err)
	require.NotEqual(t, second, third)

	_, err = l.toolKey(tool{dir: "none"})
	require.ErrorContains(t, err, "no Go module")
}

func TestNodeConfigurationIsComplete(t *testing.T) {
	l := testLab(t)
	n := l.node(place(0).specs()[0])
	path, err := n.render(kubeletConfig, "kubelet.yaml")
	require.NoError(t, err)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var config struct {
		Kind       string
		ClusterDNS []string
	}
	require.NoError(t, yaml.Unmarshal(data, &config))
	require.Equal(t, "KubeletConfiguration", config.Kind)
	require.Equal(t, []string{"10.96.0.10"}, config.ClusterDNS)
}

func TestAuditLogIsTheNodesOwn(t *testing.T) {
	l := testLab(t)
	n := l.node(place(0).specs()[1])
	policy, err := n.render(auditPolicy, "audit.yaml")
	require.NoError(t, err)
	data, err := os.ReadFile(policy)
	require.NoError(t, err)
	var config struct {
		APIVersion, Kind string
		OmitStages       []string
		Rules            []struct {
			Level string
			Verbs []string
		}
	}
	require.NoError(t, yaml.UnmarshalStrict(data, &config))
	require.Equal(t, "Policy", config.Kind)
	require.Equal(t, "Metadata", config.Rules[0].Level, "no content of Secrets")
	command := n.apiServerCommand(policy)
	for _, flag := range []string{"--audit-policy-file=" + policy, "--audit-log-path=" + filepath.Join(l.Dir, "dst", "log", "audit.log")} {
		require.Contains(t, command, flag, "make down removes the folder")
	}
}
