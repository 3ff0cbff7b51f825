#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clang, its warnings as errors, and the instructions that every processor has, where others build: as a user without a home
# and with a decimal comma, from sources that cannot be written, under paths with spaces and umlauts.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
source="$work/die Quélle"
build="$work/für clang"
temporary="$work/für später"
mkdir "$source" "$build" "$temporary" "$work/locales"
cd "$root" || exit 1
git ls-files -z --cached --others --exclude-standard | tar -c --null --files-from=- | tar -x -C "$source" || exit 1
localedef -i de_DE -f UTF-8 "$work/locales/de_DE.UTF-8" || exit 1

as_user=()
if [ "$(id -u)" -eq 0 ]; then
    as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
    chown nobody:nogroup "$build" "$temporary"
fi
chmod a+rx "$work"
chmod -R a+rX,a-w "$source"
cd "$temporary" || exit 1
"${as_user[@]}" env -i PATH=/usr/bin:/bin LOCPATH="$work/locales" LC_ALL=de_DE.UTF-8 TMPDIR="$temporary" CC=clang \
    SAPE_BACKEND=baseline CCACHE_DIR="$temporary/ccache" bash -c '
        source "$1/tests/stages/meson-tests"
        suites=$compiler_tests
        build_and_test "$2"' bash "$source" "$build"
