package application

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Hash identifies what the plan would do: where it takes what from and to (a kubeconfig of the same
// name may lead to another cluster tomorrow), through which repository, objects, volumes and
// workloads; not the lists for people. The replicas of workloads that an autoscaler sets do not count, nor how full a claim
// is, nor what the application writes into objects, as they change by themselves between the reading of a plan and its approval.
func (p *Plan) Hash() string {
	workloads, objects := p.compared()
	var kustomizations []api.Kustomization // What they make of the content that does not count.
	if p.Transform != nil {
		kustomizations = p.Transform.Kustomizations
	}
	return hashOf(struct {
		A, B, C        string
		From, To       string       `json:",omitempty"`
		Data           api.Data     `json:",omitzero"`
		Contents       api.Contents `json:",omitempty"`
		Workloads      []Workload
		Objects        []Object
		Volumes        []Volume
		Requires       []Required
		Kustomizations []api.Kustomization `json:",omitempty"`
	}{p.Engine, p.SourceNamespace, p.TargetNamespace, p.SourceCluster, p.TargetCluster, p.Data, p.Contents, workloads, objects,
		p.comparedVolumes(), p.Requires, kustomizations})
}

// hashOf a value that was made of JSON.
func hashOf(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		// Plans are made of values that came from JSON: this cannot happen.
		panic(fmt.Sprintf("cannot encode a plan: %v", err))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:16]
}

// comparedVolumes are the volumes without what changes while the application runs, and without
// what follows from the objects. Of several users that the workers can have, all count, and not
// which of them were chosen: that depends on what is in the volumes.
func (p *Plan) comparedVolumes() []Volume {
	volumes := make([]Volume, len(p.Volumes))
	copy(volumes, p.Volumes)
	for i := range volumes {
		volumes[i].Usage, volumes[i].Placement = nil, Placement{}
		if len(volumes[i].Candidates) > 0 {
			volumes[i].Identity, volumes[i].TargetIdentity, volumes[i].Users = Identity{}, nil, nil
		}
	}
	return volumes
}

// compared are the workloads and objects without what changes while the application runs, and without
// who has written them.
func (p *Plan) compared() ([]Workload, []Object) {
	workloads, objects := slices.Clone(p.Workloads), slices.Clone(p.Objects)
	scaled := map[Ref]bool{}
	for i := range workloads {
		if workloads[i].Autoscaled {
			scaled[workloads[i].Ref] = true
			workloads[i].Replicas = 0
		}
	}
	for i := range objects {
		objects[i].Origin = nil
		switch {
		case objects[i].Written:
			objects[i].Object = withoutContent(objects[i].Object)
		case scaled[objects[i].SourceRef()]:
			objects[i].Object = *objects[i].Object.DeepCopy()
			unstructured.RemoveNestedField(objects[i].Object.Object, "spec", "replicas")
		}
	}
	return workloads, objects
}
