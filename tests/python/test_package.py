# SPDX-License-Identifier: MIT
"""The package as its users see it: documented, found, and shown by examples that run."""
import inspect
import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sape

EXAMPLES = Path(sape.__file__).parent.parent


def test_everything_public_is_documented():
    missing = []
    for name in sape.__all__:
        thing = getattr(sape, name)
        if inspect.isclass(thing):
            members = {f"{name}.{key}": value for key, value in vars(thing).items() if not key.startswith("_")}
            code = {key: value for key, value in members.items() if callable(value) or isinstance(value, (property, cached_property, classmethod))}
            missing += [label for label, value in {name: thing, **code}.items() if not value.__doc__]
    assert missing == []


@pytest.mark.parametrize("environment", [{"SAPE_LIBRARY": "/nowhere/libsape.so.0"}, {"LD_LIBRARY_PATH": "", "PKG_CONFIG_PATH": ""}])
def test_a_missing_library_is_said_so(environment):
    command = [sys.executable, "-c", "import sape"]
    run = subprocess.run(command, env={"PYTHONPATH": str(EXAMPLES), **environment}, capture_output=True, text=True)
    assert run.returncode == 1 and "ImportError" in run.stderr and "install libsape" in run.stderr


def test_found_by_pkg_config_alone():
    known = {name: os.environ[name] for name in ("PATH", "PKG_CONFIG_PATH")}
    environment = {"PYTHONPATH": str(EXAMPLES), **known}
    subprocess.run([sys.executable, "-c", "import sape; sape.Field()"], env=environment, check=True)


def test_fit_image(tmp_path):
    columns, rows = np.meshgrid(np.linspace(0, 1, 24), np.linspace(0, 1, 16))
    picture = np.uint8(255 * np.stack([columns, rows, 0 * rows + 0.5], axis=-1))
    Image.fromarray(picture).save(tmp_path / "picture.png")
    run = subprocess.run(
        [sys.executable, EXAMPLES / "fit_image.py", "picture.png", "fit.png", "150"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )
    assert float(run.stdout.split()[-2]) > 17, run.stdout  # a constant gets 12
    assert np.asarray(Image.open(tmp_path / "fit.png")).shape == picture.shape


def test_tour(tmp_path):
    subprocess.run([sys.executable, EXAMPLES / "tour.py", tmp_path], check=True, capture_output=True)
    for name in ("curves.png", "mask.png", "gradient.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 10
