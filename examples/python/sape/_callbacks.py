# SPDX-License-Identifier: MIT
"""Functions of yours as functions that the library calls."""
from __future__ import annotations

import ctypes
from typing import Any, Callable, Optional, Tuple

import numpy as np
from numpy.typing import ArrayLike

from ._abi import JACOBIAN_LOSS_FN, LOSS_FN, PROGRESS_FN, REDUCE_FN, SAMPLE_FN, to_tuple
from ._arrays import Floats, shaped, view
from ._handle import Callbacks
from ._params import JacobianLossFunction, LossFunction, Progress, ProgressFunction, ReduceFunction, SampleFunction

_REDUCED: dict[int, np.dtype[Any]] = {0: np.dtype(np.float32), 1: np.dtype(np.float64)}  # by sape_dtype


def _relayed(kind: Any, callbacks: Callbacks, function: Callable[..., Optional[bool]]) -> Any:
    """A C function with a user pointer in front; it returns 0, or 1 when the function returns True or raises."""
    return kind(lambda _user, *arguments: callbacks.relay(lambda: int(function(*arguments) is True)))


def _copied(address: Optional[int], *shape: int) -> Optional[Floats]:
    """What an address points to ends with the call; functions get arrays that they may keep."""
    return view(address, *shape).copy() if address else None


def _store(address: int, name: str, values: ArrayLike, shape: Tuple[int, ...]) -> None:
    view(address, *shape)[...] = shaped(name, values, shape)


def progress_callback(callbacks: Callbacks, function: Optional[ProgressFunction]) -> Any:
    def report(seen: Any) -> bool:
        return function is not None and function(to_tuple(Progress, seen[0])) is True

    return _relayed(PROGRESS_FN, callbacks, report)


def loss_callback(callbacks: Callbacks, function: LossFunction, d: int) -> Any:
    def evaluate(
        n: int, x: int, o: int, outputs: int, targets: Optional[int], d_outputs: int, sample_loss: int, loss: int
    ) -> None:
        given: Any = _copied(outputs, n, o), _copied(targets, n, o), _copied(x, n, d)
        value, losses, gradient = function(*given)
        _store(d_outputs, "d_outputs", gradient, (n, o))
        _store(sample_loss, "sample_loss", losses, (n,))
        ctypes.c_double.from_address(loss).value = value

    return _relayed(LOSS_FN, callbacks, evaluate)


def jacobian_loss_callback(callbacks: Callbacks, function: JacobianLossFunction) -> Any:
    def evaluate(n: int, d: int, x: int, o: int, outputs: int, jacobian: int, targets: Optional[int], *results: int) -> None:
        given: Any = _copied(outputs, n, o), _copied(jacobian, n, o, d), _copied(targets, n, o), _copied(x, n, d)
        value, losses, gradient, jacobian_gradient = function(*given)
        _store(results[0], "d_outputs", gradient, (n, o))
        _store(results[1], "d_jacobian", jacobian_gradient, (n, o, d))
        _store(results[2], "sample_loss", losses, (n,))
        ctypes.c_double.from_address(results[3]).value = value

    return _relayed(JACOBIAN_LOSS_FN, callbacks, evaluate)


def sample_callback(callbacks: Callbacks, function: SampleFunction, d: int, o: int) -> Any:
    def fill(iteration: int, n: int, x: int, targets: Optional[int]) -> None:
        given, values = function(iteration, n)
        _store(x, "x", given, (n, d))
        if targets and values is not None:
            _store(targets, "targets", values, (n, o))

    return _relayed(SAMPLE_FN, callbacks, fill)


def reduce_callback(callbacks: Callbacks, function: ReduceFunction) -> Any:
    def add_up(dtype: int, size: int, address: int) -> None:
        kind = _REDUCED[dtype]
        memory = (ctypes.c_char * (size * kind.itemsize)).from_address(address)
        function(np.frombuffer(memoryview(memory), kind))

    return _relayed(REDUCE_FN, callbacks, add_up)
