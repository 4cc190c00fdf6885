package application

import (
	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// byContents is why an object stays when only the data moves.
const byContents = "application.contents is Data"

// dataOnly: the claims move with their data. The application is the same, as all of it has to
// stop, and nothing else of it is created.
func (m *maker) dataOnly() bool { return m.in.Application.Contents == api.ContentsData }

// objectsOnly: the claims are created empty. Whether the application starts with data must not
// depend on what happens to lie at the target, so a claim that is there already stands in the
// way, unless data.claims says that it is to be used (Skip).
func (m *maker) objectsOnly() bool { return m.in.Application.Contents == api.ContentsObjects }

// remains says whether an object that belongs to the application is not created at the target.
func (m *maker) remains(ref Ref) bool {
	return ref == refTo(kindServiceAccount, defaultAccount) || m.dataOnly() && ref.kind() != kindClaim
}

// checkContents says what a part of an application lacks.
func (m *maker) checkContents() {
	if m.dataOnly() && len(m.plan.Volumes) == 0 && !m.hasBlocker() {
		m.AddBlocker(api.ReasonNothingSelected, Ref{},
			"application.contents is Data, and the application has no claims: expected one at least; "+
				"select workloads that mount claims, or name claims in application.claims")
	}
	if !m.objectsOnly() {
		return
	}
	var empty []string
	for _, v := range m.plan.Volumes {
		if v.Policy == api.ClaimCreateEmpty {
			empty = append(empty, v.Target)
		}
	}
	if len(empty) > 0 {
		m.AddWarning(Ref{}, "application.contents is Objects: the application starts at the target with empty claims: %s", few(empty))
	}
}
