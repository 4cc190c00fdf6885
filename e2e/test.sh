#!/usr/bin/env bash
# go test of this module, not cached, with what has failed said once more at the end.
#
#   e2e/test.sh ARGUMENT...
set -euo pipefail
cd "$(dirname "$0")"
gotestsum=$("${GO:-go}" -C ../hack/tools tool -n gotestsum)
exec "$gotestsum" --format standard-verbose --hide-summary skipped -- -count=1 "$@"
