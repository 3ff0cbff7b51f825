# SPDX-License-Identifier: MIT
"""libsape from Python: neural fields with spatially-adaptive progressive encoding.

`fit` fits samples in one call; `SapeRegressor` is an estimator for scikit-learn, `sape.torch` a module for PyTorch.

A `Field` is a function from coordinates to outputs, made of an `Encoder`, a `Mask` and a `Network`; a `Trainer` fits it
to samples. Every part can be used alone. docs/mathematics.md says what is computed.

Arrays: coordinates are (..., d), outputs (..., o), for any "...". C-contiguous float32 arrays are used in place,
without a copy; others are converted once. Results go to `out`, if given (a C-contiguous float32 array of the right
shape), or to a new array.

Errors: a failing call raises a subclass of `Error`, which also derives from the Python exception it resembles most.

Callbacks: their exceptions reach the caller unchanged, and `StopTraining` stops a run without an error. A progress
callback returns true (not 0) to stop the run, false (0) to go on. It is so in C, C++, Python and Rust.

Threads: the interpreter lock is released inside the library. Several threads may make calls that only read a handle at
once. A call that changes it (training changes the field) excludes all calls from other threads; a call that would break
this rule raises `StateError`.

Lifetime: a handle is freed by `close()`, at the end of a `with`, or when nothing refers to it any more. Parts of a
field, and its trainers, keep the field alive; closing the field closes them.
"""
from __future__ import annotations

from typing import Any

from ._abi import call, text
from ._arrays import Floats, StrPath
from ._errors import (
    ArgumentError,
    CallbackError,
    DivergedError,
    Error,
    FileError,
    FormatError,
    NotFiniteError,
    NotFoundError,
    OutOfMemoryError,
    ShapeError,
    StateError,
    Status,
    StopTraining,
    ThreadError,
    UnsupportedError,
    VersionError,
)
from ._ensemble import Ensemble
from ._field import Field
from ._fit import fit
from ._functions import chamfer, describe, evaluate_loss, low_pass, propose_bandwidth, window_statistics
from ._handle import Tensors
from ._params import (
    Activation,
    AdaptiveRateParams,
    Bandwidth,
    Boundary,
    CutoffParams,
    Description,
    Draw,
    EncoderParams,
    Encoding,
    FilterShape,
    History,
    InstructionSet,
    Interpolation,
    JacobianLossFunction,
    Loss,
    LossFunction,
    LossValue,
    MaskParams,
    MaskState,
    NetworkParams,
    Normalization,
    OptimizerKind,
    OptimizerParams,
    OutputActivation,
    Policy,
    Precision,
    Product,
    Progress,
    ProgressBar,
    ProgressFunction,
    ReduceFunction,
    Result,
    SampleFunction,
    Schedule,
    Stop,
    Task,
    TrainerParams,
    WindowStatistics,
)
from ._parts import Checkpoint, Encoder, Mask, Network, Optimizer
from ._settings import Setting, Settings, propose_settings
from ._trainer import Trainer

__all__ = [
    "Activation", "AdaptiveRateParams", "ArgumentError", "Bandwidth", "Boundary", "CallbackError", "Checkpoint",
    "CutoffParams", "Description", "DivergedError", "Draw", "Encoder", "EncoderParams", "Encoding", "Ensemble", "Error", "Field",
    "FileError", "FilterShape", "Floats", "FormatError", "History", "InstructionSet", "Interpolation", "JacobianLossFunction", "Loss",
    "LossFunction", "LossValue", "Mask", "MaskParams", "MaskState", "Network", "NetworkParams", "Normalization", "NotFiniteError",
    "NotFoundError", "Optimizer", "OptimizerKind", "OptimizerParams", "OutOfMemoryError", "OutputActivation", "Policy",
    "Precision", "Product", "Progress", "ProgressBar", "ProgressFunction", "ReduceFunction", "Result",
    "SampleFunction", "Schedule", "Setting", "Settings", "ShapeError", "StateError", "Status", "Stop", "StopTraining",
    "StrPath", "Task", "Tensors", "ThreadError", "Trainer", "TrainerParams", "UnsupportedError", "VersionError",
    "WindowStatistics", "chamfer", "describe", "evaluate_loss", "fit", "low_pass", "propose_bandwidth", "propose_settings",
    "window_statistics",
]

__version__ = text(call("version_string"))


def __getattr__(name: str) -> Any:
    """SapeRegressor, which needs scikit-learn, is imported when it is first asked for."""
    if name != "SapeRegressor":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._regressor import SapeRegressor

    return SapeRegressor
