// SPDX-License-Identifier: MIT
use sape_sys as sys;

use crate::error::{check, text};
use crate::Error;

/// What the library computes with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The library's version.
    pub version: String,
    /// The instruction set: "baseline", "avx2", "avx512" or "neon".
    pub instructions: String,
    /// The backend of matrix products: "packed" or "cblas".
    pub product: String,
    /// Name and version of the loaded BLAS.
    pub blas: String,
    /// The kernel that the BLAS chose for this processor.
    pub blas_kernel: String,
    /// Threads of a call whose handle has the setting 0.
    pub num_threads: usize,
    /// The precision of the products: "fp32", "bf16x3" or "bf16".
    pub precision: String,
    /// What computes them: "native fp32", "amx", "avx512_bf16" or "emulated".
    pub precision_code: String,
}

/// The description that a function of the library fills.
pub(crate) fn described(
    function: impl FnOnce(*mut sys::sape_description) -> sys::sape_status,
) -> Result<Description, Error> {
    // SAFETY: zeros are a valid struct, and its size is set; the strings are valid while the library is loaded.
    unsafe {
        let mut raw: sys::sape_description = std::mem::zeroed();
        raw.struct_size = std::mem::size_of_val(&raw);
        check(function(&mut raw))?;
        Ok(Description {
            version: text(raw.version),
            instructions: text(raw.instructions),
            product: text(raw.product),
            blas: text(raw.blas),
            blas_kernel: text(raw.blas_kernel),
            num_threads: raw.num_threads,
            precision: text(raw.precision),
            precision_code: text(raw.precision_code),
        })
    }
}

/// Describes what handles with default parameters compute with.
pub fn describe() -> Result<Description, Error> {
    // SAFETY: the pointer is valid.
    described(|description| unsafe { sys::sape_describe(description) })
}
