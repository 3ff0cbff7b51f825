// SPDX-License-Identifier: MIT
use std::path::Path;
use std::ptr;

use sape_sys as sys;

use crate::describe::{described, Description};
use crate::error::{c_path, check, expect, rows};
use crate::{
    Checkpoint, EncoderParams, EncoderRef, Error, MaskParams, MaskRef, NetworkParams, NetworkRef, Optimizer, Status,
};

owned! {
    /// Encoder, mask and network joined into a function from coordinates (n, d) to outputs (n, o).
    Field, sape_field, sape_field_free
}

tensors! {
    Field, sape_field_tensor_count, sape_field_tensor_info, sape_field_get_tensor, sape_field_set_tensor
}

/// Options of a prediction.
#[derive(Clone, Copy, Debug, Default)]
pub struct PredictOptions<'a> {
    /// Coordinates (n, d) at which to read the mask instead of x.
    pub mask_by: Option<&'a [f32]>,
    /// Weights to use instead of the mask's: (E) for all samples, or (n, E).
    pub override_mask: Option<&'a [f32]>,
}

/// The centre and scale of a field's coordinates (d), and the mean and scale of its targets (o).
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    /// The coordinates' centre.
    pub center: Vec<f64>,
    /// Their scale.
    pub scale: Vec<f64>,
    /// The targets' mean.
    pub target_mean: Vec<f64>,
    /// Their scale.
    pub target_scale: Vec<f64>,
}

impl Field {
    /// Makes a field. The field sets dimensions that follow from another part.
    pub fn new(encoder: &EncoderParams, mask: &MaskParams, network: &NetworkParams) -> Result<Field, Error> {
        let mask = mask.complete(encoder.raw.domain_dim)?;
        // SAFETY: all pointers are valid; the samples are copied.
        Field::make(|out| unsafe { sys::sape_field_create(&encoder.raw, &mask, &network.raw, out) })
    }

    /// Loads a field from the file of a field or trainer.
    pub fn load(path: impl AsRef<Path>) -> Result<Field, Error> {
        let path = c_path(path.as_ref())?;
        // SAFETY: both pointers are valid.
        Field::make(|out| unsafe { sys::sape_field_load(path.as_ptr(), out) })
    }

    /// Makes a field from the checkpoint of a field or trainer.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Field, Error> {
        // SAFETY: both pointers are valid.
        Field::make(|out| unsafe { sys::sape_field_from_checkpoint(checkpoint.as_ptr(), out) })
    }

    /// Saves the field as a safetensors file, which is replaced completely or not at all.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = c_path(path.as_ref())?;
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_field_save(self.as_ptr(), path.as_ptr()) })
    }

    /// A copy of the whole state of the field.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        // SAFETY: both pointers are valid.
        Checkpoint::make(|out| unsafe { sys::sape_field_checkpoint(self.as_ptr(), out) })
    }

    /// Restores the field from a checkpoint of the same architecture, which may be the public SAPE code's.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), Error> {
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_field_restore(self.as_mut_ptr(), checkpoint.as_ptr()) })
    }

    /// Sets the centre and scale of coordinates (d), and the mean and scale of targets (o). The field then takes and
    /// gives the caller's units.
    pub fn set_normalization(&mut self, normalization: &Normalization) -> Result<(), Error> {
        let (d, o) = (self.domain_dim(), self.output_dim());
        expect("center", normalization.center.len(), d)?;
        expect("scale", normalization.scale.len(), d)?;
        expect("target_mean", normalization.target_mean.len(), o)?;
        expect("target_scale", normalization.target_scale.len(), o)?;
        // SAFETY: the slices have the lengths of the field.
        check(unsafe {
            sys::sape_field_set_normalization(
                self.as_mut_ptr(),
                normalization.center.as_ptr(),
                normalization.scale.as_ptr(),
                normalization.target_mean.as_ptr(),
                normalization.target_scale.as_ptr(),
            )
        })
    }

    /// Sets the normalization from samples: coordinates (n, d) come to lie in [-1, 1], targets (n, o) get mean 0 and
    /// standard deviation 1.
    pub fn fit_normalization(&mut self, x: &[f32], targets: Option<&[f32]>) -> Result<(), Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        if let Some(targets) = targets {
            expect("targets", targets.len(), n * self.output_dim())?;
        }
        let targets = targets.map_or(std::ptr::null(), <[f32]>::as_ptr);
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_field_fit_normalization(self.as_mut_ptr(), n, x.as_ptr(), targets) })
    }

    /// The centre and scale of coordinates, and the mean and scale of targets.
    pub fn normalization(&self) -> Result<Normalization, Error> {
        let (d, o) = (self.domain_dim(), self.output_dim());
        let mut found = Normalization {
            center: vec![0.0; d],
            scale: vec![0.0; d],
            target_mean: vec![0.0; o],
            target_scale: vec![0.0; o],
        };
        // SAFETY: the slices have the lengths of the field.
        check(unsafe {
            sys::sape_field_get_normalization(
                self.as_ptr(),
                found.center.as_mut_ptr(),
                found.scale.as_mut_ptr(),
                found.target_mean.as_mut_ptr(),
                found.target_scale.as_mut_ptr(),
            )
        })?;
        Ok(found)
    }

    /// The field's encoder.
    pub fn encoder(&self) -> &EncoderRef {
        // SAFETY: the part lives as long as the field; only shared calls can be made.
        unsafe { &*sys::sape_field_encoder(self.as_ptr()).cast() }
    }

    /// The field's encoder, mutable.
    pub fn encoder_mut(&mut self) -> &mut EncoderRef {
        // SAFETY: the part lives as long as the field, which is borrowed mutably.
        unsafe { &mut *sys::sape_field_encoder(self.as_ptr()).cast() }
    }

    /// The field's mask.
    pub fn mask(&self) -> &MaskRef {
        // SAFETY: as for the encoder.
        unsafe { &*sys::sape_field_mask(self.as_ptr()).cast() }
    }

    /// The field's mask, mutable.
    pub fn mask_mut(&mut self) -> &mut MaskRef {
        // SAFETY: as for the encoder.
        unsafe { &mut *sys::sape_field_mask(self.as_ptr()).cast() }
    }

    /// The field's network.
    pub fn network(&self) -> &NetworkRef {
        // SAFETY: as for the encoder.
        unsafe { &*sys::sape_field_network(self.as_ptr()).cast() }
    }

    /// The field's network, mutable.
    pub fn network_mut(&mut self) -> &mut NetworkRef {
        // SAFETY: as for the encoder.
        unsafe { &mut *sys::sape_field_network(self.as_ptr()).cast() }
    }

    /// The dimension d of the coordinates.
    pub fn domain_dim(&self) -> usize {
        self.encoder().domain_dim()
    }

    /// The number o of outputs.
    pub fn output_dim(&self) -> usize {
        self.network().output_dim()
    }

    /// Sets the number of threads of a call; 0 (the default) for one per processor. Results do not depend on it.
    pub fn set_num_threads(&mut self, num_threads: usize) -> Result<(), Error> {
        // SAFETY: the handle is valid.
        check(unsafe { sys::sape_field_set_num_threads(self.as_mut_ptr(), num_threads) })
    }

    /// The outputs (n, o) at coordinates (n, d).
    pub fn predict(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        self.predict_with(x, &PredictOptions::default())
    }

    /// Like [`Field::predict`], with options.
    pub fn predict_with(&self, x: &[f32], options: &PredictOptions) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        let mut outputs = vec![0.0; n * self.output_dim()];
        self.predict_into(x, options, &mut outputs)?;
        Ok(outputs)
    }

    /// Like [`Field::predict_with`], into a slice (n, o).
    pub fn predict_into(&self, x: &[f32], options: &PredictOptions, outputs: &mut [f32]) -> Result<(), Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("outputs", outputs.len(), n * self.output_dim())?;
        // SAFETY: zeros are a valid struct; the initialiser sets its size.
        let mut raw: sys::sape_predict_options = unsafe {
            let mut raw = std::mem::zeroed();
            sys::sape_predict_options_init(&mut raw, std::mem::size_of_val(&raw));
            raw
        };
        if let Some(mask_by) = options.mask_by {
            expect("mask_by", mask_by.len(), x.len())?;
            raw.mask_by = mask_by.as_ptr();
        }
        if let Some(weights) = options.override_mask {
            let width = self.encoder().encoding_dim();
            raw.override_rows = if weights.len() == width { 1 } else { n };
            expect("override_mask", weights.len(), raw.override_rows * width)?;
            raw.override_mask = weights.as_ptr();
        }
        // SAFETY: all slices have the lengths that n implies.
        check(unsafe { sys::sape_field_predict_with(self.as_ptr(), &raw, n, x.as_ptr(), outputs.as_mut_ptr()) })
    }

    /// The number of outputs on a grid, whose arguments must have the field's dimension.
    pub(crate) fn grid_outputs(&self, size: &[usize], low: &[f32], high: &[f32]) -> Result<usize, Error> {
        for (name, length) in [("size", size.len()), ("low", low.len()), ("high", high.len())] {
            expect(name, length, self.domain_dim())?;
        }
        let count = size
            .iter()
            .try_fold(self.output_dim(), |count, &points| count.checked_mul(points));
        let too_large = || {
            Error::new(
                Status::Memory,
                format!("a grid of {size:?} points does not fit in memory"),
            )
        };
        count.ok_or_else(too_large)
    }

    /// The outputs (size, o) on a regular grid from `low` to `high` (d) with `size` (d) points. Its coordinates need no
    /// memory; the last varies fastest.
    pub fn predict_grid(&self, size: &[usize], low: &[f32], high: &[f32]) -> Result<Vec<f32>, Error> {
        let mut outputs = vec![0.0; self.grid_outputs(size, low, high)?];
        // SAFETY: the slices have d values, and the result has room for the outputs of all points.
        check(unsafe {
            let (low, high) = (low.as_ptr(), high.as_ptr());
            sys::sape_field_predict_grid(self.as_ptr(), size.as_ptr(), low, high, outputs.as_mut_ptr())
        })?;
        Ok(outputs)
    }

    /// Describes what the field computes with.
    pub fn describe(&self) -> Result<Description, Error> {
        // SAFETY: both pointers are valid.
        described(|description| unsafe { sys::sape_field_describe(self.as_ptr(), description) })
    }

    /// The outputs (n, o) at coordinates (n, d), and their derivatives (n, o, d), including the mask's slope.
    pub fn jacobian(&self, x: &[f32]) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        let mut outputs = vec![0.0; n * self.output_dim()];
        let mut jacobian = vec![0.0; outputs.len() * self.domain_dim()];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe {
            let (outputs, jacobian) = (outputs.as_mut_ptr(), jacobian.as_mut_ptr());
            sys::sape_field_jacobian(self.as_ptr(), n, x.as_ptr(), outputs, jacobian)
        })?;
        Ok((outputs, jacobian))
    }

    /// The number of trainable parameters: the network's, then those of an encoder with [`Encoding::Grid`](crate::Encoding::Grid).
    pub fn num_parameters(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_field_num_parameters(self.as_ptr()) }
    }

    /// The flat gradient (p) with respect to the parameters, given the gradients d_outputs (n, o) and
    /// d_jacobian (n, o, d): for eikonal terms, for example.
    pub fn jacobian_backward(&self, x: &[f32], d_outputs: &[f32], d_jacobian: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("d_outputs", d_outputs.len(), n * self.output_dim())?;
        expect("d_jacobian", d_jacobian.len(), d_outputs.len() * self.domain_dim())?;
        let mut d_parameters = vec![0.0; self.num_parameters()];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe {
            let (outputs, jacobian) = (d_outputs.as_ptr(), d_jacobian.as_ptr());
            sys::sape_field_jacobian_backward(
                self.as_ptr(),
                n,
                x.as_ptr(),
                outputs,
                jacobian,
                d_parameters.as_mut_ptr(),
            )
        })?;
        Ok(d_parameters)
    }

    /// The norms (n) of per-sample gradients: those of [`Field::backward`] for each sample alone.
    pub fn gradient_norms(&self, x: &[f32], d_outputs: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("d_outputs", d_outputs.len(), n * self.output_dim())?;
        let mut norms = vec![0.0; n];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe {
            sys::sape_field_gradient_norms(self.as_ptr(), n, x.as_ptr(), d_outputs.as_ptr(), norms.as_mut_ptr())
        })?;
        Ok(norms)
    }

    fn gradient(&self, x: &[f32], d_outputs: &[f32], parameters: *mut f32, d_x: *mut f32) -> Result<(), Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("d_outputs", d_outputs.len(), n * self.output_dim())?;
        // SAFETY: the slices have the lengths that n implies; the callers pass room for a whole gradient, or NULL.
        check(unsafe { sys::sape_field_backward(self.as_ptr(), n, x.as_ptr(), d_outputs.as_ptr(), parameters, d_x) })
    }

    /// The flat gradient (p) with respect to the parameters, given the gradient d_outputs (n, o).
    pub fn backward(&self, x: &[f32], d_outputs: &[f32]) -> Result<Vec<f32>, Error> {
        let mut d_parameters = vec![0.0; self.num_parameters()];
        self.gradient(x, d_outputs, d_parameters.as_mut_ptr(), ptr::null_mut())?;
        Ok(d_parameters)
    }

    /// The gradient (n, d) with respect to x, given the gradient d_outputs (n, o); includes the mask's slope.
    pub fn backward_x(&self, x: &[f32], d_outputs: &[f32]) -> Result<Vec<f32>, Error> {
        let mut d_x = vec![0.0; x.len()];
        self.gradient(x, d_outputs, ptr::null_mut(), d_x.as_mut_ptr())?;
        Ok(d_x)
    }

    /// Makes one step of an optimizer for [`Field::num_parameters`] parameters. Your own training loop calls predict, your loss, backward,
    /// update, then record and step of [`Field::mask_mut`].
    pub fn update(&mut self, optimizer: &mut Optimizer, d_parameters: &[f32]) -> Result<(), Error> {
        expect("d_parameters", d_parameters.len(), self.num_parameters())?;
        // SAFETY: the gradient has as many values as the field has parameters.
        check(unsafe { sys::sape_field_update(self.as_mut_ptr(), optimizer.as_mut_ptr(), d_parameters.as_ptr()) })
    }
}
