package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// s3 runs an S3 server at the target and returns the repository of a move in it.
func (s *scenario) s3() string {
	s.t.Helper()
	image, err := clusters.LoadS3Server(s.t.Context())
	require.NoError(s.t, err)
	s.apply(s.dst, "s3.yaml", "IMAGE", image)
	s.kubectl(s.dst, "rollout", "status", "deployment/s3", timeout)
	address := s.kubectl(s.dst, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	port := s.kubectl(s.dst, "get", "service", "s3", "-o", "jsonpath={.spec.ports[0].nodePort}")
	return "s3:http://" + address + ":" + port + "/moves/prefix"
}

// credentials writes the Secret that the engine names, with more arguments of kubectl.
func (s *scenario) credentials(secret string, more ...string) {
	s.t.Helper()
	s.kubectl(s.src, "delete", "secret", "s3-credentials", "--ignore-not-found")
	s.kubectl(s.src, append([]string{"create", "secret", "generic", "s3-credentials",
		"--from-literal=AWS_ACCESS_KEY_ID=AKIDOFTHETEST", "--from-literal=AWS_SECRET_ACCESS_KEY=" + secret}, more...)...)
}

// moveThrough applies the example with the repository.
func (s *scenario) moveThrough(repository string) {
	s.t.Helper()
	s.apply(s.src, "examples/s3/moveengine.yaml", "s3:https://s3.example.com/moves/prefix", repository, "namespace: shop",
		"namespace: "+s.namespace)
}

const s3Secret = "canary-of-the-repository"

// TestRepositoryS3 moves through a bucket that both clusters reach: no claim of ours is made,
// and the keys are nowhere to be read.
func TestRepositoryS3(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	repository := s.s3()
	s.credentials(s3Secret)
	before := s.files(s.src, s.pod(s.src, "app=shop"))
	l := &leaks{s: s, values: map[string]string{}, texts: map[string]string{}}
	stop := l.watch()
	s.moveThrough(repository)
	s.approve("shop-dst")
	s.switched()
	stop()
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")), "the files at the target")
	require.Equal(t, "persistentvolumeclaim/data", s.kubectl(s.dst, "get", "pvc", "-o", "name"), "the claims at the target")
	l.look(t.Context())
	l.everything()
	require.Contains(t, l.values, s3Secret)
	l.silent()
}

const peek = `
apiVersion: v1
kind: Pod
metadata: {name: peek}
spec:
  containers:
  - name: peek
    image: docker.io/library/busybox:1.36
    imagePullPolicy: IfNotPresent
    command: [sleep, "600"]
    volumeMounts: [{name: backups, mountPath: /backups}]
  terminationGracePeriodSeconds: 1
  volumes:
  - {name: backups, persistentVolumeClaim: {claimName: backups}}
`

// TestRepositoryClaim moves through a claim of the user's own, which is there with the
// repository when everything else is gone. Without it the plan says what to make.
func TestRepositoryClaim(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	before := s.files(s.src, s.pod(s.src, "app=shop"))
	untouched := s.sourceState()
	s.apply(s.src, "engine-claim.yaml", "REPOSITORY", "claim:backups")
	s.t.Log("\n" + s.complaint([]string{"ClaimMissing", "backups"}))
	require.Equal(t, untouched, s.sourceState(), "the source was touched")
	create(target, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: backups},
		spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 256Mi}}}}`)(s)
	s.switched()
	require.Equal(t, before, s.files(s.dst, s.pod(s.dst, "app=shop")), "the files at the target")
	s.kubectl(s.src, "delete", "moveengine", "shop", timeout)
	require.Equal(t, "persistentvolumeclaim/backups\npersistentvolumeclaim/data",
		s.kubectl(s.dst, "get", "pvc", "-o", "name"), "the claims at the target")
	create(target, peek)(s)
	s.kubectl(s.dst, "wait", "--for=condition=Ready", "pod/peek", timeout)
	_, err := s.dst.Exec(t.Context(), s.namespace, "peek", "", "test", "-s", "/backups/"+s.namespace+"/shop-dst/data/config")
	require.NoError(t, err, "the repository in the claim")
}

// TestBadInputCredentials makes one mistake with the Secret after the other. Each is told before
// anything is stopped, and with the last one fixed the move goes on by itself.
func TestBadInputCredentials(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	s.deploy(s.src, "shop.yaml")
	repository := s.s3()
	before := s.sourceState()
	s.moveThrough(repository)
	for _, c := range []struct {
		harm func()
		says []string
	}{
		{func() {}, []string{"InvalidCredentials", "kubectl create secret generic s3-credentials"}},
		{func() { s.credentials(s3Secret, "--from-literal=AWS_REGION=x") }, []string{"InvalidCredentials", "AWS_REGION", "remove the key"}},
		{func() { s.credentials("wrong") }, []string{"RepositoryDenied", "credentialsSecretRef"}},
	} {
		c.harm()
		s.t.Log("\n" + s.complaint(c.says))
		require.Equal(t, before, s.sourceState(), "the source was touched")
	}
	s.credentials(s3Secret)
	s.approve("shop-dst")
	s.switched()
}
