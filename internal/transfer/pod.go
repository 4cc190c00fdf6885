package transfer

import (
	"encoding/json"
	"fmt"
	"path"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/agent"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/lineage"
	"github.com/kubemove/kubemove/task"
)

// Containers of a worker Pod.
const (
	agentContainer  = "agent"
	workerContainer = "worker"
	// Two that end before the agent starts.
	installContainer = "install"
	pullContainer    = "pull"

	// installed is where the agent's program lies for the mobilizer's image.
	installed = "/kubemove/tools/kubemove-task"
)

// graceSeconds for a worker Pod that is deleted, and for an agent whose worker has ended: it
// lets connections run dry and hands the last status over.
const graceSeconds = 60

// podInput is what a worker Pod is built from, beyond the Spec.
type podInput struct {
	Role      task.Role
	Volume    application.Volume
	Mobilizer task.Mobilizer
	Try       int
	// Origin is the claim at the source, which names the repository.
	Origin types.UID
	// Copy is the mark that the claim gets when the worker has succeeded, and Whole: it has that of
	// an earlier one; target only.
	Copy  string
	Whole bool
	// Direct: the source may connect to the agent itself; target only.
	Direct bool
	// Placement of the Pod, where the claim binds it to that of another Pod.
	Placement placement
	// Raised says how many times the memory of the worker was not enough in this run.
	Raised int
}

// identity that the worker runs as.
func (in podInput) identity() application.Identity {
	return in.Volume.Worker(in.Role == task.RoleTarget)
}

// claim that the worker mounts.
func (in podInput) claim() string {
	if in.Role == task.RoleSource {
		return in.Volume.Name
	}
	return in.Volume.Target
}

// buildTask is what a worker is given.
func buildTask(s Spec, in podInput) task.Task {
	t := task.Task{
		APIVersion: task.APIVersion,
		Verb:       task.VerbSync,
		Role:       in.Role,
		Run:        s.Run,
		Source:     task.Endpoint{Namespace: s.Source.Namespace},
		Target:     task.Endpoint{Namespace: s.Target.Namespace},
		Volumes:    []task.Volume{{Name: in.Volume.Name, Target: in.Volume.Target, Whole: in.Whole}},
		Parameters: in.Mobilizer.Parameters,
		Channel:    &s.Pair,
		StateSide:  s.StateSide,
		Passes:     s.repeats(),
		Peer: &task.Peer{
			Dial:   "127.0.0.1:" + strconv.Itoa(task.PeerPort),
			Listen: "127.0.0.1:" + strconv.Itoa(task.PeerListenPort),
		},
	}
	if s.repeats() {
		t.Run = task.Run{ID: s.session()} // That of a pass comes with the pass.
	}
	return t
}

// buildPod makes a worker Pod. The agent is a sidecar whose startup probe succeeds only after
// the coordinator said go, so the mobilizer's container, which may be any image, waits for it with
// everything mounted. Kubernetes pulls an image no sooner than its container starts, which
// would be in the middle of the downtime; so an init container runs that image once before.
func buildPod(s Spec, in podInput) (*corev1.Pod, error) {
	data, err := json.Marshal(buildTask(s, in))
	if err != nil {
		return nil, fmt.Errorf("cannot encode the task of a worker: %w", err)
	}
	if len(data) > task.MaxSize {
		return nil, fmt.Errorf("the task of a worker is %d bytes long, at most %d are allowed: shorten the parameters of the mobilizer",
			len(data), task.MaxSize)
	}
	name := workerName(s.session(), in.Volume.Name, in.Role)
	labels := s.labels(in.Role, in.claim())
	labels["sidecar.istio.io/inject"] = "false"
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name:      name,
			Namespace: s.endpoint(in.Role).Namespace,
			Labels:    labels,
			Annotations: map[string]string{
				task.TaskAnnotation:       string(data),
				ClaimAnnotation:           in.claim(),
				TryAnnotation:             strconv.Itoa(in.Try),
				"sidecar.istio.io/inject": "false",
				"cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
			},
		},
		Spec: corev1.PodSpec{
			RestartPolicy:                 corev1.RestartPolicyNever,
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(graceSeconds)),
			SecurityContext:               podSecurity(in.identity()),
			InitContainers: []corev1.Container{buildInstall(s),
				buildPull(pullContainer, in.Mobilizer.Image, s.PullPolicy), buildAgent(s, in)},
			Containers: []corev1.Container{buildWorker(s, in)},
			Volumes:    buildVolumes(s, in, name),
		},
	}
	if in.Copy != "" {
		pod.Annotations[api.CopyAnnotation] = in.Copy
	}
	if s.repeats() {
		addPasses(pod)
	}
	in.Placement.apply(pod)
	if s.preOpens(in) {
		err = addPreOpen(pod, s, in)
	}
	return pod, err
}

// addPasses lets the agent hand the tasks of further passes on.
func addPasses(pod *corev1.Pod) {
	const name = "control"
	pod.Spec.Volumes = append(pod.Spec.Volumes, emptyVolume(name, "1Mi"))
	mount := corev1.VolumeMount{Name: name, MountPath: path.Dir(task.NextTaskFile)}
	agents := &pod.Spec.InitContainers[len(pod.Spec.InitContainers)-1]
	agents.VolumeMounts = append(agents.VolumeMounts, mount)
	mount.ReadOnly = true
	pod.Spec.Containers[0].VolumeMounts = append(pod.Spec.Containers[0].VolumeMounts, mount)
}

func buildInstall(s Spec) corev1.Container {
	return corev1.Container{
		Name:            installContainer,
		Image:           s.AgentImage,
		ImagePullPolicy: s.PullPolicy,
		Command:         []string{"kubemove-task", "agent", agent.ArgInstall, installed},
		Resources:       resources("20m", "1", "32Mi", "128Mi"),
		SecurityContext: containerSecurity(),
		VolumeMounts:    []corev1.VolumeMount{{Name: "tools", MountPath: path.Dir(installed)}},
	}
}

// buildPull makes a container that has an image pulled and does nothing in it.
func buildPull(name, image string, policy corev1.PullPolicy) corev1.Container {
	return corev1.Container{
		Name:            name,
		Image:           image,
		ImagePullPolicy: policy,
		Command:         []string{installed, "agent", agent.ArgNothing},
		Resources:       resources("20m", "1", "32Mi", "128Mi"),
		SecurityContext: containerSecurity(),
		VolumeMounts:    []corev1.VolumeMount{{Name: "tools", MountPath: path.Dir(installed), ReadOnly: true}},
	}
}

func buildAgent(s Spec, in podInput) corev1.Container {
	command := []string{"kubemove-task", "agent"}
	if in.Direct {
		command = append(command, agent.ArgDirect)
	}
	return corev1.Container{
		Name:            agentContainer,
		Image:           s.AgentImage,
		ImagePullPolicy: s.PullPolicy,
		Command:         command,
		RestartPolicy:   new(corev1.ContainerRestartPolicyAlways),
		Env:             []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "200MiB"}},
		StartupProbe: &corev1.Probe{
			ProbeHandler:     corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(agent.StartPort)}},
			PeriodSeconds:    1,
			TimeoutSeconds:   10,
			FailureThreshold: 1 << 30,
		},
		Resources:       resources("20m", "2", "32Mi", "256Mi"),
		SecurityContext: containerSecurity(),
		VolumeMounts: []corev1.VolumeMount{
			{Name: "task", MountPath: "/kubemove/task", ReadOnly: true},
			{Name: "result", MountPath: "/kubemove/result", ReadOnly: true},
			{Name: "agent", MountPath: "/kubemove/agent"},
			{Name: "agent-tls", MountPath: agent.TLSDir, ReadOnly: true},
		},
	}
}

func buildWorker(s Spec, in podInput) corev1.Container {
	return corev1.Container{
		Name:            workerContainer,
		Image:           in.Mobilizer.Image,
		ImagePullPolicy: s.PullPolicy,
		Command:         in.Mobilizer.Command,
		Env: []corev1.EnvVar{{Name: "GOMEMLIMIT", ValueFrom: &corev1.EnvVarSource{
			ResourceFieldRef: &corev1.ResourceFieldSelector{ContainerName: workerContainer, Resource: "limits.memory"},
		}}},
		Resources:       in.workerResources(),
		SecurityContext: containerSecurity(in.identity().Capabilities...),
		VolumeMounts: []corev1.VolumeMount{
			{Name: "task", MountPath: "/kubemove/task", ReadOnly: true},
			{Name: "result", MountPath: "/kubemove/result"},
			{Name: "volume", MountPath: VolumeFolder(in.Volume.Name), ReadOnly: in.Role == task.RoleSource},
			{Name: "state", MountPath: task.StateDir},
			{Name: "credentials", MountPath: task.CredentialsDir, ReadOnly: true},
			{Name: "tmp", MountPath: "/tmp"},
		},
	}
}

func buildVolumes(s Spec, in podInput, name string) []corev1.Volume {
	secret := func(secretName string) corev1.VolumeSource {
		// The workers run as the user of the workload, whatever that is: there is no owner to
		// narrow the mode down to.
		return corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: secretName, DefaultMode: new(int32(0o444))}}
	}
	claim := func(claimName string, readOnly bool) corev1.VolumeSource {
		return corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claimName, ReadOnly: readOnly}}
	}
	state := emptyVolume("state", "")
	if name := stateClaim(s, in); name != "" {
		state.VolumeSource = claim(name, false)
	}
	return []corev1.Volume{
		{Name: "volume", VolumeSource: claim(in.claim(), in.Role == task.RoleSource)},
		state,
		taskVolume("task", task.TaskAnnotation),
		emptyVolume("result", resultSize),
		{Name: "credentials", VolumeSource: secret(credentialsSecretName(name))},
		emptyVolume("agent", "1Mi"),
		{Name: "agent-tls", VolumeSource: secret(agentSecretName(name))},
		emptyVolume("tmp", ""),
		toolsVolume(),
	}
}

// resultSize bounds what a mobilizer writes beside its status.
const resultSize = "16Mi"

// taskVolume shows an annotation of the Pod as the file of a task.
func taskVolume(name, annotation string) corev1.Volume {
	return corev1.Volume{Name: name,
		VolumeSource: corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{{
			Path:     path.Base(task.TaskFile),
			FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.annotations['" + annotation + "']"},
		}}}}}
}

// emptyVolume is one that ends with the Pod; without a size it is as large as the node allows.
func emptyVolume(name, size string) corev1.Volume {
	e := &corev1.EmptyDirVolumeSource{}
	if size != "" {
		e.SizeLimit = new(resource.MustParse(size))
	}
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{EmptyDir: e}}
}

// toolsVolume holds our program for containers of other images.
func toolsVolume() corev1.Volume { return emptyVolume("tools", "256Mi") }

// stateClaim is the claim that holds the state; empty: there is none.
func stateClaim(s Spec, in podInput) string {
	switch m := in.Mobilizer; {
	case in.Role != s.stateSide() || !m.State:
		return ""
	case m.ManagedState():
		return lineage.Repository(s.lineage(), in.Origin)
	default:
		return m.OwnClaim()
	}
}

// podSecurity lets both containers run as the same user: the agent reads what the worker
// writes.
//
// At the target the fsGroup of the workload holds, as it will when the workload starts there:
// without it a user who is not root could not write to a new volume of most CSI drivers. The
// kubelet sets it once, while the volume is still empty, so that no file's own group or mode
// is lost.
func podSecurity(id application.Identity) *corev1.PodSecurityContext {
	out := &corev1.PodSecurityContext{
		RunAsUser:          id.UID,
		RunAsGroup:         id.GID,
		SupplementalGroups: id.Groups,
		SELinuxOptions:     id.SELinux,
		SeccompProfile:     &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	if *id.UID != 0 {
		out.RunAsNonRoot = new(true)
	}
	if id.FSGroup != nil {
		out.FSGroup = id.FSGroup
		out.FSGroupChangePolicy = new(corev1.FSGroupChangeOnRootMismatch)
	}
	return out
}

func containerSecurity(add ...corev1.Capability) *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: new(false),
		ReadOnlyRootFilesystem:   new(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: add},
	}
}

func resources(cpu, cpuLimit, memory, memoryLimit string) corev1.ResourceRequirements {
	list := func(cpu, memory string) corev1.ResourceList {
		return corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)}
	}
	return corev1.ResourceRequirements{Requests: list(cpu, memory), Limits: list(cpuLimit, memoryLimit)}
}
