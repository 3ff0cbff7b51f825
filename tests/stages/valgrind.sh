#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Valgrind's memcheck over the shorter tests and a short training, in the build of the stage "build": the sanitizers do not
# see values that were never set.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/stages/two-at-once"
build=$root/build
"$root/.ci/packages" valgrind || exit 1
[ -f "$build/build.ninja" ] || meson setup "$build" "$root" -Dtests=enabled -Dexamples=enabled || exit 1
tests=(status params encoder optimizer loss window bandwidth limits)
ninja -C "$build" "${tests[@]/#/tests/test_}" examples/tools/fit_function >/dev/null || exit 1

# Valgrind does not know AVX-512.
export SAPE_BACKEND=avx2,threads=2 CK_FORK=no CK_DEFAULT_TIMEOUT=0
grep -q avx2 /proc/cpuinfo || SAPE_BACKEND=baseline,threads=2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
# What the C library keeps for a thread that is still there counts as possibly lost.
check() {
    local command=("$build/tests/test_$1")
    [[ $1 != policy_* ]] ||
        command=("$build/examples/tools/fit_function" --preset paper --iterations 5 --policy "${1#policy_}" --out "$work/$1")
    valgrind -q --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite "${command[@]}"
}
two_at_once check "${tests[@]}" policy_spatial policy_variance
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
