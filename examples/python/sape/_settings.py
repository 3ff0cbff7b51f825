# SPDX-License-Identifier: MIT
"""Settings proposed from samples."""
from __future__ import annotations

import ctypes
from dataclasses import fields
from typing import Any, NamedTuple, Optional, Tuple, Type, TypeVar

from numpy.typing import ArrayLike

from ._abi import call, count, initialised, new_struct, text
from ._arrays import floats, values_at
from ._errors import ShapeError, Status
from ._params import (
    CutoffParams,
    EncoderParams,
    Encoding,
    MaskParams,
    NetworkParams,
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
    """Proposed settings: the parameters of all handles, the length of the training, and the reasons. The parameters are
    the caller's to change."""

    encoder: EncoderParams
    mask: MaskParams
    network: NetworkParams
    optimizer: OptimizerParams
    trainer: TrainerParams
    iterations: int
    reasons: Tuple[Setting, ...]


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
    kinds = (EncoderParams, MaskParams, NetworkParams, OptimizerParams, TrainerParams)
    structs = [initialised(kind._struct_name) for kind in kinds]
    call("settings_get", settings, *map(ctypes.byref, structs))
    encoder, mask, network, optimizer, trainer = (_from_struct(kind, struct) for kind, struct in zip(kinds, structs))
    if mask.policy is Policy.VARIANCE:
        cutoff = type(initialised("cutoff_params")).from_address(structs[1].cutoff)
        mask.cutoff = _from_struct(CutoffParams, cutoff)
    return Settings(encoder, mask, network, optimizer, trainer, call("settings_iterations", settings), _reasons(settings))


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
) -> Settings:
    """Proposes all settings of a fit of samples at coordinates (..., d) with targets (..., o), or (...) for one output, in a
    budget.

    `policy` and `encoding` are chosen unless given. `iterations`, or `epochs` of n samples, is the length of the
    training, and `seconds` limits it; 0 leaves it to the proposal, and so does a `batch_size` of 0. The speed behind
    `seconds` is assumed, not measured. `num_sets` says how many sets of n samples like these the training takes in
    turn. Without targets, give `output_dim`."""
    x = floats(x)
    if x.ndim == 0 or x.shape[-1] == 0:
        raise ShapeError(Status.SHAPE, f"x has shape {x.shape}, must have (..., d)")
    values = None if targets is None else values_at("targets", targets, x.shape[:-1])
    x = x.reshape(-1, x.shape[-1])
    query = initialised("settings_query")
    query.task = choice("task", Task, task)
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
    finally:
        call("settings_free", settings)
    if proposed.mask.policy is Policy.SPATIAL_FIXED:
        proposed.mask.samples = x
    return proposed
