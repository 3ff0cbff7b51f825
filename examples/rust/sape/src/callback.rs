// SPDX-License-Identifier: MIT
//! Closures that the library calls.

use std::any::Any;
use std::os::raw::c_void;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::ptr;

use sape_sys as sys;

/// Holds back a closure's panic while the library's code is on the stack.
#[derive(Default)]
pub(crate) struct Panic(Option<Box<dyn Any + Send>>);

impl Panic {
    /// Calls the closure; `None` when it panics.
    pub fn catch<R>(&mut self, function: impl FnOnce() -> R) -> Option<R> {
        // Nothing sees the closure's unfinished state before the panic resumes.
        catch_unwind(AssertUnwindSafe(function))
            .map_err(|payload| self.0 = Some(payload))
            .ok()
    }

    /// Resumes a panic.
    pub fn resume(&mut self) {
        if let Some(payload) = self.0.take() {
            resume_unwind(payload);
        }
    }
}

/// A closure, with the data that the library's callback needs.
pub(crate) struct Callback<F: ?Sized> {
    pub function: Box<F>,
    /// The dimension of the coordinates.
    pub domain_dim: usize,
    /// The number of outputs.
    pub output_dim: usize,
    /// The trainer that calls a loss; null before there is one.
    pub trainer: *const sys::sape_trainer,
    pub panic: Panic,
}

/// An owned callback. It is a pointer because the library has it too, and uses it during calls.
pub(crate) struct Shared<F: ?Sized>(*mut Callback<F>);

impl<F: ?Sized> Shared<F> {
    pub fn new(function: Box<F>, domain_dim: usize, output_dim: usize) -> Shared<F> {
        Shared(Box::into_raw(Box::new(Callback {
            function,
            domain_dim,
            output_dim,
            trainer: ptr::null(),
            panic: Panic::default(),
        })))
    }

    /// Says which trainer calls the closure.
    pub fn attach(&mut self, trainer: *const sys::sape_trainer) {
        // SAFETY: it is owned, and no call of the library is active.
        unsafe { (*self.0).trainer = trainer }
    }

    /// The pointer for the library.
    pub fn user(&self) -> *mut c_void {
        self.0.cast()
    }

    /// Resumes a panic of the closure.
    pub fn resume(&mut self) {
        // SAFETY: it is owned, and no call of the library is active.
        unsafe { (*self.0).panic.resume() }
    }
}

impl<F: ?Sized> Drop for Shared<F> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nothing else frees it.
        drop(unsafe { Box::from_raw(self.0) });
    }
}
