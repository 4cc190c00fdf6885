// Package application decides what belongs to an application and what of it is created at
// the target. It is pure: objects in, a plan out; it reads no cluster and no clock.
package application

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Phase says when an object is created at the target.
type Phase string

// The phases, in order.
const (
	// PhaseVolume: claims; created before data flows.
	PhaseVolume Phase = "Volume"
	// PhaseStart: everything that lets no traffic in, workloads last.
	PhaseStart Phase = "Start"
	// PhaseOpen: what may let traffic in: Ingresses, routes, and Services of type NodePort and
	// LoadBalancer; created after the application is healthy and the switch is committed.
	PhaseOpen Phase = "Open"
)

// Plan is everything that a move would do, in order.
type Plan struct {
	// Engine that the plan is of, and the two namespaces.
	Engine          string `json:"engine"`
	SourceNamespace string `json:"sourceNamespace"`
	TargetNamespace string `json:"targetNamespace"`
	// SourceCluster and TargetCluster are the UIDs of the clusters (of their namespaces kube-system),
	// as far as the accounts may read them.
	SourceCluster string `json:"sourceCluster,omitempty"`
	TargetCluster string `json:"targetCluster,omitempty"`
	// Data is how the volumes are copied, and through which repository. The claims are in Volumes.
	Data api.Data `json:"data,omitzero"`
	// Contents: which part of the application moves; empty: all of it.
	Contents api.Contents `json:"contents,omitempty"`
	// Workloads of the source that are stopped, in order.
	Workloads []Workload `json:"workloads"`
	// Objects that are created at the target, in the order of creation.
	Objects []Object `json:"objects"`
	// Beside are, on a way back, the other objects that the application has left where it goes to, as they are. Nothing is done to
	// them; the way after that finds by them what was changed since. They are no part of the hash.
	Beside []Object `json:"beside,omitempty"`
	// Volumes of the application.
	Volumes []Volume `json:"volumes"`
	// Transform is what the objects that are read again are made with; nil: there are none.
	Transform *Transform `json:"transform,omitempty"`
	// Requires lists what the target must hold already: claims with the policy Skip, excluded
	// claims that a workload mounts, the settings of the default ServiceAccount, and cluster-wide objects that are referenced.
	Requires []Required `json:"requires,omitempty"`
	// Timing is how long the application takes to stop and to start. It is no part of the hash.
	Timing Timing `json:"timing,omitzero"`
	// Left lists objects of the namespace that were looked at and do not move, with the reason.
	Left []Left `json:"left,omitempty"`
	// Target lists what the target holds in the places of Objects. It is no part of the hash.
	Target []Present `json:"target,omitempty"`
	// Blockers forbid the move; Warnings do not.
	Blockers []api.Blocker `json:"blockers,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
	// Unsure says what could not be found out for now, and what helps: the plan may lack something
	// that is there. No switch begins on such a plan, unless its hash was approved. It is no part of
	// the hash.
	Unsure []string `json:"unsure,omitempty"`
}

// Ref identifies an object of a namespace.
type Ref struct {
	Group string `json:"group,omitempty"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

// String is KIND/NAME, with the group where there is one: Deployment.apps/web.
func (r Ref) String() string {
	if r.Group == "" {
		return r.Kind + "/" + r.Name
	}
	return r.Kind + "." + r.Group + "/" + r.Name
}

// Workload is a member that runs Pods.
type Workload struct {
	Ref `json:",inline"`
	// Replicas it has at the source (all but a CronJob); as the ledger says when it was
	// already stopped by this move.
	Replicas int32 `json:"replicas"`
	// Suspended state of a CronJob.
	Suspended bool `json:"suspended,omitempty"`
	// MadeBy is the custom resource that makes the workload, and moves in its place; nil: the
	// workload itself moves.
	MadeBy *Ref `json:"madeBy,omitempty"`
	// Autoscaled: a HorizontalPodAutoscaler sets the replicas, so their number is not part of
	// what is approved.
	Autoscaled bool `json:"autoscaled,omitempty"`
	// TargetReplicas that a kustomization gives it at the target; nil: those of the source.
	TargetReplicas *int32 `json:"targetReplicas,omitempty"`
}

// Object is created at the target.
type Object struct {
	// Ref by which it is found at the target.
	Ref `json:",inline"`
	// Source is its name at the source, where it gets another one at the target.
	Source string `json:"source,omitempty"`
	// Phase of its creation.
	Phase Phase `json:"phase"`
	// Why it moves: the path in the graph, such as "Deployment.apps/web > ConfigMap/settings",
	// by the names at the source.
	Why string `json:"why"`
	// Runs: it is a custom resource whose controller makes workloads of it. It starts, is healthy
	// and is stopped as these are.
	Runs bool `json:"runs,omitempty"`
	// Cluster: it is cluster-wide, and created only where the target has none of its name.
	Cluster bool `json:"cluster,omitempty"`
	// Kept: it is there already, as an earlier switch of the lineage has left it. A claim is filled again, and a workload, of which
	// Object is what it becomes, is started; neither is ever created or deleted.
	Kept bool `json:"kept,omitempty"`
	// Former is set of a kept object whose content a way back changes to that of Object: what it is before. Nil: it stays as it
	// is, but for how many Pods it asks for.
	Former *Former `json:"former,omitempty"`
	// Written: the application may write its content while it runs. It is read again when the
	// application has stopped, and no part of the hash.
	Written bool `json:"written,omitempty"`
	// Origin says whose its fields are at the source; nil: nothing does. It is no part of the hash.
	Origin *Origin `json:"origin,omitempty"`
	// Object cleaned and transformed, in the target's namespace. Workloads keep the
	// replicas and suspension that they will have when they run.
	Object unstructured.Unstructured `json:"object"`
}

// Changeable are the objects of the plan that a user may have changed since where it has brought the application.
func (p *Plan) Changeable() []*Object {
	var out []*Object
	for _, list := range [][]Object{p.Objects, p.Beside} {
		for i := range list {
			if o := &list[i]; o.Phase != PhaseVolume && !o.Cluster {
				out = append(out, o)
			}
		}
	}
	return out
}

// Former is a kept object before its content is changed.
type Former struct {
	UID types.UID `json:"uid"`
	// Object cleaned, in the target's namespace.
	Object unstructured.Unstructured `json:"object"`
}

// Reapplied are the UIDs of the kept objects whose content the plan changes.
func (p *Plan) Reapplied() []types.UID {
	var out []types.UID
	for i := range p.Objects {
		if f := p.Objects[i].Former; f != nil {
			out = append(out, f.UID)
		}
	}
	return out
}

// SourceRef is the object of the source that this one is made of.
func (o *Object) SourceRef() Ref {
	ref := o.Ref
	if o.Source != "" {
		ref.Name = o.Source
	}
	return ref
}

// ofSource is the object that is made of one of the source; nil: there is none.
func (p *Plan) ofSource(ref Ref) *Object {
	for i := range p.Objects {
		if p.Objects[i].SourceRef() == ref {
			return &p.Objects[i]
		}
	}
	return nil
}

// Volume is a claim of the application.
type Volume struct {
	// Name at the source and Target name at the target.
	Name   string `json:"name"`
	Target string `json:"target"`
	// Policy for its data.
	Policy api.ClaimPolicy `json:"policy"`
	// Mobilizer that copies it, for the policy Copy.
	Mobilizer string `json:"mobilizer,omitempty"`
	// CapacityBytes that the source claim has, else what it requests.
	CapacityBytes int64 `json:"capacityBytes"`
	// Identity of the workload. Worker says what the workers run as.
	Identity Identity `json:"identity"`
	// TargetIdentity is that of the worker at the target, where it is another one.
	TargetIdentity *Identity `json:"targetIdentity,omitempty"`
	// Candidates for the two, as the specs say them, where the containers that mount the claim run as
	// different users. Which of them was chosen is no part of the hash.
	Candidates []Candidate `json:"candidates,omitempty"`
	// Users are the Candidates with what running containers have said. They are no part of the hash.
	Users []Candidate `json:"users,omitempty"`
	// Askable is a workload whose Pods mount the claim now, or will in a moment, and can be asked for
	// their user then; nil: there is none. It is only for making the plan.
	Askable *Ref `json:"-"`
	// Placement of the worker at the target. It is no part of the hash: the objects are.
	Placement Placement `json:"placement,omitzero"`
	// PrivilegedSource and PrivilegedTarget: an administrator has allowed privileged workers
	// in the namespace of that side.
	PrivilegedSource bool `json:"privilegedSource,omitempty"`
	PrivilegedTarget bool `json:"privilegedTarget,omitempty"`
	// Usage of the source claim; nil: not known. It is no part of the hash.
	Usage *Usage `json:"usage,omitempty"`
}

// Usage is how much a claim holds, as a survey found it.
type Usage struct {
	// Bytes of the regular files, by their sizes, and Allocated what they take of the volume:
	// less where they are sparse.
	Bytes     int64 `json:"bytes"`
	Allocated int64 `json:"allocated"`
	// Files: everything that is not a directory.
	Files int64 `json:"files"`
	// Folder: the entries of the largest directory.
	Folder int64 `json:"folder,omitempty"`
}

// Required is something that the target must hold before the move; KubeMove does not create it.
type Required struct {
	Ref `json:",inline"`
	// Why it is needed: the path in the graph.
	Why string `json:"why"`
	// Object holds the fields that the target's object must have; nil: it must only exist.
	Object *unstructured.Unstructured `json:"object,omitempty"`
}

// Left is an object that does not move.
type Left struct {
	Ref `json:",inline"`
	Why string `json:"why"`
}

// Claim is the claim of that name that the plan creates at the target; nil: it creates none.
func (p *Plan) Claim(name string) *unstructured.Unstructured {
	want := refTo(kindClaim, name)
	for i := range p.Objects {
		if p.Objects[i].Ref == want {
			return &p.Objects[i].Object
		}
	}
	return nil
}

// ClaimSize is what a claim that the plan creates asks for, in bytes; 0: it creates none.
func (p *Plan) ClaimSize(name string) int64 {
	if o := p.Claim(name); o != nil {
		if q := request(o); q != nil {
			return q.Value()
		}
	}
	return 0
}

// ClaimClass is the StorageClass that a claim of the plan names; nil: it names none.
func (p *Plan) ClaimClass(name string) *string {
	if o := p.Claim(name); o != nil {
		if class, found, _ := unstructured.NestedString(o.Object, "spec", "storageClassName"); found {
			return &class
		}
	}
	return nil
}
