#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every fuzz target for a bounded time.
set -uo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/two-at-once"
passed=0
failed=0
fuzz() {
    "$here/../fuzz/run" "$1" -max_total_time="${FUZZ_SECONDS:-12}" -verbosity=0 -print_final_stats=1
}
two_at_once fuzz safetensors calls state points mesh picture
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
