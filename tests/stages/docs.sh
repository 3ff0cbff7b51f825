#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every block of README, guide and install.md does what it says, in a copy of the repository that is built and installed as
# the text tells. The stage "build" looks at the reference.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 1

passed=0
failed=0
# counted COMMAND...: runs it and adds the counts of its last line.
counted() {
    "$@" 2>&1 | tee "$work/log"
    if read -r good bad < <(tail -n 1 "$work/log" | sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p'); then
        passed=$((passed + good))
        failed=$((failed + bad))
    else
        failed=$((failed + 1))
    fi
}

mkdir "$work/copy"
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$work/copy"
counted tests/docs/test_progress.sh
counted tests/docs/test_blocks.sh
counted tests/docs/test_vcpkg.sh
counted tests/docs/run_blocks "$work/copy" README.md docs/guide.md docs/install.md

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
