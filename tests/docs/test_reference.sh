#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The reference is complete and in its form, and the check of that fails as soon as something is missing.
set -uo pipefail
command -v doxygen >/dev/null || exit 77
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# reference: doxygen's warnings and what is missing go to the log.
reference() {
    (cd "$work" && rm -rf build-reference && doxygen docs/Doxyfile &&
        "$root/tests/docs/check_reference" build-reference/xml include "$root/lib/sape.map") >"$work/log" 2>&1
}

# fails HEADER SED TEXT: after the change the check fails and says the text.
fails() {
    cp --no-preserve=mode "$root/include/sape/$1" "$work/include/sape/$1"
    sed -E -i "$2" "$work/include/sape/$1"
    if ! cmp -s "$root/include/sape/$1" "$work/include/sape/$1" && ! reference && grep -q "$3" "$work/log"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $1: $2 does not lead to: $3"
        cat "$work/log"
    fi
    cp --no-preserve=mode "$root/include/sape/$1" "$work/include/sape/$1"
}

mkdir "$work/include"
cp -r --no-preserve=mode "$root/include/sape" "$work/include/"
mkdir "$work/docs"
cp --no-preserve=mode "$root/docs/Doxyfile" "$work/docs/"
if reference; then
    passed=1
else
    failed=1
    cat "$work/log"
fi

# Comments that are not there.
fails version.h '/^ \* Returns the version of the loaded library as a number/,/^ \* @since/d' 'sape_version.*is not documented'
fails version.h 's/@return #SAPE_VERSION of/#SAPE_VERSION of/' 'no comment: result of sape_version'
fails version.h 's/^\/\*\* The patch version.*//' 'SAPE_VERSION_PATCH'
fails encoder.h 's/^ \* @param\[in\]  n +number of samples; 0.*/ */' 'no comment: parameter n of sape_encoder_encode'
fails encoder.h 's/^ \* @param\[in\]  n +number of samples; 0/ * @param[in] m 0/' "argument 'm'"
fails encoder.h 's/^    \/\*\* x itself; encoding_dim.*//' 'SAPE_ENCODING_IDENTITY'
fails encoder.h 's/^\/\*\* An encoder\. .*//' 'sape_encoder'
fails encoder.h 's/^    \/\*\* The kind of encoding\. Default.*//' 'kind (variable).*is not documented'
fails encoder.h 's/^\/\*\* Parameters of an encoder.*//' 'sape_encoder_params'
fails encoder.h 's/^\/\*\* The kind of encoding\. Below.*//' 'sape_encoding'
fails encoder.h 's/#SAPE_ERROR_VERSION/#SAPE_ERROR_VERSIONS/' 'SAPE_ERROR_VERSIONS'
fails loss.h 's/^ \* @return 0 to go on.*/ */' 'no comment: result of sape_loss_fn'
fails loss.h 's/^ \* @param\[in\]  user .*/ */' 'no comment: parameter user of sape_loss_fn'

# First sentences, versions, and one parameter a line.
fails field.h 's/^( \* Creates a field)\.$/\1 with one more word than the twelve that a first sentence has./' \
    'more than 12 words: function sape_field_create'
fails window.h 's/Number of axes, 1 to 3\./Number of axes, one or two or three, never four or any more./' \
    'more than 12 words: variable dim'
fails field.h '/^ \* @file/{n;s/.*/ *\n * @since 0.2.0/}' 'no comment: file field.h'
fails field.h '/^ \* Creates a field\.$/,/\*\//{/@since/d}' 'no @since: sape_field_create'
fails trainer.h '/^ \* Supplies the samples/,/\*\//{/@since/d}' 'no @since: sape_sample_fn'
fails field.h '/^ \* Creates a field\.$/,/\*\//s/@since 0.1.0/@since 0.2.0/' 'wrong @since: sape_field_create'
fails mask.h '/^ \* Sets the signal whose/,/\*\//s/@since 0.2.0/@since 0.1.0/' 'wrong @since: sape_mask_set_signal'
fails loss.h '/@param\[in\]  outputs/{N;s/\n \*/ /}' 'more than one @param: loss.h'
fails loss.h '/^ \* Evaluates a built-in/,/\*\//{s/( outputs) +(\(n, o\))/\1, targets \2/;/\]  targets/d}' 'more than one @param: loss.h'
fails loss.h 's/@param\[in\]  kind/@param kind/' 'no direction: parameter kind of sape_loss_evaluate'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
