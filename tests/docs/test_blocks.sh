#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves that run_blocks fails when a document does not hold what it says.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
mkdir -p "$work/copy/examples/clients"
printf 'project(fit C)\n' >"$work/copy/examples/clients/CMakeLists.txt"

# block WANTED LANGUAGE TEXT...: the verdict on a document whose blocks have these languages and texts.
block() {
    local wanted=$1 got=refused
    shift
    printf '```%s\n%b\n```\n' "$@" >"$work/document.md"
    "$here/run_blocks" "$work/copy" "$work/document.md" >"$work/log" 2>&1 && got=accepted
    if [ $wanted = $got ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $got, should be $wanted:"
        cat "$work/document.md" "$work/log"
    fi
}

program='/* a.c: one. */\n#include <stdio.h>\nint main(void) { return printf("loss %g\\n", 1.25) < 0; }'
printf '/* SPDX-License-Identifier: MIT */\n%b\n' "$program" >"$work/copy/examples/a.c"
block accepted c "$program" console '$ cc a.c -o a\n$ ./a\nloss 1.3'
block accepted console '$ export A=loss\n$ echo "$A 1e-3"\nloss 2e-3' text anything
block accepted cmake 'project(fit C)'
block refused c "$program" console '$ cc a.c -o a\n$ ./a\nloss 2.3'
block refused c "$program" console '$ cc a.c -o a\n$ ./a\nerror 1.25'
block refused c "$program" console '$ cc a.c -o a\n$ ./a\nloss 1.25 more'
block refused c "$program"
block refused c "$program" console '$ cc -Dprintf a.c -o a'
block refused c "${program/1.25/1.26}" console '$ cc a.c -o a\n$ ./a\nloss 1.3'
block refused c "${program/one/One}" console '$ cc a.c -o a\n$ ./a\nloss 1.3'
block refused c "$program\n" console '$ cc a.c -o a\n$ ./a\nloss 1.3'
block refused c "${program/a.c/b.c}" console '$ cc b.c -o b\n$ ./b\nloss 1.3'
block refused c "${program#*. \*/}" console '$ cc a.c -o a'
block refused console '$ false'
block refused console '$ tests/run'
block refused cmake 'project(fat C)'
block refused '' 'anything'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
