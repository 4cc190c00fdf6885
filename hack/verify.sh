#!/usr/bin/env bash
# Checks that need no cluster: generated files are current, the linter finds nothing (.golangci.yml),
# packages reach only what they may, modules are tidy, and every kustomization builds.
# Prints everything that is wrong, not only the first thing.
set -uo pipefail
cd "$(dirname "$0")/.."

failed=0
wrong() {
  printf 'wrong: %s\n' "$*" >&2
  failed=1
}
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

check_generated() {
  mkdir "$temporary/generated"
  hack/generate.sh "$temporary/generated" || { wrong "cannot generate"; return; }
  local file
  for file in "$temporary"/generated/*.yaml; do
    diff -u "manifests/crds/$(basename "$file")" "$file" || wrong "manifests/crds/$(basename "$file") is not current: run hack/generate.sh"
  done
  for file in manifests/crds/kubemove.io_*.yaml; do
    [[ -e $temporary/generated/$(basename "$file") ]] || wrong "$file belongs to no kind: remove it"
  done
  diff -u api/v1alpha1/zz_generated.deepcopy.go "$temporary/generated/zz_generated.deepcopy.go" ||
    wrong "api/v1alpha1/zz_generated.deepcopy.go is not current: run hack/generate.sh"
}

check_lint() {
  hack/lint.sh || wrong "the linter has found something: hack/lint.sh --fix corrects what it can, .golangci.yml says why"
}

# Packages and what they must not reach through others; what they import themselves is the linter's.
check_imports() {
  forbid() { # PACKAGES REGEXP WHY
    local found
    # shellcheck disable=SC2086
    found=$(go list -f '{{$p := .ImportPath}}{{range .Deps}}{{$p}} {{.}}{{"\n"}}{{end}}' $1 | grep -E " ($2)" | sort -u)
    [[ -z $found ]] || wrong "$3:"$'\n'"$(head -5 <<<"$found")"
  }
  local module=github.com/kubemove/kubemove
  forbid "./hooks/... ./internal/application/... ./internal/bundle/... ./internal/lineage/... ./internal/planfile/... ./internal/workload/..." \
    'k8s\.io/client-go/(kubernetes|dynamic|rest|discovery|tools|transport)' \
    "hooks and internal/{application,bundle,lineage,planfile,workload} are pure and import no client"
  forbid "./hooks/..." "$module/(internal/steps|internal/cluster|internal/transfer|ddm)(/|\$)" \
    "hooks import neither internal/steps nor ddm"
  forbid "./api/... ./task/..." "$module/(hooks|internal|ddm|cmd)(/|\$)" \
    "api and task are public and import nothing of the rest"
}

check_modules() {
  ! grep -nE '^\s*replace\b' go.mod || wrong "go.mod has a replace: who imports this module would not have it"
  go mod tidy -diff || wrong "go.mod or go.sum is not tidy: run go mod tidy"
}

check_manifests() {
  local build=(kubectl kustomize)
  if ! command -v kubectl >/dev/null; then
    local cached
    cached=$(compgen -G ".kubemove/bin/kubectl" || true)
    if [[ -n $cached ]]; then
      build=("$cached" kustomize)
    else
      go -C hack/tools build -o "$temporary/kustomize" sigs.k8s.io/kustomize/kustomize/v5 || { wrong "cannot build kustomize"; return; }
      build=("$temporary/kustomize" build)
    fi
  fi
  local file
  while read -r file; do
    # Components are parts of an overlay and are built with it.
    ! grep -q '^kind: Component' "$file" || continue
    "${build[@]}" "$(dirname "$file")" >/dev/null || wrong "$file does not build"
  done < <(find manifests examples e2e/manifests -name kustomization.yaml 2>/dev/null | sort)
}

for check in generated lint imports modules manifests; do
  echo "verify: $check"
  "check_$check"
done
exit "$failed"
