package plan

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
	"github.com/kubemove/kubemove/internal/podstate"
)

// execTime is how long a running container may take to name its user.
const execTime = 10 * time.Second

// discoverIdentities asks running containers for the user that the workload's spec does not
// name: the image decides then, and the workers must run as the same.
func discoverIdentities(ctx context.Context, source *cluster.Cluster, p *application.Plan, objects []unstructured.Unstructured) error {
	var pods []corev1.Pod
	for i := range p.Volumes {
		v := &p.Volumes[i]
		if v.Policy != api.ClaimCopy || v.Unused() || !incomplete(*v) {
			continue
		}
		if pods == nil {
			pods = runningPods(objects)
		}
		discoverOf := discoverSingle
		if len(v.Candidates) > 0 {
			discoverOf = discoverCandidates
		}
		asked, err := discoverOf(ctx, source, pods, v)
		if err != nil {
			return err
		}
		if !asked && v.Askable != nil {
			p.AddUnsure(*v.Askable,
				"waits for a running Pod of %s to learn its user; if none can run, set runAsUser and runAsGroup in its securityContext",
				v.Askable)
		}
		if v.Identity.UID == nil {
			p.AddWarning(claimRef(v.Name), "no running container could be asked which user it runs as (claim %s): the workers run as root; "+
				"start the application before it is planned, or set runAsUser in its securityContext", v.Name)
		}
	}
	return nil
}

// incomplete says whether the spec leaves the user or the group of one of the containers open.
func incomplete(v application.Volume) bool {
	open := func(id application.Identity) bool { return id.UID == nil || id.GID == nil }
	if len(v.Candidates) == 0 {
		return open(v.Identity)
	}
	return slices.ContainsFunc(v.Candidates, func(c application.Candidate) bool { return open(c.Identity) })
}

// discoverSingle completes the identity of a volume that has one. asked: there was a container to ask.
func discoverSingle(ctx context.Context, source *cluster.Cluster, pods []corev1.Pod, v *application.Volume) (asked bool, err error) {
	found, asked, err := discover(ctx, source, pods,
		func(pod *corev1.Pod) string { return mountingContainer(pod, v.Name, v.Identity.Container) })
	if found != nil {
		v.Identity = complete(v.Identity, *found)
	}
	return asked, err
}

// discoverCandidates completes those of a volume whose containers run as different users, each by
// its own container. Init containers have ended, and only a newer kubelet says whose they were. asked:
// a Pod that mounts the claim runs.
func discoverCandidates(ctx context.Context, source *cluster.Cluster, pods []corev1.Pod, v *application.Volume) (asked bool, err error) {
	v.Users = slices.Clone(v.Candidates)
	for i := range v.Users {
		c := &v.Users[i]
		if c.UID != nil && c.GID != nil {
			continue
		}
		found, _, err := discover(ctx, source, pods, func(pod *corev1.Pod) string { return exactContainer(pod, v.Name, c.Container) })
		if err != nil {
			return true, err
		}
		if found != nil {
			c.Identity = complete(c.Identity, *found)
		}
	}
	v.Identity = v.Choices()[0]
	return slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return podstate.Mounts(&pod, v.Name) }), nil
}

// ids are a process's user and groups.
type ids struct {
	uid, gid int64
	groups   []int64
}

// discover asks the containers that pick names, in the order of their Pods' names; nil: none could
// tell. asked: there was one to ask.
func discover(
	ctx context.Context, source *cluster.Cluster, pods []corev1.Pod, pick func(*corev1.Pod) string,
) (found *ids, asked bool, err error) {
	for i := range pods {
		container := pick(&pods[i])
		if container == "" {
			continue
		}
		if found := reported(&pods[i], container); found != nil {
			return found, true, nil
		}
		found, err := ask(ctx, source, pods[i].Name, container)
		if kind := cluster.KindOf(err); kind == cluster.Unreachable || kind == cluster.Forbidden || ctx.Err() != nil {
			return nil, true, err
		}
		// An image without the program id cannot be asked.
		if err == nil {
			return found, true, nil
		}
		asked = true
	}
	return nil, asked, nil
}

func ask(ctx context.Context, source *cluster.Cluster, pod, container string) (*ids, error) {
	var out [3]string
	for i, flag := range []string{"-u", "-g", "-G"} {
		var err error
		if out[i], err = source.Exec(ctx, pod, container, []string{"id", flag}, execTime); err != nil {
			return nil, err
		}
	}
	return parseIDs(out[0], out[1], out[2])
}

// parseIDs reads what `id -u`, `id -g` and `id -G` print.
func parseIDs(user, group, groups string) (*ids, error) {
	var out ids
	var err error
	if out.uid, err = strconv.ParseInt(strings.TrimSpace(user), 10, 64); err != nil {
		return nil, errors.New("cannot read the user: `id -u` printed something else than a number")
	}
	if out.gid, err = strconv.ParseInt(strings.TrimSpace(group), 10, 64); err != nil {
		return nil, errors.New("cannot read the group: `id -g` printed something else than a number")
	}
	for _, g := range strings.Fields(groups) {
		n, err := strconv.ParseInt(g, 10, 64)
		if err != nil {
			return nil, errors.New("cannot read the groups: `id -G` printed something else than numbers")
		}
		out.groups = append(out.groups, n)
	}
	return &out, nil
}

// reported is what the kubelet itself reports of a container's first process; nil: nothing.
func reported(pod *corev1.Pod, container string) *ids {
	for _, list := range [][]corev1.ContainerStatus{pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses} {
		for _, s := range list {
			if s.Name == container && s.User != nil && s.User.Linux != nil {
				return &ids{uid: s.User.Linux.UID, gid: s.User.Linux.GID, groups: s.User.Linux.SupplementalGroups}
			}
		}
	}
	return nil
}

// complete fills in what the spec leaves open; what the spec says stands. Groups are sorted
// and do not repeat the main one, so that every way of asking gives the same answer.
func complete(id application.Identity, found ids) application.Identity {
	if id.UID == nil {
		id.UID = &found.uid
	}
	if id.GID == nil && *id.UID == found.uid {
		id.GID = &found.gid
	}
	if *id.UID != 0 {
		id.Capabilities = nil
	}
	groups := append(slices.Clone(id.Groups), found.groups...)
	slices.Sort(groups)
	groups = slices.Compact(groups)
	id.Groups = slices.DeleteFunc(groups, func(g int64) bool { return id.GID != nil && g == *id.GID })
	return id
}

// mountingContainer is the running container that mounts the claim: the wanted one, else the
// first; empty: none.
func mountingContainer(pod *corev1.Pod, claim, wanted string) string {
	first := ""
	for _, c := range pod.Spec.Containers {
		if !mounts(pod, &c, claim) || !running(pod, c.Name) {
			continue
		}
		if c.Name == wanted {
			return wanted
		}
		if first == "" {
			first = c.Name
		}
	}
	return first
}

// exactContainer is the wanted container if it mounts the claim and there is something to learn of it:
// it runs, as also a sidecar may, or the kubelet has said its user; empty: there is nothing.
func exactContainer(pod *corev1.Pod, claim, wanted string) string {
	for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		if c.Name == wanted && mounts(pod, &c, claim) && (running(pod, wanted) || reported(pod, wanted) != nil) {
			return wanted
		}
	}
	return ""
}

// mounts says whether a container of the Pod mounts the claim.
func mounts(pod *corev1.Pod, c *corev1.Container, claim string) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(v corev1.Volume) bool {
		return v.PersistentVolumeClaim != nil && v.PersistentVolumeClaim.ClaimName == claim &&
			slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool { return m.Name == v.Name })
	})
}

func running(pod *corev1.Pod, container string) bool {
	return slices.ContainsFunc(slices.Concat(pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses),
		func(s corev1.ContainerStatus) bool {
			return s.Name == container && s.State.Running != nil
		})
}

// runningPods are the application's Pods among the objects, by name.
func runningPods(objects []unstructured.Unstructured) []corev1.Pod {
	out := []corev1.Pod{}
	for _, o := range objects {
		if o.GetKind() != "Pod" || o.GetLabels()[api.ManagedByLabel] == api.ManagedByValue || o.GetDeletionTimestamp() != nil {
			continue
		}
		var pod corev1.Pod
		if err := decode(o.Object, &pod); err != nil {
			continue // The API server has validated it: only an object of no server is malformed.
		}
		if pod.Status.Phase == corev1.PodRunning {
			out = append(out, pod)
		}
	}
	slices.SortFunc(out, func(a, b corev1.Pod) int { return compare(a.Name, b.Name) })
	return out
}
