#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The readers under libFuzzer for a bounded time.
set -uo pipefail
if "$(dirname "${BASH_SOURCE[0]}")/../fuzz/run" -max_total_time="${FUZZ_SECONDS:-30}" -verbosity=0 -print_final_stats=1; then
    echo "1 passed, 0 failed"
else
    echo "0 passed, 1 failed"
    exit 1
fi
