package lineage

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// Copy is what one claim holds of another, when all of it was copied and compared.
type Copy struct {
	// Lineage that it was made for.
	Lineage string
	// Source and Target claim.
	Source, Target types.UID
	// Mobilizer that has made it, and Place that the user has named for its state.
	Mobilizer, Place string
}

// Mark on the target claim that says that the copy is whole, and that nothing has written to it since.
func (c Copy) Mark() string {
	return "whole/" + hash10("copy", c.Lineage, string(c.Source), string(c.Target), c.Mobilizer, c.Place)
}

// Writing is the mark on a claim while a worker Pod writes to it.
func Writing(pod types.UID) string { return "writing/" + string(pod) }

// CopyMark of a claim; empty: nothing is known of its content.
func CopyMark(claim metav1.Object) string { return claim.GetAnnotations()[api.CopyAnnotation] }

// signature is the path of the annotation that says who has created an object.
var signature = fieldpath.MakePathOrDie("metadata", "annotations", api.CreatedByAnnotation)

// IsSignedBy says whether the API server has it that this field manager has written the signature. One who makes an object anew
// from a copy, such as a backup, writes the signature of the former one as well, under its own name.
func IsSignedBy(o metav1.Object, manager string) bool {
	for _, m := range o.GetManagedFields() {
		if m.Manager != manager || m.Subresource != "" || m.FieldsV1 == nil {
			continue
		}
		fields := &fieldpath.Set{}
		if err := fields.FromJSON(m.FieldsV1.GetRawReader()); err == nil && fields.Has(signature) {
			return true
		}
	}
	return false
}
