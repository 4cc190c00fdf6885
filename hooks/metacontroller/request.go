package metacontroller

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/kubemove/kubemove/hooks"
	"github.com/kubemove/kubemove/hooks/internal/scan"
)

// lastApplied is the annotation in which Metacontroller keeps a copy of each child.
const lastApplied = "metacontroller.k8s.io/last-applied-configuration"

// Decode reads a sync or finalize request. Objects are indexed by what they say of themselves;
// the keys of the maps that hold them differ between versions of the protocol.
func Decode(body []byte) (hooks.View, error) {
	d := decoder{Reader: scan.NewReader(body), kept: make([]byte, 0, len(body)/16)}
	if err := d.Object(d.top); err != nil {
		return hooks.View{}, fmt.Errorf("cannot decode the request: %w", err)
	}
	if err := d.End(); err != nil {
		return hooks.View{}, fmt.Errorf("cannot decode the request: %w", err)
	}
	if !d.parent || !d.children {
		return hooks.View{}, errors.New("the request has no parent or no children")
	}
	return d.view, nil
}

// decoder of one request; it walks the text once.
type decoder struct {
	*scan.Reader
	view             hooks.View
	parent, children bool
	// kept is what was written anew: the metadata of all objects, one behind the other.
	kept []byte
}

func (d *decoder) top(key []byte) (err error) {
	switch string(key) {
	case "parent":
		d.parent = true
		d.view.Parent, err = d.object()
	case "children":
		d.children = true
		d.view.Children, err = d.objects()
	case "related":
		d.view.Related, err = d.objects()
	case "finalizing":
		err = d.into(&d.view.Finalizing)
	default:
		return d.Skip()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// objects reads a map of kinds, of maps of objects. The key of a kind, such as Job.batch/v1, is
// there even when no object is: it says what is declared.
func (d *decoder) objects() (hooks.Objects, error) {
	if d.Kind() == 'n' {
		if err := d.Skip(); err != nil {
			return hooks.Objects{}, err
		}
		return hooks.NewObjects(nil, nil)
	}
	var declared []hooks.Kind
	var list []hooks.Object
	err := d.Object(func(kind []byte) error {
		if k, ok := parseKind(string(kind)); ok {
			declared = append(declared, k)
		}
		if d.Kind() == 'n' {
			return d.Skip()
		}
		return d.Object(func(name []byte) error {
			o, err := d.object()
			if err != nil {
				return fmt.Errorf("%s %s: %w", kind, name, err)
			}
			list = append(list, o)
			return nil
		})
	})
	if err != nil {
		return hooks.Objects{}, err
	}
	return hooks.NewObjects(declared, list)
}

// parseKind reads Kind.version or Kind.group/version.
func parseKind(key string) (hooks.Kind, bool) {
	kind, version, ok := strings.Cut(key, ".")
	return hooks.Kind{APIVersion: version, Kind: kind}, ok && kind != "" && version != ""
}

// object reads the fields of an object and what identifies it. What only others need is left
// out: the managed fields and Metacontroller's copy are more than half of it.
func (d *decoder) object() (hooks.Object, error) {
	if d.Kind() != '{' {
		return hooks.Object{}, errors.New("found no object where one was expected")
	}
	o := hooks.Object{Fields: make([]hooks.Field, 0, 5)}
	err := d.Object(func(key []byte) (err error) {
		f := hooks.Field{Name: name(key)}
		if f.Name == "metadata" && d.Kind() == '{' {
			f.Value, err = d.metadata(&o)
		} else {
			f.Value, err = d.Value()
		}
		if err != nil {
			return err
		}
		switch f.Name {
		case "apiVersion":
			o.APIVersion, err = scan.Text(f.Value)
		case "kind":
			o.Kind.Kind, err = scan.Text(f.Value)
		}
		o.Fields = append(o.Fields, f)
		return err
	})
	if err != nil {
		return hooks.Object{}, err
	}
	if o.APIVersion == "" || o.Kind.Kind == "" || o.Name == "" {
		return hooks.Object{}, errors.New("it has no apiVersion, no kind or no metadata.name")
	}
	return o, nil
}

// name of a field; those that every object has need no copy.
func name(key []byte) string {
	switch string(key) {
	case "apiVersion":
		return "apiVersion"
	case "kind":
		return "kind"
	case "metadata":
		return "metadata"
	case "spec":
		return "spec"
	case "status":
		return "status"
	}
	return string(key)
}

// metadata writes the metadata anew, without what is left out.
func (d *decoder) metadata(o *hooks.Object) ([]byte, error) {
	start := len(d.kept)
	err := d.rewrite(func(key []byte) (err error) {
		switch string(key) {
		case "managedFields":
			return d.Skip()
		case "annotations":
			if d.Kind() == '{' {
				d.key(key)
				return d.rewrite(d.annotation)
			}
		}
		value, err := d.Value()
		if err != nil {
			return err
		}
		d.key(key)
		d.kept = append(d.kept, value...)
		switch string(key) {
		case "name":
			o.Name, err = scan.Text(value)
		case "namespace":
			o.Namespace, err = scan.Text(value)
		}
		return err
	})
	// What is written later must not show here.
	return d.kept[start:len(d.kept):len(d.kept)], err
}

// annotation of an object, but for the copy that Metacontroller keeps in one.
func (d *decoder) annotation(key []byte) error {
	if string(key) == lastApplied {
		return d.Skip()
	}
	value, err := d.Value()
	if err == nil {
		d.key(key)
		d.kept = append(d.kept, value...)
	}
	return err
}

// rewrite an object with the members that f writes of it.
func (d *decoder) rewrite(f func(key []byte) error) error {
	d.kept = append(d.kept, '{')
	err := d.Object(f)
	d.kept = append(d.kept, '}')
	return err
}

// key of the next member that is written.
func (d *decoder) key(key []byte) {
	if d.kept[len(d.kept)-1] != '{' {
		d.kept = append(d.kept, ',')
	}
	d.kept = append(append(append(d.kept, '"'), key...), '"', ':')
}

// into decodes the next value.
func (d *decoder) into(v any) error {
	value, err := d.Value()
	if err != nil {
		return err
	}
	return json.Unmarshal(value, v)
}
