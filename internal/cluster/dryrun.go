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
	cluster  *Cluster
	client   dynamic.Interface
	warnings *warningCollector
}

// DryRun of an endpoint. It is for one goroutine.
func (c *Cluster) DryRun() (*DryRun, error) {
	collected := &warningCollector{}
	cfg := rest.CopyConfig(c.Config)
	cfg.Timeout = requestTimeout
	cfg.WarningHandler = collected
	client, err := dynamic.NewForConfigAndClient(cfg, c.client)
	if err != nil {
		return nil, invalidKubeconfig(c.Side, err)
	}
	return &DryRun{cluster: c, client: client, warnings: collected}, nil
}

// Create asks whether the object could be created, and returns the server's warnings, such as
// those of the Pod security admission.
func (d *DryRun) Create(ctx context.Context, obj *unstructured.Unstructured) (warnings []string, err error) {
	d.warnings.messages = nil
	r, err := d.cluster.resource(d.client, obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	_, err = r.Create(ctx, obj, metav1.CreateOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
	return d.warnings.messages, d.cluster.Wrap("create "+describe(obj), err)
}

// Update asks what an object that was read before would be if it were replaced: it must carry
// the resourceVersion, and the error is of the kind Conflict when it has changed since.
func (d *DryRun) Update(ctx context.Context, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	r, err := d.cluster.resource(d.client, obj.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	out, err := r.Update(ctx, obj, metav1.UpdateOptions{FieldManager: FieldManager, DryRun: []string{metav1.DryRunAll}})
	return out, d.cluster.Wrap("replace "+describe(obj), err)
}

// warningCollector keeps the warnings of an API server.
type warningCollector struct{ messages []string }

// HandleWarningHeader keeps a warning.
func (w *warningCollector) HandleWarningHeader(code int, _ string, text string) {
	if code == 299 && text != "" {
		w.messages = append(w.messages, text)
	}
}
