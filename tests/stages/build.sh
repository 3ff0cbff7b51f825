#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gcc and OpenBLAS; checkpoints are exchanged with the reference implementation of safetensors, from a Python of its own.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
python=$root/build-python
[ -x "$python/bin/python3" ] || python3 -m venv "$python" || exit 1
"$python/bin/python3" -c 'import numpy, safetensors' 2>/dev/null ||
    "$python/bin/pip" install -q numpy==2.2.6 safetensors==0.5.3 || exit 1
PATH=$python/bin:$PATH
build_and_test build -Dblas=openblas
