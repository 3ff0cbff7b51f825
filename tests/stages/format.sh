#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every C source of ours is as clang-format leaves it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

mapfile -t files < <(git ls-files '*.c' '*.h' '*.hpp' '*.cpp' ':!lib/external')
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if printf '%s\0' "${files[@]}" | xargs -0 -P 2 -n 50 clang-format --dry-run -Werror 2>"$log"; then
    failed=0
else
    cat "$log"
    failed=$(grep -oE '^[^: ]+:[0-9]+:[0-9]+: error' "$log" | cut -d: -f1 | sort -u | wc -l)
    [ "$failed" -gt 0 ] || failed=1
fi
echo "$((${#files[@]} - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
