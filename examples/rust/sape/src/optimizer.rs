// SPDX-License-Identifier: MIT
use sape_sys as sys;

use crate::error::{check, expect};
use crate::{Error, OptimizerParams};

owned! {
    /// Adam or SGD for a flat slice of parameters, with the schedule of its learning rate.
    Optimizer, sape_optimizer, sape_optimizer_free
}

impl Optimizer {
    /// Makes an optimizer for this many parameters.
    pub fn new(params: &OptimizerParams, num_parameters: usize) -> Result<Optimizer, Error> {
        // SAFETY: both pointers are valid.
        Optimizer::make(|out| unsafe { sys::sape_optimizer_create(&params.raw, num_parameters, out) })
    }

    /// The number of parameters that it updates.
    pub fn num_parameters(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_optimizer_num_parameters(self.as_ptr()) }
    }

    /// The number of steps made.
    pub fn num_steps(&self) -> u64 {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_optimizer_num_steps(self.as_ptr()) }
    }

    /// The learning rate that the next step uses.
    pub fn learning_rate(&self) -> f64 {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_optimizer_learning_rate(self.as_ptr()) }
    }

    /// Changes the learning rate; the schedule's factors still apply.
    pub fn set_learning_rate(&mut self, rate: f64) -> Result<(), Error> {
        // SAFETY: the handle is valid.
        check(unsafe { sys::sape_optimizer_set_learning_rate(self.as_mut_ptr(), rate) })
    }

    /// The parameters that it has, with the present learning rate.
    pub fn params(&self) -> Result<OptimizerParams, Error> {
        let mut params = OptimizerParams::default();
        // SAFETY: both pointers are valid, and the struct's size is set.
        check(unsafe { sys::sape_optimizer_get_params(self.as_ptr(), &mut params.raw) })?;
        Ok(params)
    }

    /// Moves the parameters against the gradient of the loss.
    pub fn step(&mut self, parameters: &mut [f32], gradient: &[f32]) -> Result<(), Error> {
        expect("parameters", parameters.len(), self.num_parameters())?;
        expect("gradient", gradient.len(), self.num_parameters())?;
        // SAFETY: the slices have as many values as the optimizer has parameters.
        check(unsafe { sys::sape_optimizer_step(self.as_mut_ptr(), parameters.as_mut_ptr(), gradient.as_ptr()) })
    }
}
