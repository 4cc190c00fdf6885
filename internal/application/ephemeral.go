package application

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// checkEphemeral points, once for a workload, at volumes of its Pods whose data stays behind.
func checkEphemeral(n *node) (out Findings) {
	spec := &n.template.Spec
	var lost []string
	for i := range spec.Volumes {
		v := &spec.Volumes[i]
		if kind := lostVolume(v); kind != "" && !isScratch(spec, v) {
			lost = append(lost, v.Name+" ("+kind+")")
		}
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		out.AddWarning(n.ref, "%s: the data of these volumes does not move: %s", n.ref, few(lost))
	}
	return out
}

// lostVolume names the type of a volume whose data stays behind; empty for the others.
func lostVolume(v *corev1.Volume) string {
	switch {
	case v.PersistentVolumeClaim != nil, v.ConfigMap != nil, v.Secret != nil, v.Projected != nil,
		v.DownwardAPI != nil, v.Image != nil:
		return ""
	case v.EmptyDir != nil:
		return "emptyDir"
	case v.Ephemeral != nil:
		return "ephemeral"
	case v.HostPath != nil:
		return "hostPath"
	case v.CSI != nil:
		return "inline CSI"
	case v.NFS != nil:
		return "NFS: the target mounts the same server"
	}
	return "inline"
}

// scratchDirs hold nothing that a program counts on finding again: their content does not
// outlive a restart of the machine, or can be made anew.
var scratchDirs = []string{"/tmp", "/var/tmp", "/run", "/var/run", "/var/cache", "/var/lock", "/dev/shm"}

// isScratch says whether it is well known that a volume is empty in each new Pod: it lies in
// memory, or every container that has it mounts it where programs keep what they can lose.
func isScratch(spec *corev1.PodSpec, v *corev1.Volume) bool {
	switch {
	case v.EmptyDir != nil && v.EmptyDir.Medium == corev1.StorageMediumMemory:
		return true
	case v.EmptyDir == nil && v.Ephemeral == nil:
		return false
	}
	mounted := false
	for _, c := range containers(spec) {
		for _, mount := range c.VolumeMounts {
			if mount.Name != v.Name {
				continue
			}
			if !isScratchDir(mount.MountPath) {
				return false
			}
			mounted = true
		}
	}
	return mounted
}

func isScratchDir(dir string) bool {
	dir = strings.TrimRight(dir, "/")
	return slices.ContainsFunc(scratchDirs, func(s string) bool { return dir == s || strings.HasPrefix(dir, s+"/") })
}
