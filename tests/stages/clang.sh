#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang, its warnings as errors.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
suites='--no-suite slow'
CC=clang build_and_test build-clang
