// SPDX-License-Identifier: MIT
use std::any::Any;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::raw::{c_int, c_void};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::path::Path;
use std::ptr;

use sape_sys as sys;

use crate::error::{c_path, check, expect, rows};
use crate::loss::{call_custom_loss, CustomLoss, LossBatch};
use crate::{Checkpoint, Error, Field, OptimizerParams, Stop, TrainerParams};

mod handle {
    owned! {
        /// The library's trainer.
        Handle, sape_trainer, sape_trainer_free
    }
}
use handle::Handle;

/// Holds a panic of a closure back while the library's code is on the stack.
#[derive(Default)]
pub(crate) struct Panic(Option<Box<dyn Any + Send>>);

impl Panic {
    /// Calls the closure; `None` when it panics.
    pub fn catch<R>(&mut self, function: impl FnOnce() -> R) -> Option<R> {
        // What the closure leaves half done is seen by nobody before the panic goes on.
        catch_unwind(AssertUnwindSafe(function))
            .map_err(|payload| self.0 = Some(payload))
            .ok()
    }

    /// Lets a panic go on.
    pub fn resume(&mut self) {
        if let Some(payload) = self.0.take() {
            resume_unwind(payload);
        }
    }
}

/// What a progress closure sees.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Iterations done by this run, from 1.
    pub iteration: u64,
    /// Iterations this run was asked for.
    pub num_iterations: u64,
    /// The batch's loss in this iteration, before its step.
    pub loss: f64,
    /// Mean revealed share of the mask, 0 to 1.
    pub revealed: f64,
    /// The learning rate of this iteration's step.
    pub learning_rate: f64,
    /// Seconds since the run began.
    pub seconds: f64,
}

/// What a run did.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunResult {
    /// Iterations done.
    pub iterations: u64,
    /// The loss of the last of them; 0 when there was none.
    pub loss: f64,
    /// Seconds it took.
    pub seconds: f64,
    /// Why it ended; `None` for a reason of a newer library.
    pub stop: Option<Stop>,
}

/// The loop round a field: predict, loss, gradients, optimizer step, mask. It borrows the field, and the samples.
///
/// While it lives, nobody else can use the field; [`Trainer::field`] lends it.
///
/// ```compile_fail
/// # use sape::*;
/// let mut field = Field::new(&EncoderParams::default(), &MaskParams::default(), &NetworkParams::default()).unwrap();
/// let mut trainer = Trainer::new(&TrainerParams::default(), &OptimizerParams::default(), &mut field).unwrap();
/// field.predict(&[0.0, 0.0]); // borrowed by the trainer
/// trainer.step();
/// ```
///
/// Nor do the samples go before it:
///
/// ```compile_fail
/// # use sape::*;
/// let mut field = Field::new(&EncoderParams::default(), &MaskParams::default(), &NetworkParams::default()).unwrap();
/// let mut trainer = Trainer::new(&TrainerParams::default(), &OptimizerParams::default(), &mut field).unwrap();
/// {
///     let samples = vec![0.0; 4];
///     trainer.set_data(&samples, None); // does not live long enough
/// }
/// trainer.step();
/// ```
pub struct Trainer<'a> {
    handle: Handle,
    field: &'a mut Field,
    /// Owned; a pointer because the library has it, too.
    loss: *mut CustomLoss<'a>,
    samples: PhantomData<&'a [f32]>,
}

// SAFETY: the handle and the field may be sent, and so may the closure and the slices; &Trainer gives no way to the
// closure.
unsafe impl Send for Trainer<'_> {}
// SAFETY: as above.
unsafe impl Sync for Trainer<'_> {}

impl Drop for Trainer<'_> {
    fn drop(&mut self) {
        if !self.loss.is_null() {
            // SAFETY: it came from a box, and the library calls it during a call of a trainer only.
            drop(unsafe { Box::from_raw(self.loss) });
        }
    }
}

impl<'a> Trainer<'a> {
    /// Makes a trainer, with an optimizer of its own.
    pub fn new(params: &TrainerParams, optimizer: &OptimizerParams, field: &'a mut Field) -> Result<Self, Error> {
        let field_pointer = field.as_mut_ptr();
        // SAFETY: all pointers are valid; the field outlives the trainer.
        let handle =
            Handle::make(|out| unsafe { sys::sape_trainer_create(&params.raw, &optimizer.raw, field_pointer, out) })?;
        Ok(Trainer {
            handle,
            field,
            loss: ptr::null_mut(),
            samples: PhantomData,
        })
    }

    /// Makes a trainer with a loss of your own, which fills a [`LossBatch`] and returns the loss. A panic in it goes on
    /// in the caller of [`Trainer::run`] or [`Trainer::step`].
    pub fn with_loss(
        params: &TrainerParams,
        optimizer: &OptimizerParams,
        field: &'a mut Field,
        loss: impl FnMut(LossBatch<'_>) -> f64 + Send + 'a,
    ) -> Result<Self, Error> {
        let function = Box::new(loss);
        let custom = Box::new(CustomLoss {
            function,
            domain_dim: field.domain_dim(),
            panic: Panic::default(),
        });
        let custom = Box::into_raw(custom);
        let mut params = params.clone();
        params.raw.loss = sys::SAPE_LOSS_CUSTOM;
        params.raw.loss_fn = Some(call_custom_loss);
        params.raw.loss_user = custom.cast();
        match Trainer::new(&params, optimizer, field) {
            Ok(mut trainer) => {
                trainer.loss = custom;
                Ok(trainer)
            }
            Err(error) => {
                // SAFETY: nobody else has it.
                drop(unsafe { Box::from_raw(custom) });
                Err(error)
            }
        }
    }

    /// The field that is trained.
    pub fn field(&self) -> &Field {
        self.field
    }

    /// Gives the samples: coordinates (n, d) and targets (n, o), which a loss of your own may do without.
    pub fn set_data(&mut self, x: &'a [f32], targets: Option<&'a [f32]>) -> Result<(), Error> {
        let n = rows("x", x.len(), self.field.domain_dim())?;
        if let Some(targets) = targets {
            expect("targets", targets.len(), n * self.field.output_dim())?;
        }
        let targets = targets.map_or(ptr::null(), <[f32]>::as_ptr);
        // SAFETY: the slices have the lengths that n says, and outlive the trainer.
        check(unsafe { sys::sape_trainer_set_data(self.handle.as_mut_ptr(), n, x.as_ptr(), targets) })
    }

    /// Gives the points (m, o) that [`Loss::Chamfer`](crate::Loss::Chamfer) holds the outputs against, and how many of
    /// them an iteration sees; 0 for all.
    pub fn set_target_points(&mut self, points: &'a [f32], per_iteration: usize) -> Result<(), Error> {
        let m = rows("points", points.len(), self.field.output_dim())?;
        // SAFETY: the slice has the length that m says, and outlives the trainer.
        check(unsafe {
            sys::sape_trainer_set_target_points(self.handle.as_mut_ptr(), m, points.as_ptr(), per_iteration)
        })
    }

    /// What a panic of the loss has to say comes before what the library made of it.
    fn finish(&mut self, status: sys::sape_status) -> Result<(), Error> {
        // SAFETY: the loss is owned, and the library's call is over.
        if let Some(loss) = unsafe { self.loss.as_mut() } {
            loss.panic.resume();
        }
        check(status)
    }

    /// One iteration; returns the batch's loss before the step.
    pub fn step(&mut self) -> Result<f64, Error> {
        let mut loss = 0.0;
        // SAFETY: both pointers are valid.
        let status = unsafe { sys::sape_trainer_step(self.handle.as_mut_ptr(), &mut loss) };
        self.finish(status).map(|()| loss)
    }

    /// A number of iterations; may be called again to go on.
    pub fn run(&mut self, num_iterations: u64) -> Result<RunResult, Error> {
        self.run_with(num_iterations, |_, _| ControlFlow::Continue(()))
    }

    /// As [`Trainer::run`], with a closure that sees how the run goes, as progress_every says, and the field meanwhile.
    /// It may stop the run. A panic in it goes on here.
    pub fn run_with(
        &mut self,
        num_iterations: u64,
        progress: impl FnMut(&Progress, &Field) -> ControlFlow<()>,
    ) -> Result<RunResult, Error> {
        let mut observer = Observer {
            progress,
            field: self.field,
            panic: Panic::default(),
        };
        let (status, result) = observe(&mut self.handle, num_iterations, &mut observer);
        observer.panic.resume();
        self.finish(status)?;
        Ok(RunResult {
            iterations: result.iterations,
            loss: result.loss,
            seconds: result.seconds,
            stop: Stop::from_raw(result.stop),
        })
    }

    /// A checkpoint of the field and of the training, without the samples.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        // SAFETY: both pointers are valid.
        Checkpoint::make(|out| unsafe { sys::sape_trainer_checkpoint(self.handle.as_ptr(), out) })
    }

    /// Goes back to where a training of the same parameters and samples was saved; it goes on bit by bit the same.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_trainer_restore(self.handle.as_mut_ptr(), checkpoint.as_ptr()) })
    }

    /// Saves field and training as a safetensors file, which is replaced whole or not at all.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = c_path(path.as_ref())?;
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_trainer_save(self.handle.as_ptr(), path.as_ptr()) })
    }

    /// [`Trainer::restore`] from a file.
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.restore(&Checkpoint::open(path)?)
    }
}

/// A progress closure, with what the library's callback needs.
struct Observer<'f, F> {
    progress: F,
    field: &'f Field,
    panic: Panic,
}

/// Runs the trainer with the closure as its callback.
fn observe<F>(
    handle: &mut Handle,
    num_iterations: u64,
    observer: &mut Observer<'_, F>,
) -> (sys::sape_status, sys::sape_result)
where
    F: FnMut(&Progress, &Field) -> ControlFlow<()>,
{
    unsafe extern "C" fn call<F>(user: *mut c_void, progress: *const sys::sape_progress) -> c_int
    where
        F: FnMut(&Progress, &Field) -> ControlFlow<()>,
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
        };
        let (function, field) = (&mut observer.progress, observer.field);
        match observer.panic.catch(|| function(&seen, field)) {
            Some(ControlFlow::Continue(())) => 0,
            _ => 1,
        }
    }
    // SAFETY: zeros are a valid struct, and its size is set; the observer is used by the callback alone.
    unsafe {
        let mut result: sys::sape_result = std::mem::zeroed();
        result.struct_size = std::mem::size_of_val(&result);
        let user: *mut Observer<'_, F> = observer;
        let status = sys::sape_trainer_run(
            handle.as_mut_ptr(),
            num_iterations,
            Some(call::<F>),
            user.cast(),
            &mut result,
        );
        (status, result)
    }
}
