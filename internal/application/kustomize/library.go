package kustomize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
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
			out, err = nil, fmt.Errorf("Kustomize has ended with a panic")
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

// What Kustomize's messages quote: the patch, values of objects, and texts that could not be
// read. All of it may hold secrets.
var quoted = []*regexp.Regexp{
	regexp.MustCompile(`(?s)\[patch: .*$`),
	regexp.MustCompile(`(?s):? *value: *\{.*$`),
	regexp.MustCompile("(?s)`[^`]*(`|$)"),
	regexp.MustCompile(`(?s)"[^"]{64,}("|$)`),
	regexp.MustCompile(`(?s)'[^']*('|$)`),
}

// configEnd is what stands between the quoted entry and what is wrong with it.
const configEnd = "`: "

// cleaned is a message of Kustomize without what it quotes, and without where it has found it
// in memory.
func cleaned(message string) string {
	if i := strings.LastIndex(message, configEnd); strings.HasPrefix(message, "trouble configuring") && i >= 0 {
		message = message[i+len(configEnd):]
	}
	message, _, _ = strings.Cut(message, "\n")
	for _, q := range quoted {
		message = q.ReplaceAllString(message, "")
	}
	message = strings.ReplaceAll(strings.ReplaceAll(message, "/"+resourcesFile, "the objects"), resourcesFile, "the objects")
	const most = 400
	if message = strings.TrimRight(message, " :"); len(message) > most {
		message = strings.ToValidUTF8(message[:most], "") + "..."
	}
	if message == "" {
		return "it cannot be applied"
	}
	return message
}
