// SPDX-License-Identifier: MIT
use std::os::raw::{c_int, c_void};
use std::slice::{from_raw_parts, from_raw_parts_mut};

use sape_sys as sys;

use crate::error::{check, expect, rows};
use crate::trainer::Panic;
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

/// Squared error or binary cross-entropy of outputs (n, output_dim) against targets (n, output_dim).
pub fn evaluate_loss(kind: Loss, output_dim: usize, outputs: &[f32], targets: &[f32]) -> Result<LossValue, Error> {
    let n = rows("outputs", outputs.len(), output_dim)?;
    expect("targets", targets.len(), outputs.len())?;
    let mut value = LossValue {
        loss: 0.0,
        sample_loss: vec![0.0; n],
        d_outputs: vec![0.0; outputs.len()],
    };
    // SAFETY: the slices have the lengths that n says.
    check(unsafe {
        sys::sape_loss_evaluate(
            kind.into(),
            n,
            output_dim,
            outputs.as_ptr(),
            targets.as_ptr(),
            value.d_outputs.as_mut_ptr(),
            value.sample_loss.as_mut_ptr(),
            &mut value.loss,
        )
    })?;
    Ok(value)
}

/// What a loss of your own gets, and fills.
#[derive(Debug)]
#[non_exhaustive]
pub struct LossBatch<'b> {
    /// Coordinates (n, d).
    pub x: &'b [f32],
    /// The number o of outputs.
    pub output_dim: usize,
    /// What the field predicts (n, o).
    pub outputs: &'b [f32],
    /// Targets (n, o), when the trainer has some.
    pub targets: Option<&'b [f32]>,
    /// To be filled: the gradient of the loss with respect to the outputs (n, o).
    pub d_outputs: &'b mut [f32],
    /// To be filled: the losses of the samples (n), which drive the mask.
    pub sample_loss: &'b mut [f32],
}

/// A loss of the caller's own, with what the library's callback needs.
pub(crate) struct CustomLoss<'a> {
    pub function: Box<dyn FnMut(LossBatch<'_>) -> f64 + Send + 'a>,
    pub domain_dim: usize,
    pub panic: Panic,
}

/// The library's callback; `user` is a [`CustomLoss`].
///
/// # Safety
/// The pointers are those that the library gives a `sape_loss_fn`, and nothing else uses the loss meanwhile.
pub(crate) unsafe extern "C" fn call_custom_loss(
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
    // SAFETY: promised by the caller; the header says the lengths. What is to be filled may hold anything.
    let (custom, batch) = unsafe {
        let custom = &mut *user.cast::<CustomLoss>();
        d_outputs.write_bytes(0, n * output_dim);
        sample_loss.write_bytes(0, n);
        let batch = LossBatch {
            x: from_raw_parts(x, n * custom.domain_dim),
            output_dim,
            outputs: from_raw_parts(outputs, n * output_dim),
            targets: if targets.is_null() {
                None
            } else {
                Some(from_raw_parts(targets, n * output_dim))
            },
            d_outputs: from_raw_parts_mut(d_outputs, n * output_dim),
            sample_loss: from_raw_parts_mut(sample_loss, n),
        };
        (custom, batch)
    };
    let function = &mut custom.function;
    match custom.panic.catch(|| function(batch)) {
        // SAFETY: promised by the caller.
        Some(value) => unsafe {
            *loss = value;
            0
        },
        None => 1,
    }
}
