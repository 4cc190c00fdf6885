package steer

import (
	"encoding/json"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Preview is a MoveEngine that gets the plan of the given one, and that neither copies nor stops anything: it is an offline move
// which waits for approval.
func Preview(m Manifest) (Manifest, error) {
	if m.Kind != snapshot.KindEngine {
		return m, fmt.Errorf("it is a %s, expected a MoveEngine: a way back is planned once it is created, and stops nothing before its "+
			"plan is approved", m.Kind)
	}
	o := &unstructured.Unstructured{}
	if err := json.Unmarshal(m.JSON, &o.Object); err != nil {
		return m, err
	}
	spec, ok := o.Object["spec"].(map[string]any)
	if !ok {
		return m, errors.New("it has no spec")
	}
	spec["mode"] = string(api.ModeOffline)
	delete(spec, "sync")
	delete(spec, "suspend")
	policy, _ := spec["switch"].(map[string]any)
	if policy == nil {
		policy = map[string]any{}
		spec["switch"] = policy
	}
	policy["approval"] = string(api.ApprovalManual)
	delete(policy, "at")
	var err error
	m.JSON, err = o.MarshalJSON()
	return m, err
}
