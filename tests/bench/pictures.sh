#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# README's pictures, into docs/pictures, each with its rivals; captions have what the programs report. The table behind
# the photograph is printed.
#   tests/bench/pictures.sh BUILD_FOLDER [photograph|silhouette|knot|transfer]...
# The photograph needs numpy and SciPy.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tools=$build/examples/tools
pictures=$root/docs/pictures
data=$root/examples/data

# value KEY: of the last result.
value() {
    sed -nE "s/.*\"$1\":([-+0-9.eE]+).*/\1/p" <<<"$json"
}

# name_of POLICY: in a caption.
name_of() {
    [ "$1" = spatial ] && echo SAPE || echo "$1"
}

# A quarter of the pixels, by interpolation and by fits with proposed settings; the captions are the table's figures.
photograph() {
    local panels=("target" "$work/target.png") name psnr caption
    "$root/tests/bench/rivals" "$build" "$data/astronaut.jpg" --seeds 0 --pictures "$work" \
        --methods thin_plate,proposed_none,proposed_global,proposed --proposed "--members 4" | tee "$work/table"
    "$tools/fit_image" "$data/astronaut.jpg" --preset paper --max-size 128 --iterations 1 --hidden 8 --out "$work" >/dev/null 2>&1
    for name in thin_plate proposed_none proposed_global proposed; do
        psnr=$(sed -nE "s/^\| $name \| ([0-9.]+) .*/\1/p" "$work/table")
        case $name in
        thin_plate) caption="thin plate" ;;
        proposed) caption=SAPE ;;
        *) caption=${name#proposed_} ;;
        esac
        panels+=("$caption, $psnr dB" "$work/$name.png")
    done
    "$tools/join_pictures" "$pictures/compare.png" 250 "${panels[@]}"
}

# The rectangle leaves out the empty space above and below.
silhouette() {
    local panels=() policy
    for policy in none global spatial; do
        json=$("$tools/fit_silhouette" "$data/key.png" --policy "$policy" --iterations 4000 --out "$work/$policy" --json 2>/dev/null | tail -n 1)
        panels+=("$(name_of "$policy"), $(printf %.4f "$(value chamfer)")" "$work/$policy/fit.png:0,180,640,280")
    done
    "$tools/join_pictures" "$pictures/silhouette.png" 200 "${panels[@]}"
}

# solid CAPTION OPTION...: fits the knot and adds it to the panels.
solid() {
    json=$("$tools/fit_occupancy" "$data/knot.obj" --samples 200000 --mesh-resolution 128 --out "$work/$1" --json "${@:2}" 2>/dev/null | tail -n 1)
    echo "$1: $(value processor_seconds) seconds"
    panels+=("$1, IoU $(printf %.3f "$(value iou_near)")" "$work/$1/fit.png:532,56,512,432")
}

# The published settings have three times the seconds of the others.
knot() {
    local panels=()
    solid published --preset paper --epochs 10 --resolution 32 --num-blocks 8
    solid SIREN --preset paper --epochs 5 --encoding identity --activation sine
    solid none --policy none --epochs 30
    solid SAPE --epochs 30
    "$tools/join_pictures" "$pictures/occupancy.png" 135 target "$work/SAPE/fit.png:10,56,512,432" "${panels[@]}"
}

# transfer_mesh draws all panels in one picture, 384 pixels each.
transfer() {
    local panels=() flipped caption left=10 solid
    cc "$data/make_solid.c" -o "$work/make_solid" -lm
    for solid in sphere bent; do "$work/make_solid" $solid 16 >"$work/$solid.obj"; done
    json=$("$tools/transfer_mesh" "$work/sphere.obj" "$work/bent.obj" --compare --iterations 300 --points 3000 --out "$work" --json 2>/dev/null | tail -n 1)
    mapfile -t flipped < <(grep -oE '"flipped_faces":[0-9]+' <<<"$json" | cut -d : -f 2)
    for caption in source target "SAPE, ${flipped[0]} flipped" "its stretch" "none, ${flipped[1]} flipped" "its stretch"; do
        panels+=("$caption" "$work/transfer.png:$left,24,384,384")
        left=$((left + 394))
    done
    "$tools/join_pictures" "$pictures/transfer.png" 110 "${panels[@]}"
}

[ $# -gt 0 ] || set -- photograph silhouette knot transfer
for name in "$@"; do "$name"; done
