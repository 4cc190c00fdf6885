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
	// SourceCluster and TargetCluster identify the clusters; empty: nobody could know. In another
	// cluster the names of accounts, users and namespaces may be somebody else's.
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
	// Unseen are resources that nobody could look for, in most cases because the account may
	// not.
	Unseen []string
	// Silent are the API groups, each GROUP/VERSION, whose own server does not answer at the source.
	// Nobody knows what the namespace holds of them.
	Silent []string
	// Cluster holds cluster-wide objects of the source that may concern the application, as far
	// as they could be read: ClusterRoleBindings, the ClusterRoles that they name, and what has the
	// API server call Services of the namespace.
	Cluster []unstructured.Unstructured
	// BindingsUnseen: nobody could look for ClusterRoleBindings.
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
	m.bar()
	m.selectMembers()
	m.followReferences()
	m.leaveMade()
	m.checkBindings()
	m.addWorkloads()
	m.addVolumes()
	m.addObjects()
	m.checkTargetNames()
	m.kustomize()
	m.placeObjects()
	m.markWritten()
	m.checkContents()
	m.checkData()
	m.checkClaims()
	m.checkSharedClaims()
	m.checkPods()
	m.checkJobs()
	m.checkReady()
	m.checkTimes()
	m.checkPaused()
	m.checkAutoscalers()
	m.checkKeepers()
	m.checkCallers()
	m.placeWorkers()
	m.checkTemplates()
	m.checkReached()
	m.requireNamed()
	m.requireKinds()
	m.requireBindings()
	m.checkConnections()
	m.checkTokens()
	m.leaveTheRest()
	m.checkWaits()
	m.warnUnseen()
	m.warnSilent()
	return m.finish()
}

// maker holds what is known while a plan is made.
type maker struct {
	Findings
	in   Input
	x    *index
	plan *Plan
	// excluded objects.
	excluded map[Ref]bool
	// barred: what application.exclude names.
	barred map[Ref]bool
	// members, and by what each was selected.
	members map[Ref]string
	// taken: everything that moves, the members among them, and why.
	taken map[Ref]string
	// blocked members: they are not taken, and a blocker says why.
	blocked map[Ref]bool
	// ledgers of workloads that this switch has stopped.
	ledgers map[Ref]*lineage.Ledger
	// left holds the reasons in plan.Left.
	left map[Ref]string
	// cluster holds the cluster-wide objects of the input.
	cluster []*node
	// namers are the custom resources that name an object and belong to it.
	namers map[Ref][]Ref
	// targetsOfTraffic are found when they are asked for.
	targetsOfTraffic *trafficTargets
	// controlled are the kinds of custom resources of which it is known whether their controller
	// moves.
	controlled map[string]bool
}

func newMaker(in Input) *maker {
	m := &maker{
		in:         in,
		x:          newIndex(in.SourceNamespace, in.Objects),
		excluded:   map[Ref]bool{},
		barred:     map[Ref]bool{},
		members:    map[Ref]string{},
		taken:      map[Ref]string{},
		blocked:    map[Ref]bool{},
		ledgers:    map[Ref]*lineage.Ledger{},
		left:       map[Ref]string{},
		controlled: map[string]bool{},
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
		m.excluded[ref] = true
	}
	for i := range in.Cluster {
		m.cluster = append(m.cluster, &node{ref: RefOf(&in.Cluster[i]), obj: &in.Cluster[i]})
	}
	slices.SortFunc(m.cluster, func(a, b *node) int { return compareRefs(a.ref, b.ref) })
	if c := in.Application.Contents; c != api.ContentsAll {
		m.plan.Contents = c
	}
	return m
}

// leave notes that an object does not move; the first reason counts.
func (m *maker) leave(ref Ref, why string) {
	if _, ok := m.left[ref]; !ok {
		m.left[ref] = why
	}
}

// isTaken says whether an object of the kind and name moves.
func (m *maker) isTaken(kind, name string) bool {
	_, ok := m.taken[refTo(kind, name)]
	return ok
}

// wayOf the data: what the user wrote of it but the claims, which are in the volumes.
func wayOf(d api.Data) api.Data {
	d.Claims, d.Limits = nil, api.Limits{}
	return d
}

// takenNodes lists what moves, in the order of creation.
func (m *maker) takenNodes() []*node {
	var out []*node
	for _, n := range m.x.nodes {
		if _, ok := m.taken[n.ref]; ok {
			out = append(out, n)
		}
	}
	return out
}

// finish puts the lists for people in order.
func (m *maker) finish() *Plan {
	p := m.plan
	for ref, why := range m.left {
		if _, moves := m.taken[ref]; moves && !m.remains(ref) {
			continue // A member refers to what is not moved for its own sake.
		}
		p.Left = append(p.Left, Left{Ref: ref, Why: why})
	}
	slices.SortFunc(p.Requires, func(a, b Required) int { return compareRefs(a.Ref, b.Ref) })
	slices.SortFunc(p.Left, func(a, b Left) int { return compareRefs(a.Ref, b.Ref) })
	p.Report(m.Findings.sorted())
	return p
}

// few lists some names for a message.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
