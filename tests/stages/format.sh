#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every C source of ours is as clang-format leaves it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

passed=0
failed=0
while IFS= read -r file; do
    if clang-format --dry-run -Werror "$file"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done < <(git ls-files '*.c' '*.h' '*.hpp' '*.cpp' ':!lib/external')
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
