#!/usr/bin/env bash
# Prints a kubeconfig for the account that manifests/endpoint made.
#
#   manifests/endpoint/kubeconfig.sh NAMESPACE [CONTEXT] > dst.kubeconfig
#
# KUBECONFIG and CONTEXT say which cluster; SERVER replaces the address, where the home cluster
# reaches that cluster by another one than you do.
set -euo pipefail

namespace=${1:?usage: $0 NAMESPACE [CONTEXT]}
kubectl=(kubectl)
[[ -z ${2:-} ]] || kubectl+=(--context "$2")

server=${SERVER:-$("${kubectl[@]}" config view --minify -o 'jsonpath={.clusters[0].cluster.server}')}
case $server in
*//127.* | *//localhost* | *//\[::1\]*)
  echo "$0: the address $server works on this machine only; set SERVER to one that the home cluster reaches" >&2
  ;;
esac

secret=("${kubectl[@]}" --namespace "$namespace" get secret kubemove-token)
for _ in 1 2 3 4 5; do
  token=$("${secret[@]}" -o 'jsonpath={.data.token}' | base64 -d)
  [[ -z $token ]] || break
  sleep 1
done
if [[ -z $token ]]; then
  echo "$0: the Secret kubemove-token in $namespace holds no token yet: try again in a moment" >&2
  exit 1
fi

cat <<EOF
apiVersion: v1
kind: Config
current-context: kubemove
clusters:
  - name: kubemove
    cluster:
      server: $server
      certificate-authority-data: $("${secret[@]}" -o 'jsonpath={.data.ca\.crt}')
users:
  - name: kubemove
    user:
      token: $token
contexts:
  - name: kubemove
    context:
      cluster: kubemove
      user: kubemove
      namespace: $namespace
EOF
