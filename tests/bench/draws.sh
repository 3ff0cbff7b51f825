#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How much the seed changes a fit with random and with stratified frequencies, for docs/quality.md: a photograph (PSNR over
# all pixels) and, if given, a solid (IoU near the surface), with the published settings. Markdown.
#   tests/bench/draws.sh BUILD_FOLDER PHOTOGRAPH [MESH [SEEDS [POLICIES]]]
set -euo pipefail

build=$1
photograph=$2
mesh=${3:-}
seeds=${4:-"0 1 2 3 4 5"}
policies=${5:-"none spatial"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

value() {
    tail -n 1 | sed -nE "s/.*\"$1\":([-+0-9.eE]+).*/\1/p"
}

photograph() {
    "$build/examples/tools/fit_image" "$photograph" --preset paper --max-size 128 --iterations 1000 --threads 1 --out "$work" --json \
        "$@" 2>/dev/null | value psnr_all
}

solid() {
    "$build/examples/tools/fit_occupancy" "$mesh" --preset paper --samples 200000 --epochs 10 --resolution 32 --mesh-resolution 32 \
        --num-blocks 8 --threads 1 --out "$work" --json "$@" 2>/dev/null | value iou_near
}

# row TASK FORMAT POLICY DRAW: a value a seed, their mean and their standard deviation.
row() {
    local seed
    # shellcheck disable=SC2086
    for seed in $seeds; do "$1" --policy "$3" --draw "$4" --seed "$seed"; done |
        awk -v format="$2" -v label="$1, $3, $4" '
            { cells = cells (NR > 1 ? ", " : "") sprintf(format, $1); sum += $1; squares += $1 * $1 }
            END { mean = sum / NR; spread = sqrt((squares - NR * mean * mean) / (NR - 1))
                  printf "| %s | %s | " format " | %.4f |\n", label, cells, mean, spread }'
}

echo "| task, policy, draw | seeds $seeds | mean | standard deviation |"
echo "| --- | --- | --- | --- |"
for policy in $policies; do
    for draw in random stratified; do row photograph %.2f "$policy" $draw; done
done
[ -n "$mesh" ] || exit 0
for policy in $policies; do
    for draw in random stratified; do row solid %.4f "$policy" $draw; done
done
