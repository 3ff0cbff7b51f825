#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Training on several ranks with MPI: the same fit as one process, the same bits, and one end for all.
# Usage: test_mpi.sh MPIRUN FIT_IMAGE_MPI FIT_IMAGE SPOIL_SUM PICTURE
set -uo pipefail

mpirun=$(command -v "$1")
fit_mpi=$(realpath "$2")
fit_image=$(realpath "$3")
spoil=$(realpath "$4")
picture=$(realpath "$5")
source "$(dirname "${BASH_SOURCE[0]}")/../support/program-checks"

# More ranks than processors, as root in a container, without a network.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl=self,vader,tcp OMPI_MCA_btl_tcp_if_include=lo
export OMPI_MCA_oob_tcp_if_include=lo OMPI_MCA_plm_rsh_agent=false OMPI_MCA_btl_base_warn_component_unused=0
export TMPDIR=$work

fit="--preset paper --max-size 48 --hidden 32 --num-frequencies 32 --num-blocks 6 --resolution 12 --std 4 --epsilon 5e-3 --lr 5e-3"
quick="$fit --iterations 120 --json"

# close A B TOLERANCE
close() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d < t && d > -t) }'
}

# fails TEXT COMMAND...: it ends soon, with an error and the text, and leaves no picture.
fails() {
    local text=$1
    shift
    runs timeout 60 "$@"
    local status=$?
    [ $status -ne 0 ] && [ $status -ne 124 ] && grep -qE -- "$text" stderr && [ ! -e out/fit.png ]
}

# One process on all samples; then ranks with a share each, in full batches.
for policy in none global variance spatial; do
    expect runs "$fit_image" "$picture" $quick --policy $policy
    all=$(value psnr_all) train=$(value psnr_train)
    [ $policy = spatial ] && counts="1 2 4" || counts=2
    for ranks in $counts; do
        expect runs "$mpirun" -n $ranks "$fit_mpi" "$picture" $quick --policy $policy
        expect close "$(value psnr_all)" "$all" 0.05
        expect close "$(value psnr_train)" "$train" 0.2
        expect grep -q "$ranks ranks hold the same field" stdout
        expect has_files fit.png mask.png
    done
done

# The ranks choose a std from the samples of all.
expect runs "$fit_image" "$picture" $quick --std auto
all=$(value psnr_all) std=$(sed -nE 's/^(std .*)/\1/p' stderr)
expect runs "$mpirun" -n 2 "$fit_mpi" "$picture" $quick --std auto
expect close "$(value psnr_all)" "$all" 0.05
# They say so once.
expect [ -n "$std" -a "$(grep "^std" stderr)" = "$std" ]

# What is not given is proposed from the samples of all, and told by one rank.
expect runs "$mpirun" -n 2 "$fit_mpi" "$picture" --max-size 32 --hidden 16 --iterations 20 --verbose --json
expect json_has '"preset":"proposed"' '"std":{"value":'
expect [ "$(grep -c "^std " stderr)" -eq 1 ]

# started: waits until the job in the background trains. finished: waits for its end, and brings it about when it is late.
started() {
    local _
    for _ in $(seq 300); do
        if grep -q "it/s" stderr; then return; fi
        sleep 0.2
    done
}
finished() {
    timeout 60 tail --pid=$job -f /dev/null && return
    kill -TERM $job
    return 1
}

# Every rank has a checkpoint of its own.
expect runs "$mpirun" -n 2 "$fit_mpi" "$picture" $quick
whole=$(value checksum)
expect runs "$mpirun" -n 2 "$fit_mpi" "$picture" $quick --save half --checkpoint-every 50
expect [ "$(value checksum)" = "$whole" ]
expect runs "$mpirun" -n 2 "$fit_mpi" "$picture" $quick --resume half
expect [ "$(value checksum)" = "$whole" ]
# One interrupted rank stops both, and each saves its own.
rm half.0 half.1
: >stderr
"$mpirun" -n 2 "$fit_mpi" "$picture" $fit --iterations 5000000 --save half >stdout 2>stderr &
job=$!
started
kill -INT "$(pgrep -P $job | head -n 1)"
finished
expect [ "$(grep -c "stopped early after" stderr)" -eq 2 ]
expect test -s half.0 -a -s half.1

# One rank differs from the others, or fails: one without a picture,
expect fails "because of: 1$" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick : -n 1 "$fit_mpi" missing.jpg $quick : -n 1 "$fit_mpi" "$picture" $quick
expect grep -q "rank 1: .*missing.jpg" stderr
# without a checkpoint,
expect fails "because of: 1$" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick : -n 1 "$fit_mpi" "$picture" $quick --resume missing
# without a place for its checkpoint,
expect fails "because of: 0$" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick --save missing/x : -n 1 "$fit_mpi" "$picture" $quick
expect [ -z "$(grep "it/s" stderr)" ]
# with another option than the checkpoint's,
expect fails "rank 1: --std is 3, but the checkpoint was trained with 4" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick --resume half : -n 1 "$fit_mpi" "$picture" $quick --resume half --std 3
# without a folder for the pictures of all,
expect fails "because of: 0$" "$mpirun" -n 2 "$fit_mpi" "$picture" $quick --out /proc
expect [ -z "$(grep "it/s" stderr)" ]
# with a wrong option,
expect fails "because of: 1$" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick : -n 1 "$fit_mpi" "$picture" $quick --colour red
# with other parameters,
expect fails "the 2 ranks differ in their parameters" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick : -n 1 "$fit_mpi" "$picture" $quick --seed 1
# or another schedule.
expect fails "the 2 ranks differ in their settings" \
    "$mpirun" -n 1 "$fit_mpi" "$picture" $quick : -n 1 "$fit_mpi" "$picture" $quick --num-blocks 7
# All fail: more ranks than samples,
expect fails "fewer samples than ranks" \
    "$mpirun" -n 3 "$fit_mpi" "$picture" $quick --fraction 0.0007
# or divergence.
expect fails "the loss is " "$mpirun" -n 2 "$fit_mpi" "$picture" $quick --lr 1e3 --layers 8
# A sum that is wrong on one rank.
expect fails "the ranks' fields differ: the checksum of rank 1 is" \
    "$mpirun" -x LD_PRELOAD="$spoil" -x SPOIL_CALL=100 -n 2 "$fit_mpi" "$picture" $quick

# A rank is killed in the middle of a training run: the others end with an error that says what happened.
: >stderr
"$mpirun" -n 2 "$fit_mpi" "$picture" $fit --iterations 5000000 >stdout 2>stderr &
job=$!
started
kill -KILL "$(pgrep -P $job | tail -n 1)"
finished
expect [ $? -eq 0 ]
wait $job
expect [ $? -ne 0 ]
expect grep -q "exited on signal 9" stderr

finish
