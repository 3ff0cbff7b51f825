#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Python package against a library installed in a scratch prefix: pytest, mypy, and pip without a network.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scratch-prefix"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
check() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $*"; fi
}

types() {
    clean mypy --strict --cache-dir "$work/mypy" "$work/python/sape"
}

# Counts pytest's tests one by one.
tests() {
    clean PYTHONPATH="$work/python" MPLCONFIGDIR="$work/matplotlib" python3 -m pytest -q -p no:cacheprovider "$work/tests" |
        tee "$work/log"
    local summary
    summary=$(tail -n 1 "$work/log")
    passed=$((passed + $(grep -oE '[0-9]+ passed' <<<"$summary" | grep -oE '^[0-9]+' || echo 0)))
    failed=$((failed + $(grep -oE '[0-9]+ (failed|error)' <<<"$summary" | grep -oE '^[0-9]+' | paste -sd+ || echo 0)))
    grep -qE '^[0-9]+ passed' <<<"$summary" # nothing else but passed
}

with_pip() {
    clean python3 -m venv --system-site-packages "$work/venv" &&
        clean "$work/venv/bin/pip" install -q --no-index --no-build-isolation "$work/python" &&
        (cd "$work" && clean "$work/venv/bin/python" -c 'import sape; assert "venv" in sape.__file__; sape.Field()')
}

# In a path with a space that only pkg-config knows.
by_pkg_config() {
    clean env -u LD_LIBRARY_PATH PYTHONPATH="$work/python" python3 -c 'import sape; sape.Field()'
}

install_scratch openblas -Dblas=openblas || exit 1
# From a copy: what is built or cached stays out of the sources.
cp -r "$root/examples/python" "$work/python"
cp -r "$root/tests/python" "$work/tests"
check types
check tests
check with_pip
check by_pkg_config
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
