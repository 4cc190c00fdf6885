#!/usr/bin/env bash
# Makes docs/pictures from a real move: an application with 1.5 GiB goes from one cluster of the lab to the other, and is looked
# at while its data is copied.
#
#   e2e/picture.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(realpath --canonicalize-missing "${1:-docs/pictures}")

make up
export PATH=$PWD/.kubemove/bin:$PATH
export KUBECONFIG=$PWD/.kubemove/picture.kubeconfig
application=journal
temporary=$(mktemp -d)

tear_down() {
  status=$?
  kubectl move delete "$application" --yes || true
  kubectl move target remove dst --context dst --yes || true
  kubectl --context src delete namespace "$application" --wait=false || true
  kubectl --context dst delete namespace "$application" --wait=false || true
  rm -rf "$temporary" "$KUBECONFIG"
  exit "$status"
}

go -C e2e run ./cmd/lab contexts "$KUBECONFIG" "$application"
trap tear_down EXIT
kubectl create namespace "$application"
sed "s/storage: 64Mi/storage: 4Gi/" examples/first-move/app.yaml | kubectl apply --filename -
kubectl rollout status deployment/journal --timeout=5m
kubectl exec deployment/journal -- sh -c 'for i in 1 2 3 4 5 6; do head -c 268435456 /dev/urandom > /data/part-$i; done'
kubectl move target add dst --context dst --yes
kubectl move init --output "$temporary/moveengine.yaml"
kubectl move start --filename "$temporary/moveengine.yaml"
kubectl move switch --yes
make picture PICTURE_ARGS="-out $out -kubeconfig $KUBECONFIG -move $application -step FinalSync -percent 30"
kubectl wait "moveengine/$application" --for=condition=Switched --timeout=15m
