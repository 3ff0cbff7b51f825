#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles the public headers, each alone and all together in both orders, as every C and C++ that users have.
#   headers.sh INCLUDE_DIR
set -uo pipefail
include=$1
failed=0
names=$(cd "$include/sape" && printf '%s\n' *.h)

# compiles LANGUAGE STANDARD TEXT: the text is a program without a warning.
compiles() {
    printf '%b\nint main(void) { return 0; }\n' "$3" |
        "$compiler" -x "$1" -std="$2" -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$include" - && return
    echo "FAILED: $compiler -std=$2: ${3//'\n'/ }"
    failed=1
}

for compiler in gcc clang; do
    command -v $compiler >/dev/null || { echo "no $compiler"; continue; }
    for standard in c99 c11 c2x c++11 c++20; do
        case $standard in c++*) language=c++ ;; *) language=c ;; esac
        together=
        reversed=
        for name in $names; do
            line="#include <sape/$name>\n"
            compiles $language $standard "$line"
            together=$together$line
            reversed=$line$reversed
        done
        compiles $language $standard "$together$reversed"
        compiles $language $standard "$reversed$together"
    done
done
exit $failed
