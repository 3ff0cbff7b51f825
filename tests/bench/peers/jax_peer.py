# SPDX-License-Identifier: MIT
"""A SAPE training step, or the evaluation of a grid, as one jitted function of JAX:
jax_peer.py TASK POLICY THREADS jit [GRID_RESOLUTION]"""
import functools
import itertools
import math
import os
import sys

# XLA takes as many threads as it sees processors.
os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(sys.argv[3])]))

import jax
import jax.numpy as jnp

import tasks


def main():
    task, policy = sys.argv[1:3]
    samples, dim, outputs, hidden, layers, resolution, std, loss_name = tasks.TASKS[task]
    spatial = policy == "spatial"
    keys = iter(jax.random.split(jax.random.key(0), 20))
    direction = jax.random.normal(next(keys), (dim, tasks.FREQUENCIES))
    direction = direction / jnp.linalg.norm(direction, axis=0)
    magnitude = jnp.sort(jnp.abs(jax.random.normal(next(keys), (tasks.FREQUENCIES,)) * std))
    frequencies = direction * magnitude * 2 * math.pi
    width = 2 * tasks.FREQUENCIES + (dim if spatial else 0)
    sizes = [width] + [hidden] * layers + [outputs]
    parameters = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        bound = 1 / math.sqrt(fan_in)
        weight = jax.random.uniform(next(keys), (fan_in, fan_out), minval=-bound, maxval=bound)
        parameters.append((weight, jnp.zeros(fan_out)))
    mask = jnp.ones((resolution**dim, width)) if spatial else None
    corners = jnp.array(list(itertools.product((0, 1), repeat=dim)))
    strides = resolution ** jnp.arange(dim)

    def cells(x):
        g = (jnp.clip(x, -1, 1) + 1) / 2 * max(resolution - 2, 1) + 0.5
        low = jnp.floor(g)
        share = (g - low)[:, None]
        weight = jnp.where(corners == 1, share, 1 - share).prod(axis=2)
        return ((low.astype(int)[:, None] + corners) * strides).sum(axis=2), weight

    def forward(parameters, mask, x):
        phase = x @ frequencies
        h = jnp.stack((jnp.sin(phase), jnp.cos(phase)), axis=-1).reshape(len(x), -1)
        if spatial:
            index, weight = cells(x)
            h = jnp.concatenate((x, h), axis=1) * (mask[index] * weight[..., None]).sum(axis=1)
        for w, b in parameters[:-1]:
            h = jax.nn.relu(h @ w + b)
        w, b = parameters[-1]
        return h @ w + b

    def losses(parameters, mask, x, target):
        y = forward(parameters, mask, x)
        if loss_name == "bce":
            each = jnp.maximum(y, 0) - y * target + jnp.log1p(jnp.exp(-jnp.abs(y)))
        else:
            each = (y - target) ** 2
        each = each.mean(axis=1)
        return each.mean(), each

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state, mask, x, target):
        parameters, first, second, log, counter, t = state
        (loss, each), gradient = jax.value_and_grad(losses, has_aux=True)(parameters, mask, x, target)
        t = t + 1
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        parameters = jax.tree.map(
            lambda p, m, v: p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8),
            parameters, first, second)
        if spatial:
            index, weight = cells(x)
            log = log.at[index].add(each[:, None] * weight)
            counter = counter.at[index].add(weight)
        return (parameters, first, second, log, counter, t), loss

    if len(sys.argv) > 5:
        serve_grid(jax.jit(forward), parameters, mask, dim, int(sys.argv[5]))
        return
    x = jax.random.uniform(next(keys), (samples, dim), minval=-1, maxval=1)
    target = jax.random.uniform(next(keys), (samples, outputs))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    log = jnp.zeros(resolution**dim)
    state = (parameters, zeros, jax.tree.map(jnp.copy, zeros), log, jnp.copy(log), jnp.zeros(()))

    def run(count):
        nonlocal state
        for _ in range(count):
            state, loss = step(state, mask, x, target)
        return loss.item()

    tasks.serve(run)


def serve_grid(forward, parameters, mask, dim, size):
    axis = jnp.linspace(-1, 1, size)
    points = jnp.stack(jnp.meshgrid(*[axis] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    parts = jnp.split(points, max(1, len(points) // 65536))

    def run(count):
        for _ in range(count):
            outputs = jnp.concatenate([forward(parameters, mask, part) for part in parts])
        return outputs.block_until_ready()

    tasks.serve(run)


main()
