package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kubemove/kubemove/hooks/config"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/internal/cli/installation"
	"github.com/kubemove/kubemove/internal/cli/kit"
	"github.com/kubemove/kubemove/internal/cli/render"
	"github.com/kubemove/kubemove/internal/cli/target"
)

type renderOptions struct {
	file, dir, now string
	output         kit.Output
}

func newRenderCommand(k *kit.Kit) *cobra.Command {
	o := &renderOptions{}
	c := &cobra.Command{
		Use: "render -f FILE", Short: "Show what the hooks make of an object, without a cluster",
		Long: "Run the hooks of this version in this program, and show what they answer for one of KubeMove's objects: its status, and the\n" +
			"children that should be there. What is observed comes from the YAML files of a folder, such as those that\n" +
			"kubectl get moveengines,movepairs,moveswitches,datasyncs,movereverses,jobs -o yaml writes. A registration of a mobilizer in\n" +
			"them counts, too. No cluster is asked.",
		Example: examples(k, "render -f moveengine.yaml", "render -f moveengine.yaml --observed objects --output name"),
		Args:    kit.Exactly(0, "no argument but -f FILE"),
		RunE:    func(c *cobra.Command, _ []string) error { return runRender(c.Context(), k, o) },
	}
	c.Flags().StringVarP(&o.file, "filename", "f", "", "the `FILE` with the parent, such as a MoveEngine; - for the input")
	c.Flags().StringVar(&o.dir, "observed", "", "`DIR` with the objects that are observed (default: there are none)")
	c.Flags().StringVar(&o.now, "now", "", "`TIME` at which the hooks are asked, such as 2026-11-21T08:00:00Z (default: now)")
	o.output.AddFlag(c, "yaml", "json", "name")
	return c
}

func runRender(ctx context.Context, k *kit.Kit, o *renderOptions) error {
	if err := o.output.Check(); err != nil {
		return err
	}
	if o.file == "" {
		return fault.Badly("no file is given: expected -f FILE with one of KubeMove's objects")
	}
	in, err := o.input(k)
	if err != nil {
		return err
	}
	answer, err := render.Render(ctx, in)
	if err != nil {
		return err
	}
	return o.show(k, answer)
}

// input of the hooks: files, and what an installation of this version has.
func (o *renderOptions) input(k *kit.Kit) (in render.Input, err error) {
	in.Now = k.Now()
	if o.now != "" {
		if in.Now, err = time.Parse(time.RFC3339, o.now); err != nil {
			return in, fault.Badly("--now is %q, expected a time such as 2026-11-21T08:00:00Z", o.now)
		}
	}
	wanted, err := installation.Build(nil)
	if err != nil {
		return in, err
	}
	in.Definitions = installation.Of(wanted, installation.Definition)
	if in.Config, err = configOf(wanted); err != nil {
		return in, err
	}
	data, err := readFile(k, o.file)
	if err != nil {
		return in, err
	}
	parents, err := objectsIn(o.file, data)
	if err != nil {
		return in, err
	}
	if len(parents) != 1 {
		return in, fault.Badly("%s has %d objects, expected one", o.file, len(parents))
	}
	in.Parent = parents[0]
	namespace := metav1.NamespaceDefault
	if n := k.Flags.Namespace; n != nil && *n != "" {
		namespace = *n
	}
	if in.Parent.GetNamespace() == "" {
		in.Parent.SetNamespace(namespace)
	}
	err = o.observe(&in)
	return in, err
}

// observe the objects of the folder. Those without a namespace are in that of the parent.
func (o *renderOptions) observe(in *render.Input) error {
	if o.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(o.dir)
	if err != nil {
		return fault.Badly("cannot read what is observed: %s", err)
	}
	for _, e := range entries {
		if e.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) {
			continue
		}
		file := filepath.Join(o.dir, e.Name())
		data, err := os.ReadFile(file)
		if err != nil {
			return fault.Badly("cannot read %s: %s", file, err)
		}
		list, err := objectsIn(file, data)
		if err != nil {
			return err
		}
		for _, x := range list {
			if x.GetAPIVersion() == config.APIVersion {
				if err := register(in.Config, &x); err != nil {
					return fault.Badly("%s: %s", file, err)
				}
				continue
			}
			if x.GetNamespace() == "" {
				x.SetNamespace(in.Parent.GetNamespace())
			}
			in.Observed = append(in.Observed, x)
		}
	}
	return nil
}

// configOf an installation.
func configOf(wanted []unstructured.Unstructured) (config.Config, error) {
	out := config.Config{Mobilizers: map[string]config.Mobilizer{}}
	for _, template := range installation.Of(wanted, "PodTemplate") {
		containers, _, _ := unstructured.NestedSlice(template.Object, "template", "spec", "containers")
		for _, c := range containers {
			if c, _ := c.(map[string]any); c["name"] == "task" {
				out.TaskImage, _ = c["image"].(string)
			}
		}
	}
	for _, m := range installation.Of(wanted, "ConfigMap") {
		data, _, _ := unstructured.NestedStringMap(m.Object, "data")
		for file, text := range data {
			mobilizer, err := config.Parse([]byte(text))
			if err != nil {
				return out, fmt.Errorf("%s: %w", file, err)
			}
			out.Mobilizers[mobilizer.Metadata.Name] = mobilizer
		}
	}
	return out, nil
}

func register(c config.Config, o *unstructured.Unstructured) error {
	data, err := o.MarshalJSON()
	if err != nil {
		return err
	}
	m, err := config.Parse(data)
	if err == nil {
		c.Mobilizers[m.Metadata.Name] = m
	}
	return err
}

// objectsIn a file of YAML or JSON; a list stands for its items.
func objectsIn(file string, data []byte) (out []unstructured.Unstructured, err error) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err == nil {
			document, err = yaml.YAMLToJSON(document)
		}
		if err == nil && string(document) == "null" {
			continue
		}
		var o unstructured.Unstructured
		if err == nil {
			err = o.UnmarshalJSON(document)
		}
		if err != nil {
			return nil, fault.Badly("%s: document %d is no object: %s", file, number, err)
		}
		if !o.IsList() {
			out = append(out, o)
			continue
		}
		list, err := o.ToList()
		if err != nil {
			return nil, fault.Badly("%s: document %d is no list: %s", file, number, err)
		}
		out = append(out, list.Items...)
	}
}

func (o *renderOptions) show(k *kit.Kit, answer render.Answer) error {
	all := append([]map[string]any{answer.Parent}, answer.Children...)
	switch {
	case o.output.Is("yaml"):
		for _, object := range all {
			data, err := yaml.Marshal(object)
			if err != nil {
				return err
			}
			fmt.Fprintf(k.Out, "---\n%s", data)
		}
	default:
		if _, err := o.output.Print(k, answer, func() (names []string) {
			for _, object := range all {
				names = append(names, target.Ref(&unstructured.Unstructured{Object: object}))
			}
			return names
		}); err != nil {
			return err
		}
	}
	for _, line := range conditionsOf(answer.Parent) {
		k.Narrate("%s", line)
	}
	if answer.ResyncAfterSeconds > 0 {
		k.Narrate("The hooks ask to be called again in %s.", time.Duration(answer.ResyncAfterSeconds*float64(time.Second)))
	}
	if answer.Finalized {
		k.Narrate("The hooks let the object go.")
	}
	return nil
}

// conditionsOf an object, a line each.
func conditionsOf(object map[string]any) (out []string) {
	conditions, _, _ := unstructured.NestedSlice(object, "status", "conditions")
	for _, c := range conditions {
		condition, _ := c.(map[string]any)
		out = append(out, strings.TrimSpace(fmt.Sprintf("%v=%v %v: %v", condition["type"], condition["status"], condition["reason"],
			condition["message"])))
	}
	return out
}
