# SPDX-License-Identifier: MIT
"""Builds in the repository's top folder, where pyproject.toml describes the wheel. pip calls the functions below in this one."""
import os
import pathlib

os.chdir(pathlib.Path(__file__).resolve().parents[2])

from mesonpy import *  # noqa: E402, F401, F403
