#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The programs that a newcomer reads first: each one runs and reaches what it should.
# Usage: test_first_programs.sh BUILD_DIR
set -uo pipefail

programs=$(realpath "$1")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"

# prints NUMBERS PROGRAM ARGUMENT...: it succeeds and prints this many numbers, each equal to its own or within LOW:HIGH.
prints() {
    local wanted=$1 program=$programs/$2
    shift 2
    runs "$program" "$@" && grep -oE '[-+]?[0-9]+(\.[0-9]+)?(e[-+]?[0-9]+)?' stdout | paste -sd ' ' |
        awk -v wanted="$wanted" '{ if (split(wanted, want, " ") != NF) exit 1
            for (i = 1; i <= NF; i++) {
                n = split(want[i], range, ":")
                if ($i < range[1] + 0 || $i > range[n] + 0) exit 1
            } }'
}

# is_picture FILE WIDTH HEIGHT VALUES: a whole PPM file with at least this many different bytes.
is_picture() {
    local header="P6"$'\n'"$2 $3"$'\n'"255"$'\n' bytes=$((3 * $2 * $3))
    head -c ${#header} "$1" | cmp -s - <(printf %s "$header") && [ "$(wc -c <"$1")" -eq $((${#header} + bytes)) ] &&
        [ "$(tail -c $bytes "$1" | od -An -v -tu1 -w1 | sort -u | wc -l)" -ge "$4" ]
}

# The value and what it should be, at five places.
expect prints "-0.5 0.4:0.6 0.49 -0.3 0.2:0.4 0.31 -0.1 -0.5:-0.3 -0.40 0.1 -0.1:0.15 0.05 0.3 -0.25:0 -0.09" first

awk 'BEGIN { for (i = 0; i < 2000; i++) {
    u = 61.8 * i % 100; v = 7.55 * i % 10; print u, v, sin(u / 8) + v / 10 } }' >samples.txt
expect prints "100 0:0.2 30:80 200 0:0.02 80:100 300 0:2e-3 100 400 0:1e-3 100 0.40:0.54" own_data <samples.txt

expect prints "0.1:0.3 0:0.02" own_loss
expect prints "0:1e-3 5:45 60:100" own_network
expect prints "0:20 0:5 0:1 0:1" heights
expect prints "0.0 0.25 -0.3:-0.2 -0.25 0.5 0.00 -0.05:0.05 0.00 0.6 0.60 0.3:0.4 0.35" eikonal
expect prints "0.5 0.0 0.9:1.1 -0.1:0.1 0.3 0.4 0.5:0.7 0.7:0.9" slope

expect prints "200 0.55 0.27:0.33" resume
expect prints "400 0.55 0.29:0.32" resume
expect prints "4 0.55 0.28:0.32" several
echo nothing >training.safetensors
expect refuses 1 SAPE_ERROR_ "$programs/resume"
rm training.safetensors

expect prints "4 1 3" errors
expect grep -qx SAPE_ERROR_ARGUMENT stdout

expect prints "0.1:0.4 0:0.03 5:23 -0.5 23:60 0.5" fit_1d
expect [ "$(wc -l <fit_1d.csv)" -eq 513 ]
expect refuses 1 no/fit.csv "$programs/fit_1d" no/fit.csv

expect prints "16384 30:40 4096" fit_2d
expect is_picture fit_2d.ppm 128 128 100
# A picture of its own, with comments in the header: a smooth one of 40 x 30 pixels.
{
    printf 'P6 # smooth\n#\n40\n# 30\n30 255\n'
    awk 'BEGIN { for (i = 0; i < 1200; i++) printf "%c%c%c", 33 + i % 40, 33 + i / 30, 100 }'
} >smooth.ppm
expect prints "1200 40:70 300" fit_2d smooth.ppm fit.ppm
expect is_picture fit.ppm 40 30 10
head -c 3000 smooth.ppm >short.ppm
sed 's/P6/P5/' smooth.ppm >grey.ppm
sed 's/30 255/30 65535/' smooth.ppm >deep.ppm
: >empty.ppm
for picture in short grey deep empty missing; do
    expect refuses 1 "$picture.ppm: not a readable PPM file" "$programs/fit_2d" $picture.ppm
done
expect refuses 1 no/fit.ppm "$programs/fit_2d" smooth.ppm no/fit.ppm

expect prints "2097152 0.92:1" fit_3d
expect is_picture fit_3d.ppm 128 128 100
expect refuses 1 no/fit.ppm "$programs/fit_3d" no/fit.ppm

finish
