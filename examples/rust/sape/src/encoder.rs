// SPDX-License-Identifier: MIT
use sape_sys as sys;

use crate::error::{check, expect, rows};
use crate::{EncoderParams, Encoding, Error};

part! {
    /// Turns coordinates (n, d) into features (n, E), from low to high frequency.
    Encoder, EncoderRef, sape_encoder, sape_encoder_free
}

tensors! {
    EncoderRef, sape_encoder_tensor_count, sape_encoder_tensor_info, sape_encoder_get_tensor, sape_encoder_set_tensor
}

impl Encoder {
    /// Makes an encoder and draws its random parameters.
    pub fn new(params: &EncoderParams) -> Result<Encoder, Error> {
        // SAFETY: both pointers are valid.
        Encoder::make(|out| unsafe { sys::sape_encoder_create(&params.raw, out) })
    }
}

impl EncoderRef {
    /// The kind; `None` for a kind of a newer library.
    pub fn kind(&self) -> Option<Encoding> {
        // SAFETY: the handle is valid.
        Encoding::from_raw(unsafe { sys::sape_encoder_kind(self.as_ptr()) })
    }

    /// The parameters that it has; std, seed and draw are not known of one from a checkpoint.
    pub fn params(&self) -> Result<EncoderParams, Error> {
        let mut params = EncoderParams::default();
        // SAFETY: both pointers are valid, and the struct's size is set.
        check(unsafe { sys::sape_encoder_get_params(self.as_ptr(), &mut params.raw) })?;
        Ok(params)
    }

    /// The dimension d of the coordinates.
    pub fn domain_dim(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_encoder_domain_dim(self.as_ptr()) }
    }

    /// The number E of features.
    pub fn encoding_dim(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_encoder_encoding_dim(self.as_ptr()) }
    }

    /// The frequencies (E) by which [`Policy::Variance`](crate::Policy::Variance) filters the features, in cycles per
    /// unit of x, in ascending order.
    pub fn frequencies(&self) -> Result<Vec<f64>, Error> {
        let mut frequencies = vec![0.0; self.encoding_dim()];
        // SAFETY: the slice has the stated length.
        check(unsafe { sys::sape_encoder_frequencies(self.as_ptr(), frequencies.as_mut_ptr(), frequencies.len()) })?;
        Ok(frequencies)
    }

    /// The features (n, E) of coordinates (n, d).
    pub fn encode(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        let mut features = vec![0.0; n * self.encoding_dim()];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_encoder_encode(self.as_ptr(), n, x.as_ptr(), features.as_mut_ptr()) })?;
        Ok(features)
    }

    /// The gradient (n, d) with respect to x, given the gradient d_features (n, E).
    pub fn backward(&self, x: &[f32], d_features: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("d_features", d_features.len(), n * self.encoding_dim())?;
        let mut d_x = vec![0.0; x.len()];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe {
            sys::sape_encoder_backward(self.as_ptr(), n, x.as_ptr(), d_features.as_ptr(), d_x.as_mut_ptr())
        })?;
        Ok(d_x)
    }

    /// The number of trainable values: those of the tables of [`Encoding::Grid`], otherwise 0.
    pub fn num_parameters(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_encoder_num_parameters(self.as_ptr()) }
    }

    /// The flat gradient with respect to the tables of [`Encoding::Grid`], given the gradient d_features (n, E).
    pub fn backward_parameters(&self, x: &[f32], d_features: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("d_features", d_features.len(), n * self.encoding_dim())?;
        let mut gradient = vec![0.0; self.num_parameters()];
        // SAFETY: the slices have the lengths that n implies, and the gradient one for every parameter.
        check(unsafe {
            let (x, features) = (x.as_ptr(), d_features.as_ptr());
            sys::sape_encoder_backward_parameters(self.as_ptr(), n, x, features, gradient.as_mut_ptr())
        })?;
        Ok(gradient)
    }
}
