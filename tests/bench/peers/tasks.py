# SPDX-License-Identifier: MIT
"""The tasks of bench_training, and how compare talks to a peer: it writes a number of iterations, the peer runs them and
writes the seconds that one took, by the clock and of the processor."""
import sys
import time

# samples, coordinates, outputs, hidden units, hidden layers, mask resolution, std of the frequencies, loss
TASKS = {
    "function": (26, 1, 1, 32, 2, 12, 5.0, "mse"),
    "image128": (4096, 2, 3, 256, 3, 128, 20.0, "mse"),
    "image512": (43648, 2, 3, 256, 3, 128, 20.0, "mse"),
    "silhouette": (500, 1, 2, 256, 2, 128, 5.0, "mse"),
    "occupancy": (5000, 3, 1, 256, 4, 64, 20.0, "bce"),
}
FREQUENCIES = 256


def serve(run):
    """run(n) does n iterations and waits for the last one's result."""
    run(3)
    print("ready", flush=True)
    for line in sys.stdin:
        count = int(line)
        begin, processor_begin = time.perf_counter(), time.process_time()
        run(count)
        print((time.perf_counter() - begin) / count, (time.process_time() - processor_begin) / count, flush=True)
