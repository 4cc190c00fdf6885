package steer

import "github.com/kubemove/kubemove/internal/cli/snapshot"

// In are the words of a command about a move, as they are said where that namespace is the current one: for a move of another
// namespace they name it.
func In(current string, m snapshot.Move, words ...string) []string {
	if m.Namespace == current {
		return words
	}
	return append(words[:len(words):len(words)], "--namespace", m.Namespace)
}

// Next is the words of the likely next command after one of that verb, where that namespace is the current one; nil: there is none.
func Next(m snapshot.Move, verb, current string) []string {
	words := next(m, verb)
	if len(words) == 0 || m.Phase == snapshot.Refused {
		return words // That of kubectl names it always.
	}
	return In(current, m, words...)
}

func next(m snapshot.Move, verb string) []string {
	name := m.Name
	if m.Kind == snapshot.KindReverse {
		name = m.Key()
	}
	move := func(words ...string) []string {
		out := append([]string{"kubectl", "move", words[0], name}, words[1:]...)
		if verb == words[0] {
			return nil // The very command that was run.
		}
		return out
	}
	switch m.Phase {
	case snapshot.Refused:
		return []string{"kubectl", "--namespace", m.Namespace, "edit", m.Resource(), m.Name}
	case snapshot.Blocked:
		return move("plan")
	case snapshot.Unreachable, snapshot.Waiting, snapshot.Scheduled:
		return move("status")
	case snapshot.Suspended:
		return move("resume")
	case snapshot.NeedsApproval, snapshot.Ready:
		return approval(m, verb, move)
	case snapshot.Declined, snapshot.RolledBack:
		return move("retry")
	case snapshot.Held:
		return move("rollback")
	case snapshot.Cancelled, snapshot.Returned:
		return move("delete")
	case snapshot.Switched:
		if verb == "report" {
			return move("reverse")
		}
		return move("report")
	case snapshot.Deleting:
		return nil
	}
	if verb == "status" {
		return nil
	}
	return move("status", "--watch")
}

// approval: first the plan is read, then it is approved.
func approval(m snapshot.Move, verb string, move func(...string) []string) []string {
	r := m.Route("")
	if m.Phase == snapshot.Ready || r == nil {
		return move("status")
	}
	step := "plan"
	if verb == "plan" || verb == "explain" || verb == "sync" {
		step = "approve"
	}
	if len(m.Routes) > 1 {
		return move(step, "--target", r.Target)
	}
	return move(step)
}
