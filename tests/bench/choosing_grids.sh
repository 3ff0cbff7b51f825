#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Grid encodings beside Fourier features, for docs/choosing.md, as Markdown.
#   tests/bench/choosing_grids.sh BUILD_FOLDER until PICTURE      iterations and processor seconds until 34 dB
#   tests/bench/choosing_grids.sh BUILD_FOLDER quarter PICTURE... PSNR from a quarter of the pixels; the first picture's
#                                                                 fits become docs/pictures/choosing-grids.png
#   tests/bench/choosing_grids.sh BUILD_FOLDER solid MESH         IoU of a solid, of ten sets of samples and of one
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$1/examples/tools
task=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

value() {
    sed -nE "s/.*\"$1\":([-+0-9.eE]+).*/\1/p" "$work/json"
}

# until_34 OPTIONS: a row; the seconds are the whole program's on all processors, which a busy neighbour disturbs least.
until_34() {
    local TIMEFORMAT=%U
    { time "$tools/fit_image" "$picture" --preset paper --max-size 256 --fraction 1 --batch 4096 --policy none \
        --until-psnr 34 --iterations 3000 --precision fp32 --threads 2 --json --out "$work" "$@" 2>/dev/null |
        tail -n 1 >"$work/json"; } 2>"$work/time"
    echo "| $* | $(value iterations) | $(tail -n 1 "$work/time") |"
}

# quarter NAME OPTIONS: a row; the fit stays in a folder of that name.
quarter() {
    local name=$1
    shift
    "$tools/fit_image" "$picture" --preset paper --max-size 128 --iterations 300 --threads 1 --json \
        --out "$work/$name" "$@" 2>/dev/null | tail -n 1 >"$work/json"
    echo "| $(basename "$picture") | $* | $(value psnr_all) | $(value psnr_heldout) |"
}

quarters() {
    local mask="--policy spatial --resolution 16 --validation 0.1" grid="--encoding grid --grid-finest 255"
    local slow="--encoding grid --grid-levels 16 --grid-base 4 --lr 3e-3"
    # shellcheck disable=SC2086
    {
        quarter none $grid --policy none
        quarter stopped $grid --policy none --validation 0.1
        quarter spatial $grid $mask --epsilon 2e-3
        quarter slow-none $slow --policy none
        quarter slow-spatial $slow $mask --epsilon 5e-3
        quarter fourier --encoding fourier --std auto --num-blocks 16 --policy spatial --validation 0.1
    }
}

# solid OPTIONS: a row.
solid() {
    "$tools/fit_occupancy" "$mesh" --samples 200000 --batch 5000 --resolution 32 --mesh-resolution 32 --threads 2 \
        --encoding grid --json --out "$work" "$@" 2>/dev/null | tail -n 1 >"$work/json"
    echo "| $* | $(value iou_near) | $(value iou_uniform) |"
}

case $task in
until)
    picture=$1
    echo "| until 34 dB | iterations | processor seconds |"
    echo "| --- | --- | --- |"
    until_34 --encoding grid
    until_34 --encoding grid --grid-base 16 --grid-levels 8 --lr 2e-2
    until_34 --encoding fourier --std 20
    ;;
quarter)
    echo "| a quarter of the pixels | | PSNR of all | held out |"
    echo "| --- | --- | --- | --- |"
    first=$1
    for picture in "$@"; do
        quarters
        [ "$picture" = "$first" ] || continue
        "$tools/join_pictures" "$root/docs/pictures/choosing-grids.png" 150 "target" "$work/none/target.png" \
            "grid, none" "$work/none/fit.png" "grid, spatial" "$work/spatial/fit.png" \
            "16 levels, spatial" "$work/slow-spatial/fit.png" "fourier, spatial" "$work/fourier/fit.png"
    done
    ;;
solid)
    mesh=$1
    echo "| solid | IoU near | uniform |"
    echo "| --- | --- | --- |"
    solid --epochs 10 --policy none
    solid --epochs 20 --policy none
    solid --epochs 20 --policy spatial
    solid --sets 1 --epochs 10 --policy none
    solid --sets 1 --epochs 10 --policy spatial
    solid --sets 1 --epochs 10 --policy spatial --epsilon 0.3
    solid --sets 1 --epochs 10 --policy spatial --validation 0.05
    solid --sets 1 --epochs 10 --policy spatial --epsilon 0.02 --validation 0.05
    solid --sets 1 --epochs 5 --policy none
    solid --sets 1 --epochs 5 --policy spatial
    solid --sets 1 --epochs 10 --policy none --preset paper
    solid --sets 1 --epochs 10 --policy spatial --preset paper
    solid --sets 1 --epochs 10 --policy spatial --preset paper --validation 0.1
    ;;
*)
    echo "choosing_grids.sh: '$task' is not until, quarter or solid" >&2
    exit 2
    ;;
esac
