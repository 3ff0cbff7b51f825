// SPDX-License-Identifier: MIT
//! Parameters of handles.

use crate::error::{expect, rows};
use crate::Error;

c_enum! {
    /// The kinds of encoding.
    Encoding, sape_encoding_name {
        /// x itself.
        Identity = SAPE_ENCODING_IDENTITY,
        /// Sines and cosines of random frequencies.
        Fourier = SAPE_ENCODING_FOURIER,
        /// Sines and cosines of powers of two.
        Positional = SAPE_ENCODING_POSITIONAL,
        /// Radial basis functions.
        Rbf = SAPE_ENCODING_RBF,
        /// Radial basis functions repeated over the domain.
        PeriodicRbf = SAPE_ENCODING_PERIODIC_RBF,
        /// Multiresolution grids, whose features are trained.
        Grid = SAPE_ENCODING_GRID,
    }
}

c_enum! {
    /// How [`Encoding::Grid`] interpolates between corners.
    Interpolation, sape_interpolation_name {
        /// Linearly.
        Linear = SAPE_INTERPOLATION_LINEAR,
        /// Smoothly, with continuous derivatives.
        Smooth = SAPE_INTERPOLATION_SMOOTH,
    }
}

c_enum! {
    /// How an encoder draws its random parameters.
    Draw, sape_draw_name {
        /// Independently.
        Random = SAPE_DRAW_RANDOM,
        /// Spread evenly, so that fits depend less on the seed.
        Stratified = SAPE_DRAW_STRATIFIED,
    }
}

c_enum! {
    /// How a mask reveals features.
    Policy, sape_policy_name {
        /// Everything is revealed from the start.
        None = SAPE_POLICY_NONE,
        /// Block by block, everywhere at once.
        Global = SAPE_POLICY_GLOBAL,
        /// Block by block, where the loss is still high.
        Spatial = SAPE_POLICY_SPATIAL,
        /// Like spatial, with a row for every sample.
        SpatialFixed = SAPE_POLICY_SPATIAL_FIXED,
        /// A low-pass filter whose cut-off rises, and is higher where the signal varies more; see [`CutoffParams`].
        Variance = SAPE_POLICY_VARIANCE,
    }
}

c_enum! {
    /// The built-in losses. For your own, see [`Trainer::with_loss`](crate::Trainer::with_loss).
    Loss, sape_loss_name {
        /// Squared error.
        Mse = SAPE_LOSS_MSE,
        /// Binary cross-entropy of logits.
        Bce = SAPE_LOSS_BCE,
        /// The distance between two sets of points: the outputs, and
        /// [`target points`](crate::Trainer::set_target_points).
        Chamfer = SAPE_LOSS_CHAMFER,
        /// Absolute error.
        L1 = SAPE_LOSS_L1,
        /// Squared error up to huber_delta, then absolute error.
        Huber = SAPE_LOSS_HUBER,
        /// Squared error relative to the squared output.
        RelativeL2 = SAPE_LOSS_RELATIVE_L2,
    }
}

c_enum! {
    /// What a field is to learn; see [`SettingsQuery`](crate::SettingsQuery).
    Task, sape_task_name {
        /// Values at places: the squared error.
        Regression = SAPE_TASK_REGRESSION,
        /// What is inside and what is outside: the cross-entropy of logits.
        Occupancy = SAPE_TASK_OCCUPANCY,
        /// A curve through points: the Chamfer distance.
        Curve = SAPE_TASK_CURVE,
    }
}

c_enum! {
    /// The kinds of optimizer.
    OptimizerKind, sape_optimizer_kind_name {
        /// Adam.
        Adam = SAPE_OPTIMIZER_ADAM,
        /// Stochastic gradient descent with momentum.
        Sgd = SAPE_OPTIMIZER_SGD,
    }
}

c_enum! {
    /// How the learning rate falls.
    Schedule, sape_schedule_name {
        /// Not at all.
        Constant = SAPE_SCHEDULE_CONSTANT,
        /// By a factor per step.
        Exponential = SAPE_SCHEDULE_EXPONENTIAL,
        /// Along half a cosine.
        Cosine = SAPE_SCHEDULE_COSINE,
    }
}

c_enum! {
    /// Why a run ended.
    Stop, sape_stop_name {
        /// All iterations were done.
        Iterations = SAPE_STOP_ITERATIONS,
        /// The progress closure stopped it.
        Callback = SAPE_STOP_CALLBACK,
        /// The loss was at or below the tolerance.
        Tolerance = SAPE_STOP_TOLERANCE,
        /// The loss has not improved for patience iterations.
        Plateau = SAPE_STOP_PLATEAU,
        /// The held-out loss has had no new minimum for validation_patience iterations.
        Validation = SAPE_STOP_VALIDATION,
        /// The sampler ended it.
        Sampler = SAPE_STOP_SAMPLER,
    }
}

c_enum! {
    /// How a signal a b c d continues beyond its border.
    Boundary, sape_boundary_name {
        /// Its last value: a a [a b c d] d d.
        Replicate = SAPE_BOUNDARY_REPLICATE,
        /// Its mirror image: b a [a b c d] d c.
        Reflect = SAPE_BOUNDARY_REFLECT,
        /// Zero.
        Zero = SAPE_BOUNDARY_ZERO,
        /// Repeated: c d [a b c d] a b.
        Periodic = SAPE_BOUNDARY_PERIODIC,
    }
}

c_enum! {
    /// How a low-pass filter falls from 1 to 0.
    FilterShape, sape_filter_shape_name {
        /// Linearly.
        Linear = SAPE_FILTER_LINEAR,
        /// As half a period of a cosine.
        Cosine = SAPE_FILTER_COSINE,
    }
}

c_enum! {
    /// The instruction set to compute with.
    InstructionSet, sape_instruction_set_name {
        /// What the environment variable `SAPE_BACKEND` says, otherwise the widest available.
        Auto = SAPE_INSTRUCTIONS_AUTO,
        /// Instructions that every processor of the architecture has.
        Baseline = SAPE_INSTRUCTIONS_BASELINE,
        /// AVX2 and FMA.
        Avx2 = SAPE_INSTRUCTIONS_AVX2,
        /// AVX-512.
        Avx512 = SAPE_INSTRUCTIONS_AVX512,
        /// NEON.
        Neon = SAPE_INSTRUCTIONS_NEON,
    }
}

c_enum! {
    /// The backend of matrix products.
    Product, sape_product_backend_name {
        /// What the environment variable `SAPE_BACKEND` says, otherwise the library itself.
        Auto = SAPE_PRODUCT_AUTO,
        /// The library itself.
        Packed = SAPE_PRODUCT_PACKED,
        /// The BLAS that the library is linked with.
        Cblas = SAPE_PRODUCT_CBLAS,
    }
}

c_enum! {
    /// The precision of matrix products. What the processor cannot do itself is emulated, slowly.
    Precision, sape_precision_name {
        /// What the environment variable `SAPE_BACKEND` says, otherwise single precision.
        Auto = SAPE_PRECISION_AUTO,
        /// Single precision.
        Fp32 = SAPE_PRECISION_FP32,
        /// Three products in bfloat16, nearly single precision.
        Bf16x3 = SAPE_PRECISION_BF16X3,
        /// Operands in bfloat16, sums in single precision.
        Bf16 = SAPE_PRECISION_BF16,
    }
}

c_enum! {
    /// The function at the end of every hidden layer; a is [`NetworkParams::activation_parameter`].
    Activation, sape_activation_name {
        /// max(0, z).
        Relu = SAPE_ACTIVATION_RELU,
        /// z above 0, 0.01 z below.
        LeakyRelu = SAPE_ACTIVATION_LEAKY_RELU,
        /// sin(a z), in networks that start as SIREN's do.
        Sine = SAPE_ACTIVATION_SINE,
        /// log(1 + exp(a z)) / a.
        Softplus = SAPE_ACTIVATION_SOFTPLUS,
        /// z times the normal distribution function at z.
        Gelu = SAPE_ACTIVATION_GELU,
        /// z / (1 + exp(-z)).
        Silu = SAPE_ACTIVATION_SILU,
        /// The hyperbolic tangent.
        Tanh = SAPE_ACTIVATION_TANH,
        /// exp(-(a z)^2).
        Gaussian = SAPE_ACTIVATION_GAUSSIAN,
    }
}

c_enum! {
    /// The function at the end of the last layer.
    OutputActivation, sape_output_activation_name {
        /// z itself.
        None = SAPE_OUTPUT_ACTIVATION_NONE,
        /// 1 / (1 + exp(-z)).
        Sigmoid = SAPE_OUTPUT_ACTIVATION_SIGMOID,
        /// The hyperbolic tangent.
        Tanh = SAPE_OUTPUT_ACTIVATION_TANH,
        /// log(1 + exp(z)).
        Softplus = SAPE_OUTPUT_ACTIVATION_SOFTPLUS,
        /// exp(z).
        Exp = SAPE_OUTPUT_ACTIVATION_EXP,
    }
}

params! {
    /// Parameters of an encoder.
    EncoderParams, sape_encoder_params, sape_encoder_params_init, [] {
        /// The kind; Fourier by default.
        kind: Encoding,
        /// Whether x itself precedes the encoding; off by default. Fields with a progressive policy turn it on.
        include_identity: bool,
        /// Dimension d of the coordinates, 1 to 3; 2 by default.
        domain_dim: usize,
        /// Number of frequencies; 256 by default.
        num_frequencies: usize,
        /// Spread of the random frequencies, in cycles per unit of x; 20 by default.
        std: f64,
        /// Seed of the random parameters.
        seed: u64,
        /// The instruction set to compute with.
        instructions: InstructionSet,
        /// How the random parameters are drawn; independently by default.
        draw: Draw,
        /// Grid: number of levels; 12 by default.
        num_levels: usize,
        /// Grid: features of a level, 1, 2, 4 or 8; 2 by default.
        features_per_level: usize,
        /// Grid: cells along an axis of the coarsest level; 8 by default.
        base_resolution: usize,
        /// Grid: factor from level to level; 1.37 by default.
        growth: f64,
        /// Grid: cells along an axis of the finest level, in place of growth; 0, the default, for that.
        finest_resolution: usize,
        /// Grid: a level's table has at most 2 to this power rows; 17 by default.
        log2_table_size: usize,
        /// Grid: the interpolation between corners; linear by default.
        interpolation: Interpolation,
    }
}

params! {
    /// The constants of [`Policy::Variance`]. A cell's cut-off in cycles per unit of x is
    /// `c_min + (c_max - c_min) (L(p) + beta sigma^gamma)`, clamped. L is a logistic function of the schedule's
    /// progress p, sigma the signal's variance around the cell.
    CutoffParams, sape_cutoff_params, sape_cutoff_params_init, [] {
        /// The lowest cut-off; 0 by default.
        c_min: f64,
        /// The highest cut-off; 0 (the default) chooses it automatically.
        c_max: f64,
        /// Weight of the variance; 0.2 by default.
        beta: f64,
        /// Exponent of the variance; 0.5 by default.
        gamma: f64,
        /// Steepness of the logistic function; 8 by default.
        steepness: f64,
        /// Its midpoint; 0.5 by default.
        midpoint: f64,
        /// Whether the logistic function is rescaled to run from 0 to 1; on by default.
        rescale: bool,
        /// How the signal continues beyond the border; its last value by default.
        boundary: Boundary,
        /// Iterations before the cut-off begins to rise; none by default.
        start_iteration: usize,
        /// The end of the schedule as a share of the mask's iterations; 0.5 by default.
        end_share: f64,
        /// Cells per axis of the variance's window; 0 (the default) chooses by the grid.
        window: usize,
        /// Width of the filter's fall, in cycles per unit of x; 1 by default.
        width: f64,
        /// The shape of the fall; linear by default.
        shape: FilterShape,
    }
}

impl CutoffParams {
    /// The constants of the published formula.
    pub fn published() -> CutoffParams {
        let mut params = CutoffParams::default();
        // SAFETY: the size is that of the struct.
        unsafe { sape_sys::sape_cutoff_params_init_published(&mut params.raw, std::mem::size_of_val(&params.raw)) };
        params
    }
}

params! {
    /// Parameters of a mask.
    MaskParams, sape_mask_params, sape_mask_params_init, [
        /// [`Policy::SpatialFixed`]: the samples (n, d).
        samples: Vec<f32>,
        /// [`Policy::Variance`]: its constants.
        cutoff: CutoffParams,
        /// [`Policy::Variance`]: the frequencies (E) of the features, see
        /// [`EncoderRef::frequencies`](crate::EncoderRef::frequencies). A field sets them.
        frequencies: Vec<f64>
    ] {
        /// The policy; spatial by default.
        policy: Policy,
        /// Spatial: whether a block's weight grows over the first half of its time, as under global; off by default.
        gradual: bool,
        /// Dimension d of the coordinates, 1 to 3; 2 by default. A field sets it.
        domain_dim: usize,
        /// Number E of features. A field sets it.
        encoding_dim: usize,
        /// Dimension of the grid; 0 (the default) for d.
        mask_dim: usize,
        /// Grid cells per axis, 3 to 4096; 64 by default.
        resolution: usize,
        /// Number of blocks; 0 (the default) for blocks of d features.
        num_blocks: usize,
        /// Length of training in iterations, which sets the pace; 1000 by default.
        num_iterations: usize,
        /// Iterations from one block to the next; 0 (the default) for the paper's.
        block_iterations: usize,
        /// The loss that is good enough; 1e-3 by default.
        epsilon: f64,
    }
}

impl MaskParams {
    /// The struct for the library, with coordinates of that length; it points into these parameters.
    pub(crate) fn complete(&self, domain_dim: usize) -> Result<sape_sys::sape_mask_params, Error> {
        let mut raw = self.raw;
        raw.domain_dim = domain_dim;
        if !self.samples.is_empty() {
            raw.num_samples = rows("samples", self.samples.len(), domain_dim)?;
            raw.samples = self.samples.as_ptr();
        }
        if !self.frequencies.is_empty() {
            expect("frequencies", self.frequencies.len(), raw.encoding_dim)?;
            raw.frequencies = self.frequencies.as_ptr();
        }
        raw.cutoff = &self.cutoff.raw;
        Ok(raw)
    }
}

params! {
    /// Parameters of a network.
    NetworkParams, sape_network_params, sape_network_params_init, [] {
        /// Number of inputs. A field sets it.
        input_dim: usize,
        /// Number of outputs; 3 by default.
        output_dim: usize,
        /// Width of the hidden layers; 256 by default.
        hidden_dim: usize,
        /// Number of hidden layers; 3 by default.
        num_layers: usize,
        /// Seed of the initial parameters.
        seed: u64,
        /// The instruction set to compute with.
        instructions: InstructionSet,
        /// The backend of matrix products.
        product: Product,
        /// The precision of matrix products.
        precision: Precision,
        /// The function at the end of the hidden layers; ReLU by default.
        activation: Activation,
        /// The function at the end of the last layer; none by default.
        output_activation: OutputActivation,
        /// The parameter of sine, softplus and gaussian; 0, the default, is the activation's own: 30, 1, 1.
        activation_parameter: f64,
    }
}

params! {
    /// Parameters of an optimizer.
    OptimizerParams, sape_optimizer_params, sape_optimizer_params_init, [] {
        /// The kind; Adam by default.
        kind: OptimizerKind,
        /// The schedule; constant by default.
        schedule: Schedule,
        /// Learning rate; 1e-3 by default.
        learning_rate: f64,
        /// Adam: decay of the first moment; 0.9 by default.
        beta1: f64,
        /// Adam: decay of the second moment; 0.999 by default.
        beta2: f64,
        /// Adam: added to the root of the second moment; 1e-8 by default.
        epsilon: f64,
        /// SGD: momentum; 0.9 by default.
        momentum: f64,
        /// Decoupled weight decay; none by default.
        weight_decay: f64,
        /// Exponential: the factor per step; 1 by default.
        decay_rate: f64,
        /// Cosine: the final factor; 0 by default.
        final_factor: f64,
        /// Cosine: length in steps; 1000 by default.
        decay_iterations: u64,
        /// Steps of linear warm-up; none by default.
        warmup_iterations: u64,
        /// The largest norm of the gradient; 0 (the default) for any.
        clip_norm: f64,
        /// Factor on the learning rate for the tables of [`Encoding::Grid`]; 1 by default.
        encoder_rate_factor: f64,
        /// Weight decay of these tables; none by default.
        encoder_weight_decay: f64,
    }
}

params! {
    /// The locally adaptive learning rate. A sample's share of the gradient is multiplied by
    /// `alpha_min + (alpha_max - alpha_min) (sigma^gamma + eta g^delta)`, at most alpha_max. sigma is the variance of
    /// targets around it, g the norms of gradients.
    AdaptiveRateParams, sape_adaptive_rate_params, sape_adaptive_rate_params_init, [] {
        /// The rate where targets and fit are calm; 0.5 by default.
        alpha_min: f64,
        /// The largest rate; 1 by default.
        alpha_max: f64,
        /// Exponent of sigma; 0.5 by default.
        gamma: f64,
        /// Weight of the gradient; 0.5 by default.
        eta: f64,
        /// Exponent of the gradient; 1 by default.
        delta: f64,
        /// Cells per axis of a grid, used where the mask has none; 64 by default.
        resolution: usize,
    }
}

params! {
    /// Parameters of a trainer.
    TrainerParams, sape_trainer_params, sape_trainer_params_init, [] {
        /// The loss; squared error by default.
        loss: Loss,
        /// Samples per iteration; 0 (the default) for all.
        batch_size: usize,
        /// Threads; 0 (the default) for one per processor. The result does not depend on it.
        num_threads: usize,
        /// Seed of the samples' order.
        seed: u64,
        /// Iterations between progress reports; 1 by default.
        progress_every: u64,
        /// A run ends when an epoch's loss is at or below this; 0 (the default) disables this.
        tolerance: f64,
        /// A run ends when no epoch has improved the loss for this many iterations; 0 (the default) disables this.
        patience: u64,
        /// The smallest improvement that counts, as a share of the loss; 1e-3 by default.
        min_improvement: f64,
        /// The share of the samples held out, 0 (the default) to 0.9.
        validation_share: f64,
        /// Iterations between evaluations of the held-out loss; 20 by default.
        validation_every: u64,
        /// A run ends after this many iterations without a lower held-out loss; 0 (the default) disables this.
        validation_patience: u64,
        /// The trainer keeps the last state at most this many standard errors above the lowest loss; 1 by default.
        validation_margin: f64,
        /// Up to which error [`Loss::Huber`] is squared; 1 by default.
        huber_delta: f64,
        /// Decay of the averaged parameters, see [`Trainer::average`](crate::Trainer::average); 0 (the default) for none.
        average_decay: f64,
        /// Batches of an iteration; 1 by default.
        accumulate: usize,
        /// The learning rate is reduced after this many iterations without improvement; 0 (the default) for never.
        plateau_patience: u64,
        /// The factor of such a reduction; 0.5 by default.
        plateau_factor: f64,
        /// Entries of the history of losses, an even number; 0 (the default) for none.
        history: usize,
    }
}
