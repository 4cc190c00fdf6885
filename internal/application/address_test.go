package application

import (
	"strings"
	"testing"
)

func TestExplicitAddress(t *testing.T) {
	const allocated = `{apiVersion: v1, kind: Service, metadata: {name: a, namespace: src, uid: u},
		spec: {type: ClusterIP, clusterIP: 10.0.0.7, selector: {a: b}}}`
	cases := map[string]struct {
		reason  string
		service string
		want    bool
	}{
		"Allocated": {"every Service has an address of its cluster", allocated, false},
		"Headless":  {"None is no address", strings.Replace(allocated, "10.0.0.7", "None", 1), false},
		"Owned": {"a client owns the field",
			strings.Replace(allocated, "uid: u", `uid: u, managedFields: [{manager: helm, fieldsV1: {"f:spec": {"f:clusterIP": {}}}}]`, 1), true},
		"Applied": {"kubectl apply wrote it down", strings.Replace(allocated, "uid: u",
			`uid: u, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{"spec":{"clusterIP":"10.0.0.7"}}'}`, 1), true},
		"Balancer": {"one balancer may serve both clusters, and gives an address once",
			strings.Replace(allocated, "type: ClusterIP, clusterIP", "type: LoadBalancer, loadBalancerIP", 1), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := Make(whole(t, tc.service, nil))
			if got := len(p.Warnings) == 1 && strings.Contains(p.Warnings[0], "10.0.0.7"); got != tc.want || len(p.Warnings) > 1 {
				t.Errorf("%s: warnings %q", tc.reason, p.Warnings)
			}
		})
	}
}
