# SPDX-License-Identifier: MIT
"""Statuses, and the exceptions that they become."""
from __future__ import annotations

import enum
import re
import sys
from types import FrameType
from typing import Any, Type


class Status(enum.IntEnum):
    """The result of a call; `Error.status` holds it."""

    OK = 0
    ARGUMENT = 1
    MEMORY = 2
    SHAPE = 3
    NOT_FINITE = 4
    DIVERGED = 5
    NOT_FOUND = 6
    FILE = 7
    FORMAT = 8
    VERSION = 9
    STATE = 10
    UNSUPPORTED = 11
    THREAD = 12
    CALLBACK = 13


class StopTraining(Exception):
    """Raised by a callback to stop the run that calls it: `Trainer.run` then returns, with `Stop.CALLBACK`."""


class Error(Exception):
    """A call to the library failed. `status` says how; the message names the wrong argument and its value."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status, self.message)


class ArgumentError(Error, ValueError):
    """An argument is out of its range."""


class OutOfMemoryError(Error, MemoryError):
    """Memory could not be allocated."""


class ShapeError(Error, ValueError):
    """An array does not have the required shape."""


class NotFiniteError(Error, ValueError):
    """An input holds NaN or an infinity."""


class DivergedError(Error, FloatingPointError):
    """The loss became NaN or infinite, and the parameters are the last that gave a finite loss; or a step made a
    parameter or a moment of the optimizer NaN or infinite, and was undone."""


class NotFoundError(Error, KeyError):
    """No tensor or metadata entry has that name."""


class FileError(Error, OSError):
    """A file could not be opened, read or written."""


class FormatError(Error, ValueError):
    """A file violates its format."""


class VersionError(Error, RuntimeError):
    """A file was made by a newer libsape and uses features that this one does not know."""


class StateError(Error, RuntimeError):
    """The call is not possible now: the handle is closed, in use, or has no data yet."""


class UnsupportedError(Error, NotImplementedError):
    """This combination of options is not supported."""


class ThreadError(Error, RuntimeError):
    """A thread could not be started."""


class CallbackError(Error, RuntimeError):
    """A callback reported a failure."""


_ERRORS: dict[int, Type[Error]] = {
    Status.ARGUMENT: ArgumentError,
    Status.MEMORY: OutOfMemoryError,
    Status.SHAPE: ShapeError,
    Status.NOT_FINITE: NotFiniteError,
    Status.DIVERGED: DivergedError,
    Status.NOT_FOUND: NotFoundError,
    Status.FILE: FileError,
    Status.FORMAT: FormatError,
    Status.VERSION: VersionError,
    Status.STATE: StateError,
    Status.UNSUPPORTED: UnsupportedError,
    Status.THREAD: ThreadError,
    Status.CALLBACK: CallbackError,
}


_KNOWN = frozenset(Status)


def error(status: int, message: str) -> Error:
    return _ERRORS.get(status, Error)(Status(status) if status in _KNOWN else status, message)


_OWNERS = {
    "encoder": "Encoder",
    "mask": "Mask",
    "network": "Network",
    "optimizer": "Optimizer",
    "field": "Field",
    "trainer": "Trainer",
}


def in_python(message: str, caller: str) -> str:
    """The library's message, about the call that Python made and with Python's names."""
    message = re.sub(r"^sape_\w+(?=: )", caller, message)
    message = re.sub(r"\bsape_([a-z]+)_(\w+)\(\)", lambda found: f"{_OWNERS.get(found[1], found[1])}.{found[2]}()", message)
    return re.sub(r"\bSAPE_(LOSS|POLICY|ENCODING)_(\w+)", lambda found: f"{found[1].title()}.{found[2]}", message)


def public_call() -> str:
    """The name of this package's outermost active call, as its users write it."""
    frame = sys._getframe()
    names = []
    while frame is not None and frame.f_globals.get("__package__") == __package__:
        names.append(_name(frame))
        frame = frame.f_back  # type: ignore[assignment]
    return next(filter(None, reversed(names)), "sape")


def _name(frame: FrameType) -> str:
    """A frame's function with its class; empty if it is not public."""
    function = frame.f_code.co_name
    owner = frame.f_locals.get("self", frame.f_locals.get("cls"))
    kind = owner if isinstance(owner, type) else type(owner)
    owner_name = "" if owner is None else getattr(owner, "_public_name", kind.__name__)
    if owner_name.startswith("_"):
        return ""
    if function.startswith("__"):
        return owner_name
    if function.startswith(("_", "<")):
        return ""
    return f"{owner_name}.{function}" if owner_name else function
