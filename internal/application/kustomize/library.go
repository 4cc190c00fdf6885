package kustomize

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// file is a kustomization.yaml. The fields of the API have Kustomize's own names.
type file struct {
	api.Kustomization `json:",inline"`
	Resources         []string `json:"resources"`
}

// resourcesFile holds the objects, in the memory of one run.
const resourcesFile = "objects.yaml"

// one run at a time: the library keeps its schema in a global variable.
var one sync.Mutex

// build runs Kustomize over some objects and gives back what they have become, in the same
// order. A panic of the library is an error.
func build(f file, objects []map[string]any) (out []unstructured.Unstructured, err error) {
	one.Lock()
	defer one.Unlock()
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, errors.New("Kustomize has ended with a panic")
		}
	}()
	f.Resources = []string{resourcesFile}
	kustomization, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	var resources bytes.Buffer
	for _, o := range objects {
		if err := encode(&resources, o); err != nil {
			return nil, err
		}
	}
	memory := filesys.MakeFsInMemory()
	if err := memory.WriteFile("/kustomization.yaml", kustomization); err != nil {
		return nil, err
	}
	if err := memory.WriteFile("/"+resourcesFile, resources.Bytes()); err != nil {
		return nil, err
	}
	// The default options: no plugins, and no files from outside of the root.
	results, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(memory, "/")
	if err != nil {
		return nil, err
	}
	for _, r := range results.Resources() {
		data, err := r.MarshalJSON()
		if err != nil {
			return nil, err
		}
		var u unstructured.Unstructured
		if err := u.UnmarshalJSON(data); err != nil {
			return nil, err
		}
		out = append(out, u)
	}
	return out, nil
}

// encode writes an object as JSON, which is YAML whose values have one meaning only. YAML takes
// fewer characters as they are than JSON does.
func encode(to *bytes.Buffer, object map[string]any) error {
	data, err := json.Marshal(object)
	if err != nil {
		return err
	}
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfeff || r == 0xfffe || r == 0xffff {
			fmt.Fprintf(to, `\u%04x`, r)
		} else {
			to.Write(data[:size])
		}
		data = data[size:]
	}
	to.WriteString("\n---\n")
	return nil
}
