package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/hooks/metacontroller/apply"
)

// manifest is what a CompositeController says.
type manifest struct {
	Metadata struct{ Name string }
	Spec     struct {
		GenerateSelector bool
		ParentResource   resource
		ChildResources   []struct {
			resource       `json:",inline"`
			UpdateStrategy struct{ Method string }
		}
		Hooks map[string]struct{ Webhook struct{ URL string } }
	}
}

type resource struct{ APIVersion, Resource string }

func resourceOf(apiVersion, kind string) resource {
	plural := strings.ToLower(kind) + "s"
	if strings.HasSuffix(kind, "Switch") {
		plural = strings.ToLower(kind) + "es"
	}
	return resource{apiVersion, plural}
}

// TestControllers: the loop in Go has the controllers that are installed.
func TestControllers(t *testing.T) {
	const folder = "../../manifests/base/controllers"
	files, err := filepath.Glob(folder + "/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	installed := map[string]manifest{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var m manifest
		if err := yaml.Unmarshal(data, &m); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if !m.Spec.GenerateSelector || m.Spec.Hooks["sync"].Webhook.URL == "" || m.Spec.Hooks["finalize"].Webhook.URL == "" {
			t.Errorf("%s has no generated selector, or not both hooks", file)
		}
		installed[m.Metadata.Name] = m
	}
	kinds := Kinds(config.Config{})
	if len(Controllers()) != len(installed) || len(kinds) != len(installed) {
		t.Errorf("%d controllers for %d manifests and %d hooks", len(Controllers()), len(installed), len(kinds))
	}
	for _, c := range Controllers() {
		m, ok := installed[c.Name]
		if !ok {
			t.Errorf("%s is not in %s", c.Name, folder)
			continue
		}
		_, customize := m.Spec.Hooks["customize"]
		if customize != c.Customize || !strings.HasSuffix(m.Spec.Hooks["sync"].Webhook.URL, c.Path+"/sync") {
			t.Errorf("%s has the hooks %v", c.Name, m.Spec.Hooks)
		}
		if got := resourceOf(c.Parent.APIVersion, c.Parent.Kind); got != m.Spec.ParentResource {
			t.Errorf("%s has the parent %v, want %v", c.Name, got, m.Spec.ParentResource)
		}
		want, got := map[resource]apply.Method{}, map[resource]apply.Method{}
		for _, child := range m.Spec.ChildResources {
			want[child.resource] = apply.Method(child.UpdateStrategy.Method)
		}
		for _, child := range c.Children {
			got[resourceOf(child.Kind.APIVersion, child.Kind.Kind)] = child.Method
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("children of %s (-manifest +Go):\n%s", c.Name, diff)
		}
	}
}
