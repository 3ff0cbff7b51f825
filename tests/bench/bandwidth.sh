#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The figures of docs/quality.md on the choice of std: a photograph with fixed ones and with --std auto, as a table.
#   tests/bench/bandwidth.sh BUILD_FOLDER [PHOTOGRAPH [POLICIES [SEED]]]
set -euo pipefail

build=$1
photograph=${2:-$(dirname "${BASH_SOURCE[0]}")/../../examples/data/astronaut.jpg}
policies=${3:-"none global spatial variance"}
seed=${4:-0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# psnr OPTION...: of a fit with these options, over all pixels.
psnr() {
    "$build/examples/fit_image" "$photograph" --max-size 128 --iterations 1000 --seed "$seed" --out "$work" --json "$@" \
        2>/dev/null | tail -n 1 | sed -nE 's/.*"psnr_all":([-+0-9.eE]+).*/\1/p'
}

echo "| $(basename "$photograph"), PSNR over all pixels | 2.5 | 5 | 10 | 20 | 40 | auto | auto, validation 0.05 |"
echo "| --- | --- | --- | --- | --- | --- | --- | --- |"
for policy in $policies; do
    printf '| %s |' "$policy"
    for std in 2.5 5 10 20 40 auto; do printf ' %.2f |' "$(psnr --policy "$policy" --std "$std")"; done
    printf ' %.2f |\n' "$(psnr --policy "$policy" --std auto --validation 0.05)"
done
