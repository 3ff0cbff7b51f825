# SPDX-License-Identifier: MIT
"""Handles: ownership of memory, access from threads, and exceptions from callbacks."""
from __future__ import annotations

import contextlib
import ctypes
import signal
import threading
import weakref
from typing import Any, Callable, ClassVar, Iterator, Mapping, Optional, Tuple, Type, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from ._abi import call, new_struct, text
from ._arrays import Floats, shaped
from ._errors import CallbackError, NotFoundError, StateError, Status
from ._params import Params


class Guard:
    """Lets many threads read at once, or one thread write; the writer may also read, in its callbacks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._readers = 0
        self._writer: Optional[int] = None

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        with self._lock:
            if self._writer not in (None, threading.get_ident()):
                raise StateError(Status.STATE, "another thread is changing what this call reads")
            self._readers += 1
        try:
            yield
        finally:
            with self._lock:
                self._readers -= 1

    @property
    def owned(self) -> bool:
        """Whether this thread is the writer."""
        return self._writer == threading.get_ident()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._lock:
            if self._writer is not None or self._readers > 0:
                raise StateError(Status.STATE, "what this call changes is in use by another call")
            self._writer = threading.get_ident()
        try:
            yield
        finally:
            self._writer = None


class Memory:
    """The memory behind a handle. It is freed once: on close(), or when nothing refers to it any more.

    A part (a field's mask; a trainer, which works on its field's memory) keeps its whole alive, shares its guard and
    ends with it. The finalizer refers to the whole, so that even the garbage collector frees the part first.
    """

    def __init__(self, pointer: int, free: Optional[str], whole: Optional[Memory] = None) -> None:
        self._pointer = pointer
        self._whole = whole
        self._guard: Guard = Guard() if whole is None else whole._guard
        self._parts: weakref.WeakSet[Memory] = weakref.WeakSet()
        if whole is not None:
            whole._parts.add(self)
        self._finalizer = weakref.finalize(self, _free, free, pointer, whole)

    @property
    def closed(self) -> bool:
        return not self._finalizer.alive

    def _open_pointer(self) -> int:
        if self.closed:
            raise StateError(Status.STATE, "the handle is closed")
        return self._pointer

    @contextlib.contextmanager
    def shared(self) -> Iterator[int]:
        with self._guard.shared():
            yield self._open_pointer()

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[int]:
        with self._guard.exclusive():
            yield self._open_pointer()

    def within(self) -> contextlib.AbstractContextManager[int]:
        """Like exclusive(); within an exclusive call of this thread, that call's right."""
        return self.shared() if self._guard.owned else self.exclusive()

    def close(self) -> None:
        with self._guard.exclusive():
            self._end()

    def _end(self) -> None:
        for part in list(self._parts):
            part._end()
        self._finalizer()


def _free(function: Optional[str], pointer: int, _whole: Optional[Memory]) -> None:
    if function is not None:
        call(function, pointer)


_Self = TypeVar("_Self", bound="Handle")
_P = TypeVar("_P", bound=Params)


class Handle:
    """The base of all handles."""

    _kind: ClassVar[str]
    _memory: Memory

    @classmethod
    def _wrap(cls: type[_Self], memory: Memory) -> _Self:
        handle = cls.__new__(cls)
        handle._memory = memory
        return handle

    @classmethod
    def _own(cls: type[_Self], pointer: int) -> _Self:
        return cls._wrap(Memory(pointer, cls._kind + "_free"))

    def _look(self, function: str, *arguments: object) -> Any:
        """Calls a function that reads the handle."""
        with self._memory.shared() as pointer:
            return call(f"{self._kind}_{function}", pointer, *arguments)

    def _change(self, function: str, *arguments: object) -> Any:
        """Calls a function that changes the handle."""
        with self._memory.exclusive() as pointer:
            return call(f"{self._kind}_{function}", pointer, *arguments)

    def _params(self, kind: Type[_P], function: str = "get_params") -> _P:
        """The parameters that the handle has."""
        struct = new_struct(kind._struct_name)
        self._look(function, ctypes.byref(struct))
        return kind._read(struct)

    def _change_within(self, function: str, *arguments: object) -> Any:
        """Calls a function that changes the handle, also from one of its callbacks."""
        with self._memory.within() as pointer:
            return call(f"{self._kind}_{function}", pointer, *arguments)

    @property
    def closed(self) -> bool:
        """Whether the handle has been closed."""
        return self._memory.closed

    def close(self) -> None:
        """Frees the handle and everything that depends on it now. Further calls do nothing."""
        self._memory.close()

    #: What repr() shows.
    _shown: ClassVar[Tuple[str, ...]] = ()

    def __repr__(self) -> str:
        if self.closed:
            return f"<{type(self).__name__}, closed>"
        shown = (f"{name}={getattr(self, name)!r}" for name in self._shown)
        return f"<{type(self).__name__} {' '.join(shown)}>"

    def __reduce__(self) -> Tuple[Any, ...]:
        raise TypeError(f"{type(self).__name__} objects cannot be pickled or copied")

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Tensors(Mapping[str, Floats]):
    """A handle's named tensors. Reading copies a tensor; assigning replaces its values."""

    _functions = ("tensor_count", "tensor_info", "get_tensor")

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._public_name = f"{type(handle).__name__}.tensors"

    def _info(self, index: int) -> Any:
        info = new_struct("tensor_info")
        self._handle._look(self._functions[1], index, ctypes.byref(info))
        return info

    def shapes(self) -> dict[str, Tuple[int, ...]]:
        """The shapes of all tensors by name, in order."""
        infos = (self._info(index) for index in range(len(self)))
        return {text(info.name): tuple(info.shape[: info.rank]) for info in infos}

    def _shape(self, name: str) -> Tuple[int, ...]:
        try:
            return self.shapes()[name]
        except KeyError:
            raise NotFoundError(Status.NOT_FOUND, f"there is no tensor {name!r}") from None

    def __getitem__(self, name: str) -> Floats:
        values = np.empty(self._shape(name), np.float32)
        self._handle._look(self._functions[2], name.encode(), values, values.size)
        return values

    def __setitem__(self, name: str, values: ArrayLike) -> None:
        array = shaped(name, values, self._shape(name))
        self._handle._change("set_tensor", name.encode(), array, array.size)

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes())

    def __len__(self) -> int:
        return int(self._handle._look(self._functions[0]))


class _Signals:
    """Delays Python's signal handlers until deliver() or the end.

    Python runs a handler as soon as any Python code runs in the main thread. This may be the first instruction of a
    callback, where nothing can catch an exception of the handler. Other threads have no handlers to delay.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, Any], Any]] = {}
        self._received: list[Tuple[int, Any]] = []

    def __enter__(self) -> _Signals:
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._receive)
        return self

    def _receive(self, number: int, frame: Any) -> None:
        self._received.append((number, frame))

    def deliver(self) -> None:
        while self._received:
            number, frame = self._received.pop(0)
            self._handlers[number](number, frame)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self.deliver()


class Callbacks:
    """Carries exceptions from callbacks past the library to its caller."""

    def __init__(self) -> None:
        self._signals = _Signals()
        self._error: Optional[BaseException] = None

    def relay(self, function: Callable[[], int]) -> int:
        """Delivers signals and calls the function. Returns its result, or 1 if it raises."""
        try:
            self._signals.deliver()
            return function()
        except BaseException as error:
            self._error = error
            return 1

    def calling(self, function: Callable[[], object]) -> None:
        """Calls a function that calls the library, then raises the exception of a callback, if any."""
        self._error = None
        try:
            with self._signals:
                function()
        except CallbackError:
            if self._error is None:
                raise
        error, self._error = self._error, None
        if error is not None:
            raise error
