package cutover

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
)

func claimRefOf(name string) application.Ref {
	return application.Ref{Kind: "PersistentVolumeClaim", Name: name}
}

// foreignClaims are claims of the plan that another client has made at the target: nothing is
// written to them.
func (o *Observed) foreignClaims() []string {
	var out []string
	for _, b := range o.Objects {
		if b.Phase == application.PhaseVolume && b.Exists && !b.Mine {
			out = append(out, b.Ref.String())
		}
	}
	return out
}

// claimsDiffer says why the claims of the target are not those that the final run has filled, or,
// with active set, not marked as this switch's; empty: they are.
func (o *Observed) claimsDiffer(active bool) string {
	for _, c := range o.Claims {
		filled, known := types.UID(""), false
		if f := o.Record.Final; f != nil {
			filled, known = f.Claims[c.Name], true
		}
		switch {
		case !c.Exists:
			return fmt.Sprintf("%s was deleted by another client", claimRefOf(c.Name))
		case c.Going:
			return c.goes()
		case !known || c.UID != filled:
			return fmt.Sprintf("%s is not the claim that the final run has filled (UID %s, it was %s): another client has made it anew",
				claimRefOf(c.Name), c.UID, filled)
		case active && !o.Us.IsSelf(c.Mark):
			return fmt.Sprintf("%s is not marked as active by this switch any more (%s is %q): another client has changed it",
				claimRefOf(c.Name), api.ActiveAnnotation, c.Mark)
		}
	}
	return ""
}

// stands says what is not as it was observed of a claim that was marked as active; Exists: it is the same.
func (c *Claim) stands(us lineage.Actor) error {
	if c.Exists && !c.Going && us.IsSelf(c.Mark) {
		return nil
	}
	return fmt.Errorf("the claim %s at the target was deleted, made anew or marked otherwise by another client meanwhile: "+
		"it is read again", c.Name)
}

// filled: the final run's mark of a whole copy is on every claim that is not active yet.
func (o *Observed) filled() bool {
	return !slices.ContainsFunc(o.Claims, func(c Claim) bool { return c.Copied && !c.Whole && !o.Us.IsSelf(c.Mark) })
}

// claimUIDs of the target, by name.
func (o *Observed) claimUIDs() map[string]types.UID {
	out := map[string]types.UID{}
	for _, c := range o.Claims {
		out[c.Name] = c.UID
	}
	return out
}

// goes says of a claim that it is being deleted.
func (c *Claim) goes() string {
	return fmt.Sprintf("%s is being deleted by another client, and goes with its data as soon as no Pod uses it", claimRefOf(c.Name))
}

// sourceClaims whose data is to be copied, those that are.
func (o *Observed) sourceClaims(are func(Claim) bool) []string {
	var out []string
	for _, c := range o.SourceClaims {
		if are(c) {
			out = append(out, claimRefOf(c.Name).String())
		}
	}
	return out
}

func (o *Observed) marked() bool {
	return slices.ContainsFunc(o.Claims, func(c Claim) bool { return o.Us.IsSelf(c.Mark) })
}

func (o *Observed) allMarked() bool {
	return !slices.ContainsFunc(o.Claims, func(c Claim) bool { return !o.Us.IsSelf(c.Mark) })
}
