package lineage

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestIsSignedBy(t *testing.T) {
	const signed = `{"f:metadata":{"f:annotations":{".":{},"f:kubemove.io/created-by":{},"f:team":{}}}}`
	entry := func(manager, subresource, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{Manager: manager, Subresource: subresource, FieldsV1: metav1.NewFieldsV1(fields)}
	}
	for name, c := range map[string]struct {
		reason   string
		managers []metav1.ManagedFieldsEntry
		want     bool
	}{
		"Own":   {"it has written it", []metav1.ManagedFieldsEntry{entry("kubectl", "", `{}`), entry("kubemove", "", signed)}, true},
		"Other": {"another client has made it from a copy", []metav1.ManagedFieldsEntry{entry("velero", "", signed)}, false},
		"Marked": {"it has written another annotation since", []metav1.ManagedFieldsEntry{entry("velero", "", signed),
			entry("kubemove", "", `{"f:metadata":{"f:annotations":{"f:kubemove.io/copy":{}}}}`)}, false},
		"Status":   {"a subresource holds no annotations", []metav1.ManagedFieldsEntry{entry("kubemove", "status", signed)}, false},
		"Damaged":  {"what cannot be read says nothing", []metav1.ManagedFieldsEntry{entry("kubemove", "", `{"f:`)}, false},
		"NoFields": {"nor does what is not there", []metav1.ManagedFieldsEntry{{Manager: "kubemove"}}, false},
		"None":     {"the list may have been emptied", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			o := object("new")
			o.ManagedFields = c.managers
			if got := IsSignedBy(o, "kubemove"); got != c.want {
				t.Errorf("%s: got %t", c.reason, got)
			}
		})
	}
}
