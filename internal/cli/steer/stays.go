package steer

import (
	"strings"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Stays says what becomes of an application and its copies when its move is deleted, a sentence each.
func Stays(m snapshot.Move) []string {
	var out []string
	r := m.Switch()
	switched := r != nil && r.Switch.Switched
	switch {
	case switched:
		out = append(out, "The application stays where it is, "+where(m)+", and the side that it has left keeps its objects and its data, "+
			"stopped.")
	case r != nil && r.Switch.Begun() && r.Switch.Committed.IsZero():
		out = append(out, "The switch has begun and is rolled back first: the source starts again as it was.")
	case r != nil && r.Switch.Begun():
		out = append(out, "The switch is committed and is brought to its end first.")
	default:
		out = append(out, "The application stays at the source, and goes on running.")
	}
	out = append(out, copies(m, r, switched)...)
	for _, way := range m.Ways {
		out = append(out, "The way back movereverse/"+way+" stays; before its first plan it needs this move.")
	}
	return out
}

func where(m snapshot.Move) string {
	switch {
	case m.Kind == snapshot.KindReverse:
		return "where the way back has led"
	case m.Active.Side == api.ActiveTarget:
		return "at target " + m.Active.Target
	}
	return "at the source"
}

// copies at the targets to which the move has not switched.
func copies(m snapshot.Move, sw *snapshot.Route, switched bool) []string {
	policy := api.DeletionRetain
	if m.Engine != nil && m.Engine.Spec.DeletionPolicy != "" {
		policy = m.Engine.Spec.DeletionPolicy
	}
	var out []string
	for i := range m.Routes {
		r := &m.Routes[i]
		var claims []string
		for _, v := range r.Volumes {
			claims = append(claims, v.Target)
		}
		if len(claims) == 0 || switched && sw.Target == r.Target {
			continue
		}
		list := "The claims with copies at target " + r.Target + " (" + strings.Join(claims, ", ") + ") "
		if policy.Deletes() && m.Kind == snapshot.KindEngine {
			out = append(out, list+"are deleted with their data: deletionPolicy is Delete.")
		} else {
			out = append(out, list+"stay: deletionPolicy is Retain.")
		}
	}
	return out
}
