package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/application"
)

// lists of an API server, each "GROUP/VERSION resource:Kind ...".
func lists(lines ...string) []*metav1.APIResourceList {
	var out []*metav1.APIResourceList
	for _, line := range lines {
		words := strings.Fields(line)
		list := &metav1.APIResourceList{GroupVersion: words[0]}
		for _, w := range words[1:] {
			name, kind, _ := strings.Cut(w, ":")
			list.APIResources = append(list.APIResources, metav1.APIResource{Name: name, Kind: kind})
		}
		out = append(out, list)
	}
	return out
}

func TestCommonVersions(t *testing.T) {
	const v1, beta = "example.com/v1 caches:Cache caches/status:Cache", "example.com/v1beta1 caches:Cache"
	cache := schema.GroupKind{Group: "example.com", Kind: "Cache"}
	cases := map[string]struct {
		reason         string
		source, target []*metav1.APIResourceList
		want           map[schema.GroupKind]string
	}{
		"Same": {"Both serve one version.", lists(v1), lists(v1), map[schema.GroupKind]string{cache: "v1"}},
		"Preferred": {"Of two common versions the source's first is taken.",
			lists(beta, v1), lists(v1, beta), map[schema.GroupKind]string{cache: "v1beta1"}},
		"OlderTarget": {"The source's API server converts to what the target serves.",
			lists(v1, beta), lists(beta), map[schema.GroupKind]string{cache: "v1beta1"}},
		"NewerTarget": {"A version that only the target serves is of no use.",
			lists(beta), lists(v1, beta), map[schema.GroupKind]string{cache: "v1beta1"}},
		"None":   {"Two versions that are not converted have nothing in common.", lists(beta), lists(v1), map[schema.GroupKind]string{}},
		"Absent": {"A kind that the target does not serve has no common version.", lists(v1), nil, map[schema.GroupKind]string{}},
		"OtherGroup": {"The same word in another group is another kind.",
			lists(v1), lists("example.org/v1 caches:Cache"), map[schema.GroupKind]string{}},
		"Subresource": {"What a subresource is made of is no kind of its own.",
			lists("apps/v1 deployments/scale:Scale"), lists("apps/v1 deployments/scale:Scale"), map[schema.GroupKind]string{}},
		"Core": {"The core group has no name.",
			lists("v1 pods:Pod"), lists("v1 pods:Pod"), map[schema.GroupKind]string{{Kind: "Pod"}: "v1"}},
		"Malformed": {"A list that is none is passed over.",
			lists("a/b/c pods:Pod", "v1 pods:Pod"), lists("v1 pods:Pod"), map[schema.GroupKind]string{{Kind: "Pod"}: "v1"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, commonVersions(tc.source, tc.target)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.reason, diff)
			}
		})
	}
}

const (
	scalerV1 = "autoscaling/v1 horizontalpodautoscalers:HorizontalPodAutoscaler"
	scalerV2 = "autoscaling/v2 horizontalpodautoscalers:HorizontalPodAutoscaler"
)

func TestResources(t *testing.T) {
	scaler := schema.GroupVersionResource{Group: "autoscaling", Version: "v2", Resource: "horizontalpodautoscalers"}
	cases := map[string]struct {
		reason         string
		source, target []*metav1.APIResourceList
		want           string
	}{
		"Wanted": {"Where the target serves it, the version that is best known is read, whatever the source prefers.",
			lists(scalerV1, scalerV2), lists(scalerV1, scalerV2), "v2"},
		"Older":   {"Else one that both serve.", lists(scalerV2, scalerV1), lists(scalerV1), "v1"},
		"Nowhere": {"Without one nothing can be done about it here.", lists(scalerV2), lists(scalerV1), "v2"},
		"Unknown": {"What the target does not serve at all is read as it is.", lists(scalerV2), nil, "v2"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			wanted := []schema.GroupVersionResource{scaler}
			got := newServed(tc.source, tc.target).resources(wanted)
			if len(got) != 1 || got[0].Version != tc.want || wanted[0] != scaler {
				t.Errorf("%s\ngot %v", tc.reason, got)
			}
		})
	}
}

func TestVersionNotServed(t *testing.T) {
	cache := object(t, `{apiVersion: example.com/v1beta1, kind: Cache, metadata: {name: c}}`)
	second := object(t, `{apiVersion: example.com/v1beta1, kind: Cache, metadata: {name: d}}`)
	config := object(t, `{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}`)
	source := lists("v1 configmaps:ConfigMap", "example.com/v1beta1 caches:Cache", "example.com/v1alpha1 caches:Cache")
	cases := map[string]struct {
		reason string
		target []*metav1.APIResourceList
		want   []string
	}{
		"Served": {"What the target serves can be created.", lists("v1 configmaps:ConfigMap", "example.com/v1beta1 caches:Cache"), nil},
		"Versions": {"One blocker for a kind, with the versions of both sides and what helps.",
			lists("v1 configmaps:ConfigMap", "example.com/v1 caches:Cache"),
			[]string{"v1beta1, v1alpha1", "as v1:", "CustomResourceDefinition of Cache.example.com"}},
		"Absent": {"That a kind is not served at all is told elsewhere.", lists("v1 configmaps:ConfigMap"), nil},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := &application.Plan{Objects: []application.Object{config, cache, second}}
			newServed(source, tc.target).check(p)
			if tc.want == nil {
				if len(p.Blockers) > 0 {
					t.Errorf("%s\ngot %v", tc.reason, p.Blockers)
				}
				return
			}
			if len(p.Blockers) != 1 || p.Blockers[0].Reason != api.ReasonVersionNotServed || p.Blockers[0].Object != "Cache.example.com/c" {
				t.Fatalf("%s\ngot %v", tc.reason, p.Blockers)
			}
			for _, part := range tc.want {
				if !strings.Contains(p.Blockers[0].Message, part) {
					t.Errorf("%s\n%q is not in: %s", tc.reason, part, p.Blockers[0].Message)
				}
			}
			if !notServed(p, second.Ref) || notServed(p, config.Ref) {
				t.Error("the blocker stands for all objects of its kind, and for no others")
			}
		})
	}
}
