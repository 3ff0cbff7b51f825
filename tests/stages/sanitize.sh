#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# AddressSanitizer with its leak check, and UndefinedBehaviorSanitizer.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:check_initialization_order=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
suites=$compiler_tests
build_and_test build-sanitize -Db_sanitize=address,undefined -Db_lundef=false $sanitizer_options
