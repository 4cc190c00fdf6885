package reach

import (
	"context"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/target"
	"github.com/kubemove/kubemove/internal/cluster"
)

// everything is what an administrator of the cluster may.
var everything = target.Right{Group: "*", Resource: "*", Verb: "*", Cluster: true}

// Caller finds out what the caller may do in a namespace, of the rights that matter.
func (c *Cluster) Caller(ctx context.Context, namespace string, rights []target.Right) (target.Caller, error) {
	answers, err := c.Ask(ctx, namespace, []target.Right{everything})
	if err != nil || answers[everything] {
		return target.Caller{All: true}, err
	}
	const failed = "cannot ask for your rights in the target's cluster"
	review, err := c.core.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}, metav1.CreateOptions{})
	if err != nil {
		return target.Caller{}, fault.API(failed, err)
	}
	out := target.Caller{Rules: review.Status.ResourceRules, Incomplete: review.Status.Incomplete}
	if out.Answers, err = c.Ask(ctx, namespace, target.Grants()); err != nil {
		return out, err
	}
	answers, err = c.Ask(ctx, namespace, out.Questions(rights))
	for right, yes := range answers {
		out.Answers[right] = yes
	}
	return out, err
}

// Ask the API server for single rights of the caller.
func (c *Cluster) Ask(ctx context.Context, namespace string, rights []target.Right) (map[target.Right]bool, error) {
	yes := make([]bool, len(rights))
	errs := cluster.Each(ctx, len(rights), func(i int) error {
		review := &authorizationv1.SelfSubjectAccessReview{
			Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: rights[i].Attributes(namespace)}}
		answer, err := c.core.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err == nil {
			yes[i] = answer.Status.Allowed
		}
		return err
	})
	if err := cluster.First(errs); err != nil {
		return nil, fault.API("cannot ask for rights in "+c.String(), err)
	}
	out := map[target.Right]bool{}
	for i, right := range rights {
		out[right] = yes[i]
	}
	return out, nil
}
