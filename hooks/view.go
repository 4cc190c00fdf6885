package hooks

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Kind identifies a kind of objects, such as batch/v1 Job.
type Kind struct {
	APIVersion string
	Kind       string
}

// String is Kind.apiVersion.
func (k Kind) String() string { return k.Kind + "." + k.APIVersion }

// Object is one observed object. What Kubernetes and Metacontroller keep for themselves
// (managedFields, the last applied configuration) is not in it.
type Object struct {
	Kind
	Namespace string
	Name      string
	// Fields at the top level, such as metadata and spec.
	Fields []Field
}

// Field of an object.
type Field struct {
	Name  string
	Value json.RawMessage
}

// JSON of the object.
func (o Object) JSON() []byte {
	size := 2
	for _, f := range o.Fields {
		size += len(f.Name) + len(f.Value) + 4
	}
	out := append(make([]byte, 0, size), '{')
	for i, f := range o.Fields {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), f.Name...), '"', ':')
		out = append(out, f.Value...)
	}
	return append(out, '}')
}

// String is KIND NAMESPACE/NAME, for messages.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind.Kind + " " + o.Name
	}
	return o.Kind.Kind + " " + o.Namespace + "/" + o.Name
}

// Objects are observed objects by kind; within a kind they are sorted by namespace and name.
type Objects struct {
	kinds map[Kind][]Object
}

// NewObjects sorts objects by their own kind and name. Declared kinds are known even when
// there is no object of them. Two objects of one kind and name are an error: one of them would
// hide the other.
func NewObjects(declared []Kind, list []Object) (Objects, error) {
	o := Objects{kinds: make(map[Kind][]Object, len(declared))}
	for _, k := range declared {
		o.kinds[k] = nil
	}
	for _, x := range list {
		o.kinds[x.Kind] = append(o.kinds[x.Kind], x)
	}
	for _, l := range o.kinds {
		slices.SortFunc(l, func(a, b Object) int {
			return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
		})
		for i := 1; i < len(l); i++ {
			if l[i].Name == l[i-1].Name && l[i].Namespace == l[i-1].Namespace {
				return Objects{}, fmt.Errorf("the request holds %s twice", l[i])
			}
		}
	}
	return o, nil
}

// Has says whether the kind is declared or observed.
func (o Objects) Has(k Kind) bool {
	_, ok := o.kinds[k]
	return ok
}

// Of returns the objects of a kind.
func (o Objects) Of(k Kind) []Object { return o.kinds[k] }

// Len is the number of objects of all kinds.
func (o Objects) Len() int {
	n := 0
	for _, l := range o.kinds {
		n += len(l)
	}
	return n
}

// View is everything that a decision knows.
type View struct {
	// Parent object.
	Parent Object
	// Children that the parent owns.
	Children Objects
	// Related objects that the hook's rules ask for.
	Related Objects
	// Finalizing: the parent is being deleted.
	Finalizing bool
}

// As decodes an object.
func As[T any](o Object) (*T, error) {
	t := new(T)
	if err := json.Unmarshal(o.JSON(), t); err != nil {
		return nil, fmt.Errorf("cannot decode %s: %w", o, err)
	}
	return t, nil
}

// List decodes all objects of a kind. One that cannot be decoded fails the whole list: left
// out, it would look absent.
func List[T any](objects Objects, k Kind) ([]*T, error) {
	list := make([]*T, 0, len(objects.Of(k)))
	for _, o := range objects.Of(k) {
		t, err := As[T](o)
		if err != nil {
			return nil, err
		}
		list = append(list, t)
	}
	return list, nil
}
