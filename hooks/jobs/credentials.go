package jobs

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubemove/kubemove/task"
)

// readers are the verbs that hand the credentials of mobilizers on to workers, or check them.
var readers = []task.Verb{task.VerbPlan, task.VerbOpen, task.VerbSync, task.VerbPrepare, task.VerbCutover}

// credentials mounts the Secrets that the user has named for mobilizers: whole, so that a key
// that does not belong there can be named, and as folders, so that the kubelet renews them.
// They are optional: the task says better than a Pod that does not start what is missing, and
// a cutover must be able to go back without them.
func credentials(s Spec) ([]corev1.Volume, []corev1.VolumeMount) {
	if !slices.Contains(readers, s.Task.Verb) {
		return nil, nil
	}
	var volumes []corev1.Volume
	var mounts []corev1.VolumeMount
	for _, m := range s.Credentials {
		if m.CredentialsSecret == "" {
			continue
		}
		name := "credentials-" + m.Name
		volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{SecretName: m.CredentialsSecret, DefaultMode: ptr[int32](0o444), Optional: ptr(true)},
		}})
		mounts = append(mounts, corev1.VolumeMount{Name: name, MountPath: task.UserCredentialsDir(task.CredentialsDir, m.Name), ReadOnly: true})
	}
	return volumes, mounts
}
