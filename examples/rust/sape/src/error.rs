// SPDX-License-Identifier: MIT
//! Statuses, and errors made from them.

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::c_char;
use std::path::Path;

use sape_sys as sys;

c_enum! {
    /// How a call failed.
    Status, sape_status_string {
        /// An argument or parameter is out of its range.
        Argument = SAPE_ERROR_ARGUMENT,
        /// Memory could not be allocated.
        Memory = SAPE_ERROR_MEMORY,
        /// A slice or tensor does not have the required length.
        Shape = SAPE_ERROR_SHAPE,
        /// An input holds NaN or an infinity.
        NotFinite = SAPE_ERROR_NOT_FINITE,
        /// The loss became NaN or infinite; the parameters are the last ones that gave a finite loss.
        Diverged = SAPE_ERROR_DIVERGED,
        /// No tensor or metadata entry has that name.
        NotFound = SAPE_ERROR_NOT_FOUND,
        /// A file could not be opened, read or written.
        File = SAPE_ERROR_FILE,
        /// A file violates its format.
        Format = SAPE_ERROR_FORMAT,
        /// A file was made by a newer libsape and uses features that this one does not know.
        Version = SAPE_ERROR_VERSION,
        /// The handle's current state does not allow the call.
        State = SAPE_ERROR_STATE,
        /// This combination of options is not supported.
        Unsupported = SAPE_ERROR_UNSUPPORTED,
        /// A thread could not be started.
        Thread = SAPE_ERROR_THREAD,
        /// A callback reported a failure.
        Callback = SAPE_ERROR_CALLBACK,
    }
}

/// A failed call to the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: Option<Status>,
    message: String,
}

impl Error {
    pub(crate) fn new(status: Status, message: String) -> Error {
        Error {
            status: Some(status),
            message,
        }
    }

    /// How it failed; `None` for a status of a newer library.
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    /// The message: the wrong argument and its value.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Turns a status of the library into a result.
pub(crate) fn check(status: sys::sape_status) -> Result<(), Error> {
    if status == sys::SAPE_OK {
        return Ok(());
    }
    // SAFETY: the string is this thread's and valid until the next failing call.
    let message = unsafe { text(sys::sape_last_error()) };
    Err(Error {
        status: Status::from_raw(status),
        message,
    })
}

/// The number of rows in a slice of `length` values, `width` per row.
pub(crate) fn rows(name: &str, length: usize, width: usize) -> Result<usize, Error> {
    if width == 0 || length % width != 0 {
        let message = format!("{name} has {length} values, must have a multiple of {width}");
        return Err(Error::new(Status::Shape, message));
    }
    Ok(length / width)
}

/// Checks the length of a slice.
pub(crate) fn expect(name: &str, length: usize, wanted: usize) -> Result<(), Error> {
    if length == wanted {
        return Ok(());
    }
    Err(Error::new(
        Status::Shape,
        format!("{name} has {length} values, must have {wanted}"),
    ))
}

/// A string from the library.
///
/// # Safety
/// As for [`CStr::from_ptr`].
pub(crate) unsafe fn text(string: *const c_char) -> String {
    // SAFETY: promised by the caller.
    unsafe { CStr::from_ptr(string) }.to_string_lossy().into_owned()
}

/// A string for the library.
pub(crate) fn c_string(value: &str) -> Result<CString, Error> {
    CString::new(value).map_err(|_| Error::new(Status::Argument, format!("{value:?} contains a zero byte")))
}

/// A path for the library.
pub(crate) fn c_path(path: &Path) -> Result<CString, Error> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| Error::new(Status::Argument, format!("{path:?} contains a zero byte")))
}
