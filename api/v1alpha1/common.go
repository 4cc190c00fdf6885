package v1alpha1

// LocalReference names an object in the namespace of the object that holds the reference.
type LocalReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// SecretKeyReference names one key of a Secret in the same namespace.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// key inside the Secret. Default: kubeconfig.
	// +optional
	// +default="kubeconfig"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Key string `json:"key,omitempty"`
}

// ClusterAccess says how a cluster is reached.
type ClusterAccess struct {
	// kubeconfigSecretRef names the Secret that holds a kubeconfig of the cluster. The
	// kubeconfig must carry its credentials inline: exec plugins, auth providers and file
	// references are refused.
	// +required
	KubeconfigSecretRef SecretKeyReference `json:"kubeconfigSecretRef"`
}

// Endpoint is one side of a move: a namespace in a cluster.
//
// +kubebuilder:validation:XValidation:rule="has(self.cluster) || !has(self.__namespace__) || size(self.__namespace__) == 0",message="namespace is set without cluster.kubeconfigSecretRef: another namespace is reached only with a kubeconfig; add cluster.kubeconfigSecretRef or remove namespace"
// +kubebuilder:validation:XValidation:rule="!has(self.cluster) || (has(self.__namespace__) && size(self.__namespace__) > 0)",message="cluster is set without namespace: add the namespace of the application in that cluster"
type Endpoint struct {
	// cluster says how the cluster is reached. Absent: the home cluster, where KubeMove is
	// installed, and then the namespace is that of the object itself.
	// +optional
	Cluster *ClusterAccess `json:"cluster,omitempty"`
	// namespace of the application in the cluster. Required with cluster, else absent.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`
	Namespace string `json:"namespace,omitempty"`
}

// StorageClassMapping replaces a StorageClass of the source by one of the target.
type StorageClassMapping struct {
	// from is the StorageClass at the source; "*" stands for every class that has no entry
	// of its own.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	From string `json:"from"`
	// to is the StorageClass at the target.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	To string `json:"to"`
}

// Target is a place to move to.
//
// +kubebuilder:validation:XValidation:rule="has(self.cluster) == has(oldSelf.cluster) && (!has(self.cluster) || self.cluster == oldSelf.cluster)",message="the cluster of a target is immutable: add a target with another name instead"
// +kubebuilder:validation:XValidation:rule="has(self.__namespace__) == has(oldSelf.__namespace__) && (!has(self.__namespace__) || self.__namespace__ == oldSelf.__namespace__)",message="the namespace of a target is immutable: add a target with another name instead"
type Target struct {
	// name of the target, unique in the engine; part of the names of its MovePair and
	// MoveSwitch (ENGINE-NAME).
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	Endpoint `json:",inline"`

	// storageClasses maps the StorageClasses of the source to those of the target. A class
	// without an entry keeps its name.
	// +optional
	// +listType=map
	// +listMapKey=from
	// +kubebuilder:validation:MaxItems=64
	StorageClasses []StorageClassMapping `json:"storageClasses,omitempty"`
	// kustomization changes the objects on their way to this target.
	// +optional
	Kustomization *Kustomization `json:"kustomization,omitempty"`
}

// Mobilizer chooses a data mobilizer (DDM) out of those that the installation registered.
type Mobilizer struct {
	// name of a registered mobilizer, such as restic.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`
	// parameters handed to the mobilizer as they are: names of at most 63 characters, values
	// of at most 1024. No secrets here.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 63 && size(self[k]) <= 1024)",message="a parameter has a name longer than 63 characters or a value longer than 1024: shorten it"
	Parameters map[string]string `json:"parameters,omitempty"`
	// credentialsSecretRef names a Secret, in the namespace of the MoveEngine, with what the
	// mobilizer needs to reach a place of the user's own, such as a repository. Which keys it
	// may hold the installation says for each mobilizer. It is read anew for every run.
	// +optional
	CredentialsSecretRef *LocalReference `json:"credentialsSecretRef,omitempty"`
}

// ClaimPolicy says what happens to the data of one claim.
// +kubebuilder:validation:Enum=Copy;CreateEmpty;Skip
type ClaimPolicy string

const (
	// ClaimCopy creates the claim at the target and copies its data. The default.
	ClaimCopy ClaimPolicy = "Copy"
	// ClaimCreateEmpty creates the claim at the target without data.
	ClaimCreateEmpty ClaimPolicy = "CreateEmpty"
	// ClaimSkip neither creates nor copies: the claim must exist at the target.
	ClaimSkip ClaimPolicy = "Skip"
)

// ClaimAccessMode is an access mode of a claim, as Kubernetes names it.
// +kubebuilder:validation:Enum=ReadWriteOnce;ReadOnlyMany;ReadWriteMany;ReadWriteOncePod
type ClaimAccessMode string

// ClaimTarget says in what a claim at the target differs from the one at the source.
//
// +kubebuilder:validation:XValidation:rule="!has(self.accessModes) || size(self.accessModes) == 0 || self.accessModes.exists(m, m != 'ReadOnlyMany')",message="accessModes has ReadOnlyMany alone, and the data could not be written: add ReadWriteOnce or ReadWriteMany"
type ClaimTarget struct {
	// name of the claim at the target. Default: the name at the source. The Pods of the
	// application mount it by the new name. The claims that a StatefulSet makes of its claim
	// templates can have no other name.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`
	// size that the claim asks for, a quantity of bytes such as 10Gi. Default: what the claim
	// at the source asks for, or has where that is more. It may be less than that, and not less
	// than the data takes.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[1-9][0-9]*(\.[0-9]+)?(k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$`
	Size string `json:"size,omitempty"`
	// storageClassName of the claim; it goes before the storageClasses of the target. An empty
	// text asks for a volume without a class. Default: what storageClasses says. With a class
	// that is named here the claim does not select its volume by labels any more, as most
	// provisioners refuse that.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	StorageClassName *string `json:"storageClassName,omitempty"`
	// accessModes of the claim. Default: those at the source.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	AccessModes []ClaimAccessMode `json:"accessModes,omitempty"`
}

// ClaimData overrides how one claim of the application is handled.
//
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.policy) || self.policy != 'Skip' || !has(self.target.size) && !has(self.target.storageClassName) && !has(self.target.accessModes)",message="the policy is Skip, so the claim at the target is used as it is: remove target.size, target.storageClassName and target.accessModes"
type ClaimData struct {
	// name of the claim at the source.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
	// mobilizer that copies this claim: a name of data.mobilizers. Default: the first one.
	// +optional
	// +kubebuilder:validation:MaxLength=40
	Mobilizer string `json:"mobilizer,omitempty"`
	// policy for the data: Copy (default), CreateEmpty or Skip.
	// +optional
	// +default="Copy"
	Policy ClaimPolicy `json:"policy,omitempty"`
	// target says in what the claim at the target differs from this one.
	// +optional
	Target ClaimTarget `json:"target,omitempty,omitzero"`
}

// Data says how the data moves.
//
// +kubebuilder:validation:XValidation:rule="!has(self.claims) || self.claims.all(c, !has(c.mobilizer) || size(c.mobilizer) == 0 || (has(self.mobilizers) && self.mobilizers.exists(m, m.name == c.mobilizer)))",message="a claim names a mobilizer that is not in data.mobilizers: add it there or correct the name"
type Data struct {
	// mobilizers in use; the first is the default for claims that name none. Default: restic.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Mobilizers []Mobilizer `json:"mobilizers,omitempty"`
	// claims with a handling of their own; every other claim of the application is copied.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	Claims []ClaimData `json:"claims,omitempty"`
	// verification of a final run: Metadata (default) compares everything on both sides but
	// the content of the files, Checksum their content too. Each side then reads all of its
	// data once more, while the application is stopped.
	// +optional
	// +kubebuilder:default=Metadata
	Verification Verification `json:"verification,omitempty"`
	// transport says how the data gets from the workers of the source to those of the target.
	// +optional
	Transport Transport `json:"transport,omitempty,omitzero"`
	// limits of each run. They are no part of a plan: a change voids no approval, and holds from the next run on.
	// +optional
	Limits Limits `json:"limits,omitempty,omitzero"`
}

// Limits of a run of one pair.
type Limits struct {
	// bytesPerSecond that the workers of the source send and receive at most, all volumes together, at least 16384. It holds
	// for the final run, too, which is in the downtime. Default: as fast as it goes.
	// +optional
	// +kubebuilder:validation:Minimum=16384
	BytesPerSecond int64 `json:"bytesPerSecond,omitempty"`
	// concurrentVolumes are copied at the same time at most. Default: 4.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	ConcurrentVolumes int32 `json:"concurrentVolumes,omitempty"`
}

// TransportType is how the workers of the source reach those of the target. All of them are
// under mutual TLS.
// +kubebuilder:validation:Enum=Auto;ClusterIP;NodePort;LoadBalancer;Relay
type TransportType string

// The ways of the data.
const (
	// TransportAuto takes a direct way where the source reaches one (a ClusterIP within one
	// cluster, a NodePort between two), else the relay. The default.
	TransportAuto TransportType = "Auto"
	// TransportClusterIP, TransportNodePort and TransportLoadBalancer put a Service of that
	// type in front of each worker of the target, for the time of a run, and use nothing else.
	TransportClusterIP    TransportType = "ClusterIP"
	TransportNodePort     TransportType = "NodePort"
	TransportLoadBalancer TransportType = "LoadBalancer"
	// TransportRelay goes through the API servers of both clusters, and needs nothing else.
	TransportRelay TransportType = "Relay"
)

// Transport says how the workers of the source reach those of the target.
//
// +kubebuilder:validation:XValidation:rule="!has(self.serviceAnnotations) || !has(self.type) || self.type != 'Relay'",message="serviceAnnotations are set, and the type Relay makes no Service: remove them or choose another type"
type Transport struct {
	// type: Auto (default) takes a direct way that the source reaches, a ClusterIP within one
	// cluster and a NodePort between two, and else goes through the API servers; Relay always
	// goes through the API servers; ClusterIP, NodePort and LoadBalancer go through a Service
	// of that type in the target namespace or not at all.
	// +optional
	// +default="Auto"
	Type TransportType `json:"type,omitempty"`
	// serviceAnnotations for that Service, as a cloud's load balancer may need them: at most
	// 32, values of at most 1024 characters.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && size(self[k]) <= 1024)",message="an annotation has a name longer than 317 characters or a value longer than 1024: shorten it"
	ServiceAnnotations map[string]string `json:"serviceAnnotations,omitempty"`
}

// Verification is how both sides of a copy are compared.
// +kubebuilder:validation:Enum=Metadata;Checksum
type Verification string

// The ways to compare.
const (
	VerificationMetadata Verification = "Metadata"
	VerificationChecksum Verification = "Checksum"
)

// Blocker is a reason why a plan cannot be carried out, with the way to remove it.
type Blocker struct {
	// reason in CamelCase, documented.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason"`
	// message says what was found, what was expected and one way to fix it.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	Message string `json:"message"`
	// object that is concerned: KIND/NAME, where there is one.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Object string `json:"object,omitempty"`
}
