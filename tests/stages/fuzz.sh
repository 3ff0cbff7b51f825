#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every fuzz target for a bounded time.
set -uo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
passed=0
failed=0
for target in safetensors calls state points mesh picture; do
    if "$here/../fuzz/run" $target -max_total_time="${FUZZ_SECONDS:-12}" -verbosity=0 -print_final_stats=1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
