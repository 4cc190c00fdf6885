package application

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

// Input is what a plan is made from.
type Input struct {
	// Engine name that annotated workloads refer to.
	Engine string
	// Us is the pair, or its switch, that makes the plan. Workloads that the switch has stopped
	// count as running.
	Us lineage.Actor
	// SourceNamespace and TargetNamespace of the application.
	SourceNamespace string
	TargetNamespace string
	// SourceCluster and TargetCluster identify the clusters; empty: they could not be known. In another
	// cluster the names of accounts, users and namespaces may belong to others.
	SourceCluster string
	TargetCluster string
	// Application selects the members.
	Application api.Application
	// StorageClasses of the source and what they become at the target.
	StorageClasses []api.StorageClassMapping
	// Kustomizations change the objects that are created, one after the other.
	Kustomizations []api.Kustomization
	// Data as the user wrote it.
	Data api.Data
	// Mobilizers that may be used, by name; the first is the default.
	Mobilizers []string
	// Exclude lists objects that are never captured, such as Secrets that KubeMove's own
	// objects name.
	Exclude []Ref
	// Objects of the source namespace, in any order: those of all Kinds, and those of the
	// further kinds that the cluster serves. They are not changed.
	Objects []unstructured.Unstructured
	// Resources are the plural names of the further kinds, by kind: Widget.example.com is
	// served as widgets.
	Resources map[string]string
	// Unseen are resources that could not be looked for, in most cases because the account may
	// not.
	Unseen []string
	// Silent are the API groups, each GROUP/VERSION, whose own server does not answer at the source.
	// It is not known what the namespace holds of them.
	Silent []string
	// Cluster holds cluster-wide objects of the source that may concern the application, as far
	// as they could be read: ClusterRoleBindings, the ClusterRoles that they name, and what has the
	// API server call Services of the namespace.
	Cluster []unstructured.Unstructured
	// BindingsUnseen: ClusterRoleBindings could not be looked for.
	BindingsUnseen bool
	// QuiesceTimeout and HealthTimeout of the switch; zero: not known. Nothing but Warnings depends on
	// them.
	QuiesceTimeout, HealthTimeout time.Duration
	// Now is when the objects were read. Nothing but Blockers and Warnings depends on it; zero: what
	// has come to a standstill is not told from what has just begun.
	Now time.Time
}

// Make plans the move of an application. It depends on nothing but the input, and not on the
// order of its lists.
func Make(in Input) *Plan {
	m := newMaker(in)
	m.selectObjects()
	m.build()
	m.plan.Report(append(m.Findings, check(m.view, checks)...).sorted())
	return m.plan
}

// selectObjects is the first stage: what belongs to the application, and why. What cannot belong to it
// is said here.
func (m *maker) selectObjects() {
	m.bar()
	m.selectMembers()
	m.followReferences()
	m.leaveMade()
	m.leaveForeignBindings()
}

// build is the second stage: what is stopped, copied and created. A finding of it is about a decision that
// was made on the way; everything else is left to the checks.
func (m *maker) build() {
	m.addWorkloads()
	m.addVolumes()
	m.addObjects()
	m.kustomize()
	m.placeObjects()
	m.markWritten()
	m.markAutoscaled()
	m.placeWorkers()
	m.requireNamed()
	m.requireKinds()
	m.requireBindings()
	m.leaveTheRest()
	m.listLeft()
	m.plan.Timing = m.timing()
	m.refuseEmpty()
}

// maker makes a plan: it is the only one who changes what its view shows.
type maker struct {
	*view
	Findings
}

func newMaker(in Input) *maker {
	v := &view{
		in:             in,
		x:              newIndex(in.SourceNamespace, in.Objects),
		excluded:       map[Ref]bool{},
		excludedByUser: map[Ref]bool{},
		members:        map[Ref]string{},
		included:       map[Ref]string{},
		unbound:        map[Ref]bool{},
		blocked:        map[Ref]bool{},
		ledgers:        map[Ref]*lineage.Ledger{},
		left:           map[Ref]string{},
		controlled:     map[string]bool{},
		plan: &Plan{
			Engine:          in.Engine,
			SourceNamespace: in.SourceNamespace,
			TargetNamespace: in.TargetNamespace,
			SourceCluster:   in.SourceCluster,
			TargetCluster:   in.TargetCluster,
			Data:            wayOf(in.Data),
			Workloads:       []Workload{},
			Objects:         []Object{},
			Volumes:         []Volume{},
		},
	}
	for _, ref := range in.Exclude {
		v.excluded[ref] = true
	}
	for i := range in.Cluster {
		v.cluster = append(v.cluster, &node{ref: RefOf(&in.Cluster[i]), obj: &in.Cluster[i]})
	}
	slices.SortFunc(v.cluster, func(a, b *node) int { return compareRefs(a.ref, b.ref) })
	if c := in.Application.Contents; c != api.ContentsAll {
		v.plan.Contents = c
	}
	return &maker{view: v}
}

// wayOf the data: what the user wrote of it but the claims, which are in the volumes.
func wayOf(d api.Data) api.Data {
	d.Claims, d.Limits = nil, api.Limits{}
	return d
}

// leave notes that an object does not move; the first reason counts.
func (m *maker) leave(ref Ref, why string) {
	if _, ok := m.left[ref]; !ok {
		m.left[ref] = why
	}
}

// listLeft puts the lists that were collected by and by in order.
func (m *maker) listLeft() {
	p := m.plan
	for ref, why := range m.left {
		if _, moves := m.included[ref]; moves && !m.remains(ref) {
			continue // A member refers to what is not moved for its own sake.
		}
		p.Left = append(p.Left, Left{Ref: ref, Why: why})
	}
	slices.SortFunc(p.Left, func(a, b Left) int { return compareRefs(a.Ref, b.Ref) })
	slices.SortFunc(p.Requires, func(a, b Required) int { return compareRefs(a.Ref, b.Ref) })
}

// few lists some names for a message.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
