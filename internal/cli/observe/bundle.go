package observe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/pager"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/support"
)

// source of objects of a bundle.
type source struct {
	resource schema.GroupVersionResource
	// namespace; empty: that of the moves.
	namespace, selector string
}

// sources of a bundle: KubeMove's kinds, what was made for pairs, and the installation.
func sources() []source {
	const system = installation.Namespace
	kind := func(resource string) schema.GroupVersionResource { return api.GroupVersion.WithResource(resource) }
	core := func(resource string) schema.GroupVersionResource {
		return schema.GroupVersionResource{Version: "v1", Resource: resource}
	}
	made := api.ManagedByLabel + "=" + api.ManagedByValue
	return []source{
		{resource: kind("moveengines")}, {resource: kind("movepairs")}, {resource: kind("datasyncs")}, {resource: kind("moveswitches")},
		{resource: kind("movereverses")},
		{resource: schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}, selector: api.PairLabel},
		{resource: core("pods"), selector: api.PairLabel},
		{resource: core("configmaps"), selector: made}, {resource: core("persistentvolumeclaims"), selector: made},
		{resource: schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}, selector: made},
		{resource: core("pods"), namespace: system}, {resource: core("configmaps"), namespace: system},
		{resource: installation.Resource("Deployment"), namespace: system},
		{resource: installation.Resource("CompositeController"), namespace: system},
	}
}

// bundler collects the files of a bundle. What could not be read is said in one of them.
type bundler struct {
	*reader
	redactor support.Redactor
	files    []support.File
	problems []string
	pods     []unstructured.Unstructured
	// own objects by their UIDs, for the events.
	own map[string]bool
}

// Bundle reads the objects, events and logs of KubeMove without what is secret in them. namespace: empty for all of them. more are
// files of the caller's. Texts of all files are redacted.
func Bundle(ctx context.Context, k *kit.Kit, namespace string, more []support.File) ([]support.File, error) {
	r, err := newReader(k, namespace)
	if err != nil {
		return nil, err
	}
	b := &bundler{reader: r, own: map[string]bool{}}
	b.learn(ctx)
	for _, f := range more {
		b.add(f.Name, string(f.Data))
	}
	for _, s := range sources() {
		b.objects(ctx, s)
	}
	b.events(ctx, namespace)
	if namespace != installation.Namespace && namespace != "" {
		b.events(ctx, installation.Namespace)
	}
	b.logs(ctx)
	if len(b.problems) > 0 {
		b.add("problems.txt", strings.Join(b.problems, "\n")+"\n")
	}
	return b.files, ctx.Err()
}

func (b *bundler) add(name, text string) {
	b.files = append(b.files, support.File{Name: name, Data: []byte(b.redactor.Text(text))})
}

func (b *bundler) note(what string, err error) {
	if err != nil {
		b.problems = append(b.problems, fault.API(what, err).Error())
	}
}

// learn the values of the Secrets, so that they are found in texts. They stay in the memory of this program; of the Secrets that
// KubeMove made the names and the keys are kept.
func (b *bundler) learn(ctx context.Context) {
	resource := schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	var secrets []unstructured.Unstructured
	for _, namespace := range slices.Compact([]string{b.namespace, installation.Namespace}) {
		list, err := b.page(ctx, source{resource: resource, namespace: namespace})
		b.note("cannot list secrets, so their values are looked for by their form alone", err)
		secrets = append(secrets, list...)
		if namespace == "" {
			break // All of them.
		}
	}
	var own []unstructured.Unstructured
	for i := range secrets {
		b.redactor.Know(&secrets[i])
		if secrets[i].GetLabels()[api.ManagedByLabel] == api.ManagedByValue {
			own = append(own, secrets[i])
		}
	}
	b.store("secrets", own)
}

// page by page all objects of a source.
func (b *bundler) page(ctx context.Context, s source) (out []unstructured.Unstructured, err error) {
	pages := pager.New(func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		of := b.dynamic.Resource(s.resource)
		if s.resource == installation.Resource("CompositeController") {
			return of.List(ctx, o)
		}
		return of.Namespace(cmp.Or(s.namespace, b.namespace)).List(ctx, o)
	})
	err = pages.EachListItem(ctx, metav1.ListOptions{LabelSelector: s.selector}, func(o runtime.Object) error {
		out = append(out, *o.(*unstructured.Unstructured))
		return nil
	})
	return out, err
}

func (b *bundler) objects(ctx context.Context, s source) {
	list, err := b.page(ctx, s)
	b.note("cannot list "+s.resource.Resource, err)
	for i := range list {
		b.own[string(list[i].GetUID())] = true
	}
	if s.resource.Resource == "pods" {
		b.pods = append(b.pods, list...)
	}
	b.store(s.resource.Resource, list)
}

// store objects of a resource, a file for each namespace.
func (b *bundler) store(resource string, list []unstructured.Unstructured) {
	byNamespace := map[string][]string{}
	var namespaces []string
	for i := range list {
		data, err := yaml.Marshal(b.redactor.Object(&list[i]))
		if err != nil {
			b.note("cannot write "+list[i].GetName(), err)
			continue
		}
		ns := cmp.Or(list[i].GetNamespace(), "cluster")
		if byNamespace[ns] == nil {
			namespaces = append(namespaces, ns)
		}
		byNamespace[ns] = append(byNamespace[ns], string(data))
	}
	for _, ns := range namespaces {
		name := "objects/" + ns + "/" + resource + ".yaml"
		b.files = append(b.files, support.File{Name: name, Data: []byte("---\n" + strings.Join(byNamespace[ns], "---\n"))})
	}
}

// events of the objects, and all of the installation's namespace.
func (b *bundler) events(ctx context.Context, namespace string) {
	list, err := b.page(ctx, source{resource: schema.GroupVersionResource{Version: "v1", Resource: "events"}, namespace: namespace})
	b.note("cannot list events", err)
	b.store("events", slices.DeleteFunc(list, func(o unstructured.Unstructured) bool {
		uid, _, _ := unstructured.NestedString(o.Object, "involvedObject", "uid")
		return !b.own[uid] && o.GetNamespace() != installation.Namespace
	}))
}

// Limits of a log.
const (
	logLines = int64(5000)
	logBytes = int64(2 << 20)
)

// logs of the Pods, each of their containers, and of the run before where it has restarted.
func (b *bundler) logs(ctx context.Context) {
	seen := map[string]bool{}
	for i := range b.pods {
		var p corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(b.pods[i].Object, &p); err != nil || seen[string(p.UID)] {
			continue
		}
		seen[string(p.UID)] = true
		for _, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
			b.log(ctx, &p, c.Name, false)
		}
		for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			if s.RestartCount > 0 {
				b.log(ctx, &p, s.Name, true)
			}
		}
	}
}

func (b *bundler) log(ctx context.Context, p *corev1.Pod, container string, previous bool) {
	lines, size := logLines, logBytes
	name := fmt.Sprintf("logs/%s/%s/%s.log", p.Namespace, p.Name, container)
	if previous {
		name = strings.TrimSuffix(name, ".log") + "-previous.log"
	}
	stream, err := b.core.CoreV1().Pods(p.Namespace).GetLogs(p.Name, &corev1.PodLogOptions{Container: container, Previous: previous,
		Timestamps: true, TailLines: &lines, LimitBytes: &size}).Stream(ctx)
	if err == nil {
		var data []byte
		data, err = io.ReadAll(stream)
		err = errors.Join(err, stream.Close())
		b.add(name, string(data))
	}
	b.note("cannot read the log of "+p.Namespace+"/"+p.Name+", container "+container, err)
}
