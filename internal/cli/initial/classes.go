package initial

import (
	"fmt"
	"slices"
	"strings"

	storagev1 "k8s.io/api/storage/v1"
)

// Class is a StorageClass.
type Class struct {
	Name, Provisioner string
	Default           bool
}

// Classes of a cluster.
func Classes(list []storagev1.StorageClass) []Class {
	out := make([]Class, 0, len(list))
	for i := range list {
		c := &list[i]
		out = append(out, Class{c.Name, c.Provisioner, c.Annotations["storageclass.kubernetes.io/is-default-class"] == "true"})
	}
	slices.SortFunc(out, func(a, b Class) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// suggestion for a StorageClass of the source.
type suggestion struct {
	from string
	// to is the class at the target; empty: the user has to choose one.
	to string
	// why in a few words.
	why string
}

// suggest which class of a target each class of the claims becomes: one of the same name, the default, the only one.
func suggest(claims []Claim, there []Class) (out []suggestion) {
	for _, c := range claims {
		if c.Class == "" || slices.ContainsFunc(out, func(s suggestion) bool { return s.from == c.Class }) {
			continue
		}
		s := suggestion{from: c.Class}
		usual := slices.IndexFunc(there, func(c Class) bool { return c.Default })
		switch {
		case slices.ContainsFunc(there, func(x Class) bool { return x.Name == c.Class }):
			s.to, s.why = c.Class, "there is one of that name"
		case usual >= 0:
			s.to, s.why = there[usual].Name, fmt.Sprintf("there is no %s, and this is the default", c.Class)
		case len(there) == 1:
			s.to, s.why = there[0].Name, "it is the only one there"
		default:
			s.why = "there is none of that name, and no default"
		}
		out = append(out, s)
	}
	return out
}

// names of classes for people.
func names(classes []Class) string {
	var out []string
	for _, c := range classes {
		name := c.Name
		if c.Default {
			name += " (default)"
		}
		out = append(out, name)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}
