package v1alpha1

// PredictionBasis is where a prediction comes from.
// +kubebuilder:validation:Enum=Measured;Estimated
type PredictionBasis string

// The bases of a prediction.
const (
	// BasisMeasured: runs of this pair have taken so long.
	BasisMeasured PredictionBasis = "Measured"
	// BasisEstimated: from what the volumes hold, at the rates of KubeMove's own benchmark.
	BasisEstimated PredictionBasis = "Estimated"
)

// PredictedDowntime is what a downtime is predicted to be made of.
type PredictedDowntime struct {
	// stopSeconds for the application to end at the source, as the plan says.
	// +optional
	StopSeconds int64 `json:"stopSeconds,omitempty"`
	// copySeconds of the final run: the copy and the comparison of both sides.
	// +optional
	CopySeconds int64 `json:"copySeconds,omitempty"`
	// copyBasis says where copySeconds comes from: Measured or Estimated.
	// +optional
	CopyBasis PredictionBasis `json:"copyBasis,omitempty"`
	// ownSeconds that KubeMove itself needs in the downtime: for its records and checks, to remove the workers and to
	// create the objects.
	// +optional
	OwnSeconds int64 `json:"ownSeconds,omitempty"`
	// startSeconds for the application to become ready at the target, as the plan says.
	// +optional
	StartSeconds int64 `json:"startSeconds,omitempty"`
}
