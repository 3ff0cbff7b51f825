#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Whatever flags a builder adds, predictions are the same to the last bit, also when all is optimized at linking; and 32-bit
# x86.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
builds=$root/build-flags
mkdir -p "$builds" || exit 1
passed=0
failed=0
check() {
    local name=$1
    shift
    if "$@" >"$builds/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        tail -n 30 "$builds/log"
    fi
}

# library NAME OPTION...: the library alone, as the environment's CC, CFLAGS and LDFLAGS would have it.
library() {
    local build=$builds/$1
    shift
    [ -f "$build/build.ninja" ] ||
        meson setup "$build" "$root" -Dwerror=true -Dblas=none -Dtests=disabled -Dexamples=disabled "$@" || return 1
    ninja -C "$build"
}

# predicts NAME BACKEND OPTION...: the file NAME/BACKEND, with the library NAME; options are for the program's compiler.
predicts() {
    local build=$builds/$1 backend=$2
    shift 2
    gcc -std=gnu17 "$@" -o "$build/predictions" "$root/tests/library/predictions.c" -I"$root/include" \
        -L"$build/lib" -Wl,-rpath,"$build/lib" -lsape || return 1
    SAPE_BACKEND=$backend "$build/predictions" >"$build/$backend"
}

# same NAME REFERENCE: both have the same predictions, with the baseline's instructions and with the processor's.
same() {
    local backend
    for backend in baseline auto; do
        predicts "$1" $backend && cmp "$builds/$1/$backend" "$builds/$2/$backend" || return 1
    done
}

# refused OPTION...: the sources do not compile with these options of their own.
refused() {
    ! gcc -std=gnu17 -fsyntax-only -include "$root/lib/base/arithmetic.h" -x c /dev/null "$@" || return 1
    grep -q 'libsape needs' "$builds/log"
}

# packages_i386 NAME...: unpacks Debian's packages for 32-bit x86 beside this system, and makes pkg-config find them.
packages_i386() {
    local unpacked=$builds/i386
    export PKG_CONFIG_LIBDIR=$unpacked/usr/lib/i386-linux-gnu/pkgconfig PKG_CONFIG_SYSROOT_DIR=$unpacked
    export LD_LIBRARY_PATH=$unpacked/usr/lib/i386-linux-gnu
    [ -d "$unpacked" ] && return
    local work=$builds/apt options name
    mkdir -p "$work/lists/partial" && cd "$work" || return 1
    options=(-q -o "Dir::State::lists=$work/lists" -o APT::Architectures::=i386)
    # A source that is not there does no harm where another has the packages.
    apt-get "${options[@]}" update
    apt-get "${options[@]}" download "${@/%/:i386}" || return 1
    for name in *.deb; do dpkg -x "$name" "$work/unpacked" || return 1; done
    mv unpacked "$unpacked"
}

# The kernel's headers, which gcc-multilib would link to; it cannot be had beside a compiler for another processor.
m32='-m32 -idirafter /usr/include/x86_64-linux-gnu'
thirty_two_bits() {
    (packages_i386 libcjson1 libcjson-dev && CFLAGS="$m32" library m32 &&
        predicts m32 baseline $m32 -msse2 -mfpmath=sse && cmp "$builds/m32/baseline" "$builds/gcc/baseline")
}

parts='-funsafe-math-optimizations -fassociative-math -freciprocal-math -ffinite-math-only -fno-signed-zeros'
parts+=' -fno-trapping-math -fno-math-errno -ffp-contract=fast'

export CC=gcc
check "gcc" library gcc
check "gcc, predictions" same gcc gcc
CFLAGS='-Ofast -ffast-math' LDFLAGS=-Ofast check "gcc -Ofast" library gcc-fast -Db_lto=true
check "gcc -Ofast, predictions" same gcc-fast gcc
check "gcc, options by name" library gcc-parts -Dc_args="$parts -mfpmath=387 -fsingle-precision-constant -Os"
check "gcc, options by name, predictions" same gcc-parts gcc
export CC=clang
check "clang" library clang
check "clang, predictions" same clang clang
CFLAGS='-ffp-model=fast -Ofast' LDFLAGS=-Ofast check "clang -Ofast" library clang-fast -Db_lto=true
check "clang -Ofast, predictions" same clang-fast clang
check "clang, options by name" library clang-parts -Dc_args="$parts -fapprox-func -fdenormal-fp-math=preserve-sign"
check "clang, options by name, predictions" same clang-parts clang
export CC=gcc
check "32-bit x86" thirty_two_bits
for option in -ffast-math -ffinite-math-only -funsafe-math-optimizations '-m32 -mfpmath=387'; do
    check "refused: $option" refused $option
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
