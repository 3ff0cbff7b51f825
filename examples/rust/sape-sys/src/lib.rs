// SPDX-License-Identifier: MIT
//! The C interface of libsape, as bindgen sees the installed headers; their comments say what everything does.
#![allow(non_camel_case_types, rustdoc::all, clippy::all)]

include!(concat!(env!("OUT_DIR"), "/sape.rs"));
