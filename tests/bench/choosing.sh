#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The tables of docs/choosing.md on stdout, and its pictures in docs/pictures.
#   tests/bench/choosing.sh BUILD_FOLDER [FOLDER]
# The fits are kept in FOLDER, and not made again when they are there. One thread each, two at a time.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(realpath "$1")
folder=${2:-$(mktemp -d)}
pictures=$root/docs/pictures
mkdir -p "$folder" "$pictures"
cd "$folder"

photograph="$root/examples/data/astronaut.jpg"
image="--max-size 96 --hidden 128 --iterations 250 --num-blocks 16 --resolution 48 --lr 2e-3 --std 6 --epsilon 1e-3"
stds="1 2 4 8 16 32"
epsilons="1e-4 1e-3 3e-3 1e-2 1e-1"
resolutions="4 12 48 192"
blocks="0 4 16 64"
lengths="60 250"
encodings="identity fourier positional rbf periodic_rbf"
function_stds="1 2 5 10 20"

# fit NAME PROGRAM OPTION...: later options win over earlier ones.
fit() {
    local name=$1
    shift
    [ -s "$name.json" ] && return
    "$@" --threads 1 --json --out "$name" >"$name.out" 2>/dev/null
    tail -n 1 "$name.out" >"$name.json"
}

# Two at a time: every line of `list` is a fit.
list() {
    local std policy epsilon resolution block length encoding
    for std in $stds; do
        for policy in none spatial; do echo "std-$std-$policy I --std $std --policy $policy"; done
    done
    for epsilon in $epsilons; do echo "epsilon-$epsilon I --epsilon $epsilon --std 16"; done
    for resolution in $resolutions; do echo "resolution-$resolution I --resolution $resolution --std 16 --epsilon 3e-3"; done
    for length in $lengths; do
        for block in $blocks; do echo "blocks-$block-$length I --num-blocks $block --iterations $length"; done
    done
    for encoding in $encodings; do
        echo "encoding-$encoding I --encoding $encoding"
    done
    echo "encoding-positional-5 I --encoding positional --num-frequencies 5"
    for std in $function_stds; do
        for policy in none spatial; do echo "function-$std-$policy F --std $std --policy $policy"; done
    done
}

export -f fit
export photograph image build
list | xargs -P 2 -L 1 bash -c 'name=$0 program=$1; shift
    if [ "$program" = I ]; then fit "$name" "$build/examples/tools/fit_image" "$photograph" --preset paper $image "$@"
    else fit "$name" "$build/examples/tools/fit_function" --preset paper "$@"; fi'

# value NAME KEY FORMAT
value() {
    # shellcheck disable=SC2059
    printf "$3" "$(sed -nE "s/.*\"$2\":([-+0-9.eE]+).*/\1/p" "$1.json")"
}

psnr() {
    value "$1" "psnr_$2" %.2f
}

# row LABEL CELL...
row() {
    local cell
    printf '| %s |' "$1"
    shift
    for cell in "$@"; do printf ' %s |' "$cell"; done
    echo
}

# head COLUMN...
head_row() {
    local column
    row "$@"
    printf '|'
    for column in "$@"; do printf ' --- |'; done
    echo
}

both() {
    echo "$(psnr "$1" train), $(psnr "$1" heldout)"
}

echo "std:"
head_row std none spatial
for std in $stds; do row "$std" "$(both "std-$std-none")" "$(both "std-$std-spatial")"; done
echo
echo "The function:"
head_row std none spatial
for std in $function_stds; do
    row "$std" "$(value "function-$std-none" dense_mse %.1e)" "$(value "function-$std-spatial" dense_mse %.1e)"
done
echo
echo "epsilon:"
head_row epsilon "samples, others"
for epsilon in $epsilons; do row "$epsilon" "$(both "epsilon-$epsilon")"; done
echo
echo "resolution:"
head_row resolution "samples, others"
for resolution in $resolutions; do row "$resolution" "$(both "resolution-$resolution")"; done
echo
echo "num_blocks, by iterations:"
# shellcheck disable=SC2086
head_row num_blocks $lengths
for block in $blocks; do
    cells=()
    for length in $lengths; do cells+=("$(both "blocks-$block-$length")"); done
    row "$block" "${cells[@]}"
done
echo
echo "encoding:"
head_row encoding "samples, others"
for encoding in $encodings; do row "$encoding" "$(both "encoding-$encoding")"; done
row "positional, 5 frequencies" "$(both encoding-positional-5)"

join="$build/examples/tools/join_pictures"
"$join" "$pictures/choosing-std-none.png" 150 "std 1" std-1-none/fit.png "4" std-4-none/fit.png "8" std-8-none/fit.png \
    "16" std-16-none/fit.png "32" std-32-none/fit.png
"$join" "$pictures/choosing-std-spatial.png" 150 "std 1" std-1-spatial/fit.png "4" std-4-spatial/fit.png \
    "8" std-8-spatial/fit.png "16" std-16-spatial/fit.png "32" std-32-spatial/fit.png
"$join" "$pictures/choosing-epsilon.png" 150 "epsilon 1e-4" epsilon-1e-4/mask.png "1e-3" epsilon-1e-3/mask.png \
    "3e-3" epsilon-3e-3/mask.png "1e-2" epsilon-1e-2/mask.png "1e-1" epsilon-1e-1/mask.png
"$join" "$pictures/choosing-epsilon-fit.png" 150 "epsilon 1e-4" epsilon-1e-4/fit.png "1e-3" epsilon-1e-3/fit.png \
    "3e-3" epsilon-3e-3/fit.png "1e-2" epsilon-1e-2/fit.png "1e-1" epsilon-1e-1/fit.png
"$join" "$pictures/choosing-resolution.png" 150 "resolution 4" resolution-4/mask.png "12" resolution-12/mask.png \
    "48" resolution-48/mask.png "192" resolution-192/mask.png
"$join" "$pictures/choosing-encoding.png" 150 "identity" encoding-identity/fit.png \
    "fourier" encoding-fourier/fit.png "positional" encoding-positional/fit.png \
    "rbf" encoding-rbf/fit.png "periodic_rbf" encoding-periodic_rbf/fit.png
"$join" "$pictures/choosing-function.png" 300 "std 1, spatial" function-1-spatial/fit.png \
    "5, none" function-5-none/fit.png "5, spatial" function-5-spatial/fit.png "20, spatial" function-20-spatial/fit.png
