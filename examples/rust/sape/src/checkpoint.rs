// SPDX-License-Identifier: MIT
use std::path::Path;

use sape_sys as sys;

use crate::error::{c_path, c_string, check, text};
use crate::Error;

owned! {
    /// The contents of a safetensors file: the checkpoint of a field or trainer, or any other. They never change.
    Checkpoint, sape_safetensors, sape_safetensors_free
}

tensors! { Checkpoint, sape_safetensors_count, sape_safetensors_info, sape_safetensors_read }

impl Checkpoint {
    /// Reads a file.
    pub fn open(path: impl AsRef<Path>) -> Result<Checkpoint, Error> {
        let path = c_path(path.as_ref())?;
        // SAFETY: both pointers are valid.
        Checkpoint::make(|out| unsafe { sys::sape_safetensors_open(path.as_ptr(), out) })
    }

    /// Reads the bytes of a file.
    pub fn parse(bytes: &[u8]) -> Result<Checkpoint, Error> {
        // SAFETY: the slice has the stated length; the bytes are copied.
        Checkpoint::make(|out| unsafe { sys::sape_safetensors_parse(bytes.as_ptr().cast(), bytes.len(), out) })
    }

    /// Writes a file, which is replaced completely or not at all.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = c_path(path.as_ref())?;
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_safetensors_save(self.as_ptr(), path.as_ptr()) })
    }

    /// The values of a tensor in double precision.
    pub fn tensor_f64(&self, name: &str) -> Result<Vec<f64>, Error> {
        let count = self.length(name)?;
        let (name, mut values) = (c_string(name)?, vec![0.0; count]);
        // SAFETY: the slice has the stated length.
        check(unsafe { sys::sape_safetensors_read_double(self.as_ptr(), name.as_ptr(), values.as_mut_ptr(), count) })?;
        Ok(values)
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        let mut size = 0;
        // SAFETY: the library returns the number of its bytes, which live as long as the contents.
        unsafe {
            let bytes = sys::sape_safetensors_bytes(self.as_ptr(), &mut size);
            std::slice::from_raw_parts(bytes.cast(), size)
        }
    }

    /// The metadata entry of that name, if there is one.
    pub fn metadata(&self, key: &str) -> Result<Option<String>, Error> {
        let key = c_string(key)?;
        // SAFETY: both pointers are valid; the entry is copied.
        unsafe {
            let value = sys::sape_safetensors_metadata(self.as_ptr(), key.as_ptr());
            Ok(if value.is_null() { None } else { Some(text(value)) })
        }
    }

    /// A copy with your own metadata entries, which replace those of the same name. Fields and trainers made from it do
    /// not keep them. Names that begin with "sape." are reserved.
    pub fn annotate(&self, entries: &[(&str, &str)]) -> Result<Checkpoint, Error> {
        let keys = entries
            .iter()
            .map(|(key, _)| c_string(key))
            .collect::<Result<Vec<_>, _>>()?;
        let values = entries
            .iter()
            .map(|(_, value)| c_string(value))
            .collect::<Result<Vec<_>, _>>()?;
        let key_pointers: Vec<_> = keys.iter().map(|key| key.as_ptr()).collect();
        let value_pointers: Vec<_> = values.iter().map(|value| value.as_ptr()).collect();
        // SAFETY: the arrays of names and texts have the stated length; both are copied.
        Checkpoint::make(|out| unsafe {
            sys::sape_safetensors_annotate(
                self.as_ptr(),
                entries.len(),
                key_pointers.as_ptr(),
                value_pointers.as_ptr(),
                out,
            )
        })
    }

    /// One checkpoint of several, each of a field or trainer.
    pub fn join(checkpoints: &[Checkpoint]) -> Result<Checkpoint, Error> {
        let handles: Vec<_> = checkpoints.iter().map(|part| part.as_ptr() as *mut _).collect();
        // SAFETY: the array has the stated length; the checkpoints are only read.
        Checkpoint::make(|out| unsafe { sys::sape_ensemble_join(handles.len(), handles.as_ptr(), out) })
    }

    /// The number of fields that it is of.
    pub fn num_fields(&self) -> Result<usize, Error> {
        let mut count = 0;
        // SAFETY: both pointers are valid.
        check(unsafe { sys::sape_ensemble_count(self.as_ptr(), &mut count) })?;
        Ok(count)
    }

    /// The checkpoint of one of its fields.
    pub fn member(&self, index: usize) -> Result<Checkpoint, Error> {
        // SAFETY: both pointers are valid.
        Checkpoint::make(|out| unsafe { sys::sape_ensemble_member(self.as_ptr(), index, out) })
    }
}
