// SPDX-License-Identifier: MIT
//! A trainer's handle, and what a progress closure sees and does while it runs.

use std::ops::ControlFlow;
use std::os::raw::{c_int, c_void};
use std::path::Path;

use sape_sys as sys;

use crate::callback::Panic;
use crate::error::{c_path, check};
use crate::{Checkpoint, Error, Field};

owned! {
    /// The library's trainer.
    Handle, sape_trainer, sape_trainer_free
}

impl Handle {
    pub(crate) fn set_learning_rate(&mut self, rate: f64) -> Result<(), Error> {
        // SAFETY: the handle is valid.
        check(unsafe { sys::sape_trainer_set_learning_rate(self.as_mut_ptr(), rate) })
    }

    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, Error> {
        // SAFETY: both pointers are valid.
        Checkpoint::make(|out| unsafe { sys::sape_trainer_checkpoint(self.as_ptr(), out) })
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Error> {
        let path = c_path(path)?;
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_trainer_save(self.as_ptr(), path.as_ptr()) })
    }
}

/// What a progress closure receives.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Iterations done by this run, from 1.
    pub iteration: u64,
    /// Iterations requested of this run.
    pub num_iterations: u64,
    /// The batch's loss in this iteration, before its step.
    pub loss: f64,
    /// Mean revealed share of the mask, 0 to 1.
    pub revealed: f64,
    /// The learning rate of this iteration's step.
    pub learning_rate: f64,
    /// Seconds since the run began.
    pub seconds: f64,
    /// The held-out samples' loss when it was last computed.
    pub validation_loss: Option<f64>,
    /// The lowest held-out loss so far.
    pub best_validation_loss: Option<f64>,
    /// The iteration of the lowest held-out loss, counted from the trainer's first; 0 for none.
    pub best_iteration: u64,
}

/// What a progress closure may do with the training that it watches.
#[derive(Debug)]
pub struct Running<'r> {
    pub(crate) handle: &'r mut Handle,
    pub(crate) field: &'r Field,
}

impl Running<'_> {
    /// The field that is trained.
    pub fn field(&self) -> &Field {
        self.field
    }

    /// Like [`Trainer::set_learning_rate`](crate::Trainer::set_learning_rate), from the next step on.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<(), Error> {
        self.handle.set_learning_rate(rate)
    }

    /// Like [`Trainer::checkpoint`](crate::Trainer::checkpoint).
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        self.handle.checkpoint()
    }

    /// Like [`Trainer::save`](crate::Trainer::save).
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.handle.save(path.as_ref())
    }
}

/// Turns the library's NaN for a missing loss into `None`.
pub(crate) fn known(loss: f64) -> Option<f64> {
    (!loss.is_nan()).then_some(loss)
}

/// A progress closure, with the data that the library's callback needs.
pub(crate) struct Observer<'r, F> {
    pub progress: F,
    pub running: Running<'r>,
    pub panic: Panic,
}

/// Runs the trainer with the closure as its callback.
pub(crate) fn observe<F>(num_iterations: u64, observer: &mut Observer<'_, F>) -> (sys::sape_status, sys::sape_result)
where
    F: FnMut(&Progress, &mut Running<'_>) -> ControlFlow<()>,
{
    unsafe extern "C" fn call<F>(user: *mut c_void, progress: *const sys::sape_progress) -> c_int
    where
        F: FnMut(&Progress, &mut Running<'_>) -> ControlFlow<()>,
    {
        // SAFETY: the pointers are those given below, and the library's.
        let (observer, seen) = unsafe { (&mut *user.cast::<Observer<'_, F>>(), &*progress) };
        let seen = Progress {
            iteration: seen.iteration,
            num_iterations: seen.num_iterations,
            loss: seen.loss,
            revealed: seen.revealed,
            learning_rate: seen.learning_rate,
            seconds: seen.seconds,
            validation_loss: known(seen.validation_loss),
            best_validation_loss: known(seen.best_validation_loss),
            best_iteration: seen.best_iteration,
        };
        let (function, running) = (&mut observer.progress, &mut observer.running);
        match observer.panic.catch(|| function(&seen, running)) {
            Some(ControlFlow::Continue(())) => 0,
            _ => 1,
        }
    }
    // SAFETY: zeros are a valid struct, and its size is set; only the callback uses the observer.
    unsafe {
        let mut result: sys::sape_result = std::mem::zeroed();
        result.struct_size = std::mem::size_of_val(&result);
        let trainer = observer.running.handle.as_mut_ptr();
        let user: *mut Observer<'_, F> = observer;
        let status = sys::sape_trainer_run(trainer, num_iterations, Some(call::<F>), user.cast(), &mut result);
        (status, result)
    }
}
