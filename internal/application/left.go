package application

// leaveTheRest gives a reason for everything that was looked at and does not move.
func (m *maker) leaveTheRest() {
	for _, n := range m.x.nodes {
		if n.own || m.blocked[n.ref] {
			continue
		}
		if _, ok := m.taken[n.ref]; ok {
			if n.ref == refTo(kindServiceAccount, defaultAccount) {
				m.leave(n.ref, "every namespace has its own")
			}
			continue
		}
		if m.isSystem(n) {
			m.leave(n.ref, "every namespace has its own")
			continue
		}
		root, foreign := m.x.root(n)
		if isGenerated(n.ref.kind()) && (root != n || foreign != nil) {
			// Its controller makes it, there as here.
			continue
		}
		m.leave(n.ref, "neither selected nor referenced by a member")
	}
}
