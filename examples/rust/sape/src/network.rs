// SPDX-License-Identifier: MIT
use sape_sys as sys;

use crate::error::{check, expect, rows};
use crate::{Error, NetworkParams};

part! {
    /// A multilayer perceptron from inputs (n, i) to outputs (n, o). Flat slices hold its p parameters by tensor.
    Network, NetworkRef, sape_network, sape_network_free
}

tensors! {
    NetworkRef, sape_network_tensor_count, sape_network_tensor_info, sape_network_get_tensor, sape_network_set_tensor
}

impl Network {
    /// Makes a network and draws its parameters. The parameters must set at least input_dim.
    pub fn new(params: &NetworkParams) -> Result<Network, Error> {
        // SAFETY: both pointers are valid.
        Network::make(|out| unsafe { sys::sape_network_create(&params.raw, out) })
    }
}

impl NetworkRef {
    /// The parameters that it has; the seed is not known of one from a checkpoint.
    pub fn params(&self) -> Result<NetworkParams, Error> {
        let mut params = NetworkParams::default();
        // SAFETY: both pointers are valid, and the struct's size is set.
        check(unsafe { sys::sape_network_get_params(self.as_ptr(), &mut params.raw) })?;
        Ok(params)
    }

    /// The number i of inputs.
    pub fn input_dim(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_network_input_dim(self.as_ptr()) }
    }

    /// The number o of outputs.
    pub fn output_dim(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_network_output_dim(self.as_ptr()) }
    }

    /// The number p of parameters.
    pub fn num_parameters(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_network_num_parameters(self.as_ptr()) }
    }

    /// The outputs (n, o) for inputs (n, i).
    pub fn forward(&self, inputs: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("inputs", inputs.len(), self.input_dim())?;
        let mut outputs = vec![0.0; n * self.output_dim()];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_network_forward(self.as_ptr(), n, inputs.as_ptr(), outputs.as_mut_ptr()) })?;
        Ok(outputs)
    }

    /// The gradients with respect to parameters (p) and inputs (n, i), given the gradient d_outputs (n, o).
    pub fn backward(&self, inputs: &[f32], d_outputs: &[f32]) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let n = rows("inputs", inputs.len(), self.input_dim())?;
        expect("d_outputs", d_outputs.len(), n * self.output_dim())?;
        let (mut d_parameters, mut d_inputs) = (vec![0.0; self.num_parameters()], vec![0.0; inputs.len()]);
        let (parameters, others) = (d_parameters.as_mut_ptr(), d_inputs.as_mut_ptr());
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe {
            sys::sape_network_backward(
                self.as_ptr(),
                n,
                inputs.as_ptr(),
                d_outputs.as_ptr(),
                parameters,
                others,
            )
        })?;
        Ok((d_parameters, d_inputs))
    }

    /// A copy of all parameters, flat (p).
    pub fn parameters(&self) -> Result<Vec<f32>, Error> {
        let mut values = vec![0.0; self.num_parameters()];
        // SAFETY: the slice has the stated length.
        check(unsafe { sys::sape_network_get_parameters(self.as_ptr(), values.as_mut_ptr(), values.len()) })?;
        Ok(values)
    }

    /// Replaces all parameters, flat (p).
    pub fn set_parameters(&mut self, values: &[f32]) -> Result<(), Error> {
        // SAFETY: the slice has the stated length.
        check(unsafe { sys::sape_network_set_parameters(self.as_mut_ptr(), values.as_ptr(), values.len()) })
    }
}
