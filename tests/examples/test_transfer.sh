#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# transfer_mesh: its errors, and quick transfers of every kind.
# Usage: test_transfer.sh TRANSFER_MESH MAKE_SOLID CASES
set -uo pipefail

program=$(realpath "$1")
make_solid=$(realpath "$2")
cases=$(realpath "$3")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"

transfers() {
    runs "$program" "$@" --json
}

# shrinks FACTOR: the distance after is less than that part of the distance before.
shrinks() {
    awk -v after="$(value chamfer)" -v before="$(value chamfer_before)" -v factor="$1" \
        'BEGIN { exit !(after > 0 && after < factor * before) }'
}

# same_transfers A B: runs with the arguments A and with B, which are split into words, give the same mesh.
same_transfers() {
    transfers $1 || return 1
    mv out/deformed.ply first.ply
    transfers $2 && cmp -s first.ply out/deformed.ply
}

for kind in sphere ellipsoid bent star; do "$make_solid" $kind 6 >$kind.obj || exit 1; done
expect cmp -s <("$make_solid" sphere 6) sphere.obj

SMALL="--hidden 32 --layers 2 --num-frequencies 32 --std 2 --lr 3e-3 --points 500 --resolution 6 --num-blocks 4
    --iterations 60 --threads 1"

# Options and meshes.
expect refuses 2 "'TARGET'" "$program" sphere.obj
expect refuses 2 "--rigidity: -1 is out of range" "$program" sphere.obj star.obj --rigidity -1
expect refuses 2 "spatial_fixed" "$program" sphere.obj star.obj --policy spatial_fixed
expect refuses 2 "--compare" "$program" sphere.obj star.obj --compare --resume none.safetensors
printf 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nv 0 0 -1\nf 1 2 3\nf 1 2 4\nf 1 2 5\n' >fan.obj
: >empty.obj
expect refuses 1 "missing.obj" "$program" missing.obj sphere.obj $SMALL
expect refuses 1 "empty.obj" "$program" sphere.obj empty.obj $SMALL
expect refuses 1 "not manifold" "$program" fan.obj sphere.obj $SMALL
expect refuses 1 "of the faces 1, 10, 13" "$program" "$cases/dup.obj" "$cases/ok.obj" $SMALL
expect grep -qF "face 13, with the corners of face 1; --drop-duplicate-faces drops them" stderr
expect transfers "$cases/dup.obj" "$cases/ok.obj" $SMALL --iterations 1 --drop-duplicate-faces
expect transfers "$cases/prism_origin.obj" "$cases/prism_utm.obj" $SMALL --iterations 1
expect json_has '"target":{"center":[500000,4649776,0.5],"scale":1.17'
expect awk -v before="$(value chamfer_before)" 'BEGIN { exit !(before < 1e-6) }'

# Pairs.
: >none.csv
printf '1,2,3,4,5\n' >short.csv
printf '1,2,3,4,5,nan\n' >nan.csv
expect refuses 1 "missing.csv" "$program" sphere.obj star.obj --pairs missing.csv $SMALL
expect refuses 1 "contains no pairs" "$program" sphere.obj star.obj --pairs none.csv $SMALL
expect refuses 1 "short.csv:1: expected 6 finite numbers" "$program" sphere.obj star.obj --pairs short.csv $SMALL
printf '1,5;2;3;4;5;6\n' >comma.csv
expect refuses 1 "decimal points" "$program" sphere.obj star.obj --pairs comma.csv $SMALL
printf '\xef\xbb\xbf1,2,3,4,5,x\n' >mark.csv
expect refuses 1 "mark.csv:1: expected 6 finite numbers" "$program" sphere.obj star.obj --pairs mark.csv $SMALL
expect refuses 1 "nan.csv:1: expected 6 finite numbers" "$program" sphere.obj star.obj --pairs nan.csv $SMALL

# Transfers come near the target and keep the faces. A target may be a soup: here faces meet by three in an edge.
for target in ellipsoid.obj star.obj; do
    expect transfers sphere.obj $target $SMALL
    expect json_has '"policy":"spatial"' '"iterations":60' '"chamfer_before":' '"chamfer":' '"edge_stretch_max":' \
        '"edge_stretch_mean":' '"flipped_faces":' '"seconds":' '"peak_rss_mb":'
    expect has_files deformed.ply transfer.png
    expect shrinks 0.5
done
expect transfers sphere.obj fan.obj $SMALL --iterations 2
expect transfers sphere.obj bent.obj $SMALL --pairs <(printf '\xef\xbb\xbf0 0 1 0 0 0.4\n0 0 -1 0 0 -0.4\n')
expect grep -aq "element face 432" out/deformed.ply
expect grep -aq "element vertex 218" out/deformed.ply

# The result lies where the target does, whatever its size.
awk '/^v/ { print "v", 100 * $2 + 7, 100 * $3, 100 * $4; next } { print }' ellipsoid.obj >large.obj
expect transfers sphere.obj large.obj $SMALL
mv out/deformed.ply large.ply
expect transfers large.ply large.obj $SMALL --iterations 1
expect awk -v before="$(value chamfer_before)" 'BEGIN { exit !(before < 0.1) }'

# What is not given is proposed, or the published settings.
expect transfers sphere.obj star.obj --iterations 60 --points 500 --hidden 32 --threads 1
expect json_has '"preset":"proposed"' '"epsilon":{"value":"0"' '"lr":{"value":"0.001"'
expect shrinks 0.5
expect transfers sphere.obj star.obj --preset paper --iterations 2 --points 500
expect json_has '"preset":"paper"'

# Both policies; the same bits whatever the threads; stopped early.
expect transfers sphere.obj star.obj $SMALL --compare
expect json_has '"policy":"spatial"' '"none":{"task":"transfer","policy":"none"'
expect has_files deformed.ply deformed_none.ply transfer.png
expect same_transfers "sphere.obj star.obj $SMALL" "sphere.obj star.obj $SMALL --threads 3"
expect same_transfers "sphere.obj star.obj $SMALL --save done.safetensors" \
    "sphere.obj star.obj $SMALL --resume done.safetensors"
expect stops_after out "$program" sphere.obj star.obj $SMALL --iterations 100000 --save half.safetensors
expect has_files deformed.ply transfer.png

finish
