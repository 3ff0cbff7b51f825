// SPDX-License-Identifier: MIT
//! The crate as its users use it.

use std::ops::ControlFlow;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use sape::*;

fn small_field() -> Field {
    Field::new(
        &EncoderParams::default().num_frequencies(8).std(3.0),
        &MaskParams::default().resolution(8).num_blocks(4).num_iterations(40),
        &NetworkParams::default().output_dim(1).hidden_dim(16).num_layers(2),
    )
    .unwrap()
}

fn samples() -> (Vec<f32>, Vec<f32>) {
    let x: Vec<f32> = (0..400).map(|i| ((i * 7919 % 400) as f32 / 200.0) - 1.0).collect();
    let y = x.chunks(2).map(|x| (3.0 * x[0]).sin() * x[1]).collect();
    (x, y)
}

fn trainer<'a>(params: &TrainerParams, field: &'a mut Field) -> Trainer<'a> {
    Trainer::new(params, &OptimizerParams::default(), field).unwrap()
}

fn mse(batch: LossBatch<'_>) -> f64 {
    let targets = batch.targets.expect("the trainer has targets");
    let value = evaluate_loss(Loss::Mse, batch.output_dim, batch.outputs, targets).unwrap();
    batch.d_outputs.copy_from_slice(&value.d_outputs);
    batch.sample_loss.copy_from_slice(&value.sample_loss);
    value.loss
}

fn close(a: &[f32], b: &[f32], tolerance: f32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance)
}

fn status<T>(result: Result<T, Error>) -> Status {
    result.err().expect("the call must fail").status().unwrap()
}

/// Compiles only while the library's rules for threads hold.
#[test]
fn handles_may_be_sent_and_shared() {
    fn both<T: Send + Sync>() {}
    both::<Encoder>();
    both::<EncoderRef>();
    both::<Mask>();
    both::<MaskRef>();
    both::<Network>();
    both::<NetworkRef>();
    both::<Optimizer>();
    both::<Field>();
    both::<Trainer<'static>>();
    both::<Checkpoint>();
    both::<MaskParams>();
    both::<Error>();
}

#[test]
fn several_threads_predict_with_one_field() {
    let (x, _) = samples();
    let field = small_field();
    let expected = field.predict(&x).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..20).for_each(|_| assert_eq!(field.predict(&x).unwrap(), expected)));
        }
    });
}

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
fn errors_say_what_is_wrong() {
    let error = Encoder::new(&EncoderParams::default().domain_dim(4)).unwrap_err();
    assert_eq!(error.status(), Some(Status::Argument));
    assert!(error.to_string().contains("domain_dim is 4"), "{error}");
    let field = small_field();
    assert_eq!(status(field.predict(&[0.0; 3])), Status::Shape);
    assert_eq!(status(field.predict(&[f32::NAN; 2])), Status::NotFinite);
    assert_eq!(status(field.tensor("nothing")), Status::NotFound);
    assert_eq!(status(Field::load("/nowhere/field")), Status::File);
    assert_eq!(status(Field::load("a\0b")), Status::Argument);
    assert_eq!(status(Checkpoint::parse(b"no safetensors")), Status::Format);
    assert_eq!(
        status(trainer(&TrainerParams::default(), &mut small_field()).step()),
        Status::State
    );
}

#[test]
fn lengths_are_checked_before_the_library_reads() {
    let mut field = small_field();
    let features = field.encoder().encoding_dim();
    let parameters = field.network().num_parameters();
    assert_eq!(status(field.backward(&[0.0; 4], &[0.0; 3])), Status::Shape);
    assert_eq!(
        status(field.encoder().backward(&[0.0; 2], &vec![0.0; features + 1])),
        Status::Shape
    );
    assert_eq!(status(field.mask_mut().record(&[0.0; 4], &[0.0; 3])), Status::Shape);
    assert_eq!(status(field.mask_mut().set_domain(&[0.0], &[1.0, 1.0])), Status::Shape);
    assert_eq!(
        status(field.network_mut().set_parameters(&vec![0.0; parameters - 1])),
        Status::Shape
    );
    let short = [0.0; 3];
    for options in [
        PredictOptions {
            mask_by: Some(&short),
            ..Default::default()
        },
        PredictOptions {
            override_mask: Some(&short),
            ..Default::default()
        },
    ] {
        assert_eq!(status(field.predict_with(&[0.0; 4], &options)), Status::Shape);
    }
    let fixed = MaskParams::default()
        .policy(Policy::SpatialFixed)
        .domain_dim(1)
        .samples(vec![0.0; 9]);
    assert_eq!(
        status(Field::new(&EncoderParams::default(), &fixed, &NetworkParams::default())),
        Status::Shape
    );
    let mut optimizer = Optimizer::new(&OptimizerParams::default(), 3).unwrap();
    assert_eq!(status(optimizer.step(&mut [0.0; 2], &[0.0; 3])), Status::Shape);
    assert_eq!(status(evaluate_loss(Loss::Mse, 2, &[0.0; 4], &[0.0; 2])), Status::Shape);
}

#[test]
fn a_run_reports_and_stops() {
    let (x, y) = samples();
    let mut field = small_field();
    let mut trainer = trainer(&TrainerParams::default().progress_every(10), &mut field);
    trainer.set_data(&x, Some(&y)).unwrap();
    let mut seen = Vec::new();
    let result = trainer
        .run_with(100, |now, field| {
            assert_eq!(field.predict(&x).unwrap().len(), 200);
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
fn fields_are_saved_and_loaded() {
    let (x, _) = samples();
    let path = std::env::temp_dir().join(format!("sape-rust-{}.safetensors", std::process::id()));
    let mut field = small_field();
    let expected = field.predict(&x).unwrap();
    field.save(&path).unwrap();
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), checkpoint.bytes());
    assert_eq!(Field::load(&path).unwrap().predict(&x).unwrap(), expected);
    std::fs::remove_file(&path).unwrap();
    let zeros = vec![0.0; field.network().num_parameters()];
    field.network_mut().set_parameters(&zeros).unwrap();
    assert_ne!(field.predict(&x).unwrap(), expected);
    field.restore(&checkpoint).unwrap();
    assert_eq!(field.predict(&x).unwrap(), expected);
    assert_eq!(
        checkpoint.tensor("mask_stashed").unwrap(),
        field.tensor("mask_stashed").unwrap()
    );
    assert_eq!(checkpoint.metadata("nothing").unwrap(), None);
}

#[test]
fn tensors_have_names_and_shapes() {
    let mut encoder = Encoder::new(&EncoderParams::default().num_frequencies(3)).unwrap();
    assert_eq!(encoder.tensors().unwrap(), [("frequencies".to_owned(), vec![2, 3])]);
    encoder
        .set_tensor("frequencies", &[0.25, 0.0, 0.0, 0.0, 0.0, 0.0])
        .unwrap();
    assert!(close(
        &encoder.encode(&[1.0, 0.0]).unwrap(),
        &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0],
        1e-6
    ));
    assert_eq!((encoder.kind(), encoder.encoding_dim()), (Some(Encoding::Fourier), 6));
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
fn gradients_are_those_of_differences() {
    let field = small_field();
    let (x, step) = ([0.3f32, -0.2], 1e-3);
    let d_x = field.backward_x(&x, &[1.0]).unwrap();
    for axis in 0..2 {
        let at = |sign: f32| {
            let mut moved = x;
            moved[axis] += sign * step;
            field.predict(&moved).unwrap()[0]
        };
        assert!(((at(1.0) - at(-1.0)) / (2.0 * step) - d_x[axis]).abs() < 2e-2);
    }
}

#[test]
fn masks_reveal_where_the_loss_is_high() {
    let params = MaskParams::default()
        .encoding_dim(8)
        .num_blocks(4)
        .resolution(4)
        .num_iterations(16)
        .epsilon(0.5);
    let mut mask = Mask::new(&params).unwrap();
    let (x, _) = samples();
    let loss: Vec<f32> = x.chunks(2).map(|x| if x[0] < 0.0 { 1.0 } else { 0.0 }).collect();
    for _ in 0..4 {
        mask.record(&x, &loss).unwrap();
        mask.step().unwrap();
    }
    let share = mask.revealed(&[-0.99, 0.0, 0.99, 0.0]).unwrap();
    assert!(share[0] > share[1]);
    assert_eq!((mask.domain_dim(), mask.state().unwrap().num_cells), (2, 16));
    assert_eq!(mask.smoothed_loss().unwrap().len(), 16);
}

#[test]
fn options_of_a_prediction() {
    let (x, _) = samples();
    let field = small_field();
    let weights = field.mask().weights(&x).unwrap();
    let options = PredictOptions {
        override_mask: Some(&weights),
        ..Default::default()
    };
    assert!(close(
        &field.predict_with(&x, &options).unwrap(),
        &field.predict(&x).unwrap(),
        1e-5
    ));
    let nothing = vec![0.0; field.encoder().encoding_dim()];
    let options = PredictOptions {
        override_mask: Some(&nothing),
        ..Default::default()
    };
    let flat = field.predict_with(&x, &options).unwrap();
    assert!(flat.iter().all(|&value| value == flat[0]));
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
