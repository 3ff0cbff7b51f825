#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The library for Windows, warnings as errors, and the shortest of the core tests under wine. tests/platforms/run has the rest.
set -uo pipefail
export SAPE_TESTS='encoder mask network optimizer kernels parity checkpoint'
exec "$(dirname "${BASH_SOURCE[0]}")/../platforms/run" windows
