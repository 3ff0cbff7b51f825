#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost model of docs/scaling.md: prints its tables. Constants are at the top; see there where they come from."""
import math

SECONDS_PER_SAMPLE = {"function": 0.2e-6, "image128": 12.7e-6, "image512": 12.7e-6, "occupancy": 16.6e-6}  # one core
SECONDS_PER_PARAMETER = 2.0e-9  # optimizer and packing, one core
CORES = 16  # of a machine; the model lets the library's threads share the samples evenly

SAMPLES = {"function": 26, "image128": 4096, "image512": 43648, "occupancy": 5000}
# Inputs, width, hidden layers, outputs; cells of the mask, iterations from one advance to the next.
NETWORK = {"function": (513, 32, 2, 1, 12, 19), "image128": (514, 256, 3, 3, 128**2, 9),
           "image512": (514, 256, 3, 3, 128**2, 9), "occupancy": (515, 256, 4, 1, 64**3, 200)}
# Latency of a message in seconds, bandwidth in bytes a second.
NETWORKS = {"10 GbE": (30e-6, 1.1e9), "100 GbE": (10e-6, 11e9)}
MACHINES = [1, 2, 4, 8, 16, 32, 64]


def parameters(task):
    inputs, width, hidden, outputs = NETWORK[task][:4]
    stride = -(-outputs // 16) * 16
    return (inputs + 1) * width + (hidden - 1) * (width + 1) * width + (width + 1) * stride


def reduced_bytes(task):
    """A sum of the gradient an iteration, and of the mask's log and counter at every advance."""
    cells, advance = NETWORK[task][4:]
    return 4 * parameters(task) + 8 * cells / advance


def allreduce(machines, size, network):
    latency, bandwidth = NETWORKS[network]
    if machines == 1:
        return 0.0
    return 2 * math.ceil(math.log2(machines)) * latency + 2 * (machines - 1) / machines * size / bandwidth


def iteration(task, machines, network, samples):
    share = math.ceil(samples / machines)
    compute = math.ceil(share / CORES) * SECONDS_PER_SAMPLE[task] + parameters(task) * SECONDS_PER_PARAMETER
    return compute + allreduce(machines, reduced_bytes(task), network)


def table(network, samples_of):
    print("| task | samples | kB summed | 1 machine, ms | " + " | ".join(f"{m}" for m in MACHINES[1:]) + " | pays up to |")
    print("| --- " * (5 + len(MACHINES)) + "|")
    for task in SAMPLES:
        samples = samples_of(task)
        times = [iteration(task, m, network, samples) for m in MACHINES]
        pays = 1
        for i in range(1, len(MACHINES)):
            if times[i - 1] / times[i] < 1.25:
                break
            pays = MACHINES[i]
        speedups = " | ".join(f"{times[0] / t:.2f}" for t in times[1:])
        print(f"| {task} | {samples} | {reduced_bytes(task) / 1e3:.0f} | {1e3 * times[0]:.2f} | {speedups} | {pays} |")


if __name__ == "__main__":
    for network in NETWORKS:
        print(f"{network}, the task's samples shared out:\n")
        table(network, SAMPLES.get)
        print()
    print("100 GbE, sixteen times the samples:\n")
    table("100 GbE", lambda task: 16 * SAMPLES[task])
