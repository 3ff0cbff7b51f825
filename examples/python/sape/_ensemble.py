# SPDX-License-Identifier: MIT
"""Several fields for the same samples."""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Sequence, Tuple

import numpy as np
from numpy.typing import ArrayLike

from ._abi import call
from ._arrays import Floats, StrPath
from ._errors import ArgumentError, Status
from ._field import Field
from ._parts import Checkpoint


class Ensemble:
    """Fields that were fitted to the same samples from different seeds.

    Between the samples, the mean of their outputs is better than the output of one. fit() makes an ensemble where
    propose_settings() says so. `fields` are its members. It can be pickled and copied.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields: Tuple[Field, ...] = tuple(fields)
        sizes = {(field.domain_dim, field.output_dim) for field in self.fields}
        if len(sizes) != 1:
            raise ArgumentError(Status.ARGUMENT, f"fields have {len(sizes)} different sizes, must have one in common")

    @classmethod
    def load(cls, path: StrPath) -> Ensemble:
        """Loads the file of an ensemble, field or trainer."""
        return cls.from_checkpoint(Checkpoint.open(path))

    @classmethod
    def from_checkpoint(cls, checkpoint: Checkpoint) -> Ensemble:
        """Makes the fields of a checkpoint, that of an ensemble, field or trainer."""
        capacity, found = checkpoint.num_fields, ctypes.c_size_t()
        pointers = (ctypes.c_void_p * capacity)()
        with checkpoint._memory.shared() as pointer:
            call("ensemble_from_checkpoint", pointer, capacity, pointers, ctypes.byref(found))
        return cls([Field._own(field) for field in pointers if field is not None])

    def save(self, path: StrPath) -> None:
        """Saves all fields as one safetensors file, which is replaced completely or not at all."""
        self.checkpoint().save(path)

    def checkpoint(self) -> Checkpoint:
        """A copy of the whole state of all fields."""
        return Checkpoint.join([field.checkpoint() for field in self.fields])

    @property
    def domain_dim(self) -> int:
        """The dimension d of the coordinates."""
        return self.fields[0].domain_dim

    @property
    def output_dim(self) -> int:
        """The number o of outputs."""
        return self.fields[0].output_dim

    def _mean(self, outputs_of: Callable[[Field], Floats]) -> Floats:
        mean = outputs_of(self.fields[0])
        for field in self.fields[1:]:
            mean += outputs_of(field)
        mean /= np.float32(len(self.fields))
        return mean

    def predict(self, x: ArrayLike) -> Floats:
        """The mean outputs (..., o) at coordinates (..., d)."""
        return self._mean(lambda field: field.predict(x))

    def predict_grid(self, size: Sequence[int], low: ArrayLike = -1.0, high: ArrayLike = 1.0) -> Floats:
        """The mean outputs (*size, o) on a regular grid, as Field.predict_grid() has them."""
        return self._mean(lambda field: field.predict_grid(size, low, high))

    def jacobian(self, x: ArrayLike) -> Floats:
        """The derivatives (..., o, d) of the mean outputs with respect to x, including the masks' slopes."""
        return self._mean(lambda field: field.jacobian(x))

    def close(self) -> None:
        """Frees the fields."""
        for field in self.fields:
            field.close()

    def __repr__(self) -> str:
        return f"<Ensemble of {len(self.fields)} fields, domain_dim={self.domain_dim} output_dim={self.output_dim}>"

    def __enter__(self) -> Ensemble:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
