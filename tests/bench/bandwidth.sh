#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The figures of docs/quality.md on the choice of std: a photograph with fixed ones and with --std auto, as a table whose
# cells have a figure a seed, with validation the iterations that were found in brackets.
#   tests/bench/bandwidth.sh BUILD_FOLDER [PHOTOGRAPH [POLICIES [SEEDS [STDS]]]]
set -euo pipefail

build=$1
photograph=${2:-$(dirname "${BASH_SOURCE[0]}")/../../examples/data/astronaut.jpg}
policies=${3:-"none global spatial variance"}
seeds=${4:-"0 1 2"}
stds=${5:-"2.5 5 10 20 40 auto"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# cell OPTION...: of fits with these options, over all pixels.
cell() {
    local seed
    for seed in $seeds; do
        "$build/examples/tools/fit_image" "$photograph" --preset paper --max-size 128 --iterations 1000 --seed "$seed" --threads 1 \
            --out "$work" --json "$@" 2>/dev/null | tail -n 1 |
            sed -E 's/.*"best_iteration":([0-9]+).*"psnr_all":([-+0-9.eE]+).*/\2 \1/
                s/.*"psnr_all":([-+0-9.eE]+).*/\1/' |
            awk '{ printf " %.2f%s", $1, $2 ? " (" $2 ")" : "" }'
    done
    printf ' |'
}

# shellcheck disable=SC2086
{
    printf '| %s, PSNR over all pixels, seeds %s |' "$(basename "$photograph")" "$seeds"
    printf ' %s |' $stds "auto, validation"
    printf '\n| --- |'
    printf ' --- |' $stds validation
    echo
}
for policy in $policies; do
    printf '| %s |' "$policy"
    for std in $stds; do cell --policy "$policy" --std "$std"; done
    cell --policy "$policy" --std auto --validation 0.05
    echo
done
