# SPDX-License-Identifier: MIT
"""Fields."""
from __future__ import annotations

import ctypes
from dataclasses import replace
from functools import cached_property
from typing import Any, Optional, Sequence, Tuple, Type, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ._abi import call, count, create, new_struct
from ._arrays import Floats, StrPath, floats, path_bytes, result, rows, shaped, values_at
from ._errors import ShapeError, Status
from ._functions import described
from ._handle import Handle, Memory, Tensors
from ._params import Description, EncoderParams, MaskParams, NetworkParams, Normalization
from ._parts import Checkpoint, Encoder, Mask, Network, Optimizer

_Part = TypeVar("_Part", Encoder, Mask, Network)


class Field(Handle):
    """Encoder, mask and network joined into a function from coordinates (..., d) to outputs (..., o).

    The field sets dimensions that follow from another part. Fields and their parts can be pickled and copied. Like a field
    that is loaded, a copy computes in the default precision. A copy of a part belongs to a copy of its field.
    """

    _kind = "field"
    _shown = ("domain_dim", "output_dim", "encoder", "mask", "network")

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
        """Loads a field from the file of a field or trainer."""
        return cls._own(create("field_load", path_bytes(path)))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Field:
        """Makes a field from the checkpoint of a field or trainer."""
        with checkpoint._memory.shared() as pointer:
            return cls._own(create("field_from_checkpoint", pointer))

    def checkpoint(self) -> Checkpoint:
        """A copy of the whole state of the field."""
        with self._memory.shared() as pointer:
            return Checkpoint._own(create("field_checkpoint", pointer))

    def save(self, path: StrPath) -> None:
        """Saves the field as a safetensors file, which is replaced completely or not at all."""
        self._look("save", path_bytes(path))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Restores the field from a checkpoint of the same architecture, which may be the public SAPE code's."""
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
        """The dimension d of the coordinates."""
        return self.encoder.domain_dim

    @property
    def num_parameters(self) -> int:
        """The number of trainable parameters: the network's, then those of an encoder with Encoding.GRID."""
        return int(self._look("num_parameters"))

    @property
    def output_dim(self) -> int:
        """The number o of outputs."""
        return self.network.output_dim

    @property
    def tensors(self) -> Tensors:
        """All tensors of the parts, named as in the public SAPE code's state dict."""
        return Tensors(self)

    def set_normalization(
        self,
        center: Optional[ArrayLike] = None,
        scale: Optional[ArrayLike] = None,
        target_mean: Optional[ArrayLike] = None,
        target_scale: Optional[ArrayLike] = None,
    ) -> None:
        """Sets the centre and scale of coordinates (d), and the mean and scale of targets (o): one number for all, or
        None for 0 and 1. The field then takes and gives the caller's units. Set it before making a trainer."""
        sizes = (self.domain_dim, self.domain_dim, self.output_dim, self.output_dim)
        given = zip((center, scale, target_mean, target_scale), sizes)
        values = [None if v is None else np.array(np.broadcast_to(np.asarray(v, float), (n,))) for v, n in given]
        self._change("set_normalization", *(None if v is None else v.ctypes.data for v in values))

    def fit_normalization(self, x: ArrayLike, targets: Optional[ArrayLike] = None) -> None:
        """Sets the normalization from samples: coordinates (..., d) come to lie in [-1, 1], targets (..., o) get mean 0
        and standard deviation 1. Labels for Loss.BCE are not scaled: leave them out."""
        x, shape, n = rows("x", x, self.domain_dim)
        y = None if targets is None else values_at("targets", targets, shape, self.output_dim)
        self._change("fit_normalization", n, x, y)

    @property
    def normalization(self) -> Normalization:
        """The centre and scale of coordinates, and the mean and scale of targets."""
        d, o = self.domain_dim, self.output_dim
        values = Normalization(np.empty(d), np.empty(d), np.empty(o), np.empty(o))
        self._look("get_normalization", *(array.ctypes.data for array in values))
        return values

    def set_num_threads(self, num_threads: int) -> None:
        """Sets the number of threads of a call; 0 (the default) for one per processor. Results do not depend on it."""
        self._change("set_num_threads", count("num_threads", num_threads))

    def describe(self) -> Description:
        """Describes what the field computes with."""
        return described(lambda description: self._look("describe", description))

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

        mask_by: coordinates (..., d) at which to read the mask instead of x.
        override_mask: weights (E) or (..., E) to use instead of the mask's.
        weights: an array (..., E) that receives the weights that were used.
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
        """The outputs (*size, o) on a regular grid from low to high (d). Its coordinates need no memory; the last
        varies fastest."""
        d = self.domain_dim
        if len(size) != d:
            raise ShapeError(Status.SHAPE, f"size has {len(size)} entries, must have {d}")
        points = (ctypes.c_size_t * d)(*(count("size", points) for points in size))
        ends = [floats(np.broadcast_to(np.asarray(end, np.float32), (d,))) for end in (low, high)]
        outputs = result(out, (*size, self.output_dim), *ends)
        self._look("predict_grid", points, *ends, outputs)
        return outputs

    def backward(self, x: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The flat gradient (p) with respect to the parameters, given the gradient d_outputs (..., o)."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_parameters = result(out, (self.num_parameters,), x, d_outputs)
        self._look("backward", n, x, d_outputs, d_parameters, None)
        return d_parameters

    def backward_x(self, x: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The gradient (..., d) with respect to x, given the gradient d_outputs (..., o); includes the mask's slope."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        d_x = result(out, x.shape, x, d_outputs)
        self._look("backward", n, x, d_outputs, None, d_x)
        return d_x

    def gradient_norms(self, x: ArrayLike, d_outputs: ArrayLike, out: Optional[Floats] = None) -> Floats:
        """The norms (...) of per-sample gradients: those of backward() for each sample alone."""
        x, shape, n = rows("x", x, self.domain_dim)
        d_outputs = shaped("d_outputs", d_outputs, (*shape, self.output_dim))
        norms = result(out, shape, x, d_outputs)
        self._look("gradient_norms", n, x, d_outputs, norms)
        return norms

    def jacobian(self, x: ArrayLike, out: Optional[Floats] = None, *, outputs: Optional[Floats] = None) -> Floats:
        """The derivatives (..., o, d) of the outputs with respect to x, including the mask's slope. outputs: an array
        (..., o) that receives the outputs themselves."""
        x, shape, n = rows("x", x, self.domain_dim)
        predicted = (*shape, self.output_dim)
        jacobian = result(out, (*predicted, x.shape[-1]), x, outputs)
        if outputs is not None:
            outputs = result(outputs, predicted, x)
        self._look("jacobian", n, x, outputs, jacobian)
        return jacobian

    def jacobian_backward(
        self,
        x: ArrayLike,
        d_jacobian: ArrayLike,
        d_outputs: Optional[ArrayLike] = None,
        out: Optional[Floats] = None,
    ) -> Floats:
        """The flat gradient (p) with respect to the parameters, given the gradients d_jacobian (..., o, d)
        and d_outputs (..., o; zero if omitted): for eikonal terms, for example."""
        x, shape, n = rows("x", x, self.domain_dim)
        predicted = (*shape, self.output_dim)
        by_jacobian = shaped("d_jacobian", d_jacobian, (*predicted, x.shape[-1]))
        by_outputs = None if d_outputs is None else shaped("d_outputs", d_outputs, predicted)
        d_parameters = result(out, (self.num_parameters,), x, by_jacobian, by_outputs)
        self._look("jacobian_backward", n, x, by_outputs, by_jacobian, d_parameters)
        return d_parameters

    def update(self, optimizer: Optimizer, d_parameters: ArrayLike) -> None:
        """Makes one step of an optimizer for num_parameters parameters. Your own training loop calls predict, your loss, backward,
        update, then mask.record() and mask.step()."""
        gradient = shaped("d_parameters", d_parameters, (self.num_parameters,))
        with optimizer._memory.exclusive() as pointer:
            self._change("update", pointer, gradient)


def _unpickle(contents: bytes) -> Field:
    return Field.from_checkpoint(Checkpoint(contents))
