package cluster

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// DryRun asks the API server what it would say to changes that are not made.
type DryRun struct {
	cluster *Cluster
	client  dynamic.Interface
}

// DryRun of an endpoint, for any number of goroutines.
func (c *Cluster) DryRun() (*DryRun, error) {
	cfg := rest.CopyConfig(c.Config)
	cfg.Timeout = requestTimeout
	cfg.WarningHandler, cfg.WarningHandlerWithContext = nil, toRequest{}
	client, err := dynamic.NewForConfigAndClient(cfg, c.client)
	if err != nil {
		return nil, invalidKubeconfig(c.Side)
	}
	return &DryRun{cluster: c, client: client}, nil
}

// Create asks whether the object could be created, and returns the server's warnings, such as
// those of the Pod security admission.
func (d *DryRun) Create(ctx context.Context, obj *unstructured.Unstructured) (warnings []string, err error) {
	r, err := d.cluster.resource(d.client, obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	_, err = r.Create(context.WithValue(ctx, warningsKey{}, &warnings), obj,
		metav1.CreateOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
	for i := range warnings {
		warnings[i] = hideContent(obj, warnings[i])
	}
	return warnings, d.cluster.Wrap("create "+describe(obj), WithoutContent(obj, err))
}

// Update asks what an object that was read before would be if it were replaced: it must carry
// the resourceVersion, and the error is of the kind Conflict when it has changed since.
func (d *DryRun) Update(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := d.cluster.resource(d.client, obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	out, err := r.Update(ctx, obj, metav1.UpdateOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
	return out, d.cluster.Wrap("replace "+describe(obj), WithoutContent(obj, err))
}

// warningsKey of the list in a request's context. One goroutine makes the request and adds to it.
type warningsKey struct{}

// toRequest adds a warning to the list of the request that it answers.
type toRequest struct{}

// HandleWarningHeaderWithContext keeps a warning.
func (toRequest) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if list, ok := ctx.Value(warningsKey{}).(*[]string); ok && code == 299 && text != "" {
		*list = append(*list, text)
	}
}
