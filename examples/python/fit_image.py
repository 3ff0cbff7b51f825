#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits a picture from a quarter of its pixels:  fit_image.py PICTURE [FIT.png [ITERATIONS]]"""
import sys

import numpy as np
from PIL import Image

import sape

path, out, iterations = (sys.argv[1:] + ["fit.png", "500"][len(sys.argv) - 2 :])[:3]
picture = Image.open(path).convert("RGB")
picture.thumbnail((192, 192))
target = np.asarray(picture, np.float32) / 255
height, width, _ = target.shape
rows, columns = np.mgrid[:height, :width].astype(np.float32)
grid = np.stack([2 * columns / (width - 1) - 1, 2 * rows / (height - 1) - 1], axis=-1)  # (height, width, 2)
sampled = np.random.default_rng(0).random((height, width)) < 0.25

field = sape.Field(
    sape.EncoderParams(std=6), sape.MaskParams(num_iterations=int(iterations), num_blocks=16, epsilon=3e-3)
)
trainer = sape.Trainer(field, sape.TrainerParams(progress_every=50))
trainer.set_data(grid[sampled], target[sampled])
try:
    trainer.run(int(iterations), lambda now: print(f"{now.iteration:5} loss {now.loss:.5f} revealed {now.revealed:.0%}"))
except KeyboardInterrupt:
    print("stopped; drawing what there is")

fit = field.predict(grid).clip(0, 1)
print(f"PSNR over all pixels: {-10 * np.log10(np.square(fit - target).mean()):.2f} dB")
Image.fromarray(np.uint8(255 * fit + 0.5)).save(out)
