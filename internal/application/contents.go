package application

import (
	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// byContents is why an object stays when only the data moves.
const byContents = "application.contents is Data"

// dataOnly: the claims move with their data. The application is the same, as all of it has to
// stop, and nothing else of it is created.
func (v *view) dataOnly() bool { return v.in.Application.Contents == api.ContentsData }

// objectsOnly: the claims are created empty. Whether the application starts with data must not
// depend on what happens to lie at the target, so a claim that is there already stands in the
// way, unless data.claims says that it is to be used (Skip).
func (v *view) objectsOnly() bool { return v.in.Application.Contents == api.ContentsObjects }

// remains says whether an object that belongs to the application is not created at the target.
func (v *view) remains(ref Ref) bool {
	return ref == refTo(kindServiceAccount, defaultAccount) || v.dataOnly() && ref.kind() != kindClaim
}

// refuseEmpty refuses a move of nothing but data, where there is none and nothing else is said.
func (m *maker) refuseEmpty() {
	if m.dataOnly() && len(m.plan.Volumes) == 0 && !m.hasBlocker() {
		m.AddBlocker(api.ReasonNothingSelected, Ref{},
			"application.contents is Data, and the application has no claims: expected one at least; "+
				"select workloads that mount claims, or name claims in application.claims")
	}
}

// checkEmptyClaims points at claims that are created without the data of the source.
func checkEmptyClaims(v *view) (out Findings) {
	if !v.objectsOnly() {
		return nil
	}
	var empty []string
	for _, vol := range v.plan.Volumes {
		if vol.Policy == api.ClaimCreateEmpty {
			empty = append(empty, vol.Target)
		}
	}
	if len(empty) > 0 {
		out.AddWarning(Ref{}, "application.contents is Objects: the application starts at the target with empty claims: %s", few(empty))
	}
	return out
}
