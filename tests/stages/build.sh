#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# gcc and OpenBLAS; checkpoints are exchanged with the reference implementation of safetensors, from a Python of its own.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/meson-tests"
python=$root/build-python
[ -x "$python/bin/python3" ] || python3 -m venv "$python" || exit 1
# Without a way to the packages that exchange is skipped, and the rest is tested.
"$python/bin/python3" -c 'import numpy, safetensors' 2>/dev/null ||
    "$python/bin/pip" install -q --retries 1 numpy==2.2.6 safetensors==0.5.3 ||
    echo "numpy and safetensors cannot be installed: the exchange of checkpoints will be skipped"
PATH=$python/bin:$PATH
build_and_test build -Dblas=openblas
