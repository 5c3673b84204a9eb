#!/usr/bin/env bash
# Installs the Debian packages that are missing: deploy/packages.sh build|test. The one place that names packages.
set -euo pipefail

build=(gcc libc6-dev make cmake pkg-config
    libevent-dev libnanomsg-dev libjansson-dev libjwt-dev libssl-dev zlib1g-dev node-llhttp)
test=(libcmocka-dev chromium openssl)

fail() {
    echo "deploy/packages.sh: $*" >&2
    exit 1
}

# Node.js from elsewhere will do if it is new enough for the tests.
has_node() {
    command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b >= 19) ? 0 : 1)' 2>/dev/null
}

case "${1-}" in
build) wanted=("${build[@]}") ;;
test)
    wanted=("${build[@]}" "${test[@]}")
    has_node || wanted+=(nodejs npm)
    ;;
*) fail "say build or test" ;;
esac

missing=()
for package in "${wanted[@]}"; do
    dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
        missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "these packages are missing, and only root may install them: ${missing[*]}"
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
if ! { "${as_root[@]}" apt-get update &&
    "${as_root[@]}" apt-get install --yes --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    fail "apt-get could not install ${missing[*]}"
fi
