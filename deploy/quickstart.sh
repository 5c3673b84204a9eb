#!/usr/bin/env bash
# Installs what is missing, builds a release and runs a cluster with presence and the demo page on port 8000 (or $PORT):
#     deploy/quickstart.sh [further options of sc-cluster]
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
    echo "deploy/quickstart.sh: $*" >&2
    exit 1
}

deploy/packages.sh build || fail "packages are missing (see above)"
mkdir -p build
log=build/quickstart.log
echo "building (a minute or so; $log)"
{ cmake --preset release && cmake --build --preset release --parallel "$(nproc)"; } >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; fail "the build failed, see $log"; }

echo "starting; the demo page is at http://localhost:${PORT:-8000}/"
exec build/release/bin/sc-cluster --workers auto --brokers 1 --port "${PORT:-8000}" \
    --plugin stateless_presence --plugin health_check --plugin demo "$@"
