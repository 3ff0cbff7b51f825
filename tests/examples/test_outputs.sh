#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the programs do about results that cannot be written, signals, trainings taken up again, and saved fields.
# Usage: test_outputs.sh PROGRAM_FOLDER MAKE_PICTURES KEY
set -uo pipefail

programs=$(realpath "$1")
make_pictures=$(realpath "$2")
key=$(realpath "$3")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"
"$make_pictures" . || exit 1
# Command lines below are split into words, which a path might be too.
ln -s "$programs" bin

QUICK="--iterations 30 --hidden 16 --num-frequencies 8 --num-blocks 4 --resolution 8 --threads 1"
SAMPLES="--samples 300 --batch 100 --mesh-resolution 8 --std 1"
printf 'v 1 1 1\nv -1 -1 1\nv -1 1 -1\nv 1 -1 -1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n' >solid.obj
NAMES=(fit_function fit_image fit_silhouette fit_occupancy transfer_mesh)
declare -A RUN=(
    [fit_function]="bin/fit_function --preset paper $QUICK"
    [fit_image]="bin/fit_image color.png --preset paper $QUICK"
    [fit_silhouette]="bin/fit_silhouette KEY --preset paper $QUICK --points 20 --lr 1e-3"
    [fit_occupancy]="bin/fit_occupancy solid.obj --preset paper --epochs 3 ${QUICK#--iterations 30} $SAMPLES"
    [transfer_mesh]="bin/transfer_mesh solid.obj solid.obj $QUICK --points 20"
)
declare -A FILES=(
    [fit_function]="fit.png mask.png fit.gif"
    [fit_image]="fit.png mask.png target.png samples.png fit.gif"
    [fit_silhouette]="fit.png fit.gif"
    [fit_occupancy]="mask.png mask.gif"
    [transfer_mesh]="deformed.ply transfer.png"
)
cp "$key" KEY

# refuses_untrained TEXT COMMAND...: the program fails with the text and has not trained.
refuses_untrained() {
    local text=$1
    shift
    refuses 1 "$text" "$@" && ! grep -q "it/s" stderr
}

# writes NAME: the program's results are there.
writes() {
    local file
    for file in ${FILES[$1]}; do [ -s "out/$file" ] || return 1; done
    ! find out -name '*.part' | grep -q .
}

mkdir folder
mkdir -m 555 locked
: >file
ln -s nowhere/at/all dangling
: >readable && ln -s readable link
long=$(printf 'x%.0s' {1..300})
for name in "${NAMES[@]}"; do
    run=${RUN[$name]}
    # Checkpoints that could not be written at the end.
    expect refuses_untrained "missing/x': No such file" $run --save missing/x
    expect refuses_untrained "folder': it is not a regular file" $run --save folder
    expect refuses_untrained "/dev/full': it is not a regular file" $run --save /dev/full
    expect refuses_untrained "file/x': Not a directory" $run --save file/x
    expect refuses_untrained "new/': " $run --save new/
    expect refuses_untrained "dangling': " $run --save dangling
    expect refuses_untrained "File name too long" $run --save "$long"
    expect refuses_untrained "/proc/x': " $run --save /proc/x
    # Folders that cannot be written to, or in which a folder has a result's name.
    expect refuses_untrained "/proc" $run --out /proc
    expect refuses_untrained "/proc" $run --out /proc/new/folder
    expect refuses_untrained "it is not a directory" $run --out file
    expect refuses_untrained "file" $run --out file/deeper
    expect refuses_untrained "/dev/full" $run --out /dev/full
    first=${FILES[$name]%% *}
    mkdir -p taken/"$first"
    expect refuses_untrained "$first': Is a directory" $run --out taken
    rm -r taken
    expect refuses 2 "--checkpoint-every needs --save" $run --checkpoint-every 3
    # The superuser may write anywhere.
    if [ ! -w locked ]; then
        expect refuses_untrained "locked/x': Permission denied" $run --save locked/x
        expect refuses_untrained "Permission denied" $run --out locked
        expect refuses_untrained "Permission denied" $run --out locked/new
    fi
    # A link is saved to where it leads, and a folder is made before the checkpoint in it is tried.
    expect runs $run --save link
    expect test -L link -a -s readable
    expect runs $run --save out/inside
    expect test -s out/inside

    # No room: for the checkpoint it is known before, for the rest of the results when they are written.
    expect refuses_untrained "File too large" bash -c "ulimit -f 2; exec $run --save large"
    expect test ! -e large
    rm -rf out; (ulimit -f 0; exec $run) 2>&1 >/dev/null | (trap '' PIPE; cat >stderr)
    expect [ "${PIPESTATUS[0]}" -eq 1 ]
    expect grep -q "': File too large" stderr

    # A failed save does not keep the results from being written: its folder goes away during the training.
    endless=${run/--iterations 30/--iterations 100000000}
    endless=${endless/--epochs 3/--epochs 1000000}
    rm -rf out gone
    mkdir leaving
    $endless --save leaving/x --checkpoint-every 1 --json >stdout 2>stderr &
    training=$!
    for _ in {1..1200}; do [ -e leaving/x ] && break || sleep 0.05; done
    mv leaving gone
    kill -TERM $training
    wait $training
    expect [ $? -eq 1 ]
    expect grep -q "leaving/x" stderr
    expect grep -q "stopped early" stderr
    expect writes "$name"
    expect has_json task

    # A result that stdout did not take is a failure; stderr does not matter, nor do readers that have gone.
    rm -rf out; $run --json >/dev/full 2>stderr
    expect [ $? -eq 1 ]
    expect grep -q "standard output: No space left" stderr
    expect writes "$name"
    rm -rf out; $run --json --save kept >&- 2>stderr
    expect [ $? -eq 1 ]
    expect grep -q "standard output" stderr
    expect writes "$name"
    rm -rf out; $run --json >stdout 2>&-
    expect [ $? -eq 0 ]
    expect has_json task
    rm -rf out; $run --json >stdout 2>/dev/full
    expect [ $? -eq 0 ]
    rm -rf out; { $run --json 2>stderr; echo $? >status; } | :
    expect [ "$(cat status)" -eq 1 ]
    expect writes "$name"
    rm -rf out; { $run --json 2>&1 >stdout; echo $? >status; } | :
    expect [ "$(cat status)" -eq 0 ]
    expect has_json task
    rm -rf out; $run --json <&- >&- 2>&-
    expect [ $? -eq 1 ]
    expect writes "$name"
    bin/$name --help >/dev/full 2>stderr
    expect [ $? -eq 1 ]
done

# What can be written is, when another result cannot: here the pictures, which are smaller than the animation.
rm -rf out
bash -c "ulimit -f 64; exec ${RUN[fit_function]} --json" >stdout 2>stderr
expect [ $? -eq 1 ]
expect grep -q "fit.gif': File too large" stderr
expect test -s out/mask.png
expect has_json task

# Every signal that asks for the end brings the results; a second one, of whatever kind, ends the program at once.
for signal in INT TERM HUP; do
    SIGNAL=$signal expect stops_after out ${RUN[fit_image]} --iterations 100000000 --json --save stopped
    expect writes fit_image
    expect has_json task
    expect test -s stopped
    rm -f stopped
done
endless="bin/fit_image color.png --preset paper --iterations 100000000 --hidden 1024 --layers 32 --fraction 1 --threads 1"
rm -rf out
$endless >stdout 2>stderr &
training=$!
for _ in {1..1200}; do [ -e out ] && break || sleep 0.05; done
kill -INT $training; sleep 0.02; kill -TERM $training 2>/dev/null
wait $training
expect [ $? -eq $((128 + 15)) ]
# No file of the program's gets the number of a standard stream that is closed, and with it that stream's text.
rm -rf out
${RUN[fit_function]} --iterations 100000000 <&- >&- 2>&- &
training=$!
for _ in {1..1200}; do [ -e out ] && break || sleep 0.05; done
for number in 0 1 2; do expect [ "$(readlink /proc/$training/fd/$number)" = /dev/null ]; done
kill -INT $training
wait $training
# As under nohup, which leaves the training to go on.
rm -rf out
(trap '' HUP; exec ${RUN[fit_function]} --iterations 20000 >stdout 2>stderr) &
training=$!
for _ in {1..1200}; do [ -e out ] && break || sleep 0.05; done
kill -HUP $training
wait $training
expect [ $? -eq 0 ]
expect test -z "$(grep "stopped early" stderr)"

# Trainings are taken up with the options that they began with. resumes NAME OPTION...
resumes() {
    local name=$1
    shift
    runs ${RUN[$name]} --resume $name.saved "$@" --json
}
differs() {
    local name=$1 text=$2
    shift 2
    refuses_untrained "$text, but the checkpoint was trained with" ${RUN[$name]} --resume $name.saved "$@" --json
}
for name in "${NAMES[@]}"; do
    expect runs ${RUN[$name]} --save $name.saved
    expect resumes $name
    expect grep -q "nothing is left to train: the checkpoint is at" stderr
    expect writes $name
    expect differs $name "--std is 2.5" --std 2.5
    expect differs $name "--seed is 3" --seed 3
    expect differs $name "--hidden is 17" --hidden 17
    expect differs $name "--layers is 5" --layers 5
    expect differs $name "--num-frequencies is 9" --num-frequencies 9
    expect differs $name "--num-blocks is 3" --num-blocks 3
    expect differs $name "--epsilon is 0.125" --epsilon 0.125
    expect differs $name "--resolution is 9" --resolution 9
    expect differs $name "--adaptive-lr is on" --adaptive-lr
    expect differs $name "--encoding is rbf" --encoding rbf
    expect differs $name "--policy is global" --policy global
    expect resumes $name --threads 2
    expect refuses_untrained "'color.png' is not a checkpoint" ${RUN[$name]} --resume color.png
done
expect differs fit_image "--std is 10" --std 10 --seed 2
expect grep -q -- "--std is 10, but the checkpoint was trained with 20$" stderr
expect grep -q -- "--seed is 2, but the checkpoint was trained with 0$" stderr
expect differs fit_image "--validation is 0.1" --validation 0.1
expect differs fit_image "--fraction is 0.5" --fraction 0.5
expect differs fit_image "--sampling is grid" --sampling grid
expect differs fit_occupancy "--batch is 50" --batch 50
expect differs fit_occupancy "--samples is 400" --samples 400
expect differs transfer_mesh "--rigidity is 2" --rigidity 2
expect differs fit_silhouette "--points is 30" --points 30
expect differs fit_function "--function is chirp" --function chirp
expect resumes fit_occupancy --mesh-resolution 9
# Of another picture, table or mesh with the same number of samples.
other="trained with different samples from those of this input"
expect refuses_untrained "$other" ${RUN[fit_image]/color.png/color.jpg} --resume fit_image.saved
sed 's/^v 1 1 1/v 1 1 2/' solid.obj >taller.obj
expect refuses_untrained "$other" ${RUN[fit_occupancy]/solid.obj/taller.obj} --resume fit_occupancy.saved
expect refuses_untrained "$other" ${RUN[transfer_mesh]/solid.obj solid.obj/solid.obj taller.obj} --resume transfer_mesh.saved
expect refuses_untrained "$other" ${RUN[transfer_mesh]/solid.obj solid.obj/taller.obj solid.obj} --resume transfer_mesh.saved
printf '0,1\n1,2\n2,0\n' >table.csv
printf '0,1\n1,2\n2,0.5\n' >other.csv
expect runs ${RUN[fit_function]} --csv table.csv --save table.saved
expect refuses_untrained "$other" ${RUN[fit_function]} --csv other.csv --resume table.saved
# --iterations is the length in all, and the schedule follows it; that of a solid follows the epochs, of which there may
# be more.
expect differs fit_function "--iterations is 3000" --iterations 3000
expect resumes fit_occupancy --epochs 4
expect grep -q "resuming after 9 of 12 iterations" stderr
expect json_has '"iterations":12,'

# A saved field is drawn in the shape of its picture; one size alone keeps it.
# draws SIZE ARGUMENT...
draws() {
    local size=$1
    shift
    runs bin/render "$@" && has_files render.png &&
        [ "$(od -An -tu1 -j18 -N6 out/render.png | awk '{ print $1 * 256 + $2 "x" $5 * 256 + $6 }')" = "$size" ]
}
expect draws 24x16 fit_image.saved
expect draws 96x64 fit_image.saved --width 96
expect draws 48x32 fit_image.saved --height 32
expect draws 10x70 fit_image.saved --width 10 --height 70
expect draws 512x512 fit_occupancy.saved
expect draws 512x512 fit_function.saved
expect draws 300x300 fit_function.saved --width 300
expect draws 512x512 table.saved
expect refuses 1 "is not a checkpoint" bin/render color.png
expect refuses 1 "is not a checkpoint" bin/render file
head -c 3000 fit_image.saved >cut.saved
expect refuses 1 "is not a checkpoint, or is damaged" bin/render cut.saved
expect refuses 1 "folder" bin/render folder
expect refuses 1 "/proc" bin/render fit_image.saved --out /proc
expect refuses 1 "at most 16384" bin/render fit_image.saved --height 16384
# Notes that someone has changed, in as many bytes.
for text in 00 99 -7 a1 'n ' 1e; do
    LC_ALL=C sed "s/\"image.width\":\"24\"/\"image.width\":\"$(printf '%-2s' "$text")\"/" fit_image.saved >changed.saved
    case $text in 99) expect draws 99x16 changed.saved ;; *) expect refuses 1 "" bin/render changed.saved ;; esac
done
# A field without notes, as other programs save it.
LC_ALL=C sed 's/"image.width"/"image.wideh"/' fit_image.saved >unnoted.saved
expect draws 512x512 unnoted.saved
expect draws 64x64 unnoted.saved --height 64
bin/render fit_image.saved >&- 2>stderr
expect [ $? -eq 1 ]

# The study's tables and plots.
expect refuses_untrained "/proc" bin/study_convergence --quick --out /proc
expect refuses 2 "--members needs --preset proposed" bin/study_convergence --preset paper --members 2
mkdir -p taken/rates.csv
expect refuses_untrained "rates.csv': Is a directory" bin/study_convergence --quick --out taken

finish
