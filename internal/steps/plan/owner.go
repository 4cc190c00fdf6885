package plan

import (
	"context"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/internal/transfer"
)

// discoverOwners gives the claims that no workload mounts the user that their root folder
// belongs to: nothing else says whose the files are. It is the same in every plan, whatever the
// files in the volume are; whether this user can copy all of them the survey finds out.
func discoverOwners(ctx context.Context, s transfer.Spec, p *application.Plan) error {
	if s.AgentImage == "" {
		return nil // Nothing runs in this cluster: it is an API server alone.
	}
	for _, v := range p.Volumes {
		if needsOwner(p, v) {
			s.Volumes = append(s.Volumes, v)
		}
	}
	looked, failures := transfer.Owners(ctx, s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for i := range p.Volumes {
		v := &p.Volumes[i]
		if r := looked[v.Name]; r != nil {
			v.Identity = ownedBy(r.Root)
		}
		if f := failures[v.Name]; f != nil {
			p.AddBlocker(f.Reason, claimRef(v.Name), "%s", f.Message)
		}
	}
	return nil
}

// needsOwner: the workers run as the volume's owner at least on one side, and nothing is known
// already that keeps them from mounting it.
func needsOwner(p *application.Plan, v application.Volume) bool {
	if v.Policy != api.ClaimCopy || !v.Unused() || v.PrivilegedSource && v.PrivilegedTarget {
		return false
	}
	return !p.BlockedAbout(claimRef(v.Name))
}

// ownedBy is the owner of a volume as the workload that it does not have: without rights beyond
// its own, also if it is root. A new volume at the target has to be opened for its group.
func ownedBy(root survey.Root) application.Identity {
	id := application.Identity{UID: &root.UID, GID: &root.GID}
	if root.UID != 0 {
		id.FSGroup = &root.GID
	}
	return id
}
