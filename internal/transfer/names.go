package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

const (
	// ClaimLabel on a worker Pod, its Secrets and its lease holds a hash of the claim's name
	// on that side.
	ClaimLabel = "kubemove.io/claim"
	// ClaimAnnotation holds the name, beside the label.
	ClaimAnnotation = "kubemove.io/claim"
	// GroupLabel on the workers of claims that have to be on one node at the target.
	GroupLabel = "kubemove.io/group"
	// TryAnnotation on a worker Pod counts the tries of a volume within its run, from 1.
	TryAnnotation = "kubemove.io/try"
	// RepositoryLabel marks the claims that mobilizers keep their state in.
	RepositoryLabel = "kubemove.io/repository"
)

// hash10 is a short name for a list of strings.
func hash10(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:10]
}

// workerName of the Pod of a volume on one side.
func workerName(runID, volume string, role task.Role) string {
	readable := strings.Trim(strings.ReplaceAll(volume, ".", "-")[:min(len(volume), 30)], "-")
	return "kubemove-" + readable + "-" + hash10(runID, volume) + "-" + string(role)
}

// agentSecretName and credentialsSecretName of a worker.
func agentSecretName(worker string) string       { return worker + "-agent" }
func credentialsSecretName(worker string) string { return worker + "-credentials" }

// runLeaseName of a claim at the target.
func runLeaseName(claim string) string { return "kubemove-run-" + hash10(claim) }

// lineage that the pair belongs to.
func (s Spec) lineage() string { return lineage.Actor{Lineage: s.Lineage, Pair: s.PairUID}.Name() }

// password of the state that a mobilizer keeps of the volume.
func (s Spec) password(in podInput) string {
	if in.Mobilizer.ManagedState() {
		return lineage.Password(s.Channel.Master, s.lineage(), in.Origin)
	}
	return lineage.PlacePassword(s.Channel.Master, in.Volume.Name)
}

// labels of everything that belongs to one worker.
func (s Spec) labels(role task.Role, claim string) map[string]string {
	out := map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: s.PairUID, api.RunLabel: hash10(s.session())}
	if role != "" {
		out[api.RoleLabel] = string(role)
	}
	if claim != "" {
		out[ClaimLabel] = hash10(claim)
	}
	return out
}

// runSelector selects everything of the run.
func (s Spec) runSelector() string {
	return selector(map[string]string{api.ManagedByLabel: api.ManagedByValue, api.PairLabel: s.PairUID, api.RunLabel: hash10(s.session())})
}

// claimSelector selects the workers of a claim on one side, of any run.
func claimSelector(role task.Role, claim string) string {
	return selector(map[string]string{api.ManagedByLabel: api.ManagedByValue, api.RoleLabel: string(role), ClaimLabel: hash10(claim)})
}

func selector(labels map[string]string) string {
	return metav1.FormatLabelSelector(&metav1.LabelSelector{MatchLabels: labels})
}
