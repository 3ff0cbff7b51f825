#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The ABI against its baselines, proofs that the comparison fails when it should, and an old program on the new library.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scratch-prefix"
abi=$root/tests/abi

install_scratch openblas -Dblas=openblas || exit 1
passed=0
failed=0
check() {
    echo "-- $1"
    shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# old_client OPTION...: built with the old headers, run with the installed library.
old_client() {
    cc -O2 -Wall -Wextra -Werror "$@" -I"$abi/include-0.1.0" -o "$prefix/old_client" "$abi/old_client.c" \
        -L"$libdir" -lsape || return 1
    clean "$prefix/old_client"
}

lie_is_found() {
    (old_client -DLIE=8 2>/dev/null)
    [ $? -eq 139 ]
}

check "headers, version script and library have the same functions" \
    "$abi/symbols" "$libdir/libsape.so" "$root/lib/sape.map" "$prefix/include"
for baseline in "$abi"/*.abi; do
    check "${baseline##*/}" "$abi/check" "$prefix/include" "$root/lib/sape.map" "$baseline"
done
check "an old program runs" old_client
check "an old program that has less than it says crashes" lie_is_found
check "changes are found" "$abi/test_check.sh" "$libdir/libsape.so"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
