package manifests_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// compositeController is the part of one that says what Metacontroller has to be allowed.
type compositeController struct {
	Spec struct {
		GenerateSelector bool     `json:"generateSelector"`
		ParentResource   resource `json:"parentResource"`
		ChildResources   []struct {
			resource
			UpdateStrategy struct {
				Method string `json:"method"`
			} `json:"updateStrategy"`
		} `json:"childResources"`
		Hooks map[string]struct {
			Version string `json:"version"`
		} `json:"hooks"`
	} `json:"spec"`
}

type resource struct {
	APIVersion string `json:"apiVersion"`
	Resource   string `json:"resource"`
}

func (r resource) group() string {
	group, _, found := strings.Cut(r.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// TestMetacontrollerRights: Metacontroller may do what the controllers make it do.
func TestMetacontrollerRights(t *testing.T) {
	rules := clusterRoles(t, "base/rbac/metacontroller.yaml")["kubemove-metacontroller"].Rules
	need := func(r resource, suffix string, verbs ...string) {
		for _, verb := range verbs {
			if !has(rules, verb, r.group(), r.Resource+suffix) {
				t.Errorf("kubemove-metacontroller lacks %s %s%s", verb, r.Resource, suffix)
			}
		}
	}
	files, err := filepath.Glob("base/controllers/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no controllers found (%v)", err)
	}
	for _, file := range files {
		var c compositeController
		if err := yaml.Unmarshal([]byte(documents(t, file)[0]), &c); err != nil {
			t.Fatalf("cannot decode %s: %v", file, err)
		}
		need(c.Spec.ParentResource, "", "get", "list", "watch", "update")
		need(c.Spec.ParentResource, "/status", "get", "update")
		need(c.Spec.ParentResource, "/finalizers", "update")
		for _, child := range c.Spec.ChildResources {
			need(child.resource, "", "get", "list", "watch", "create", "update", "delete")
			if want := map[bool]string{true: "OnDelete", false: "InPlace"}[child.Resource == "jobs"]; child.UpdateStrategy.Method != want {
				t.Errorf("%s updates %s by %q, expected %s", file, child.Resource, child.UpdateStrategy.Method, want)
			}
		}
		if !c.Spec.GenerateSelector {
			t.Errorf("%s does not set generateSelector: every sync would fail", file)
		}
		for name, hook := range c.Spec.Hooks {
			if hook.Version != "" && hook.Version != "v1" {
				t.Errorf("%s has the hook %s in version %s: Metacontroller 1.5.20 knows v1 only", file, name, hook.Version)
			}
		}
	}
}

// TestPods: what is installed is restricted, bounded, and gets a token only where one is needed.
func TestPods(t *testing.T) {
	for _, file := range []string{"overlays/default/deployment.yaml", "overlays/shared-metacontroller/deployment.yaml"} {
		var d appsv1.Deployment
		if err := yaml.UnmarshalStrict([]byte(documents(t, file)[0]), &d); err != nil {
			t.Fatalf("cannot decode %s: %v", file, err)
		}
		pod := d.Spec.Template.Spec
		if pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
			t.Errorf("%s mounts a token into every container", file)
		}
		if s := pod.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot ||
			s.SeccompProfile == nil || s.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: the Pod is not restricted", file)
		}
		for _, c := range pod.Containers {
			checkContainer(t, file, c)
		}
	}
}

func checkContainer(t *testing.T, file string, c corev1.Container) {
	t.Helper()
	s := c.SecurityContext
	if s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
		s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem ||
		s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) {
		t.Errorf("%s: the container %s is not restricted", file, c.Name)
	}
	for _, name := range []corev1.ResourceName{corev1.ResourceCPU, corev1.ResourceMemory} {
		request, limit := c.Resources.Requests[name], c.Resources.Limits[name]
		if request.IsZero() || limit.IsZero() {
			t.Errorf("%s: the container %s has no request or no limit for %s", file, c.Name, name)
		}
	}
	if c.LivenessProbe == nil || c.ReadinessProbe == nil {
		t.Errorf("%s: the container %s has no probes", file, c.Name)
	}
	token := slices.ContainsFunc(c.VolumeMounts, func(m corev1.VolumeMount) bool {
		return m.MountPath == "/var/run/secrets/kubernetes.io/serviceaccount"
	})
	if token != (c.Name == "metacontroller") {
		t.Errorf("%s: the container %s has a token: %t, expected it for metacontroller only", file, c.Name, token)
	}
}
