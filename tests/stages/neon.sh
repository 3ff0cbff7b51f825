#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The NEON kernels, compiled for AArch64 and tested against double precision on an emulated processor.
set -uo pipefail
shopt -s extglob
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/stages/two-at-once"
folder=$root/build-neon
mkdir -p "$folder" || exit 1

# The kernels are vectors already; where gcc 12 would make some of the tests' loops, it fails.
check() {
    aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE -O2 -fno-tree-vectorize -fno-math-errno -Wall -Wextra -Werror \
        -DSAPE_ISA=neon -static -I"$root/tests/platforms" -I"$root/include" -I"$root/lib" -I"$root/tests/support" \
        -o "$folder/$1" "$root"/lib/kernels/!(choose).c \
        "$root/lib/base/memory.c" "$root"/tests/support/{reference_function,support}.c "$root/tests/platforms/check.c" \
        "$root/tests/kernels/$1.c" -lm && qemu-aarch64 "$folder/$1"
}

passed=0
failed=0
two_at_once check test_kernels test_activation test_bf16
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
