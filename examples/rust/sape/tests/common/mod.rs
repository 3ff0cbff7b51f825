// SPDX-License-Identifier: MIT
//! What the tests share.
#![allow(dead_code)] // each of them uses some of it

use sape::*;

pub fn small_field() -> Field {
    Field::new(
        &EncoderParams::default().num_frequencies(8).std(3.0),
        &MaskParams::default().resolution(8).num_blocks(4).num_iterations(40),
        &NetworkParams::default().output_dim(1).hidden_dim(16).num_layers(2),
    )
    .unwrap()
}

pub fn samples() -> (Vec<f32>, Vec<f32>) {
    let x: Vec<f32> = (0..400).map(|i| ((i * 7919 % 400) as f32 / 200.0) - 1.0).collect();
    let y = x.chunks(2).map(|x| (3.0 * x[0]).sin() * x[1]).collect();
    (x, y)
}

pub fn trainer<'a>(params: &TrainerParams, field: &'a mut Field) -> Trainer<'a> {
    Trainer::new(params, &OptimizerParams::default(), field).unwrap()
}

pub fn close(a: &[f32], b: &[f32], tolerance: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

pub fn status<T>(result: Result<T, Error>) -> Status {
    result.err().expect("the call must fail").status().unwrap()
}

pub fn mse(batch: LossBatch<'_>) -> f64 {
    let targets = batch.targets.expect("the trainer has targets");
    let value = evaluate_loss(Loss::Mse, batch.output_dim, batch.outputs, targets).unwrap();
    batch.d_outputs.copy_from_slice(&value.d_outputs);
    batch.sample_loss.copy_from_slice(&value.sample_loss);
    value.loss
}
