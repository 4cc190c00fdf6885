package application

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCallers: what the API server asks of the application is not moved, and says so.
func TestCallers(t *testing.T) {
	const (
		deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: src, uid: d},
			spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c}]}}}}`
		service = `{apiVersion: v1, kind: Service, metadata: {name: web, namespace: src, uid: s}, spec: {selector: {app: web}}}`
		hook    = `{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: guard, uid: x},
			webhooks: [{name: a.b.c, clientConfig: {service: {namespace: NS, name: web}}},
			{name: d.b.c, clientConfig: {service: {namespace: NS, name: web}}}]}`
		group = `{apiVersion: apiregistration.k8s.io/v1, kind: APIService, metadata: {name: v1.shop.example.com, uid: y},
			spec: {service: {namespace: src, name: web}}}`
	)
	says := func(by string) string {
		return "Service/web is called by the API server of the source for " + by +
			", which stays: while the application is stopped, and after it has moved, such a request fails; " +
			"delete it or point it elsewhere before the switch, and make one like it at the target"
	}
	for _, test := range []struct {
		reason  string
		cluster []string
		want    []string
	}{
		{"a webhook is named once",
			[]string{strings.ReplaceAll(hook, "NS", "src")}, []string{says("ValidatingWebhookConfiguration.admissionregistration.k8s.io/guard")}},
		{"a Service of that name elsewhere is another", []string{strings.ReplaceAll(hook, "NS", "other")}, nil},
		{"an API group of its own", []string{group}, []string{says("APIService.apiregistration.k8s.io/v1.shop.example.com")}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			p := Make(withCluster(t, join(deployment, service), test.cluster...))
			if diff := cmp.Diff(test.want, p.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}
