# SPDX-License-Identifier: MIT
"""Finds the library: the one that SAPE_LIBRARY names, the one inside of the package, or an installed one."""
from __future__ import annotations

import ctypes
import os
import shlex
import subprocess
import sys
from pathlib import Path

_NAMES = {"darwin": ("libsape.dylib", "libsape.0.dylib"), "win32": ("libsape.dll", "libsape-0.dll")}
#: The file's name in a wheel, and the one that an installed library is loaded by.
_BUNDLED, _INSTALLED = _NAMES.get(sys.platform, ("libsape.so", "libsape.so.0"))


def _installed(name: str) -> ctypes.CDLL:
    """Opens what the loader finds, or what pkg-config knows."""
    try:
        return ctypes.CDLL(name)
    except OSError as error:
        query = ["pkg-config", "--variable=libdir", "sape"]
        try:
            answer = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
            # One word as a shell reads it, with a backslash before each space.
            (folder,) = shlex.split(os.fsdecode(answer))
            return ctypes.CDLL(os.path.join(folder, name))
        except (OSError, ValueError, subprocess.CalledProcessError):
            raise ImportError(f"{error}; install libsape, or set SAPE_LIBRARY to its path") from None


def load() -> ctypes.CDLL:
    """Opens the library."""
    chosen = os.environ.get("SAPE_LIBRARY")
    bundled = Path(__file__).parent / _BUNDLED
    if not chosen and bundled.exists():
        return ctypes.CDLL(str(bundled))
    return _installed(chosen or _INSTALLED)
