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
	d := decoder{Reader: scan.NewReader(body)}
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
			err = json.Unmarshal(f.Value, &o.APIVersion)
		case "kind":
			err = json.Unmarshal(f.Value, &o.Kind.Kind)
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

// metadata builds the metadata anew, without what is left out.
func (d *decoder) metadata(o *hooks.Object) ([]byte, error) {
	m := builder{'{'}
	err := d.Object(func(key []byte) error {
		switch string(key) {
		case "managedFields":
			return d.Skip()
		case "annotations":
			if d.Kind() != '{' {
				break
			}
			a := builder{'{'}
			err := d.Object(func(key []byte) error {
				value, err := d.Value()
				if string(key) != lastApplied {
					a.add(key, value)
				}
				return err
			})
			m.add(key, append(a, '}'))
			return err
		}
		value, err := d.Value()
		if err != nil {
			return err
		}
		m.add(key, value)
		switch string(key) {
		case "name":
			return json.Unmarshal(value, &o.Name)
		case "namespace":
			return json.Unmarshal(value, &o.Namespace)
		}
		return nil
	})
	return append(m, '}'), err
}

// into decodes the next value.
func (d *decoder) into(v any) error {
	value, err := d.Value()
	if err != nil {
		return err
	}
	return json.Unmarshal(value, v)
}

// builder of a JSON object.
type builder []byte

func (b *builder) add(key, value []byte) {
	if len(*b) > 1 {
		*b = append(*b, ',')
	}
	*b = append(append(append(*b, '"'), key...), '"', ':')
	*b = append(*b, value...)
}
