// SPDX-License-Identifier: MIT
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::os::raw::{c_int, c_void};
use std::path::Path;
use std::ptr;
use std::slice::from_raw_parts_mut;

use sape_sys as sys;

use crate::callback::{Callback, Panic, Shared};
use crate::error::{check, expect, rows};
use crate::loss::{call_jacobian_loss, call_loss, JacobianBatch, JacobianLossFn, LossBatch, LossFn};
use crate::running::{known, observe, Handle, Observer, Progress, Running};
use crate::{AdaptiveRateParams, Checkpoint, Error, Field, OptimizerParams, Stop, TrainerParams};

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunResult {
    /// Iterations done.
    pub iterations: u64,
    /// The loss of the last iteration; 0 if there was none.
    pub loss: f64,
    /// Its duration in seconds.
    pub seconds: f64,
    /// Why it ended; `None` for a reason of a newer library.
    pub stop: Option<Stop>,
    /// With validation, the lowest held-out loss so far: that of the field as the run leaves it.
    pub validation_loss: Option<f64>,
    /// The iteration of the lowest held-out loss, counted from the trainer's first; 0 for none.
    pub best_iteration: u64,
}

/// Trains a field: predict, loss, gradients, optimizer step, mask. It borrows the field and the samples.
///
/// While it lives, nothing else can use the field; [`Trainer::field`] lends it.
///
/// ```compile_fail
/// # use sape::*;
/// let mut field = Field::new(&EncoderParams::default(), &MaskParams::default(), &NetworkParams::default()).unwrap();
/// let mut trainer = Trainer::new(&TrainerParams::default(), &OptimizerParams::default(), &mut field).unwrap();
/// field.predict(&[0.0, 0.0]); // borrowed by the trainer
/// trainer.step();
/// ```
///
/// The samples must outlive it:
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
    loss: Option<Shared<LossFn<'a>>>,
    jacobian_loss: Option<Shared<JacobianLossFn<'a>>>,
    sampler: Option<Shared<SampleFn<'a>>>,
    reduce: Option<Shared<ReduceFn<'a>>>,
    num_samples: usize,
    samples: PhantomData<&'a [f32]>,
}

// SAFETY: the handle, the field, the closures and the slices may be sent; &Trainer gives no access to the closures.
unsafe impl Send for Trainer<'_> {}
// SAFETY: as above.
unsafe impl Sync for Trainer<'_> {}

impl<'a> Trainer<'a> {
    /// Makes a trainer with its own optimizer.
    pub fn new(params: &TrainerParams, optimizer: &OptimizerParams, field: &'a mut Field) -> Result<Self, Error> {
        let field_pointer = field.as_mut_ptr();
        // SAFETY: all pointers are valid; the field outlives the trainer.
        let handle =
            Handle::make(|out| unsafe { sys::sape_trainer_create(&params.raw, &optimizer.raw, field_pointer, out) })?;
        Ok(Trainer {
            handle,
            field,
            loss: None,
            jacobian_loss: None,
            sampler: None,
            reduce: None,
            num_samples: 0,
            samples: PhantomData,
        })
    }

    /// Makes a trainer with your own loss, which fills a [`LossBatch`] and returns the loss. A panic in it resumes in
    /// the caller of [`Trainer::run`] or [`Trainer::step`].
    pub fn with_loss(
        params: &TrainerParams,
        optimizer: &OptimizerParams,
        field: &'a mut Field,
        loss: impl FnMut(LossBatch<'_>) -> f64 + Send + 'a,
    ) -> Result<Self, Error> {
        let mut shared: Shared<LossFn<'a>> = Shared::new(Box::new(loss), field.domain_dim(), field.output_dim());
        let mut params = params.clone();
        params.raw.loss = sys::SAPE_LOSS_CUSTOM;
        params.raw.loss_fn = Some(call_loss);
        params.raw.loss_user = shared.user();
        let mut trainer = Trainer::new(&params, optimizer, field)?;
        shared.attach(trainer.handle.as_ptr());
        trainer.loss = Some(shared);
        Ok(trainer)
    }

    /// Like [`Trainer::with_loss`], with a loss that also receives the derivatives of the outputs, for eikonal terms or
    /// normals.
    pub fn with_jacobian_loss(
        params: &TrainerParams,
        optimizer: &OptimizerParams,
        field: &'a mut Field,
        loss: impl FnMut(JacobianBatch<'_>) -> f64 + Send + 'a,
    ) -> Result<Self, Error> {
        let mut shared: Shared<JacobianLossFn<'a>> =
            Shared::new(Box::new(loss), field.domain_dim(), field.output_dim());
        let mut params = params.clone();
        params.raw.loss = sys::SAPE_LOSS_CUSTOM_JACOBIAN;
        let mut trainer = Trainer::new(&params, optimizer, field)?;
        let handle = trainer.handle.as_mut_ptr();
        shared.attach(handle);
        // SAFETY: the closure lives as long as the trainer.
        check(unsafe { sys::sape_trainer_set_jacobian_loss(handle, Some(call_jacobian_loss), shared.user()) })?;
        trainer.jacobian_loss = Some(shared);
        Ok(trainer)
    }

    /// The field that is trained.
    pub fn field(&self) -> &Field {
        self.field
    }

    /// Sets the samples: coordinates (n, d) and targets (n, o). Your own loss may need no targets.
    pub fn set_data(&mut self, x: &'a [f32], targets: Option<&'a [f32]>) -> Result<(), Error> {
        let n = rows("x", x.len(), self.field.domain_dim())?;
        if let Some(targets) = targets {
            expect("targets", targets.len(), n * self.field.output_dim())?;
        }
        let targets = targets.map_or(ptr::null(), <[f32]>::as_ptr);
        // SAFETY: the slices have the lengths that n implies, and outlive the trainer.
        check(unsafe { sys::sape_trainer_set_data(self.handle.as_mut_ptr(), n, x.as_ptr(), targets) })?;
        self.num_samples = n;
        Ok(())
    }

    /// Gives the samples weights (n), or none. The loss is then sum(w l) / sum(w); the mask records l.
    pub fn set_weights(&mut self, weights: Option<&'a [f32]>) -> Result<(), Error> {
        let n = weights.map_or(self.num_samples, <[f32]>::len);
        let weights = weights.map_or(ptr::null(), <[f32]>::as_ptr);
        // SAFETY: the slice has the stated length, and outlives the trainer.
        check(unsafe { sys::sape_trainer_set_weights(self.handle.as_mut_ptr(), n, weights) })
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_trainer_learning_rate(self.handle.as_ptr()) }
    }

    /// Changes the learning rate, between runs or after [`Trainer::resume`]; the schedule's factors still apply. During
    /// a run, [`Running`] does so.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<(), Error> {
        self.handle.set_learning_rate(rate)
    }

    /// A new field with the averaged parameters; see [`TrainerParams::average_decay`].
    pub fn average(&self) -> Result<Field, Error> {
        // SAFETY: both pointers are valid.
        Field::make(|out| unsafe { sys::sape_trainer_average(self.handle.as_ptr(), out) })
    }

    /// The losses of all iterations so far; see [`TrainerParams::history`].
    pub fn history(&self) -> Result<Vec<HistoryEntry>, Error> {
        // SAFETY: the handle is valid.
        let n = unsafe { sys::sape_trainer_history_count(self.handle.as_ptr()) };
        let (mut iterations, mut loss, mut validation) = (vec![0; n], vec![0.0; n], vec![0.0; n]);
        let pointers = (iterations.as_mut_ptr(), loss.as_mut_ptr(), validation.as_mut_ptr());
        // SAFETY: the slices have the stated length.
        check(unsafe { sys::sape_trainer_get_history(self.handle.as_ptr(), n, pointers.0, pointers.1, pointers.2) })?;
        Ok((0..n)
            .map(|i| HistoryEntry {
                iteration: iterations[i],
                loss: loss[i],
                validation_loss: known(validation[i]),
            })
            .collect())
    }

    /// How many samples lie far outside [-1, 1] in the field's units: their coordinates were probably not scaled.
    pub fn num_outside(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_trainer_num_outside(self.handle.as_ptr()) }
    }

    /// The parameters that it has.
    pub fn params(&self) -> Result<TrainerParams, Error> {
        let mut params = TrainerParams::default();
        // SAFETY: both pointers are valid, and the struct's size is set.
        check(unsafe { sys::sape_trainer_get_params(self.handle.as_ptr(), &mut params.raw) })?;
        params.raw.loss_fn = None;
        params.raw.loss_user = ptr::null_mut();
        Ok(params)
    }

    /// The parameters of its optimizer, with the present learning rate.
    pub fn optimizer_params(&self) -> Result<OptimizerParams, Error> {
        let mut params = OptimizerParams::default();
        // SAFETY: both pointers are valid, and the struct's size is set.
        check(unsafe { sys::sape_trainer_get_optimizer_params(self.handle.as_ptr(), &mut params.raw) })?;
        Ok(params)
    }

    /// Sets the points (m, o) that [`Loss::Chamfer`](crate::Loss::Chamfer) compares the outputs with, and how many of
    /// them an iteration uses; 0 for all.
    pub fn set_target_points(&mut self, points: &'a [f32], per_iteration: usize) -> Result<(), Error> {
        let m = rows("points", points.len(), self.field.output_dim())?;
        // SAFETY: the slice has the length that m implies, and outlives the trainer.
        check(unsafe {
            sys::sape_trainer_set_target_points(self.handle.as_mut_ptr(), m, points.as_ptr(), per_iteration)
        })
    }

    /// Has a closure supply the n samples of every batch, instead of [`Trainer::set_data`]. It gets the number of
    /// previous iterations, and fills coordinates (n, d) and targets (n, o), which are empty for
    /// [`Loss::Chamfer`](crate::Loss::Chamfer). A panic in it resumes in the caller of [`Trainer::run`].
    pub fn set_sampler(
        &mut self,
        n: usize,
        mut sampler: impl FnMut(u64, &mut [f32], &mut [f32]) + Send + 'a,
    ) -> Result<(), Error> {
        self.set_sampler_until(n, move |iteration, x, targets| {
            sampler(iteration, x, targets);
            ControlFlow::Continue(())
        })
    }

    /// Like [`Trainer::set_sampler`], with a closure that can break: that ends the run without an error.
    pub fn set_sampler_until(
        &mut self,
        n: usize,
        sampler: impl FnMut(u64, &mut [f32], &mut [f32]) -> ControlFlow<()> + Send + 'a,
    ) -> Result<(), Error> {
        let (domain_dim, output_dim) = (self.field.domain_dim(), self.field.output_dim());
        let shared: Shared<SampleFn<'a>> = Shared::new(Box::new(sampler), domain_dim, output_dim);
        let handle = self.handle.as_mut_ptr();
        // SAFETY: the closure lives as long as the trainer, or until the library has another.
        check(unsafe { sys::sape_trainer_set_sampler(handle, n, Some(call_sampler), shared.user()) })?;
        self.sampler = Some(shared);
        Ok(())
    }

    /// Trains together with the trainers of other processes or threads (ranks), each on its own share of the samples.
    /// The closure sums values over all ranks in place, or breaks to end training. All must make the same calls.
    pub fn set_reduce(&mut self, reduce: impl FnMut(Summands<'_>) -> ControlFlow<()> + Send + 'a) -> Result<(), Error> {
        let (domain_dim, output_dim) = (self.field.domain_dim(), self.field.output_dim());
        let shared: Shared<ReduceFn<'a>> = Shared::new(Box::new(reduce), domain_dim, output_dim);
        let handle = self.handle.as_mut_ptr();
        // SAFETY: the closure lives as long as the trainer, or until the library has another.
        check(unsafe { sys::sape_trainer_set_reduce(handle, Some(call_reduce), shared.user()) })?;
        self.reduce = Some(shared);
        Ok(())
    }

    /// Turns the locally adaptive learning rate on, starting anew, or off.
    pub fn set_adaptive_rate(&mut self, params: Option<&AdaptiveRateParams>) -> Result<(), Error> {
        let params = params.map_or(ptr::null(), |params| &params.raw);
        // SAFETY: both pointers are valid, or the second is NULL, which is allowed.
        check(unsafe { sys::sape_trainer_set_adaptive_rate(self.handle.as_mut_ptr(), params) })
    }

    /// Resumes a closure's panic before reporting the error that the library made of it.
    fn finish(&mut self, status: sys::sape_status) -> Result<(), Error> {
        self.loss.iter_mut().for_each(Shared::resume);
        self.jacobian_loss.iter_mut().for_each(Shared::resume);
        self.sampler.iter_mut().for_each(Shared::resume);
        self.reduce.iter_mut().for_each(Shared::resume);
        check(status)
    }

    /// Does one iteration and returns the batch's loss before the step.
    pub fn step(&mut self) -> Result<f64, Error> {
        let mut loss = 0.0;
        // SAFETY: both pointers are valid.
        let status = unsafe { sys::sape_trainer_step(self.handle.as_mut_ptr(), &mut loss) };
        self.finish(status).map(|()| loss)
    }

    /// Does a number of iterations. Call it again to continue.
    pub fn run(&mut self, num_iterations: u64) -> Result<RunResult, Error> {
        self.run_with(num_iterations, |_, _| ControlFlow::Continue(()))
    }

    /// Like [`Trainer::run`], with a closure that receives the progress every progress_every iterations, and a
    /// [`Running`] that lends the field, changes the learning rate and saves. A panic in it resumes in the caller.
    ///
    /// A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++, Python and
    /// Rust, where true is [`ControlFlow::Break`] and false is [`ControlFlow::Continue`].
    pub fn run_with(
        &mut self,
        num_iterations: u64,
        progress: impl FnMut(&Progress, &mut Running<'_>) -> ControlFlow<()>,
    ) -> Result<RunResult, Error> {
        let mut observer = Observer {
            progress,
            running: Running {
                handle: &mut self.handle,
                field: self.field,
            },
            panic: Panic::default(),
        };
        let (status, result) = observe(num_iterations, &mut observer);
        observer.panic.resume();
        self.finish(status)?;
        Ok(RunResult {
            iterations: result.iterations,
            loss: result.loss,
            seconds: result.seconds,
            stop: Stop::from_raw(result.stop),
            validation_loss: known(result.validation_loss),
            best_iteration: result.best_iteration,
        })
    }

    /// A checkpoint of the field and the training state, without the samples.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        self.handle.checkpoint()
    }

    /// Restores a saved training state with the same parameters and samples. Training continues with the same bits.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_trainer_restore(self.handle.as_mut_ptr(), checkpoint.as_ptr()) })
    }

    /// Saves field and training state as a safetensors file, which is replaced completely or not at all.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.handle.save(path.as_ref())
    }

    /// Like [`Trainer::restore`], from a file.
    pub fn resume(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        self.restore(&Checkpoint::open(path)?)
    }
}

/// An entry of the history: as many iterations as are needed to keep few entries.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistoryEntry {
    /// The last of its iterations, counted from the trainer's first.
    pub iteration: u64,
    /// The mean of their losses.
    pub loss: f64,
    /// Their latest held-out loss.
    pub validation_loss: Option<f64>,
}

/// A closure that supplies samples.
type SampleFn<'a> = dyn FnMut(u64, &mut [f32], &mut [f32]) -> ControlFlow<()> + Send + 'a;

/// The library's callback; `user` is a [`Callback`] of a [`SampleFn`].
///
/// # Safety
/// The pointers are those that the library passes to a `sape_sample_fn`, and nothing else uses the closure meanwhile.
unsafe extern "C" fn call_sampler(
    user: *mut c_void,
    iteration: u64,
    n: usize,
    x: *mut f32,
    targets: *mut f32,
) -> c_int {
    // SAFETY: promised by the caller; the header gives the lengths, and says that the memory is initialised.
    unsafe {
        let sampler = &mut *user.cast::<Callback<SampleFn<'_>>>();
        let x = from_raw_parts_mut(x, n * sampler.domain_dim);
        let targets = match targets.is_null() {
            true => &mut [],
            false => from_raw_parts_mut(targets, n * sampler.output_dim),
        };
        let function = &mut sampler.function;
        sampler
            .panic
            .catch(|| function(iteration, x, targets))
            .map_or(1, |flow| if flow.is_break() { sys::SAPE_SAMPLER_END } else { 0 })
    }
}

/// A rank's values, which become the sums over all ranks.
#[derive(Debug)]
#[non_exhaustive]
pub enum Summands<'b> {
    /// In single precision.
    F32(&'b mut [f32]),
    /// In double precision.
    F64(&'b mut [f64]),
}

/// A closure that sums over all ranks.
type ReduceFn<'a> = dyn FnMut(Summands<'_>) -> ControlFlow<()> + Send + 'a;

/// The library's callback; `user` is a [`Callback`] of a [`ReduceFn`].
///
/// # Safety
/// The pointers are those that the library passes to a `sape_reduce_fn`, and nothing else uses the closure meanwhile.
unsafe extern "C" fn call_reduce(
    user: *mut c_void,
    dtype: sys::sape_dtype,
    count: usize,
    values: *mut c_void,
) -> c_int {
    // SAFETY: promised by the caller; the header gives type and length.
    unsafe {
        let reduce = &mut *user.cast::<Callback<ReduceFn<'_>>>();
        let values = match dtype {
            sys::SAPE_DTYPE_F32 => Summands::F32(from_raw_parts_mut(values.cast(), count)),
            _ => Summands::F64(from_raw_parts_mut(values.cast(), count)),
        };
        let function = &mut reduce.function;
        match reduce.panic.catch(|| function(values)) {
            Some(ControlFlow::Continue(())) => 0,
            _ => 1,
        }
    }
}
