#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# fit_occupancy: its errors, and a quick fit of every kind.
# Usage: test_occupancy.sh FIT_OCCUPANCY KNOT CASES
set -uo pipefail

program=$(realpath "$1")
knot=$(realpath "$2")
cases=$(realpath "$3")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"
# Under a name that can be split into words.
cp "$knot" knot.obj
knot=knot.obj

fits() {
    runs "$program" "$@" --json
}

# without_times: the last run's object less what differs from run to run.
without_times() {
    tail -n 1 stdout | sed -E 's/"(seconds|processor_seconds|ms_per_iteration|advance_ms|sampling_seconds|peak_rss_mb)":[^,}]*//g'
}

# same_fits A B: runs with the arguments A and with B, which are split into words, give the same numbers and surface.
same_fits() {
    local first
    fits $1 || return 1
    first=$(without_times)
    mv out/surface.ply first.ply
    fits $2 && [ "$first" = "$(without_times)" ] && cmp -s first.ply out/surface.ply
}

KEYS="task policy encoding iterations seed iou_uniform iou_near bce chamfer seconds processor_seconds
    ms_per_iteration advance_ms sampling_seconds peak_rss_mb"
SMALL="--preset paper --samples 4000 --batch 500 --resolution 8 --mesh-resolution 24 --hidden 32 --num-blocks 4 --threads 1"
# Few low frequencies learned fast, so that a few iterations give a surface.
QUICK_FIT="$SMALL --epochs 20 --layers 2 --num-frequencies 16 --std 1 --lr 1e-2"
QUICK="$knot $QUICK_FIT"

# Options.
expect refuses 2 "'MESH'" "$program"
expect refuses 2 "'--iterations'" "$program" "$knot" --iterations 5
expect refuses 2 "--epochs: 0 is out of range" "$program" "$knot" --epochs 0
expect refuses 2 "--sets: 11 is out of range" "$program" "$knot" --sets 11
expect refuses 2 "--mesh-resolution: 1 is out of range" "$program" "$knot" --mesh-resolution 1
expect refuses 2 "spatial_fixed" "$program" "$knot" --policy spatial_fixed

# Meshes that cannot be fitted.
: >empty.stl
echo "no mesh" >text.obj
printf 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n' >corners.obj
{ cat corners.obj; printf 'f 1 1 2\n'; } >degenerate.obj
{ cat corners.obj; printf 'v nan 0 0\nf 1 2 5\n'; } >nan.obj
{ cat corners.obj; printf 'f 1 2 4000000000\n'; } >gigantic.obj
{ cat corners.obj; printf 'v 0 0 -1\nf 1 2 3\nf 1 2 4\nf 1 2 5\n'; } >fan.obj
{ cat corners.obj; printf 'f 1 2 3\nf 1 4 2\nf 1 3 4\nf 2 4 3\n'; } >inward.obj
{ cat corners.obj; printf 'f 1 2 3\n'; } >open.obj
for mesh in missing.obj empty.stl text.obj corners.obj degenerate.obj nan.obj gigantic.obj; do
    expect refuses 1 "$mesh" "$program" $mesh $SMALL
done
expect refuses 1 "no inside" "$program" fan.obj $SMALL
expect refuses 1 "no inside" "$program" open.obj $SMALL
expect refuses 1 "text.obj" "$program" "$knot" $SMALL --out text.obj

# A mesh with a hole and a flipped face is as good as one without.
awk '/^f/ && ++n == 1 { next } /^f/ && n == 100 { print $1, $2, $4, $3; next } { print }' "$knot" >damaged.obj
expect fits damaged.obj $SMALL --epochs 1

# The surface comes back where the mesh lies, and the placement is told.
awk -v OFMT=%.9f '/^v/ { print "v", $2 + 500000, $3 + 4649776, $4 - 17; next } { print }' "$knot" >far.obj
# box FILE: the least and largest x of a PLY file as the programs write it.
box() {
    python3 - "$1" <<'END'
import struct, sys
data = open(sys.argv[1], "rb").read()
header, _, rows = data.partition(b"end_header\n")
count = int(header.split(b"element vertex ")[1].split()[0])
size = 36 if b"nx" in header else 24
x = [struct.unpack_from("<d", rows, size * i)[0] for i in range(count)]
print(min(x), max(x))
END
}
# lies_within FILE LOW HIGH
lies_within() {
    box "$1" | awk -v low="$2" -v high="$3" '{ exit !($1 > low && $2 < high && $2 - $1 > 0.7 * (high - low)) }'
}
if command -v python3 >/dev/null; then
    expect fits "$knot" $QUICK_FIT
    near=($(box out/surface.ply))
    expect fits far.obj $QUICK_FIT --save far.safetensors
    expect json_has '"center":[500000' '"scale":'
    expect grep -aqF '"mesh.center":"500000' far.safetensors
    expect grep -aqF '"mesh.scale":"3.97663' far.safetensors
    expect awk -v a="${near[0]}" -v b="$(box out/surface.ply | cut -d ' ' -f 1)" 'BEGIN { exit !((b - a - 500000) ^ 2 < 1e-4) }'
    expect grep -qF "surface.stl' is inexact" stderr
    # Boxes that face inwards are turned, and a face that is there again does no harm.
    for mesh in two_inv two_ok; do
        expect fits "$cases/$mesh.obj" $QUICK_FIT
        expect lies_within out/surface.ply -1.5 5.5
    done
    expect fits inward.obj $SMALL --epochs 1
    expect grep -qF "faced inwards and is flipped" stderr
fi
expect fits "$cases/dup.obj" $SMALL --epochs 1
expect grep -qF "face 13, with the corners of face 1; --drop-duplicate-faces drops them" stderr
expect fits "$cases/dup.obj" $SMALL --epochs 1 --drop-duplicate-faces

# Fits.
for policy in none global spatial variance; do
    expect fits $QUICK --policy $policy
    expect has_json $KEYS
    expect json_has "\"policy\":\"$policy\"" '"encoding":"fourier"' '"iterations":160,'
    expect has_files surface.ply surface.stl fit.png mask.png mask.gif
done
expect fits $QUICK --coarse-to-fine
expect has_json $KEYS grid_evaluated vertices_differing
expect fits $QUICK --batch 100000
expect json_has '"iterations":20'
expect same_fits "$QUICK" "$QUICK --threads 2"

# Of one set of samples, later epochs are the first again; the first is the same of any number of sets.
other_fits() {
    fits $1 || return 1
    local first
    first=$(without_times)
    fits $2 && [ "$first" != "$(without_times)" ]
}
ONE_EPOCH="$QUICK --policy none --epochs 1 --samples 8000 --batch 50"
expect same_fits "$ONE_EPOCH" "$ONE_EPOCH --sets 1"
expect other_fits "$QUICK" "$QUICK --sets 1"
expect fits $QUICK --members 2 --save pair.safetensors --coarse-to-fine
expect json_has '"members":2,' '"iterations":320,'
expect has_files surface.ply surface.stl fit.png mask.png mask.gif
expect test -s pair.safetensors

# Pieces of the surface are dropped where that is asked for, which is said; the figures of the field stay.
expect fits $QUICK --std 4
near=$(value iou_near)
expect eval "! grep -q dropped stdout"
expect fits $QUICK --std 4 --drop-crumbs 1
expect [ "$(value iou_near)" = "$near" ]
expect [ "$(value crumbs_dropped)" -gt 0 ]
expect grep -q "^$(value crumbs_dropped) pieces" stdout
expect refuses 2 "--drop-crumbs: 2 is out of range" "$program" $QUICK --drop-crumbs 2

# A field that is outside everywhere has no surface.
expect fits "$knot" $SMALL --epochs 2
expect grep -qF "no surface" stderr
expect json_has '"chamfer":null'
expect has_files mask.png mask.gif

# Ctrl-C: the result is there all the same, with a surface or, so early, without.
expect stops_after out "$program" $QUICK --epochs 1000000 --json
expect has_json $KEYS
expect test -s out/mask.gif

# A training run that is stopped and goes on, in an epoch that is not the first, ends as one that was not.
LONG="$QUICK --epochs 200"
expect stops_after part.safetensors "$program" $LONG --save part.safetensors --checkpoint-every 50
expect fits $LONG --save whole.safetensors
whole=$(without_times)
expect fits $LONG --save resumed.safetensors --resume part.safetensors
expect [ "$whole" = "$(without_times)" ]
expect cmp resumed.safetensors whole.safetensors

finish
