#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The build of the stage before, with the products by OpenBLAS.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
export SAPE_BACKEND=cblas
suites=$product_tests
build_and_test build -Dblas=openblas
