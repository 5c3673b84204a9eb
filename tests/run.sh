#!/usr/bin/env bash
# Installs what the tests need, builds, and runs all of them; then the same under AddressSanitizer and
# UndefinedBehaviorSanitizer. Stops at the first failure. With an argument only a part:
#     tests/run.sh [unit|integration|asan]
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1-all}
now="start"
log=$PWD/build/tests.log

headline() {
    now=$1
    printf '== %s (%d s)\n' "$now" "$SECONDS"
}

finish() {
    code=$?
    [ "$code" -eq 0 ] || echo "tests/run.sh: failed: $now" >&2
}
trap finish EXIT

# Runs a command whose output matters only if it fails.
quietly() {
    "$@" >"$log" 2>&1 || { tail -n 60 "$log" >&2; return 1; }
}

build() {
    headline "build, preset $1"
    quietly cmake --preset "$1"
    quietly cmake --build --preset "$1" --parallel "$(nproc)"
}

unit() {
    headline "unit tests, preset $1"
    quietly ctest --preset "$1" --parallel "$(nproc)"
}

integration() {
    headline "integration tests, preset $1"
    (cd tests/integration && SC_BUILD_DIR="$PWD/../../build/$1" npm test --silent)
}

packages() {
    headline "packages"
    deploy/packages.sh test
    mkdir -p build
}

clients() {
    headline "published clients"
    (cd tests/integration && quietly npm ci --no-audit --no-fund)
}

case $part in
all)
    packages
    build ci
    unit ci
    clients
    integration ci
    build asan
    unit asan
    integration asan
    ;;
unit)
    packages
    build ci
    unit ci
    ;;
integration)
    packages
    build ci
    clients
    integration ci
    ;;
asan)
    packages
    build asan
    unit asan
    clients
    integration asan
    ;;
*)
    now="there is no part $part: unit, integration, asan or nothing"
    exit 2
    ;;
esac
headline "all passed"
