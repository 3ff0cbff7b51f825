#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The solid of docs/quality.md: IoU near the surface and uniform over several seeds, under the mean length of the
# frequency vectors that each seed draws, in Markdown.
#   tests/bench/solid.sh BUILD_FOLDER MESH [SEEDS [EPOCHS]]
set -euo pipefail

build=$1
mesh=$2
seeds=${3:-"0 1 2"}
epochs=${4:-10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fit() {
    "$build/examples/tools/fit_occupancy" "$mesh" --preset paper --samples 200000 --epochs "$epochs" --resolution 32 --mesh-resolution 32 \
        --threads 1 --out "$work" --save "$work/field" --json "$@" 2>/dev/null |
        tail -n 1 | sed -nE 's/.*"iou_uniform":([-+0-9.eE]+),"iou_near":([-+0-9.eE]+).*/\2 \1/p'
}

frequency() {
    python3 - "$work/field" <<'END'
import json, math, struct, sys
data = open(sys.argv[1], "rb").read()
length, = struct.unpack_from("<Q", data)
tensor = json.loads(data[8:8 + length])["model.encode.frequencies"]
x, y, z = (struct.unpack_from("<256f", data, 8 + length + tensor["data_offsets"][0] + 1024 * axis) for axis in range(3))
print(sum(map(math.hypot, x, y, z)) / 256)
END
}

frequencies="| mean frequency |"
for policy in none spatial; do
    row="| $policy |"
    blocks=()
    [ $policy = none ] || blocks=(--num-blocks 8)
    # shellcheck disable=SC2086
    for seed in $seeds; do
        # shellcheck disable=SC2046
        row+=$(printf ' %.3f, %.3f |' $(fit --policy $policy "${blocks[@]}" --seed "$seed"))
        [ $policy = spatial ] || frequencies+=$(printf ' %.1f |' "$(frequency)")
    done
    rows+=("$row")
done
row='| SIREN |'
for seed in $seeds; do
    # shellcheck disable=SC2046
    row+=$(printf ' %.3f, %.3f |' $(fit --encoding identity --activation sine --seed "$seed"))
done
rows+=("$row")
echo "| $(basename "$mesh"), $epochs epochs, IoU near the surface, uniform | seeds $seeds |"
printf '%s\n' "$frequencies" "${rows[@]}"
