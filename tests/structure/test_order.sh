#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks the order of lib/, and proves that the check fails for an include and a call that run against it, for a circle,
# and for a file that knows the whole trainer:
#   test_order.sh LIB OBJECTS
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../support/verdict"

# A library of two files in folders that may know each other one way: file PATH TEXT...
file() {
    mkdir -p "$work/lib/$(dirname "$1")" "$work/objects"
    printf '%b\n' "$2" >"$work/lib/$1"
    [ "${1%.h}" != "$1" ] || ${CC:-cc} -I "$work/lib" -c "$work/lib/$1" -o "$work/objects/${1//\//_}.o"
}
begin() {
    rm -rf "$work/lib" "$work/objects"
    file base/low.h 'void low(void);'
    file base/low.c '#include "base/low.h"\nvoid low(void) {}'
    file train/high.c '#include "base/low.h"\nvoid high(void);\nvoid high(void) { low(); }'
}

verdict accepted "the library" "$here/check_order" "$1" "$2"
begin
verdict accepted "two files" "$here/check_order" "$work/lib" "$work/objects"
file train/high.h 'void high(void);'
file base/upwards.c '#include "train/high.h"\nint upwards;'
verdict refused "an include upwards" "$here/check_order" "$work/lib" "$work/objects"
begin
file base/calls.c 'void high(void);\nvoid calls(void);\nvoid calls(void) { high(); }'
verdict refused "a call upwards" "$here/check_order" "$work/lib" "$work/objects"
begin
file mask/a.c 'void b(void);\nvoid a(void);\nvoid a(void) { b(); }'
file mask/b.c 'void a(void);\nvoid b(void);\nvoid b(void) { a(); }'
verdict refused "a circle" "$here/check_order" "$work/lib" "$work/objects"
begin
file encoder/e.h 'int e;'
file mask/m.c '#include "encoder/e.h"\nint m;'
verdict refused "an include of a neighbour" "$here/check_order" "$work/lib" "$work/objects"
begin
file train/trainer.h 'struct sape_trainer;'
file train/batch.c '#include "train/trainer.h"\nint batch;'
verdict refused "the whole trainer" "$here/check_order" "$work/lib" "$work/objects"
begin
rm "$work/objects"/*
verdict refused "no objects" "$here/check_order" "$work/lib" "$work/objects"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
