# SPDX-License-Identifier: MIT
"""Builds the wheel from a copy of the library's sources, which lie above this folder, and packs that copy as the source
distribution. pip and build call the functions below."""
import contextlib
import os
import pathlib
import re
import shutil
import tarfile
import tempfile

import mesonpy
import pyproject_metadata

try:
    import tomllib
except ImportError:  # before Python 3.11
    import tomli as tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SOURCES = ["LICENSE", "README.md", "examples/python", "include", "lib", "meson.build", "meson_options.txt", "sape.pc.in"]


def _copy_sources(folder):
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    # At the top, meson-python is the backend itself.
    text = (HERE / "pyproject.toml").read_text().replace('backend-path = ["."]\n', "")
    (folder / "pyproject.toml").write_text(text.replace('"build_from_above"', '"mesonpy"'))


@contextlib.contextmanager
def _sources():
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        _copy_sources(pathlib.Path(folder))
        os.chdir(folder)
        try:
            yield pathlib.Path(folder)
        finally:
            os.chdir(here)


def _metadata(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    metadata = pyproject_metadata.StandardMetadata.from_pyproject(project, folder)
    metadata.version = re.search(r"version: '([^']+)'", (folder / "meson.build").read_text()).group(1)
    return metadata


def get_requires_for_build_wheel(config_settings=None):
    with _sources():
        return mesonpy.get_requires_for_build_wheel(config_settings)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    wheel_directory = os.path.abspath(wheel_directory)
    with _sources():
        return mesonpy.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    sdist_directory = os.path.abspath(sdist_directory)
    with _sources() as folder:
        metadata = _metadata(folder)
        (folder / "PKG-INFO").write_text(str(metadata.as_rfc822()))
        name = f"{metadata.canonical_name}-{metadata.version}"
        with tarfile.open(os.path.join(sdist_directory, name + ".tar.gz"), "w:gz") as archive:
            archive.add(folder, name)
    return name + ".tar.gz"
