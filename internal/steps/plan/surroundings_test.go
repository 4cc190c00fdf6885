package plan

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kubemove/kubemove/internal/application"
	"github.com/kubemove/kubemove/internal/cluster"
)

// TestCompareSurroundings reads both namespaces, and takes a reading that has failed for none.
func TestCompareSurroundings(t *testing.T) {
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "x"}, "", errors.New("no"))
	cases := map[string]struct {
		reason, resource string
		err              error
		want             []string
		fails            bool
	}{
		"Read":               {"both are read", "", nil, []string{"kubectl label namespace shop team=a", "create -f -"}, false},
		"LimitsForbidden":    {"the target's defaults are not known", "limitranges", forbidden, []string{"may not list LimitRanges"}, false},
		"LimitsUnreachable":  {"a lost connection is no empty list", "limitranges", errors.New("connection refused"), nil, true},
		"AccountForbidden":   {"the rest is compared", "serviceaccounts", forbidden, []string{"kubectl label namespace shop team=a"}, false},
		"AccountUnreachable": {"a lost connection is no missing account", "serviceaccounts", errors.New("connection refused"), nil, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			limits := &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "l", Namespace: "shop"},
				Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{
					{Type: corev1.LimitTypeContainer, Default: corev1.ResourceList{"memory": resource.MustParse("1Gi")}}}}}
			there := fake.NewClientset()
			there.PrependReactor("*", tc.resource, func(clienttesting.Action) (bool, runtime.Object, error) { return tc.err != nil, nil, tc.err })
			p := &application.Plan{Objects: []application.Object{object(t, `{apiVersion: apps/v1, kind: Deployment,
				metadata: {name: web, namespace: shop}, spec: {template: {spec: {containers: [{name: c}]}}}}`)}}
			where := places{source: place{namespace: namespaceOf("shop", "s")}, target: place{namespace: namespaceOf("shop", "t")}}
			where.source.namespace.Labels = map[string]string{"team": "a"}
			err := compareSurroundings(t.Context(), &cluster.Cluster{Side: cluster.SideSource, Namespace: "shop", Kube: fake.NewClientset(limits)},
				&cluster.Cluster{Side: cluster.SideTarget, Namespace: "shop", Kube: there}, where, p)
			if (err != nil) != tc.fails {
				t.Fatalf("%s: got the error %v", tc.reason, err)
			}
			text := strings.Join(p.Warnings, "\n")
			for _, want := range tc.want {
				if !strings.Contains(text, want) {
					t.Errorf("%s: want %q in %q", tc.reason, want, text)
				}
			}
		})
	}
}
