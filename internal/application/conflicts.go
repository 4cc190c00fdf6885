package application

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/lineage"
)

// Lookup lists the objects of the target namespace that Conflicts wants to see.
func (p *Plan) Lookup() []Ref {
	var out []Ref
	for _, o := range p.Objects {
		out = append(out, o.Ref)
	}
	for _, r := range p.Requires {
		if known(r.kind()) {
			out = append(out, r.Ref)
		}
	}
	return out
}

// StorageClasses lists the classes that the claims of the plan ask for at the target.
func (p *Plan) StorageClasses() []string {
	var out []string
	for i := range p.Objects {
		o := p.Objects[i].Object.Object
		if p.Objects[i].kind() == kindClaim {
			out = append(out, classOf(o))
		}
		if p.Objects[i].kind() == kindStatefulSet {
			for _, template := range claimTemplates(&p.Objects[i].Object) {
				out = append(out, classOf(template))
			}
		}
		for _, claim := range ephemeralClaims(&p.Objects[i].Object) {
			out = append(out, classOf(claim))
		}
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(class string) bool { return class == "" })
}

func classOf(claim map[string]any) string {
	class, _, _ := unstructured.NestedString(claim, "spec", "storageClassName")
	return class
}

// Conflicts compares a plan with what the target namespace holds already: of Lookup, the
// objects that exist. us is the pair or the switch that moves the application.
func Conflicts(p *Plan, existing map[Ref]unstructured.Unstructured, us lineage.Actor) Findings {
	var out Findings
	for _, o := range p.Objects {
		if there, ok := existing[o.Ref]; ok {
			out = append(out, conflict(p, o.Ref, &there, us)...)
		}
	}
	for _, r := range p.Requires {
		if known(r.kind()) {
			there, ok := existing[r.Ref]
			out = append(out, unmet(p, r, &there, ok)...)
		}
	}
	slices.SortFunc(out, compareFindings)
	return out
}

func conflict(p *Plan, ref Ref, there *unstructured.Unstructured, us lineage.Actor) (out Findings) {
	switch {
	case ref.kind() == kindClaim && lineage.Active(there) != "":
		return activeClaim(p, ref, there)
	case !us.Owns(there, ref.kind() == kindClaim):
		return foreignObject(p, ref, lineage.CreatedBy(there))
	case there.GetDeletionTimestamp() != nil:
		out.AddBlocker(api.ReasonNameConflict, ref,
			"%s of an earlier attempt is still being deleted in the target namespace %s: wait until it is gone; "+
				"if it stays, see which finalizer holds it", ref, p.TargetNamespace)
	}
	return out
}

// activeClaim: nothing writes a claim that an application uses.
func activeClaim(p *Plan, ref Ref, there *unstructured.Unstructured) (out Findings) {
	holder := lineage.Active(there)
	if holder == "" {
		return nil
	}
	out.AddBlocker(api.ReasonTargetIsActive, ref,
		"the claim %s in the target namespace %s is in use by the application that the MoveSwitch with the UID %s has started there: "+
			"expected a claim that nothing uses, as a copy would overwrite newer data. "+
			"To bring the application back, make a move from there to here; to move another one, choose another target namespace",
		ref.Name, p.TargetNamespace, holder)
	return out
}

func foreignObject(p *Plan, ref Ref, creator string) (out Findings) {
	by := "was not created by KubeMove"
	if creator != "" {
		by = "was created by another move (" + creator + ")"
	}
	switch {
	case ref.kind() == kindClaim && creator != "":
		out.AddBlocker(api.ReasonNameConflict, ref,
			"the claim %s exists in the target namespace %s: a move that is not this one (%s) has left it there: "+
				"expected none, as a copy would overwrite its data. "+
				"If it is not needed, remove it at the target (kubectl -n %s delete pvc %s); else choose another target namespace",
			ref.Name, p.TargetNamespace, creator, p.TargetNamespace, ref.Name)
	case ref.kind() == kindClaim:
		out.AddBlocker(api.ReasonNameConflict, ref,
			"the claim %s exists in the target namespace %s and %s: expected none, as a copy would overwrite its data. "+
				"Choose another target namespace; to use the claim as it is, without a copy, set its policy in data.claims to Skip",
			ref.Name, p.TargetNamespace, by)
	default:
		out.AddBlocker(api.ReasonNameConflict, ref,
			"%s exists in the target namespace %s and %s: expected none, as KubeMove overwrites nothing. "+
				"Choose another target namespace, or find out what uses it there and rename or remove it",
			ref, p.TargetNamespace, by)
	}
	return out
}

// unmet says what of a requirement the target does not hold.
func unmet(p *Plan, r Required, there *unstructured.Unstructured, exists bool) (out Findings) {
	switch r.kind() {
	case kindClaim:
		ours := slices.ContainsFunc(p.Volumes, func(v Volume) bool { return v.Target == r.Name })
		switch {
		case exists && ours:
			return activeClaim(p, r.Ref, there)
		case exists: // No matter what uses it: the engine says that it is none of its claims.
			return nil
		case ours:
			out.AddBlocker(api.ReasonClaimMissing, r.Ref,
				"the claim %s has the policy Skip in data.claims, so it must exist in the target namespace %s, and it does not: "+
					"create it there, or choose the policy Copy or CreateEmpty",
				r.Name, p.TargetNamespace)
		default:
			out.AddBlocker(api.ReasonClaimMissing, r.Ref,
				"the claim %s must exist in the target namespace %s, as application.exclude names it and a workload that moves mounts it (%s), "+
					"and it does not: create it there, or do not exclude it",
				r.Name, p.TargetNamespace, r.Why)
		}
	case kindServiceAccount:
		lacks := lacking(r.Object, there)
		if len(lacks) == 0 {
			return nil
		}
		out.AddBlocker(api.ReasonNameConflict, r.Ref,
			"Pods of the application run as the ServiceAccount %s, and in the target namespace %s it differs from the source's; "+
				"KubeMove does not change it. Add to it: %s",
			r.Name, p.TargetNamespace, strings.Join(lacks, "; "))
	}
	return out
}

// lacking lists the settings of an account that another one does not have.
func lacking(want, have *unstructured.Unstructured) []string {
	if want == nil {
		return nil
	}
	var out []string
	wanted, _ := decode[corev1.ServiceAccount](want.Object)
	got, err := decode[corev1.ServiceAccount](have.Object)
	if wanted == nil {
		return nil
	}
	if err != nil {
		got = &corev1.ServiceAccount{}
	}
	for _, s := range wanted.ImagePullSecrets {
		if !slices.Contains(got.ImagePullSecrets, s) {
			out = append(out, "the image pull secret "+s.Name)
		}
	}
	for key, value := range wanted.Annotations {
		if got.Annotations[key] != value {
			out = append(out, "the annotation "+key)
		}
	}
	if a := wanted.AutomountServiceAccountToken; a != nil && !*a &&
		(got.AutomountServiceAccountToken == nil || *got.AutomountServiceAccountToken) {
		out = append(out, "automountServiceAccountToken: false")
	}
	slices.Sort(out)
	return out
}
