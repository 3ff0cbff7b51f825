#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The cost of activations, docs/performance.md: processor time of an iteration over that with ReLU, measured in turn.
#   tests/bench/activations.sh BUILD_FOLDER [ROUNDS [OPTION...]]; options are those of bench_training
set -euo pipefail

build=$1
rounds=${2:-5}
shift; [ $# -eq 0 ] || shift

for _ in $(seq "$rounds"); do
    for activation in relu leaky_relu sine softplus gelu silu tanh gaussian; do
        ms=$("$build/tests/bench/bench_training" --task image128 --policy none --threads 1 --iterations 20 --quick \
            --activation $activation "$@" | sed -nE 's/.*"processor_ms":([0-9.]+).*/\1/p')
        echo "$activation $ms"
    done
done | sort -k1,1 -k2,2g | awk '
    { n[$1]++; ms[$1, n[$1]] = $2 }
    function median(name) { return ms[name, int((n[name] + 1) / 2)] }
    END {
        print "| activation | ms of the processor | over ReLU |\n| --- | --- | --- |"
        count = split("relu leaky_relu sine softplus gelu silu tanh gaussian", names, " ")
        for (i = 1; i <= count; i++)
            printf "| %s | %.1f | %.2f |\n", names[i], median(names[i]), median(names[i]) / median("relu")
    }'
