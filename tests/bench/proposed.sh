#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The figures of docs/quality.md on proposed settings, as Markdown tables with a value a seed: a photograph from a quarter
# of its pixels, a solid, or an outline, with no other option than the policy and those given, for instance the published
# settings with "--preset paper". In brackets: the processor seconds of training.
#   tests/bench/proposed.sh BUILD_FOLDER photograph FILE SIZE [SEEDS [OPTION...]]
#   tests/bench/proposed.sh BUILD_FOLDER solid FILE EPOCHS [SEEDS [OPTION...]]
#   tests/bench/proposed.sh BUILD_FOLDER outline FILE ITERATIONS [SEEDS [OPTION...]]
set -euo pipefail

tools=$1/examples/tools
task=$2
file=$3
size=$4
seeds=${5:-"0 1 2"}
shift $(($# < 5 ? $# : 5))
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $task in
photograph) command=("$tools/fit_image" "$file" --max-size "$size") keys="psnr_all" format=%.2f policies="none global spatial" ;;
solid) command=("$tools/fit_occupancy" "$file" --samples 200000 --epochs "$size" --mesh-resolution 32)
    keys="iou_near iou_uniform" format=%.4f policies="none spatial" ;;
outline) command=("$tools/fit_silhouette" "$file" --iterations "$size") keys="chamfer" format=%.5f policies="none global spatial" ;;
*) echo "no such task: $task" >&2 && exit 2 ;;
esac

# value KEY: of the JSON object in $json.
value() {
    sed -nE "s/.*\"$1\":([-+0-9.eE]+).*/\1/p" <<<"$json"
}

echo "| $(basename "$file"), $size; $keys (processor seconds) | seeds $seeds | mean |"
echo "| --- | --- | --- |"
for policy in $policies; do
    # shellcheck disable=SC2086
    for seed in $seeds; do
        json=$("${command[@]}" --policy "$policy" --seed "$seed" --out "$work" --json "$@" 2>/dev/null | tail -n 1)
        for key in $keys processor_seconds; do value "$key"; done | paste -sd ' '
    done | awk -v policy="$policy" -v format="$format" '
        { cell = ""
          for (i = 1; i < NF; i++) cell = cell sprintf(format (i < NF - 1 ? ", " : ""), $i)
          cells = cells (NR > 1 ? "; " : "") cell sprintf(" (%.0f)", $NF); sum += $1 }
        END { printf "| %s | %s | " format " |\n", policy, cells, sum / NR }'
done
