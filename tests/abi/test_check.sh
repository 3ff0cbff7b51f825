#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Proves that tests/abi/check and tests/abi/symbols fail when they should and only then: the headers of 0.1.0 are changed
# in one way at a time and compared with the baseline of 0.1.0.
#   test_check.sh LIBRARY
set -uo pipefail
library=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# verdict WANTED GOT NAME
verdict() {
    if [ "$1" = "$2" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $3: $2, should be $1"
        cat "$work/log"
    fi
}

# changed FILE SED COMMAND...: the status of the command after the change, which must be one.
changed() {
    local file=$1 edit=$2
    shift 2
    cp --no-preserve=mode "$file" "$work/before"
    sed -E -i "$edit" "$file"
    if cmp -s "$file" "$work/before"; then
        echo "nothing changed" >"$work/log"
        echo "no change"
    elif "$@" >"$work/log" 2>&1; then
        echo accepted
    else
        echo refused
    fi
    cp --no-preserve=mode "$work/before" "$file"
}

# abi WANTED HEADER SED: the check's verdict on changed headers.
abi() {
    verdict "$1" "$(changed "$work/include/sape/$2" "$3" \
        "$here/check" "$work/include" "$work/sape.map" "$here/sape-0.1.0.abi")" "$2: $3"
}

# symbols WANTED FILE SED: the verdict of the comparison of headers, list and library.
symbols() {
    verdict "$1" "$(changed "$work/$2" "$3" "$here/symbols" "$library" "$work/sape.map" "$work/include")" "$2: $3"
}

cp -r --no-preserve=mode "$here/include-0.1.0" "$work/include"
cp --no-preserve=mode "$root/lib/sape.map" "$work/sape.map"

# What only adds.
abi accepted encoder.h 's/^    uint64_t seed;/&\n    double more;/'
abi accepted encoder.h 's/^    uint64_t seed;/&\n    double more;\n    size_t yet_more;/'
abi accepted trainer.h '/double learning_rate/,/sape_progress;/s/^    double seconds;/&\n    uint64_t more;/'
abi accepted tensor.h 's/^    int32_t reserved;/&\n    size_t more;/'
abi accepted status.h 's/SAPE_ERROR_CALLBACK = 13/&, SAPE_ERROR_MORE = 14/'
sed -i '/^SAPE_0.2 {/{n;s/$/\n    sape_more;/}' "$work/sape.map"
abi accepted encoder.h 's/^SAPE_API size_t sape_encoder_domain_dim/SAPE_API int sape_more(void);\n&/'
# To the node of a version that is released.
sed -i '/sape_more;/d; /^SAPE_0 {/{n;s/$/\n    sape_more;/}' "$work/sape.map"
abi refused encoder.h 's/^SAPE_API size_t sape_encoder_domain_dim/SAPE_API int sape_more(void);\n&/'
cp --no-preserve=mode "$root/lib/sape.map" "$work/sape.map"
# Symbols.
abi refused version.h '/sape_version_string/d'
abi refused version.h 's/sape_version_string/sape_version_text/'
abi refused encoder.h 's/SAPE_API size_t sape_encoder_domain_dim/SAPE_API int32_t sape_encoder_domain_dim/'
abi refused encoder.h 's/(sape_encoder_encode\(const sape_encoder \*encoder), size_t n/\1, int n/'
abi refused encoder.h 's/sape_encoder_encode\(const sape_encoder/sape_encoder_encode(sape_encoder/'
abi refused trainer.h 's/(\(\*sape_progress_fn\)\(void \*user),/\1, int more,/'
# Structs: a field less, moved, of another size, of the same size, with another name, in front, in the tail's padding.
abi refused encoder.h 's/^    uint64_t seed;//'
abi refused encoder.h '/^    size_t domain_dim;/{h;d};/^    size_t num_frequencies;/{G}'
abi refused encoder.h 's/^    double std;/    float std;/'
abi refused encoder.h 's/^    double std;/    uint64_t std;/'
abi refused encoder.h 's/^    double std;/    double spread;/'
abi refused encoder.h 's/^    double std;/    double more;\n&/'
abi refused tensor.h 's/SAPE_MAX_RANK 8/SAPE_MAX_RANK 9/'
abi refused trainer.h 's/^    double loss;/    int32_t loss;/'
# A struct that also grows hides nothing.
grow='s/^    uint64_t seed;/&\n    double more;/'
abi refused encoder.h "$grow; s/^    double std;/    uint64_t std;/"
abi refused encoder.h "$grow; s/^    double std;/    double spread;/"
abi refused encoder.h "$grow; s/^    double std;/    double before;\n&/"
# Enums: a value changed, removed, renamed, put in front; the same while another is added; values too large for an int.
abi refused status.h 's/SAPE_ERROR_CALLBACK = 13/SAPE_ERROR_CALLBACK = 15/'
abi refused status.h 's/SAPE_ERROR_THREAD = 12,//'
abi refused status.h 's/SAPE_ERROR_THREAD = 12/SAPE_ERROR_THREADS = 12/'
abi refused status.h 's/SAPE_OK = 0/SAPE_NONE = -1, &/'
abi refused status.h 's/SAPE_ERROR_CALLBACK = 13/SAPE_ERROR_CALLBACK = 15, SAPE_ERROR_MORE = 16/'
abi refused status.h 's/SAPE_ERROR_CALLBACK = 13/&, SAPE_ERROR_MORE = 0x1000000000/'

# Headers, list and library.
rm -rf "$work/include"
cp -r --no-preserve=mode "$root/include" "$work/include"
symbols accepted include/sape/version.h '$a/* as it is */'
symbols refused sape.map '/^    sape_version_string;/d'
symbols refused sape.map 's/^    sape_version_string;/&\n    sape_version_text;/'
symbols refused sape.map 's/^    sape_version_string;/&\n&/'
symbols refused sape.map '/^    sape_version;/{h;d};/^    sape_version_string;/{G}'
symbols refused include/sape/version.h 's/^SAPE_API uint32_t sape_version\(void\);/&\nSAPE_API int sape_more(void);/'
symbols refused include/sape/version.h '/^SAPE_API .*sape_version_string/d'

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
