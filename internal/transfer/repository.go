package transfer

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// EnsureRepositories creates the claims that mobilizers keep their state in, where they are
// missing and the user has named no place of his own: in the class that classOf names for the claim at that
// side (nil: the default one). They are kept from run to run. A volume whose claim is gone has none; its run
// says so.
func EnsureRepositories(ctx context.Context, s Spec, classOf func(claim string) *string) error {
	s = s.withDefaults()
	origins, err := s.origins(ctx)
	if err != nil {
		return err
	}
	for _, v := range s.Volumes {
		m, ok := s.mobilizer(v)
		origin, there := origins[s.originClaim(v)]
		if !ok || !m.ManagedState() || !there {
			continue
		}
		if err := ensureRepository(ctx, s, v, origin, classOf(s.stateClaim(v))); err != nil {
			return err
		}
	}
	return nil
}

// originSide is the side where the state does not lie: it is named by the claims of that side.
func (s Spec) originSide() task.Role {
	if s.stateSide() == task.RoleSource {
		return task.RoleTarget
	}
	return task.RoleSource
}

// originClaim is the claim of the volume at that side.
func (s Spec) originClaim(v application.Volume) string {
	return podInput{Role: s.originSide(), Volume: v}.claim()
}

// origins are the claims of that side, by name.
func (s Spec) origins(ctx context.Context) (map[string]types.UID, error) {
	c := s.endpoint(s.originSide())
	list, err := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, c.Wrap("list the claims", err)
	}
	out := make(map[string]types.UID, len(list.Items))
	for i := range list.Items {
		out[list.Items[i].Name] = list.Items[i].UID
	}
	return out, nil
}

// MissingRepositories are the claims that EnsureRepositories would create.
func MissingRepositories(ctx context.Context, s Spec, classOf func(claim string) *string) ([]corev1.PersistentVolumeClaim, error) {
	s = s.withDefaults()
	c := s.endpoint(s.stateSide())
	list, err := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace).List(ctx, metav1.ListOptions{LabelSelector: RepositoryLabel})
	if err != nil {
		return nil, c.Wrap("list the repository claims", err)
	}
	origins, err := s.origins(ctx)
	if err != nil {
		return nil, err
	}
	var out []corev1.PersistentVolumeClaim
	for _, v := range s.Volumes {
		m, ok := s.mobilizer(v)
		wanted := buildRepository(s, v, origins[s.originClaim(v)], classOf(s.stateClaim(v)))
		isThere := func(c corev1.PersistentVolumeClaim) bool { return c.Name == wanted.Name }
		if ok && m.ManagedState() && !slices.ContainsFunc(list.Items, isThere) {
			out = append(out, *wanted)
		}
	}
	return out, nil
}

func ensureRepository(ctx context.Context, s Spec, v application.Volume, origin types.UID, class *string) error {
	claim, c := buildRepository(s, v, origin, class), s.endpoint(s.stateSide())
	_, err := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace).Create(ctx, claim, metav1.CreateOptions{})
	switch {
	case err == nil, apierrors.IsAlreadyExists(err):
		return nil
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		return &Error{Outcome: task.OutcomeFailed, Reason: api.ReasonRejected, Volume: v.Name, Retry: task.RetryLater, Err: err,
			Message: fmt.Sprintf("the %s does not let in the repository claim of %s, which asks for %s: %s",
				s.stateSide(), v.Name, claim.Spec.Resources.Requests.Storage(), clip(err.Error()))}
	}
	return fmt.Errorf("cannot create the repository claim %s of %s at the %s: %w", claim.Name, v.Name, s.stateSide(), err)
}

func buildRepository(s Spec, v application.Volume, origin types.UID, class *string) *corev1.PersistentVolumeClaim {
	labels := s.labels("", s.stateClaim(v))
	// It belongs to no run, and to the whole lineage.
	delete(labels, api.RunLabel)
	labels[api.PairLabel] = s.lineage()
	labels[RepositoryLabel] = "true"
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{
			Name: lineage.Repository(s.lineage(), origin), Namespace: s.endpoint(s.stateSide()).Namespace, Labels: labels,
			Annotations: map[string]string{ClaimAnnotation: s.stateClaim(v)},
		},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			StorageClassName: class,
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceStorage: *resource.NewQuantity(repositorySize(v), resource.BinarySI),
			}},
		},
	}
}

// repositorySize is room for what the claim holds now, a quarter more for what changes, and
// for the repository's own files. It is not known how full it is: then as much as it can hold.
func repositorySize(v application.Volume) int64 {
	const own, unit = 256 << 20, 64 << 20
	if v.Usage == nil {
		return max(v.CapacityBytes, 1<<30)
	}
	// Holes of sparse files take no room; where the file system compresses, the mobilizer
	// does too, but not always as well.
	used := min(v.Usage.Bytes, 2*v.Usage.Allocated)
	size := used + used/4 + own
	return (size + unit - 1) / unit * unit
}
