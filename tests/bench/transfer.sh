#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The transfers of docs/shapes.md: a sphere moved on to other solids with and without SAPE, in Markdown. Without options
# the settings are those of that page; "--preset proposed" and others take their place.
#   tests/bench/transfer.sh BUILD_FOLDER [SEEDS [SUBDIVISIONS [ITERATIONS [OPTION...]]]]
set -euo pipefail

build=$1
seeds=${2:-"0 1"}
subdivisions=${3:-8}
iterations=${4:-300}
options=("${@:5}")
[ $# -gt 4 ] || options=(--preset paper --hidden 128 --layers 3 --lr 3e-4)
here=$(dirname "${BASH_SOURCE[0]}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cc "$here/../../examples/data/make_solid.c" -o "$work/make_solid" -lm
for solid in sphere star bent ellipsoid; do "$work/make_solid" $solid "$subdivisions" >"$work/$solid.obj"; done

echo "| to | seed | policy | Chamfer before, after | edge stretch: mean, largest | flipped faces |"
for solid in star bent ellipsoid; do
    for seed in $seeds; do
        "$build/examples/tools/transfer_mesh" "$work/sphere.obj" "$work/$solid.obj" --compare "${options[@]}" \
            --points 3000 --iterations "$iterations" --seed "$seed" --threads 1 --out "$work" --json \
            2>/dev/null | tail -n 1 | sed 's/{"task"/\n&/g' |
            sed -nE 's/.*"policy":"([a-z]+)".*"chamfer_before":([^,]*),"chamfer":([^,]*),"edge_stretch_max":([^,]*),"edge_stretch_mean":([^,]*),"flipped_faces":([0-9]+).*/\1 \2 \3 \5 \4 \6/p' |
            while read -r policy numbers; do
                # shellcheck disable=SC2086
                printf "| $solid | $seed | $policy | %.3f, %.4f | %.3f, %.2f | %d |\n" $numbers
            done
    done
done
