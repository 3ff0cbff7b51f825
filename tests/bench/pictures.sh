#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# README's pictures of a photograph and of a knot, into docs/pictures, and the table behind the first on stdout.
#   tests/bench/pictures.sh BUILD_FOLDER [photograph|knot]...
# The photograph needs numpy and SciPy.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tools=$build/examples/tools
pictures=$root/docs/pictures

# A quarter of the pixels, by interpolation and by fits with proposed settings; the captions are the table's figures.
photograph() {
    local panels=("target" "$work/target.png") name psnr caption
    "$root/tests/bench/rivals" "$build" "$root/examples/data/astronaut.jpg" --seeds 0 --pictures "$work" \
        --methods thin_plate,proposed_none,proposed_global,proposed --proposed "--members 4" | tee "$work/table"
    "$tools/fit_image" "$root/examples/data/astronaut.jpg" --preset paper --max-size 128 --iterations 1 --hidden 8 --out "$work" >/dev/null 2>&1
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

# The rectangles leave out the empty space above and below.
knot() {
    "$tools/fit_occupancy" "$root/examples/data/knot.obj" --preset paper --samples 20000 --batch 2000 --epochs 40 --std auto --lr 1e-3 \
        --resolution 32 --num-blocks 8 --mesh-resolution 128 --coarse-to-fine --out "$work" --json
    "$tools/join_pictures" "$pictures/occupancy.png" 256 "target" "$work/fit.png:80,120,450,300" \
        "fit" "$work/fit.png:600,120,450,300"
}

for name in "${@:-photograph knot}"; do
    # shellcheck disable=SC2086
    for picture in $name; do "$picture"; done
done
