#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits a picture from a quarter of its pixels, at least 400. libsape's program render draws a saved field."""
import argparse
import os
import signal
import sys

import numpy as np
from PIL import Image, ImageOps

import sape

options = argparse.ArgumentParser(description=__doc__)
options.add_argument("picture")
options.add_argument("fit", nargs="?", default="fit.png", help="the picture to write (fit.png)")
options.add_argument("iterations", nargs="?", type=int, default=500, help="number of iterations (500)")
options.add_argument("field", nargs="?", help="where to save the field, as safetensors")
given = options.parse_args()
if given.iterations < 1:
    options.error(f"iterations is {given.iterations}, must be at least 1")


def read(path):
    """The picture in RGB as it should look: upright, 16 bits and floats scaled, white where transparent."""
    picture = Image.open(path)
    picture.load()
    if picture.format != "TIFF":  # Pillow has already turned these
        picture = ImageOps.exif_transpose(picture)
    if picture.mode == "F" or picture.mode.startswith("I"):
        values = np.asarray(picture, np.float64)
        values = np.where(np.isfinite(values), values, 0).clip(0)
        usual = (1, 255, 65535) if picture.mode == "F" else (65535,)
        peak = next((peak for peak in usual if values.max() <= peak), values.max())
        picture = Image.fromarray(np.uint8(255 * values / peak + 0.5))
    if picture.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def check_writable(path):
    """Exits if the path cannot be written, before time is spent on training."""
    existed = os.path.lexists(path)
    with open(path, "ab"):
        pass
    if not existed:
        os.remove(path)


try:
    picture = read(given.picture)
    if os.path.splitext(given.fit)[1].lower() not in Image.registered_extensions():
        sys.exit(f"{given.fit}: its extension is not that of any picture format")
    for path in filter(None, (given.fit, given.field)):
        check_writable(path)
except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
    sys.exit(f"{given.picture}: {error}" if getattr(error, "filename", None) is None else str(error))

picture.thumbnail((192, 192))
target = np.asarray(picture, np.float32) / 255
height, width, _ = target.shape
# Row, then column, as in the programs in C; an axis of one pixel lies at -1.
grid = np.stack(np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij"), axis=-1)
grid = grid.astype(np.float32)  # (height, width, 2)
pixels = height * width
sampled = np.random.default_rng(0).permutation(pixels).reshape(height, width) < max(pixels // 4, 400)

field = sape.Field(
    sape.EncoderParams(std=6), sape.MaskParams(num_iterations=given.iterations, num_blocks=16, epsilon=3e-3)
)
trainer = sape.Trainer(field, sape.TrainerParams(progress_every=50))
trainer.set_data(grid[sampled], target[sampled])


def tell(text):
    """Reports the progress of training; nobody may be left to read it."""
    try:
        print(text, file=sys.stderr or open(os.devnull, "w"))
    except OSError:
        sys.stderr = open(os.devnull, "w")  # so that Python does not flush the old one again


# The first signal stops training and draws the fit so far; the second ends the program. nohup still works.
endings = [signal.SIGINT, signal.SIGTERM] + [signal.SIGHUP] * (signal.getsignal(signal.SIGHUP) != signal.SIG_IGN)
for number in endings:
    signal.signal(number, signal.default_int_handler)
try:
    trainer.run(
        given.iterations, lambda now: tell(f"{now.iteration:5} loss {now.loss:.5f} revealed {now.revealed:.0%}")
    )
except KeyboardInterrupt:
    for number in endings:
        signal.signal(number, signal.SIG_DFL)
    tell("stopped early; drawing the fit so far")

fit = field.predict(grid).clip(0, 1)


def write_picture():
    Image.fromarray(np.uint8(255 * fit + 0.5)).save(given.fit)


def write_field():
    if given.field is not None:
        shape = {"task": "image", "image.width": str(width), "image.height": str(height)}
        field.checkpoint().annotate(shape).save(given.field)


def write_quality():
    if sys.stdout is None:
        raise OSError("the standard output is closed")
    print(f"PSNR over all pixels: {-10 * np.log10(max(np.square(fit - target).mean(), 1e-10)):.2f} dB", flush=True)


# Write each result, even if another cannot be written.
failed = False
for write in (write_picture, write_field, write_quality):
    try:
        write()
    except (OSError, sape.Error) as error:
        tell(f"fit_image.py: {error}")
        failed = True
if failed:
    sys.stdout = None  # so that Python does not flush it again
    sys.exit(1)
