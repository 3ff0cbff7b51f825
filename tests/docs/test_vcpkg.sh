#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The recipe for vcpkg, without vcpkg: its manifest has the project's version; CMake runs its script with stand-ins for vcpkg's
# functions; and meson takes the options that it passes. A recipe with a mistake is refused.
set -uo pipefail
command -v cmake >/dev/null && command -v python3 >/dev/null || exit 77
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
source "$root/tests/support/verdict"

cat >"$work/run.cmake" <<'END'
function(vcpkg_configure_meson)
    cmake_parse_arguments(PARSE_ARGV 0 given "" "SOURCE_PATH" "OPTIONS")
    if(given_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "unknown: ${given_UNPARSED_ARGUMENTS}")
    endif()
    execute_process(COMMAND meson setup "${CURRENT_PACKAGES_DIR}/build" "${given_SOURCE_PATH}" ${given_OPTIONS}
        COMMAND_ERROR_IS_FATAL ANY)
endfunction()
function(vcpkg_install_meson)
    file(WRITE "${CURRENT_PACKAGES_DIR}/debug/include/sape/sape.h" "")
endfunction()
function(vcpkg_fixup_pkgconfig)
endfunction()
function(vcpkg_install_copyright)
    cmake_parse_arguments(PARSE_ARGV 0 given "" "" "FILE_LIST")
    if(NOT given_FILE_LIST)
        message(FATAL_ERROR "no licence")
    endif()
    foreach(file IN LISTS given_FILE_LIST)
        file(READ "${file}" text)
    endforeach()
endfunction()
include("${PORT}/portfile.cmake")
if(EXISTS "${CURRENT_PACKAGES_DIR}/debug/include")
    message(FATAL_ERROR "headers of the debugging build are left")
endif()
END

manifest() {
    python3 - "$1" "$(sed -nE "s/^  version: '(.*)',/\1/p" "$root/meson.build")" <<'END'
import json, re, sys
manifest = json.load(open(sys.argv[1] + "/vcpkg.json"))
assert set(manifest) <= {"name", "version", "description", "homepage", "license", "supports", "dependencies"}, manifest
assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", manifest["name"]) and manifest["version"] == sys.argv[2], manifest
assert all(isinstance(entry, str) or "name" in entry for entry in manifest["dependencies"]), manifest
END
}

# recipe FOLDER: whether the recipe there is right. It lies as deep in a repository as the real one.
recipe() {
    rm -rf "$work/packages"
    manifest "$1" && cmake -DPORT="$1" -DCURRENT_PACKAGES_DIR="$work/packages" -P "$work/run.cmake"
}

# spoilt FILE SED: the recipe after a change, which must be one.
spoilt() {
    local port=$work/copy/docs/packaging/vcpkg
    rm -rf "$work/copy"
    mkdir -p "$port"
    cp --no-preserve=mode "$root"/docs/packaging/vcpkg/* "$port"
    for name in LICENSE README.md docs include lib meson.build meson_options.txt sape.pc.in; do
        [ -e "$work/copy/$name" ] || ln -s "$root/$name" "$work/copy/$name"
    done
    sed -i "$2" "$port/$1"
    cmp -s "$port/$1" "$root/docs/packaging/vcpkg/$1" || verdict refused "$1: $2" recipe "$port"
}

verdict accepted "the recipe" recipe "$root/docs/packaging/vcpkg"
spoilt portfile.cmake 's/-Dblas=none/-Dblas=nothing/'
spoilt portfile.cmake 's/-Dtests=disabled/-Dtest=disabled/'
spoilt portfile.cmake 's/ --force-fallback-for/ --force-fallbacks-for/'
spoilt portfile.cmake 's/vcpkg_install_meson()/vcpkg_install_meson(/'
spoilt portfile.cmake 's/vcpkg_fixup_pkgconfig/vcpkg_fix_pkgconfig/'
spoilt portfile.cmake 's|external/cjson/LICENSE|external/cjson/COPYING|'
spoilt vcpkg.json 's/"version": "/&1/'
spoilt vcpkg.json 's/}$/},/'
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -eq 9 ]
