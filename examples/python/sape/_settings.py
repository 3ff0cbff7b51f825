# SPDX-License-Identifier: MIT
"""Settings proposed from samples."""
from __future__ import annotations

import ctypes
from dataclasses import fields
from typing import Any, NamedTuple, Optional, Tuple, Type, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ._abi import call, count, initialised, new_struct, text
from ._arrays import Floats, floats, values_at
from ._errors import ShapeError, Status
from ._field import Field
from ._params import (
    CutoffParams,
    EncoderParams,
    Encoding,
    MaskParams,
    NetworkParams,
    Normalization,
    OptimizerParams,
    Params,
    Policy,
    Task,
    TrainerParams,
    choice,
)


class Setting(NamedTuple):
    """A setting in words: its name, its value as text, and why it has this value."""

    name: str
    value: str
    reason: str


class Settings(NamedTuple):
    """Proposed settings: the parameters of all handles, the length of the training, the reasons, the scales of the
    field that they are for (None: coordinates and targets are used as they are), and how many fields of different
    seeds are to be fitted, whose mean is the best output. The parameters are the caller's to change."""

    encoder: EncoderParams
    mask: MaskParams
    network: NetworkParams
    optimizer: OptimizerParams
    trainer: TrainerParams
    iterations: int
    reasons: Tuple[Setting, ...]
    normalization: Optional[Normalization] = None
    members: int = 1


_P = TypeVar("_P", bound=Params)


def _from_struct(kind: Type[_P], struct: Any) -> _P:
    """The parameters that a C struct holds; what it points to keeps its default."""
    defaults = kind()
    types = {name: c_type for name, c_type in type(struct)._fields_}
    return kind(**{
        member.name: type(getattr(defaults, member.name))(getattr(struct, member.name))
        for member in fields(kind)
        if types[member.name] is not ctypes.c_void_p
    })


def _reasons(settings: Any) -> Tuple[Setting, ...]:
    found = []
    for index in range(call("settings_count", settings)):
        setting = new_struct("setting")
        call("settings_item", settings, index, ctypes.byref(setting))
        found.append(Setting(text(setting.name), text(setting.value), text(setting.reason)))
    return tuple(found)


def _read(settings: Any) -> Settings:
    structs = [initialised(f"{part}_params") for part in ("encoder", "mask", "network", "optimizer", "trainer")]
    call("settings_get", settings, *map(ctypes.byref, structs))
    mask = _from_struct(MaskParams, structs[1])
    if mask.policy is Policy.VARIANCE:
        cutoff = type(initialised("cutoff_params")).from_address(structs[1].cutoff)
        mask.cutoff = _from_struct(CutoffParams, cutoff)
    return Settings(
        _from_struct(EncoderParams, structs[0]), mask, _from_struct(NetworkParams, structs[2]),
        _from_struct(OptimizerParams, structs[3]), _from_struct(TrainerParams, structs[4]),
        call("settings_iterations", settings), _reasons(settings), None, call("settings_members", settings),
    )


def _stretched(settings: Any, d: int, o: int, scales: Optional[Normalization]) -> Optional[Normalization]:
    """The scales with the factors of the proposal; None if there are none."""
    factors = np.ones(d)
    call("settings_get_scale", settings, factors.ctypes.data)
    if scales is None and not np.all(factors == 1):
        scales = Normalization(np.zeros(d), np.ones(d), np.zeros(o), np.ones(o))
    return None if scales is None else scales._replace(scale=scales.scale * factors)


def _scales(x: Floats, targets: Optional[Floats], task: Task) -> Normalization:
    """The scales that Field.fit_normalization() finds. Labels keep theirs, and a curve's points have one for all axes."""
    o = 1 if targets is None else targets.shape[-1]
    encoder = EncoderParams(kind=Encoding.IDENTITY, domain_dim=x.shape[-1])
    network = NetworkParams(output_dim=o, hidden_dim=1, num_layers=1)
    with Field(encoder, MaskParams(policy=Policy.NONE), network) as field:
        field.fit_normalization(x, targets if task is Task.REGRESSION else None)
        found = field.normalization
    if task is Task.CURVE and targets is not None:
        low, high = targets.min(axis=0).astype(np.float64), targets.max(axis=0).astype(np.float64)
        half = float((high - low).max()) / 2
        found = found._replace(target_mean=low / 2 + high / 2, target_scale=np.full(o, half if half > 0 else 1.0))
    return found


def scaled(values: Floats, offset: Any, scale: Any) -> Floats:
    """Coordinates or targets in the field's units."""
    return np.asarray((values - offset) / scale, np.float32)


def propose_settings(
    x: ArrayLike,
    targets: Optional[ArrayLike] = None,
    task: Task = Task.REGRESSION,
    *,
    output_dim: Optional[int] = None,
    policy: Optional[Policy] = None,
    encoding: Optional[Encoding] = None,
    num_frequencies: int = 0,
    num_sets: int = 1,
    iterations: int = 0,
    epochs: int = 0,
    seconds: float = 0.0,
    batch_size: int = 0,
    num_threads: int = 0,
    seed: int = 0,
    normalize: bool = False,
) -> Settings:
    """Proposes all settings of a fit of samples at coordinates (..., d) with targets (..., o), or (...) for one output, in a
    budget.

    `policy` and `encoding` are chosen unless given. `iterations`, or `epochs` of n samples, is the length of the
    training, and `seconds` limits it; 0 leaves it to the proposal, and so does a `batch_size` of 0. The speed behind
    `seconds` is assumed, not measured. `num_sets` says how many sets of n samples like these the training takes in
    turn. Without targets, give `output_dim`.

    `normalize`: for coordinates and targets of any size. The settings are then for a field with the scales of these
    samples. `Settings.normalization`, which fit() gives to the field, has them; without `normalize` too, where the
    proposal has a scale of its own for a coordinate."""
    x = floats(x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(Status.SHAPE, f"x has shape {x.shape}, must have (..., d)")
    values = None if targets is None else values_at("targets", targets, x.shape[:-1])
    x = x.reshape(-1, x.shape[-1])
    task = choice("task", Task, task)
    values = None if values is None else values.reshape(-1, values.shape[-1])
    scales = None
    if normalize:
        scales = _scales(x, values, task)
        x = scaled(x, scales.center, scales.scale)
        values = None if values is None else scaled(values, scales.target_mean, scales.target_scale)
    query = initialised("settings_query")
    query.task = task
    query.policy = -1 if policy is None else choice("policy", Policy, policy)
    query.encoding = -1 if encoding is None else choice("encoding", Encoding, encoding)
    query.n, query.domain_dim = x.shape
    query.output_dim = 1 if output_dim is None else count("output_dim", output_dim)
    query.x = x.ctypes.data
    if values is not None:
        query.targets, query.output_dim = values.ctypes.data, values.shape[-1]
    for name, value in (("num_frequencies", num_frequencies), ("num_sets", num_sets), ("iterations", iterations), ("epochs", epochs), ("batch_size", batch_size),
                        ("num_threads", num_threads), ("seed", seed)):
        setattr(query, name, count(name, value))
    query.seconds = float(seconds)
    settings = ctypes.c_void_p()
    call("settings_propose", ctypes.byref(query), ctypes.byref(settings))
    try:
        proposed = _read(settings)
        scales = _stretched(settings, query.domain_dim, query.output_dim, scales)
    finally:
        call("settings_free", settings)
    if proposed.mask.policy is Policy.SPATIAL_FIXED:
        proposed.mask.samples = x
    return proposed._replace(normalization=scales)
