// SPDX-License-Identifier: MIT
//! The closures that a trainer calls.

mod common;

use std::ops::ControlFlow;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};

use common::*;
use sape::*;

#[test]
fn panics_pass_the_library() {
    let (x, y) = samples();
    let mut field = small_field();
    let calls = AtomicUsize::new(0);
    let loss = |batch: LossBatch<'_>| {
        assert!(calls.fetch_add(1, Ordering::Relaxed) != 3, "the fourth batch");
        mse(batch)
    };
    let (params, optimizer) = (TrainerParams::default(), OptimizerParams::default());
    let mut trainer = Trainer::with_loss(&params, &optimizer, &mut field, loss).unwrap();
    trainer.set_data(&x, Some(&y)).unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| trainer.run(10))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"the fourth batch"));
    let payload = catch_unwind(AssertUnwindSafe(|| trainer.run_with(10, |_, _| panic!("progress")))).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"progress"));
    assert_eq!(trainer.run(3).unwrap().iterations, 3);
}

/// Whether the indices name the samples of a batch.
fn of_these_samples(batch: &LossBatch<'_>, x: &[f32]) -> bool {
    let rows = batch.x.chunks(2);
    let indices = batch.indices().unwrap();
    indices.len() == rows.len() && indices.iter().zip(rows).all(|(&i, row)| row == &x[2 * i..][..2])
}

#[test]
fn losses_ask_which_samples_they_see() {
    let (x, y) = samples();
    let params = TrainerParams::default().batch_size(50);
    let mut seen = vec![0; 200];
    let mut field = small_field();
    let loss = |batch: LossBatch<'_>| {
        assert!(of_these_samples(&batch, &x));
        batch.indices().unwrap().iter().for_each(|&i| seen[i] += 1);
        mse(batch)
    };
    let mut trainer = Trainer::with_loss(&params, &OptimizerParams::default(), &mut field, loss).unwrap();
    trainer.set_data(&x, Some(&y)).unwrap();
    trainer.run(8).unwrap();
    drop(trainer);
    assert_eq!(seen, [2; 200]);
    let loss = |batch: JacobianBatch<'_>| {
        assert!(of_these_samples(&batch.batch, &x));
        mse(batch.batch)
    };
    let mut trainer = Trainer::with_jacobian_loss(&params, &OptimizerParams::default(), &mut field, loss).unwrap();
    trainer.set_data(&x, Some(&y)).unwrap();
    trainer.run(4).unwrap();
}

#[test]
fn progress_changes_the_rate_and_saves() {
    let (x, y) = samples();
    let mut field = small_field();
    let mut all = trainer(&TrainerParams::default(), &mut field);
    all.set_data(&x, Some(&y)).unwrap();
    let mut rates = Vec::new();
    let mut saved = None;
    all.run_with(6, |now, running| {
        rates.push(now.learning_rate);
        if now.iteration == 3 {
            assert_eq!(status(running.set_learning_rate(-1.0)), Status::Argument);
            running.set_learning_rate(1e-4).unwrap();
            saved = Some(running.checkpoint().unwrap());
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(rates, [1e-3, 1e-3, 1e-3, 1e-4, 1e-4, 1e-4]);
    let mut field = small_field();
    let mut rest = trainer(&TrainerParams::default(), &mut field);
    rest.set_data(&x, Some(&y)).unwrap();
    rest.restore(&saved.unwrap()).unwrap();
    rest.run(3).unwrap();
    assert_eq!(
        rest.field().network().parameters().unwrap(),
        all.field().network().parameters().unwrap()
    );
    let path = std::env::temp_dir().join(format!("sape-{}.safetensors", std::process::id()));
    let saves = |_: &Progress, running: &mut Running<'_>| {
        running.save(&path).unwrap();
        ControlFlow::Break(())
    };
    all.run_with(1, saves).unwrap();
    assert_eq!(
        Field::load(&path).unwrap().predict(&x).unwrap(),
        all.field().predict(&x).unwrap()
    );
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_loss_is_dropped_with_its_trainer() {
    let held = std::sync::Arc::new(());
    let other = held.clone();
    let loss = move |_: LossBatch<'_>| {
        let _held = &other;
        0.0
    };
    let mut field = small_field();
    let trainer = Trainer::with_loss(&TrainerParams::default(), &OptimizerParams::default(), &mut field, loss);
    assert_eq!(std::sync::Arc::strong_count(&held), 2);
    drop(trainer);
    assert_eq!(std::sync::Arc::strong_count(&held), 1);
    let other = held.clone();
    let loss = move |_: LossBatch<'_>| {
        let _held = &other;
        0.0
    };
    let params = TrainerParams::default().progress_every(0);
    assert_eq!(
        status(Trainer::with_loss(&params, &OptimizerParams::default(), &mut field, loss).map(drop)),
        Status::Argument
    );
    assert_eq!(std::sync::Arc::strong_count(&held), 1);
}

#[test]
fn a_closure_gives_the_samples() {
    let mut field = small_field();
    let mut asked = Vec::new();
    let mut trainer = trainer(&TrainerParams::default(), &mut field);
    trainer
        .set_sampler(50, |iteration, x, targets| {
            asked.push(iteration);
            for (i, value) in x.iter_mut().enumerate() {
                *value = ((i * 7919 + iteration as usize * 104_729) % 997) as f32 / 498.0 - 1.0;
            }
            for (target, x) in targets.iter_mut().zip(x.chunks(2)) {
                *target = (3.0 * x[0]).sin() * x[1];
            }
        })
        .unwrap();
    let first = trainer.step().unwrap();
    assert!(trainer.run(200).unwrap().loss < first / 2.0);
    assert_eq!(status(trainer.set_sampler(0, |_, _, _| ())), Status::Argument);
    trainer.run(1).unwrap();
    trainer.set_sampler(1, |_, _, _| panic!("sampler")).unwrap();
    let payload = catch_unwind(AssertUnwindSafe(|| trainer.step())).unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"sampler"));
    drop(trainer);
    assert_eq!(asked, (0..202).collect::<Vec<u64>>());
}

#[test]
fn no_targets_are_asked_of_a_sampler_of_points() {
    let points = [0.5; 4];
    let network = NetworkParams::default().output_dim(2).hidden_dim(8);
    let mut field = Field::new(
        &EncoderParams::default().domain_dim(1),
        &MaskParams::default(),
        &network,
    )
    .unwrap();
    let mut trainer = trainer(&TrainerParams::default().loss(Loss::Chamfer), &mut field);
    trainer.set_target_points(&points, 1).unwrap();
    trainer
        .set_sampler(10, |_, x, targets| {
            assert!(x.len() == 10 && targets.is_empty());
            x.iter_mut().enumerate().for_each(|(i, x)| *x = i as f32 / 10.0);
        })
        .unwrap();
    assert!(trainer.step().unwrap() > 0.0);
}

#[test]
fn a_sampler_ends_a_run() {
    let (x, y) = samples();
    let mut field = small_field();
    let mut trainer = trainer(&TrainerParams::default(), &mut field);
    let sampler = |iteration: u64, at: &mut [f32], targets: &mut [f32]| {
        at.copy_from_slice(&x[..40]);
        targets.copy_from_slice(&y[..20]);
        if iteration == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    trainer.set_sampler_until(20, sampler).unwrap();
    let result = trainer.run(10).unwrap();
    assert_eq!((result.iterations, result.stop), (3, Some(Stop::Sampler)));
}
