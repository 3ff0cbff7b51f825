// SPDX-License-Identifier: MIT
//! The common parts of all enums, parameters and handles.

/// An enum with the values of a C enum, which the library's function gives names.
macro_rules! c_enum {
    ($(#[$doc:meta])* $name:ident, $text:ident { $($(#[$value_doc:meta])* $value:ident = $raw:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$value_doc])* $value,)*
        }

        impl $name {
            /// The value of the C enum's; `None` for a value of a newer library.
            pub fn from_raw(raw: u32) -> Option<$name> {
                match raw {
                    $(sape_sys::$raw => Some($name::$value),)*
                    _ => None,
                }
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> u32 {
                match value {
                    $($name::$value => sape_sys::$raw,)*
                }
            }
        }

        /// Shows the library's name of it.
        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // SAFETY: the library returns a static string for each of these values.
                formatter.pad(&unsafe { crate::error::text(sape_sys::$text((*self).into())) })
            }
        }
    };
}

/// Parameters: the library's defaults, with a method for every member that sets it. Arrays and structs that the
/// library's struct points to come first.
macro_rules! params {
    (
        $(#[$doc:meta])* $name:ident, $raw:ident, $init:ident, [$($(#[$array_doc:meta])* $array:ident: $array_kind:ty),*]
        { $($(#[$member_doc:meta])* $member:ident: $kind:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            pub(crate) raw: sape_sys::$raw,
            $(pub(crate) $array: $array_kind,)*
        }

        // SAFETY: the struct owns nothing that it points to: its pointers are set only for the duration of a call.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}

        impl Default for $name {
            fn default() -> $name {
                let mut raw = std::mem::MaybeUninit::zeroed();
                // SAFETY: the initialiser sets every member; the size is that of the struct.
                unsafe {
                    sape_sys::$init(raw.as_mut_ptr(), std::mem::size_of::<sape_sys::$raw>());
                    $name { raw: raw.assume_init(), $($array: Default::default()),* }
                }
            }
        }

        impl $name {
            /// The library's struct, for reading; what it points to is not set.
            pub fn raw(&self) -> &sape_sys::$raw {
                &self.raw
            }

            $(
                $(#[$array_doc])*
                #[must_use]
                pub fn $array(mut self, values: $array_kind) -> $name {
                    self.$array = values;
                    self
                }
            )*
            $(
                $(#[$member_doc])*
                #[must_use]
                pub fn $member(mut self, value: $kind) -> $name {
                    self.raw.$member = value.into();
                    self
                }
            )*
        }
    };
}

/// An owned handle, freed when dropped. The library's handles may move between threads, and several threads may make
/// calls that take them const at once.
macro_rules! owned {
    ($(#[$doc:meta])* $name:ident, $raw:ident, $free:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(std::ptr::NonNull<sape_sys::$raw>);

        // SAFETY: see the macro's comment; calls with a non-const handle take &mut here.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                // SAFETY: nothing else frees it.
                unsafe { sape_sys::$free(self.0.as_ptr()) }
            }
        }

        #[allow(dead_code)]
        impl $name {
            /// Makes the handle with a function of the library.
            pub(crate) fn make(
                function: impl FnOnce(*mut *mut sape_sys::$raw) -> sape_sys::sape_status,
            ) -> Result<$name, crate::Error> {
                let mut out = std::ptr::null_mut();
                crate::error::check(function(&mut out))?;
                Ok($name(std::ptr::NonNull::new(out).expect("a call that succeeds gives a handle")))
            }

            pub(crate) fn as_ptr(&self) -> *const sape_sys::$raw {
                self.0.as_ptr()
            }

            pub(crate) fn as_mut_ptr(&mut self) -> *mut sape_sys::$raw {
                self.0.as_ptr()
            }
        }
    };
}

/// A part: an owned handle, or a reference to a field's. Both have the methods of the reference. The reference has no
/// size, so that nothing can be moved out of it.
macro_rules! part {
    ($(#[$doc:meta])* $name:ident, $reference:ident, $raw:ident, $free:ident) => {
        owned! { $(#[$doc])* $name, $raw, $free }

        #[doc = concat!("A [`", stringify!($name), "`], standalone or part of a field.")]
        #[derive(Debug)]
        #[repr(transparent)]
        pub struct $reference(sape_sys::$raw);

        impl $reference {
            pub(crate) fn as_ptr(&self) -> *const sape_sys::$raw {
                &self.0
            }

            #[allow(dead_code)]
            pub(crate) fn as_mut_ptr(&mut self) -> *mut sape_sys::$raw {
                &mut self.0
            }
        }

        impl std::ops::Deref for $name {
            type Target = $reference;

            fn deref(&self) -> &$reference {
                // SAFETY: the handle is valid while it is owned.
                unsafe { &*(self.0.as_ptr() as *const $reference) }
            }
        }

        impl std::ops::DerefMut for $name {
            fn deref_mut(&mut self) -> &mut $reference {
                // SAFETY: as above.
                unsafe { &mut *(self.0.as_ptr() as *mut $reference) }
            }
        }
    };
}

/// Reading named tensors.
macro_rules! tensors {
    ($name:ident, $count:ident, $info:ident, $read:ident) => {
        impl $name {
            /// Names and shapes of the tensors, in order.
            pub fn tensors(&self) -> Result<Vec<(String, Vec<usize>)>, crate::Error> {
                // SAFETY: the handle is valid; the struct's size is set; the name is valid while the handle is.
                unsafe {
                    (0..sape_sys::$count(self.as_ptr()))
                        .map(|index| {
                            let mut info: sape_sys::sape_tensor_info = std::mem::zeroed();
                            info.struct_size = std::mem::size_of_val(&info);
                            crate::error::check(sape_sys::$info(self.as_ptr(), index, &mut info))?;
                            Ok((crate::error::text(info.name), info.shape[..info.rank].to_vec()))
                        })
                        .collect()
                }
            }

            /// The length of a tensor; 0 for one that does not exist, which the library reports.
            fn length(&self, name: &str) -> Result<usize, crate::Error> {
                let tensors = self.tensors()?;
                let tensor = tensors.iter().find(|known| known.0 == name);
                Ok(tensor.map_or(0, |known| known.1.iter().product()))
            }

            /// The values of a tensor.
            pub fn tensor(&self, name: &str) -> Result<Vec<f32>, crate::Error> {
                let count = self.length(name)?;
                let (name, mut values) = (crate::error::c_string(name)?, vec![0.0f32; count]);
                // SAFETY: the slice has the stated length.
                let status = unsafe { sape_sys::$read(self.as_ptr(), name.as_ptr(), values.as_mut_ptr(), count) };
                crate::error::check(status).map(|()| values)
            }
        }
    };
    ($name:ident, $count:ident, $info:ident, $read:ident, $write:ident) => {
        tensors! { $name, $count, $info, $read }

        impl $name {
            /// Replaces the values of a tensor.
            pub fn set_tensor(&mut self, name: &str, values: &[f32]) -> Result<(), crate::Error> {
                let name = crate::error::c_string(name)?;
                // SAFETY: the slice has the stated length.
                crate::error::check(unsafe {
                    sape_sys::$write(self.as_mut_ptr(), name.as_ptr(), values.as_ptr(), values.len())
                })
            }
        }
    };
}
