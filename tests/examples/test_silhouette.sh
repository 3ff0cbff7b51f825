#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fit_silhouette: its errors, and a quick fit of every kind.
# Usage: test_silhouette.sh FIT_SILHOUETTE KEY CASES
set -uo pipefail

program=$(realpath "$1")
key=$(realpath "$2")
cases=$(realpath "$3")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"
# Under a name that can be split into words.
cp "$key" key.png
key=key.png

fits() {
    runs "$program" "$@" --json && has_files fit.png fit.gif
}

# below KEY LIMIT
below() {
    awk -v value="$(value "$1")" -v limit="$2" 'BEGIN { exit !(value != "" && value < limit) }'
}

# same_fits A B: runs with the arguments A and with B, which are split into words, give the same curve.
same_fits() {
    fits $1 || return 1
    mv out/fit.png first.png
    fits $2 && cmp -s first.png out/fit.png
}

SMALL="--preset paper --points 100 --hidden 32 --num-frequencies 32 --threads 1 --lr 1e-3"

expect refuses 2 "'PICTURE|CSV'" "$program"
expect refuses 2 "--std: auto needs a target" "$program" "$key" --std auto
expect refuses 2 "--points: 2 is out of range" "$program" "$key" --points 2
: >empty.png
echo "no picture" >text.png
printf 'x,y\n0,0\n1,1\n' >short.csv
printf '0,0\n1,one\n1,1\n' >bad.csv
printf '1,1\n1,1\n1,1\n' >point.csv
expect refuses 1 "missing.png" "$program" missing.png
expect refuses 1 "empty.png" "$program" empty.png
expect refuses 1 "text.png" "$program" text.png
expect refuses 1 "at least 3" "$program" short.csv
expect refuses 1 "bad.csv" "$program" bad.csv
expect refuses 1 "coincide" "$program" point.csv
expect refuses 1 "text.png" "$program" "$key" --out text.png --iterations 1

# One transparent pixel changes nothing.
for picture in s_dark.png s_onepix.png; do
    expect fits "$cases/$picture" $SMALL --iterations 1
    expect json_has '"target_points":192'
done

# A picture, and the points of a square.
expect fits "$key" $SMALL --iterations 400
expect json_has '"task":"silhouette","policy":"spatial","encoding":"fourier","iterations":400,"seed":0'
expect has_json target_points calibration_mse chamfer seconds ms_per_iteration
expect below chamfer 0.15
expect below calibration_mse 0.01
awk 'BEGIN { for (i = 0; i < 200; i++) { s = i / 50; t = s - int(s); k = int(s)
    print (k == 0 ? t : k == 1 ? 1 : k == 2 ? 1 - t : 0) "," (k == 0 ? 0 : k == 1 ? t : k == 2 ? 1 : 1 - t) } }' >square.csv
expect fits square.csv $SMALL --iterations 400
expect json_has '"target_points":200'
expect below chamfer 0.1
# Coordinates of a map, in double precision until they are centred, after a byte order mark and a heading.
awk -F, 'BEGIN { printf "\xef\xbb\xbfnorth,east\r" } { printf "%.4f,%.4f\r", 500000 + $1, 4649776 + $2 }' square.csv >map.csv
square_chamfer=$(value chamfer)
expect fits map.csv $SMALL --iterations 400 --save map.safetensors
expect json_has '"target_points":200' '"center":[500000.5,4649776.5]' '"scale":0.707106'
expect awk -v a="$(value chamfer)" -v b="$square_chamfer" 'BEGIN { exit !((a - b) ^ 2 < 1e-6) }'
expect grep -aqF '"outline.center":"500000.5 4649776.5"' map.safetensors
for policy in none global spatial spatial_fixed variance; do
    expect fits "$key" $SMALL --iterations 60 --policy $policy
    expect json_has "\"policy\":\"$policy\""
done
expect fits "$key" $SMALL --iterations 20 --encoding identity
expect same_fits "$key $SMALL --iterations 50" "$key $SMALL --iterations 50 --threads 2"

# Saved, and taken up by a training run that has nothing left to do.
expect "$program" "$key" $SMALL --iterations 50 --save half
expect fits "$key" $SMALL --iterations 50 --resume half
expect cmp -s first.png out/fit.png

finish
