package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/ddm/filecopy"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/planfile"
	"github.com/kubemove/kubemove/internal/report"
	"github.com/kubemove/kubemove/internal/survey"
	"github.com/kubemove/kubemove/internal/transfer"
	"github.com/kubemove/kubemove/task"
)

// freshFor is how long a survey without findings is good for, as a big volume takes minutes, and
// images that were pulled.
const freshFor = time.Hour

// look surveys the volumes that have no fresh survey, and adds what stands in the way of a
// whole copy.
func look(
	ctx context.Context, s transfer.Spec, p *application.Plan, known map[string]planfile.Surveyed, r *report.Reporter,
) map[string]planfile.Surveyed {
	now := time.Now().UTC()
	out := map[string]planfile.Surveyed{}
	s.Volumes = nil
	for _, v := range p.Volumes {
		k, ok := known[v.Name]
		if ok && k.Key == keyOf(v) && now.Sub(k.At) < freshFor && clean(k) && fits(k.Report, p.ClaimSize(v.Target)) {
			out[v.Name] = k
			continue
		}
		// As whom to look into a volume without an owner is not known.
		if v.Policy == api.ClaimCopy && !(v.Unused() && p.BlockedAbout(claimRef(v.Name))) {
			s.Volumes = append(s.Volumes, v)
		}
	}
	if len(s.Volumes) > 0 {
		r.Step("Survey", fmt.Sprintf("looking through %d volumes of the source, with read-only Pods", len(s.Volumes)))
	}
	chosen, reports, failures := surveyChoices(s.Volumes,
		func(volumes []application.Volume) (map[string]*survey.Report, map[string]*transfer.Error) {
			s.Volumes = volumes
			return transfer.Survey(ctx, s)
		})
	for i := range p.Volumes {
		v := &p.Volumes[i]
		for _, c := range chosen {
			if c.Name == v.Name {
				v.Identity, v.TargetIdentity = c.Identity, c.TargetIdentity
			}
		}
		if found := reports[v.Name]; found != nil {
			out[v.Name] = planfile.Surveyed{Key: keyOf(*v), At: now, Report: found}
		}
		if f := failures[v.Name]; f != nil {
			p.AddBlocker(f.Reason, claimRef(v.Name), "%s", f.Message)
		}
		if k, ok := out[v.Name]; ok {
			v.Usage = &application.Usage{Bytes: k.Report.Bytes, Allocated: k.Report.Allocated, Files: k.Report.Files, Folder: k.Report.Folder}
			judgeSurvey(p, *v, k.Report)
		}
	}
	return out
}

// clean: nothing was found that may have been fixed since.
func clean(k planfile.Surveyed) bool {
	r := k.Report
	return r != nil && r.Unreadable.Count+r.Foreign.Count+r.TooLong.Count == 0 && r.Devices <= filecopy.MaxDevices
}

// keyOf what a survey depends on.
func keyOf(v application.Volume) string {
	// The number is that of the survey: an earlier one has looked for less.
	data := fmt.Sprintf("2 %s %d %v %v", v.Name, v.CapacityBytes, describeIdentity(v.Worker(false)), describeIdentity(v.Worker(true)))
	if len(v.Candidates) > 0 {
		for _, c := range v.Choices() {
			data += " " + describeIdentity(application.Volume{Identity: c}.Worker(true))
		}
	}
	return cluster.ShortHash(data)
}

func describeIdentity(id application.Identity) string {
	gid := "image's"
	if id.GID != nil {
		gid = fmt.Sprint(*id.GID)
	}
	return fmt.Sprintf("%d:%s %v %v", *id.UID, gid, id.Groups, id.Capabilities)
}

// judgeSurvey adds blockers for what a worker could not copy, and warnings for what is not
// copied at all.
func judgeSurvey(p *application.Plan, v application.Volume, r *survey.Report) {
	if n := r.Unreadable.Count; n > 0 {
		p.AddBlocker(api.ReasonNeedsPrivilegedMover, claimRef(v.Name), "the worker of claim %s runs as user %d at the source, "+
			"like the workload (or the volume's owner, where none mounts it), and cannot read %d of its files: %s. "+
			"Correct owner or mode of these files, or let an administrator allow a worker that reads everything: "+
			"kubectl annotate namespace %s %s=true",
			v.Name, *v.Worker(false).UID, n, few(r.Unreadable), p.SourceNamespace, api.PrivilegedMoversAnnotation)
	}
	if n := r.Foreign.Count; n > 0 {
		p.AddBlocker(api.ReasonNeedsPrivilegedMover, claimRef(v.Name), "the worker of claim %s runs as user %d at the target, "+
			"like the workload (or the volume's owner, where none mounts it), and cannot give %d files their owner, group or capabilities: %s. "+
			"Let an administrator of the target allow a worker that can: kubectl annotate namespace %s %s=true",
			v.Name, *v.Worker(true).UID, n, few(r.Foreign), p.TargetNamespace, api.PrivilegedMoversAnnotation)
	}
	if n := r.TooLong.Count; n > 0 {
		p.AddBlocker(api.ReasonNotCopyable, claimRef(v.Name),
			"claim %s holds %d paths that are longer than the %d bytes that a worker reaches (it has the volume at %s): "+
				"move these folders up in the volume, or shorten their names: %s", v.Name, n, filecopy.MaxPath,
			transfer.VolumeFolder(v.Name), few(r.TooLong))
	}
	if n := r.Devices; n > filecopy.MaxDevices {
		p.AddBlocker(api.ReasonNotCopyable, claimRef(v.Name),
			"claim %s holds %d device nodes, such as the whiteouts of overlay file systems, and at most %d can be left out of a copy: "+
				"remove them, or leave this claim out (data.claims, policy: CreateEmpty): %s", v.Name, n, filecopy.MaxDevices, few(r.Special))
	}
	judgeRoom(p, v, r)
	switch n := r.Special.Count; {
	case r.Devices > 0:
		p.AddWarning(claimRef(v.Name),
			"claim %s holds %d sockets or device nodes, which are left out of the copy (where they are whiteouts of an overlay "+
				"file system, the files that they hide appear again: pull such images anew): %s", v.Name, n, few(r.Special))
	case n > 0:
		p.AddWarning(claimRef(v.Name), "claim %s holds %d sockets or device nodes, which are not copied: %s", v.Name, n, few(r.Special))
	}
	if n := r.Demanding.Count; n > 0 {
		p.AddWarning(claimRef(v.Name),
			"claim %s holds %d files with more than ext4 keeps (3800 bytes of extended attributes, 65000 hard links, 16 TiB): "+
				"use a StorageClass with XFS at the target: %s", v.Name, n, few(r.Demanding))
	}
}

// judgeRoom adds a blocker for a claim at the target that could not hold the copy at any time.
func judgeRoom(p *application.Plan, v application.Volume, r *survey.Report) {
	size := p.ClaimSize(v.Target)
	if fits(r, size) {
		return
	}
	needs, fix := "", ""
	if r.Allocated <= size {
		needs = fmt.Sprintf(", a copy takes up to %d MiB until the small holes in its files are made again", (r.Allocated+r.Filled)>>20)
		fix = ", where holes take no room a larger one costs nothing"
	}
	p.AddBlocker(api.ReasonClaimTooSmall, claimRef(v.Target),
		"claim %s holds %d MiB%s, and the claim %s at the target would be made with %d MiB: "+
			"remove what is not needed at the source, enlarge the claim there (spec.resources.requests.storage), "+
			"where its StorageClass allows that, or set target.size in data.claims%s",
		v.Name, r.Allocated>>20, needs, v.Target, size>>20, fix)
}

// fits tells whether a claim of that size holds what was found, also while the copy is written; 0: it
// is not ours to judge.
func fits(r *survey.Report, size int64) bool { return size == 0 || r.Allocated+r.Filled <= size }

// few names the first paths, so that there is room for the rest of a message.
func few(paths survey.Paths) string {
	const limit = 400
	named, length := 0, 0
	for named < len(paths.First) && (named == 0 || length+len(paths.First[named]) <= limit) {
		length += len(paths.First[named])
		named++
	}
	text := strings.Join(paths.First[:named], ", ")
	if more := paths.Count - int64(named); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func claimRef(name string) application.Ref {
	return application.Ref{Kind: "PersistentVolumeClaim", Name: name}
}

// kindOfWorker is the same for volumes whose workers on a side differ in nothing that a cluster judges.
func kindOfWorker(v application.Volume, role task.Role) (string, error) {
	atTarget := role == task.RoleTarget
	v.Placement.Group = ""
	if !atTarget {
		v.Placement = application.Placement{}
	}
	place, err := json.Marshal(v.Placement)
	if err != nil {
		return "", fmt.Errorf("cannot encode the placement of the worker of %s: %w", v.Name, err)
	}
	return fmt.Sprintf("%s %s %s", describeIdentity(v.Worker(atTarget)), v.Mobilizer, place), nil
}
