package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// File is one file of manifests.
type File struct {
	// Name of the file, relative to the folder that was given.
	Name string
	// Objects in the order of the file, those of Lists among them.
	Objects []unstructured.Unstructured
	// Unread says why documents of the file are not objects; empty: all of them are.
	Unread []string
}

// Load reads every file of YAML or JSON below dir, or the one file that dir is.
func Load(dir string) ([]File, error) {
	var out []File
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		switch strings.ToLower(filepath.Ext(path)) {
		case ".yaml", ".yml", ".json":
		default:
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			name = filepath.Base(path)
		}
		file := Parse(data)
		file.Name = name
		out = append(out, file)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("cannot read the manifests: %w", err)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no file that ends in .yaml, .yml or .json: name a folder of manifests", dir)
	}
	return out, nil
}

// Parse splits a file into its objects.
func Parse(data []byte) File {
	var out File
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	for number := 1; ; number++ {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			out.Unread = append(out.Unread, fmt.Sprintf("document %d: %v", number, err))
			return out
		}
		objects, err := decode(document)
		if err != nil {
			out.Unread = append(out.Unread, fmt.Sprintf("document %d: %v", number, err))
		}
		out.Objects = append(out.Objects, objects...)
	}
}

// decode gives the object of a document, or those of a List; none of a document of comments.
func decode(document []byte) ([]unstructured.Unstructured, error) {
	data, err := yaml.YAMLToJSON(document)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(data, []byte("null")) {
		return nil, nil
	}
	if data[0] != '{' {
		return nil, errors.New("it is no object: expected a map with apiVersion and kind")
	}
	var u unstructured.Unstructured
	if err := u.UnmarshalJSON(data); err != nil {
		return nil, fmt.Errorf("it is no Kubernetes object: %w", err)
	}
	if !u.IsList() {
		return []unstructured.Unstructured{u}, nil
	}
	list, err := u.ToList()
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// byNamespace puts the objects of a file apart: each namespace that it names is an application
// of its own. Objects that name none are alone, or with those of the only namespace.
func byNamespace(objects []unstructured.Unstructured) map[string][]unstructured.Unstructured {
	out := map[string][]unstructured.Unstructured{}
	for _, o := range objects {
		out[o.GetNamespace()] = append(out[o.GetNamespace()], o)
	}
	if len(out) == 2 && out[""] != nil {
		for name := range out {
			if name != "" {
				return map[string][]unstructured.Unstructured{name: objects}
			}
		}
	}
	return out
}

// serverFields are in what kubectl get prints, and cannot be applied.
var serverFields = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}

// inNamespace is an object as it is in the namespace to, when its own is from: accounts of its
// own namespace are accounts of that one.
func inNamespace(o unstructured.Unstructured, from, to string) *unstructured.Unstructured {
	out := o.DeepCopy()
	for _, field := range serverFields {
		unstructured.RemoveNestedField(out.Object, "metadata", field)
	}
	out.SetNamespace(to)
	if o.GetKind() != "RoleBinding" {
		return out
	}
	subjects, _ := out.Object["subjects"].([]any)
	for _, s := range subjects {
		s, _ := s.(map[string]any)
		if s["kind"] == rbacv1.ServiceAccountKind && (s["namespace"] == from || s["namespace"] == nil) {
			s["namespace"] = to
		}
	}
	return out
}
