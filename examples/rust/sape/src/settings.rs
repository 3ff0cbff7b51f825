// SPDX-License-Identifier: MIT
//! Settings proposed from samples.

use std::mem::{size_of_val, zeroed};
use std::ptr;

use sape_sys as sys;

use crate::error::{check, rows, text};
use crate::{
    CutoffParams, EncoderParams, Encoding, Error, MaskParams, NetworkParams, OptimizerParams, Policy, Task,
    TrainerParams,
};

params! {
    /// What is to be fitted, and what may be spent on it; see [`Settings::propose`].
    SettingsQuery, sape_settings_query, sape_settings_query_init, [] {
        /// What the field is to learn; regression by default.
        task: Task,
        /// Number of outputs if there are no targets; 3 by default.
        output_dim: usize,
        /// Number of frequencies; 0 (the default) has it proposed.
        num_frequencies: usize,
        /// Sets of samples like these that the training takes in turn; 1 by default.
        num_sets: u64,
        /// Length of the training; 0 (the default) has it proposed.
        iterations: u64,
        /// Length of the training in epochs, if `iterations` is 0; 0 (the default) has it proposed.
        epochs: u64,
        /// Seconds that the training may take at an assumed speed; 0 (the default) sets no limit.
        seconds: f64,
        /// Samples of an iteration; 0 (the default) has them proposed.
        batch_size: usize,
        /// Threads to count on; 0 (the default) counts on one.
        num_threads: usize,
        /// Seed of encoder, network and trainer.
        seed: u64,
    }
}

fn raw_choice(value: u32) -> i32 {
    i32::try_from(value).expect("an enumeration is small")
}

impl SettingsQuery {
    /// The policy; chosen by default.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> SettingsQuery {
        self.raw.policy = raw_choice(policy.into());
        self
    }

    /// The encoding; chosen by default.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> SettingsQuery {
        self.raw.encoding = raw_choice(encoding.into());
        self
    }
}

/// A setting in words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// Its name, such as "std".
    pub name: String,
    /// Its value as text.
    pub value: String,
    /// Why it has this value.
    pub reason: String,
}

/// Proposed settings: the parameters of all handles, which are the caller's to change.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The encoder's parameters.
    pub encoder: EncoderParams,
    /// The mask's parameters.
    pub mask: MaskParams,
    /// The network's parameters.
    pub network: NetworkParams,
    /// The optimizer's parameters.
    pub optimizer: OptimizerParams,
    /// The trainer's parameters.
    pub trainer: TrainerParams,
    /// The length of the training.
    pub iterations: u64,
    /// Fields of different seeds to fit, whose mean output is the best one.
    pub members: usize,
    /// The scales of the coordinates, for the field's normalization.
    pub scale: Vec<f64>,
    /// Every setting in words.
    pub reasons: Vec<Setting>,
}

owned! {
    /// The library's handle.
    Handle, sape_settings, sape_settings_free
}

impl Handle {
    fn reasons(&self) -> Result<Vec<Setting>, Error> {
        // SAFETY: the handle is valid.
        let count = unsafe { sys::sape_settings_count(self.as_ptr()) };
        (0..count)
            .map(|index| {
                // SAFETY: zeros are a valid struct, and its size is set; the strings live as long as the handle.
                unsafe {
                    let mut setting: sys::sape_setting = zeroed();
                    setting.struct_size = size_of_val(&setting);
                    check(sys::sape_settings_item(self.as_ptr(), index, &mut setting))?;
                    Ok(Setting {
                        name: text(setting.name),
                        value: text(setting.value),
                        reason: text(setting.reason),
                    })
                }
            })
            .collect()
    }
}

impl Settings {
    /// Proposes all settings of a fit of samples at coordinates (n, domain_dim) with targets (n, o), in a budget.
    pub fn propose(
        query: &SettingsQuery,
        domain_dim: usize,
        x: &[f32],
        targets: Option<&[f32]>,
    ) -> Result<Settings, Error> {
        let mut raw = query.raw;
        raw.domain_dim = domain_dim;
        raw.n = rows("x", x.len(), domain_dim)?;
        raw.x = x.as_ptr();
        if let Some(targets) = targets {
            raw.output_dim = rows("targets", targets.len(), raw.n)?;
            raw.targets = targets.as_ptr();
        }
        // SAFETY: the slices have the lengths that n implies.
        let handle = Handle::make(|out| unsafe { sys::sape_settings_propose(&raw, out) })?;
        let mut settings = Settings {
            encoder: EncoderParams::default(),
            mask: MaskParams::default(),
            network: NetworkParams::default(),
            optimizer: OptimizerParams::default(),
            trainer: TrainerParams::default(),
            // SAFETY: the handle is valid.
            iterations: unsafe { sys::sape_settings_iterations(handle.as_ptr()) },
            // SAFETY: the handle is valid.
            members: unsafe { sys::sape_settings_members(handle.as_ptr()) },
            scale: vec![1.0; domain_dim],
            reasons: handle.reasons()?,
        };
        settings.read(&handle)?;
        if !settings.mask.raw.samples.is_null() {
            settings.mask.samples = x.to_vec();
        }
        settings.mask.raw.samples = ptr::null();
        Ok(settings)
    }

    fn read(&mut self, handle: &Handle) -> Result<(), Error> {
        // SAFETY: all structs have their sizes, and the scale one for every coordinate; the cut-offs live as long as the handle.
        unsafe {
            check(sys::sape_settings_get(
                handle.as_ptr(),
                &mut self.encoder.raw,
                &mut self.mask.raw,
                &mut self.network.raw,
                &mut self.optimizer.raw,
                &mut self.trainer.raw,
            ))?;
            check(sys::sape_settings_get_scale(handle.as_ptr(), self.scale.as_mut_ptr()))?;
            self.mask.cutoff = CutoffParams {
                raw: *self.mask.raw.cutoff,
            };
        }
        self.mask.raw.cutoff = ptr::null();
        Ok(())
    }
}
