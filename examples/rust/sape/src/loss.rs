// SPDX-License-Identifier: MIT
use std::os::raw::{c_int, c_void};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use sape_sys as sys;

use crate::callback::Callback;
use crate::error::{check, expect, rows};
use crate::{Error, Loss};

/// A batch's loss, the losses of its samples (n), and the loss's gradient with respect to the outputs (n, o).
#[derive(Clone, Debug, PartialEq)]
pub struct LossValue {
    /// The loss.
    pub loss: f64,
    /// The losses of the samples (n).
    pub sample_loss: Vec<f32>,
    /// The gradient (n, o).
    pub d_outputs: Vec<f32>,
}

/// Fills losses, gradient and loss with a function of the library.
fn loss_value(
    n: usize,
    length: usize,
    function: impl FnOnce(*mut f32, *mut f32, *mut f64) -> sys::sape_status,
) -> Result<LossValue, Error> {
    let mut value = LossValue {
        loss: 0.0,
        sample_loss: vec![0.0; n],
        d_outputs: vec![0.0; length],
    };
    let (gradient, losses) = (value.d_outputs.as_mut_ptr(), value.sample_loss.as_mut_ptr());
    check(function(gradient, losses, &mut value.loss))?;
    Ok(value)
}

/// A built-in loss of outputs (n, output_dim) against targets (n, output_dim).
pub fn evaluate_loss(kind: Loss, output_dim: usize, outputs: &[f32], targets: &[f32]) -> Result<LossValue, Error> {
    let n = rows("outputs", outputs.len(), output_dim)?;
    expect("targets", targets.len(), outputs.len())?;
    let (kind, given, wanted) = (kind.into(), outputs.as_ptr(), targets.as_ptr());
    // SAFETY: the slices have the lengths that n implies.
    loss_value(n, outputs.len(), |gradient, losses, loss| unsafe {
        sys::sape_loss_evaluate(kind, n, output_dim, given, wanted, gradient, losses, loss)
    })
}

/// Like [`evaluate_loss`], with weights (n) of the samples and the huber_delta of [`Loss::Huber`]. The loss is the
/// weighted mean; the samples' own losses are without weights.
pub fn evaluate_weighted_loss(
    kind: Loss,
    huber_delta: f64,
    output_dim: usize,
    outputs: &[f32],
    targets: &[f32],
    weights: &[f32],
) -> Result<LossValue, Error> {
    let n = rows("outputs", outputs.len(), output_dim)?;
    expect("targets", targets.len(), outputs.len())?;
    expect("weights", weights.len(), n)?;
    let (kind, given, wanted, weights) = (kind.into(), outputs.as_ptr(), targets.as_ptr(), weights.as_ptr());
    // SAFETY: the slices have the lengths that n implies.
    loss_value(n, outputs.len(), |gradient, losses, loss| unsafe {
        sys::sape_loss_evaluate_weighted(
            kind,
            huber_delta,
            n,
            output_dim,
            given,
            wanted,
            weights,
            gradient,
            losses,
            loss,
        )
    })
}

/// The Chamfer distance of outputs (n, dim) and targets (m, dim), dim 1 to 3. It is the mean distance of an output from
/// its nearest target (the output's own loss) plus the mean distance of a target from its nearest output.
pub fn chamfer(dim: usize, outputs: &[f32], targets: &[f32]) -> Result<LossValue, Error> {
    let n = rows("outputs", outputs.len(), dim)?;
    let m = rows("targets", targets.len(), dim)?;
    let (given, wanted) = (outputs.as_ptr(), targets.as_ptr());
    // SAFETY: the slices have the lengths that n and m imply.
    loss_value(n, outputs.len(), |gradient, losses, loss| unsafe {
        sys::sape_loss_chamfer(dim, n, given, m, wanted, gradient, losses, loss)
    })
}

/// The inputs and results of your own loss.
#[derive(Debug)]
#[non_exhaustive]
pub struct LossBatch<'b> {
    /// Coordinates (n, d).
    pub x: &'b [f32],
    /// The number o of outputs.
    pub output_dim: usize,
    /// The field's outputs (n, o).
    pub outputs: &'b [f32],
    /// Targets (n, o), if the trainer has any.
    pub targets: Option<&'b [f32]>,
    /// Result: the gradient of the loss with respect to the outputs (n, o).
    pub d_outputs: &'b mut [f32],
    /// Result: the losses of the samples (n), which drive the mask.
    pub sample_loss: &'b mut [f32],
    trainer: *const sys::sape_trainer,
}

impl LossBatch<'_> {
    /// The indices (n) of these samples: rows of the slices of [`Trainer::set_data`](crate::Trainer::set_data). With a
    /// sampler, they are rows of the iteration's batches, one batch after the other.
    pub fn indices(&self) -> Result<Vec<usize>, Error> {
        let mut indices = vec![0; self.sample_loss.len()];
        // SAFETY: the trainer that calls the loss lives longer than the batch; the slice has the stated length.
        check(unsafe { sys::sape_trainer_get_indices(self.trainer, indices.len(), indices.as_mut_ptr()) })?;
        Ok(indices)
    }
}

/// The caller's own loss.
pub(crate) type LossFn<'a> = dyn FnMut(LossBatch<'_>) -> f64 + Send + 'a;

/// The inputs and results of your own loss on Jacobians.
#[derive(Debug)]
#[non_exhaustive]
pub struct JacobianBatch<'b> {
    /// The inputs and results of any loss.
    pub batch: LossBatch<'b>,
    /// The derivatives of the outputs with respect to the coordinates (n, o, d).
    pub jacobian: &'b [f32],
    /// Result: the gradient of the loss with respect to these derivatives (n, o, d).
    pub d_jacobian: &'b mut [f32],
}

/// The caller's own loss on outputs and Jacobians.
pub(crate) type JacobianLossFn<'a> = dyn FnMut(JacobianBatch<'_>) -> f64 + Send + 'a;

/// Stores the loss and returns the callback's result. Without a loss, the closure has panicked.
///
/// # Safety
/// The pointer is valid.
unsafe fn finish(value: Option<f64>, loss: *mut f64) -> c_int {
    // SAFETY: promised by the caller.
    value.map_or(1, |value| unsafe {
        *loss = value;
        0
    })
}

/// Memory for this many results, with unspecified contents.
///
/// # Safety
/// The pointer is valid for this many values, for as long as the slice is used.
unsafe fn cleared<'b>(values: *mut f32, length: usize) -> &'b mut [f32] {
    // SAFETY: promised by the caller.
    unsafe {
        values.write_bytes(0, length);
        from_raw_parts_mut(values, length)
    }
}

/// The library's callback; `user` is a [`Callback`] of a [`LossFn`].
///
/// # Safety
/// The pointers are those that the library passes to a `sape_loss_fn`, and nothing else uses the loss meanwhile.
pub(crate) unsafe extern "C" fn call_loss(
    user: *mut c_void,
    n: usize,
    x: *const f32,
    output_dim: usize,
    outputs: *const f32,
    targets: *const f32,
    d_outputs: *mut f32,
    sample_loss: *mut f32,
    loss: *mut f64,
) -> c_int {
    // SAFETY: promised by the caller; the header gives the lengths.
    unsafe {
        let custom = &mut *user.cast::<Callback<LossFn<'_>>>();
        let batch = LossBatch {
            x: from_raw_parts(x, n * custom.domain_dim),
            output_dim,
            outputs: from_raw_parts(outputs, n * output_dim),
            targets: (!targets.is_null()).then(|| from_raw_parts(targets, n * output_dim)),
            d_outputs: cleared(d_outputs, n * output_dim),
            sample_loss: cleared(sample_loss, n),
            trainer: custom.trainer,
        };
        let function = &mut custom.function;
        finish(custom.panic.catch(|| function(batch)), loss)
    }
}

/// The library's callback; `user` is a [`Callback`] of a [`JacobianLossFn`].
///
/// # Safety
/// The pointers are those that the library passes to a `sape_jacobian_loss_fn`; nothing else uses the loss meanwhile.
pub(crate) unsafe extern "C" fn call_jacobian_loss(
    user: *mut c_void,
    n: usize,
    domain_dim: usize,
    x: *const f32,
    output_dim: usize,
    outputs: *const f32,
    jacobian: *const f32,
    targets: *const f32,
    d_outputs: *mut f32,
    d_jacobian: *mut f32,
    sample_loss: *mut f32,
    loss: *mut f64,
) -> c_int {
    // SAFETY: promised by the caller; the header gives the lengths.
    unsafe {
        let custom = &mut *user.cast::<Callback<JacobianLossFn<'_>>>();
        let batch = JacobianBatch {
            batch: LossBatch {
                x: from_raw_parts(x, n * domain_dim),
                output_dim,
                outputs: from_raw_parts(outputs, n * output_dim),
                targets: (!targets.is_null()).then(|| from_raw_parts(targets, n * output_dim)),
                d_outputs: cleared(d_outputs, n * output_dim),
                sample_loss: cleared(sample_loss, n),
                trainer: custom.trainer,
            },
            jacobian: from_raw_parts(jacobian, n * output_dim * domain_dim),
            d_jacobian: cleared(d_jacobian, n * output_dim * domain_dim),
        };
        let function = &mut custom.function;
        finish(custom.panic.catch(|| function(batch)), loss)
    }
}
