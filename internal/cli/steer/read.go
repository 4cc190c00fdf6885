package steer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/snapshot"
)

// Manifest of a move, as it is applied.
type Manifest struct {
	Kind, Namespace, Name string
	// JSON of the object.
	JSON []byte
}

// Plural of the resource.
func (m Manifest) Plural() string {
	if m.Kind == snapshot.KindReverse {
		return "movereverses"
	}
	return "moveengines"
}

// Read the moves of a file of YAML or JSON. Those without a namespace get that of the kubeconfig; one that was given by flag has to
// be theirs.
func Read(data []byte, namespace, given string) ([]Manifest, error) {
	var out []Manifest
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for number := 1; ; number++ {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(document, &o.Object); err != nil {
			return nil, fmt.Errorf("document %d is no YAML: %w", number, err)
		}
		if len(o.Object) == 0 {
			continue
		}
		m, err := manifest(o, namespace, given)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", number, err)
		}
		out = append(out, m)
	}
	if len(out) == 0 {
		return nil, errors.New("it has no MoveEngine")
	}
	return out, nil
}

func manifest(o *unstructured.Unstructured, namespace, given string) (Manifest, error) {
	m := Manifest{Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName()}
	switch {
	case m.Kind != snapshot.KindEngine && m.Kind != snapshot.KindReverse:
		return m, fmt.Errorf("it is a %s, expected a MoveEngine or a MoveReverse: apply the rest with kubectl apply", m.Kind)
	case o.GetAPIVersion() != api.GroupVersion.String():
		return m, fmt.Errorf("its apiVersion is %q, expected %s", o.GetAPIVersion(), api.GroupVersion)
	case m.Name == "":
		return m, errors.New("it has no metadata.name")
	case m.Namespace != "" && given != "" && m.Namespace != given:
		return m, fmt.Errorf("its namespace is %s, and --namespace is %s: leave one of them out", m.Namespace, given)
	case m.Namespace == "":
		m.Namespace = namespace
		o.SetNamespace(namespace)
	}
	// What the API server has written is of no use in what is applied.
	unstructured.RemoveNestedField(o.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	var err error
	m.JSON, err = o.MarshalJSON()
	return m, err
}

// ManifestOf a MoveReverse.
func ManifestOf(r *api.MoveReverse) (Manifest, error) {
	body, err := json.Marshal(r)
	return Manifest{Kind: snapshot.KindReverse, Namespace: r.Namespace, Name: r.Name, JSON: body}, err
}
