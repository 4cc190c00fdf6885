// Package installation is what kubectl move installs: the objects of the manifests in the order in which they are applied, and what
// of them is removed again. It is pure.
package installation

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/manifests"
)

// Namespace of an installation, and the Deployments that there may be in it: with a Metacontroller of its own, and for a shared one.
const (
	Namespace        = "kubemove-system"
	Deployment       = "kubemove"
	SharedDeployment = "kubemove-hooks"
)

// Containers of the Deployment.
const (
	HooksContainer          = "hooks"
	MetacontrollerContainer = "metacontroller"
)

// PartOf is the label of what belongs to an installation, and PartOfValue its value.
const (
	PartOf      = "app.kubernetes.io/part-of"
	PartOfValue = "kubemove"
)

// Images are other images than those of the manifests, by their names there: see ImageNames.
type Images map[string]string

// imageNames of the manifests by what they are called on the command line.
var imageNames = map[string]string{
	"hooks": "ghcr.io/kubemove/hooks", "task": "ghcr.io/kubemove/task", "ddm": "ghcr.io/kubemove/ddm",
	"metacontroller": "ghcr.io/metacontroller/metacontroller",
}

// ImageNames are the keys of Images.
func ImageNames() []string { return []string{"hooks", "task", "ddm", "metacontroller"} }

// image as Kustomize replaces it.
func image(key, reference string) (types.Image, error) {
	name, tag, digest := split(reference)
	switch {
	case imageNames[key] == "":
		return types.Image{}, fault.Badly("there is no image %q, expected one of %s", key, strings.Join(ImageNames(), ", "))
	case name == "" || strings.ContainsAny(reference, " \t\n\"'"):
		return types.Image{}, fault.Badly("--image-%s is %q, expected an image such as %s:v0.1.0", key, reference, imageNames[key])
	case tag == "" && digest == "":
		return types.Image{}, fault.Badly("--image-%s is %q without a version, expected a tag or a digest, such as %s:v0.1.0", key, reference,
			reference)
	}
	return types.Image{Name: imageNames[key], NewName: name, NewTag: tag, Digest: digest}, nil
}

// overlay over the manifests: labels, and other images.
func overlay(images Images) ([]byte, error) {
	k := types.Kustomization{
		TypeMeta:     types.TypeMeta{APIVersion: types.KustomizationVersion, Kind: types.KustomizationKind},
		Resources:    []string{"../manifests/overlays/default", "../manifests/crds"},
		Transformers: []string{"../manifests/images"},
		Labels:       []types.Label{{Pairs: map[string]string{PartOf: PartOfValue}}},
	}
	for _, key := range ImageNames() {
		if images[key] == "" {
			continue
		}
		i, err := image(key, images[key])
		if err != nil {
			return nil, err
		}
		k.Images = append(k.Images, i)
	}
	return json.Marshal(k)
}

// one run at a time: the library keeps its schema in a global variable.
var one sync.Mutex

// Build the objects of an installation, in the order in which they are applied.
func Build(images Images) ([]unstructured.Unstructured, error) {
	over, err := overlay(images)
	if err != nil {
		return nil, err
	}
	memory := filesys.MakeFsInMemory()
	if err := memory.WriteFile("/installation/kustomization.yaml", over); err != nil {
		return nil, err
	}
	err = fs.WalkDir(manifests.Installation, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := manifests.Installation.ReadFile(path)
		if err != nil {
			return err
		}
		return memory.WriteFile("/manifests/"+path, data)
	})
	if err != nil {
		return nil, err
	}
	one.Lock()
	defer one.Unlock()
	results, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(memory, "/installation")
	if err != nil {
		return nil, fmt.Errorf("the manifests in this program cannot be built: %w", err)
	}
	out := make([]unstructured.Unstructured, 0, results.Size())
	for _, r := range results.Resources() {
		data, err := r.MarshalJSON()
		if err != nil {
			return nil, err
		}
		var o unstructured.Unstructured
		if err := o.UnmarshalJSON(data); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	slices.SortStableFunc(out, func(a, b unstructured.Unstructured) int { return stageOf(&a) - stageOf(&b) })
	return out, nil
}
