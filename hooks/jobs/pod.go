package jobs

import (
	"path"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubemove/kubemove/task"
)

// Names inside the Pod of a Job.
const (
	// mainContainer is the one whose exit code counts.
	mainContainer   = "task"
	reportContainer = "report"

	volumeTask   = "task"
	volumeToken  = "token"
	volumeTmp    = "tmp"
	volumeResult = "result"

	tokenDir = "/var/run/secrets/kubernetes.io/serviceaccount"
	// userID that our images run as.
	userID int64 = 65532
	// tokenSeconds is how long a token lives; the kubelet renews it.
	tokenSeconds int64 = 3607
	// graceSeconds for a task to report that it was stopped.
	graceSeconds int64 = 60
)

func podSpec(s Spec) corev1.PodSpec {
	p := corev1.PodSpec{
		RestartPolicy:                 corev1.RestartPolicyNever,
		ServiceAccountName:            s.Account,
		AutomountServiceAccountToken:  ptr(false),
		EnableServiceLinks:            ptr(false),
		TerminationGracePeriodSeconds: ptr(graceSeconds),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   ptr(true),
			RunAsUser:      ptr(userID),
			RunAsGroup:     ptr(userID),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Volumes: []corev1.Volume{taskVolume(), tokenVolume(), empty(volumeTmp)},
	}
	if s.Config.ImagePullSecret != "" {
		p.ImagePullSecrets = []corev1.LocalObjectReference{{Name: s.Config.ImagePullSecret}}
	}
	kubeconfigs, mounts := kubeconfigs(s)
	p.Volumes = append(p.Volumes, kubeconfigs...)
	secrets, paths := credentials(s)
	p.Volumes, mounts = append(p.Volumes, secrets...), append(mounts, paths...)
	main := own(s, mainContainer, string(s.Task.Verb))
	main.VolumeMounts = append(main.VolumeMounts, mounts...)
	if s.Driver == nil {
		main.VolumeMounts = append(main.VolumeMounts, tokenMount())
		p.Containers = []corev1.Container{main}
		return p
	}
	return withDriver(p, main, s)
}

// withDriver lets a foreign image do the task: it gets the kubeconfigs and no token, and a
// sidecar of ours reports for it.
func withDriver(p corev1.PodSpec, main corev1.Container, s Spec) corev1.PodSpec {
	result := corev1.VolumeMount{Name: volumeResult, MountPath: path.Dir(task.StatusFile)}
	main.Image = s.Driver.Spec.Image
	main.Args = nil
	main.Command = s.Driver.Spec.Command[s.Task.Verb]
	main.VolumeMounts = append(main.VolumeMounts, result)
	report := own(s, reportContainer, "report")
	report.RestartPolicy = ptr(corev1.ContainerRestartPolicyAlways)
	report.VolumeMounts = append(report.VolumeMounts, tokenMount(), result)
	p.Volumes = append(p.Volumes, empty(volumeResult))
	p.InitContainers = []corev1.Container{report}
	p.Containers = []corev1.Container{main}
	return p
}

// own is a container of our image.
func own(s Spec, name, verb string) corev1.Container {
	return corev1.Container{
		Name:            name,
		Image:           s.Config.TaskImage,
		ImagePullPolicy: corev1.PullPolicy(s.Config.ImagePullPolicy),
		Args:            []string{verb},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("50m"),
				corev1.ResourceMemory: resource.MustParse("64Mi"),
			},
			Limits: corev1.ResourceList{
				corev1.ResourceCPU:    resource.MustParse("1"),
				corev1.ResourceMemory: resource.MustParse("512Mi"),
			},
		},
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr(false),
			ReadOnlyRootFilesystem:   ptr(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{
			{Name: volumeTask, MountPath: path.Dir(task.TaskFile), ReadOnly: true},
			{Name: volumeTmp, MountPath: "/tmp"},
		},
	}
}

func taskVolume() corev1.Volume {
	return corev1.Volume{Name: volumeTask, VolumeSource: corev1.VolumeSource{
		DownwardAPI: &corev1.DownwardAPIVolumeSource{
			DefaultMode: ptr[int32](0o444),
			Items: []corev1.DownwardAPIVolumeFile{{
				Path: path.Base(task.TaskFile),
				FieldRef: &corev1.ObjectFieldSelector{
					APIVersion: "v1",
					FieldPath:  "metadata.annotations['" + task.TaskAnnotation + "']",
				},
			}},
		},
	}}
}

// tokenVolume holds what a client inside the cluster expects, in the one container that needs
// it.
func tokenVolume() corev1.Volume {
	return corev1.Volume{Name: volumeToken, VolumeSource: corev1.VolumeSource{
		Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: ptr[int32](0o444),
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{
					Path: "token", ExpirationSeconds: ptr(tokenSeconds),
				}},
				{ConfigMap: &corev1.ConfigMapProjection{
					LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
				}},
				{DownwardAPI: &corev1.DownwardAPIProjection{
					Items: []corev1.DownwardAPIVolumeFile{{
						Path:     "namespace",
						FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.namespace"},
					}},
				}},
			},
		},
	}}
}

func tokenMount() corev1.VolumeMount {
	return corev1.VolumeMount{Name: volumeToken, MountPath: tokenDir, ReadOnly: true}
}

func empty(name string) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}
}

// kubeconfigs mounts the kubeconfig of each endpoint that is not home, that one key only. A
// plan starts without it, too, to say what is missing, and so does a watch; later steps wait for it.
func kubeconfigs(s Spec) ([]corev1.Volume, []corev1.VolumeMount) {
	var volumes []corev1.Volume
	var mounts []corev1.VolumeMount
	var optional *bool
	if s.Task.Verb == task.VerbPlan || s.Task.Verb == task.VerbWatch {
		optional = ptr(true)
	}
	add := func(side task.Role, e task.Endpoint) {
		if e.Kubeconfig == "" {
			return
		}
		name, key := "kubeconfig-"+string(side), path.Base(e.Kubeconfig)
		volumes = append(volumes, corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{
			Secret: &corev1.SecretVolumeSource{
				SecretName:  e.KubeconfigSecret,
				DefaultMode: ptr[int32](0o444),
				Items:       []corev1.KeyToPath{{Key: key, Path: key}},
				Optional:    optional,
			},
		}})
		mounts = append(mounts, corev1.VolumeMount{
			Name: name, MountPath: path.Join(task.KubeconfigDir, string(side)), ReadOnly: true,
		})
	}
	add(task.RoleSource, s.Task.Source)
	add(task.RoleTarget, s.Task.Target)
	return volumes, mounts
}
