#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# kill_save.sh PROGRAM [KILLS]: runs kill_save in a folder of its own, and shows that kills have hit while saving.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder/field.safetensors" "${2:-500}"
left=$(find "$folder" -name '.sape-*' | wc -l)
echo "$left new files were left behind by kills in the midst of a save"
[ "$left" -gt 0 ]
