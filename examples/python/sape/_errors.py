# SPDX-License-Identifier: MIT
"""Statuses, and the exceptions that they become."""
from __future__ import annotations

import enum
from typing import Any, Type


class Status(enum.IntEnum):
    """What a call reports; `Error.status` holds it."""

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


class Error(Exception):
    """A call of the library failed. `status` says how, the message which argument was wrong and what its value was."""

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
    """An array does not have the shape asked for."""


class NotFiniteError(Error, ValueError):
    """An input holds NaN or an infinity."""


class DivergedError(Error, FloatingPointError):
    """The loss became NaN or infinite; the parameters are the last ones that gave a finite loss."""


class NotFoundError(Error, KeyError):
    """No tensor or metadata entry has that name."""


class FileError(Error, OSError):
    """A file could not be opened, read or written."""


class FormatError(Error, ValueError):
    """A file is not what its format demands."""


class VersionError(Error, RuntimeError):
    """A file was made by a newer libsape and uses what this one does not know."""


class StateError(Error, RuntimeError):
    """The call cannot be made now: the handle is closed, or in use, or has no data yet."""


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


def error(status: int, message: str) -> Error:
    return _ERRORS.get(status, Error)(status, message)
