package plan

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// served are the versions in which two clusters know each kind, the preferred ones first.
type served struct {
	source []*metav1.APIResourceList
	// silent are the API groups of the source whose own server does not answer.
	silent      []string
	here, there map[schema.GroupKind][]string
	common      map[schema.GroupKind]string
}

func newServed(source, target []*metav1.APIResourceList) served {
	return served{source: source, here: versionsOf(source), there: versionsOf(target), common: commonVersions(source, target)}
}

// discoverBoth asks both clusters.
func discoverBoth(source, target *cluster.Cluster) (served, error) {
	here, silent, err := discoverOne(source)
	if err != nil {
		return served{}, err
	}
	there, _, err := discoverOne(target)
	out := newServed(here, there)
	out.silent = silent
	return out, err
}

// discoverOne lists the groups whose own server does not answer besides. At the target what of them is
// needed fails when it is asked for.
func discoverOne(c *cluster.Cluster) ([]*metav1.APIResourceList, []string, error) {
	_, lists, err := c.Kube.Discovery().ServerGroupsAndResources()
	silent, partial := cluster.SilentGroups(err)
	if err != nil && !partial {
		return nil, nil, c.Wrap("discover the kinds", err)
	}
	return lists, silent, nil
}

// commonVersions is, for each kind that both serve in the same version, the first such version
// in the order of the source: the API server of the source converts what it stores.
func commonVersions(source, target []*metav1.APIResourceList) map[schema.GroupKind]string {
	out := map[schema.GroupKind]string{}
	there := versionsOf(target)
	for kind, versions := range versionsOf(source) {
		for _, v := range versions {
			if slices.Contains(there[kind], v) {
				out[kind] = v
				break
			}
		}
	}
	return out
}

// versionsOf each kind, in the order of the lists.
func versionsOf(lists []*metav1.APIResourceList) map[schema.GroupKind][]string {
	out := map[schema.GroupKind][]string{}
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			continue
		}
		for _, r := range list.APIResources {
			kind := schema.GroupKind{Group: gv.Group, Kind: r.Kind}
			if !strings.Contains(r.Name, "/") && !slices.Contains(out[kind], gv.Version) {
				out[kind] = append(out[kind], gv.Version)
			}
		}
	}
	return out
}

// version to read a kind in: the one that is wanted, if the target serves that, else the first
// that both serve.
func (s served) version(kind schema.GroupKind, wanted string) string {
	if common, ok := s.common[kind]; ok && !slices.Contains(s.there[kind], wanted) {
		return common
	}
	return wanted
}

// resources to read an application from, each in the version to read it in.
func (s served) resources(wanted []schema.GroupVersionResource) []schema.GroupVersionResource {
	out := slices.Clone(wanted)
	for i, gvr := range out {
		out[i].Version = s.version(s.kindOf(gvr), gvr.Version)
	}
	return out
}

// kindOf a resource, as the source serves it.
func (s served) kindOf(gvr schema.GroupVersionResource) schema.GroupKind {
	for _, list := range s.source {
		if list.GroupVersion != gvr.GroupVersion().String() {
			continue
		}
		for _, r := range list.APIResources {
			if r.Name == gvr.Resource {
				return schema.GroupKind{Group: gvr.Group, Kind: r.Kind}
			}
		}
	}
	return schema.GroupKind{}
}

// check adds a blocker for each kind of the plan that both sides serve, and in no common
// version. That the target does not serve a kind at all is told elsewhere.
func (s served) check(p *application.Plan) {
	var seen []schema.GroupKind
	for i := range p.Objects {
		gvk := p.Objects[i].Object.GroupVersionKind()
		kind := gvk.GroupKind()
		if slices.Contains(seen, kind) || len(s.there[kind]) == 0 || slices.Contains(s.there[kind], gvk.Version) {
			continue
		}
		seen = append(seen, kind)
		p.AddBlocker(api.ReasonVersionNotServed, p.Objects[i].Ref,
			"the source serves %s as %s, the target as %s: "+
				"expected a version that both serve, as the API server of the source converts between its own versions only. %s",
			kind, strings.Join(s.here[kind], ", "), strings.Join(s.there[kind], ", "), fixVersions(kind))
	}
}

func fixVersions(kind schema.GroupKind) string {
	if strings.Contains(kind.Group, ".") && !strings.HasSuffix(kind.Group, ".k8s.io") {
		return fmt.Sprintf("Bring the CustomResourceDefinition of %s to the same release at both sides", kind)
	}
	return "Upgrade the older cluster, or leave these objects out of the application"
}

// notServed says whether a blocker of the plan tells already that the target does not know the
// version of an object.
func notServed(p *application.Plan, ref application.Ref) bool {
	return slices.ContainsFunc(p.Blockers, func(b api.Blocker) bool {
		return b.Reason == api.ReasonVersionNotServed && strings.HasPrefix(b.Object, kindName(ref)+"/")
	})
}
