#!/usr/bin/env bash
# Writes what is generated from api/: the deepcopy functions and the CRDs.
#
#   hack/generate.sh [DIRECTORY]
#
# With a directory, everything goes there instead (hack/verify.sh compares).
set -euo pipefail
cd "$(dirname "$0")/.."

generator=$(mktemp -d)/controller-gen
trap 'rm -rf "$(dirname "$generator")"' EXIT
go -C hack/tools build -o "$generator" sigs.k8s.io/controller-tools/cmd/controller-gen

objects=${1:-api/v1alpha1}
crds=${1:-manifests/crds}
"$generator" object paths=./api/... output:object:dir="$objects"
"$generator" crd paths=./api/... output:crd:dir="$crds"
