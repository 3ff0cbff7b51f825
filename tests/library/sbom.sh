#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sbom.sh LIBRARY: the bill of materials is JSON and names what the library links, no more and no less.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")/..
listed=$("$here/sbom" "$1" |
    python3 -c 'import json, sys; print(*json.load(sys.stdin)["dependencies"][0]["dependsOn"], sep="\n")' | sort)
needed=$(readelf -dW "$1" | sed -nE 's/.*\(NEEDED\).*\[(.*)\]/\1/p' | sort)
diff <(echo "$listed") <(echo "$needed")
