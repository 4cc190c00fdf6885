package plan

import (
	"context"
	"errors"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// checkMobilizers adds what is wrong with the places and credentials that the user has named
// for mobilizers. Whether they are right shows when the channel is opened.
func checkMobilizers(ctx context.Context, target *cluster.Cluster, t *task.Task, credentials string, p *application.Plan) error {
	for _, m := range t.Move.Mobilizers {
		_, err := transfer.UserCredentials(credentials, m)
		var problem *transfer.Error
		switch {
		case errors.As(err, &problem):
			p.AddBlocker(problem.Reason, application.Ref{Kind: "Secret", Name: m.CredentialsSecret}, "%s", problem.Message)
		case err != nil:
			return err
		}
		if name := m.OwnClaim(); name != "" {
			if err := checkOwnClaim(ctx, target, p, m, name); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkOwnClaim looks for the claim that the user has named: it is his to make.
func checkOwnClaim(ctx context.Context, target *cluster.Cluster, p *application.Plan, m task.Mobilizer, name string) error {
	if slices.ContainsFunc(p.Volumes, func(v application.Volume) bool { return v.Target == name }) {
		p.AddBlocker(api.ReasonNameConflict, claimRef(name),
			"parameter %s of mobilizer %s names the claim %s, which is one that the move fills: name another claim",
			m.StateParameter, m.Name, name)
		return nil
	}
	claim, err := target.Kube.CoreV1().PersistentVolumeClaims(target.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case err == nil && claim.DeletionTimestamp == nil:
		return nil
	case err == nil:
		p.AddBlocker(api.ReasonClaimMissing, claimRef(name),
			"the claim %s in the target namespace %s, which parameter %s of mobilizer %s names, is being deleted: name another claim",
			name, target.Namespace, m.StateParameter, m.Name)
		return nil
	case apierrors.IsNotFound(err):
		p.AddBlocker(api.ReasonClaimMissing, claimRef(name),
			"the target namespace %s has no claim %s, which parameter %s of mobilizer %s names: create it there, or remove the parameter, "+
				"then KubeMove makes a claim of its own", target.Namespace, name, m.StateParameter, m.Name)
		return nil
	}
	return target.Wrap("read the claim "+name, err)
}
