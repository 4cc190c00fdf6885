package planfile

import (
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/bundle"
)

const (
	// planLabel marks the Secrets of stored plans; its value is the same for all Secrets of one plan.
	planLabel = "kubemove.io/plan"
	// endpointLabel of the Secrets holds a hash of the engine and of the namespace that it moves to.
	endpointLabel = "kubemove.io/plan-place"

	// secretLength leaves room for the numbers of further Secrets in a name of 253 characters.
	secretLength = 240
)

// ErrNone says that there is no plan among the Secrets.
var ErrNone = errors.New("the pair has no stored plan: ask for one (spec.planRequest)")

// SecretName of a pair's stored plan.
func SecretName(pair, pairUID, hash string) string {
	tail := "-" + bundle.ShortHash(pairUID+hash) + "-plan"
	if len(pair)+len(tail) > secretLength {
		pair = strings.TrimRight(pair[:secretLength-len(tail)], "-.")
	}
	return pair + tail
}

// Bundle says in which Secrets the plan of a pair is stored. The pair owns them.
func (p Plan) Bundle(pair metav1.OwnerReference) bundle.Bundle {
	name := SecretName(pair.Name, string(pair.UID), p.Hash)
	return bundle.Bundle{Name: name, Owner: &pair, Labels: map[string]string{
		api.PairLabel: string(pair.UID), planLabel: bundle.ShortHash(name), endpointLabel: endpointOf(p.Plan)}}
}

// endpointOf a plan; empty: the account may not read which cluster the target is, which is a blocker.
func endpointOf(p *application.Plan) string {
	if p == nil || p.TargetCluster == "" {
		return ""
	}
	return bundle.ShortHash(strings.Join([]string{p.Engine, p.TargetCluster, p.TargetNamespace}, "/"))
}

// Selector matches the Secrets of the plans of a pair. There may be several for a moment, the older ones
// of which are about to be deleted.
func Selector(pairUID string) string { return api.PairLabel + "=" + pairUID + "," + planLabel }

// OlderSelector matches the Secrets of the plans of a pair but those of the plan in the Secret of that
// name; of all, where the name is empty.
func OlderSelector(pairUID, name string) string {
	if name == "" {
		return Selector(pairUID)
	}
	return fmt.Sprintf("%s,%s!=%s", Selector(pairUID), planLabel, bundle.ShortHash(name))
}

// SameTargetSelector matches the Secrets of the plans of other pairs by which the same engine moves to the
// same namespace of the same cluster; empty: which cluster that is is not known.
func SameTargetSelector(p *application.Plan, pairUID string) string {
	endpoint := endpointOf(p)
	if endpoint == "" {
		return ""
	}
	return fmt.Sprintf("%s,%s=%s,%s!=%s", planLabel, endpointLabel, endpoint, api.PairLabel, pairUID)
}

// Read the plan of a pair from what its Selector has found, in any order. The error is ErrNone where
// there is no plan, and that of package bundle where it is not whole.
func Read(secrets []corev1.Secret) (Plan, error) {
	byName := make(map[string]*corev1.Secret, len(secrets))
	for i := range secrets {
		byName[secrets[i].Name] = &secrets[i]
	}
	for i := range secrets {
		// Of a plan in several Secrets this is the first.
		if first := &secrets[i]; first.Labels[planLabel] == bundle.ShortHash(first.Name) {
			return read(first, byName)
		}
	}
	return Plan{}, ErrNone
}

func read(first *corev1.Secret, byName map[string]*corev1.Secret) (Plan, error) {
	count, err := bundle.Count(first)
	if err != nil {
		return Plan{}, err
	}
	parts := []corev1.Secret{*first}
	for i := 1; i < count; i++ {
		part := byName[bundle.PartName(first.Name, i)]
		if part == nil {
			break // It is not whole, and Read says so.
		}
		parts = append(parts, *part)
	}
	out := Plan{Plan: &application.Plan{}}
	if err := bundle.Read(parts, &out); err != nil {
		return Plan{}, err
	}
	return out, nil
}
