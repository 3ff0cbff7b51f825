// SPDX-License-Identifier: MIT
use sape_sys as sys;

use crate::error::{check, expect, rows};
use crate::{Error, MaskParams, Policy};

part! {
    /// Which features are revealed where. To use it alone: get weights, multiply your features by them, record, step.
    Mask, MaskRef, sape_mask, sape_mask_free
}

tensors! {
    MaskRef, sape_mask_tensor_count, sape_mask_tensor_info, sape_mask_get_tensor, sape_mask_set_tensor
}

/// The state of a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct MaskState {
    /// Iterations counted so far.
    pub iteration: u64,
    /// Features revealed at a time.
    pub block_size: usize,
    /// Iterations from one block to the next.
    pub block_iterations: usize,
    /// Number of features already offered to the locations in progress.
    pub current_feature: usize,
    /// One past the last feature of the next block.
    pub next_feature: usize,
    /// Number of rows of the mask: grid cells, samples, or 1.
    pub num_cells: usize,
    /// The number of rows still in progress.
    pub cells_in_progress: usize,
    /// Mean revealed share over the rows, 0 to 1.
    pub revealed: f64,
}

impl Mask {
    /// Makes a mask. The parameters must set at least encoding_dim.
    pub fn new(params: &MaskParams) -> Result<Mask, Error> {
        let raw = params.complete(params.raw.domain_dim)?;
        // SAFETY: both pointers are valid; the samples are copied.
        Mask::make(|out| unsafe { sys::sape_mask_create(&raw, out) })
    }
}

impl MaskRef {
    /// The parameters that it has, without slices; num_iterations is not known of one from a checkpoint.
    pub fn params(&self) -> Result<MaskParams, Error> {
        let mut params = MaskParams::default();
        // SAFETY: both pointers are valid, and the struct's size is set.
        check(unsafe { sys::sape_mask_get_params(self.as_ptr(), &mut params.raw) })?;
        Ok(params)
    }

    /// The policy; `None` for a policy of a newer library.
    pub fn policy(&self) -> Option<Policy> {
        // SAFETY: the handle is valid.
        Policy::from_raw(unsafe { sys::sape_mask_policy(self.as_ptr()) })
    }

    /// The dimension d of the coordinates.
    pub fn domain_dim(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_mask_domain_dim(self.as_ptr()) }
    }

    /// The number E of features.
    pub fn encoding_dim(&self) -> usize {
        // SAFETY: the handle is valid.
        unsafe { sys::sape_mask_encoding_dim(self.as_ptr()) }
    }

    /// The state of the mask.
    pub fn state(&self) -> Result<MaskState, Error> {
        // SAFETY: zeros are a valid struct, and its size is set.
        let state = unsafe {
            let mut state: sys::sape_mask_state = std::mem::zeroed();
            state.struct_size = std::mem::size_of_val(&state);
            check(sys::sape_mask_get_state(self.as_ptr(), &mut state))?;
            state
        };
        Ok(MaskState {
            iteration: state.iteration,
            block_size: state.block_size,
            block_iterations: state.block_iterations,
            current_feature: state.current_feature,
            next_feature: state.next_feature,
            num_cells: state.num_cells,
            cells_in_progress: state.cells_in_progress,
            revealed: state.revealed,
        })
    }

    /// The weights (n, E), in [0, 1], of the features at coordinates (n, d).
    pub fn weights(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        let mut weights = vec![0.0; n * self.encoding_dim()];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_mask_weights(self.as_ptr(), n, x.as_ptr(), weights.as_mut_ptr()) })?;
        Ok(weights)
    }

    /// The revealed share (n) at coordinates (n, d): the mean of their weights.
    pub fn revealed(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        let mut share = vec![0.0; n];
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_mask_revealed(self.as_ptr(), n, x.as_ptr(), share.as_mut_ptr()) })?;
        Ok(share)
    }

    /// Records losses (n) of samples at coordinates (n, d), which drive the mask.
    pub fn record(&mut self, x: &[f32], loss: &[f32]) -> Result<(), Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("loss", loss.len(), n)?;
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_mask_record(self.as_mut_ptr(), n, x.as_ptr(), loss.as_ptr()) })
    }

    /// Ends an iteration: counts it, and advances if the schedule says so.
    pub fn step(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is valid.
        check(unsafe { sys::sape_mask_step(self.as_mut_ptr()) })
    }

    /// Advances now, whatever the schedule says.
    pub fn advance(&mut self) -> Result<(), Error> {
        // SAFETY: the handle is valid.
        check(unsafe { sys::sape_mask_advance(self.as_mut_ptr()) })
    }

    /// Variance: sets the signal, values (n, width) at coordinates (n, d), whose variance determines the cut-offs. A
    /// trainer sets its targets.
    pub fn set_signal(&mut self, x: &[f32], width: usize, values: &[f32]) -> Result<(), Error> {
        let n = rows("x", x.len(), self.domain_dim())?;
        expect("values", values.len(), n * width)?;
        // SAFETY: the slices have the lengths that n implies.
        check(unsafe { sys::sape_mask_set_signal(self.as_mut_ptr(), n, x.as_ptr(), width, values.as_ptr()) })
    }

    /// Spatial: the smoothed mean loss of every cell as an advance would see it now; the first coordinate
    /// varies fastest.
    pub fn smoothed_loss(&self) -> Result<Vec<f32>, Error> {
        let mut loss = vec![0.0; self.state()?.num_cells];
        // SAFETY: the slice has the stated length.
        check(unsafe { sys::sape_mask_smoothed_loss(self.as_ptr(), loss.as_mut_ptr(), loss.len()) })?;
        Ok(loss)
    }

    /// Spatial: places the grid where (x - center) * scale, with center and scale (d), is in [-1, 1].
    pub fn set_domain(&mut self, center: &[f32], scale: &[f32]) -> Result<(), Error> {
        expect("center", center.len(), self.domain_dim())?;
        expect("scale", scale.len(), self.domain_dim())?;
        // SAFETY: both slices have d values.
        check(unsafe { sys::sape_mask_set_domain(self.as_mut_ptr(), center.as_ptr(), scale.as_ptr()) })
    }

    /// Spatial: places the grid over the bounding box of points (n, d).
    pub fn fit_domain(&mut self, points: &[f32]) -> Result<(), Error> {
        let n = rows("points", points.len(), self.domain_dim())?;
        // SAFETY: the slice has the length that n implies.
        check(unsafe { sys::sape_mask_fit_domain(self.as_mut_ptr(), n, points.as_ptr()) })
    }
}
