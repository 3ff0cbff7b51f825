#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Training on several ranks, in the build of the stage "build".
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
suites='--suite mpi'
build_and_test build -Dblas=openblas -Dmpi=enabled
