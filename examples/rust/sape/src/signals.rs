// SPDX-License-Identifier: MIT
//! Functions that need no handle: bandwidths, windows and filters.

use std::mem::{size_of_val, zeroed};
use std::ptr;

use sape_sys as sys;

use crate::error::{check, expect, rows};
use crate::{Boundary, Error, FilterShape, Status};

/// Frequencies of an encoding for given samples, in cycles per unit of x.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Bandwidth {
    /// For [`EncoderParams::std`](crate::EncoderParams::std) of a Fourier encoding.
    pub std: f64,
    /// The highest frequency worth revealing.
    pub c_max: f64,
    /// The Nyquist frequency of the samples' mean distance.
    pub nyquist: f64,
    /// The targets' root mean square frequency; 0 without targets.
    pub signal_frequency: f64,
}

/// Proposes a bandwidth for samples at coordinates (n, domain_dim) with targets (n, o).
pub fn propose_bandwidth(domain_dim: usize, x: &[f32], targets: Option<&[f32]>) -> Result<Bandwidth, Error> {
    let n = rows("x", x.len(), domain_dim)?;
    let width = match targets {
        None => 1,
        Some(targets) => rows("targets", targets.len(), n)?,
    };
    let targets = targets.map_or(ptr::null(), <[f32]>::as_ptr);
    // SAFETY: zeros are a valid struct, and its size is set; the slices have the lengths that n implies.
    let found = unsafe {
        let mut found: sys::sape_bandwidth = zeroed();
        found.struct_size = size_of_val(&found);
        check(sys::sape_bandwidth_propose(
            n,
            domain_dim,
            x.as_ptr(),
            width,
            targets,
            &mut found,
        ))?;
        found
    };
    Ok(Bandwidth {
        std: found.std,
        c_max: found.c_max,
        nyquist: found.nyquist,
        signal_frequency: found.signal_frequency,
    })
}

/// Lengths along the axes of a grid, and the number of values per cell; the grid has `values` in total.
fn grid(size: &[usize], values: usize) -> Result<([usize; 3], usize), Error> {
    let too_large = || {
        Error::new(
            Status::Shape,
            format!("a grid of {size:?} cells does not fit in memory"),
        )
    };
    let cells = size.iter().try_fold(1usize, |count, &cells| count.checked_mul(cells));
    Ok((
        lengths("size", size)?,
        rows("values", values, cells.ok_or_else(too_large)?)?,
    ))
}

/// A length for every axis; there are one to three.
fn lengths(name: &str, given: &[usize]) -> Result<[usize; 3], Error> {
    let mut all = [0; 3];
    match all.get_mut(..given.len()) {
        Some(axes) if !given.is_empty() => axes.copy_from_slice(given),
        _ => {
            let message = format!("{name} has {} axes, must have 1 to 3", given.len());
            return Err(Error::new(Status::Shape, message));
        }
    }
    Ok(all)
}

/// The mean and variance in the window around every cell of a grid with values (size, channels). The last axis varies
/// fastest. `window` gives the length in cells along every axis.
pub fn window_statistics(
    size: &[usize],
    values: &[f32],
    window: &[usize],
    boundary: Boundary,
) -> Result<(Vec<f32>, Vec<f32>), Error> {
    expect("window", window.len(), size.len())?;
    let (mut mean, mut variance) = (vec![0.0; values.len()], vec![0.0; values.len()]);
    // SAFETY: zeros are a valid struct for the initialiser, and the slices have the lengths that the struct implies.
    unsafe {
        let mut params: sys::sape_window_params = zeroed();
        sys::sape_window_params_init(&mut params, size_of_val(&params));
        params.boundary = boundary.into();
        params.dim = size.len();
        (params.size, params.channels) = grid(size, values.len())?;
        params.window = lengths("window", window)?;
        let (mean, variance) = (mean.as_mut_ptr(), variance.as_mut_ptr());
        check(sys::sape_window_statistics(&params, values.as_ptr(), mean, variance))?;
    }
    Ok((mean, variance))
}

/// How a low-pass filter falls, and how the signal continues beyond the border.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filter {
    /// How the signal continues beyond the border; mirrored by default.
    pub boundary: Boundary,
    /// How the filter falls; linearly by default.
    pub shape: FilterShape,
    /// Width of the fall in cycles per domain; 0 (the default) is the ideal filter.
    pub width: f64,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter {
            boundary: Boundary::Reflect,
            shape: FilterShape::Linear,
            width: 0.0,
        }
    }
}

/// Filters values (size, channels) on a grid, whose last axis varies fastest: removes the waves above each cell's own
/// cut-off (size), in cycles per domain.
pub fn low_pass(size: &[usize], values: &[f32], cutoff: &[f32], filter: &Filter) -> Result<Vec<f32>, Error> {
    let mut filtered = vec![0.0; values.len()];
    // SAFETY: zeros are a valid struct for the initialiser, and the slices have the lengths that the struct implies.
    unsafe {
        let mut params: sys::sape_filter_params = zeroed();
        sys::sape_filter_params_init(&mut params, size_of_val(&params));
        params.boundary = filter.boundary.into();
        params.shape = filter.shape.into();
        params.width = filter.width;
        params.dim = size.len();
        (params.size, params.channels) = grid(size, values.len())?;
        expect("cutoff", cutoff.len(), size.iter().product())?;
        check(sys::sape_filter_apply(
            &params,
            values.as_ptr(),
            cutoff.as_ptr(),
            filtered.as_mut_ptr(),
        ))?;
    }
    Ok(filtered)
}
