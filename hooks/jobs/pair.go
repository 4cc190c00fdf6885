package jobs

import (
	"path"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/task"
)

// progressSeconds between two reports of a task.
const progressSeconds = 10

// defaultKubeconfigKey of a Secret, as the schema of Endpoint says.
const defaultKubeconfigKey = "kubeconfig"

// Kubeconfig is the Secret key that an endpoint names, or nil for home.
func Kubeconfig(e *api.Endpoint) *api.SecretKeyReference {
	if e == nil || e.Cluster == nil {
		return nil
	}
	ref := e.Cluster.KubeconfigSecretRef
	if ref.Key == "" {
		ref.Key = defaultKubeconfigKey
	}
	return &ref
}

// endpoint as a task sees it; home is the namespace of the KubeMove objects.
func endpoint(e *api.Endpoint, side task.Role, home string) task.Endpoint {
	ref := Kubeconfig(e)
	if ref == nil {
		return task.Endpoint{Namespace: home}
	}
	return task.Endpoint{
		Kubeconfig:       path.Join(task.KubeconfigDir, string(side), ref.Key),
		KubeconfigSecret: ref.Name,
		Namespace:        e.Namespace,
	}
}

// Task is what every step of a pair is told; the caller adds what is special to the step.
// Name of the run and of the Job are filled in by Build.
func Task(pair *api.MovePair, verb task.Verb, c config.Config) task.Task {
	return task.Task{
		APIVersion: task.APIVersion,
		Verb:       verb,
		StateSide:  stateSide(pair),
		Source:     endpoint(pair.Spec.Source, task.RoleSource, pair.Namespace),
		Target:     endpoint(&pair.Spec.Target.Endpoint, task.RoleTarget, pair.Namespace),
		Move: &task.Move{
			Home:            pair.Namespace,
			Engine:          pair.Spec.Engine,
			Pair:            task.Object{Name: pair.Name, UID: string(pair.UID)},
			Lineage:         firstPair(pair),
			Reverses:        reverses(pair),
			Application:     pair.Spec.Application,
			StorageClasses:  pair.Spec.Target.StorageClasses,
			Kustomizations:  layers(pair.Spec.Target.Kustomization),
			Data:            pair.Spec.Data,
			Mobilizers:      c.Task(config.InUse(pair.Spec.Data)),
			AgentImage:      c.TaskImage,
			ImagePullPolicy: c.ImagePullPolicy,
			ProgressSeconds: progressSeconds,
		},
	}
}

// stateSide of a way back; a first move has it where it is by default.
func stateSide(pair *api.MovePair) task.Role {
	if r := pair.Spec.Reverses; r != nil && r.StateSide == api.StateAtSource {
		return task.RoleSource
	}
	return ""
}

// firstPair of the lineage of a way back; nil: the pair itself is the first.
func firstPair(pair *api.MovePair) *task.Object {
	if r := pair.Spec.Reverses; r != nil {
		return &task.Object{Name: r.FirstPair.Name, UID: r.FirstPair.UID}
	}
	return nil
}

func reverses(pair *api.MovePair) *task.Reverse {
	if r := pair.Spec.Reverses; r != nil {
		return &task.Reverse{Switch: task.Object{Name: r.Switch.Name, UID: r.Switch.UID}, Earlier: r.Earlier, Objects: pair.Spec.Objects}
	}
	return nil
}

// layers of changes: those that there are.
func layers(list ...*api.Kustomization) []api.Kustomization {
	var out []api.Kustomization
	for _, k := range list {
		if k != nil {
			out = append(out, *k)
		}
	}
	return out
}
