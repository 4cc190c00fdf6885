// Package open makes a pair's data channel: its secret, which is the certificate authority that
// the agents of the worker Pods trust and the key that the repositories' passwords come from,
// and the claims that the repositories lie in.
package open

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/steps"
	"github.com/kubemove/kubemove/internal/steps/plan"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// Keys of the channel's Secret.
const (
	keyCert   = "ca.crt"
	keyKey    = "ca.key"
	keyMaster = "master"

	secretType corev1.SecretType = "kubemove.io/channel"

	// LineageLabel on the Secret holds the lineage of its pair.
	LineageLabel = "kubemove.io/lineage"
)

// Run carries out the verb open.
func Run(ctx context.Context, t *task.Task, r *report.Reporter) task.Result {
	c, err := steps.Connect(ctx, t)
	if err != nil {
		return steps.Failure(err)
	}
	r.Step("Open", "making the secret of the channel")
	if err := ensure(ctx, c.Home, t.Move.Pair, t.Move.FirstPair().UID); err != nil {
		return steps.Failure(err)
	}
	channel, err := LoadChannel(ctx, c.Home, t.Move.Pair.Name)
	if err != nil {
		return steps.Failure(err)
	}
	if err := repositories(ctx, c, t, *channel, r); err != nil {
		return steps.Failure(err)
	}
	return task.Succeeded("the channel is open")
}

// repositories tries the target with the workers' users, makes the claims of the mobilizers' state, sized by what the plan has found in
// the volumes, and lets the mobilizers prove the places that the user has named instead.
func repositories(ctx context.Context, c *steps.Clusters, t *task.Task, channel transfer.Channel, r *report.Reporter) error {
	stored, err := plan.Load(ctx, c.Home, t.Move.Pair.UID)
	if err != nil {
		return err
	}
	if err := probeTarget(ctx, c, t, &stored, r); err != nil {
		return err
	}
	spec := transfer.NewSpec(t, c.Source, c.Target)
	spec.Volumes, spec.Channel = stored.Volumes, channel
	if err := transfer.EnsureRepositories(ctx, spec, stored.ClaimClass); err != nil {
		return err
	}
	r.Step("Open", "the mobilizers open their repositories from both sides")
	return transfer.OpenPlaces(ctx, spec)
}

// SecretName of a pair's channel.
func SecretName(pair string) string {
	const suffix = "-channel"
	if len(pair)+len(suffix) <= 253 {
		return pair + suffix
	}
	tail := "-" + cluster.ShortHash(pair) + suffix
	return strings.TrimRight(pair[:253-len(tail)], "-.") + tail
}

// LoadChannel reads the channel's secret.
func LoadChannel(ctx context.Context, home *cluster.Cluster, pair string) (*transfer.Channel, error) {
	s, err := home.Kube.CoreV1().Secrets(home.Namespace).Get(ctx, SecretName(pair), metav1.GetOptions{})
	if err != nil {
		return nil, home.Wrap("read the channel's Secret/"+SecretName(pair), err)
	}
	c := &transfer.Channel{CACertPEM: s.Data[keyCert], CAKeyPEM: s.Data[keyKey], Master: s.Data[keyMaster]}
	if s.Type != secretType || len(c.CACertPEM) == 0 || len(c.CAKeyPEM) == 0 || len(c.Master) != transfer.MasterLength {
		return nil, &cluster.Error{Kind: cluster.Invalid, Side: home.Side, Message: fmt.Sprintf("Secret/%s is not a whole channel: "+
			"expected the type %s and the keys %s, %s and %s. Delete it and ask for a new plan; repositories made with it cannot be read any more",
			s.Name, secretType, keyCert, keyKey, keyMaster)}
	}
	return c, nil
}

// ensure creates the Secret once: a channel that exists is never made anew, as the
// repositories at the target can be read with its key only. All pairs of a lineage have the same key,
// each in a Secret of its own, so that it is there as long as one of them is.
func ensure(ctx context.Context, home *cluster.Cluster, pair task.Object, lineage string) error {
	secrets := home.Kube.CoreV1().Secrets(home.Namespace)
	old, err := secrets.Get(ctx, SecretName(pair.Name), metav1.GetOptions{})
	if err == nil {
		return ofPair(home, old, pair)
	}
	if !apierrors.IsNotFound(err) {
		return home.Wrap("read the channel's Secret/"+SecretName(pair.Name), err)
	}
	s, err := newSecret(home.Namespace, pair, lineage, time.Now())
	if err != nil {
		return err
	}
	if lineage != pair.UID {
		if err := shareKey(ctx, home, lineage, s); err != nil {
			return err
		}
	}
	if _, err = secrets.Create(ctx, s, metav1.CreateOptions{FieldManager: cluster.FieldManager}); apierrors.IsAlreadyExists(err) {
		return nil // Another Pod of this Job was faster; LoadChannel looks at it.
	}
	return home.Wrap("create the channel's Secret/"+s.Name, err)
}

// shareKey gives a Secret the key that the other pairs of the lineage have. When none of them is left,
// the repositories went with the last one, and any key does.
func shareKey(ctx context.Context, home *cluster.Cluster, lineage string, s *corev1.Secret) error {
	list, err := channels(ctx, home, lineage)
	for _, other := range list {
		if len(other.Data[keyMaster]) == transfer.MasterLength {
			s.Data[keyMaster] = other.Data[keyMaster]
			return nil
		}
	}
	return err
}

// channels are the Secrets of the channels of a lineage.
func channels(ctx context.Context, home *cluster.Cluster, lineage string) ([]corev1.Secret, error) {
	var out []corev1.Secret
	// The Secret of a first pair that was opened by an older version says of which pair it is, and no more.
	for _, label := range []string{LineageLabel, api.PairLabel} {
		list, err := home.Kube.CoreV1().Secrets(home.Namespace).List(ctx, metav1.ListOptions{LabelSelector: label + "=" + lineage})
		if err != nil {
			return nil, home.Wrap("list the channels' Secrets", err)
		}
		for _, s := range list.Items {
			if s.Type == secretType {
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// Used says whether another pair of the lineage than this one has a channel: it uses the same repositories.
func Used(ctx context.Context, home *cluster.Cluster, lineage, pairUID string) (bool, error) {
	list, err := channels(ctx, home, lineage)
	return slices.ContainsFunc(list, func(s corev1.Secret) bool {
		return s.Labels[api.PairLabel] != pairUID && s.DeletionTimestamp == nil
	}), err
}

// ofPair refuses the Secret of an earlier pair of the same name: it is about to be collected.
func ofPair(home *cluster.Cluster, s *corev1.Secret, pair task.Object) error {
	for _, o := range s.OwnerReferences {
		if string(o.UID) == pair.UID {
			return nil
		}
	}
	return &cluster.Error{Kind: cluster.Conflict, Side: home.Side,
		Message: fmt.Sprintf("Secret/%s belongs to something else than this MovePair, "+
			"perhaps to a deleted one of the same name: wait until it is gone, or delete it", s.Name)}
}

func newSecret(namespace string, pair task.Object, lineage string, now time.Time) (*corev1.Secret, error) {
	channel, err := transfer.NewChannel(now)
	if err != nil {
		return nil, err
	}
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Name: SecretName(pair.Name), Namespace: namespace,
			Labels:          map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: pair.UID, LineageLabel: lineage},
			OwnerReferences: []metav1.OwnerReference{*steps.Owner(task.Subject{Kind: task.KindPair, Object: pair})},
		},
		Type: secretType,
		Data: map[string][]byte{keyCert: channel.CACertPEM, keyKey: channel.CAKeyPEM, keyMaster: channel.Master},
	}, nil
}
