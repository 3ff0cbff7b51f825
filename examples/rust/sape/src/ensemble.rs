// SPDX-License-Identifier: MIT
use std::path::Path;

use sape_sys as sys;

use crate::error::{c_path, check, rows};
use crate::{Checkpoint, Error, Field, Status};

/// Fields that were fitted to the same samples from different seeds; their mean is better between the samples.
#[derive(Debug)]
pub struct Ensemble {
    fields: Vec<Field>,
}

impl Ensemble {
    /// Takes fields of one size, at least one.
    pub fn new(fields: Vec<Field>) -> Result<Ensemble, Error> {
        if fields.is_empty() {
            return Err(Error::new(Status::Argument, "an ensemble has no fields".to_owned()));
        }
        let sizes = |field: &Field| (field.domain_dim(), field.output_dim());
        if fields.iter().any(|field| sizes(field) != sizes(&fields[0])) {
            return Err(Error::new(
                Status::Shape,
                "fields of an ensemble have different sizes".to_owned(),
            ));
        }
        Ok(Ensemble { fields })
    }

    /// Loads the file of an ensemble, field or trainer.
    pub fn load(path: impl AsRef<Path>) -> Result<Ensemble, Error> {
        Ensemble::from_checkpoint(&Checkpoint::open(path)?)
    }

    /// Makes the fields of a checkpoint, that of an ensemble, field or trainer.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Result<Ensemble, Error> {
        let fields = (0..checkpoint.num_fields()?).map(|index| Field::from_checkpoint(&checkpoint.member(index)?));
        Ensemble::new(fields.collect::<Result<Vec<_>, _>>()?)
    }

    /// Saves all fields as one safetensors file, which is replaced completely or not at all.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let (path, handles) = (c_path(path.as_ref())?, self.handles());
        // SAFETY: the array has the stated length, and its fields live as long as the call.
        check(unsafe { sys::sape_ensemble_save(handles.len(), handles.as_ptr(), path.as_ptr()) })
    }

    /// A copy of the whole state of all fields.
    pub fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let handles = self.handles();
        // SAFETY: as for save.
        Checkpoint::make(|out| unsafe { sys::sape_ensemble_checkpoint(handles.len(), handles.as_ptr(), out) })
    }

    /// The fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The mean outputs (n, o) at coordinates (n, d).
    pub fn predict(&self, x: &[f32]) -> Result<Vec<f32>, Error> {
        let (first, handles) = (&self.fields[0], self.handles());
        let n = rows("x", x.len(), first.domain_dim())?;
        let mut outputs = vec![0.0; n * first.output_dim()];
        // SAFETY: the slices have the lengths that n implies; the fields are only read.
        check(unsafe {
            sys::sape_ensemble_predict(handles.len(), handles.as_ptr(), n, x.as_ptr(), outputs.as_mut_ptr())
        })?;
        Ok(outputs)
    }

    /// The mean outputs (size, o) on a regular grid, as [`Field::predict_grid`] has them.
    pub fn predict_grid(&self, size: &[usize], low: &[f32], high: &[f32]) -> Result<Vec<f32>, Error> {
        let (first, handles) = (&self.fields[0], self.handles());
        let mut outputs = vec![0.0; first.grid_outputs(size, low, high)?];
        // SAFETY: the slices have d values, and the result has room for the outputs of all points.
        check(unsafe {
            let (low, high) = (low.as_ptr(), high.as_ptr());
            let outputs = outputs.as_mut_ptr();
            sys::sape_ensemble_predict_grid(handles.len(), handles.as_ptr(), size.as_ptr(), low, high, outputs)
        })?;
        Ok(outputs)
    }

    /// The mean outputs (n, o) at coordinates (n, d), and their derivatives (n, o, d).
    pub fn jacobian(&self, x: &[f32]) -> Result<(Vec<f32>, Vec<f32>), Error> {
        let (first, handles) = (&self.fields[0], self.handles());
        let n = rows("x", x.len(), first.domain_dim())?;
        let mut outputs = vec![0.0; n * first.output_dim()];
        let mut jacobian = vec![0.0; outputs.len() * first.domain_dim()];
        // SAFETY: the slices have the lengths that n implies; the fields are only read.
        check(unsafe {
            let (outputs, jacobian) = (outputs.as_mut_ptr(), jacobian.as_mut_ptr());
            sys::sape_ensemble_jacobian(handles.len(), handles.as_ptr(), n, x.as_ptr(), outputs, jacobian)
        })?;
        Ok((outputs, jacobian))
    }

    /// The handles, which the calls that they are for only read.
    fn handles(&self) -> Vec<*mut sys::sape_field> {
        self.fields.iter().map(|field| field.as_ptr() as *mut _).collect()
    }
}
