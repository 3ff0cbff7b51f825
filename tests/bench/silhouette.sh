#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The table of docs/shapes.md: Chamfer distances of fitted silhouettes over several seeds, in Markdown.
#   tests/bench/silhouette.sh BUILD_FOLDER OUTLINE [SEEDS [ITERATIONS [OPTION...]]]
set -euo pipefail

build=$1
outline=$2
seeds=${3:-"0 1 2 3 4"}
iterations=${4:-3000}
shift $(($# < 4 ? $# : 4))
options=("$@")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

chamfer() {
    "$build/examples/tools/fit_silhouette" "$outline" --preset paper --iterations "$iterations" --threads 1 --out "$work" --json "${options[@]}" "$@" 2>/dev/null |
        tail -n 1 | sed -nE 's/.*"chamfer":([-+0-9.eE]+).*/\1/p'
}

echo "| $(basename "$outline"), $iterations iterations | seeds $seeds |"
for policy in none global spatial; do
    printf '| %s |' "$policy"
    # shellcheck disable=SC2086
    for seed in $seeds; do printf ' %.5f |' "$(chamfer --policy $policy --seed "$seed")"; done
    echo
done
printf '| SIREN |'
for seed in $seeds; do printf ' %.5f |' "$(chamfer --encoding identity --activation sine --seed "$seed")"; done
echo
