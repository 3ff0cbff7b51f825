# SPDX-License-Identifier: MIT
"""libsape from Python: neural fields with spatially-adaptive progressive encoding.

A `Field` is a function from coordinates to outputs, made of an `Encoder`, a `Mask` and a `Network`; a `Trainer` fits it
to samples. Every part can be used alone. What is computed, and every parameter's range, is said in libsape's headers.

Arrays: coordinates are (..., d), outputs (..., o), whatever stands for "...". C-contiguous float32 arrays are used where
they lie, without a copy; others are converted once. Results go to `out`, when given (a C-contiguous float32 array of the
right shape), or to a new array.

Errors: a failing call raises a subclass of `Error`, which also derives from the Python exception it resembles most.

Threads: the interpreter lock is released inside the library. Calls that only look at a handle may be made from several
threads at once. One that changes it (training changes the field) excludes all others from other threads; a call that
would break this rule raises `StateError`.

Lifetime: a handle is freed by `close()`, at the end of a `with`, or when it is no longer used. Parts of a field, and its
trainers, keep the field alive; closing the field closes them.
"""
from __future__ import annotations

import ctypes
import os
from dataclasses import replace
from functools import cached_property
from typing import Any, Mapping, Optional, Sequence, Tuple, Type, TypeVar, Union

import numpy as np
from numpy.typing import ArrayLike

from ._abi import LOSS_FN, PROGRESS_FN, SAMPLE_FN, call, count, create, new_struct, text, to_tuple
from ._arrays import Floats, floats, result, rows, shaped, view
from ._errors import (
    ArgumentError,
    CallbackError,
    DivergedError,
    Error,
    FileError,
    FormatError,
    NotFiniteError,
    NotFoundError,
    OutOfMemoryError,
    ShapeError,
    StateError,
    Status,
    ThreadError,
    UnsupportedError,
    VersionError,
)
from ._handle import Callbacks, Handle, Memory, Tensors
from ._params import (
    Description,
    EncoderParams,
    Encoding,
    Loss,
    LossFunction,
    LossValue,
    MaskParams,
    MaskState,
    NetworkParams,
    OptimizerKind,
    OptimizerParams,
    Policy,
    Progress,
    ProgressFunction,
    Result,
    SampleFunction,
    Schedule,
    Stop,
    TrainerParams,
)

__all__ = [
    "ArgumentError", "CallbackError", "Checkpoint", "Description", "DivergedError", "Encoder", "EncoderParams", "Encoding", "Error",
    "Field", "FileError", "Floats", "FormatError", "Loss", "LossFunction", "LossValue", "Mask", "MaskParams",
    "MaskState", "Network", "NetworkParams", "NotFiniteError", "NotFoundError", "Optimizer", "OptimizerKind",
    "OptimizerParams", "OutOfMemoryError", "Policy", "Progress", "ProgressFunction", "Result", "SampleFunction", "Schedule",
    "ShapeError", "StateError", "Status", "Stop", "StrPath", "Tensors", "ThreadError", "Trainer", "TrainerParams",
    "UnsupportedError", "VersionError", "describe", "evaluate_loss",
]

__version__ = text(call("version_string"))

StrPath = Union[str, "os.PathLike[str]"]


def describe() -> Description:
    """What handles made with defaults compute with."""
    struct = new_struct("description")
    call("describe", ctypes.byref(struct))
    values: dict[str, Any] = to_tuple(Description, struct)._asdict()
    return Description(**{name: text(value) if isinstance(value, bytes) else value for name, value in values.items()})


def evaluate_loss(kind: Loss, outputs: ArrayLike, targets: ArrayLike) -> LossValue:
    """MSE or BCE of outputs (n, o) against targets (n, o), with the losses of the samples and the gradient."""
    outputs = floats(outputs)
    if outputs.ndim != 2:
        raise ShapeError(Status.SHAPE, f"outputs has shape {outputs.shape}, must have (n, o)")
    targets = shaped("targets", targets, outputs.shape)
    sample_loss, d_outputs = np.empty(len(outputs), np.float32), np.empty_like(outputs)
    loss = ctypes.c_double()
    call("loss_evaluate", kind, *outputs.shape, outputs, targets, d_outputs, sample_loss, ctypes.byref(loss))
    return LossValue(loss.value, sample_loss, d_outputs)


class Encoder(Handle):
    """Coordinates (..., d) to features (..., E), from low to high frequency."""

    _kind = "encoder"

    def __init__(self, params: Optional[EncoderParams] = None) -> None:
        self._memory = Memory(create("encoder_create", (params or EncoderParams())._pointer()), "encoder_free")

    @property
    def kind(self) -> Encoding:
        """The kind of encoding."""
        return Encoding(self._look("kind"))

    @property
    def domain_dim(self) -> int:
        """The length d of a coordinate."""
        return int(self._look("domain_dim"))

    @property
    def encoding_dim(self) -> int:
        """The number E of features of a sample."""
        return int(self._look("encoding_dim"))

    @property
    def tensors(self) -> Tensors:
        """The random parameters by name, such as "frequencies"."""
        return Tensors(self)

    def encode(self, x: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The features (..., E) of coordinates (..., d)."""
        x, shape, n = rows("x", x, self.domain_dim)
        features = result(out, (*shape, self.encoding_dim), x)
        self._look("encode", n, x, features)
        return features

    def backward(self, x: ArrayLike, d_features: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (..., d) with respect to x of what has the gradient (..., E) with respect to the features."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_features = shaped("d_features", d_features, (*shape, self.encoding_dim))
        d_x = result(out, x.shape, x, d_features)
        self._look("backward", n, x, d_features, d_x)
        return d_x


class Mask(Handle):
    """Which features are revealed where. Alone: ask for weights, multiply your features by them, record, step."""

    _kind = "mask"

    def __init__(self, params: MaskParams) -> None:
        self._memory = Memory(create("mask_create", params._pointer()), "mask_free")

    @property
    def policy(self) -> Policy:
        """How features are revealed."""
        return Policy(self._look("policy"))

    @property
    def domain_dim(self) -> int:
        """The length d of a coordinate."""
        return int(self._look("domain_dim"))

    @property
    def encoding_dim(self) -> int:
        """The number E of features."""
        return int(self._look("encoding_dim"))

    @property
    def state(self) -> MaskState:
        """Where the mask stands."""
        state = new_struct("mask_state")
        self._look("get_state", ctypes.byref(state))
        return to_tuple(MaskState, state)

    @property
    def tensors(self) -> Tensors:
        """The mask's state by name, one value a row of it."""
        return Tensors(self)

    def weights(self, x: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The weights (..., E), in [0, 1], of the features at coordinates (..., d)."""
        x, shape, n = rows("x", x, self.domain_dim)
        weights = result(out, (*shape, self.encoding_dim), x)
        self._look("weights", n, x, weights)
        return weights

    def revealed(self, x: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The revealed share (...) at coordinates (..., d): the mean of their weights, what a heat map shows."""
        x, shape, n = rows("x", x, self.domain_dim)
        share = result(out, shape, x)
        self._look("revealed", n, x, share)
        return share

    def record(self, x: ArrayLike, loss: ArrayLike) -> None:
        """Records losses (...) of samples at coordinates (..., d), which drive the mask."""
        x, shape, n = rows("x", x, self.domain_dim)
        self._change("record", n, x, shaped("loss", loss, shape))

    def step(self) -> None:
        """Ends an iteration: counts it, and advances where the schedule says so."""
        self._change("step")

    def advance(self) -> None:
        """Advances now, whatever the schedule; step() calls it where it is due."""
        self._change("advance")

    def set_signal(self, x: ArrayLike, values: ArrayLike) -> None:
        """Variance: the signal, values (..., o) at coordinates (..., d), whose variance sets the cut-offs; a trainer gives
        its targets."""
        x, shape, n = rows("x", x, self.domain_dim)
        array = floats(values)
        array = shaped("values", array, (*shape, array.shape[-1] if array.ndim else 1))
        self._change("set_signal", n, x, array.shape[-1], array)

    def smoothed_loss(self, out: Optional[Floats] = None) -> Floats:
        """Spatial: the smoothed mean loss (cells) as an advance would see it now; the first coordinate is the fastest."""
        loss = result(out, (self.state.num_cells,))
        self._look("smoothed_loss", loss, loss.size)
        return loss

    def set_domain(self, center: ArrayLike, scale: ArrayLike) -> None:
        """Spatial: places the grid where (x - center) * scale, with center and scale (d), is in [-1, 1]."""
        shape = (self.domain_dim,)
        self._change("set_domain", shaped("center", center, shape), shaped("scale", scale, shape))

    def fit_domain(self, points: ArrayLike) -> None:
        """Spatial: places the grid over the bounding box of points (..., d)."""
        points, _, n = rows("points", points, self.domain_dim)
        self._change("fit_domain", n, points)


class Network(Handle):
    """A multilayer perceptron. Flat arrays hold its tensors one after the other, as PyTorch's parameters() gives them."""

    _kind = "network"

    def __init__(self, params: NetworkParams) -> None:
        self._memory = Memory(create("network_create", params._pointer()), "network_free")

    @property
    def input_dim(self) -> int:
        """The number i of inputs."""
        return int(self._look("input_dim"))

    @property
    def output_dim(self) -> int:
        """The number o of outputs."""
        return int(self._look("output_dim"))

    @property
    def num_parameters(self) -> int:
        """The number p of all parameters."""
        return int(self._look("num_parameters"))

    @property
    def parameters(self) -> Floats:
        """A copy of all parameters, flat (p); assigning replaces them."""
        values = np.empty(self.num_parameters, np.float32)
        self._look("get_parameters", values, values.size)
        return values

    @parameters.setter
    def parameters(self, values: ArrayLike) -> None:
        array = shaped("parameters", values, (self.num_parameters,))
        self._change("set_parameters", array, array.size)

    @property
    def tensors(self) -> Tensors:
        """Weights and biases by name: "0.weight", "0.bias", "2.weight" ..."""
        return Tensors(self)

    def forward(self, inputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The outputs (..., o) for inputs (..., i)."""
        inputs, shape, n = rows("inputs", inputs, self.input_dim)
        outputs = result(out, (*shape, self.output_dim), inputs)
        self._look("forward", n, inputs, outputs)
        return outputs

    def backward(self, inputs: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (p) with respect to the parameters of what has the gradient d_outputs (..., o)."""
        inputs, shape, n = rows("inputs", inputs, self.input_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_parameters = result(out, (self.num_parameters,), inputs, d_outputs)
        self._look("backward", n, inputs, d_outputs, d_parameters, None)
        return d_parameters

    def backward_inputs(self, inputs: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (..., i) with respect to the inputs of what has the gradient d_outputs (..., o)."""
        inputs, shape, n = rows("inputs", inputs, self.input_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_inputs = result(out, inputs.shape, inputs, d_outputs)
        self._look("backward", n, inputs, d_outputs, None, d_inputs)
        return d_inputs


class Optimizer(Handle):
    """Adam or SGD for a flat array of parameters, with the schedule of its learning rate."""

    _kind = "optimizer"

    def __init__(self, num_parameters: int, params: Optional[OptimizerParams] = None) -> None:
        pointer = (params or OptimizerParams())._pointer()
        size = count("num_parameters", num_parameters)
        self._memory = Memory(create("optimizer_create", pointer, size), "optimizer_free")

    @property
    def num_parameters(self) -> int:
        """The number of parameters it was made for."""
        return int(self._look("num_parameters"))

    @property
    def num_steps(self) -> int:
        """How many steps have been made."""
        return int(self._look("num_steps"))

    @property
    def learning_rate(self) -> float:
        """The learning rate that the next step uses."""
        return float(self._look("learning_rate"))

    def step(self, parameters: Floats, gradient: ArrayLike) -> None:
        """Moves the parameters, a C-contiguous float32 array, in place against the gradient of the loss."""
        shape = (self.num_parameters,)
        gradient = shaped("gradient", gradient, shape)
        self._change("step", result(parameters, shape, gradient), gradient)


class Checkpoint(Handle):
    """The contents of a safetensors file: a field's or trainer's checkpoint, or any other. `bytes()` gives the file."""

    _kind = "safetensors"

    class _Tensors(Tensors):
        _functions = ("count", "info", "read")

    def __init__(self, contents: bytes) -> None:
        self._memory = Memory(create("safetensors_parse", contents, len(contents)), "safetensors_free")

    @classmethod
    def open(cls, path: StrPath) -> Checkpoint:
        """Reads a file."""
        return cls._own(create("safetensors_open", os.fsencode(path)))

    def save(self, path: StrPath) -> None:
        """Writes a file, which is replaced whole or not at all."""
        self._look("save", os.fsencode(path))

    @property
    def tensors(self) -> Mapping[str, Floats]:
        """The tensors by name, as float32."""
        return self._Tensors(self)

    def metadata(self, key: str) -> Optional[str]:
        """The metadata entry of that name, or None."""
        with self._memory.shared() as pointer:
            value = call("safetensors_metadata", pointer, key.encode())
            return None if value is None else text(value)

    def __bytes__(self) -> bytes:
        with self._memory.shared() as pointer:
            size = ctypes.c_size_t()
            return ctypes.string_at(call("safetensors_bytes", pointer, ctypes.byref(size)), size.value)


_Part = TypeVar("_Part", Encoder, Mask, Network)


class Field(Handle):
    """Encoder, mask and network joined into a function from coordinates (..., d) to outputs (..., o).

    The dimensions that follow from another part are set by the field. Fields can be pickled and copied.
    """

    _kind = "field"

    def __init__(
        self,
        encoder: Optional[EncoderParams] = None,
        mask: Optional[MaskParams] = None,
        network: Optional[NetworkParams] = None,
    ) -> None:
        encoder, mask, network = encoder or EncoderParams(), mask or MaskParams(), network or NetworkParams()
        parts = (encoder, replace(mask, domain_dim=encoder.domain_dim), network)
        self._memory = Memory(create("field_create", *(part._pointer() for part in parts)), "field_free")

    @classmethod
    def load(cls, path: StrPath) -> Field:
        """Makes a field from a file that a field or a trainer has saved."""
        return cls._own(create("field_load", os.fsencode(path)))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Field:
        """Makes a field from a checkpoint of a field or of a trainer."""
        with checkpoint._memory.shared() as pointer:
            return cls._own(create("field_from_checkpoint", pointer))

    def checkpoint(self) -> Checkpoint:
        """A copy of all that the field holds."""
        with self._memory.shared() as pointer:
            return Checkpoint._own(create("field_checkpoint", pointer))

    def save(self, path: StrPath) -> None:
        """Saves the field as a safetensors file, which is replaced whole or not at all."""
        self._look("save", os.fsencode(path))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Brings the field into the state of a checkpoint of the same architecture, also of the public SAPE code."""
        with checkpoint._memory.shared() as pointer:
            self._change("restore", pointer)

    def __reduce__(self) -> Tuple[Any, ...]:
        return _unpickle, (bytes(self.checkpoint()),)

    def _part(self, kind: Type[_Part]) -> _Part:
        with self._memory.shared() as pointer:
            return kind._wrap(Memory(call(f"field_{kind._kind}", pointer), None, self._memory))

    @cached_property
    def encoder(self) -> Encoder:
        """The field's encoder."""
        return self._part(Encoder)

    @cached_property
    def mask(self) -> Mask:
        """The field's mask."""
        return self._part(Mask)

    @cached_property
    def network(self) -> Network:
        """The field's network."""
        return self._part(Network)

    @property
    def domain_dim(self) -> int:
        """The length d of a coordinate."""
        return self.encoder.domain_dim

    @property
    def output_dim(self) -> int:
        """The number o of outputs."""
        return self.network.output_dim

    @property
    def tensors(self) -> Tensors:
        """All tensors of the parts by the names of the public SAPE code's state dict."""
        return Tensors(self)

    def set_num_threads(self, num_threads: int) -> None:
        """How many threads a call may use; 0 (the default) for one a processor. Results do not depend on it."""
        self._change("set_num_threads", count("num_threads", num_threads))

    def predict(
        self,
        x: ArrayLike,
        out: Optional[Floats] = None,
        *,
        mask_by: Optional[ArrayLike] = None,
        override_mask: Optional[ArrayLike] = None,
        weights: Optional[Floats] = None,
    ) -> Floats:
        """The outputs (..., o) at coordinates (..., d).

        mask_by: coordinates (..., d) where the mask is read in place of x. override_mask: weights (E) or (..., E) used
        in place of the mask's. weights: an array (..., E) that receives those that were used.
        """
        x, shape, n = rows("x", x, self.domain_dim)
        by = None if mask_by is None else shaped("mask_by", mask_by, x.shape)
        used = None if override_mask is None else floats(override_mask)
        all_weights = (*shape, self.encoder.encoding_dim)
        if used is not None and used.ndim > 1:
            used = shaped("override_mask", used, all_weights)
        elif used is not None:
            used = shaped("override_mask", used, all_weights[-1:])
        outputs = result(out, (*shape, self.output_dim), x, by, used, weights)
        options = new_struct("predict_options")
        options.mask_by = None if by is None else by.ctypes.data
        options.override_mask = None if used is None else used.ctypes.data
        options.override_rows = 1 if used is None or used.ndim == 1 else n
        if weights is not None:
            options.weights = result(weights, all_weights, x, by, used).ctypes.data
        self._look("predict_with", ctypes.byref(options), n, x, outputs)
        return outputs

    def predict_grid(
        self, size: Sequence[int], low: ArrayLike = -1.0, high: ArrayLike = 1.0, out: Optional[Floats] = None
    ) -> Floats:
        """The outputs (*size, o) on a regular grid from low to high (d), whose coordinates need no memory; the last
        coordinate is the fastest."""
        d = self.domain_dim
        if len(size) != d:
            raise ShapeError(Status.SHAPE, f"size has {len(size)} entries, must have {d}")
        points = (ctypes.c_size_t * d)(*(count("size", points) for points in size))
        ends = [floats(np.broadcast_to(np.asarray(end, np.float32), (d,))) for end in (low, high)]
        outputs = result(out, (*size, self.output_dim), *ends)
        self._look("predict_grid", points, *ends, outputs)
        return outputs

    def backward(self, x: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (p), flat, with respect to the network's parameters of what has the gradient d_outputs (..., o)."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_parameters = result(out, (self.network.num_parameters,), x, d_outputs)
        self._look("backward", n, x, d_outputs, d_parameters, None)
        return d_parameters

    def backward_x(self, x: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (..., d) with respect to x, through the mask as well, of what has the gradient d_outputs (..., o)."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_x = result(out, x.shape, x, d_outputs)
        self._look("backward", n, x, d_outputs, None, d_x)
        return d_x

    def update(self, optimizer: Optimizer, d_parameters: ArrayLike) -> None:
        """One step of an optimizer on the network, for training by hand: predict, loss, backward, update, then
        mask.record() and mask.step()."""
        gradient = shaped("d_parameters", d_parameters, (self.network.num_parameters,))
        with optimizer._memory.exclusive() as pointer:
            self._change("update", pointer, gradient)


def _unpickle(contents: bytes) -> Field:
    return Field.from_checkpoint(Checkpoint(contents))


class Trainer(Handle):
    """The loop round a field: predict, loss, gradients, optimizer step, mask. A field has one trainer at a time."""

    _kind = "trainer"

    def __init__(
        self, field: Field, params: Optional[TrainerParams] = None, optimizer: Optional[OptimizerParams] = None
    ) -> None:
        params = params or TrainerParams()
        self._callbacks = Callbacks()
        self._field = field
        self._samples: Tuple[Optional[Floats], ...] = ()
        self._loss_fn = None
        if not isinstance(params.loss, Loss):
            self._loss_fn = _loss_callback(self._callbacks, params.loss, field.domain_dim)
        parts = (ctypes.byref(params._struct_with(self._loss_fn)), (optimizer or OptimizerParams())._pointer())
        with field._memory.exclusive() as pointer:
            self._memory = Memory(create("trainer_create", *parts, pointer), "trainer_free", field._memory)

    @property
    def field(self) -> Field:
        """The field that is trained."""
        return self._field

    def set_data(self, x: ArrayLike, targets: Optional[ArrayLike] = None) -> None:
        """Gives the samples: coordinates (..., d) and targets (..., o), which a loss function may do without.

        C-contiguous float32 arrays are not copied: leave them as they are until the training is over.
        """
        x, shape, n = rows("x", x, self._field.domain_dim)
        y = None if targets is None else shaped("targets", targets, (*shape, self._field.output_dim))
        self._change("set_data", n, x, y)
        self._samples = (x, y)

    def set_sampler(self, n: int, sampler: SampleFunction) -> None:
        """Lets a function give the n samples of every iteration, in place of set_data()."""
        d, o = self._field.domain_dim, self._field.output_dim

        def fill(_user: Any, iteration: int, n: int, x: int, targets: Optional[int]) -> int:
            def write() -> int:
                given, values = sampler(iteration, n)
                view(x, n, d)[...] = shaped("x", given, (n, d))
                if targets and values is not None:
                    view(targets, n, o)[...] = shaped("targets", values, (n, o))
                return 0

            return self._callbacks.relay(write)

        function = SAMPLE_FN(fill)
        self._change("set_sampler", count("n", n), function, None)
        self._sampler = function

    def set_target_points(self, points: ArrayLike, per_iteration: int = 0) -> None:
        """Gives the points (m, o) that Loss.CHAMFER holds the outputs against, used where they lie, and how many of them
        an iteration sees (0: all)."""
        array, _, m = rows("points", points, self._field.output_dim)
        self._change("set_target_points", m, array, count("per_iteration", per_iteration))
        self._points = array

    def step(self) -> float:
        """One iteration; returns the batch's loss before the step."""
        loss = ctypes.c_double()
        with self._memory.exclusive() as pointer, self._callbacks.calling():
            call("trainer_step", pointer, ctypes.byref(loss))
        return loss.value

    def run(self, num_iterations: int, progress: Optional[ProgressFunction] = None) -> Result:
        """A number of iterations; may be called again to go on.

        progress: called as TrainerParams.progress_every says. Ctrl-C stops the run there and raises KeyboardInterrupt;
        what has been trained by then stays.
        """

        def report(_user: Optional[int], seen: Any) -> int:
            return self._callbacks.relay(lambda: progress is not None and progress(to_tuple(Progress, seen[0])) is True)

        known = new_struct("result")
        function = PROGRESS_FN(report)
        with self._memory.exclusive() as pointer, self._callbacks.calling():
            call("trainer_run", pointer, count("num_iterations", num_iterations), function, None, ctypes.byref(known))
        return to_tuple(Result, known)

    def checkpoint(self) -> Checkpoint:
        """A checkpoint of the field and of the training, without the samples."""
        with self._memory.shared() as pointer:
            return Checkpoint._own(create("trainer_checkpoint", pointer))

    def save(self, path: StrPath) -> None:
        """Saves field and training as a safetensors file, which is replaced whole or not at all."""
        self._look("save", os.fsencode(path))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Goes back to where a training of the same parameters and samples was saved; it goes on bit by bit the same."""
        with checkpoint._memory.shared() as pointer:
            self._change("restore", pointer)

    def resume(self, path: StrPath) -> None:
        """restore() from a file."""
        self._change("resume", os.fsencode(path))


def _loss_callback(callbacks: Callbacks, function: LossFunction, domain_dim: int) -> Any:
    def evaluate(_user: Any, n: int, x: int, o: int, outputs: int, targets: Optional[int], *results: int) -> int:
        def fill() -> int:
            # What the addresses point to ends with the call; the function gets arrays that it may keep.
            given = view(targets, n, o).copy() if targets else None
            loss, sample_loss, d_outputs = function(view(outputs, n, o).copy(), given, view(x, n, domain_dim).copy())
            view(results[0], n, o)[...] = shaped("d_outputs", d_outputs, (n, o))
            view(results[1], n)[...] = shaped("sample_loss", sample_loss, (n,))
            ctypes.c_double.from_address(results[2]).value = loss
            return 0

        return callbacks.relay(fill)

    return LOSS_FN(evaluate)
