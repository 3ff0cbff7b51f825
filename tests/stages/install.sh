#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs into a scratch prefix and builds the clients of examples/clients and examples/cpp against it.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/scratch-prefix"
source "$(dirname "${BASH_SOURCE[0]}")/two-at-once"

passed=0
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME COMMAND...: shows what the command says only when it fails.
check() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $name"
        cat "$work/log"
    fi
}

# client NAME COMMAND: runs the command, one string, in a copy of the clients, then what it has built.
client() {
    rm -rf "$work/client"
    cp -r "$root/examples/clients" "$work/client"
    check "$1" clean sh -ec "cd '$work/client'; $2"
}
fits='tee /dev/stderr | grep -q "0.55 squared is about 0.3"'

installed_files() {
    local name
    diff -r "$root/include/sape" "$prefix/include/sape" || return 1
    for name in LICENSE README.md docs; do diff -r "$root/$name" "$prefix/share/doc/sape/$name" || return 1; done
    ! grep -n "$root\|/opt/sape" "$libdir/pkgconfig/sape.pc" || return 1
    ! readelf -d "$1" | grep -E 'RPATH|RUNPATH' || return 1
    readelf -d "$1" | grep -F '[libsape.so.0]'
}

# The archive has every object that its objects need: nothing of ours is undefined when all of it is linked.
archive_is_whole() {
    clean sh -c 'echo "int main(void) { return 0; }" | eval cc -x c - -x none -o /dev/null \
        -Wl,--whole-archive "\"$0/libsape.a\"" -Wl,--no-whole-archive "$(pkg-config --static --libs sape | sed "s/-lsape//")"' \
        "$libdir"
}

# C++ has every function; of these it needs no layer.
cpp_is_complete() {
    local only_c=' sape_version sape_version_string sape_last_error sape_status_string sape_cutoff_params_init_published
        sape_predict_options_init sape_loss_evaluate sape_loss_evaluate_weighted
        sape_loss_chamfer sape_safetensors_open_with
        sape_safetensors_save_with sape_safetensors_read_double ' name missing=0
    for name in $(sed -nE 's/^ *(sape_[a-z0-9_]+);.*/\1/p' "$root/lib/sape.map" | grep -v '_name$'); do
        [[ $only_c == *[[:space:]]$name[[:space:]]* ]] || grep -qrw "$name" "$root/include/sape/cpp" ||
            { echo "$name is missing" && missing=1; }
    done
    return $missing
}

subproject() {
    mkdir subprojects && ln -s "$root" subprojects/sape
    # As packagers build, and with the parent's warnings: none of it may reach the subproject.
    meson setup build -Dauto_features=enabled -Dwarning_level=3 -Dwerror=true --force-fallback-for=sape \
        -Ddefault_library="$1" || return 1
    ninja -C build || return 1
    meson introspect --targets build | grep -o '"name": "[^"]*"' | sort -u >targets
    ! grep -E 'test|fit_|render|examples' targets || return 1
    ./build/fit | grep "0.55 squared is about 0.3" || return 1
    # The host's folders hold the library where sape.pc says, and nothing of its documents.
    DESTDIR=$PWD/installed meson install -C build --no-rebuild --quiet || return 1
    [ ! -e installed/usr/local/share/doc ] || return 1
    local pc
    pc=$(find installed -name sape.pc)
    [ -e "$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --variable=libdir sape)/$(
        [ "$1" = static ] && echo libsape.a || echo libsape.so)" ]
}

# Folders that do not move with the prefix, and a space in each.
absolute_folders() {
    meson setup "$work/absolute" "$root" --prefix='/opt/sa pe' --libdir='/opt/my libs' -Dtests=disabled -Dexamples=disabled ||
        return 1
    export PKG_CONFIG_PATH=$work/absolute
    [ "$(pkg-config --cflags-only-I sape | xargs -n 1 | head -n 1)" = '-I/opt/sa pe/include' ] &&
        [ "$(pkg-config --libs-only-L sape | xargs -n 1 | head -n 1)" = '-L/opt/my libs' ]
}

# cpp "COMPILER STANDARD NAME": builds the program of that name and runs it.
declare -A folders=([fit_function]=examples/cpp [test_cpp]=tests/library [test_cpp_all]=tests/library)
cpp() {
    local compiler standard name
    read -r compiler standard name <<<"$1"
    mkdir "$work/$1"
    # eval: pkg-config puts a backslash before spaces.
    clean sh -ec "eval $compiler -std=$standard -Wall -Wextra -pedantic -Werror -o '\"$work/$1/cpp\"' \
        '\"$root/${folders[$name]}/$name.cpp\"' \"\$(pkg-config --cflags --libs sape)\"; cd '$work/$1'; ./cpp"
}

install_scratch openblas -Dblas=openblas || exit 1
check "installed files" installed_files "$libdir/libsape.so"
check "self-contained archive" archive_is_whole
check "absolute folders" absolute_folders
check "headers" "$root/tests/library/headers.sh" "$prefix/include"
check "complete C++ layer" cpp_is_complete
client pkg-config "make fit; ./fit | $fits"
client static "make fit-static; unset LD_LIBRARY_PATH; ./fit-static | $fits"
client cmake "cmake -S . -B build; cmake --build build; ./build/fit | $fits"
client meson "meson setup build; ninja -C build; ./build/fit | $fits"
for library in shared static; do
    rm -rf "$work/client"
    cp -r "$root/examples/clients" "$work/client"
    check "meson subproject, $library" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 \
        bash -c "cd '$work/client'; root='$root'; $(declare -f subproject); subproject $library"
done
two_at_once cpp {g++,clang++}" "{c++11,c++20}" "{fit_function,test_cpp,test_cpp_all}

# BLIS, for which Debian has no pkg-config file, and a prefix with the archive alone, built from one source.
install_scratch blis -Dblas=blis -Ddefault_library=static --unity=on -Dunity_size=1000 || exit 1
client "static alone, BLIS" "make fit; unset LD_LIBRARY_PATH; ./fit | $fits"
client "static alone, cmake" "cmake -S . -B build; cmake --build build; ./build/fit | $fits"
client "static alone, meson" "meson setup build; ninja -C build; ./build/fit | $fits"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
