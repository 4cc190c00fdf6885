// Package target is what the commands of a target decide: the account in the cluster and namespace of a target with its rights,
// which of these the caller may give, and what the Secret at home holds. It is pure: what was read goes in, and objects, texts and
// refusals come out.
package target

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	api "github.com/kubemove/kubemove/api/v1alpha1"
	"github.com/kubemove/kubemove/internal/cli/fault"
	"github.com/kubemove/kubemove/manifests"
)

// Key of the kubeconfig in a Secret, where an engine names no other.
const Key = "kubeconfig"

// Target that is added.
type Target struct {
	// Name of the Secret at home.
	Name string
	// ID is the value of the label of all its objects: see ID.
	ID string
	// Namespace of the application in the target's cluster.
	Namespace string
}

// ID of a target: it follows from the UID of the namespace at home and the name of the Secret there, so that no two targets of any
// clusters have one, and the same target always has the same.
func ID(homeUID, name string) string {
	sum := sha256.Sum256([]byte(homeUID + "/" + name))
	return hex.EncodeToString(sum[:8])
}

var validName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// CheckName says what is wrong with the name of a target, which engines may use too.
func CheckName(name string) error {
	if len(name) > 63 || !validName.MatchString(name) {
		return fault.Badly("%q cannot be the name of a target: expected at most 63 lower case letters, digits and -, such as dst", name)
	}
	return nil
}

// suffix of the names of its objects.
func (t Target) suffix() string { return t.Name + "-" + t.ID[:8] }

// Account is the name of its ServiceAccount, and of the Role and RoleBinding of that.
func (t Target) Account() string { return "kubemove-" + t.suffix() }

// TokenSecret is the name of the Secret of a token that does not end.
func (t Target) TokenSecret() string { return t.Account() + "-token" }

// Parts of the account's rights that are given on request, and its token.
type Parts struct {
	// ClusterCreate: it may create what an application names of the whole cluster.
	ClusterCreate bool
	// ClusterPods: it may list the Pods of all namespaces.
	ClusterPods bool
	// Token is a Secret that holds one until it is deleted.
	Token bool
}

// All parts that there are.
var All = Parts{ClusterCreate: true, ClusterPods: true, Token: true}

// order in which the objects of a target are created. What is bound is there before its binding, and the token, which begins to
// work at once, is the last.
var order = []string{"ServiceAccount", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "Secret"}

// Resources of the kinds of a target's objects.
var Resources = map[string]schema.GroupVersionResource{
	"Namespace":          {Version: "v1", Resource: "namespaces"},
	"ServiceAccount":     {Version: "v1", Resource: "serviceaccounts"},
	"Secret":             {Version: "v1", Resource: "secrets"},
	"Role":               {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
	"RoleBinding":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "rolebindings"},
	"ClusterRole":        {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterroles"},
	"ClusterRoleBinding": {Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "clusterrolebindings"},
}

// Objects of a target in its cluster, in the order of creation: those of manifests/endpoint, with names and a label of their own.
func (t Target) Objects(p Parts) ([]unstructured.Unstructured, error) {
	files := []string{"account.yaml", "role.yaml", "cluster-facts.yaml"}
	if p.ClusterCreate {
		files = append(files, "cluster-create.yaml")
	}
	if p.ClusterPods {
		files = append(files, "cluster-pods.yaml")
	}
	var out []unstructured.Unstructured
	for _, file := range files {
		data, err := manifests.Endpoint.ReadFile("endpoint/" + file)
		if err != nil {
			return nil, err
		}
		for doc := range strings.SplitSeq(string(data), "\n---\n") {
			var o unstructured.Unstructured
			if err := yaml.Unmarshal([]byte(doc), &o.Object); err != nil {
				return nil, fmt.Errorf("manifests/endpoint/%s: %w", file, err)
			}
			if o.GetKind() == "Secret" && !p.Token {
				continue
			}
			t.name(&o)
			out = append(out, o)
		}
	}
	slices.SortStableFunc(out, func(a, b unstructured.Unstructured) int {
		return slices.Index(order, a.GetKind()) - slices.Index(order, b.GetKind())
	})
	return out, nil
}

// Wanted are the rights of an account that nothing was left out for, but for those on request.
func Wanted() ([]Right, error) {
	objects, err := Target{ID: ID("", "")}.Objects(Parts{})
	if err != nil {
		return nil, err
	}
	return Rights(objects)
}

// name an object of the manifests as this target's.
func (t Target) name(o *unstructured.Unstructured) {
	o.SetName(t.rename(o.GetKind(), o.GetName()))
	if o.GetNamespace() != "" {
		o.SetNamespace(t.Namespace)
	}
	o.SetLabels(t.labels())
	if a := o.GetAnnotations(); a["kubernetes.io/service-account.name"] != "" {
		a["kubernetes.io/service-account.name"] = t.Account()
		o.SetAnnotations(a)
	}
	if ref, ok := o.Object["roleRef"].(map[string]any); ok {
		kind, _ := ref["kind"].(string)
		name, _ := ref["name"].(string)
		ref["name"] = t.rename(kind, name)
	}
	subjects, _ := o.Object["subjects"].([]any)
	for _, s := range subjects {
		if subject, ok := s.(map[string]any); ok {
			subject["name"], subject["namespace"] = t.Account(), t.Namespace
		}
	}
}

// rename what the manifests call kubemove..., where APPLICATION stands for the namespace.
func (t Target) rename(kind, name string) string {
	name = strings.TrimSuffix(name, "-APPLICATION")
	if strings.HasPrefix(kind, "Cluster") {
		return name + "-" + t.suffix()
	}
	return t.Account() + strings.TrimPrefix(name, "kubemove")
}

// labels of all objects of a target, there and at home. The second one says that they are no part of an application.
func (t Target) labels() map[string]string {
	return map[string]string{
		"app.kubernetes.io/part-of": "kubemove", api.ManagedByLabel: api.ManagedByValue, api.TargetLabel: t.ID,
	}
}

// IsOurs says whether an object carries the label of this target.
func (t Target) IsOurs(labels map[string]string) bool { return labels[api.TargetLabel] == t.ID }

// Ref of an object as people read it: KIND/NAME in lower case.
func Ref(o *unstructured.Unstructured) string {
	return strings.ToLower(o.GetKind()) + "/" + o.GetName()
}
