#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Rust crates against a library installed in a scratch prefix, with Debian's compiler and without a network. The stage
# "docs" builds them with the library inside of them, as docs/install.md tells.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scratch-prefix"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
check() {
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $*"
        cat "$work/log"
    fi
}

cargo() {
    (cd "$root/examples/rust" && clean HOME="$work" CARGO_TARGET_DIR="$root/build-rust" RUSTC=/usr/bin/rustc \
        RUSTDOCFLAGS="-D warnings" cargo "$@")
}

# Counts the tests one by one.
tests() {
    cargo test --offline 2>&1 | tee "$work/tests"
    passed=$((passed + $(grep -oE '^test result: .* [0-9]+ passed' "$work/tests" | grep -oE '[0-9]+' | paste -sd+ || echo 0)))
    failed=$((failed + $(grep -oE '; [0-9]+ failed' "$work/tests" | grep -oE '[0-9]+' | paste -sd+ || echo 0)))
    grep -q '^test result: ok' "$work/tests" && ! grep -qE '^(error|test result: FAILED)' "$work/tests"
}

example() {
    cargo run --offline --quiet --example fit_function | tee "$work/example"
    # The mask of the paper beats the one that is the same everywhere, and no mask.
    awk '/error/ { error[$1] = $NF } END { exit !(error["Spatial:"] > 0 && error["Spatial:"] < error["None:"]) }' \
        "$work/example"
}

install_scratch openblas -Dblas=openblas || exit 1
check cargo fmt --check
check cargo clippy --offline --all-targets -- -D warnings
check cargo doc --offline --no-deps --package sape
tests || failed=$((failed + 1))
check example
check cargo package --offline --allow-dirty --package sape-sys
check cargo package --offline --allow-dirty --package sape --list
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
