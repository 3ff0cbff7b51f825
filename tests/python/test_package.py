# SPDX-License-Identifier: MIT
"""The package as its users see it: documented, found, and shown by examples that run."""
import inspect
import os
import runpy
import signal
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


def gradient(width, height):
    """A picture that is dark at its upper left and bright at its lower right, and the same in no other position."""
    rows, columns = np.indices((height, width))
    return np.uint8(200 * rows / max(1, height - 1) + 55 * columns / max(1, width - 1))


def fit(folder, picture, *arguments, code=0):
    """The fit of a picture file, and what the program has printed."""
    run = subprocess.run(
        [sys.executable, EXAMPLES / "fit_image.py", picture, *(arguments or ("fit.png", "300"))],
        cwd=folder, capture_output=True, text=True,
    )
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    return (np.asarray(Image.open(folder / "fit.png"), np.float64), run.stdout) if code == 0 else run.stderr


def test_fit_image(tmp_path):
    picture = np.stack([gradient(24, 16), gradient(24, 16)[::-1], gradient(24, 16) * 0 + 128], axis=-1)
    Image.fromarray(picture).save(tmp_path / "picture.png")
    fitted, printed = fit(tmp_path, "picture.png", "fit.png", "300", "field.safetensors")
    assert float(printed.split()[-2]) > 25, printed
    assert abs(fitted - picture).mean() < 10
    checkpoint = sape.Checkpoint.open(tmp_path / "field.safetensors")
    assert [checkpoint.metadata(key) for key in ("task", "image.width", "image.height")] == ["image", "24", "16"]
    drawn = 255 * sape.Field.load(tmp_path / "field.safetensors").predict_grid([16, 24])  # row, column, as in C
    assert abs(drawn.clip(0, 255) - picture).mean() < 10


def seen_by_fit_image(path, monkeypatch):
    """What it trains on, by running it here for one iteration."""
    monkeypatch.setattr(sys, "argv", ["fit_image.py", str(path), str(path.parent / "fit.png"), "1"])
    previous = signal.getsignal(signal.SIGTERM)
    try:
        return 255 * runpy.run_path(EXAMPLES / "fit_image.py")["target"]
    finally:
        signal.signal(signal.SIGTERM, previous)


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_fit_image_heeds_the_orientation(tmp_path, monkeypatch, orientation, ending):
    upright = gradient(20, 12)
    stored = [
        upright, upright[:, ::-1], upright[::-1, ::-1], upright[::-1], upright.T, upright.T[:, ::-1],
        upright.T[::-1, ::-1], upright.T[::-1],
    ]
    # To show what is stored as it is upright, viewers turn it; 6 and 8 are turned by a quarter, one each way.
    turned = {6: np.rot90(upright), 8: np.rot90(upright, -1)}.get(orientation, stored[orientation - 1])
    exif = Image.Exif()
    exif[0x112] = orientation
    options = {"lossless": True} if ending == "webp" else {}
    Image.fromarray(np.ascontiguousarray(turned)).convert("RGB").save(tmp_path / f"p.{ending}", exif=exif, **options)
    seen = seen_by_fit_image(tmp_path / f"p.{ending}", monkeypatch)
    assert seen.shape == (12, 20, 3) and abs(seen[..., 0] - upright).mean() < 5


def image_of(mode):
    grey = gradient(20, 12)
    if mode in ("I;16", "I"):
        return Image.fromarray(np.uint16(grey) * 257 if mode == "I;16" else np.int32(grey) * 257)
    if mode in ("F", "F255"):
        return Image.fromarray(np.float32(grey) / (255 if mode == "F" else 1))
    if mode in ("LA", "RGBA"):
        image = Image.fromarray(grey).convert(mode)
        image.putalpha(255)
        return image
    return Image.fromarray(grey).convert(mode)


@pytest.mark.parametrize("mode, ending", [
    ("L", "png"), ("RGB", "png"), ("I;16", "png"), ("I;16", "tiff"), ("I", "tiff"),
    ("F", "tiff"), ("F255", "tiff"), ("P", "png"), ("LA", "png"), ("RGBA", "png"),
    ("CMYK", "jpg"), ("CMYK", "tiff"), ("1", "png"), ("YCbCr", "jpg"),
])
def test_fit_image_reads_every_mode(tmp_path, monkeypatch, mode, ending):
    image_of(mode).save(tmp_path / f"p.{ending}")
    assert abs(seen_by_fit_image(tmp_path / f"p.{ending}", monkeypatch).mean() - gradient(20, 12).mean()) < 4


def test_fit_image_lays_transparent_pixels_over_white(tmp_path, monkeypatch):
    for image, options in (
        (Image.new("LA", (20, 12)), {}), (Image.new("RGBA", (20, 12)), {}), (Image.new("P", (20, 12)), {"transparency": 0}),
        (Image.new("L", (20, 12)), {"transparency": 0}), (Image.new("RGB", (20, 12)), {"transparency": (0, 0, 0)}),
    ):
        image.save(tmp_path / "p.png", **options)
        assert seen_by_fit_image(tmp_path / "p.png", monkeypatch).min() == 255


@pytest.mark.parametrize("size", [(600, 1), (1, 600), (1, 1), (2, 1), (3, 2), (1000, 3)])
def test_fit_image_of_any_shape(tmp_path, size):
    Image.fromarray(gradient(*size)).save(tmp_path / "p.png")
    fitted, printed = fit(tmp_path, "p.png", "fit.png", "20")
    assert max(fitted.shape[:2]) == min(192, max(size)) and np.isfinite(float(printed.split()[-2]))


@pytest.mark.parametrize("arguments, code, words", [
    (("none.png",), 1, "none.png"), (("p.png", "none/fit.png"), 1, "none/fit.png"), (("p.png", "fit.xyz"), 1, "fit.xyz"),
    (("p.png", "fit.png", "5", "none/x"), 1, "none/x"), (("p.png", "fit.png", "5", "."), 1, "directory"),
    (("text.png",), 1, "cannot identify"), (("cut.png",), 1, "cut.png"), ((".",), 1, "directory"),
    (("p.png", "fit.png", "0"), 2, "must be at least 1"), (("p.png", "fit.png", "many"), 2, "invalid int"), ((), 2, "usage"),
])
def test_fit_image_refuses_before_it_trains(tmp_path, arguments, code, words):
    Image.fromarray(gradient(40, 40)).save(tmp_path / "p.png")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.png").write_bytes((tmp_path / "p.png").read_bytes()[:-30])
    before = sorted(tmp_path.iterdir())
    run = subprocess.run([sys.executable, EXAMPLES / "fit_image.py", *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == code and words in run.stderr and "Traceback" not in run.stderr
    assert run.stdout == "" and sorted(tmp_path.iterdir()) == before


def shell(folder, command):
    """Runs a command line in which fit_image stands for the program."""
    Image.fromarray(gradient(24, 16)).save(folder / "p.png")
    program = f'"{sys.executable}" "{EXAMPLES / "fit_image.py"}" p.png'
    run = subprocess.run(
        ["bash", "-c", command.replace("fit_image", program)], cwd=folder, capture_output=True, text=True
    )
    assert "Traceback" not in run.stderr and "ignored" not in run.stderr, run.stderr
    return run


@pytest.mark.parametrize("command, code", [
    ("fit_image fit.png 60 x >/dev/full", 1), ("fit_image fit.png 60 x >&-", 1), ("fit_image fit.png 60 x 2>&-", 0),
    ("fit_image fit.png 60 x 2>/dev/full", 0), ("fit_image fit.png 60 x <&- >&- 2>&-", 1),
    ("fit_image fit.png 60 x | :; exit ${PIPESTATUS[0]}", 1), ("fit_image fit.png 60 x 2>&1 >kept | :; exit ${PIPESTATUS[0]}", 0),
])
def test_fit_image_writes_what_it_can(tmp_path, command, code):
    assert shell(tmp_path, command).returncode == code
    assert Image.open(tmp_path / "fit.png").size == (24, 16)
    assert sape.Field.load(tmp_path / "x").domain_dim == 2


def test_fit_image_saves_the_field_when_the_picture_cannot_be(tmp_path):
    # The folder of the picture goes away once the training has begun.
    command = """mkdir gone; fit_image gone/fit.png 100000 x 2>progress >printed & program=$!
        until grep -q loss progress || ! kill -0 $program; do sleep 0.05; done; rmdir gone; kill -TERM $program; wait $program"""
    assert shell(tmp_path, command).returncode == 1
    assert sape.Field.load(tmp_path / "x").domain_dim == 2
    assert "gone/fit.png" in (tmp_path / "progress").read_text()
    assert "PSNR" in (tmp_path / "printed").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_fit_image_draws_what_there_is_when_it_is_asked_to_end(tmp_path, number):
    Image.fromarray(gradient(24, 16)).save(tmp_path / "p.png")
    process = subprocess.Popen(
        [sys.executable, EXAMPLES / "fit_image.py", "p.png", "fit.png", "10000000", "x"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # may be ignored here, as under nohup
    )
    assert "loss" in process.stderr.readline()
    process.send_signal(number)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "stopped early" in errors and "PSNR" in printed
    assert (tmp_path / "x").exists() and Image.open(tmp_path / "fit.png").size == (24, 16)


def test_tour(tmp_path):
    subprocess.run([sys.executable, EXAMPLES / "tour.py", tmp_path], check=True, capture_output=True)
    for name in ("curves.png", "mask.png", "gradient.png"):
        assert np.asarray(Image.open(tmp_path / name)).std() > 10
