# SPDX-License-Identifier: MIT
"""The parts of a field, which can be used alone, and checkpoints."""
from __future__ import annotations

import contextlib
import ctypes
from typing import Any, Mapping, Optional, Sequence, Tuple, Type, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._abi import call, count, create, new_struct, text, to_tuple
from ._arrays import Floats, StrPath, floats, path_bytes, result, rows, shaped
from ._handle import Handle, Memory, Tensors
from ._params import EncoderParams, Encoding, MaskParams, MaskState, NetworkParams, OptimizerParams, Policy


class Part(Handle):
    """What a field is made of."""

    def __reduce__(self) -> Tuple[Any, ...]:
        field = self._memory._whole
        if field is None:
            return self._reduce_alone()
        with field.shared() as pointer:
            checkpoint = Checkpoint._own(create("field_checkpoint", pointer))
        return _part_of_a_field, (self._kind, bytes(checkpoint))

    def _reduce_alone(self) -> Tuple[Any, ...]:
        raise TypeError(f"{type(self).__name__} objects cannot be pickled or copied unless they belong to a field")


class Encoder(Part):
    """Turns coordinates (..., d) into features (..., E), from low to high frequency."""

    _kind = "encoder"
    _shown = ("kind", "domain_dim", "encoding_dim")

    def __init__(self, params: Optional[EncoderParams] = None) -> None:
        self._memory = Memory(create("encoder_create", (params or EncoderParams())._pointer()), "encoder_free")

    def _reduce_alone(self) -> Tuple[Any, ...]:
        return _with_tensors, (Encoder, self.params, dict(self.tensors))

    @property
    def params(self) -> EncoderParams:
        """Its parameters. std, seed and draw are not known of an encoder from a checkpoint."""
        return self._params(EncoderParams)

    @property
    def kind(self) -> Encoding:
        """The kind of encoding."""
        return Encoding(self._look("kind"))

    @property
    def domain_dim(self) -> int:
        """The dimension d of the coordinates."""
        return int(self._look("domain_dim"))

    @property
    def encoding_dim(self) -> int:
        """The number E of features."""
        return int(self._look("encoding_dim"))

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """The frequencies (E) by which Policy.VARIANCE filters the features, in cycles per unit of x, in ascending
        order."""
        values = np.empty(self.encoding_dim)
        self._look("frequencies", values.ctypes.data, values.size)
        return values

    @property
    def num_parameters(self) -> int:
        """The number of trainable values: those of the tables of Encoding.GRID, otherwise 0."""
        return int(self._look("num_parameters"))

    @property
    def tensors(self) -> Tensors:
        """The random parameters by name, such as "frequencies", or the tables, such as "level_0"."""
        return Tensors(self)

    def encode(self, x: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The features (..., E) of coordinates (..., d)."""
        x, shape, n = rows("x", x, self.domain_dim)
        features = result(out, (*shape, self.encoding_dim), x)
        self._look("encode", n, x, features)
        return features

    def backward(self, x: ArrayLike, d_features: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (..., d) with respect to x, given the gradient d_features (..., E)."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_features = shaped("d_features", d_features, (*shape, self.encoding_dim))
        d_x = result(out, x.shape, x, d_features)
        self._look("backward", n, x, d_features, d_x)
        return d_x

    def backward_parameters(self, x: ArrayLike, d_features: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The flat gradient (num_parameters) with respect to the tables of Encoding.GRID, given the gradient d_features
        (..., E)."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_features = shaped("d_features", d_features, (*shape, self.encoding_dim))
        d_parameters = result(out, (self.num_parameters,), x, d_features)
        self._look("backward_parameters", n, x, d_features, d_parameters)
        return d_parameters


class Mask(Part):
    """Which features are revealed where. To use it alone: get weights, multiply your features by them, record, step. The
    mask of a field can be pickled and copied; one that was made alone cannot."""

    _kind = "mask"
    _shown = ("policy", "domain_dim", "encoding_dim")

    def __init__(self, params: MaskParams) -> None:
        self._memory = Memory(create("mask_create", params._pointer()), "mask_free")

    @property
    def params(self) -> MaskParams:
        """Its parameters, without arrays and constants; num_iterations is not known of a mask from a checkpoint."""
        return self._params(MaskParams)

    @property
    def policy(self) -> Policy:
        """How features are revealed."""
        return Policy(self._look("policy"))

    @property
    def domain_dim(self) -> int:
        """The dimension d of the coordinates."""
        return int(self._look("domain_dim"))

    @property
    def encoding_dim(self) -> int:
        """The number E of features."""
        return int(self._look("encoding_dim"))

    @property
    def state(self) -> MaskState:
        """The state of the mask."""
        state = new_struct("mask_state")
        self._look("get_state", ctypes.byref(state))
        return to_tuple(MaskState, state)

    @property
    def tensors(self) -> Tensors:
        """The mask's state by name, one value per row."""
        return Tensors(self)

    def weights(self, x: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The weights (..., E), in [0, 1], of the features at coordinates (..., d)."""
        x, shape, n = rows("x", x, self.domain_dim)
        weights = result(out, (*shape, self.encoding_dim), x)
        self._look("weights", n, x, weights)
        return weights

    def revealed(self, x: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The revealed share (...) at coordinates (..., d): the mean of their weights, as in a heat map."""
        x, shape, n = rows("x", x, self.domain_dim)
        share = result(out, shape, x)
        self._look("revealed", n, x, share)
        return share

    def record(self, x: ArrayLike, loss: ArrayLike) -> None:
        """Records losses (...) of samples at coordinates (..., d), which drive the mask."""
        x, shape, n = rows("x", x, self.domain_dim)
        self._change("record", n, x, shaped("loss", loss, shape))

    def step(self) -> None:
        """Ends an iteration: counts it, and advances if the schedule says so."""
        self._change("step")

    def advance(self) -> None:
        """Advances now, whatever the schedule says; step() calls it when it is due."""
        self._change("advance")

    def set_signal(self, x: ArrayLike, values: ArrayLike) -> None:
        """Variance: sets the signal, values (..., o) at coordinates (..., d), whose variance determines the cut-offs. A
        trainer sets its targets."""
        x, shape, n = rows("x", x, self.domain_dim)
        array = floats(values)
        array = shaped("values", array, (*shape, array.shape[-1] if array.ndim else 1))
        self._change("set_signal", n, x, array.shape[-1], array)

    def smoothed_loss(self, out: Optional[Floats] = None) -> Floats:
        """Spatial: the smoothed mean loss (cells) as an advance would see it now; the first coordinate varies
        fastest."""
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


class Network(Part):
    """A multilayer perceptron. Flat arrays hold its tensors in the order of PyTorch's parameters()."""

    _kind = "network"
    _shown = ("input_dim", "output_dim", "num_parameters")

    def __init__(self, params: NetworkParams) -> None:
        self._memory = Memory(create("network_create", params._pointer()), "network_free")

    def _reduce_alone(self) -> Tuple[Any, ...]:
        return _with_tensors, (Network, self.params, dict(self.tensors))

    @property
    def params(self) -> NetworkParams:
        """Its parameters. The seed is not known of a network from a checkpoint."""
        return self._params(NetworkParams)

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
        """The number p of parameters."""
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
        """The gradient (p) with respect to the parameters, given the gradient d_outputs (..., o)."""
        inputs, shape, n = rows("inputs", inputs, self.input_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_parameters = result(out, (self.num_parameters,), inputs, d_outputs)
        self._look("backward", n, inputs, d_outputs, d_parameters, None)
        return d_parameters

    def backward_inputs(self, inputs: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (..., i) with respect to the inputs, given the gradient d_outputs (..., o)."""
        inputs, shape, n = rows("inputs", inputs, self.input_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_inputs = result(out, inputs.shape, inputs, d_outputs)
        self._look("backward", n, inputs, d_outputs, None, d_inputs)
        return d_inputs


class Optimizer(Handle):
    """Adam or SGD for a flat array of parameters, with the schedule of its learning rate."""

    _kind = "optimizer"
    _shown = ("num_parameters", "num_steps", "learning_rate")

    def __init__(self, num_parameters: int, params: Optional[OptimizerParams] = None) -> None:
        pointer = (params or OptimizerParams())._pointer()
        size = count("num_parameters", num_parameters)
        self._memory = Memory(create("optimizer_create", pointer, size), "optimizer_free")

    @property
    def params(self) -> OptimizerParams:
        """Its parameters, with the present learning rate."""
        return self._params(OptimizerParams)

    @property
    def num_parameters(self) -> int:
        """The number of parameters that it updates."""
        return int(self._look("num_parameters"))

    @property
    def num_steps(self) -> int:
        """The number of steps made."""
        return int(self._look("num_steps"))

    @property
    def learning_rate(self) -> float:
        """The learning rate that the next step uses. Setting it changes the rate that the schedule's factors apply
        to."""
        return float(self._look("learning_rate"))

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._change("set_learning_rate", float(rate))

    def step(self, parameters: Floats, gradient: ArrayLike) -> None:
        """Moves the parameters, a C-contiguous float32 array, in place against the gradient of the loss."""
        shape = (self.num_parameters,)
        gradient = shaped("gradient", gradient, shape)
        self._change("step", result(parameters, shape, gradient), gradient)


class Checkpoint(Handle):
    """The contents of a safetensors file: the checkpoint of a field or trainer, or any other. `bytes()` gives the
    file."""

    _kind = "safetensors"

    class _Tensors(Tensors):
        _functions = ("count", "info", "read")

    def __init__(self, contents: bytes) -> None:
        self._memory = Memory(create("safetensors_parse", contents, len(contents)), "safetensors_free")

    @classmethod
    def open(cls, path: StrPath) -> Checkpoint:
        """Reads a file."""
        return cls._own(create("safetensors_open", path_bytes(path)))

    def save(self, path: StrPath) -> None:
        """Writes a file, which is replaced completely or not at all."""
        self._look("save", path_bytes(path))

    @property
    def tensors(self) -> Mapping[str, Floats]:
        """The tensors by name, as float32."""
        return self._Tensors(self)

    def metadata(self, key: str) -> Optional[str]:
        """The metadata entry of that name, or None."""
        if "\0" in key:
            return None
        with self._memory.shared() as pointer:
            value = call("safetensors_metadata", pointer, key.encode())
            return None if value is None else text(value)

    def annotate(self, entries: Mapping[str, str]) -> Checkpoint:
        """A copy with your own metadata entries, which replace those of the same name. Fields and trainers made from it
        do not keep them. Names that begin with "sape." are reserved."""
        texts = [[item.encode() for item in column] for column in (entries.keys(), entries.values())]
        if any(b"\0" in item for column in texts for item in column):
            raise ValueError("a name or text of the metadata contains a zero character")
        keys, values = ((ctypes.c_char_p * len(column))(*column) for column in texts)
        with self._memory.shared() as pointer:
            return self._own(create("safetensors_annotate", pointer, len(entries), keys, values))

    @classmethod
    def join(cls, checkpoints: Sequence[Checkpoint]) -> Checkpoint:
        """One checkpoint of several, each of a field or trainer."""
        with contextlib.ExitStack() as stack:
            pointers = [stack.enter_context(checkpoint._memory.shared()) for checkpoint in checkpoints]
            joined = create("ensemble_join", len(pointers), (ctypes.c_void_p * len(pointers))(*pointers))
        return cls._own(joined)

    @property
    def num_fields(self) -> int:
        """The number of fields that it is of."""
        found = ctypes.c_size_t()
        with self._memory.shared() as pointer:
            call("ensemble_count", pointer, ctypes.byref(found))
        return found.value

    def member(self, index: int) -> Checkpoint:
        """The checkpoint of one of its fields, counted from 0."""
        with self._memory.shared() as pointer:
            return self._own(create("ensemble_member", pointer, count("index", index)))

    def __reduce__(self) -> Tuple[Any, ...]:
        return Checkpoint, (bytes(self),)

    def __repr__(self) -> str:
        if self.closed:
            return super().__repr__()
        names = list(self.tensors)
        return f"<Checkpoint of {len(names)} tensors, {len(bytes(self))} bytes: {', '.join(names)}>"

    def __bytes__(self) -> bytes:
        with self._memory.shared() as pointer:
            size = ctypes.c_size_t()
            return ctypes.string_at(call("safetensors_bytes", pointer, ctypes.byref(size)), size.value)


def _with_tensors(kind: Type[Union[Encoder, Network]], params: Any, tensors: Mapping[str, Floats]) -> Handle:
    part = kind(params)
    for name, values in tensors.items():
        part.tensors[name] = values
    return part


def _part_of_a_field(kind: str, contents: bytes) -> Any:
    from ._field import Field

    return getattr(Field.from_checkpoint(Checkpoint(contents)), kind)
