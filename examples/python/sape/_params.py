# SPDX-License-Identifier: MIT
"""Parameters of handles, and what handles report."""
from __future__ import annotations

import ctypes
import enum
import operator
from dataclasses import dataclass, fields, replace
from typing import Any, Callable, ClassVar, NamedTuple, Optional, Protocol, Tuple, Type, TypeVar, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._abi import STRUCTS, count, initialised
from ._arrays import Floats, rows
from ._errors import ArgumentError, ShapeError, Status


class Encoding(enum.IntEnum):
    """The kinds of encoding."""

    IDENTITY = 0
    FOURIER = 1
    POSITIONAL = 2
    RBF = 3
    PERIODIC_RBF = 4
    GRID = 5


class Interpolation(enum.IntEnum):
    """How Encoding.GRID interpolates between corners: linearly, or smoothly, with continuous derivatives."""

    LINEAR = 0
    SMOOTH = 1


class Draw(enum.IntEnum):
    """How an encoder draws its random parameters: independently (RANDOM), or spread evenly (STRATIFIED)."""

    RANDOM = 0
    STRATIFIED = 1


class Policy(enum.IntEnum):
    """How a mask reveals features."""

    NONE = 0
    GLOBAL = 1
    SPATIAL = 2
    SPATIAL_FIXED = 3
    VARIANCE = 4


class Loss(enum.IntEnum):
    """The built-in losses. Instead of CUSTOM, give your own function (see `LossFunction`). CUSTOM_JACOBIAN uses the
    function of `Trainer.set_jacobian_loss()`."""

    MSE = 0
    BCE = 1
    CUSTOM = 2
    CHAMFER = 3
    CUSTOM_JACOBIAN = 4
    L1 = 5
    HUBER = 6
    RELATIVE_L2 = 7


class Task(enum.IntEnum):
    """What a field is to learn: values (MSE), what is inside and outside (BCE), or a curve through points (CHAMFER)."""

    REGRESSION = 0
    OCCUPANCY = 1
    CURVE = 2


class OptimizerKind(enum.IntEnum):
    """The kinds of optimizer."""

    ADAM = 0
    SGD = 1


class Schedule(enum.IntEnum):
    """How the learning rate falls."""

    CONSTANT = 0
    EXPONENTIAL = 1
    COSINE = 2


class Stop(enum.IntEnum):
    """Why a run ended."""

    ITERATIONS = 0
    CALLBACK = 1
    TOLERANCE = 2
    PLATEAU = 3
    VALIDATION = 4
    SAMPLER = 5


class Boundary(enum.IntEnum):
    """How a signal a b c d continues: a a [a b c d] d d; b a [a b c d] d c; zeros; c d [a b c d] a b."""

    REPLICATE = 0
    REFLECT = 1
    ZERO = 2
    PERIODIC = 3


class FilterShape(enum.IntEnum):
    """How a low-pass filter falls from 1 to 0: linearly, or as half a period of a cosine."""

    LINEAR = 0
    COSINE = 1


class InstructionSet(enum.IntEnum):
    """The instruction set to compute with. AUTO: what SAPE_BACKEND says, otherwise the widest available."""

    AUTO = 0
    BASELINE = 1
    AVX2 = 2
    AVX512 = 3
    NEON = 4


class Product(enum.IntEnum):
    """The backend of matrix products: the library itself (PACKED) or a BLAS. AUTO: what SAPE_BACKEND says, otherwise
    PACKED."""

    AUTO = 0
    PACKED = 1
    CBLAS = 2


class Precision(enum.IntEnum):
    """The precision of matrix products: FP32, BF16X3 (three products in bfloat16, nearly single precision) or BF16.
    AUTO: what SAPE_BACKEND says, otherwise FP32. What the processor cannot do itself is emulated, slowly; see
    `Description.precision_code`."""

    AUTO = 0
    FP32 = 1
    BF16X3 = 2
    BF16 = 3


class Activation(enum.IntEnum):
    """The function at the end of every hidden layer. SINE, SOFTPLUS and GAUSSIAN have a parameter. With SINE, networks
    start as SIREN's do."""

    RELU = 0
    LEAKY_RELU = 1
    SINE = 2
    SOFTPLUS = 3
    GELU = 4
    SILU = 5
    TANH = 6
    GAUSSIAN = 7


class OutputActivation(enum.IntEnum):
    """The function at the end of the last layer."""

    NONE = 0
    SIGMOID = 1
    TANH = 2
    SOFTPLUS = 3
    EXP = 4


_Choice = TypeVar("_Choice", bound=enum.IntEnum)


def choice(name: str, kind: Type[_Choice], value: object) -> _Choice:
    """The member of an enum for a parameter that is a member or its number."""
    if isinstance(value, kind):
        return value
    if not isinstance(value, (enum.Enum, bool)):
        try:
            return kind(operator.index(value))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            pass
    choices = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
    raise ArgumentError(Status.ARGUMENT, f"{name} is {value!r}, must be one of {choices}")


_Params = TypeVar("_Params", bound="Params")


class Params:
    _struct_name: ClassVar[str]

    def __setattr__(self, name: str, value: object) -> None:
        default = getattr(type(self), name, None)
        super().__setattr__(name, choice(name, type(default), value) if isinstance(default, enum.IntEnum) else value)

    def _struct(self) -> Any:
        """The C struct: the library's defaults, overwritten by this object's members."""
        struct = initialised(self._struct_name)
        types: dict[str, Any] = dict(STRUCTS[self._struct_name].__dict__["_fields_"])
        for member in fields(self):
            value = getattr(self, member.name)
            if types[member.name] is ctypes.c_double:
                setattr(struct, member.name, float(value))
            elif types[member.name] is not ctypes.c_void_p:
                setattr(struct, member.name, count(member.name, value))
        return struct

    def _pointer(self) -> Any:
        return ctypes.byref(self._struct())

    @classmethod
    def _read(cls: Type[_Params], struct: Any) -> _Params:
        """What a C struct says; pointers stay at their defaults."""
        types: dict[str, Any] = dict(STRUCTS[cls._struct_name].__dict__["_fields_"])
        known = (member.name for member in fields(cls) if types[member.name] is not ctypes.c_void_p)
        return cls(**{name: getattr(struct, name) for name in known})


@dataclass
class EncoderParams(Params):
    """Parameters of an encoder.

    kind: the kind of encoding. Default Encoding.FOURIER.
    include_identity: whether x itself precedes the encoding. A field with a progressive policy turns it on. Default
        False.
    domain_dim: dimension d of the coordinates, 1 to 3. Default 2.
    num_frequencies: number of frequencies, 1 to 16384; Encoding.POSITIONAL: 1 to 100. Not for IDENTITY and GRID.
        Default 256.
    std: spread of the random frequencies or bandwidths, in cycles per unit of x, 1e-6 to 1e6. More fits finer detail,
        and overfits sooner. For FOURIER, RBF and PERIODIC_RBF. Default 20.0.
    seed: seed of the random draw. Default 0.
    instructions: the instruction set to compute with. Default InstructionSet.AUTO.
    draw: how the random parameters are drawn. Default Draw.RANDOM.
    num_levels: Encoding.GRID: number of levels, 1 to 32. Default 12.
    features_per_level: Encoding.GRID: features of a level: 1, 2, 4 or 8. Default 2.
    base_resolution: Encoding.GRID: cells along an axis of the coarsest level, 1 to 16777216. Default 8.
    growth: Encoding.GRID: factor from a level's resolution to the next one's, at least 1. Default 1.37.
    finest_resolution: Encoding.GRID: cells along an axis of the finest level, 0 to 16777216, at least base_resolution
        if not 0. Default 0, which takes growth.
    log2_table_size: Encoding.GRID: logarithm of the most rows that a level's table may have, 1 to 24. Default 17.
    interpolation: Encoding.GRID: how it interpolates between corners. Default Interpolation.LINEAR.
    """

    _struct_name = "encoder_params"
    kind: Encoding = Encoding.FOURIER
    include_identity: bool = False
    domain_dim: int = 2
    num_frequencies: int = 256
    std: float = 20.0
    seed: int = 0
    instructions: InstructionSet = InstructionSet.AUTO
    draw: Draw = Draw.RANDOM
    num_levels: int = 12
    features_per_level: int = 2
    base_resolution: int = 8
    growth: float = 1.37
    finest_resolution: int = 0
    log2_table_size: int = 17
    interpolation: Interpolation = Interpolation.LINEAR


@dataclass
class CutoffParams(Params):
    """The constants of Policy.VARIANCE.

    A cell's cut-off frequency is c_min + (c_max - c_min) (L(p) + beta sigma**gamma), clamped to c_min and c_max. L is a
    logistic function of the schedule's progress p, and sigma the signal's variance around the cell as a share of the
    largest. Frequencies are in cycles per unit of x. `published()` has other defaults.

    c_min: the lowest cut-off, 0 to 1e30, at most c_max. Default 0.0.
    c_max: the highest cut-off, 0 to 1e30. Default 0.0, which has the library choose it.
    beta: weight of the variance, 0 to 1e30. Default 0.2.
    gamma: exponent of the variance, 0 to 1e30. Default 0.5.
    steepness: steepness of L, 1e-6 to 1e6. Default 8.0.
    midpoint: where L is halfway, -1e6 to 1e6. Default 0.5.
    rescale: whether L is rescaled to run from 0 to 1. Default True.
    boundary: how the signal continues beyond the border. Default Boundary.REPLICATE.
    start_iteration: iterations before the cut-off rises, at least 0, less than those of the schedule. Default 0.
    end_share: end of the schedule as a share of the mask's iterations, 1e-12 to 1. Default 0.5.
    window: the variance's window in cells per axis, 0 to 1000000. Default 0, which takes 3 in small grids and 5
        in others.
    width: width of the filter's fall, 0 (an ideal filter) to 1e30. Default 1.0.
    shape: how the filter falls. Default FilterShape.LINEAR.
    """

    _struct_name = "cutoff_params"
    c_min: float = 0.0
    c_max: float = 0.0
    beta: float = 0.2
    gamma: float = 0.5
    steepness: float = 8.0
    midpoint: float = 0.5
    rescale: bool = True
    boundary: Boundary = Boundary.REPLICATE
    start_iteration: int = 0
    end_share: float = 0.5
    window: int = 0
    width: float = 1.0
    shape: FilterShape = FilterShape.LINEAR

    @classmethod
    def published(cls) -> CutoffParams:
        """The constants of the published formula; `dataclasses.replace()` changes some of them."""
        struct = initialised(cls._struct_name, "init_published")
        defaults = cls()
        kinds = {member.name: type(getattr(defaults, member.name)) for member in fields(cls)}
        return cls(**{name: kind(getattr(struct, name)) for name, kind in kinds.items()})


@dataclass
class MaskParams(Params):
    """Parameters of a mask.

    policy: how features are revealed. Default Policy.SPATIAL.
    gradual: Policy.SPATIAL: whether a block's weight grows over the first half of its time, as under Policy.GLOBAL.
        Default False, for a jump at the end of it.
    domain_dim: dimension d of the coordinates, 1 to 3. A field sets it. Default 2.
    encoding_dim: number E of features, at least 1. A field sets it. Default 0, which only a field accepts.
    mask_dim: dimension of the grid, which covers the first coordinates, 0 to 3, at most d. Default 0, which takes d.
    resolution: Policy.SPATIAL, VARIANCE: cells per axis, 3 to 4096, at most 2**28 in all. Default 64.
    num_blocks: number of blocks, at least 0, at most E; some dozens suit short runs. Default 0, for blocks of d
        features.
    num_iterations: length of the training, which sets the pace, 1 to 10**12. Default 1000.
    block_iterations: iterations from one block to the next, 0 to 10**12. Default 0, which takes the paper's share of
        num_iterations.
    epsilon: the loss that is good enough at a location, at least 0. Default 0.001.
    samples: Policy.SPATIAL_FIXED: the coordinates (n, d) of the training samples, 2 to 2**28 of them, copied. In 2D
        they form a regular grid. Default None.
    cutoff: Policy.VARIANCE: its constants. Default None, for those of CutoffParams().
    frequencies: Policy.VARIANCE: the frequencies (E) of the features, as `Encoder.frequencies` lists them. A field sets
        them. Default None.
    """

    _struct_name = "mask_params"
    policy: Policy = Policy.SPATIAL
    gradual: bool = False
    domain_dim: int = 2
    encoding_dim: int = 0
    mask_dim: int = 0
    resolution: int = 64
    num_blocks: int = 0
    num_iterations: int = 1000
    block_iterations: int = 0
    epsilon: float = 1e-3
    samples: Optional[ArrayLike] = None
    cutoff: Optional[CutoffParams] = None
    frequencies: Optional[ArrayLike] = None

    def _struct(self) -> Any:
        struct = super()._struct()
        kept: list[object] = []
        struct.kept = kept  # what the struct points to
        if self.samples is not None:
            samples, _, num_samples = rows("samples", self.samples, self.domain_dim)
            struct.samples, struct.num_samples = samples.ctypes.data, num_samples
            kept.append(samples)
        if self.cutoff is not None:
            cutoff = self.cutoff._struct()
            struct.cutoff = ctypes.addressof(cutoff)
            kept.append(cutoff)
        if self.frequencies is not None:
            frequencies = np.ascontiguousarray(self.frequencies, np.float64)
            if frequencies.shape != (self.encoding_dim,):
                message = f"frequencies has shape {frequencies.shape}, must have ({self.encoding_dim},)"
                raise ShapeError(Status.SHAPE, message)
            struct.frequencies = frequencies.ctypes.data
            kept.append(frequencies)
        return struct


@dataclass
class NetworkParams(Params):
    """Parameters of a network.

    input_dim: number i of inputs, 1 to 65535. A field sets it. Default 0, which only a field accepts.
    output_dim: number o of outputs, 1 to 1024. Default 3.
    hidden_dim: units of a hidden layer, 1 to 8192. Default 256.
    num_layers: number of hidden layers, 1 to 64. Default 3.
    seed: seed of the initial parameters. Default 0.
    instructions: the instruction set to compute with. Default InstructionSet.AUTO.
    product: the backend of matrix products. Default Product.AUTO.
    precision: the precision of matrix products. Default Precision.AUTO.
    activation: the function at the end of the hidden layers. Default Activation.RELU.
    output_activation: the function at the end of the last layer. Default OutputActivation.NONE.
    activation_parameter: a in sin(a z) of SINE, log(1 + exp(a z)) / a of SOFTPLUS and exp(-(a z)**2) of GAUSSIAN, 1e-6
        to 1e6. Default 0.0, which takes 30, 1 and 1.
    """

    _struct_name = "network_params"
    input_dim: int = 0
    output_dim: int = 3
    hidden_dim: int = 256
    num_layers: int = 3
    seed: int = 0
    instructions: InstructionSet = InstructionSet.AUTO
    product: Product = Product.AUTO
    precision: Precision = Precision.AUTO
    activation: Activation = Activation.RELU
    output_activation: OutputActivation = OutputActivation.NONE
    activation_parameter: float = 0.0


@dataclass
class OptimizerParams(Params):
    """Parameters of an optimizer.

    kind: the kind of optimizer. Default OptimizerKind.ADAM.
    schedule: how the learning rate falls. Default Schedule.CONSTANT.
    learning_rate: the learning rate, at least 0. Default 0.001.
    beta1: Adam: decay of the first moment, in [0, 1). Default 0.9.
    beta2: Adam: decay of the second moment, in [0, 1). Default 0.999.
    epsilon: Adam: added to the root of the second moment, at least 1e-37. Default 1e-08.
    momentum: SGD: momentum, in [0, 1). Default 0.9.
    weight_decay: decoupled weight decay, at least 0. Default 0.0.
    decay_rate: Schedule.EXPONENTIAL: the factor of a step, greater than 0, at most 1. Default 1.0.
    final_factor: Schedule.COSINE: the factor at its end, 0 to 1. Default 0.0.
    decay_iterations: Schedule.COSINE: its length in steps, at least 1. Default 1000.
    warmup_iterations: steps of linear warm-up, at least 0. Default 0, for none.
    clip_norm: the largest norm of the gradient, at least 0; longer gradients are scaled. Default 0.0, for no limit.
    encoder_rate_factor: factor on the learning rate of the tables of Encoding.GRID, at least 0. Default 1.0.
    encoder_weight_decay: weight decay of these tables, instead of weight_decay, at least 0. Default 0.0.
    """

    _struct_name = "optimizer_params"
    kind: OptimizerKind = OptimizerKind.ADAM
    schedule: Schedule = Schedule.CONSTANT
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    momentum: float = 0.9
    weight_decay: float = 0.0
    decay_rate: float = 1.0
    final_factor: float = 0.0
    decay_iterations: int = 1000
    warmup_iterations: int = 0
    clip_norm: float = 0.0
    encoder_rate_factor: float = 1.0
    encoder_weight_decay: float = 0.0


class LossValue(NamedTuple):
    """A batch's loss, the losses of its samples (...), and the loss's gradient with respect to the outputs (..., o)."""

    loss: float
    sample_loss: Floats
    d_outputs: Floats


#: Your own loss: gets outputs (n, o), targets (n, o) or None, and coordinates (n, d); returns loss, sample_loss (n),
#: which drives the mask, and d_outputs (n, o). It may keep and change the arrays.
LossFunction = Callable[[Floats, Optional[Floats], Floats], Tuple[float, ArrayLike, ArrayLike]]


#: Your own loss on outputs (n, o) and their Jacobian (n, o, d): gets both, targets (n, o) or None, and coordinates
#: (n, d); returns loss, sample_loss (n), d_outputs (n, o) and d_jacobian (n, o, d).
JacobianLossFunction = Callable[
    [Floats, Floats, Optional[Floats], Floats], Tuple[float, ArrayLike, ArrayLike, ArrayLike]
]

#: Sums an array over all ranks in place, like `lambda values: comm.Allreduce(MPI.IN_PLACE, values)` with mpi4py. The
#: array, of float32 or float64, is the library's memory and valid only during the call.
ReduceFunction = Callable[[NDArray[Any]], object]


@dataclass
class AdaptiveRateParams(Params):
    """The locally adaptive learning rate.

    A sample's share of the gradient is multiplied by alpha_min + (alpha_max - alpha_min) (sigma**gamma + eta g**delta),
    at most alpha_max; sigma is the variance of targets around it, g the norms of gradients.

    alpha_min: the rate where targets and fit are calm, 0 to 1e6, at most alpha_max. Default 0.5.
    alpha_max: the largest rate, greater than 0, at most 1e6. Default 1.0.
    gamma: exponent of the variance, 0 to 100. Default 0.5.
    eta: weight of the gradient, 0 to 1e6. Default 0.5.
    delta: exponent of the gradient, 0 to 100. Default 1.0.
    resolution: cells per axis of their grid if the mask has none, 3 to 4096, at most 2**28 in all. Default 64.
    """

    _struct_name = "adaptive_rate_params"
    alpha_min: float = 0.5
    alpha_max: float = 1.0
    gamma: float = 0.5
    eta: float = 0.5
    delta: float = 1.0
    resolution: int = 64


@dataclass
class TrainerParams(Params):
    """Parameters of a trainer.

    An epoch's loss is the mean over its batches. With a `validation_share`, the trainer keeps the best state by the
    held-out loss, and a run leaves the field in it.

    loss: the loss, or a function of your own (see `LossFunction`). Default Loss.MSE.
    batch_size: samples of a batch, at least 0. Default 0, for all of them.
    num_threads: number of threads, 0 to 256. Default 0, for one per processor. Results do not depend on it.
    seed: seed of the samples' order and of those held out. Default 0.
    progress_every: iterations between progress reports and checks for Ctrl-C, at least 1. Default 1.
    tolerance: ends a run once an epoch's loss is this low, at least 0. Default 0.0, for never.
    patience: ends a run after this many iterations without improvement, at least 0. Default 0, for never.
    min_improvement: the relative improvement of an epoch's loss that counts, in [0, 1). Default 0.001.
    validation_share: share of the samples held out for validation, 0 to 0.9. Default 0.0, for none.
    validation_every: iterations between validations, at least 1. Default 20.
    validation_patience: ends a run after this many iterations without a new lowest held-out loss, at least 0. Default
        0, for never.
    validation_margin: standard errors by which the best state's held-out loss may exceed the lowest, at least 0. The
        last such state is kept. Default 1.0.
    huber_delta: delta of Loss.HUBER, greater than 0. Default 1.0.
    average_decay: decay of the averaged parameters (see `Trainer.average()`), in [0, 1). Default 0.0, for none.
    accumulate: batches whose gradients make one step, at least 1. Default 1.
    plateau_patience: multiplies the learning rate by plateau_factor after this many iterations without improvement, at
        least 0. Default 0, for never.
    plateau_factor: that factor, greater than 0, less than 1. Default 0.5.
    history: entries of losses to keep (see `Trainer.history`), an even number, 0 to 1048576. Default 0, for none.
    """

    _struct_name = "trainer_params"
    loss: Union[Loss, LossFunction] = Loss.MSE
    batch_size: int = 0
    num_threads: int = 0
    seed: int = 0
    progress_every: int = 1
    tolerance: float = 0.0
    patience: int = 0
    min_improvement: float = 1e-3
    validation_share: float = 0.0
    validation_every: int = 20
    validation_patience: int = 0
    validation_margin: float = 1.0
    huber_delta: float = 1.0
    average_decay: float = 0.0
    accumulate: int = 1
    plateau_patience: int = 0
    plateau_factor: float = 0.5
    history: int = 0

    def __setattr__(self, name: str, value: object) -> None:
        if name == "loss" and callable(value):
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def _struct_with(self, loss_fn: Any) -> Any:
        struct = replace(self, loss=Loss.CUSTOM)._struct() if loss_fn else self._struct()
        struct.loss_fn = ctypes.cast(loss_fn, ctypes.c_void_p)
        return struct


class MaskState(NamedTuple):
    """The state of a mask; `revealed` is the mean revealed share, 0 to 1."""

    iteration: int
    block_size: int
    block_iterations: int
    current_feature: int
    next_feature: int
    num_cells: int
    cells_in_progress: int
    revealed: float


class Progress(NamedTuple):
    """What a progress callback receives. `iteration` counts from 1 in each run; `loss` is the loss before the step. The
    losses of the held-out samples are NaN without validation; `best_iteration` counts from the trainer's first
    iteration."""

    iteration: int
    num_iterations: int
    loss: float
    revealed: float
    learning_rate: float
    seconds: float
    validation_loss: float
    best_validation_loss: float
    best_iteration: int


class Result(NamedTuple):
    """The result of a run: its iterations, the loss of the last one, its duration in seconds and why it ended."""

    iterations: int
    loss: float
    seconds: float
    stop: Stop
    validation_loss: float
    best_iteration: int


class History(NamedTuple):
    """The losses of a training run. An entry stands for as many iterations as are needed to keep few: its last
    iteration, the mean of their losses, and the latest held-out loss (NaN for none)."""

    iterations: NDArray[np.uint64]
    loss: NDArray[np.float64]
    validation_loss: NDArray[np.float64]


class Normalization(NamedTuple):
    """The centre and scale of a field's coordinates (d), and the mean and scale of its targets (o)."""

    center: NDArray[np.float64]
    scale: NDArray[np.float64]
    target_mean: NDArray[np.float64]
    target_scale: NDArray[np.float64]


class Bandwidth(NamedTuple):
    """Frequencies for samples, in cycles per unit of x: std for a Fourier encoding, the highest frequency worth
    revealing, the Nyquist frequency of the samples' mean distance, and the targets' root mean square frequency (0
    without targets)."""

    std: float
    c_max: float
    nyquist: float
    signal_frequency: float


class WindowStatistics(NamedTuple):
    """The mean and variance in the window around every cell, in the shape of the values."""

    mean: Floats
    variance: Floats


class Description(NamedTuple):
    """What the library computes with: version, instruction set, backend of matrix products, BLAS, threads of a call,
    precision of the products ("fp32", "bf16x3", "bf16"), and what computes them ("native fp32", "amx", "avx512_bf16",
    "emulated")."""

    version: str
    instructions: str
    product: str
    blas: str
    blas_kernel: str
    num_threads: int
    precision: str
    precision_code: str


#: Supplies the samples of an iteration: gets its number and the number n of samples; returns x (n, d) and targets
#: (n, o), or None for a loss without targets. It returns None alone to end the run.
SampleFunction = Callable[[int, int], Optional[Tuple[ArrayLike, Optional[ArrayLike]]]]

#: Observes a run. A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++,
#: Python and Rust. Truth is that of bool(). A function that has returned None only watches: later results do not
#: stop the run.
ProgressFunction = Callable[[Progress], object]


class ProgressBar(Protocol):
    """A bar such as tqdm's. `update(n)` advances it by n iterations; its result is ignored."""

    def update(self, n: int, /) -> object:
        """Advances the bar."""
        ...
