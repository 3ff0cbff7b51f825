# SPDX-License-Identifier: MIT
"""Fits a picture with dense grids and a small network in PyTorch until a PSNR over all pixels:
torch_grid.py THREADS eager|compile PSNR LEVELS LAYERS BATCH < what write_samples writes for a fraction of 1

Prints seconds of training by the clock and of the processor, the iterations and the PSNR. It looks at the PSNR every ten
iterations; that is not counted, nor is the compilation.
"""
import struct
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

BASE, FINEST, FEATURES, WIDTH, LONGEST = 8, 255, 2, 64, 2000


class Field(nn.Module):
    def __init__(self, channels, levels, layers):
        super().__init__()
        cells = [int(BASE * (FINEST / BASE) ** (level / (levels - 1)) + 1e-9) for level in range(levels)]
        self.tables = nn.ParameterList(
            [nn.Parameter(torch.empty(1, FEATURES, n + 1, n + 1).uniform_(-1e-4, 1e-4)) for n in cells])
        parts = [nn.Linear(levels * FEATURES, WIDTH), nn.ReLU()]
        for _ in range(layers - 1):
            parts += [nn.Linear(WIDTH, WIDTH), nn.ReLU()]
        self.network = nn.Sequential(*parts, nn.Linear(WIDTH, channels))

    def forward(self, x):
        places = x.flip(1).view(1, 1, -1, 2)
        features = [functional.grid_sample(table, places, align_corners=True)[0, :, 0] for table in self.tables]
        return self.network(torch.cat(features).t())


def read_picture():
    data = sys.stdin.buffer.read()
    height, width, channels, count = struct.unpack_from("=4Q", data)
    values = np.frombuffer(data, np.float32, offset=32 + 4 * count).reshape(-1, channels)
    rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=-1).reshape(-1, 2)
    return places, torch.from_numpy(values.copy())


def main():
    threads, mode, goal = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    levels, layers, batch_size = map(int, sys.argv[4:])
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    x, y = read_picture()
    field = Field(y.shape[1], levels, layers)
    optimizer = torch.optim.Adam(field.parameters(), lr=1e-2, betas=(0.9, 0.99), eps=1e-15, fused=True)

    def loss_of(x, y):
        return functional.mse_loss(field(x), y)

    if mode == "compile":
        loss_of = torch.compile(loss_of)
        loss_of(x[:batch_size], y[:batch_size]).backward()

    seconds = processor = 0.0
    psnr, iterations = 0.0, 0
    order = torch.empty(0, dtype=torch.long)
    while psnr < goal and iterations < LONGEST:
        begin, processor_begin = time.perf_counter(), time.process_time()
        for _ in range(10):
            if len(order) < batch_size:
                order = torch.randperm(len(x))
            batch, order = order[:batch_size], order[batch_size:]
            optimizer.zero_grad()
            loss_of(x[batch], y[batch]).backward()
            optimizer.step()
        seconds += time.perf_counter() - begin
        processor += time.process_time() - processor_begin
        iterations += 10
        with torch.no_grad():
            psnr = -10 * float(torch.log10(functional.mse_loss(field(x).clamp(0, 1), y)))
    print(seconds, processor, iterations, psnr)


main()
