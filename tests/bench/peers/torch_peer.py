# SPDX-License-Identifier: MIT
"""A SAPE training step, or the evaluation of a grid, in PyTorch: torch_peer.py TASK POLICY THREADS eager|compile
[GRID_RESOLUTION]

With PEER_PRECISION=bf16 in the environment, as a user would write it for bfloat16: autocast, and a fused Adam."""
import itertools
import math
import os
import sys

import torch
from torch import nn

import tasks


BF16 = os.environ.get("PEER_PRECISION") == "bf16"


class Field(nn.Module):
    def __init__(self, dim, outputs, hidden, layers, resolution, std, spatial):
        super().__init__()
        direction = torch.randn(dim, tasks.FREQUENCIES)
        direction = direction / direction.norm(dim=0)
        magnitude = (torch.randn(tasks.FREQUENCIES) * std).abs().sort().values
        self.register_buffer("frequencies", direction * magnitude * 2 * math.pi)
        self.spatial, self.resolution = spatial, resolution
        width = 2 * tasks.FREQUENCIES + (dim if spatial else 0)
        if spatial:
            # The smoothed mask, with everything revealed, and what has been recorded.
            self.register_buffer("mask", torch.ones(resolution**dim, width))
            self.register_buffer("log", torch.zeros(resolution**dim))
            self.register_buffer("counter", torch.zeros(resolution**dim))
            self.register_buffer("corners", torch.tensor(list(itertools.product((0, 1), repeat=dim))))
            self.register_buffer("strides", resolution ** torch.arange(dim))
        parts = []
        for i in range(layers):
            parts += [nn.Linear(width if i == 0 else hidden, hidden), nn.ReLU()]
        self.network = nn.Sequential(*parts, nn.Linear(hidden, outputs))

    def cells(self, x):
        """Indices and weights of the corners of every sample's cell."""
        g = (x.clamp(-1, 1) + 1) / 2 * max(self.resolution - 2, 1) + 0.5
        low = g.floor()
        share = (g - low).unsqueeze(1)
        weight = torch.where(self.corners.bool(), share, 1 - share).prod(dim=2)
        index = ((low.long().unsqueeze(1) + self.corners) * self.strides).sum(dim=2)
        return index, weight

    def forward(self, x):
        phase = x @ self.frequencies
        features = torch.stack((phase.sin(), phase.cos()), dim=-1).flatten(1)
        if not self.spatial:
            return self.network(features), None, None
        index, weight = self.cells(x)
        mask = (self.mask[index] * weight.unsqueeze(-1)).sum(dim=1)
        return self.network(torch.cat((x, features), dim=1) * mask), index, weight


def main():
    task, policy, threads, mode = sys.argv[1:5]
    samples, dim, outputs, hidden, layers, resolution, std, loss_name = tasks.TASKS[task]
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    field = Field(dim, outputs, hidden, layers, resolution, std, policy == "spatial")
    if len(sys.argv) > 5:
        serve_grid(torch.compile(field) if mode == "compile" else field, dim, int(sys.argv[5]))
        return
    optimizer = torch.optim.Adam(field.parameters(), lr=1e-3, fused=True if BF16 else None)
    x = torch.rand(samples, dim) * 2 - 1
    target = torch.rand(samples, outputs)
    elementwise = (
        nn.BCEWithLogitsLoss(reduction="none") if loss_name == "bce" else nn.MSELoss(reduction="none")
    )

    def losses(x, target):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BF16):
            y, index, weight = field(x)
        each = elementwise(y.float(), target).mean(dim=1)
        return each.mean(), each, index, weight

    if mode == "compile":
        losses = torch.compile(losses)

    def run(count):
        for _ in range(count):
            optimizer.zero_grad()
            loss, each, index, weight = losses(x, target)
            loss.backward()
            optimizer.step()
            if field.spatial:
                with torch.no_grad():
                    field.log.index_add_(0, index.flatten(), (each.detach().unsqueeze(1) * weight).flatten())
                    field.counter.index_add_(0, index.flatten(), weight.flatten())
        return loss.item()

    tasks.serve(run)


def serve_grid(field, dim, size):
    axis = torch.linspace(-1, 1, size)
    points = torch.stack(torch.meshgrid(*[axis] * dim, indexing="ij"), dim=-1).reshape(-1, dim)

    @torch.no_grad()
    def run(count):
        for _ in range(count):
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=BF16):
                parts = [field(part)[0] for part in points.split(65536)]
        return torch.cat(parts)

    tasks.serve(run)


main()
