package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/e2e/lab"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cli/sample"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/planfile"
)

// cluster is an API server with KubeMove's kinds, and in the place of the hooks this test.
type cluster struct {
	moves rest.Interface
	core  kubernetes.Interface
}

func newCluster(config *rest.Config) (*cluster, error) {
	config = rest.CopyConfig(config)
	config.QPS, config.Burst = -1, -1
	moves, err := snapshot.NewClient(config)
	if err != nil {
		return nil, err
	}
	core, err := kubernetes.NewForConfig(config)
	return &cluster{moves, core}, err
}

// object of KubeMove's kinds.
type object interface {
	runtime.Object
	metav1.Object
}

// created waits until the MoveEngine of a sample is there.
func (c *cluster) created(ctx context.Context, namespace, name string) error {
	engine := sample.Objects(name).Engines[0].Name
	return lab.Await(ctx, time.Minute, "moveengine "+engine+" to be created", func(ctx context.Context) error {
		return c.moves.Get().Namespace(namespace).Resource("moveengines").Name(engine).Do(ctx).Error()
	})
}

// become lets the objects of a namespace be those of a sample: they are created where they are not there, and have its status then.
func (c *cluster) become(ctx context.Context, namespace, name string, rename func(object)) error {
	o := sample.Objects(name)
	uids := map[types.UID]types.UID{}
	write := func(resource string, item object) error {
		rename(item)
		return c.write(ctx, namespace, resource, item, uids)
	}
	for i := range o.Engines {
		if err := write("moveengines", &o.Engines[i]); err != nil {
			return err
		}
	}
	for i := range o.Reverses {
		if err := write("movereverses", &o.Reverses[i]); err != nil {
			return err
		}
	}
	for i := range o.Pairs {
		if err := write("movepairs", &o.Pairs[i]); err != nil {
			return err
		}
		if err := c.storePlan(ctx, &o.Pairs[i]); err != nil {
			return err
		}
	}
	for i := range o.Syncs {
		if err := write("datasyncs", &o.Syncs[i]); err != nil {
			return err
		}
	}
	for i := range o.Switches {
		if err := write("moveswitches", &o.Switches[i]); err != nil {
			return err
		}
	}
	return nil
}

// write an object and its status. What is there keeps its spec, as users write that.
func (c *cluster) write(ctx context.Context, namespace, resource string, item object, uids map[types.UID]types.UID) error {
	old, deleting := item.GetUID(), item.GetDeletionTimestamp() != nil
	item.SetNamespace(namespace)
	item.SetUID("")
	item.SetGeneration(0)
	item.SetDeletionTimestamp(nil)
	item.SetCreationTimestamp(metav1.Time{})
	owners := item.GetOwnerReferences()
	for i := range owners {
		if uid := uids[owners[i].UID]; uid != "" {
			owners[i].UID = uid
		}
	}
	status, err := json.Marshal(item)
	if err != nil {
		return err
	}
	answer, err := c.moves.Post().Namespace(namespace).Resource(resource).Body(item).Do(ctx).Raw()
	if apierrors.IsAlreadyExists(err) {
		answer, err = c.moves.Get().Namespace(namespace).Resource(resource).Name(item.GetName()).Do(ctx).Raw()
	}
	if err != nil {
		return fmt.Errorf("create %s %s: %w", resource, item.GetName(), err)
	}
	var there struct{ Metadata metav1.ObjectMeta }
	if err := json.Unmarshal(answer, &there); err != nil {
		return err
	}
	uids[old] = there.Metadata.UID
	item.SetUID(there.Metadata.UID)
	patch, err := statusOf(status, there.Metadata.Generation)
	if err != nil {
		return err
	}
	err = c.moves.Put().Namespace(namespace).Resource(resource).Name(item.GetName()).SubResource("status").
		Body(withStatus(answer, patch)).Do(ctx).Error()
	if err != nil {
		return fmt.Errorf("write the status of %s %s: %w", resource, item.GetName(), err)
	}
	if deleting {
		return c.moves.Delete().Namespace(namespace).Resource(resource).Name(item.GetName()).Do(ctx).Error()
	}
	return nil
}

// statusOf an object, as it is of that generation.
func statusOf(data []byte, generation int64) (map[string]any, error) {
	var o struct{ Status map[string]any }
	if err := json.Unmarshal(data, &o); err != nil || o.Status == nil {
		return nil, err
	}
	o.Status["observedGeneration"] = generation
	return o.Status, nil
}

// withStatus is the object that is there with another status.
func withStatus(there []byte, status map[string]any) []byte {
	var o map[string]any
	if err := json.Unmarshal(there, &o); err != nil {
		panic(err) // The API server has sent it.
	}
	o["status"] = status
	if status == nil {
		delete(o, "status")
	}
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return data
}

// storePlan of a pair in its Secrets, as the Job plan does.
func (c *cluster) storePlan(ctx context.Context, pair *api.MovePair) error {
	if pair.Status.Plan == nil {
		return nil
	}
	p := planfile.Plan{Hash: pair.Status.Plan.Hash, Plan: samplePlan(pair)}
	owner := metav1.OwnerReference{APIVersion: api.GroupVersion.String(), Kind: "MovePair", Name: pair.Name, UID: pair.UID}
	secrets, err := p.Bundle(owner).Secrets(pair.Namespace, p)
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		_, err := c.core.CoreV1().Secrets(pair.Namespace).Create(ctx, secret, metav1.CreateOptions{})
		if apierrors.IsAlreadyExists(err) {
			_, err = c.core.CoreV1().Secrets(pair.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func samplePlan(pair *api.MovePair) *application.Plan {
	deployment := application.Ref{Group: "apps", Kind: "Deployment", Name: "web"}
	p := &application.Plan{
		Engine: pair.Spec.Engine, SourceNamespace: pair.Namespace, TargetNamespace: "shop", Blockers: pair.Status.Plan.Blockers,
		Warnings:  pair.Status.Plan.Warnings,
		Workloads: []application.Workload{{Ref: deployment, Replicas: 2}},
		Objects: []application.Object{
			planned("v1", application.Ref{Kind: "ConfigMap", Name: "settings"}, "Deployment.apps/web > ConfigMap/settings"),
			planned("apps/v1", deployment, "matches application.selector"),
		},
		Left: []application.Left{{Ref: application.Ref{Kind: "Secret", Name: "other"}, Why: "nothing of the application refers to it"}},
	}
	for _, v := range pair.Status.Plan.Volumes {
		p.Volumes = append(p.Volumes, application.Volume{Name: v.Name, Target: v.Target, Policy: api.ClaimCopy, Mobilizer: v.Mobilizer,
			CapacityBytes: v.CapacityBytes, Usage: &application.Usage{Bytes: *v.UsedBytes, Files: *v.Files}})
	}
	return p
}

func planned(version string, ref application.Ref, why string) application.Object {
	o := application.Object{Ref: ref, Phase: application.PhaseStart, Why: why}
	o.Object.SetAPIVersion(version)
	o.Object.SetKind(ref.Kind)
	o.Object.SetName(ref.Name)
	return o
}

// rename what an object of a sample refers to.
func rename(o object, from, to string) {
	pair := func(name *string) { *name = strings.Replace(*name, from, to, 1) }
	switch o := o.(type) {
	case *api.MovePair:
		pair(&o.Spec.Engine)
	case *api.DataSync:
		pair(&o.Spec.PairRef.Name)
	case *api.MoveSwitch:
		pair(&o.Spec.PairRef.Name)
	}
	owners := o.GetOwnerReferences()
	for i := range owners {
		pair(&owners[i].Name)
	}
}
