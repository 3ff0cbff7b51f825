# SPDX-License-Identifier: MIT
"""What the tests share: a small field, and samples of a function."""
import signal

import numpy as np
import pytest

import sape

SMALL = sape.NetworkParams(output_dim=1, hidden_dim=16, num_layers=2)


def make_field(**mask):
    settings = {"resolution": 8, "num_blocks": 4, "num_iterations": 40, **mask}
    return sape.Field(sape.EncoderParams(num_frequencies=8, std=3), sape.MaskParams(**settings), SMALL)


@pytest.fixture
def field():
    return make_field()


@pytest.fixture
def samples():
    x = np.random.default_rng(1).uniform(-1, 1, (200, 2)).astype(np.float32)
    return x, np.sin(3 * x[:, :1]) * x[:, 1:]


@pytest.fixture(autouse=True)
def default_ctrl_c():
    """As in a program started from a terminal; one started in the background may have been told to ignore it."""
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, previous)
