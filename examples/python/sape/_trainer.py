# SPDX-License-Identifier: MIT
"""Trainers."""
from __future__ import annotations

import ctypes
from dataclasses import replace
from typing import Any, Optional, Tuple, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._abi import call, count, create, new_struct, to_tuple
from ._arrays import Floats, ScaleCheck, StrPath, floats, path_bytes, rows, shaped, values_at
from ._callbacks import (
    jacobian_loss_callback,
    loss_callback,
    observer,
    progress_callback,
    reduce_callback,
    sample_callback,
)
from ._errors import ArgumentError, Status, StopTraining
from ._field import Field
from ._handle import Callbacks, Handle, Memory
from ._params import (
    AdaptiveRateParams,
    History,
    JacobianLossFunction,
    Loss,
    OptimizerParams,
    ProgressBar,
    ProgressFunction,
    ReduceFunction,
    Result,
    SampleFunction,
    Stop,
    TrainerParams,
)
from ._parts import Checkpoint


class Trainer(Handle):
    """Trains a field: predict, loss, gradients, optimizer step, mask. A field has one trainer at a time.

    Trainers can be pickled and copied, with their samples, if their functions can. A copy trains a copy of the field, and
    goes on as the original would, with the same bits if the field has the default precision.
    """

    _kind = "trainer"
    _shown = ("field",)

    def __init__(
        self, field: Field, params: Optional[TrainerParams] = None, optimizer: Optional[OptimizerParams] = None
    ) -> None:
        params = params or TrainerParams()
        self._made_with = (replace(params), replace(optimizer or OptimizerParams()))
        self._calls: dict[str, Tuple[Any, ...]] = {}  # what a copy must be told
        self._callbacks = Callbacks()
        self._field = field
        self._samples: Tuple[Optional[Floats], ...] = ()
        self._num_samples = 0
        self._accumulate = params.accumulate
        self._loss_fn: Any = None
        self._reduce: Any = None
        self._scale = ScaleCheck(*field.normalization[:2])
        if params.loss is Loss.CUSTOM:
            raise ArgumentError(Status.ARGUMENT, "loss is Loss.CUSTOM: give the function instead")
        if not isinstance(params.loss, Loss):
            self._loss_fn = loss_callback(self._callbacks, params.loss, field.domain_dim)
        parts = (ctypes.byref(params._struct_with(self._loss_fn)), (optimizer or OptimizerParams())._pointer())
        with field._memory.exclusive() as pointer:
            self._memory = Memory(create("trainer_create", *parts, pointer), "trainer_free", field._memory)

    @property
    def field(self) -> Field:
        """The field that is trained."""
        return self._field

    def set_data(
        self, x: ArrayLike, targets: Optional[ArrayLike] = None, weights: Optional[ArrayLike] = None
    ) -> None:
        """Sets the samples: coordinates (..., d), targets (..., o), or (...) for one output, and their weights (...). A
        loss function may need no targets.

        C-contiguous float32 arrays are not copied: leave them unchanged until training ends. Coordinates belong in
        [-1, 1]; a warning appears once if some lie beyond -2 or 2.
        """
        x, shape, n = rows("x", x, self._field.domain_dim)
        y = None if targets is None else values_at("targets", targets, shape, self._field.output_dim)
        w = None if weights is None else shaped("weights", weights, shape)
        self._change("set_data", n, x, y)
        self._samples, self._num_samples = (x, y), n
        self._told_samples("set_data", x, y)
        self._scale.check(x)
        if w is not None:
            self.set_weights(w)

    def _told_samples(self, call_of_samples: str, *arguments: Any) -> None:
        """Samples replace earlier ones and their weights."""
        for name in ("set_data", "set_sampler", "set_weights"):
            self._calls.pop(name, None)
        self._calls[call_of_samples] = arguments

    def __reduce__(self) -> Tuple[Any, ...]:
        return _unpickle, (bytes(self.checkpoint()), *self._made_with, dict(self._calls))

    def set_weights(self, weights: Optional[ArrayLike]) -> None:
        """Gives the samples weights (...), or none (None). The loss is then sum(w l) / sum(w). With a sampler, weights
        has an entry for every sample of an iteration; an array that is used in place may be changed by the sampler."""
        array = None if weights is None else floats(weights)
        n = self._num_samples if array is None else array.size
        self._change("set_weights", n, array)
        self._weights = array
        self._calls["set_weights"] = (array,)

    def set_sampler(self, n: int, sampler: SampleFunction) -> None:
        """Has a function supply the n samples of every batch, instead of set_data(). It ends the run without an error
        by returning None."""
        d, o = self._field.domain_dim, self._field.output_dim
        function = sample_callback(self._callbacks, sampler, d, o, self._scale)
        self._change("set_sampler", count("n", n), function, None)
        self._sampler = function
        self._num_samples = n * self._accumulate
        self._told_samples("set_sampler", n, sampler)

    def set_target_points(self, points: ArrayLike, per_iteration: int = 0) -> None:
        """Sets the points (m, o) that Loss.CHAMFER compares the outputs with, used in place, and how many of them an
        iteration uses (0: all)."""
        array, _, m = rows("points", points, self._field.output_dim)
        self._change("set_target_points", m, array, count("per_iteration", per_iteration))
        self._points = array
        self._calls["set_target_points"] = (array, per_iteration)

    def set_jacobian_loss(self, loss: JacobianLossFunction) -> None:
        """Sets the function of Loss.CUSTOM_JACOBIAN, which receives the derivatives of the outputs as well."""
        function = jacobian_loss_callback(self._callbacks, loss)
        self._change("set_jacobian_loss", function, None)
        self._loss_fn = function
        self._calls["set_jacobian_loss"] = (loss,)

    def set_adaptive_rate(self, params: Optional[AdaptiveRateParams]) -> None:
        """Turns the locally adaptive learning rate on, starting anew, or off (None)."""
        self._change("set_adaptive_rate", None if params is None else params._pointer())
        self._calls["set_adaptive_rate"] = (None if params is None else replace(params),)

    def set_reduce(self, reduce: Optional[ReduceFunction]) -> None:
        """Trains together with the trainers of other processes or threads (ranks), each on its own share of the
        samples. The function sums arrays over all ranks in place. All must make the same calls. None trains alone
        again."""
        function = None if reduce is None else reduce_callback(self._callbacks, reduce)
        self._change("set_reduce", function, None)
        self._reduce = function
        self._calls["set_reduce"] = (reduce,)

    def indices(self, n: int) -> NDArray[np.uintp]:
        """The rows of set_data() that a loss function of your own is called with; call it there, with the number of its
        samples."""
        indices = np.empty(count("n", n), np.uintp)
        self._look("get_indices", n, indices.ctypes.data)
        return indices

    @property
    def params(self) -> TrainerParams:
        """Its parameters; of a loss function of your own only that it is one."""
        return self._params(TrainerParams)

    @property
    def optimizer_params(self) -> OptimizerParams:
        """The parameters of its optimizer, with the present learning rate."""
        return self._params(OptimizerParams, "get_optimizer_params")

    @property
    def num_outside(self) -> int:
        """How many samples lie far outside [-1, 1] in the field's units."""
        return int(self._look("num_outside"))

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step. Setting it changes the rate that the schedule's factors apply to, also
        from a progress callback, and after resume()."""
        return float(self._look("learning_rate"))

    @learning_rate.setter
    def learning_rate(self, rate: float) -> None:
        self._change_within("set_learning_rate", float(rate))

    def average(self) -> Field:
        """A new field with the averaged parameters (TrainerParams.average_decay)."""
        with self._memory.shared() as pointer:
            return Field._own(create("trainer_average", pointer))

    @property
    def history(self) -> History:
        """The losses of all iterations so far, in at most TrainerParams.history entries and the one under way."""
        with self._memory.shared() as pointer:
            n = call("trainer_history_count", pointer)
            history = History(np.empty(n, np.uint64), np.empty(n), np.empty(n))
            call("trainer_get_history", pointer, n, *(array.ctypes.data for array in history))
        return history

    def step(self) -> float:
        """Does one iteration and returns the batch's loss before the step, or NaN if the sampler ended instead."""
        loss = ctypes.c_double()
        with self._memory.exclusive() as pointer:
            self._callbacks.calling(lambda: call("trainer_step", pointer, ctypes.byref(loss)))
        return loss.value

    def run(self, num_iterations: int, progress: Union[ProgressFunction, ProgressBar, None] = None) -> Result:
        """Does a number of iterations. Call it again to continue.

        progress: a function or a progress bar, called every TrainerParams.progress_every iterations and after the last.
        A progress callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++, Python and
        Rust. Truth is that of bool(). A function that has returned None only watches: a true result later does not stop
        the run, and warns once. `lambda now: bar.update(1)` is therefore safe. So is a bar itself: its update(n) gets
        the number of iterations since the last call, and its result is ignored.

        StopTraining, raised by any callback, stops the run without an error; the current iteration is dropped. Other
        exceptions of a callback reach the caller. Ctrl-C stops the run at the next progress report and raises
        KeyboardInterrupt; the training done so far is kept.
        """
        known = new_struct("result")
        iterations = count("num_iterations", num_iterations)
        watching = observer(progress)
        function = progress_callback(self._callbacks, watching)
        with self._memory.exclusive() as pointer:
            try:
                self._callbacks.calling(
                    lambda: call("trainer_run", pointer, iterations, function, None, ctypes.byref(known))
                )
            except StopTraining:
                known.stop = Stop.CALLBACK
        watching.finish(known.iterations)
        done = to_tuple(Result, known)
        return done._replace(stop=Stop(done.stop))

    def checkpoint(self) -> Checkpoint:
        """A checkpoint of the field and the training state, without the samples."""
        with self._memory.shared() as pointer:
            return Checkpoint._own(create("trainer_checkpoint", pointer))

    def save(self, path: StrPath) -> None:
        """Saves field and training state as a safetensors file, which is replaced completely or not at all."""
        self._look("save", path_bytes(path))

    def restore(self, checkpoint: Checkpoint) -> None:
        """Restores a saved training state with the same parameters and samples. Training continues with the same
        bits."""
        with checkpoint._memory.shared() as pointer:
            self._change("restore", pointer)

    def resume(self, path: StrPath) -> None:
        """Restores a training state from a file."""
        self._change("resume", path_bytes(path))


def _unpickle(contents: bytes, params: TrainerParams, optimizer: OptimizerParams, calls: dict[str, Any]) -> Trainer:
    checkpoint = Checkpoint(contents)
    trainer = Trainer(Field.from_checkpoint(checkpoint), params, optimizer)
    for name, arguments in calls.items():
        getattr(trainer, name)(*arguments)
    trainer.restore(checkpoint)
    return trainer
