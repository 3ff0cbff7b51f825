# SPDX-License-Identifier: MIT
"""Fits in one call."""
from __future__ import annotations

from dataclasses import replace
from typing import Literal, Optional, Union, overload

from numpy.typing import ArrayLike

from ._abi import count
from ._arrays import Floats, floats, values_at
from ._ensemble import Ensemble
from ._errors import ShapeError, Status
from ._field import Field
from ._params import Encoding, Policy, ProgressBar, ProgressFunction, Task, choice
from ._settings import Settings, propose_settings, scaled
from ._trainer import Trainer

_Progress = Union[ProgressFunction, ProgressBar, None]


def _fit_member(x: Floats, targets: Floats, task: Task, settings: Settings, member: int, progress: _Progress) -> Field:
    """One field, whose seeds are the settings' plus `member`."""
    encoder, network, trainer = settings.encoder, settings.network, settings.trainer
    field = Field(
        replace(encoder, seed=encoder.seed + member), settings.mask, replace(network, seed=network.seed + member)
    )
    scales = settings.normalization
    if scales is not None and task is Task.CURVE:
        # Distances are in the caller's units: trains on scaled points, and scales the outputs afterwards.
        field.set_normalization(scales.center, scales.scale)
        targets = scaled(targets, scales.target_mean, scales.target_scale)
    elif scales is not None:
        field.set_normalization(*scales)
    with Trainer(field, replace(trainer, seed=trainer.seed + member), settings.optimizer) as training:
        if task is Task.CURVE:
            training.set_data(x)
            training.set_target_points(targets)
        else:
            training.set_data(x, targets)
        training.run(settings.iterations, progress)
    if scales is not None and task is Task.CURVE:
        field.set_normalization(*scales)
    return field


@overload
def fit(
    x: ArrayLike, y: ArrayLike, *, members: Literal[1], task: Task = ..., policy: Optional[Policy] = ...,
    encoding: Optional[Encoding] = ..., iterations: int = ..., seconds: float = ..., num_threads: int = ...,
    seed: int = ..., settings: Optional[Settings] = ..., progress: _Progress = ...,
) -> Field: ...


@overload
def fit(
    x: ArrayLike, y: ArrayLike, *, task: Task = ..., policy: Optional[Policy] = ...,
    encoding: Optional[Encoding] = ..., iterations: int = ..., seconds: float = ..., members: int = ...,
    num_threads: int = ..., seed: int = ..., settings: Optional[Settings] = ..., progress: _Progress = ...,
) -> Union[Field, Ensemble]: ...


def fit(
    x: ArrayLike,
    y: ArrayLike,
    *,
    task: Task = Task.REGRESSION,
    policy: Optional[Policy] = None,
    encoding: Optional[Encoding] = None,
    iterations: int = 0,
    seconds: float = 0.0,
    members: int = 0,
    num_threads: int = 0,
    seed: int = 0,
    settings: Optional[Settings] = None,
    progress: Union[ProgressFunction, ProgressBar, None] = None,
) -> Union[Field, Ensemble]:
    """Fits samples and returns the field, or an Ensemble of several where their mean is better.

    With `members=1` or a length of training it is always a field.

    Coordinates and targets may be of any size: the field is given their scales, and predicts in their units. They are
    single precision; subtract a large offset yourself.

    x: coordinates (..., d), d 1 to 3.
    y: targets (..., o), or (...) for one output.
    task: Task.REGRESSION (the default), Task.OCCUPANCY for targets between 0 and 1, or Task.CURVE.
    policy, encoding: chosen by propose_settings() unless given.
    iterations: length of the training, 0 (the default) to 10**12; 0 has it proposed.
    seconds: limit of the training, >= 0; 0 (the default) sets none. The speed is assumed, not measured.
    members: number of fields; 0 (the default) has it proposed.
    num_threads: 0 (the default: one per processor) to 256. The fit does not depend on it.
    seed: seed of the random numbers, default 0. Further fields have those that follow.
    settings: what propose_settings() returned, changed as you like; the settings above but `task` and `members` then
        have no effect. They are for x and y as they are, unless it was called with `normalize=True`.
    progress: as in Trainer.run(); every field calls it.
    """
    x = floats(x)
    if x.ndim == 0 or x.size == 0:
        raise ShapeError(Status.SHAPE, f"x has shape {x.shape}, must have (..., d) with samples")
    d = x.shape[-1]
    targets = values_at("y", y, x.shape[:-1])
    x, targets = x.reshape(-1, d), targets.reshape(-1, targets.shape[-1])
    task = choice("task", Task, task)
    if settings is None:
        settings = propose_settings(
            x, targets, task, policy=policy, encoding=encoding, iterations=iterations, seconds=seconds,
            num_threads=num_threads, seed=seed, normalize=True,
        )
    fields = [
        _fit_member(x, targets, task, settings, member, progress)
        for member in range(count("members", members) or settings.members)
    ]
    return fields[0] if len(fields) == 1 else Ensemble(fields)
