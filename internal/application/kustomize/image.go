package kustomize

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	api "github.com/kubemove/kubemove/api/v1alpha1"
)

// image replaces parts of the names of images. Kustomize gets to see a Pod with one container
// for each of those that the entry is for, and says what becomes of them.
func (l *layer) image(entry api.KustomizeImage) {
	where := fmt.Sprintf("images[%s]", entry.Name)
	all := map[string]bool{}
	for i := range l.objects {
		eachImage(l.objects[i].Object, func(name string) string { all[name] = true; return name })
	}
	// The form in which Kustomize knows an image again.
	form, err := regexp.Compile("^" + entry.Name + `(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$`)
	if err != nil {
		l.invalid(where, -1, "has a name that is no image's; correct it")
		return
	}
	names := slices.Sorted(maps.Keys(all))
	concerned := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !form.MatchString(name) })
	if len(concerned) == 0 {
		l.fail(api.ReasonPatchMatchesNothing, -1,
			"%s.%s matches no image of what moves: expected one of these, without tag and digest: [%s]; correct the name, or remove the entry",
			l.name, where, fewNames(names))
		return
	}
	became, err := l.becomeOf(concerned, entry)
	if err != nil {
		l.invalid(where, -1, "cannot be applied: %s; correct it", inWords(err))
		return
	}
	for i := range l.objects {
		l.rename(i, became)
	}
}

// becomeOf says what the entry makes of each image.
func (l *layer) becomeOf(images []string, entry api.KustomizeImage) (map[string]string, error) {
	var containers []any
	for i, name := range images {
		containers = append(containers, map[string]any{"name": fmt.Sprint(i), "image": name})
	}
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "images"},
		"spec": map[string]any{"containers": containers}}
	out, err := build(file{Kustomization: api.Kustomization{Images: []api.KustomizeImage{entry}}}, []map[string]any{pod})
	if err != nil {
		return nil, err
	}
	after, _, _ := unstructured.NestedSlice(out[0].Object, "spec", "containers")
	if len(after) != len(images) {
		return nil, ownError("%d images have become %d", len(images), len(after))
	}
	became := map[string]string{}
	for i, name := range images {
		container, _ := after[i].(map[string]any)
		became[name], _ = container["image"].(string)
	}
	return became, nil
}

// rename gives the images of an object their new names.
func (l *layer) rename(i int, became map[string]string) {
	concerned := false
	eachImage(l.objects[i].Object, func(name string) string {
		concerned = concerned || became[name] != ""
		return name
	})
	if !concerned {
		return
	}
	next := l.objects[i].DeepCopy()
	eachImage(next.Object, func(name string) string {
		if to := became[name]; to != "" {
			return to
		}
		return name
	})
	l.objects[i] = *next
}

// eachImage visits the images of an object where Kustomize looks for them: in the containers of
// any depth, and in the volumes that are images. What visit returns is written where it differs.
func eachImage(value any, visit func(string) string) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			eachImage(item, visit)
		}
	case map[string]any:
		for key, item := range v {
			list, _ := item.([]any)
			switch key {
			case "containers", "initContainers":
				for _, c := range list {
					c, _ := c.(map[string]any)
					visitText(c, "image", visit)
				}
			case "volumes":
				for _, volume := range list {
					volume, _ := volume.(map[string]any)
					source, _ := volume["image"].(map[string]any)
					visitText(source, "reference", visit)
				}
			}
			eachImage(item, visit)
		}
	}
}

func visitText(m map[string]any, key string, visit func(string) string) {
	text, ok := m[key].(string)
	if !ok {
		return
	}
	if to := visit(text); to != text {
		m[key] = to
	}
}

// fewNames lists some names.
func fewNames(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
