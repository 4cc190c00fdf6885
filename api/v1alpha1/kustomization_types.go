package v1alpha1

// Kustomization changes the objects that are created at the target: a part of Kustomize's own
// kustomization.yaml, with the same names and meanings, and run by Kustomize's library. It
// knows no files, no URLs, no generators and no plugins.
//
// +kubebuilder:validation:XValidation:rule="!has(self.patches) || self.patches.map(p, size(p.patch)).sum() <= 16384",message="the patches hold more than 16384 characters in all: shorten them, or make the change at the source"
type Kustomization struct {
	// namePrefix is put in front of the names of all objects that are created, and of what
	// refers to them.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^([a-z0-9][-a-z0-9]*)?$`
	NamePrefix string `json:"namePrefix,omitempty"`
	// commonAnnotations are added to all objects and to the templates of Pods: at most 32,
	// values of at most 1024 characters.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && size(self[k]) <= 1024)",message="an annotation has a name longer than 317 characters or a value longer than 1024: shorten it"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('kubemove.io/'))",message="annotations under kubemove.io/ are KubeMove's own: choose another name"
	CommonAnnotations map[string]string `json:"commonAnnotations,omitempty"`
	// labels are added to all objects, in the order of the list.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Labels []KustomizeLabels `json:"labels,omitempty"`
	// images get another name, tag or digest, in the order of their names.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Images []KustomizeImage `json:"images,omitempty"`
	// replicas of Deployments and StatefulSets.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Replicas []KustomizeReplicas `json:"replicas,omitempty"`
	// patches change single objects, in the order of the list, before everything else: at most
	// 32, of 16384 characters in all. One that matches no object blocks the plan.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Patches []KustomizePatch `json:"patches,omitempty"`
}

// KustomizeLabels are labels that are added to all objects.
type KustomizeLabels struct {
	// pairs of names and values, at most 16.
	// +required
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && size(self[k]) <= 63)",message="a label has a name longer than 317 characters or a value longer than 63: shorten it"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('kubemove.io/'))",message="labels under kubemove.io/ are KubeMove's own: choose another name"
	Pairs map[string]string `json:"pairs"`
	// includeSelectors adds the labels to selectors and to the templates of Pods, too.
	// Default: false.
	// +optional
	IncludeSelectors bool `json:"includeSelectors,omitempty"`
	// includeTemplates adds the labels to the templates of Pods, too. Default: false.
	// +optional
	IncludeTemplates bool `json:"includeTemplates,omitempty"`
}

// KustomizeImage replaces parts of an image's name.
//
// +kubebuilder:validation:XValidation:rule="!has(self.newTag) || !has(self.digest)",message="newTag and digest are both set: an image has one of them, remove the other"
// +kubebuilder:validation:XValidation:rule="has(self.newName) || has(self.newTag) || has(self.digest)",message="the entry changes nothing: set newName, newTag or digest"
type KustomizeImage struct {
	// name of the image as the source has it, without its tag and digest, such as
	// docker.io/library/nginx.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][-a-zA-Z0-9._:/]*$`
	Name string `json:"name"`
	// newName of the image. Default: it keeps its name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9][-a-zA-Z0-9._:/]*$`
	NewName string `json:"newName,omitempty"`
	// newTag of the image. Default: it keeps its tag and digest.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[a-zA-Z0-9_][-a-zA-Z0-9_.]*$`
	NewTag string `json:"newTag,omitempty"`
	// digest of the image, such as sha256:..., instead of a tag.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:Pattern=`^sha256:[a-f0-9]{64}$`
	Digest string `json:"digest,omitempty"`
}

// KustomizeReplicas sets how many Pods a workload has.
type KustomizeReplicas struct {
	// name of a Deployment or StatefulSet.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// count of replicas at the target; 0 creates the workload stopped.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=2147483647
	Count int64 `json:"count"`
}

// KustomizePatch changes the objects that it matches.
type KustomizePatch struct {
	// patch as text: a strategic merge patch (YAML or JSON), or a list of the operations of a
	// JSON patch (RFC 6902).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16384
	Patch string `json:"patch"`
	// target selects the objects to change. Required for a JSON patch; a strategic merge patch
	// without a target is for the object that its apiVersion, kind and metadata.name say.
	// +optional
	Target *KustomizeTarget `json:"target,omitempty"`
}

// KustomizeTarget selects objects: those that every field that is set matches. group, version,
// kind and name are regular expressions for the whole text.
type KustomizeTarget struct {
	// group of the kind, such as apps.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Group string `json:"group,omitempty"`
	// version of the kind, such as v1.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Version string `json:"version,omitempty"`
	// kind, such as Deployment.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`
	// name of the object.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
	// labelSelector in the form of kubectl, such as app=shop.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	LabelSelector string `json:"labelSelector,omitempty"`
	// annotationSelector in the same form, over annotations.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	AnnotationSelector string `json:"annotationSelector,omitempty"`
}
