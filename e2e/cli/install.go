package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/e2e/lab"
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// install KubeMove's kinds from the checkout at root, and wait until they are served.
func install(ctx context.Context, config *rest.Config, root string) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, "manifests", "crds", "kubemove.io_*.yaml"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("there is no definition in " + root)
	}
	for _, file := range files {
		if err := installFile(ctx, client, file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func installFile(ctx context.Context, client dynamic.Interface, file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	o := &unstructured.Unstructured{}
	if err := yaml.Unmarshal(data, &o.Object); err != nil {
		return err
	}
	if _, err := client.Resource(definitions).Create(ctx, o, metav1.CreateOptions{}); err != nil {
		return err
	}
	return lab.Await(ctx, time.Minute, file+" to be served", func(ctx context.Context) error {
		gvr := schema.GroupVersionResource{Group: "kubemove.io", Version: "v1alpha1",
			Resource: strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "kubemove.io_"), ".yaml")}
		_, err := client.Resource(gvr).List(ctx, metav1.ListOptions{})
		return err
	})
}

// writeKubeconfig writes a copy of a kubeconfig in which that namespace is the current one.
func writeKubeconfig(from, namespace, to string) error {
	config, err := clientcmd.LoadFromFile(from)
	if err != nil {
		return err
	}
	for _, c := range config.Contexts {
		c.Namespace = namespace
	}
	return clientcmd.WriteToFile(*config, to)
}
