#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# BLIS, which does the products.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
export SAPE_BACKEND=cblas
suites=$product_tests
build_and_test build-blis -Dblas=blis -Dexamples=disabled
