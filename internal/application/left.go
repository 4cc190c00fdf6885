package application

import (
	"slices"
	"strings"
)

// leaveTheRest gives a reason for everything that was looked at and does not move.
func (m *maker) leaveTheRest() {
	for _, n := range m.x.nodes {
		if n.own || m.blocked[n.ref] {
			continue
		}
		if _, ok := m.included[n.ref]; ok {
			if n.ref == refTo(kindServiceAccount, defaultAccount) {
				m.leave(n.ref, "every namespace has its own")
			}
			continue
		}
		if m.isSystem(n) {
			m.leave(n.ref, "every namespace has its own")
			continue
		}
		if why := neverMoved[n.ref.kind()]; why != "" {
			m.leave(n.ref, why)
			continue
		}
		root, foreign := m.x.root(n)
		if isGenerated(n.ref.kind()) && (root != n || foreign != nil) || m.isMade(n) {
			// Its controller makes it, there as here.
			continue
		}
		m.leave(n.ref, "neither selected nor referenced by a member")
	}
}

// checkUnseen notes the kinds that could not be looked for. Named workloads move with what they
// refer to, and of those all kinds are known.
func checkUnseen(v *view) (out Findings) {
	if len(v.in.Unseen) == 0 || v.in.Application.Selector == nil || v.dataOnly() {
		return nil
	}
	unseen := slices.Clone(v.in.Unseen)
	slices.Sort(unseen)
	out.AddWarning(Ref{}, "it was not looked for objects of these kinds, as the account at the source may not list them: %s; "+
		"grant it that, or create them at the target if the application has some", few(unseen))
	return out
}

// checkSilent notes the API groups whose server does not answer. Objects of any kind may belong to a
// workload, as they name it, and one that was not seen would stay behind without a word.
func checkSilent(v *view) (out Findings) {
	if len(v.in.Silent) == 0 || v.dataOnly() {
		return nil
	}
	silent := slices.Clone(v.in.Silent)
	slices.Sort(silent)
	silent = slices.Compact(silent)
	group, version, _ := strings.Cut(silent[0], "/")
	const message = "it was not looked for objects of these API groups, as their own servers do not answer at the source: %s; " +
		"repair them, or, if they are not needed any more: kubectl delete apiservice %s.%s"
	out.AddWarning(Ref{}, message, few(silent), version, group)
	out.AddUnsure(Ref{}, message, few(silent), version, group)
	return out
}
