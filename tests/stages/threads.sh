#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ThreadSanitizer. The library's threads are POSIX threads, so that nothing needs to be suppressed.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
# Programs leave threads to the library, whose own tests ask more of them.
suites="$compiler_tests --no-suite serial --no-suite programs"
CC=clang build_and_test build-threads -Db_sanitize=thread -Db_lundef=false $sanitizer_options
