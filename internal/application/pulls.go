package application

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Pull is a set of images that workloads of the plan need at the target, and how and where
// their Pods would have them pulled.
type Pull struct {
	// Workloads that need the set, in the order of the plan.
	Workloads []Ref `json:"-"`
	// Images, each once.
	Images []Image `json:"images"`
	// Secrets to pull with.
	Secrets []PullSecret `json:"secrets,omitempty"`
	// Account that the Pods run as where the target has it already: it may name Secrets, too.
	Account string `json:"account,omitempty"`

	NodeSelector map[string]string    `json:"nodeSelector,omitempty"`
	NodeAffinity *corev1.NodeAffinity `json:"nodeAffinity,omitempty"`
	Tolerations  []corev1.Toleration  `json:"tolerations,omitempty"`
	RuntimeClass *string              `json:"runtimeClass,omitempty"`
}

// Image that a container runs.
type Image struct {
	Name   string            `json:"name"`
	Policy corev1.PullPolicy `json:"policy,omitempty"`
}

// PullSecret is a Secret with the credentials of a registry.
type PullSecret struct {
	Name string `json:"name"`
	// Content that the plan would create; nil: the target has it, or it is nowhere.
	Content *corev1.Secret `json:"-"`
}

// Key is the same for two sets of which one says everything about the other. It does not
// depend on what the Secrets hold.
func (p Pull) Key() string {
	data, err := json.Marshal(p)
	if err != nil {
		// A Pull is made of values that came from JSON: this cannot happen.
		panic(fmt.Sprintf("cannot encode a set of images: %v", err))
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])[:16]
}

// Pulls are the images that the plan's workloads need, each set once. What does not run once
// it is moved needs none.
func (p *Plan) Pulls() []Pull {
	var out []Pull
	at := map[string]int{}
	for i := range p.Objects {
		o := &p.Objects[i]
		if !isWorkload(o.kind()) || p.idle(o) {
			continue
		}
		template, err := podTemplate(&o.Object, o.kind())
		if err != nil {
			continue // The target's dry run says it.
		}
		set := p.pullOf(template)
		if len(set.Images) == 0 {
			continue
		}
		if n, there := at[set.Key()]; there {
			out[n].Workloads = append(out[n].Workloads, o.Ref)
			continue
		}
		at[set.Key()] = len(out)
		set.Workloads = []Ref{o.Ref}
		out = append(out, set)
	}
	return out
}

// idle: the workload runs no Pods at the target, as a person has stopped it before the move, or
// a kustomization stops it there.
func (p *Plan) idle(o *Object) bool {
	scaled := slices.ContainsFunc(p.Workloads, func(w Workload) bool { return w.Ref == o.SourceRef() && w.Autoscaled })
	return o.Workload() != nil && o.Workload().Stopped(&o.Object) && !scaled
}

func (p *Plan) pullOf(t *corev1.PodTemplateSpec) Pull {
	set := Pull{NodeSelector: t.Spec.NodeSelector, Tolerations: t.Spec.Tolerations, RuntimeClass: t.Spec.RuntimeClassName}
	if a := t.Spec.Affinity; a != nil {
		// Other Pods, which the rest of it is about, are not there yet.
		set.NodeAffinity = a.NodeAffinity
	}
	for _, c := range containers(&t.Spec) {
		image := Image{Name: c.Image, Policy: c.ImagePullPolicy}
		if image.Name != "" && !slices.Contains(set.Images, image) {
			set.Images = append(set.Images, image)
		}
	}
	secrets := t.Spec.ImagePullSecrets
	if len(secrets) == 0 {
		// Only then those of the account count.
		secrets, set.Account = p.accountSecrets(accountOf(t))
	}
	for _, s := range secrets {
		set.Secrets = append(set.Secrets, PullSecret{Name: s.Name, Content: p.secret(s.Name)})
	}
	return set
}

// accountSecrets are the pull secrets that an account will have at the target. For one that the
// plan says nothing of, existing is its name.
func (p *Plan) accountSecrets(name string) (secrets []corev1.LocalObjectReference, existing string) {
	ref := refTo(kindServiceAccount, name)
	for i := range p.Objects {
		if p.Objects[i].Ref == ref {
			return pullSecretsOf(p.Objects[i].Object.Object), ""
		}
	}
	for _, r := range p.Requires {
		if r.Ref == ref && r.Object != nil {
			if secrets = pullSecretsOf(r.Object.Object); len(secrets) > 0 {
				return secrets, ""
			}
		}
	}
	return nil, name
}

func pullSecretsOf(account map[string]any) []corev1.LocalObjectReference {
	a, err := decode[corev1.ServiceAccount](account)
	if err != nil {
		return nil
	}
	return a.ImagePullSecrets
}

// secret that the plan creates; nil: it creates none of the name.
func (p *Plan) secret(name string) *corev1.Secret {
	ref := refTo(kindSecret, name)
	for i := range p.Objects {
		if p.Objects[i].Ref != ref {
			continue
		}
		if s, err := decode[corev1.Secret](p.Objects[i].Object.Object); err == nil {
			return s
		}
	}
	return nil
}
