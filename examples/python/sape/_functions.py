# SPDX-License-Identifier: MIT
"""Functions that need no handle."""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Optional, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ._abi import call, count, initialised, new_struct, text, to_tuple
from ._arrays import Floats, floats, result, shaped, values_at
from ._errors import ShapeError, Status
from ._params import Bandwidth, Boundary, Description, FilterShape, Loss, LossValue, WindowStatistics, choice


def described(function: Callable[[Any], object]) -> Description:
    """The description that a function of the library fills."""
    struct = new_struct("description")
    function(ctypes.byref(struct))
    values = to_tuple(Description, struct)._asdict()
    return Description(**{name: text(value) if isinstance(value, bytes) else value for name, value in values.items()})


def describe() -> Description:
    """Describes what handles with default parameters compute with."""
    return described(lambda description: call("describe", description))


def _points(name: str, values: ArrayLike, what: str) -> Floats:
    """An array (..., width)."""
    array = floats(values)
    if array.ndim == 0:
        raise ShapeError(Status.SHAPE, f"{name} has shape {array.shape}, must have {what}")
    return array


def _rows(array: Floats) -> Floats:
    return array.reshape(int(np.prod(array.shape[:-1])), array.shape[-1])


def _loss_value(function: str, *arguments: Any, outputs: Floats) -> LossValue:
    d_outputs, sample_loss = np.empty_like(outputs), np.empty(outputs.shape[:-1], np.float32)
    loss = ctypes.c_double()
    call(function, *arguments, d_outputs, sample_loss, ctypes.byref(loss))
    return LossValue(loss.value, sample_loss, d_outputs)


def evaluate_loss(
    kind: Loss,
    outputs: ArrayLike,
    targets: ArrayLike,
    weights: Optional[ArrayLike] = None,
    *,
    huber_delta: float = 1.0,
) -> LossValue:
    """A built-in loss of outputs (..., o) against targets (..., o), with per-sample losses and the gradient. With weights
    (...), the loss is their weighted mean; the per-sample losses are without them."""
    outputs = _points("outputs", outputs, "(..., o)")
    targets = shaped("targets", targets, outputs.shape)
    weights = None if weights is None else shaped("weights", weights, outputs.shape[:-1])
    loss = choice("kind", Loss, kind)
    return _loss_value(
        "loss_evaluate_weighted", loss, huber_delta, *_rows(outputs).shape, outputs, targets, weights, outputs=outputs
    )


def chamfer(outputs: ArrayLike, targets: ArrayLike) -> LossValue:
    """The Chamfer distance of outputs (..., dim) and targets (..., dim), dim 1 to 3. It is the mean distance of an output
    from its nearest target (the output's own loss) plus the mean distance of a target from its nearest output."""
    outputs = _points("outputs", outputs, "(..., dim)")
    n, dim = _rows(outputs).shape
    targets = _rows(_points("targets", targets, f"(..., {dim})"))
    targets = shaped("targets", targets, (len(targets), dim))
    return _loss_value("loss_chamfer", dim, n, outputs, len(targets), targets, outputs=outputs)


def propose_bandwidth(x: ArrayLike, targets: Optional[ArrayLike] = None) -> Bandwidth:
    """Proposes an encoding's frequencies for samples at coordinates (..., d) with targets (..., o), or (...) for one
    output."""
    x = _points("x", x, "(..., d)")
    n, d = _rows(x).shape
    values = None if targets is None else values_at("targets", targets, x.shape[:-1])
    o = 1 if values is None else values.shape[-1]
    proposal = new_struct("bandwidth")
    call("bandwidth_propose", n, d, x, o, values, ctypes.byref(proposal))
    return to_tuple(Bandwidth, proposal)


def _lengths(lengths: Sequence[int]) -> Any:
    return (ctypes.c_size_t * 3)(*(count("length", length) for length in lengths))


def _grid(name: str, values: Floats, dim: int, axes: str) -> Any:
    """Parameters for values whose first dim axes form a grid and whose other axes are channels."""
    if not 1 <= dim <= 3 or values.ndim < dim:
        raise ShapeError(Status.SHAPE, f"values has shape {values.shape}, {axes} must match its first 1 to 3 axes")
    params = initialised(name)
    params.dim, params.size = dim, _lengths(values.shape[:dim])
    params.channels = int(np.prod(values.shape[dim:]))
    return params


def window_statistics(
    values: ArrayLike, window: Sequence[int], boundary: Boundary = Boundary.REPLICATE
) -> WindowStatistics:
    """The mean and variance in the window around every cell of a grid of 1 to 3 axes. window gives its length in cells
    along each axis; for example values (h, w, 3) with window=(5, 5). Further axes of values have separate
    statistics."""
    values = floats(values)
    params = _grid("window_params", values, len(window), "the lengths of window")
    params.window, params.boundary = _lengths(window), choice("boundary", Boundary, boundary)
    statistics = WindowStatistics(np.empty_like(values), np.empty_like(values))
    call("window_statistics", ctypes.byref(params), values, *statistics)
    return statistics


def low_pass(
    values: ArrayLike,
    cutoff: ArrayLike,
    width: float = 0.0,
    boundary: Boundary = Boundary.REFLECT,
    shape: FilterShape = FilterShape.LINEAR,
    out: Optional[Floats] = None,
) -> Floats:
    """Filters values on a grid of 1 to 3 axes: removes the waves above each cell's own cut-off.

    cutoff: (*grid) in cycles per domain, >= 0, with the shape of the first axes of values; the filter treats all
    further axes alike. It falls between cut-off and cut-off + width, as shape says.
    """
    values, cutoff = floats(values), floats(cutoff)
    params = _grid("filter_params", values, cutoff.ndim, "the axes of cutoff")
    cutoff = shaped("cutoff", cutoff, values.shape[: cutoff.ndim])
    params.width = width
    params.boundary, params.shape = choice("boundary", Boundary, boundary), choice("shape", FilterShape, shape)
    filtered = result(out, values.shape, cutoff)
    call("filter_apply", ctypes.byref(params), values, cutoff, filtered)
    return filtered
