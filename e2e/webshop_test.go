package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubemove/kubemove/e2e/audit"
	"github.com/kubemove/kubemove/e2e/corpus"
	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/application"
)

// webShop is examples/webshop in the namespace of a scenario. What belongs to the cluster has
// names of the scenario's own, so that several can be there at the same time.
type webShop struct {
	*scenario
	// group of the widgets, and class, their PriorityClass.
	group, class string
	// account is the user that KubeMove is at the target, and no other user.
	account string
}

var loadWebShop = sync.OnceValue(func() error { return clusters.LoadWebShop(context.Background()) })

// newWebShop starts the shop at the source, and waits until it is ready and has orders.
func newWebShop(t *testing.T) *webShop {
	require.NoError(t, loadWebShop())
	s := &webShop{}
	t.Cleanup(func() { s.removeWide() }) // Registered first, so after the namespaces are gone.
	s.scenario = newScenario(t)
	s.group, s.class = s.namespace+".example.com", s.namespace+"-high"
	s.account = s.identify()
	s.apply(s.src, "examples/webshop/cluster.yaml", s.names()...)
	s.apply(s.src, "examples/webshop/rights.yaml", s.names()...)
	s.kubectl(s.src, "wait", "--for=condition=Established", s.crd(), timeout)
	file := filepath.Join(t.TempDir(), "shop.yaml")
	require.NoError(t, os.WriteFile(file, []byte(s.manifests()), 0o600))
	s.kubectl(s.src, "apply", "--server-side", "-f", file)
	s.await(patience, "the rights to be added up", func() error {
		if groups := s.kubectl(s.src, "get", "clusterrole", "kubemove-data", "kubemove-switch", "-o",
			"jsonpath={.items[*].rules[*].apiGroups}"); strings.Count(groups, s.group) != 2 {
			return fmt.Errorf("the roles of the Jobs are for the groups %s", groups)
		}
		return nil
	})
	s.ready(s.src)
	s.order()
	return s
}

// removeWide removes what belongs to the clusters.
func (s *webShop) removeWide() {
	if s.scenario == nil || s.t.Failed() && os.Getenv("KUBEMOVE_E2E_KEEP") != "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	remove := func(c *lab.Cluster, objects ...string) {
		if out, err := c.Kubectl(ctx, append([]string{"-n", "default", "delete", "--ignore-not-found"}, objects...)...); err != nil {
			s.t.Errorf("%v\n%s", err, out)
		}
	}
	for _, c := range clusters.Clusters() {
		remove(c, s.crd(), "priorityclass/"+s.class)
	}
	remove(s.src, "clusterrole/kubemove-"+s.namespace, "clusterrole/kubemove-"+s.namespace+"-cluster",
		"clusterrolebinding/kubemove-"+s.namespace+"-cluster")
	remove(s.dst, "clusterrolebinding/"+s.namespace, "serviceaccount/"+s.namespace)
}

// identify gives KubeMove an account of its own at the target, in another namespace than the
// shop's, so that the audit log tells it from all others. It returns the name of its user.
func (s *webShop) identify() string {
	s.kubectl(s.dst, "-n", "default", "create", "serviceaccount", s.namespace)
	s.kubectl(s.dst, "create", "clusterrolebinding", s.namespace, "--clusterrole=cluster-admin", "--serviceaccount=default:"+s.namespace)
	token := s.kubectl(s.dst, "-n", "default", "create", "token", s.namespace, "--duration=2h")
	kubeconfigOf(func(_ *clientcmdapi.Cluster, user *clientcmdapi.AuthInfo) {
		*user = clientcmdapi.AuthInfo{Token: token}
	})(s.scenario)
	return "system:serviceaccount:default:" + s.namespace
}

func (s *webShop) crd() string { return "crd/widgets." + s.group }

// names are what is replaced in the files.
func (s *webShop) names() []string {
	return []string{
		"shop.example.com", s.group, "webshop-high", s.class, "kubemove-webshop", "kubemove-" + s.namespace,
		"namespace: webshop", "namespace: " + s.namespace, "serviceaccounts:webshop", "serviceaccounts:" + s.namespace,
	}
}

// manifests of everything in the namespace, as Kustomize makes them.
func (s *webShop) manifests() string {
	text := s.kubectl(s.src, "kustomize", filepath.Join(clusters.Root, "examples", "webshop"))
	return strings.NewReplacer(s.names()...).Replace(text)
}

// written are the objects of the files, and the claims that the StatefulSet makes.
func (s *webShop) written() []application.Ref {
	s.t.Helper()
	file := filepath.Join(s.t.TempDir(), "cluster.yaml")
	s.write(file, "examples/webshop/cluster.yaml", s.names()...)
	wide, err := os.ReadFile(file)
	require.NoError(s.t, err)
	out := []application.Ref{{Kind: "PersistentVolumeClaim", Name: "data-db-0"}, {Kind: "PersistentVolumeClaim", Name: "data-db-1"}}
	for _, text := range [][]byte{wide, []byte(s.manifests())} {
		parsed := corpus.Parse(text)
		require.Empty(s.t, parsed.Unread)
		for i := range parsed.Objects {
			out = append(out, application.RefOf(&parsed.Objects[i]))
		}
	}
	return out
}

// ready waits until everything runs, what the controller has made of the widgets too.
func (s *webShop) ready(c *lab.Cluster) {
	s.t.Helper()
	for _, workload := range []string{"statefulset/db", "deployment/shop", "deployment/widget-controller"} {
		s.kubectl(c, "rollout", "status", workload, timeout)
	}
	for _, widget := range []string{"blue", "red"} {
		s.kubectl(c, "wait", "--for=create", "deployment/widget-"+widget, timeout)
		s.kubectl(c, "rollout", "status", "deployment/widget-"+widget, timeout)
	}
	s.kubectl(c, "wait", "--for=condition=Ready", "widgets."+s.group, "--all", timeout)
}

// order fills both databases, and leaves a history of reports.
func (s *webShop) order() {
	s.t.Helper()
	for _, pod := range []string{"db-0", "db-1"} {
		_, err := s.src.Exec(s.t.Context(), s.namespace, pod, "", "sh", "-c",
			`i=0; while [ $i -lt 50 ]; do echo "order $i at $(hostname)" >> /data/orders; i=$((i+1)); done
			mkdir -p /data/archive/old && cp /data/orders /data/archive/old/orders && chmod 0600 /data/archive/old/orders`)
		require.NoError(s.t, err)
	}
	s.kubectl(s.src, "create", "job", "report-1", "--from=cronjob/report")
	s.kubectl(s.src, "wait", "--for=condition=Complete", "job/report-1", timeout)
}

// state is what the shop serves and holds: the page, through the Service, the prices of the
// widgets and every file of both databases.
func (s *webShop) state(c *lab.Cluster) string {
	s.t.Helper()
	raw := func(path string) string { return s.kubectl(c, "get", "--raw", "/api/v1/namespaces/"+s.namespace+path) }
	out := raw("/services/shop:http/proxy/cgi-bin/orders")
	for _, widget := range []string{"blue", "red"} {
		out += "\n" + widget + ": " + raw("/pods/"+s.pod(c, "app=widget-"+widget)+":8080/proxy/price")
	}
	for _, pod := range []string{"db-0", "db-1"} {
		out += "\n" + s.files(c, pod)
	}
	return out
}

// stopped: no Pod of the application runs at the source, those of the widgets neither.
func (s *webShop) stopped() error {
	pods := s.kubectl(s.src, "get", "pods", "-l", "app.kubernetes.io/managed-by!=kubemove", "-o", "name",
		"--field-selector=status.phase!=Succeeded,status.phase!=Failed")
	replicas := s.kubectl(s.src, "get", "deployments,statefulsets", "-o", `jsonpath={range .items[*]}{.metadata.name}={.spec.replicas} {end}`)
	if pods != "" || replicas != "shop=0 widget-blue=0 widget-controller=0 widget-red=0 db=0" {
		return fmt.Errorf("at the source are the Pods %q and the replicas %s", pods, replicas)
	}
	return nil
}

const claimLimits = `{apiVersion: v1, kind: LimitRange, metadata: {name: claims},
	spec: {limits: [{type: PersistentVolumeClaim, min: {storage: 1Mi}}]}}`

// TestWebShop moves a whole application, of eighteen kinds, with a custom resource and its
// controller. What its plan says, what its files say and what the target's audit log says was
// created is the same, name by name, and what is at the target is what was at the source.
func TestWebShop(t *testing.T) {
	t.Parallel()
	s := newWebShop(t)
	create(source, claimLimits)(s.scenario)
	before := s.state(s.src)
	require.Contains(t, before, "Welcome to the shop\nprices in EUR\nopened by db-0\norder 0 at db-0")
	require.Contains(t, before, "order 49 at db-1\nblue: 12\nred: 15")

	follow := s.followMade(s.account)
	s.apply(s.src, "examples/webshop/moveengine.yaml", s.names()...)
	hash := s.planned("shop-dst")
	follow.equals(nil) // A plan creates nothing.
	stored, atFirst := s.storedPlan("shop-dst"), s.captured(s.src, "")
	require.Equal(t, hash, stored.Hash, "the plan that is read is the one that is approved")
	s.approve("shop-dst")
	s.switched()

	s.ready(s.dst)
	require.Equal(t, before, s.state(s.dst))
	s.stays(10*time.Second, s.stopped)
	s.comparePlan(stored.Plan)
	follow.equals(refs(stored.Objects))

	uid := s.kubectl(s.src, "get", "moveswitch", "shop-dst", "-o", "jsonpath={.metadata.uid}")
	after := s.captured(s.src, uid)
	require.Empty(t, corpus.Differences(atFirst, after), "the source after the move, but that it is stopped")
	require.Empty(t, corpus.Differences(after, s.captured(s.dst, uid)), "source and target, cleaned")
}

// comparePlan with the files.
func (s *webShop) comparePlan(p *application.Plan) {
	s.t.Helper()
	planned := refs(p.Objects)
	s.t.Logf("planned: %v", kindsOf(planned))
	require.GreaterOrEqual(s.t, len(kindsOf(planned)), 12, "the kinds of the application")
	require.ElementsMatch(s.t, s.written(), planned, "the files and the plan")
	left := map[application.Ref]string{}
	for _, l := range p.Left {
		left[l.Ref] = l.Why
	}
	require.Contains(s.t, left, application.Ref{Kind: "LimitRange", Name: "claims"}, "what an administrator has set stays")
	for _, widget := range []string{"blue", "red"} {
		for _, ref := range []application.Ref{{Kind: "ConfigMap", Name: "widget-" + widget},
			{Group: "apps", Kind: "Deployment", Name: "widget-" + widget}} {
			require.Contains(s.t, left[ref], "/"+widget, "%s is made by its widget, there as here", ref)
		}
	}
}

// TestRollBackWithCustomResources: the shop does not become healthy at the target. What the
// widgets' controller has made there is gone before anything runs at the source again.
func TestRollBackWithCustomResources(t *testing.T) {
	t.Parallel()
	s := newWebShop(t)
	s.kubectl(s.src, "patch", "deployment", "shop", "-p", `{"spec":{"template":{"spec":{"containers":[{"name":"shop",
		"env":[{"name":"NODE","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}],
		"readinessProbe":{"exec":{"command":["sh","-c","test $NODE != dst"]}}}]}}}}`)
	s.ready(s.src)
	before := s.state(s.src)
	source, err := clusters.Audit(s.src)
	require.NoError(t, err)
	target, err := clusters.Audit(s.dst)
	require.NoError(t, err)
	s.apply(s.src, "examples/webshop/moveengine.yaml", append(s.names(), "  targets:", "  switch: {healthTimeout: 40s}\n  targets:")...)
	s.approve("shop-dst")
	s.kubectl(s.src, "wait", "--for=condition=RolledBack", "moveswitch/shop-dst", timeout)

	s.ready(s.src)
	require.Equal(t, before, s.state(s.src))
	s.kubectl(s.dst, "get", s.crd(), "priorityclass/"+s.class) // They stay: others may use them by then.
	s.await(patience, "the target to be empty", func() error {
		found := s.kubectl(s.dst, "get",
			"widgets."+s.group+",deployments,statefulsets,cronjobs,pods,services,configmaps,secrets,leases,ingresses", "-o", "name",
			"-l", notOfTarget, "--field-selector=metadata.name!=kube-root-ca.crt")
		if found != "" {
			return fmt.Errorf("at the target are %s", found)
		}
		return nil
	})
	s.requireOrder(source, target)
}

// requireOrder holds that the last of the application was gone at the target before the first
// workload of the source was started again.
func (s *webShop) requireOrder(source, target *audit.Log) {
	s.t.Helper()
	at, err := target.Events()
	require.NoError(s.t, err)
	var started, gone time.Time
	deleted := map[string][]string{}
	for _, e := range at {
		if e.Namespace != s.namespace {
			continue
		}
		kind := e.Resource.String()
		switch {
		case kind == "deployments.apps" && e.User == s.account && e.Created():
			started = e.Time
		case e.Verb == "delete" && e.Code == 200 && (kind == "widgets."+s.group || kind == "pods" && s.ofShop(e.Name)):
			// Of a Pod the last event is the kubelet's, when its containers have ended.
			if e.Time.After(gone) {
				gone = e.Time
			}
			deleted[kind] = append(deleted[kind], e.Name)
		}
	}
	require.NotZero(s.t, started, "the target was started")
	require.ElementsMatch(s.t, []string{"blue", "red"}, deleted["widgets."+s.group], "the widgets at the target")
	pods := strings.Join(deleted["pods"], " ")
	for _, workload := range []string{"db-0", "shop-", "widget-blue-", "widget-red-", "widget-controller-"} {
		require.Contains(s.t, pods, workload, "what ran at the target")
	}
	s.requireRestoredAfter(source, started, gone)
}

// requireRestoredAfter holds that what was changed at the source since the target was started,
// which is the roll back, was changed when the target was gone.
func (s *webShop) requireRestoredAfter(source *audit.Log, started, gone time.Time) {
	s.t.Helper()
	at, err := source.Events()
	require.NoError(s.t, err)
	restored := 0
	for _, e := range at {
		workload := e.Resource.String() == "deployments.apps" || e.Resource.String() == "statefulsets.apps"
		if e.Namespace == s.namespace && workload && e.UserAgent == "kubemove-task" && e.Code == 200 && e.Time.After(started) {
			require.True(s.t, e.Time.After(gone), "%s at %s, and the target was gone at %s only", &e, e.Time, gone)
			restored++
		}
	}
	require.GreaterOrEqual(s.t, restored, 5, "the workloads that were started again at the source")
}

// ofShop says whether a Pod is the application's. KubeMove's own at a target begin with its name.
func (s *webShop) ofShop(pod string) bool {
	for _, prefix := range []string{"db-", "shop-", "widget-"} {
		if strings.HasPrefix(pod, prefix) {
			return true
		}
	}
	return false
}
