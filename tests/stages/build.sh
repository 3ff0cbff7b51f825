#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gcc and OpenBLAS.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
build_and_test build -Dblas=openblas
