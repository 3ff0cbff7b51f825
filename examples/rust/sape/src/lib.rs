// SPDX-License-Identifier: MIT
//! libsape from Rust: neural fields with spatially-adaptive progressive encoding.
//!
//! A [`Field`] is a function from coordinates to outputs, made of an [`Encoder`], a [`Mask`] and a [`Network`]; a
//! [`Trainer`] fits it to samples. Every part can be used alone. libsape's headers say what is computed,
//! and give every parameter's range.
//!
//! Arrays are row-major slices of `f32`: coordinates (n, d), outputs (n, o). n follows from the length of the slice.
//! Lengths that do not match give [`Status::Shape`].
//!
//! The compiler enforces the library's rules for threads. Methods that only read a handle take `&self`, and handles are
//! [`Sync`]; methods that change one take `&mut self`, and handles are [`Send`]. A trainer borrows its samples, and its
//! field mutably, for as long as it lives.
//!
//! ```
//! use sape::{EncoderParams, Field, MaskParams, NetworkParams, OptimizerParams, Trainer, TrainerParams};
//!
//! # fn main() -> Result<(), sape::Error> {
//! let x: Vec<f32> = (0..26).map(|i| -1.0 + 2.0 * i as f32 / 25.0).collect();
//! let y: Vec<f32> = x.iter().map(|x| (6.0 * x).sin()).collect();
//! let encoder = EncoderParams::default().domain_dim(1).std(5.0);
//! let network = NetworkParams::default().output_dim(1);
//! let mut field = Field::new(&encoder, &MaskParams::default(), &network)?;
//! let mut trainer = Trainer::new(&TrainerParams::default(), &OptimizerParams::default(), &mut field)?;
//! trainer.set_data(&x, Some(&y))?;
//! trainer.run(300)?;
//! drop(trainer);
//! assert!((field.predict(&x)?[3] - y[3]).abs() < 0.05);
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]
#![warn(unsafe_op_in_unsafe_fn)]

#[macro_use]
mod macros;

mod callback;
mod checkpoint;
mod describe;
mod encoder;
mod ensemble;
mod error;
mod field;
mod loss;
mod mask;
mod network;
mod optimizer;
mod params;
mod running;
mod settings;
mod signals;
mod trainer;

pub use checkpoint::Checkpoint;
pub use describe::{describe, Description};
pub use encoder::{Encoder, EncoderRef};
pub use ensemble::Ensemble;
pub use error::{Error, Status};
pub use field::{Field, Normalization, PredictOptions};
pub use loss::{chamfer, evaluate_loss, evaluate_weighted_loss, JacobianBatch, LossBatch, LossValue};
pub use mask::{Mask, MaskRef, MaskState};
pub use network::{Network, NetworkRef};
pub use optimizer::Optimizer;
pub use params::{
    Activation, AdaptiveRateParams, Boundary, CutoffParams, Draw, EncoderParams, Encoding, FilterShape, InstructionSet,
    Interpolation, Loss, MaskParams, NetworkParams, OptimizerKind, OptimizerParams, OutputActivation, Policy,
    Precision, Product, Schedule, Stop, Task, TrainerParams,
};
pub use running::{Progress, Running};
pub use settings::{Setting, Settings, SettingsQuery};
pub use signals::{low_pass, propose_bandwidth, window_statistics, Bandwidth, Filter};
pub use trainer::{HistoryEntry, RunResult, Summands, Trainer};

/// The version of the loaded library, "major.minor.patch".
pub fn version() -> String {
    // SAFETY: the library returns a static string.
    unsafe { error::text(sape_sys::sape_version_string()) }
}
