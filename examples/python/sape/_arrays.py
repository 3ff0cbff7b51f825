# SPDX-License-Identifier: MIT
"""Arrays passed to C and back."""
from __future__ import annotations

import ctypes
import os
import warnings
from typing import Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._errors import ArgumentError, ShapeError, Status

#: An array of float32.
Floats = NDArray[np.float32]

#: A path of a file.
StrPath = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]


def path_bytes(path: StrPath) -> bytes:
    """A path for C, which must not contain a zero byte."""
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("embedded null byte")
    return encoded


def floats(values: ArrayLike) -> Floats:
    """The values as an array that C can read; the array itself if it already is one."""
    array = np.asarray(values)
    if array.dtype == np.float32 and array.flags.c_contiguous and array.flags.aligned:
        return array
    return array.astype(np.float32, order="C", casting="same_kind")


def shaped(name: str, values: ArrayLike, shape: Tuple[int, ...]) -> Floats:
    array = floats(values)
    if array.shape != shape:
        raise ShapeError(Status.SHAPE, f"{name} has shape {array.shape}, must have {shape}")
    return array


def rows(name: str, values: ArrayLike, width: int) -> Tuple[Floats, Tuple[int, ...], int]:
    """An array of rows (..., width), the shape that precedes width, and the number of rows."""
    array = floats(values)
    if array.ndim == 0 or array.shape[-1] != width:
        raise ShapeError(Status.SHAPE, f"{name} has shape {array.shape}, must have (..., {width})")
    return array, array.shape[:-1], array.size // width


def values_at(name: str, values: ArrayLike, shape: Tuple[int, ...], width: Optional[int] = None) -> Floats:
    """Values (*shape, width) of samples, whose last axis may be missing where there is one value each."""
    array = floats(values)
    if array.shape == shape and width in (None, 1):
        return array.reshape(*shape, 1)
    if array.ndim != len(shape) + 1 or array.shape[:-1] != shape or width not in (None, array.shape[-1]):
        wanted = "o" if width is None else width
        raise ShapeError(Status.SHAPE, f"{name} has shape {array.shape}, must have {(*shape, wanted)}")
    return array


def result(out: Optional[Floats], shape: Tuple[int, ...], *inputs: Optional[Floats]) -> Floats:
    """The array for results: out, or a new one. It must not overlap the inputs."""
    if out is None:
        return np.empty(shape, np.float32)
    if not isinstance(out, np.ndarray) or out.dtype != np.float32 or not out.flags.carray:
        raise TypeError("out must be a writable C-contiguous float32 array")
    if out.shape != shape:
        raise ShapeError(Status.SHAPE, f"out has shape {out.shape}, must have {shape}")
    if any(array is not None and np.may_share_memory(out, array) for array in inputs):
        raise ArgumentError(Status.ARGUMENT, "out overlaps an input")
    return out


def view(address: Optional[int], *shape: int) -> Floats:
    """The array at an address that a callback received; valid only during the callback."""
    return np.ctypeslib.as_array((ctypes.c_float * int(np.prod(shape))).from_address(address or 0)).reshape(shape)


class ScaleCheck:
    """Warns once about samples whose coordinates were not scaled."""

    def __init__(self, center: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        self._warned = False
        self._center, self._scale = center, scale

    def check(self, x: Floats) -> None:
        farthest = np.max(np.abs((x - self._center) / self._scale))
        if farthest > 2 and not self._warned:
            self._warned = True
            message = f"x reaches {farthest:g}, far outside [-1, 1]: the field will fit badly; scale the coordinates"
            warnings.warn(message, RuntimeWarning, stacklevel=3)
