package application

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// CopyCapabilities are what a faithful copy of other users' files needs: to read and write
// everything, and to restore owners, modes and the capabilities of programs. Container runtimes
// give every container of root these, and the Pod security level "baseline" allows them.
func CopyCapabilities() []corev1.Capability {
	return []corev1.Capability{"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETFCAP"}
}

// Identity is the user that a container runs as.
type Identity struct {
	// UID and GID; nil: not said by the workload's spec (the image decides).
	UID *int64 `json:"uid,omitempty"`
	GID *int64 `json:"gid,omitempty"`
	// Groups in addition, the fsGroup among them.
	Groups []int64 `json:"groups,omitempty"`
	// FSGroup of the workload's Pods: the group that the kubelet gives a volume to. A new
	// volume of most CSI drivers can be written only by root and by this group.
	FSGroup *int64 `json:"fsGroup,omitempty"`
	// Capabilities out of CopyCapabilities that the container has if it runs as root.
	Capabilities []corev1.Capability `json:"capabilities,omitempty"`
	// SELinux options, where set.
	SELinux *corev1.SELinuxOptions `json:"seLinux,omitempty"`
	// Container that mounts the claim, to ask a running Pod for its user and group when the spec
	// does not say them.
	Container string `json:"container,omitempty"`
}

// Unused says that no container mounts the claim, so that it is not known whose its files are.
func (v Volume) Unused() bool { return v.Identity.UID == nil && v.Identity.Container == "" }

// Candidate is an identity that the workers of a claim can have: that of containers that mount it.
type Candidate struct {
	Identity `json:",inline"`
	// ReadOnly: its containers only read the claim.
	ReadOnly bool `json:"readOnly,omitempty"`
	// NonRoot: Kubernetes does not start its container as root.
	NonRoot bool `json:"nonRoot,omitempty"`
}

// Choices are the identities that the workers of the claim can have, in the order in which they
// are to be tried: those that may write before those that only read, and of these the ones with
// the fewest rights first. An identity that is not known is the last, as root is only assumed.
func (v Volume) Choices() []Identity {
	known := v.Users
	if len(known) == 0 {
		known = v.Candidates
	}
	if len(known) == 0 {
		return []Identity{v.Identity}
	}
	sorted := slices.Clone(known)
	slices.SortStableFunc(sorted, func(a, b Candidate) int {
		if a.ReadOnly != b.ReadOnly {
			return cmp.Compare(number(a.ReadOnly), number(b.ReadOnly))
		}
		return cmp.Compare(a.rights(), b.rights())
	})
	var out []Identity
	for _, c := range sorted {
		assumed := c.UID == nil && c.NonRoot
		if !assumed && !slices.ContainsFunc(out, func(o Identity) bool { return o.same(c.Identity) }) {
			out = append(out, c.Identity)
		}
	}
	if len(out) == 0 {
		return []Identity{sorted[0].Identity}
	}
	return out
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// rights of an identity, for a comparison: none but its own files, those of root, and all that
// may have to be assumed.
func (id Identity) rights() int {
	switch {
	case id.UID == nil:
		return len(CopyCapabilities()) + 2
	case *id.UID == 0:
		return 1 + len(id.Capabilities)
	}
	return 0
}

// same says whether two processes would have the same rights, whatever container they are in.
func (id Identity) same(other Identity) bool {
	one := id
	if one.UID != nil && other.UID != nil {
		one.Container, other.Container = "", ""
	}
	return reflect.DeepEqual(one, other)
}

// Worker is what the worker of a volume runs as: a user of the workload's own, with no more rights
// than the workload has itself, or root with CopyCapabilities where an administrator has
// allowed that. At the source nothing may be changed, so there is no fsGroup there: its group
// is one of the worker's, and no more.
func (v Volume) Worker(atTarget bool) Identity {
	id := v.Identity
	if atTarget && v.TargetIdentity != nil {
		id = *v.TargetIdentity
	}
	if v.PrivilegedTarget && atTarget || v.PrivilegedSource && !atTarget {
		return Identity{UID: new(int64(0)), GID: new(int64(0)), Capabilities: CopyCapabilities(), SELinux: id.SELinux}
	}
	if id.UID == nil {
		// It is not known. Root reads the most.
		id.UID = new(int64(0))
	}
	if !atTarget {
		id.FSGroup = nil
	}
	return id
}

// candidates are the distinct identities of the containers that mount a claim, as their specs say
// them; nil: all have the same one, or there are none.
func candidates(users []user, claim string) []Candidate {
	var out []Candidate
	for _, u := range users {
		c := Candidate{Identity: identityOf(u), ReadOnly: readsOnly(u, claim), NonRoot: mustNotBeRoot(u)}
		if c.UID == nil || c.GID == nil {
			c.Container = u.container.Name
		}
		i := slices.IndexFunc(out, func(o Candidate) bool { return o.NonRoot == c.NonRoot && o.same(c.Identity) })
		if i < 0 {
			out = append(out, c)
			continue
		}
		out[i].ReadOnly = out[i].ReadOnly && c.ReadOnly
	}
	if len(out) < 2 {
		return nil
	}
	return out
}

// readsOnly says whether no mount of the claim lets a container write to it.
func readsOnly(u user, claim string) bool {
	for _, v := range u.workload.template.Spec.Volumes {
		source := v.PersistentVolumeClaim
		if source != nil && source.ClaimName == claim && source.ReadOnly {
			return true
		}
	}
	for _, mt := range u.workload.mounts {
		if mt.claim != claim {
			continue
		}
		for _, m := range u.container.VolumeMounts {
			if m.Name == mt.volume && !m.ReadOnly {
				return false
			}
		}
		if !mountsVolume(u.container, mt.volume) && usesVolume(u.container, mt.volume) {
			return false // As a device.
		}
	}
	return true
}

// mustNotBeRoot: the kubelet refuses to start the container as root.
func mustNotBeRoot(u user) bool {
	if own := u.container.SecurityContext; own != nil && own.RunAsNonRoot != nil {
		return *own.RunAsNonRoot
	}
	pod := u.workload.template.Spec.SecurityContext
	return pod != nil && pod.RunAsNonRoot != nil && *pod.RunAsNonRoot
}

// identityOf a container: its own securityContext goes before that of its Pod.
func identityOf(u user) Identity {
	var id Identity
	if pod := u.workload.template.Spec.SecurityContext; pod != nil {
		id.UID, id.GID, id.SELinux = pod.RunAsUser, pod.RunAsGroup, pod.SELinuxOptions
		id.Groups = append(id.Groups, pod.SupplementalGroups...)
		if pod.FSGroup != nil {
			id.Groups = append(id.Groups, *pod.FSGroup)
			id.FSGroup = pod.FSGroup
		}
		slices.Sort(id.Groups)
		id.Groups = slices.Compact(id.Groups)
	}
	if own := u.container.SecurityContext; own != nil {
		if own.RunAsUser != nil {
			id.UID = own.RunAsUser
		}
		if own.RunAsGroup != nil {
			id.GID = own.RunAsGroup
		}
		if own.SELinuxOptions != nil {
			id.SELinux = own.SELinuxOptions
		}
	}
	if id.UID == nil {
		id.Container = u.container.Name
	}
	if id.UID == nil || *id.UID == 0 {
		id.Capabilities = capabilitiesOf(u.container.SecurityContext)
	}
	return id
}

// capabilitiesOf a container, as far as they matter for a copy.
func capabilitiesOf(own *corev1.SecurityContext) []corev1.Capability {
	all := CopyCapabilities()
	if own == nil || own.Privileged != nil && *own.Privileged || own.Capabilities == nil {
		return all
	}
	has := func(list []corev1.Capability, c corev1.Capability) bool {
		return slices.ContainsFunc(list, func(l corev1.Capability) bool {
			name := strings.TrimPrefix(strings.ToUpper(string(l)), "CAP_")
			return name == "ALL" || name == string(c)
		})
	}
	return slices.DeleteFunc(all, func(c corev1.Capability) bool {
		return has(own.Capabilities.Drop, c) && !has(own.Capabilities.Add, c)
	})
}
