#!/usr/bin/env bash
# Installs the release in a folder as a user would: checksums, then krew from its manifest, then the program under both names.
#
#   hack/release/try.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
release=$(cd "$1" && pwd)

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
(cd "$release" && sha256sum --quiet --check checksums.txt)

go -C hack/tools/krew build -o "$temporary/krew" sigs.k8s.io/krew/cmd/krew
version=$(sed -n 's/^  version: //p' "$release/kubemove.yaml")
export KREW_ROOT=$temporary/root
"$temporary/krew" install --manifest="$release/kubemove.yaml" \
  --archive="$release/kubectl-move_${version}_$(go env GOOS)_$(go env GOARCH).tar.gz" 2>"$temporary/said" ||
  { cat "$temporary/said" >&2; exit 1; }
said=$("$KREW_ROOT/bin/kubectl-kubemove" version --client)
[[ $said == "client: $version" ]] || { echo "wrong: the program installed by krew says \"$said\", expected \"client: $version\"" >&2; exit 1; }
# The help names commands as the program was called.
"$KREW_ROOT/bin/kubectl-kubemove" --help | grep -q 'kubectl kubemove' || { echo "wrong: the help does not say kubectl kubemove" >&2; exit 1; }
echo "release: krew has installed $version for $(go env GOOS)/$(go env GOARCH)"
