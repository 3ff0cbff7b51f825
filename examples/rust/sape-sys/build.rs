// SPDX-License-Identifier: MIT
//! Asks pkg-config for libsape's location, and has bindgen translate its headers. Both are commands: no crates needed.
//! With the feature `vendored`, meson builds the library first.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn output(command: &mut Command) -> Vec<u8> {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed:\n{complaint}");
    output.stdout
}

/// The words of the answer as a shell reads them: backslashes precede spaces and every byte of a non-ASCII character.
fn pkg_config(what: &str) -> Vec<String> {
    let mut words = vec![Vec::new()];
    let mut bytes = output(Command::new("pkg-config").args([what, "sape"])).into_iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => words.last_mut().unwrap().extend(bytes.next()),
            byte if byte.is_ascii_whitespace() => words.push(Vec::new()),
            byte => words.last_mut().unwrap().push(byte),
        }
    }
    words
        .into_iter()
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8(word).expect("a path is not UTF-8"))
        .collect()
}

/// The library's sources: in SAPE_SOURCE, or the repository that this crate lies in.
fn sources() -> PathBuf {
    println!("cargo:rerun-if-env-changed=SAPE_SOURCE");
    let above = || Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR")).join("../../..");
    let sources = env::var_os("SAPE_SOURCE").map_or_else(above, PathBuf::from);
    let project = sources.join("lib/sape.map");
    assert!(
        project.exists(),
        "no sources of libsape in {sources:?}: set SAPE_SOURCE, or do without the feature vendored"
    );
    sources
}

/// Builds the library as an archive that needs only the C library, and has pkg-config find it.
fn build(folder: &Path) {
    let (sources, build, prefix) = (sources(), folder.join("build"), folder.join("prefix"));
    for part in ["lib", "include", "meson.build", "meson_options.txt"] {
        println!("cargo:rerun-if-changed={}", sources.join(part).display());
    }
    if !build.join("build.ninja").exists() {
        let mut setup = Command::new("meson");
        setup
            .arg("setup")
            .arg(&build)
            .arg(&sources)
            .arg("--prefix")
            .arg(&prefix);
        setup.args([
            "-Dblas=none",
            "-Dtests=disabled",
            "-Dexamples=disabled",
            "-Ddefault_library=static",
        ]);
        output(setup.arg("--force-fallback-for=cjson"));
    }
    output(Command::new("meson").args(["install", "--quiet", "-C"]).arg(&build));
    env::set_var("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"));
}

fn main() {
    let folder = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    if env::var_os("CARGO_FEATURE_VENDORED").is_some() {
        build(&folder);
    }
    for variable in ["PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    for flag in pkg_config("--libs") {
        match flag.split_at(2) {
            ("-L", folder) => println!("cargo:rustc-link-search=native={folder}"),
            ("-l", name) => println!("cargo:rustc-link-lib={name}"),
            _ => println!("cargo:rustc-link-arg={flag}"),
        }
    }
    for folder in pkg_config("--variable=includedir") {
        println!("cargo:rerun-if-changed={folder}/sape");
    }

    let header = folder.join("sape.h");
    fs::write(&header, "#include <sape/sape.h>\n").expect("OUT_DIR cannot be written to");
    let mut bindgen = Command::new("bindgen");
    bindgen.arg(&header).arg("--output").arg(folder.join("sape.rs"));
    bindgen.args([
        "--allowlist-function",
        "sape_.*",
        "--allowlist-type",
        "sape_.*",
        "--allowlist-var",
        "SAPE_.*",
    ]);
    bindgen
        .args(["--size_t-is-usize", "--no-prepend-enum-name", "--"])
        .args(pkg_config("--cflags"));
    output(&mut bindgen);
}
