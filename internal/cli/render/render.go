// Package render runs the hooks in this process: what they answer for a parent and what is observed with it. No cluster is asked.
package render

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/metacontroller"
	"github.com/kubemove/kubemove/hooks/metacontroller/apply"
	"github.com/kubemove/kubemove/hooks/server"
	"github.com/kubemove/kubemove/internal/cli/fault"
)

// Input of the hooks.
type Input struct {
	// Parent as a user has written it, or as the cluster has it.
	Parent unstructured.Unstructured
	// Observed objects: children, related ones, and maybe the parent itself.
	Observed []unstructured.Unstructured
	// Definitions of the kinds, for their defaults.
	Definitions []unstructured.Unstructured
	// Config of the installation.
	Config config.Config
	Now    time.Time
}

// Answer of the hooks.
type Answer struct {
	// Parent with the status that the hooks want.
	Parent map[string]any `json:"parent"`
	// Children that should be there.
	Children []map[string]any `json:"children"`
	// ResyncAfterSeconds: when the hooks want to be asked again; 0: when something changes.
	ResyncAfterSeconds float64 `json:"resyncAfterSeconds,omitempty"`
	// Finalized: the parent may go.
	Finalized bool `json:"finalized,omitempty"`
}

// Render asks the hooks once.
func Render(ctx context.Context, in Input) (Answer, error) {
	parent, err := in.parent()
	if err != nil {
		return Answer{}, err
	}
	at := slices.IndexFunc(server.Controllers(), func(c apply.Controller) bool { return c.Parent.Kind == parent.GetKind() })
	if at < 0 || parent.GetAPIVersion() != server.Controllers()[at].Parent.APIVersion {
		return Answer{}, fault.Badly("there are no hooks for %s %s", parent.GetAPIVersion(), parent.GetKind())
	}
	controller := server.Controllers()[at]
	calls := local{hook: server.Kinds(in.Config)[strings.TrimPrefix(controller.Path, "/v1/")], now: in.Now}
	loop := &apply.Loop{Hooks: calls, Cluster: kinds{definitions: in.Definitions}}
	request, err := loop.Request(ctx, controller, objects(in.Observed), parent)
	if err != nil {
		return Answer{}, err
	}
	body, err := calls.Call(ctx, controller.Path+"/sync", request)
	if err != nil {
		return Answer{}, err
	}
	var reply struct {
		Status             map[string]any   `json:"status"`
		Children           []map[string]any `json:"children"`
		ResyncAfterSeconds float64          `json:"resyncAfterSeconds"`
		Finalized          bool             `json:"finalized"`
	}
	if err := utiljson.Unmarshal(body, &reply); err != nil {
		return Answer{}, fmt.Errorf("cannot decode the answer of the hooks: %w", err)
	}
	parent.Object["status"] = reply.Status
	return Answer{Parent: parent.Object, Children: reply.Children, ResyncAfterSeconds: reply.ResyncAfterSeconds,
		Finalized: reply.Finalized}, nil
}

// unknownUID stands for that of an object which was not applied yet.
const unknownUID = "00000000-0000-0000-0000-000000000000"

// parent as the API server would show it: with the defaults of its kind, and with the metadata and the status that are observed.
func (in Input) parent() (*unstructured.Unstructured, error) {
	p := in.Parent.DeepCopy()
	if p.GetKind() == "" || p.GetName() == "" {
		return nil, fault.Badly("the parent has no kind or no metadata.name")
	}
	setDefaults(p, in.Definitions)
	for i := range in.Observed {
		o := &in.Observed[i]
		if o.GroupVersionKind() != p.GroupVersionKind() || o.GetName() != p.GetName() || o.GetNamespace() != p.GetNamespace() {
			continue
		}
		merged := o.DeepCopy()
		same, err := equal(o.Object["spec"], p.Object["spec"])
		if err != nil {
			return nil, err
		}
		if !same {
			merged.Object["spec"] = p.Object["spec"]
			merged.SetGeneration(o.GetGeneration() + 1)
		}
		return merged, nil
	}
	if p.GetUID() == "" {
		p.SetUID(unknownUID)
	}
	if p.GetGeneration() == 0 {
		p.SetGeneration(1)
	}
	if _, has, _ := unstructured.NestedString(p.Object, "metadata", "creationTimestamp"); !has {
		// The hooks count from it.
		if err := unstructured.SetNestedField(p.Object, in.Now.UTC().Format(time.RFC3339), "metadata", "creationTimestamp"); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func equal(a, b any) (bool, error) {
	x, err := json.Marshal(a)
	if err != nil {
		return false, err
	}
	y, err := json.Marshal(b)
	return bytes.Equal(x, y), err
}

// local hook of one kind.
type local struct {
	hook hooks.Hook
	now  time.Time
}

// Call the hook as Metacontroller does.
func (l local) Call(_ context.Context, path string, body []byte) ([]byte, error) {
	if strings.HasSuffix(path, "/customize") {
		var request struct{ Parent unstructured.Unstructured }
		if err := json.Unmarshal(body, &request); err != nil {
			return nil, err
		}
		if l.hook.Related == nil {
			return metacontroller.EncodeRules(nil)
		}
		return metacontroller.EncodeRules(l.hook.Related(request.Parent.GetName()))
	}
	view, err := metacontroller.Decode(body)
	if err != nil {
		return nil, err
	}
	desired, err := l.hook.Sync(view, l.now)
	if err != nil {
		return nil, fault.New(fault.Failed, "the hooks cannot decide on "+view.Parent.String(), "%s", err)
	}
	return metacontroller.Encode(view, desired)
}
