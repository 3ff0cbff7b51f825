#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Grid encodings beside Fourier features, for docs/choosing.md: iterations and processor seconds until 34 dB, a quarter of
# a photograph's pixels, and, if given, a solid (IoU near the surface, uniform). Markdown.
#   tests/bench/choosing_grids.sh BUILD_FOLDER PHOTOGRAPH [QUARTER_PHOTOGRAPH [MESH]]
set -euo pipefail

build=$1
photograph=$2
quarter=${3:-}
mesh=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

value() {
    sed -nE "s/.*\"$1\":([-+0-9.eE]+).*/\1/p" "$work/json"
}

# until_34 OPTIONS: a row; the seconds are the whole program's on all processors, which a busy neighbour disturbs least.
until_34() {
    local TIMEFORMAT=%U
    { time "$build/examples/tools/fit_image" "$photograph" --preset paper --max-size 256 --fraction 1 --batch 4096 --policy none \
        --until-psnr 34 --iterations 3000 --precision fp32 --threads 2 --json --out "$work" "$@" 2>/dev/null |
        tail -n 1 >"$work/json"; } 2>"$work/time"
    echo "| $* | $(value iterations) | $(tail -n 1 "$work/time") |"
}

quarter() {
    "$build/examples/tools/fit_image" "$quarter" --preset paper --max-size 128 --iterations 300 --threads 1 --json --out "$work" \
        "$@" 2>/dev/null | tail -n 1 >"$work/json"
    echo "| $* | $(value psnr_all) | $(value psnr_heldout) |"
}

solid() {
    "$build/examples/tools/fit_occupancy" "$mesh" --preset paper --samples 200000 --resolution 32 --mesh-resolution 64 --threads 2 \
        --encoding grid --json --out "$work" "$@" 2>/dev/null | tail -n 1 >"$work/json"
    echo "| $* | $(value iou_near) | $(value iou_uniform) |"
}

echo "| until 34 dB | iterations | processor seconds |"
echo "| --- | --- | --- |"
until_34 --encoding grid
until_34 --encoding grid --grid-base 16 --grid-levels 8 --lr 2e-2
until_34 --encoding fourier --std 20
if [ -n "$quarter" ]; then
    grid="--encoding grid --grid-levels 16 --grid-base 4 --lr 3e-3"
    echo
    echo "| a quarter of the pixels | PSNR of all | held out |"
    echo "| --- | --- | --- |"
    # shellcheck disable=SC2086
    quarter $grid --policy none
    # shellcheck disable=SC2086
    quarter $grid --policy none --validation 0.1
    # shellcheck disable=SC2086
    quarter $grid --policy spatial --resolution 16 --epsilon 5e-3 --validation 0.1
    quarter --encoding fourier --std auto --num-blocks 16 --policy spatial --validation 0.1
fi
if [ -n "$mesh" ]; then
    echo
    echo "| solid | IoU near | uniform |"
    echo "| --- | --- | --- |"
    solid --epochs 10 --policy none
    solid --epochs 10 --policy spatial
fi
