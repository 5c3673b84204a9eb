#!/usr/bin/env bash
# Measures this server and its peers side by side and writes RESULTS.md; see README.md here.
#     tests/bench/run.sh [--quick] [--only LOAD,...] [--server ours,sc6,sc20,nchan] [--output DIR]
# SC_BENCH_CACHE (/tmp/sc-bench) keeps what is downloaded; SC_BUILD_DIR a release build to use instead of an own one.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${SC_BENCH_CACHE:-/tmp/sc-bench}
mkdir -p "$cache"

# Fifty thousand connections need as many descriptors; the hard limit may be raised by root only.
ulimit -n 120000 2>/dev/null || ulimit -n "$(ulimit -Hn)"

build() {
    export SC_BUILD_DIR=$cache/build
    cmake -S "$here/../.." -B "$SC_BUILD_DIR" -DCMAKE_BUILD_TYPE=Release >"$cache/build.log" 2>&1 || return
    cmake --build "$SC_BUILD_DIR" --parallel "$(nproc)" \
        --target sc-cluster stateless_presence bench_fanout bench_floor bench_idle bench_presence \
        >>"$cache/build.log" 2>&1
}

# A peer that can't be had is left out; the harness says so.
install_npm() {
    local name=$1
    shift
    [ -f "$cache/$name/installed" ] && return
    mkdir -p "$cache/$name"
    (cd "$cache/$name" && npm install --no-audit --no-fund --ignore-scripts --prefix . "$@" && touch installed) \
        >"$cache/$name.log" 2>&1 || echo "left out: $name could not be installed, see $cache/$name.log" >&2
}

# Unpacked, not installed: the system's own nginx, if there is one, stays as it is. With this module nginx insists on the
# folder that Debian compiled in, whatever its configuration says.
install_nchan() {
    [ -d /var/lib/nginx ] || mkdir /var/lib/nginx 2>/dev/null || true
    [ -f "$cache/nchan/installed" ] && return
    mkdir -p "$cache/nchan"
    (cd "$cache/nchan" && apt-get download nginx libnginx-mod-nchan &&
        for package in ./*.deb; do dpkg -x "$package" root; done && touch installed) \
        >"$cache/nchan.log" 2>&1 || echo "left out: nchan could not be installed, see $cache/nchan.log" >&2
}

if [ -z "${SC_BUILD_DIR:-}" ]; then
    build || { tail -n 20 "$cache/build.log" >&2; exit 1; }
fi
install_npm sc6 socketcluster@6.8.0 sc-stateless-presence@1.0.7
install_npm sc20 socketcluster-server@20.0.1
install_nchan
export SC_BENCH_CACHE=$cache SC_BUILD_DIR
exec node "$here/harness/main.js" "$@"
