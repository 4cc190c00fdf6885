package cutover

import (
	"context"
	"fmt"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// labelled refuses to begin for a switch that its pair may not see: the hook made this Job from a view that may be old,
// and the pair and its DataSyncs would go on as if nothing had begun. What has begun goes on, whatever is removed.
func (s *switcher) labelled(ctx context.Context) error {
	subject := s.task.Move.Switch
	if subject == nil {
		return nil
	}
	labels, err := s.home.SwitchLabels(ctx, subject.Name)
	if err != nil {
		return err
	}
	want := api.PairNameHash(s.task.Move.Pair.Name)
	if labels == nil || labels[api.PairNameLabel] == want {
		return nil // One that is gone is ended by the hook.
	}
	return &ending{*declined(api.ReasonLabelMissing, fmt.Sprintf("nothing was done, as the label %[1]s of MoveSwitch %[2]s is not %[3]s, "+
		"by which MovePair %[4]s sees the switch: kubectl -n %[5]s label moveswitch %[2]s --overwrite %[1]s=%[3]s",
		api.PairNameLabel, subject.Name, want, s.task.Move.Pair.Name, s.task.Move.Home)).Result}
}
