#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The NEON kernels, compiled for AArch64 and tested against double precision on an emulated processor.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$root/build-neon
mkdir -p "$folder" || exit 1

# The kernels are vectors already; where gcc 12 would make some of the tests' loops, it fails.
if aarch64-linux-gnu-gcc -std=gnu17 -D_GNU_SOURCE -O2 -fno-tree-vectorize -fno-math-errno -Wall -Wextra -Werror \
    -DSAPE_ISA=neon -static -I"$root/tests/neon" -I"$root/include" -I"$root/lib" -I"$root/tests/support" \
    -o "$folder/test_kernels" "$root"/lib/kernels/{encode,optimize,pack,product,variant,select}.c \
    "$root/lib/base/memory.c" "$root/tests/support/suite.c" "$root/tests/support/support.c" "$root/tests/kernels/test_kernels.c" -lm &&
    qemu-aarch64 "$folder/test_kernels"; then
    echo "1 passed, 0 failed"
else
    echo "0 passed, 1 failed"
    exit 1
fi
