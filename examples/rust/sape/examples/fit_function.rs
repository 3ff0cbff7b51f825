// SPDX-License-Identifier: MIT
//! Fits a function of one variable from 26 samples, without a mask and with two, and prints how far off the fits are.

use std::ops::ControlFlow;

use sape::{EncoderParams, Error, Field, MaskParams, NetworkParams, OptimizerParams, Policy, Trainer, TrainerParams};

fn wave(x: f32) -> f32 {
    0.5 * (0.01 * (2.0 * x + 4.0).powf(4.5)).sin()
}

fn places(count: usize) -> Vec<f32> {
    (0..count).map(|i| -1.0 + 2.0 * i as f32 / (count - 1) as f32).collect()
}

fn main() -> Result<(), Error> {
    let x = places(26);
    let y: Vec<f32> = x.iter().copied().map(wave).collect();
    println!("libsape {}", sape::version());
    for policy in [Policy::None, Policy::Global, Policy::Spatial] {
        let mut field = Field::new(
            &EncoderParams::default().domain_dim(1).std(5.0),
            &MaskParams::default().policy(policy).num_iterations(600),
            &NetworkParams::default().output_dim(1),
        )?;
        let mut trainer = Trainer::new(&TrainerParams::default(), &OptimizerParams::default(), &mut field)?;
        trainer.set_data(&x, Some(&y))?;
        let run = trainer.run_with(600, |now, _| {
            if now.loss < 1e-6 {
                return ControlFlow::Break(()); // good enough
            }
            ControlFlow::Continue(())
        })?;
        drop(trainer);

        let fine = places(1000);
        let fit = field.predict(&fine)?;
        let squares: f32 = fine.iter().zip(&fit).map(|(&x, &y)| (y - wave(x)).powi(2)).sum();
        let (policy, error) = (format!("{policy:?}:"), (squares / 1000.0).sqrt());
        println!(
            "{policy:9} {:3} iterations, root mean square error {error:.3}",
            run.iterations
        );
    }
    Ok(())
}
