#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The figures of docs/quality.md: errors of the 1D task and of a photograph over several seeds, as Markdown tables.
#   tests/bench/quality.sh BUILD_FOLDER [PHOTOGRAPH [SEEDS]]
set -euo pipefail

build=$1
photograph=${2:-$(dirname "${BASH_SOURCE[0]}")/../../examples/data/astronaut.jpg}
seeds=${3:-"0 1 2"}
siren=(--encoding identity --activation sine --lr 1e-4)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# field NAME: the value of a number in the JSON object on the last line.
field() {
    tail -n 1 | sed -nE "s/.*\"$1\":([-+0-9.eE]+).*/\1/p"
}

row() {
    local label=$1 name=$2 format=$3
    shift 3
    printf '| %s |' "$label"
    for seed in $seeds; do
        # shellcheck disable=SC2059
        printf " $format |" "$("$@" --seed "$seed" --out "$work" --json 2>/dev/null | field "$name")"
    done
    echo
}

echo "| 1D task, dense mse | seeds $seeds |"
row "identity" dense_mse %.2e "$build/examples/tools/fit_function" --preset paper --encoding identity
row "SIREN" dense_mse %.2e "$build/examples/tools/fit_function" --preset paper "${siren[@]}"
for policy in none global spatial variance; do
    row "$policy" dense_mse %.2e "$build/examples/tools/fit_function" --preset paper --policy "$policy"
done

echo
echo "| $(basename "$photograph"), 128 pixels, 1000 iterations, PSNR over all pixels | seeds $seeds |"
row "identity" psnr_all %.2f "$build/examples/tools/fit_image" "$photograph" --preset paper --max-size 128 --iterations 1000 --encoding identity
row "SIREN" psnr_all %.2f "$build/examples/tools/fit_image" "$photograph" --preset paper --max-size 128 --iterations 1000 "${siren[@]}"
for policy in none global spatial variance; do
    row "$policy" psnr_all %.2f "$build/examples/tools/fit_image" "$photograph" --preset paper --max-size 128 --iterations 1000 --policy "$policy"
done
