#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a progress callback's result means is said in the same words for C, C++, Python and Rust.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

sentence='A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++, Python and Rust'
passed=0
failed=0
for file in include/sape/trainer.h include/sape/cpp/trainer.hpp examples/python/sape/_params.py examples/python/sape/_trainer.py \
    examples/python/README.md examples/rust/sape/src/trainer.rs examples/rust/README.md README.md docs/guide.md; do
    # Without what begins a line of a comment, and without line ends.
    text=$(sed -E 's@^ *(///?|#:?|\*)?@@' "$file" | tr -s ' \n' ' ')
    if [[ $text == *"$sentence"* ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $file does not say: $sentence"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
