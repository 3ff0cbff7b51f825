// SPDX-License-Identifier: MIT
//! The crate as its users use it: handles and what can be asked of them.

mod common;

use std::thread;

use common::*;
use sape::*;

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
fn enumerations_have_the_library_s_names() {
    assert_eq!(Policy::SpatialFixed.to_string(), "spatial_fixed");
    assert_eq!(Loss::RelativeL2.to_string(), "relative_l2");
    assert_eq!(
        format!("{:>8}|{:<8}", Schedule::Cosine, Draw::Random),
        "  cosine|random  "
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
    assert_eq!(status(chamfer(2, &[0.0; 4], &[0.0; 3])), Status::Shape);
    assert_eq!(status(field.predict_grid(&[4], &[-1.0; 2], &[1.0; 2])), Status::Shape);
    assert_eq!(status(field.predict_grid(&[4; 2], &[-1.0; 2], &[1.0])), Status::Shape);
    assert_eq!(
        status(field.predict_grid(&[usize::MAX; 2], &[-1.0; 2], &[1.0; 2])),
        Status::Memory
    );
    assert_eq!(status(field.jacobian(&[0.0; 3])), Status::Shape);
    assert_eq!(
        status(field.jacobian_backward(&[0.0; 2], &[0.0], &[0.0])),
        Status::Shape
    );
    assert_eq!(status(field.gradient_norms(&[0.0; 2], &[0.0; 2])), Status::Shape);
    assert_eq!(status(field.mask_mut().set_signal(&[0.0; 2], 2, &[0.0])), Status::Shape);
    let filtered = MaskParams::default().policy(Policy::Variance).encoding_dim(3);
    assert_eq!(status(Mask::new(&filtered.frequencies(vec![0.0; 2]))), Status::Shape);
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
    let weights = checkpoint.tensor("mask_stashed").unwrap();
    assert!(checkpoint
        .tensor_f64("mask_stashed")
        .unwrap()
        .iter()
        .zip(&weights)
        .all(|(a, b)| *a == f64::from(*b)));
    assert_eq!(checkpoint.metadata("nothing").unwrap(), None);
    let annotated = checkpoint.annotate(&[("task", "heron"), ("empty", "")]).unwrap();
    assert_eq!(annotated.metadata("task").unwrap().as_deref(), Some("heron"));
    assert_eq!(annotated.metadata("empty").unwrap().as_deref(), Some(""));
    assert_eq!(status(checkpoint.annotate(&[("sape.version", "2")])), Status::Argument);
    assert_eq!(status(checkpoint.annotate(&[("a\0b", "")])), Status::Argument);
}

#[test]
fn an_ensemble_is_the_mean_in_one_file() {
    let field = |seed| {
        let network = NetworkParams::default().hidden_dim(8).seed(seed);
        Field::new(&EncoderParams::default(), &MaskParams::default(), &network).unwrap()
    };
    let x = [0.1, 0.2, -0.3, 0.4];
    let (a, b) = (field(1).predict(&x).unwrap(), field(2).predict(&x).unwrap());
    let ensemble = Ensemble::new(vec![field(1), field(2)]).unwrap();
    let mean: Vec<f32> = a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect();
    assert_eq!(ensemble.predict(&x).unwrap(), mean);
    assert_eq!(ensemble.jacobian(&x).unwrap().1.len(), 2 * mean.len());
    let grid = ensemble.predict_grid(&[3, 2], &[-1.0, -1.0], &[1.0, 1.0]).unwrap();
    assert_eq!(grid.len(), 6 * mean.len() / 2);
    assert_eq!(status(Ensemble::new(vec![])), Status::Argument);
    assert_eq!(status(ensemble.predict(&x[..3])), Status::Shape);

    let path = std::env::temp_dir().join(format!("sape_ensemble_{}", std::process::id()));
    ensemble.save(&path).unwrap();
    let loaded = Ensemble::load(&path).unwrap();
    assert_eq!((loaded.fields().len(), loaded.predict(&x).unwrap()), (2, mean));
    assert_eq!(status(Field::load(&path)), Status::Shape);
    std::fs::remove_file(&path).unwrap();
    let all = ensemble.checkpoint().unwrap();
    assert_eq!(all.num_fields().unwrap(), 2);
    let parts = [all.member(0).unwrap(), all.member(1).unwrap()];
    assert_eq!(Checkpoint::join(&parts).unwrap().bytes(), all.bytes());
    assert_eq!(Field::from_checkpoint(&parts[1]).unwrap().predict(&x).unwrap(), b);
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
fn stratified_draws_have_their_mean_magnitude_for_every_seed() {
    for seed in 0..4 {
        let params = EncoderParams::default().draw(Draw::Stratified).std(1.0).seed(seed);
        let frequencies = Encoder::new(&params).unwrap().tensor("frequencies").unwrap();
        let magnitudes = (0..256).map(|j| f64::from(frequencies[j].hypot(frequencies[256 + j])));
        let mean = magnitudes.sum::<f64>() / 256.0;
        assert!((mean - (2.0 / std::f64::consts::PI).sqrt()).abs() < 0.01, "{mean}");
    }
}

#[test]
fn a_field_of_proposed_settings_fits() {
    let x: Vec<f32> = (0..200).map(|i| i as f32 / 100.0 - 1.0).collect();
    let targets: Vec<f32> = x.iter().map(|x| (9.0 * x).sin()).collect();
    let query = SettingsQuery::default().iterations(200).seed(3);
    let settings = Settings::propose(&query, 1, &x, Some(&targets)).unwrap();
    assert_eq!(settings.iterations, 200);
    assert_eq!(settings.mask.raw().gradual, 1);
    assert_eq!((settings.members, settings.scale.as_slice()), (1, &[1.0][..]));
    assert!(settings
        .reasons
        .iter()
        .any(|setting| setting.name == "std" && setting.reason.len() > 8));
    let mut field = Field::new(&settings.encoder, &settings.mask, &settings.network).unwrap();
    {
        let mut trainer = Trainer::new(&settings.trainer, &settings.optimizer, &mut field).unwrap();
        trainer.set_data(&x, Some(&targets)).unwrap();
        assert!(trainer.run(settings.iterations).unwrap().loss < 0.05);
    }
    let fixed = Settings::propose(&query.clone().policy(Policy::SpatialFixed), 1, &x, Some(&targets)).unwrap();
    Field::new(&fixed.encoder, &fixed.mask, &fixed.network).unwrap();
    assert_eq!(
        status(Settings::propose(&query.seconds(-1.0), 1, &x, None)),
        Status::Argument
    );
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
fn distances_of_points() {
    let value = chamfer(2, &[0.0, 0.0, 3.0, 0.0], &[0.0, 1.0]).unwrap();
    // From the outputs 1 and sqrt(10), from the target 1.
    assert!(close(&value.sample_loss, &[1.0, 10f32.sqrt()], 1e-6));
    assert!((value.loss - (1.0 + 10f64.sqrt()) / 2.0 - 1.0).abs() < 1e-6);
    let far = [0.5 * 3.0 / 10f32.sqrt(), -0.5 / 10f32.sqrt()];
    assert!(close(&value.d_outputs, &[0.0, -1.5, far[0], far[1]], 1e-6));
    assert_eq!(status(chamfer(4, &[0.0; 4], &[0.0; 4])), Status::Argument);
}

#[test]
fn a_filter_opens_where_the_signal_varies() {
    let params = MaskParams::default()
        .policy(Policy::Variance)
        .resolution(8)
        .num_iterations(40);
    let network = NetworkParams::default().output_dim(1).hidden_dim(8);
    let mut field = Field::new(&EncoderParams::default(), &params, &network).unwrap();
    let (x, _) = samples();
    let signal: Vec<f32> = x
        .chunks(2)
        .map(|x| if x[0] < 0.0 { (40.0 * x[1]).sin() } else { 0.0 })
        .collect();
    let mask = field.mask_mut();
    mask.set_signal(&x, 1, &signal).unwrap();
    (0..8).for_each(|_| mask.step().unwrap());
    let share = mask.revealed(&[-0.9, 0.0, 0.9, 0.0]).unwrap();
    assert!(share[0] > 1.1 * share[1], "{share:?}");
}

#[test]
fn constants_of_the_variance_policy() {
    let params = MaskParams::default()
        .policy(Policy::Variance)
        .encoding_dim(5)
        .frequencies(vec![0.0, 1.0, 2.0, 4.0, 8.0]);
    // The published logistic begins half open, with an ideal filter; the default one is closed.
    let half = params.clone().cutoff(CutoffParams::published().c_max(9.0));
    assert_eq!(
        Mask::new(&half).unwrap().weights(&[0.0; 2]).unwrap(),
        [1.0, 1.0, 1.0, 1.0, 0.0]
    );
    let closed = params.clone().cutoff(CutoffParams::default().c_max(9.0));
    assert_eq!(
        Mask::new(&closed).unwrap().weights(&[0.0; 2]).unwrap(),
        [1.0, 0.0, 0.0, 0.0, 0.0]
    );
    let wrong = params.cutoff(CutoffParams::default().steepness(0.0));
    assert_eq!(status(Mask::new(&wrong)), Status::Argument);
    let encoder = Encoder::new(&EncoderParams::default().kind(Encoding::Positional).num_frequencies(3)).unwrap();
    let octaves: Vec<f64> = [0.5, 1.0, 2.0].iter().flat_map(|&frequency| [frequency; 4]).collect();
    assert_eq!(encoder.frequencies().unwrap(), octaves);
}

#[test]
fn a_grid_is_predicted_without_its_coordinates() {
    let field = small_field();
    let axis = |count: usize, i: usize| -1.0 + 2.0 * i as f32 / (count - 1) as f32;
    let x: Vec<f32> = (0..15).flat_map(|i| [axis(5, i / 3), axis(3, i % 3)]).collect();
    let grid = field.predict_grid(&[5, 3], &[-1.0; 2], &[1.0; 2]).unwrap();
    assert_eq!(grid, field.predict(&x).unwrap());
}

#[test]
fn derivatives_of_outputs() {
    let (x, _) = samples();
    let field = small_field();
    let (outputs, jacobian) = field.jacobian(&x).unwrap();
    assert!(close(&outputs, &field.predict(&x).unwrap(), 1e-6));
    let ones = vec![1.0; outputs.len()];
    assert!(close(&jacobian, &field.backward_x(&x, &ones).unwrap(), 1e-4));
    let norms = field.gradient_norms(&x, &ones).unwrap();
    let alone = field.backward(&x[..2], &ones[..1]).unwrap();
    assert!((norms[0] - alone.iter().map(|value| value * value).sum::<f32>().sqrt()).abs() < 1e-3 * norms[0]);
    let of_outputs = field.jacobian_backward(&x, &ones, &vec![0.0; x.len()]).unwrap();
    assert!(close(&of_outputs, &field.backward(&x, &ones).unwrap(), 1e-3));
}

#[test]
fn a_field_computes_with_what_it_is_told_to() {
    let (x, _) = samples();
    let field = Field::new(
        &EncoderParams::default()
            .num_frequencies(8)
            .std(3.0)
            .instructions(InstructionSet::Baseline),
        &MaskParams::default().resolution(8).num_blocks(4).num_iterations(40),
        &NetworkParams::default()
            .output_dim(1)
            .hidden_dim(16)
            .num_layers(2)
            .product(Product::Packed),
    )
    .unwrap();
    let description = field.describe().unwrap();
    assert_eq!(
        (description.instructions.as_str(), description.product.as_str()),
        ("baseline", "packed")
    );
    assert!(close(
        &field.predict(&x).unwrap(),
        &small_field().predict(&x).unwrap(),
        1e-5
    ));
    let bf16 = NetworkParams::default().input_dim(2).precision(Precision::Bf16);
    let field = Field::new(&EncoderParams::default(), &MaskParams::default(), &bf16).unwrap();
    let description = field.describe().unwrap();
    assert_eq!(description.precision, "bf16");
    assert_ne!(description.precision_code, "native fp32");
    let cblas = NetworkParams::default().input_dim(2).product(Product::Cblas);
    let field = Field::new(&EncoderParams::default(), &MaskParams::default(), &cblas).unwrap();
    assert_eq!(field.describe().unwrap().product, "cblas");
    assert_eq!(describe().unwrap().version, version());
}

#[test]
fn layers_end_with_what_they_are_told_to() {
    let encoder = EncoderParams::default().kind(Encoding::Identity);
    let mask = MaskParams::default().policy(Policy::None);
    let siren = NetworkParams::default().hidden_dim(32).activation(Activation::Sine);
    let field = Field::new(
        &encoder,
        &mask,
        &siren.clone().output_activation(OutputActivation::Sigmoid),
    )
    .unwrap();
    let outputs = field.predict(&samples().0).unwrap();
    assert!(outputs.iter().all(|value| *value > 0.0 && *value < 1.0));
    let first = Field::new(&encoder, &mask, &siren).unwrap();
    let logit = |y: &f32| (y / (1.0 - y)).ln();
    let logits: Vec<f32> = outputs.iter().map(logit).collect();
    assert!(close(&logits, &first.predict(&samples().0).unwrap(), 1e-4));
    let relu = NetworkParams::default().activation_parameter(2.0);
    assert!(Field::new(&encoder, &mask, &relu).is_err());
}

#[test]
fn bandwidths_are_proposed() {
    let x: Vec<f32> = (0..65).map(|i| i as f32 / 32.0 - 1.0).collect();
    let y: Vec<f32> = x.iter().map(|x| (6.0 * std::f32::consts::PI * x).sin()).collect();
    let proposed = propose_bandwidth(1, &x, Some(&y)).unwrap();
    assert!((proposed.nyquist - 16.25).abs() < 1e-4 && proposed.c_max == proposed.nyquist / 2.0);
    assert!((proposed.signal_frequency - 3.0).abs() < 0.1, "{proposed:?}");
    assert!((proposed.std - 0.65 * proposed.signal_frequency).abs() < 1e-6);
    assert_eq!(propose_bandwidth(1, &x, None).unwrap().signal_frequency, 0.0);
    assert_eq!(status(propose_bandwidth(1, &x, Some(&y[1..]))), Status::Shape);
    assert_eq!(status(propose_bandwidth(1, &[], Some(&[]))), Status::Shape);
    assert_eq!(status(propose_bandwidth(1, &[0.0], None)), Status::Argument);
}

#[test]
fn statistics_of_windows() {
    let values = [1.0, 0.0, 2.0, 0.0, 6.0, 3.0]; // two channels
    let (mean, variance) = window_statistics(&[3], &values, &[3], Boundary::Zero).unwrap();
    assert!(close(&mean, &[1.0, 0.0, 3.0, 1.0, 8.0 / 3.0, 1.0], 1e-6));
    assert!(close(&variance[2..4], &[14.0 / 3.0, 2.0], 1e-6));
    for (size, window) in [(&[3][..], &[3, 3][..]), (&[4], &[3]), (&[], &[]), (&[1; 4], &[1; 4])] {
        assert_eq!(
            status(window_statistics(size, &values, window, Boundary::Zero)),
            Status::Shape
        );
    }
    assert_eq!(
        status(window_statistics(&[3], &values, &[0], Boundary::Zero)),
        Status::Argument
    );
}

#[test]
fn waves_are_filtered() {
    let wave = |halves: f32| move |i: usize| (std::f32::consts::PI * halves * (i as f32 + 0.5) / 32.0).cos();
    let (slow, fast): (Vec<f32>, Vec<f32>) = (0..32).map(|i| (wave(4.0)(i), wave(12.0)(i))).unzip(); // 2, 6 cycles
    let both: Vec<f32> = slow.iter().zip(&fast).map(|(slow, fast)| slow + fast).collect();
    let filter = Filter::default();
    assert!(close(
        &low_pass(&[32], &both, &[5.0; 32], &filter).unwrap(),
        &slow,
        1e-5
    ));
    let gentle = Filter { width: 4.0, ..filter };
    let expected: Vec<f32> = slow.iter().zip(&fast).map(|(slow, fast)| slow + 0.75 * fast).collect();
    assert!(close(
        &low_pass(&[32], &both, &[5.0; 32], &gentle).unwrap(),
        &expected,
        1e-5
    ));
    assert_eq!(status(low_pass(&[4, 8], &both, &[5.0; 31], &filter)), Status::Shape);
    assert_eq!(
        status(low_pass(&[usize::MAX, 2], &both, &[5.0; 32], &filter)),
        Status::Shape
    );
}

#[test]
fn grids_are_trained_with_the_network() {
    let encoder = EncoderParams::default()
        .kind(Encoding::Grid)
        .num_levels(3)
        .growth(2.0)
        .interpolation(Interpolation::Smooth);
    let network = NetworkParams::default().hidden_dim(16).num_layers(1).output_dim(1);
    let mut field = Field::new(&encoder, &MaskParams::default().policy(Policy::None), &network).unwrap();
    let tables = 2 * (9 * 9 + 17 * 17 + 33 * 33);
    assert_eq!(field.encoder().num_parameters(), tables);
    assert_eq!(field.num_parameters(), field.network().num_parameters() + tables);
    let x: Vec<f32> = (0..200).map(|i| ((i * 37) % 101) as f32 / 50.0 - 1.0).collect();
    let params = OptimizerParams::default().learning_rate(1e-2).encoder_rate_factor(2.0);
    let mut optimizer = Optimizer::new(&params, field.num_parameters()).unwrap();
    let mut losses = Vec::new();
    for _ in 0..60 {
        let outputs = field.predict(&x).unwrap();
        let difference: Vec<f32> = outputs
            .iter()
            .enumerate()
            .map(|(i, y)| y - (5.0 * x[2 * i]).sin())
            .collect();
        losses.push(difference.iter().map(|e| e * e).sum::<f32>());
        let gradient = field.backward(&x, &difference).unwrap();
        assert_eq!(gradient.len(), field.num_parameters());
        field.update(&mut optimizer, &gradient).unwrap();
    }
    assert!(losses[59] < 0.1 * losses[0], "{losses:?}");
    let gradient = field.encoder().backward_parameters(&x, &vec![1.0; 600]).unwrap();
    assert!((gradient.iter().sum::<f32>() - 600.0).abs() < 0.1);
}
