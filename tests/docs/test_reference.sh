#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The reference is complete, and the check of that fails as soon as a comment is missing.
set -uo pipefail
command -v doxygen >/dev/null || exit 77
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# reference: doxygen's warnings and what is missing go to the log.
reference() {
    (cd "$work" && rm -rf build-reference && doxygen docs/Doxyfile && "$root/tests/docs/check_reference" build-reference/xml) \
        >"$work/log" 2>&1
}

# missing HEADER SED TEXT: after the change the check fails and says the text.
missing() {
    cp "$root/include/sape/$1" "$work/include/sape/$1"
    sed -E -i "$2" "$work/include/sape/$1"
    if ! cmp -s "$root/include/sape/$1" "$work/include/sape/$1" && ! reference && grep -q "$3" "$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1: $2 does not lead to: $3"
        cat "$work/log"
    fi
    cp "$root/include/sape/$1" "$work/include/sape/$1"
}

mkdir "$work/include"
cp -r "$root/include/sape" "$work/include/"
mkdir "$work/docs"
cp "$root/docs/Doxyfile" "$work/docs/"
if reference; then
    passed=1
else
    failed=1
    cat "$work/log"
fi

missing version.h '/Any thread/{s/.*//}' 'sape_version.*is not documented'
missing version.h 's/@return (#SAPE_VERSION)/\1/' 'no comment: result of sape_version'
missing version.h 's/^\/\*\* Raised for corrections.*//' 'SAPE_VERSION_PATCH'
missing encoder.h 's/^ \* @param n +number of samples; 0.*/ */' 'no comment: parameter n of sape_encoder_encode'
missing encoder.h 's/^ \* @param n +number of samples; 0/ * @param m 0/' "argument 'm'"
missing encoder.h 's/^    \/\*\* x itself; encoding_dim.*//' 'SAPE_ENCODING_IDENTITY'
missing encoder.h 's/^\/\*\* An encoder\. .*//' 'sape_encoder'
missing encoder.h 's/^    \/\*\* The kind\. Default.*//' 'kind (variable).*is not documented'
missing encoder.h 's/^\/\*\* What an encoder is made of.*//' 'sape_encoder_params'
missing encoder.h 's/^\/\*\* The kinds of encoding.*//' 'sape_encoding'
missing encoder.h 's/#SAPE_ERROR_VERSION/#SAPE_ERROR_VERSIONS/' 'SAPE_ERROR_VERSIONS'
missing loss.h 's/^ \* @return 0, or anything else to end the training.*/ */' 'result of sape_loss_fn'
missing loss.h 's/^ \* @param user .*/ */' 'parameter user of sape_loss_fn'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
