package transfer

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// Whether a worker may believe what it finds at the target is told by a mark on the target's claim.
// The mark of a whole copy is taken away before a worker begins and comes back after both sides were
// compared, so whatever is killed in between, nothing is believed that was not proven. Meanwhile the
// mark names the worker, so a driver that was replaced unawares marks nothing.

// markTimeout bounds the marking of what is done: without the mark the next run only takes longer.
const markTimeout = 10 * time.Second

// copyMark is what the mark on a claim means for one worker Pod.
type copyMark struct {
	// Whole is the mark of a whole copy as the worker makes it; empty: it is not known.
	Whole string
	// Writing is the mark while this worker writes.
	Writing string
	// Told: the worker was told that the copy is whole.
	Told bool
}

// WholeMark is that of a whole copy of a volume, from this claim of the source in this one of the target.
func WholeMark(s Spec, v application.Volume, source, target types.UID) string {
	m, _ := s.mobilizer(v)
	return wholeMark(s, m, source, target)
}

// wholeMark stands for a copy of this source in this claim, made for this lineage by this mobilizer
// through this place.
func wholeMark(s Spec, m task.Mobilizer, source, target types.UID) string {
	return lineage.Copy{Lineage: s.lineage(), Source: source, Target: target, Mobilizer: m.Name, Place: m.OwnState()}.Mark()
}

// markOf the worker Pod of a target. What cannot be read of it was told the most.
func markOf(pod *corev1.Pod) copyMark {
	out := copyMark{Whole: lineage.CopyMark(pod), Writing: lineage.Writing(pod.UID), Told: true}
	if t, err := task.Decode([]byte(pod.Annotations[task.TaskAnnotation])); err == nil && len(t.Volumes) == 1 {
		out.Told = t.Volumes[0].Whole
	}
	return out
}

// begun is the mark before the worker begins, given the one that is there.
func (m copyMark) begun(is string) (string, error) {
	if m.Told && is != m.Writing && (is != m.Whole || is == "") {
		return "", failed(api.ReasonSyncFailed, fmt.Sprintf("another client has written to the claim since its worker was placed: "+
			"expected the mark %s=%s, found %q; the next run reads everything",
			api.CopyAnnotation, m.Whole, is), task.RetrySoon)
	}
	return m.Writing, nil
}

// done is the mark after the worker has succeeded, given the one that is there.
func (m copyMark) done(is string) (string, error) {
	if is != m.Writing || m.Whole == "" {
		return is, nil
	}
	return m.Whole, nil
}

// readCopyMark tells the worker of a target, before it is placed, what the claim's content is worth.
func readCopyMark(ctx context.Context, s Spec, in *podInput, source *corev1.PersistentVolumeClaim) error {
	claim, err := targetClaim(ctx, s, in.Volume)
	if err != nil {
		return err
	}
	in.Copy = wholeMark(s, in.Mobilizer, source.UID, claim.UID)
	in.Whole = lineage.CopyMark(claim) == in.Copy
	return nil
}

func targetClaim(ctx context.Context, s Spec, v application.Volume) (*corev1.PersistentVolumeClaim, error) {
	claim, err := s.Target.Kube.CoreV1().PersistentVolumeClaims(s.Target.Namespace).Get(ctx, v.Target, getOptions)
	if err != nil {
		return nil, fmt.Errorf("cannot read claim %s of the target: %w", v.Target, err)
	}
	return claim, nil
}

// clearCopyMark takes the mark of a whole copy away: from here on a worker writes.
func clearCopyMark(ctx context.Context, s Spec, v application.Volume, mark copyMark) error {
	if err := changeMark(ctx, s.Target, v.Target, mark.begun); err != nil {
		return fmt.Errorf("cannot mark claim %s at the target before it is written: %w", v.Target, err)
	}
	return nil
}

// setCopyMark marks a copy as whole. That this fails is no failure of the run.
func setCopyMark(ctx context.Context, s Spec, v application.Volume, pod *corev1.Pod) {
	ctx, cancel := context.WithTimeout(ctx, markTimeout)
	defer cancel()
	if err := changeMark(ctx, s.Target, v.Target, markOf(pod).done); err != nil {
		s.Log.Warn("cannot mark a copy as whole: the next run reads all of it", "claim", v.Target, "error", err)
	}
}

// changeMark changes the mark of a claim to what becomes of the one that is there.
func changeMark(ctx context.Context, c *cluster.Cluster, name string, change func(is string) (string, error)) error {
	claims := c.Kube.CoreV1().PersistentVolumeClaims(c.Namespace)
	return retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		claim, err := claims.Get(ctx, name, getOptions)
		if err != nil {
			return err
		}
		is := lineage.CopyMark(claim)
		want, err := change(is)
		if err != nil || want == is {
			return err
		}
		metav1.SetMetaDataAnnotation(&claim.ObjectMeta, api.CopyAnnotation, want)
		_, err = claims.Update(ctx, claim, metav1.UpdateOptions{FieldManager: cluster.FieldManager})
		return err
	})
}
