package kit

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
	"github.com/kubemove/kubemove/internal/cli/steer"
)

// written adds to a request what each that writes has. A field that the API server does not know is an error.
func written(r *rest.Request, d DryRun) *rest.Request {
	r = r.Param("fieldManager", Manager).Param("fieldValidation", "Strict")
	for _, option := range d.Options() {
		r = r.Param("dryRun", option)
	}
	return r
}

// Apply a manifest on the server's side, and return the generation that it has then.
func (k *Kit) Apply(ctx context.Context, d DryRun, m steer.Manifest, force bool) (int64, error) {
	client, err := k.Moves()
	if err != nil {
		return 0, err
	}
	object := snapshot.Move{Kind: m.Kind, Name: m.Name}.Key()
	k.Say(d, []string{"kubectl", "--namespace", m.Namespace, "apply", "--server-side", "--field-manager", Manager, "--filename", "-"})
	result := written(client.Patch(types.ApplyPatchType), d).Namespace(m.Namespace).Resource(m.Plural()).Name(m.Name).
		Param("force", strconv.FormatBool(force)).Body(m.JSON).Do(ctx)
	if err := result.Error(); err != nil {
		return 0, fault.API(fmt.Sprintf("cannot apply %s in namespace %s", object, m.Namespace), err)
	}
	applied, err := metaOf(result, object)
	if err != nil {
		return 0, err
	}
	k.Done(d, object, "applied")
	return applied.Generation, nil
}

// Create a move that is not there yet, and return its UID.
func (k *Kit) Create(ctx context.Context, d DryRun, m steer.Manifest) (types.UID, error) {
	client, err := k.Moves()
	if err != nil {
		return "", err
	}
	object := snapshot.Move{Kind: m.Kind, Name: m.Name}.Key()
	k.Say(d, []string{"kubectl", "--namespace", m.Namespace, "create", "--filename", "-"})
	result := written(client.Post(), d).Namespace(m.Namespace).Resource(m.Plural()).Body(m.JSON).Do(ctx)
	failed := fmt.Sprintf("cannot create %s in namespace %s", object, m.Namespace)
	switch err := result.Error(); {
	case apierrors.IsAlreadyExists(err):
		return "", fault.New(fault.Failed, failed, "it is there already").Trying("kubectl", "move", "status", object)
	case err != nil:
		return "", fault.API(failed, err)
	}
	created, err := metaOf(result, object)
	if err != nil {
		return "", err
	}
	k.Done(d, object, "created")
	return created.UID, nil
}

// metaOf what the API server has answered.
func metaOf(result rest.Result, object string) (*metav1.ObjectMeta, error) {
	answer, err := result.Raw()
	if err != nil {
		return nil, err
	}
	var o struct{ Metadata metav1.ObjectMeta }
	if err := json.Unmarshal(answer, &o); err != nil {
		return nil, fmt.Errorf("the answer of the API server to %s is no object: %w", object, err)
	}
	return &o.Metadata, nil
}

// Delete a move, and no later one of its name.
func (k *Kit) Delete(ctx context.Context, d DryRun, m snapshot.Move) error {
	client, err := k.Moves()
	if err != nil {
		return err
	}
	options := &metav1.DeleteOptions{DryRun: d.Options()}
	switch {
	case m.Engine != nil:
		options.Preconditions = &metav1.Preconditions{UID: &m.Engine.UID}
	case m.Reverse != nil:
		options.Preconditions = &metav1.Preconditions{UID: &m.Reverse.UID}
	}
	k.Say(d, []string{"kubectl", "--namespace", m.Namespace, "delete", m.Resource(), m.Name})
	err = client.Delete().Namespace(m.Namespace).Resource(m.Resource() + "s").Name(m.Name).Body(options).Do(ctx).Error()
	return fault.API(fmt.Sprintf("cannot delete %s in namespace %s", m.Key(), m.Namespace), err)
}
