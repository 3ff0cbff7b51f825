// SPDX-License-Identifier: MIT
//! Trainers.

mod common;

use std::ops::ControlFlow;
use std::sync::{Barrier, Mutex};
use std::thread;

use common::*;
use sape::*;

#[test]
fn training_moves_to_another_thread() {
    let (x, y) = samples();
    let mut field = small_field();
    let mut trainer = trainer(&TrainerParams::default(), &mut field);
    trainer.set_data(&x, Some(&y)).unwrap();
    let loss = thread::scope(|scope| scope.spawn(move || trainer.run(30).unwrap().loss).join().unwrap());
    assert!(loss < 0.3);
}

#[test]
fn a_run_reports_and_stops() {
    let (x, y) = samples();
    let mut field = small_field();
    let mut trainer = trainer(&TrainerParams::default().progress_every(10), &mut field);
    trainer.set_data(&x, Some(&y)).unwrap();
    let mut seen = Vec::new();
    let result = trainer
        .run_with(100, |now, running| {
            assert_eq!(running.field().predict(&x).unwrap().len(), 200);
            seen.push(now.iteration);
            if now.iteration == 30 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .unwrap();
    assert_eq!(seen, [10, 20, 30]);
    assert_eq!((result.iterations, result.stop), (30, Some(Stop::Callback)));
    assert_eq!(trainer.run(5).unwrap().stop, Some(Stop::Iterations));
    assert_eq!(trainer.field().mask().state().unwrap().iteration, 35);
}

#[test]
fn a_loss_of_ones_own_is_as_the_library_s() {
    let (x, y) = samples();
    let (mut ours, mut theirs) = (small_field(), small_field());
    let mut custom =
        Trainer::with_loss(&TrainerParams::default(), &OptimizerParams::default(), &mut ours, mse).unwrap();
    custom.set_data(&x, Some(&y)).unwrap();
    custom.run(40).unwrap();
    drop(custom);
    let mut usual = trainer(&TrainerParams::default(), &mut theirs);
    usual.set_data(&x, Some(&y)).unwrap();
    assert!(usual.run(40).unwrap().loss < 0.2);
    drop(usual);
    assert!(close(&ours.predict(&x).unwrap(), &theirs.predict(&x).unwrap(), 1e-4));
}

#[test]
fn a_training_that_is_resumed_ends_with_the_same_bits() {
    let (x, y) = samples();
    let params = TrainerParams::default().batch_size(64);
    let mut fields = [small_field(), small_field(), small_field()];
    let [whole, first, second] = &mut fields;
    let mut all = trainer(&params, whole);
    all.set_data(&x, Some(&y)).unwrap();
    all.run(30).unwrap();
    let mut half = trainer(&params, first);
    half.set_data(&x, Some(&y)).unwrap();
    half.run(13).unwrap();
    let checkpoint = Checkpoint::parse(half.checkpoint().unwrap().bytes()).unwrap();
    let mut rest = trainer(&params, second);
    rest.set_data(&x, Some(&y)).unwrap();
    rest.restore(&checkpoint).unwrap();
    rest.run(17).unwrap();
    let parameters = |field: &Field| field.network().parameters().unwrap();
    assert_eq!(parameters(all.field()), parameters(rest.field()));
    assert_ne!(parameters(all.field()), parameters(half.field()));
}

#[test]
fn training_by_hand_is_as_a_trainer_s() {
    let (x, y) = samples();
    let (mut by_hand, mut trained) = (small_field(), small_field());
    let params = OptimizerParams::default()
        .learning_rate(1e-2)
        .schedule(Schedule::Cosine);
    let mut optimizer = Optimizer::new(&params, by_hand.network().num_parameters()).unwrap();
    for _ in 0..20 {
        let value = evaluate_loss(Loss::Mse, 1, &by_hand.predict(&x).unwrap(), &y).unwrap();
        let gradient = by_hand.backward(&x, &value.d_outputs).unwrap();
        by_hand.update(&mut optimizer, &gradient).unwrap();
        by_hand.mask_mut().record(&x, &value.sample_loss).unwrap();
        by_hand.mask_mut().step().unwrap();
    }
    let mut trainer = Trainer::new(&TrainerParams::default(), &params, &mut trained).unwrap();
    trainer.set_data(&x, Some(&y)).unwrap();
    trainer.run(20).unwrap();
    drop(trainer);
    assert!(close(
        &by_hand.predict(&x).unwrap(),
        &trained.predict(&x).unwrap(),
        1e-4
    ));
    assert_eq!(optimizer.num_steps(), 20);
}

#[test]
fn points_are_fitted_by_their_distance() {
    let params = NetworkParams::default().output_dim(2).hidden_dim(32).num_layers(2);
    let encoder = EncoderParams::default().domain_dim(1).std(2.0).num_frequencies(16);
    let mut field = Field::new(&encoder, &MaskParams::default().policy(Policy::None), &params).unwrap();
    let x: Vec<f32> = (0..100).map(|i| i as f32 / 50.0 - 1.0).collect();
    let points: Vec<f32> = x.iter().flat_map(|x| [(3.0 * x).cos(), (3.0 * x).sin()]).collect();
    let mut trainer = trainer(&TrainerParams::default().loss(Loss::Chamfer), &mut field);
    trainer.set_data(&x, None).unwrap();
    trainer.set_target_points(&points, 0).unwrap();
    let before = trainer.step().unwrap();
    assert!(trainer.run(200).unwrap().loss < before / 4.0);
}

#[test]
fn runs_end_on_convergence() {
    let (x, y) = samples();
    for (params, stop) in [
        (TrainerParams::default().tolerance(0.05), Stop::Tolerance),
        (TrainerParams::default().patience(5).min_improvement(0.9), Stop::Plateau),
        (
            TrainerParams::default()
                .validation_share(0.2)
                .validation_every(1)
                .validation_patience(1),
            Stop::Validation,
        ),
    ] {
        let mut field = small_field();
        let optimizer = OptimizerParams::default().learning_rate(1e-2);
        let mut trainer = Trainer::new(&params, &optimizer, &mut field).unwrap();
        trainer.set_data(&x, Some(&y)).unwrap();
        let result = trainer.run(1000).unwrap();
        assert_eq!(result.stop, Some(stop));
        assert!(result.iterations < 1000);
        assert!(stop != Stop::Tolerance || result.loss <= 0.05);
        assert_eq!(result.validation_loss.is_some(), stop == Stop::Validation);
    }
}

#[test]
fn the_best_of_the_held_out_losses_is_kept() {
    let (x, y) = samples();
    let params = TrainerParams::default().validation_share(0.2).validation_every(5);
    let mut field = small_field();
    let mut trainer = trainer(&params, &mut field);
    trainer.set_data(&x, Some(&y)).unwrap();
    let mut seen = Vec::new();
    let result = trainer
        .run_with(20, |now, _| {
            seen.push(*now);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((seen[0].validation_loss, seen[0].best_iteration), (None, 0));
    let losses: Vec<f64> = seen[4..].iter().map(|now| now.validation_loss.unwrap()).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert_eq!(seen[19].best_validation_loss, Some(best));
    assert_eq!(
        (result.validation_loss, result.best_iteration),
        (Some(best), seen[19].best_iteration)
    );
    assert!(result.best_iteration > 0 && result.best_iteration % 5 == 0);
}

/// One step against the gradient that the field itself gives.
#[test]
fn a_loss_on_derivatives() {
    let (x, _) = samples();
    let mut field = small_field();
    let (outputs, jacobian) = field.jacobian(&x).unwrap();
    let share = |values: &[f32]| -> Vec<f32> { values.iter().map(|value| value / 100.0).collect() };
    let gradient = field
        .jacobian_backward(&x, &share(&outputs), &share(&jacobian))
        .unwrap();
    let mut expected = field.network().parameters().unwrap();
    expected
        .iter_mut()
        .zip(&gradient)
        .for_each(|(value, slope)| *value -= 0.1 * slope);
    let optimizer = OptimizerParams::default()
        .kind(OptimizerKind::Sgd)
        .momentum(0.0)
        .learning_rate(0.1);
    let squares = |JacobianBatch {
                       batch,
                       jacobian,
                       d_jacobian,
                       ..
                   }: JacobianBatch<'_>| {
        assert!(batch.targets.is_none() && batch.x.len() == 400);
        d_jacobian.copy_from_slice(&share(jacobian));
        batch.d_outputs.copy_from_slice(&share(batch.outputs));
        for (i, loss) in batch.sample_loss.iter_mut().enumerate() {
            *loss = batch.outputs[i].powi(2) + jacobian[2 * i].powi(2) + jacobian[2 * i + 1].powi(2);
        }
        batch.sample_loss.iter().copied().map(f64::from).sum::<f64>() / 200.0
    };
    let params = TrainerParams::default();
    let mut trainer = Trainer::with_jacobian_loss(&params, &optimizer, &mut field, squares).unwrap();
    trainer.set_data(&x, None).unwrap();
    let loss = trainer.step().unwrap();
    assert!(close(&trainer.field().network().parameters().unwrap(), &expected, 1e-5));
    assert!(trainer.run(30).unwrap().loss < loss);
}

#[test]
fn rates_that_adapt() {
    let (x, y) = samples();
    let trained = |rate: Option<AdaptiveRateParams>| {
        let mut field = small_field();
        let mut trainer = trainer(&TrainerParams::default(), &mut field);
        trainer.set_adaptive_rate(Some(&AdaptiveRateParams::default())).unwrap();
        trainer.set_adaptive_rate(rate.as_ref()).unwrap();
        trainer.set_data(&x, Some(&y)).unwrap();
        trainer.run(20).unwrap();
        trainer.field().network().parameters().unwrap()
    };
    let usual = trained(None);
    let even = AdaptiveRateParams::default().alpha_min(1.0).alpha_max(1.0);
    assert_eq!(trained(Some(even)), usual);
    assert_ne!(trained(Some(AdaptiveRateParams::default())), usual);
    let mut field = small_field();
    let wrong = AdaptiveRateParams::default().alpha_min(2.0);
    let mut trainer = trainer(&TrainerParams::default(), &mut field);
    assert_eq!(status(trainer.set_adaptive_rate(Some(&wrong))), Status::Argument);
}

/// Threads as ranks.
#[test]
fn ranks_fit_what_one_trainer_fits() {
    const RANKS: usize = 2;
    let (x, y) = samples();
    let (barrier, total) = (Barrier::new(RANKS), Mutex::new(Vec::<f64>::new()));
    // Adds up in double precision, whatever the type.
    let add_up = |values: Vec<f64>| -> Vec<f64> {
        let mut sums = total.lock().unwrap();
        sums.resize(values.len(), 0.0);
        sums.iter_mut().zip(&values).for_each(|(sum, value)| *sum += value);
        drop(sums);
        barrier.wait();
        let sums = total.lock().unwrap().clone();
        if barrier.wait().is_leader() {
            total.lock().unwrap().clear();
        }
        barrier.wait();
        sums
    };
    let train = |rank: usize| {
        let mut field = small_field();
        let mut trainer = trainer(&TrainerParams::default(), &mut field);
        trainer
            .set_reduce(|values| {
                match values {
                    Summands::F32(values) => {
                        let sums = add_up(values.iter().copied().map(f64::from).collect());
                        values.iter_mut().zip(sums).for_each(|(value, sum)| *value = sum as f32);
                    }
                    Summands::F64(values) => values.copy_from_slice(&add_up(values.to_vec())),
                    other => panic!("{other:?}"),
                }
                ControlFlow::Continue(())
            })
            .unwrap();
        trainer
            .set_data(&x[200 * rank..][..200], Some(&y[100 * rank..][..100]))
            .unwrap();
        trainer.run(20).unwrap();
        trainer.field().network().parameters().unwrap()
    };
    let ranks = thread::scope(|scope| {
        let other = scope.spawn(|| train(1));
        [train(0), other.join().unwrap()]
    });
    assert_eq!(ranks[0], ranks[1]);
    let mut field = small_field();
    let mut alone = trainer(&TrainerParams::default(), &mut field);
    alone.set_data(&x, Some(&y)).unwrap();
    alone.run(20).unwrap();
    assert!(close(&alone.field().network().parameters().unwrap(), &ranks[0], 1e-4));
    let breaks = |_: Summands<'_>| ControlFlow::Break(());
    alone.set_reduce(breaks).unwrap();
    assert_eq!(status(alone.run(1)), Status::Callback);
}

#[test]
fn weights_averages_rates_and_history() {
    let (x, y) = samples();
    let weights: Vec<f32> = (0..200).map(|i| (i % 3) as f32).collect();
    let mut field = small_field();
    let outputs = field.predict(&x).unwrap();
    let expected = evaluate_weighted_loss(Loss::Huber, 0.1, 1, &outputs, &y, &weights)
        .unwrap()
        .loss;
    let params = TrainerParams::default()
        .loss(Loss::Huber)
        .huber_delta(0.1)
        .average_decay(0.9)
        .history(4);
    let optimizer = OptimizerParams::default().clip_norm(0.1);
    let mut trainer = Trainer::new(&params, &optimizer, &mut field).unwrap();
    trainer.set_data(&x, Some(&y)).unwrap();
    trainer.set_weights(Some(&weights)).unwrap();
    assert_eq!(trainer.num_outside(), 0);
    assert!((trainer.step().unwrap() / expected - 1.0).abs() < 1e-5);
    trainer.set_learning_rate(1e-4).unwrap();
    assert_eq!(trainer.learning_rate(), 1e-4);
    trainer.run(5).unwrap();
    let history = trainer.history().unwrap();
    assert_eq!(
        history.iter().map(|entry| entry.iteration).collect::<Vec<_>>(),
        [2, 4, 6]
    );
    assert_eq!(history[0].validation_loss, None);
    let average = trainer.average().unwrap();
    assert_ne!(average.predict(&x).unwrap(), trainer.field().predict(&x).unwrap());
    trainer.set_weights(None).unwrap();
    let again = small_field();
    assert_eq!(
        status(
            again
                .encoder()
                .params()
                .map(|_| ())
                .and(trainer.set_learning_rate(-1.0))
        ),
        Status::Argument
    );
    assert_eq!(trainer.optimizer_params().unwrap().raw().clip_norm, 0.1);
    assert_eq!(trainer.params().unwrap().raw().huber_delta, 0.1);
    assert_eq!(Loss::from_raw(trainer.params().unwrap().raw().loss), Some(Loss::Huber));
}

#[test]
fn fields_work_in_the_callers_units() {
    let (x, y) = samples();
    let wide: Vec<f32> = x.iter().map(|x| 256.0 + 256.0 * x).collect();
    let (mut plain, mut field) = (small_field(), small_field());
    let mut found = plain.normalization().unwrap();
    found.center = vec![256.0; 2];
    found.scale = vec![256.0; 2];
    field.set_normalization(&found).unwrap();
    assert_eq!(field.normalization().unwrap(), found);
    assert!(close(&field.predict(&wide).unwrap(), &plain.predict(&x).unwrap(), 1e-5));
    plain.fit_normalization(&wide, Some(&y)).unwrap();
    assert!((plain.normalization().unwrap().center[0] - 256.0).abs() < 2.0);
    let again = Field::new(
        &field.encoder().params().unwrap(),
        &field.mask().params().unwrap(),
        &field.network().params().unwrap(),
    );
    assert_eq!(
        again.unwrap().network().parameters().unwrap(),
        field.network().parameters().unwrap()
    );
}
