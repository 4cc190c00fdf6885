// Package manifests holds the manifests of this folder for the programs that apply them, so that these and
// kubectl kustomize have one source.
package manifests

import "embed"

// Endpoint are the files of the account that a move uses in another cluster or namespace. APPLICATION in
// them stands for the namespace.
//
//go:embed endpoint/*.yaml
var Endpoint embed.FS

// Installation are the files of an installation with a Metacontroller of its own: the kinds, and what
// kubectl kustomize reads for overlays/default.
//
//go:embed crds base overlays/default images
var Installation embed.FS
