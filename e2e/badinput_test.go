package e2e

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubemove/kubemove/e2e/lab"
)

// badInput is something that stands in the way of a move.
type badInput struct {
	// app and engine are files of testdata; default: shop.yaml and engine-auto.yaml.
	app, engine string
	// class: the application's claim asks for a StorageClass that harm makes.
	class bool
	// harm is done before the engine is applied, fix after its complaint was read.
	harm, fix func(s *scenario)
	// says is part of the complaint: the reason, and what helps to fix it.
	says []string
	// switches: the move goes on to its end after the fix, as the mistake reaches beyond the plan. The others end with a plan
	// that is ready, but with -whole.
	switches bool
}

var whole = flag.Bool("whole", false, "let each move with a repaired mistake go on to its end")

// kubeconfigOf writes the target's kubeconfig, changed, into the Secret dst.
func kubeconfigOf(change func(*clientcmdapi.Cluster, *clientcmdapi.AuthInfo)) func(s *scenario) {
	return func(s *scenario) {
		config, err := clientcmd.LoadFromFile(s.way)
		require.NoError(s.t, err)
		for _, c := range config.Clusters {
			for _, user := range config.AuthInfos {
				change(c, user)
			}
		}
		file := s.t.TempDir() + "/kubeconfig"
		require.NoError(s.t, clientcmd.WriteToFile(*config, file))
		s.kubectl(s.src, "delete", "secret", "dst", "--ignore-not-found")
		s.kubectl(s.src, "create", "secret", "generic", "dst", "--from-file=kubeconfig="+file)
	}
}

func goodKubeconfig(s *scenario) {
	kubeconfigOf(func(*clientcmdapi.Cluster, *clientcmdapi.AuthInfo) {})(s)
}

// create an object, given as YAML, in one cluster's namespace.
func create(of func(*scenario) *lab.Cluster, yaml string) func(s *scenario) {
	return func(s *scenario) {
		file := s.t.TempDir() + "/object.yaml"
		require.NoError(s.t, os.WriteFile(file, []byte(strings.ReplaceAll(yaml, "NAMESPACE", s.namespace)), 0o600))
		s.kubectl(of(s), "apply", "-f", file)
	}
}

// run kubectl in one cluster's namespace.
func run(of func(*scenario) *lab.Cluster, args ...string) func(s *scenario) {
	return func(s *scenario) {
		var own []string
		for _, a := range args {
			own = append(own, strings.ReplaceAll(a, "NAMESPACE", s.namespace))
		}
		s.kubectl(of(s), own...)
	}
}

func source(s *scenario) *lab.Cluster { return s.src }
func target(s *scenario) *lab.Cluster { return s.dst }

func badInputs() map[string]badInput {
	cases := badKubeconfigs()
	for name, c := range badTargets() {
		cases[name] = c
	}
	cases["missing image"] = missingImage()
	cases["lost Pod"] = lostPod()
	cases["nothing selected"] = badInput{
		engine: "engine-labels.yaml",
		harm:   func(*scenario) {},
		fix:    run(source, "label", "deployment/shop", "move=me"),
		says:   []string{"NothingSelected"},
	}
	cases["unknown mobilizer"] = badInput{
		engine: "engine-mobilizer.yaml",
		harm:   func(*scenario) {},
		fix:    run(source, "patch", "moveengine", "shop", "--type=merge", "-p", `{"spec":{"data":{"mobilizers":[{"name":"restic"}]}}}`),
		says:   []string{"UnknownMobilizer", "teleporter", "restic"},
	}
	cases["claim too small"] = badInput{
		harm: func(s *scenario) { s.fill(128) },
		fix: func(s *scenario) {
			_, err := s.src.Exec(s.t.Context(), s.namespace, s.pod(s.src, "app=shop"), "", "sh", "-c", "rm /data/fill-*")
			require.NoError(s.t, err)
		},
		says: []string{"ClaimTooSmall", "136 MiB", "64 MiB"},
	}
	return cases
}

// lostPod: a Pod on a claim of the application has failed as on a node that was lost: its last
// word is that its container runs. No kubelet has it, so none corrects that.
func lostPod() badInput {
	return badInput{
		harm: func(s *scenario) {
			create(source, `{apiVersion: v1, kind: Pod, metadata: {name: lost},
				spec: {schedulingGates: [{name: example.com/never}], containers: [{name: c, image: none}],
				volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}}`)(s)
			s.kubectl(s.src, "patch", "pod", "lost", "--subresource=status", "--type=merge", "-p",
				`{"status":{"phase":"Failed","reason":"NodeLost",
					"containerStatuses":[{"name":"c","image":"none","imageID":"","ready":false,"restartCount":0,"state":{"running":{}}}]}}`)
		},
		fix:      run(source, "delete", "pod", "lost"),
		says:     []string{"PodNotEnded", "Pod/lost", "delete pod lost"},
		switches: true,
	}
}

// missingImage: the source has the image of an init container, and the target gets it only when
// it is fixed. Its registry refuses every connection.
func missingImage() badInput {
	name := func(s *scenario) string { return "localhost:9/hello:" + s.namespace }
	return badInput{
		harm: func(s *scenario) {
			s.loadHello(s.src, name(s))
			s.kubectl(s.src, "patch", "deployment", "shop", "-p",
				`{"spec":{"template":{"spec":{"initContainers":[{"name":"hello","image":"`+name(s)+`","command":["/busybox","true"]}]}}}}`)
			s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
		},
		fix:      func(s *scenario) { s.loadHello(s.dst, name(s)) },
		says:     []string{"ImageNotPullable", "localhost:9/hello:", "Deployment.apps/shop", "pull secret"},
		switches: true,
	}
}

// loadHello puts a tiny image into one cluster: busybox alone.
func (s *scenario) loadHello(c *lab.Cluster, name string) {
	s.t.Helper()
	busybox, err := exec.LookPath("busybox")
	require.NoError(s.t, err)
	file, err := os.Create(s.t.TempDir() + "/hello.tar")
	require.NoError(s.t, err)
	defer file.Close()
	_, err = lab.WriteImage(file, lab.Image{Name: name, Files: []lab.ImageFile{{Path: "/busybox", Source: busybox, Mode: 0o755}}})
	require.NoError(s.t, err)
	require.NoError(s.t, file.Close())
	require.NoError(s.t, clusters.LoadImageInto(s.t.Context(), c, file.Name()))
}

func badKubeconfigs() map[string]badInput {
	return map[string]badInput{
		"no Secret": {
			harm: run(source, "delete", "secret", "dst"),
			fix:  goodKubeconfig,
			says: []string{"InvalidKubeconfig", "kubectl create secret generic dst --from-file=kubeconfig=FILE"},
		},
		"exec plugin": {
			harm: kubeconfigOf(func(_ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
				*user = clientcmdapi.AuthInfo{Exec: &clientcmdapi.ExecConfig{Command: "aws", APIVersion: "client.authentication.k8s.io/v1",
					InteractiveMode: clientcmdapi.NeverExecInteractiveMode}}
			}),
			fix:  goodKubeconfig,
			says: []string{"InvalidKubeconfig", "exec", "aws"},
		},
		"unreachable": {
			harm: kubeconfigOf(func(c *clientcmdapi.Cluster, _ *clientcmdapi.AuthInfo) {
				c.Server = c.Server[:strings.LastIndex(c.Server, ":")] + ":9"
			}),
			fix:  goodKubeconfig,
			says: []string{"EndpointUnreachable", ":9", "connection refused"},
		},
		"expired token": {
			harm: kubeconfigOf(func(_ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
				*user = clientcmdapi.AuthInfo{Token: "expired"}
			}),
			fix:      goodKubeconfig,
			says:     []string{"credentials"},
			switches: true,
		},
	}
}

// specialClass is a StorageClass that one of the clusters has: the default one under a name of
// its own.
func specialClass(of func(*scenario) *lab.Cluster) func(s *scenario) {
	return func(s *scenario) {
		path := s.kubectl(of(s), "get", "storageclass", "standard", "-o", "jsonpath={.parameters.nodePath}")
		create(of, `{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: special-NAMESPACE}, provisioner: rancher.io/local-path,
			volumeBindingMode: WaitForFirstConsumer, parameters: {nodePath: "`+path+`"}}`)(s)
		s.t.Cleanup(func() {
			if out, err := of(s).Kubectl(context.Background(), "delete", "storageclass", "special-"+s.namespace); err != nil {
				s.t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

const defaultDeny = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny-SIDE}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`

func badTargets() map[string]badInput {
	return map[string]badInput{
		"no such StorageClass": {
			class: true,
			harm:  specialClass(source),
			fix:   specialClass(target),
			says:  []string{"StorageClassMissing", "special-", "standard"},
		},
		"foreign object": {
			harm: run(target, "create", "configmap", "settings"),
			fix:  run(target, "delete", "configmap", "settings"),
			says: []string{"NameConflict", "ConfigMap/settings"},
		},
		"quota": {
			harm: run(target, "create", "quota", "none", "--hard=pods=0"),
			fix:  run(target, "delete", "quota", "none"),
			says: []string{"QuotaExceeded", "ResourceQuota none", "pods: needs 1, left 0 of 0"},
		},
		"Pod security": {
			app:      "vault.yaml",
			harm:     run(target, "label", "namespace", "NAMESPACE", "pod-security.kubernetes.io/enforce=restricted"),
			fix:      run(target, "label", "namespace", "NAMESPACE", "pod-security.kubernetes.io/enforce-"),
			says:     []string{"RejectedByTarget", "violates PodSecurity"},
			switches: true,
		},
		"namespace terminating": {
			harm: func(s *scenario) {
				// An account of the namespace would go with it.
				s.addTarget("dst", "--kubeconfig", s.dst.Kubeconfig, "--copy-credentials", "--overwrite")
				create(target, `{apiVersion: v1, kind: ConfigMap, metadata: {name: stays, finalizers: [example.com/stays]}}`)(s)
				s.kubectl(s.dst, "delete", "namespace", s.namespace, "--wait=false")
			},
			fix: func(s *scenario) {
				s.kubectl(s.dst, "patch", "configmap", "stays", "--type=merge", "-p", `{"metadata":{"finalizers":null}}`)
				s.kubectl(s.dst, "wait", "--for=delete", "namespace/"+s.namespace, timeout)
				s.kubectl(s.dst, "create", "namespace", s.namespace)
			},
			says: []string{"NamespaceNotFound", "being deleted"},
		},
	}
}

// TestBadInput: each is told on the object that the user made, with what to do; the source is
// left alone; and once the cause is fixed the move goes on by itself, without a word from a person.
func TestBadInput(t *testing.T) {
	t.Parallel() // Else the tests beside it would wait for all of its cases.
	for name, c := range badInputs() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScenario(t)
			prepare(s, c)
			before := s.sourceState()
			approval := "Manual"
			if c.switches || *whole {
				approval = "Automatic"
			}
			s.apply(s.src, cmp.Or(c.engine, "engine-auto.yaml"), "KIND", "Deployment", "approval: Automatic", "approval: "+approval)
			s.t.Log("\n" + s.complaint(c.says))
			require.Equal(t, before, s.sourceState(), "the source was touched")
			c.fix(s)
			if approval == "Automatic" {
				s.switched()
				return
			}
			s.kubectl(s.src, "wait", "--for=condition=Ready", "moveengine/shop", timeout)
			require.Equal(t, "[]", s.kubectl(s.src, "get", "moveengine", "shop", "-o", `go-template={{or .status.blockers "[]"}}`))
		})
	}
}

// prepare starts the application and does the harm.
func prepare(s *scenario, c badInput) {
	if c.class {
		c.harm(s)
		s.apply(s.src, "shop.yaml", "accessModes:", "storageClassName: special-"+s.namespace+"\n  accessModes:")
	} else {
		s.apply(s.src, cmp.Or(c.app, "shop.yaml"))
	}
	s.kubectl(s.src, "rollout", "status", "deployment/shop", timeout)
	if !c.class {
		c.harm(s)
	}
}

// sourceState is what a move changes first.
func (s *scenario) sourceState() string {
	return s.kubectl(s.src, "get", "deployment", "shop", "-o", "jsonpath={.metadata.generation} {.spec.replicas}") + " " +
		s.pod(s.src, "app=shop")
}

// complaint waits until the engine says everything that is expected, and returns what it says.
func (s *scenario) complaint(parts []string) string {
	s.t.Helper()
	var text string
	s.await(patience, "the complaint", func() error {
		text = s.kubectl(s.src, "get", "moveengine", "shop", "-o",
			`jsonpath={range .status.conditions[?(@.status!="True")]}{.type}={.status}/{.reason}: `+
				`{.message}{"\n"}{end}{range .status.conditions[?(@.type=="Stalled")]}{.type}={.status}/{.reason}: `+
				`{.message}{"\n"}{end}{range .status.blockers[*]}blocker {.reason}: {.message}{"\n"}{end}`)
		for _, p := range parts {
			if !strings.Contains(text, p) {
				return fmt.Errorf("the engine says nothing of %q:\n%s", p, text)
			}
		}
		return nil
	})
	return text
}

// TestBadInputDefaultDeny: a policy that lets nothing in or out of any Pod does not stand in the
// way of a move: where it closes the direct way, the bytes travel through the API servers.
func TestBadInputDefaultDeny(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	create(source, strings.ReplaceAll(defaultDeny, "SIDE", "source"))(s)
	create(target, strings.ReplaceAll(defaultDeny, "SIDE", "target"))(s)
	s.apply(s.src, "engine-auto.yaml", "KIND", "Deployment")
	s.switched()
}
