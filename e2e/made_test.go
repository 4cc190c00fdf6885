package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/restmapper"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/audit"
	"github.com/kubemove/kubemove/e2e/corpus"
	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/steps/plan"
)

// made follows what a move creates at the target, by the API server's own log.
type made struct {
	s *scenario
	// user that the move has at the target, and no other user.
	user string
	log  *audit.Log

	mapper *restmapper.DeferredDiscoveryRESTMapper

	mu sync.Mutex
	// own are the objects that KubeMove has made for its own work, as a client that watched them
	// come has seen them: most are gone when the move has ended.
	own map[ownObject]bool
}

type ownObject struct {
	resource schema.GroupResource
	name     string
}

// watchedKinds are those of which KubeMove has objects of its own and applications have theirs.
var watchedKinds = []string{"secrets", "configmaps", "services", "persistentvolumeclaims"}

// followMade begins to follow what user creates at the target.
func (s *scenario) followMade(user string) *made {
	s.t.Helper()
	log, err := clusters.Audit(s.dst)
	require.NoError(s.t, err)
	config, err := s.dst.Config()
	require.NoError(s.t, err)
	found, err := discovery.NewDiscoveryClientForConfig(config)
	require.NoError(s.t, err)
	m := &made{s: s, user: user, log: log, own: map[ownObject]bool{},
		mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(found))}
	client, err := metadata.NewForConfig(config)
	require.NoError(s.t, err)
	for _, name := range watchedKinds {
		m.watch(client, schema.GroupVersionResource{Version: "v1", Resource: name})
	}
	return m
}

// watch notes the names of what carries KubeMove's label, but for the account of the target, which was there before. A captured
// object never carries it.
func (m *made) watch(client metadata.Interface, resource schema.GroupVersionResource) {
	t := m.s.t
	t.Helper()
	objects := client.Resource(resource).Namespace(m.s.namespace)
	options := metav1.ListOptions{LabelSelector: api.ManagedByLabel + "=" + api.ManagedByValue + "," + notOfTarget}
	list, err := objects.List(t.Context(), options)
	require.NoError(t, err)
	require.Empty(t, list.Items, "the move has begun already")
	options.ResourceVersion = list.ResourceVersion
	ctx, cancel := context.WithCancel(context.Background())
	watcher, err := objects.Watch(ctx, options)
	if err != nil {
		cancel()
		require.NoError(t, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for event := range watcher.ResultChan() {
			if o, ok := event.Object.(metav1.Object); ok && event.Type == watch.Added {
				m.mu.Lock()
				m.own[ownObject{resource.GroupResource(), o.GetName()}] = true
				m.mu.Unlock()
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		watcher.Stop()
		<-done
	})
}

// equals holds that what the move has created for the application up to now is what is planned.
// It waits a moment: the log may tell of an object of KubeMove's own before the watch does. What
// was wrongly created stays in the log.
func (m *made) equals(planned []application.Ref) {
	m.s.t.Helper()
	m.s.await(10*time.Second, "the plan to be what the target's audit log says was created", func() error {
		if wrong := audit.Compare(planned, m.objects()); len(wrong) > 0 {
			return errors.New(strings.Join(wrong, "\n"))
		}
		return nil
	})
}

// objects that the move has created for the application up to now.
func (m *made) objects() []application.Ref {
	m.s.t.Helper()
	events, err := m.log.Events()
	require.NoError(m.s.t, err)
	m.mu.Lock()
	defer m.mu.Unlock()
	out, err := audit.Made(events, m.user, m.s.namespace, m.kindOf, func(resource schema.GroupResource, name string) bool {
		return m.own[ownObject{resource, name}]
	})
	require.NoError(m.s.t, err)
	return out
}

func (m *made) kindOf(resource schema.GroupResource) (schema.GroupKind, error) {
	gvk, err := m.mapper.KindFor(resource.WithVersion(""))
	if meta.IsNoMatchError(err) {
		m.mapper.Reset() // The move may have brought the kind along.
		gvk, err = m.mapper.KindFor(resource.WithVersion(""))
	}
	return gvk.GroupKind(), err
}

// storedPlan is the plan of a pair as people read it.
func (s *scenario) storedPlan(pair string) planfile.Plan {
	s.t.Helper()
	config, err := s.src.Config()
	require.NoError(s.t, err)
	home, err := cluster.New(cluster.SideHome, s.namespace, config)
	require.NoError(s.t, err)
	stored, err := plan.Load(s.t.Context(), home, s.kubectl(s.src, "get", "movepair", pair, "-o", "jsonpath={.metadata.uid}"))
	require.NoError(s.t, err)
	return stored
}

// captured is what the plan of a move of the whole namespace would create elsewhere. What the
// switch with the UID has stopped counts as running.
func (s *scenario) captured(c *lab.Cluster, switchUID string) []application.Object {
	s.t.Helper()
	config, err := c.Config()
	require.NoError(s.t, err)
	at, err := cluster.New(cluster.SideSource, s.namespace, config)
	require.NoError(s.t, err)
	p, err := plan.Capture(s.t.Context(), at, at, corpus.Everything(s.namespace, s.namespace), switchUID)
	require.NoError(s.t, err, c.Name)
	return p.Objects
}

// refs of a plan's objects.
func refs(objects []application.Object) []application.Ref {
	var out []application.Ref
	for _, o := range objects {
		out = append(out, o.Ref)
	}
	return out
}

// kindsOf counts the kinds among the objects.
func kindsOf(list []application.Ref) map[string]int {
	out := map[string]int{}
	for _, ref := range list {
		out[fmt.Sprintf("%s.%s", ref.Kind, ref.Group)]++
	}
	return out
}
