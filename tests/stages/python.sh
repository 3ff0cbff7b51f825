#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Python package against a library installed in a scratch prefix: pytest and mypy; and a wheel with the library
# inside of it.
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
    clean mypy --strict --ignore-missing-imports --allow-subclassing-any --allow-untyped-calls --cache-dir "$work/mypy" "$work/examples/python/sape"
}

# Counts pytest's tests one by one.
tests() {
    clean PYTHONPATH="$work/examples/python" MPLCONFIGDIR="$work/matplotlib" python3 -m pytest -q -p no:cacheprovider "$work/tests" |
        tee "$work/log"
    local summary
    summary=$(tail -n 1 "$work/log")
    passed=$((passed + $(grep -oE '[0-9]+ passed' <<<"$summary" | grep -oE '^[0-9]+' || echo 0)))
    failed=$((failed + $(grep -oE '[0-9]+ (failed|error)' <<<"$summary" | grep -oE '^[0-9]+' | paste -sd+ || echo 0)))
    grep -qE '^[0-9]+ passed' <<<"$summary" # nothing else but passed
}

# Three lines, in an environment that has nothing but numpy and knows of no other library.
fits='import sape, numpy as np
x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
field = sape.Field(sape.EncoderParams(domain_dim=1, std=3), network=sape.NetworkParams(output_dim=1))
with sape.Trainer(field) as trainer: trainer.set_data(x, np.sin(6 * x)); print(trainer.run(200).loss)'
in_a_wheel() {
    "$root/.ci/wheel" "$work/dist" || return 1
    python3 -m venv "$work/bare" && "$work/bare/bin/pip" install -q "$work"/dist/sape-*-py3-none-manylinux*.whl || return 1
    cd "$work" || return 1
    env -i "$work/bare/bin/python" -c "$fits" || return 1
    diff <(cd "$root/examples/python/sape" && ls *.py) <(cd "$work"/bare/lib/python3*/site-packages/sape && ls *.py) || return 1
    # The library that SAPE_LIBRARY names comes first.
    ! env -i SAPE_LIBRARY=/nowhere "$work/bare/bin/python" -c 'import sape' || return 1
    clean SAPE_LIBRARY="$libdir/libsape.so.0" "$work/bare/bin/python" -c 'import sape; assert sape.describe().blas != "none"'
}

# What has gone on beside the others.
wheel_is_good() {
    wait "$wheel" || { cat "$work/wheel" && return 1; }
}

# In a path with a space that only pkg-config knows.
by_pkg_config() {
    clean env -u LD_LIBRARY_PATH PYTHONPATH="$work/examples/python" python3 -c 'import sape; sape.Field()'
}

install_scratch openblas -Dblas=openblas || exit 1
# From a copy: what is built or cached stays out of the sources.
mkdir "$work/examples" "$work/docs"
cp -r "$root/examples/python" "$work/examples/python"
cp -r "$root/tests/python" "$work/tests"
cp "$root/docs/python.md" "$work/docs"
in_a_wheel >"$work/wheel" 2>&1 &
wheel=$!
check types
check tests
check by_pkg_config
check wheel_is_good
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
