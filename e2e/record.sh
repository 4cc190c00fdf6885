#!/usr/bin/env bash
# Records what the real Metacontroller asks while an application moves and another is rolled
# back, for the golden tests of the hooks.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory up
kubectl=(.kubemove/bin/kubectl --kubeconfig .kubemove/src.kubeconfig -n kubemove-system)
dir=$PWD/.kubemove/record
rm -rf "$dir"
mkdir -p "$dir"
chmod 0777 "$dir" # The hook server is not root.

# A folder of the machine is more than the namespace allows else.
enforce=pod-security.kubernetes.io/enforce
"${kubectl[@]}" label --overwrite namespace kubemove-system "$enforce=privileged"
"${kubectl[@]}" patch deployment kubemove --type=json -p '[
  {"op":"add","path":"/spec/template/spec/containers/1/args/-","value":"--record=/record"},
  {"op":"add","path":"/spec/template/spec/containers/1/volumeMounts/-","value":{"name":"record","mountPath":"/record"}},
  {"op":"add","path":"/spec/template/spec/volumes/-","value":{"name":"record","hostPath":{"path":"'"$dir"'"}}}]'
trap '"${kubectl[@]}" rollout undo deployment/kubemove; "${kubectl[@]}" label --overwrite namespace kubemove-system "$enforce=restricted"' EXIT
"${kubectl[@]}" rollout status deployment/kubemove --timeout=120s
(cd e2e && KUBEMOVE_E2E_AS_IS=1 go test -count=1 -run '^(TestMoveDeployment|TestUnhealthyTargetRollsBack)$' .)
(cd e2e && go run ./cmd/record "$dir" ../hooks/testdata/recorded)
