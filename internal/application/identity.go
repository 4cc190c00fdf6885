package application

import (
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
	// Container that mounts the claim, to ask a running Pod for its user when the spec does
	// not say it (UID is nil).
	Container string `json:"container,omitempty"`
}

// Unused says that no container mounts the claim, so that nobody tells whose its files are.
func (v Volume) Unused() bool { return v.Identity.UID == nil && v.Identity.Container == "" }

// Worker is what the worker of a volume runs as: the workload's own user, with no more rights
// than the workload has itself, or root with CopyCapabilities where an administrator has
// allowed that. At the source nothing may be changed, so there is no fsGroup there: its group
// is one of the worker's, and no more.
func (v Volume) Worker(atTarget bool) Identity {
	id := v.Identity
	if v.PrivilegedTarget && atTarget || v.PrivilegedSource && !atTarget {
		return Identity{UID: new(int64(0)), GID: new(int64(0)), Capabilities: CopyCapabilities(), SELinux: id.SELinux}
	}
	if id.UID == nil {
		// Nobody could tell. Root reads the most.
		id.UID = new(int64(0))
	}
	if !atTarget {
		id.FSGroup = nil
	}
	return id
}

// identity that the workers of a claim run as: that of the first container that mounts it.
func (m *maker) identity(n *node, users []user) Identity {
	if len(users) == 0 {
		return Identity{}
	}
	id := identityOf(users[0])
	for _, u := range users[1:] {
		other := identityOf(u)
		if id.UID != nil && other.UID != nil && *id.UID != *other.UID {
			m.warn("%s is mounted by containers that run as different users (%d: %s of %s, %d: %s of %s): it is copied as the first of them, which has to be able to read all files",
				n.ref, *id.UID, users[0].container.Name, users[0].workload.ref, *other.UID, u.container.Name, u.workload.ref)
			break
		}
	}
	return id
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
