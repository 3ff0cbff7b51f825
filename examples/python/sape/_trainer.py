# SPDX-License-Identifier: MIT
"""Trainers."""
from __future__ import annotations

import ctypes
import os
from typing import Any, Optional, Tuple

from numpy.typing import ArrayLike

from ._abi import call, count, create, new_struct, to_tuple
from ._arrays import Floats, StrPath, rows, shaped
from ._callbacks import jacobian_loss_callback, loss_callback, progress_callback, reduce_callback, sample_callback
from ._field import Field
from ._handle import Callbacks, Handle, Memory
from ._params import (
    AdaptiveRateParams,
    JacobianLossFunction,
    Loss,
    OptimizerParams,
    ProgressFunction,
    ReduceFunction,
    Result,
    SampleFunction,
    TrainerParams,
)
from ._parts import Checkpoint


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
        self._loss_fn: Any = None
        self._reduce: Any = None
        if not isinstance(params.loss, Loss):
            self._loss_fn = loss_callback(self._callbacks, params.loss, field.domain_dim)
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
        function = sample_callback(self._callbacks, sampler, d, o)
        self._change("set_sampler", count("n", n), function, None)
        self._sampler = function

    def set_target_points(self, points: ArrayLike, per_iteration: int = 0) -> None:
        """Gives the points (m, o) that Loss.CHAMFER holds the outputs against, used where they lie, and how many of them
        an iteration sees (0: all)."""
        array, _, m = rows("points", points, self._field.output_dim)
        self._change("set_target_points", m, array, count("per_iteration", per_iteration))
        self._points = array

    def set_jacobian_loss(self, loss: JacobianLossFunction) -> None:
        """Gives the function of Loss.CUSTOM_JACOBIAN, which sees how the outputs change with the coordinates."""
        function = jacobian_loss_callback(self._callbacks, loss)
        self._change("set_jacobian_loss", function, None)
        self._loss_fn = function

    def set_adaptive_rate(self, params: Optional[AdaptiveRateParams]) -> None:
        """Turns the locally adaptive learning rate on, with what it has learnt dropped, or off (None)."""
        self._change("set_adaptive_rate", None if params is None else params._pointer())

    def set_reduce(self, reduce: Optional[ReduceFunction]) -> None:
        """Trains with the trainers of other processes or threads, the ranks, each on its own share of the samples: the
        function adds arrays up over all of them, in place. All must make the same calls. None: alone again."""
        function = None if reduce is None else reduce_callback(self._callbacks, reduce)
        self._change("set_reduce", function, None)
        self._reduce = function

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

        known = new_struct("result")
        function = progress_callback(self._callbacks, progress)
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
