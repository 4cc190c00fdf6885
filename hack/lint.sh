#!/usr/bin/env bash
# Runs golangci-lint with .golangci.yml on every module of the repository that holds code of it.
#
#   hack/lint.sh [ARGUMENT...]
#
# Arguments are passed on, e.g. --fix. The linter is compiled once (minutes) and kept in
# ~/.cache/kubemove (KUBEMOVE_CACHE); hack/tools/golangci-lint/go.mod says which version it is.
set -euo pipefail
cd "$(dirname "$0")/.."

# e2e/tools is left out: to load its few lines, all of Kubernetes and CoreDNS would have to be compiled.
modules=(. hooks/metacontroller/conformance e2e)

module=hack/tools/golangci-lint
version=$(go -C "$module" list -m -f '{{.Version}}' github.com/golangci/golangci-lint/v2)
key=$({ go env GOVERSION GOARCH; cat "$module/go.mod" "$module/go.sum"; } | sha256sum | cut -c1-12)
cache=${KUBEMOVE_CACHE:-$HOME/.cache/kubemove}
linter=$cache/tools/golangci-lint-$version-$key

# Compiles into a file beside the wanted one, so that a killed build leaves nothing that looks finished.
compile() {
  mkdir -p "$cache/tools"
  exec 9>"$linter.lock"
  flock 9
  [[ ! -x $linter ]] || return 0
  echo "lint: compiling golangci-lint $version (once, which may take minutes; kept in $cache/tools)"
  CGO_ENABLED=0 go -C "$module" build -trimpath -ldflags '-s -w' -o "$linter.building" \
    github.com/golangci/golangci-lint/v2/cmd/golangci-lint
  mv "$linter.building" "$linter"
}
[[ -x $linter ]] || compile

failed=0
for directory in "${modules[@]}"; do
  (cd "$directory" && "$linter" run "$@") || failed=1
done
exit "$failed"
