package apply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kubemove/kubemove/hooks"
)

// id of an object in a namespace.
type id struct {
	kind hooks.Kind
	name string
}

func kindOf(o *unstructured.Unstructured) hooks.Kind {
	return hooks.Kind{APIVersion: o.GetAPIVersion(), Kind: o.GetKind()}
}

func idOf(o *unstructured.Unstructured) id { return id{kindOf(o), o.GetName()} }

// children of a parent, of all kinds that the controller declares.
func children(c Controller, view View, parent *unstructured.Unstructured) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for _, child := range c.Children {
		for _, o := range view.List(child.Kind, parent.GetNamespace()) {
			if isChild(parent, o) {
				out = append(out, o)
			}
		}
	}
	return out
}

// Request is what the hook of a parent is asked.
func (l *Loop) Request(ctx context.Context, c Controller, view View, parent *unstructured.Unstructured) ([]byte, error) {
	declared := map[string]map[string]any{}
	for _, child := range c.Children {
		declared[child.Kind.String()] = map[string]any{}
	}
	for _, o := range children(c, view, parent) {
		declared[kindOf(o).String()][o.GetName()] = o.Object
	}
	related, err := l.related(ctx, c, view, parent)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"controller": controllerOf(c), "parent": parent.Object, "children": declared, "related": related,
		"finalizing": parent.GetDeletionTimestamp() != nil,
	})
}

// controllerOf is what a request says of the controller.
func controllerOf(c Controller) map[string]any {
	return map[string]any{"metadata": map[string]any{"name": c.Name}}
}

// answered is the answer to customize for a generation of a parent: it is asked for anew with the next one.
type answered struct {
	generation int64
	rules      []hooks.Rule
}

// related objects of a parent, by kind and name.
func (l *Loop) related(ctx context.Context, c Controller, view View, parent *unstructured.Unstructured) (map[string]map[string]any, error) {
	out := map[string]map[string]any{}
	if !c.Customize {
		return out, nil
	}
	rules, err := l.rulesFor(ctx, c, parent)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules {
		kind, err := l.Cluster.Kind(rule.APIVersion, rule.Resource)
		if err != nil {
			return nil, err
		}
		selector, err := metav1.LabelSelectorAsSelector(&rule.LabelSelector)
		if err != nil {
			return nil, fmt.Errorf("a rule for related %s: %w", rule.Resource, err)
		}
		if out[kind.String()] == nil {
			out[kind.String()] = map[string]any{}
		}
		for _, o := range view.List(kind, parent.GetNamespace()) {
			if selector.Matches(labels.Set(o.GetLabels())) {
				out[kind.String()][o.GetName()] = o.Object
			}
		}
	}
	return out, nil
}

func (l *Loop) rulesFor(ctx context.Context, c Controller, parent *unstructured.Unstructured) ([]hooks.Rule, error) {
	if known, ok := l.rules[parent.GetUID()]; ok && known.generation == parent.GetGeneration() {
		return known.rules, nil
	}
	request, err := json.Marshal(map[string]any{"controller": controllerOf(c), "parent": parent.Object})
	if err != nil {
		return nil, err
	}
	body, err := l.Hooks.Call(ctx, c.Path+"/customize", request)
	if err != nil {
		return nil, fmt.Errorf("customize of %s %s: %w", parent.GetKind(), parent.GetName(), err)
	}
	var answer struct {
		RelatedResources []hooks.Rule `json:"relatedResources"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("customize of %s %s: %w", parent.GetKind(), parent.GetName(), err)
	}
	if l.rules == nil {
		l.rules = map[types.UID]answered{}
	}
	l.rules[parent.GetUID()] = answered{parent.GetGeneration(), answer.RelatedResources}
	return answer.RelatedResources, nil
}

// reply of a hook.
type reply struct {
	status    map[string]any
	children  []any
	resync    time.Duration
	finalized bool
}

// decodeReply reads whole numbers as such, which what is observed has too.
func decodeReply(body []byte) (*reply, error) {
	var m map[string]any
	if err := utiljson.Unmarshal(body, &m); err != nil {
		return nil, fmt.Errorf("cannot decode the reply: %w", err)
	}
	r := &reply{}
	r.status, _ = m["status"].(map[string]any)
	r.children, _ = m["children"].([]any)
	r.finalized, _ = m["finalized"].(bool)
	switch seconds := m["resyncAfterSeconds"].(type) {
	case int64:
		r.resync = time.Duration(seconds) * time.Second
	case float64:
		r.resync = time.Duration(seconds * float64(time.Second))
	}
	return r, nil
}

// check refuses what Metacontroller chokes on, or would create and never see again, and labels the rest.
func check(c Controller, parent *unstructured.Unstructured, list []any) ([]*unstructured.Unstructured, error) {
	seen := map[id]bool{}
	var out []*unstructured.Unstructured
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("child %d of the reply is no object", i)
		}
		o := &unstructured.Unstructured{Object: m}
		_, declared := c.method(kindOf(o))
		switch {
		case o.GetName() == "":
			return nil, fmt.Errorf("child %d of the reply has no name", i)
		case !declared:
			return nil, fmt.Errorf("child %s %s is of a kind that %s does not declare", kindOf(o), o.GetName(), c.Name)
		case seen[idOf(o)]:
			return nil, fmt.Errorf("child %s %s is desired twice", kindOf(o), o.GetName())
		case o.GetNamespace() != "" && o.GetNamespace() != parent.GetNamespace():
			return nil, errors.New("child " + o.GetName() + " is in another namespace than its parent")
		}
		seen[idOf(o)] = true
		label(parent, o)
		out = append(out, o)
	}
	return out, nil
}
