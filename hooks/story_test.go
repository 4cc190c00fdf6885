package hooks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kubemove/kubemove/hooks/internal/changes"
)

const howToRead = `What the hooks answer in one scenario. Each step is a call whose reply differs from the one before it to the
same parent. It tells what has changed: "given" is what the hook is shown of the parent and of its Jobs,
"reply" all that it answers. What is not named is as it was, null is gone, and a child that is "kept" is
desired by its name alone, so that it stays as it is.

Written by: go test ./hooks -run 'TestGolden|TestScenarios' -update
`

// kept is told of a child that is desired by its name alone.
const kept = "kept"

// object of decoded JSON.
type object = map[string]any

// story of a scenario.
type story struct {
	archive txtar.Archive
	// last step of each parent.
	last map[string]step
	// replies in the order of the steps.
	replies []object
}

// step is one call.
type step struct {
	hook         string
	given, reply object
}

// add a call, if its reply is another one than the last to this parent.
func (s *story) add(t *testing.T, c call) bool {
	t.Helper()
	parent, given := shown(decodeJSON(t, c.Request))
	now := step{hook: c.Hook, given: given, reply: decodeJSON(t, c.Reply)}
	now.given["now"] = c.Now.UTC().Format(time.RFC3339)
	before, known := s.last[parent]
	if known && before.hook == now.hook && cmp.Equal(before.reply, now.reply) {
		return false
	}
	text, err := changes.Text(told(before, now))
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%02d %s %s", len(s.archive.Files)+1, c.Hook, parent)
	s.archive.Files = append(s.archive.Files, txtar.File{Name: name, Data: text})
	s.replies = append(s.replies, now.reply)
	if s.last == nil {
		s.last = map[string]step{}
	}
	s.last[parent] = now
	return true
}

// compare with the archive, and see that the replies follow from it.
func (s *story) compare(t *testing.T, file string) {
	t.Helper()
	s.archive.Comment = []byte(howToRead)
	got := txtar.Format(&s.archive)
	if *update {
		write(t, file, got)
	}
	want := read(t, file)
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("-want +got\n%s", d)
	}
	if d := cmp.Diff(s.replies, untold(t, txtar.Parse(want))); d != "" {
		t.Errorf("the archive does not say all of the replies: -replies +archive\n%s", d)
	}
}

// told is what has changed from step to step.
func told(before, now step) object {
	was, _ := byID(before.reply)
	is, order := byID(now.reply)
	reply, _ := changes.Between(without(before.reply, "children"), without(now.reply, "children")).(object)
	if reply == nil {
		reply = object{}
	}
	children, _ := changes.Between(was, is).(object)
	for id, c := range children {
		if c != nil && was[id] != nil && cmp.Equal(is[id], any(alone(is[id]))) {
			children[id] = kept
		}
	}
	if len(children) > 0 {
		reply["children"] = children
	}
	if _, old := byID(before.reply); !slices.Equal(order, follows(old, is)) {
		reply["order"] = order
	}
	out := object{}
	if given := changes.Between(before.given, now.given); given != nil {
		out["given"] = given
	}
	if len(reply) > 0 {
		out["reply"] = reply
	}
	return out
}

// untold are the replies that an archive tells of.
func untold(t *testing.T, a *txtar.Archive) []object {
	t.Helper()
	var out []object
	last := map[string]object{}
	for _, f := range a.Files {
		change, err := changes.Parse(f.Data)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		parent := f.Name[strings.LastIndex(f.Name, " ")+1:]
		reply, _ := change.(object)["reply"].(object)
		next, err := answered(last[parent], reply)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		last[parent] = next
		out = append(out, normal(t, next))
	}
	return out
}

// answered is the reply of which is told what has changed.
func answered(before, change object) (object, error) {
	was, old := byID(before)
	children, _ := change["children"].(object)
	for id, c := range children {
		if c == kept {
			children[id] = changes.Between(was[id], alone(was[id]))
		}
	}
	is, err := changes.Apply(was, children)
	if err != nil {
		return nil, err
	}
	next, err := changes.Apply(before, without(change, "children", "order"))
	if err != nil {
		return nil, err
	}
	order := follows(old, is.(object))
	if list, ok := change["order"].([]any); ok {
		order = nil
		for _, id := range list {
			order = append(order, id.(string))
		}
	}
	list := []any{}
	for _, id := range order {
		list = append(list, is.(object)[id])
	}
	next.(object)["children"] = list
	return next.(object), nil
}

// byID are the children of a reply by kind and name, and their order.
func byID(reply object) (children object, order []string) {
	children = object{}
	list, _ := reply["children"].([]any)
	for _, c := range list {
		o := c.(object)
		id := o["kind"].(string) + "/" + o["metadata"].(object)["name"].(string)
		children[id] = o
		order = append(order, id)
	}
	return children, order
}

// follows is the order in which children are expected: those from before, then the new ones.
func follows(before []string, children object) []string {
	out := slices.DeleteFunc(slices.Clone(before), func(id string) bool { return children[id] == nil })
	for _, id := range slices.Sorted(maps.Keys(children)) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// alone is a child without anything but its identity.
func alone(child any) object {
	o := child.(object)
	return object{"apiVersion": o["apiVersion"], "kind": o["kind"], "metadata": pick(o["metadata"].(object), "name", "namespace")}
}

// shown is what a hook is shown of a parent and of its Jobs, as far as it decides from that, and
// who the parent is.
func shown(request object) (parent string, given object) {
	o := request["parent"].(object)
	metadata := o["metadata"].(object)
	p := pick(o, "spec")
	p["metadata"] = pick(metadata, "name", "uid", "generation", "labels", "annotations", "deletionTimestamp")
	jobs := object{}
	observed, _ := request["children"].(object)["Job.batch/v1"].(object)
	for _, j := range observed {
		m := j.(object)["metadata"].(object)
		job := pick(j.(object), "status")
		maps.Copy(job, pick(m, "annotations"))
		jobs[m["name"].(string)] = job
	}
	given = object{"parent": p}
	if len(jobs) > 0 {
		given["jobs"] = jobs
	}
	return o["kind"].(string) + "/" + metadata["name"].(string), given
}

func pick(o object, keys ...string) object {
	out := object{}
	for _, k := range keys {
		if v, ok := o[k]; ok {
			out[k] = v
		}
	}
	return out
}

func without(o object, keys ...string) object {
	out := maps.Clone(o)
	if out == nil {
		out = object{}
	}
	maps.DeleteFunc(out, func(k string, _ any) bool { return slices.Contains(keys, k) })
	return out
}

func decodeJSON(t *testing.T, data []byte) object {
	t.Helper()
	var o object
	if err := utiljson.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

// normal is the same object with the types that JSON has.
func normal(t *testing.T, o object) object {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return decodeJSON(t, data)
}

func write(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
