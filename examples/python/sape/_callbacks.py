# SPDX-License-Identifier: MIT
"""Turns Python functions into callbacks of the library."""
from __future__ import annotations

import ctypes
import sys
import warnings
from typing import Any, Callable, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike

from ._abi import JACOBIAN_LOSS_FN, LOSS_FN, PROGRESS_FN, REDUCE_FN, SAMPLE_FN, to_tuple
from ._arrays import Floats, ScaleCheck, shaped, view
from ._handle import Callbacks
from ._params import (
    JacobianLossFunction,
    LossFunction,
    Progress,
    ProgressBar,
    ProgressFunction,
    ReduceFunction,
    SampleFunction,
)

_SAMPLER_END = -(2**31)  # SAPE_SAMPLER_END
_REDUCED: dict[int, np.dtype[Any]] = {0: np.dtype(np.float32), 1: np.dtype(np.float64)}  # by sape_dtype


def _relayed(kind: Any, callbacks: Callbacks, function: Callable[..., Optional[bool]]) -> Any:
    """A C function with a leading user pointer. It returns 1 if the function returns True or raises, otherwise 0."""
    return kind(lambda _user, *arguments: callbacks.relay(lambda: int(bool(function(*arguments)))))


def _copied(address: Optional[int], *shape: int) -> Optional[Floats]:
    """A copy that functions may keep; the memory at the address is valid only during the call."""
    return view(address, *shape).copy() if address else None


def _store(address: int, name: str, values: ArrayLike, shape: Tuple[int, ...]) -> None:
    view(address, *shape)[...] = shaped(name, values, shape)


def _shown_by_tqdm() -> dict[int, object]:
    """The time each of tqdm's bars was last drawn. update() returns True when it draws its bar."""
    bars = getattr(getattr(sys.modules.get("tqdm"), "tqdm", None), "_instances", ())
    return {id(bar): getattr(bar, "last_print_t", None) for bar in list(bars)}


class Observer:
    """A progress function that stops the run with a true result; one that returns None only watches.

    A function that passes on the result of tqdm's update() must not stop the run. That result is True when the bar is
    drawn, otherwise None. A result that is false, but not None, shows that the function decides. Until then, True is
    ignored if a bar was drawn during the call.
    """

    def __init__(self, function: ProgressFunction) -> None:
        self._function = function
        self._decides = False
        self._watches = False
        self._warned = False

    def wants_to_stop(self, now: Progress) -> bool:
        shown = {} if self._decides or self._watches else _shown_by_tqdm()
        result = self._function(now)
        if result is None:
            self._watches = True
            return False
        stop = bool(result)
        if stop and self._watches:
            self._warn()
            return False
        if stop and not self._decides and result is True and _shown_by_tqdm() != shown:
            return False
        self._decides = self._decides or not stop
        return stop

    def _warn(self) -> None:
        if not self._warned:
            self._warned = True
            message = (
                "the progress function has returned None, so a true result does not stop the run; "
                "return a bool every time, or raise sape.StopTraining"
            )
            warnings.warn(message, RuntimeWarning, stacklevel=2)

    def finish(self, _iterations: int) -> None:
        """Does nothing at the end of a run."""


class BarObserver:
    """A progress bar, which never stops the run."""

    def __init__(self, bar: ProgressBar) -> None:
        self._bar = bar
        self._iterations = 0

    def wants_to_stop(self, now: Progress) -> bool:
        self.finish(now.iteration)
        return False

    def finish(self, iterations: int) -> None:
        """Moves the bar to this many iterations of the run."""
        if iterations > self._iterations:
            self._bar.update(iterations - self._iterations)
            self._iterations = iterations


def observer(progress: Union[ProgressFunction, ProgressBar, None]) -> Union[Observer, BarObserver]:
    """The observer of a run's progress."""
    if progress is None:
        return Observer(lambda now: None)
    if callable(progress):
        return Observer(progress)
    if callable(getattr(progress, "update", None)):
        return BarObserver(progress)
    raise TypeError("progress must be a function, or a progress bar with a method update(n)")


def progress_callback(callbacks: Callbacks, watching: Union[Observer, BarObserver]) -> Any:
    return _relayed(PROGRESS_FN, callbacks, lambda seen: watching.wants_to_stop(to_tuple(Progress, seen[0])))


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


def sample_callback(callbacks: Callbacks, function: SampleFunction, d: int, o: int, scale: ScaleCheck) -> Any:
    def fill(iteration: int, n: int, x: int, targets: Optional[int]) -> int:
        samples = function(iteration, n)
        if samples is None:
            return _SAMPLER_END
        given, values = samples
        _store(x, "x", given, (n, d))
        scale.check(view(x, n, d))
        if targets and values is not None:
            _store(targets, "targets", values, (n, o))
        return 0

    return SAMPLE_FN(lambda _user, *arguments: callbacks.relay(lambda: fill(*arguments)))


def reduce_callback(callbacks: Callbacks, function: ReduceFunction) -> Any:
    def add_up(dtype: int, size: int, address: int) -> None:
        kind = _REDUCED[dtype]
        memory = (ctypes.c_char * (size * kind.itemsize)).from_address(address)
        function(np.frombuffer(memoryview(memory), kind))

    return _relayed(REDUCE_FN, callbacks, add_up)
