#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# hardening.sh LIBRARY: the library is built as a distribution would have it.
set -uo pipefail
library=$1
failed=0

# expect WHAT CONDITION...: the condition is a command.
expect() {
    local what=$1
    shift
    if "$@" >/dev/null; then echo "ok: $what"; else
        echo "FAILED: $what"
        failed=1
    fi
}
# has PATTERN TEXT, lacks PATTERN TEXT
has() { grep -qE "$1" <<<"$2"; }
lacks() { ! has "$@"; }

dynamic=$(readelf -dW "$library")
headers=$(readelf -lW "$library")
symbols=$(readelf --dyn-syms -W "$library")

expect "what the loader has resolved is read-only" has 'GNU_RELRO' "$headers"
expect "everything is resolved at the start" has 'BIND_NOW|FLAGS.* NOW' "$dynamic"
expect "no text relocations" lacks 'TEXTREL' "$dynamic"
expect "the stack is not executable" has 'GNU_STACK.* RW ' "$headers"
expect "no segment is writable and executable" lacks 'LOAD.* RWE ' "$headers"
expect "a stack protector" has '__stack_chk_fail' "$symbols"
expect "calls that are checked for overflow" has '__[a-z]+_chk' "$symbols"
exit $failed
