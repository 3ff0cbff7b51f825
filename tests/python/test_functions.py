# SPDX-License-Identifier: MIT
"""What needs no handle: points, bandwidths, windows and filters, against numpy in double precision."""
import numpy as np
import pytest

import sape

PADDING = {sape.Boundary.REPLICATE: "edge", sape.Boundary.REFLECT: "symmetric", sape.Boundary.ZERO: "constant",
           sape.Boundary.PERIODIC: "wrap"}


def test_chamfer():
    random = np.random.default_rng(0)
    outputs, targets = random.normal(size=(40, 3)).astype(np.float32), random.normal(size=(30, 3)).astype(np.float32)
    difference = outputs[:, None].astype(np.float64) - targets
    distance = np.linalg.norm(difference, axis=2)
    near, back = distance.argmin(axis=1), distance.argmin(axis=0)
    value = sape.chamfer(outputs, targets)
    assert value.loss == pytest.approx(distance.min(axis=1).mean() + distance.min(axis=0).mean(), rel=1e-6)
    assert np.allclose(value.sample_loss, distance.min(axis=1))
    unit = difference / distance[:, :, None]
    gradient = unit[np.arange(40), near] / 40
    np.add.at(gradient, back, unit[back, np.arange(30)] / 30)
    assert np.allclose(value.d_outputs, gradient, atol=1e-6)


@pytest.mark.parametrize("outputs, targets, error", [
    (np.zeros(3), np.zeros((3, 1)), sape.ShapeError),
    (np.zeros((3, 2)), np.zeros((3, 1)), sape.ShapeError),
    (np.zeros((3, 4)), np.zeros((3, 4)), sape.ArgumentError),
    (np.zeros((3, 0)), np.zeros((3, 0)), sape.ArgumentError),
    (np.zeros((3, 2)), np.zeros((0, 2)), sape.ArgumentError),
    ([[np.nan, 0]], np.zeros((3, 2)), sape.NotFiniteError),
])
def test_points_are_checked(outputs, targets, error):
    with pytest.raises(error):
        sape.chamfer(outputs, targets)


def test_bandwidth():
    axis = np.linspace(-1, 1, 64)
    x = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    proposed = sape.propose_bandwidth(x, np.sin(2 * np.pi * 3 * x[:, :1]))
    assert proposed.nyquist == pytest.approx(16, rel=1e-6) and proposed.c_max == proposed.nyquist / 2
    # A wave of one direction: 3 cycles, by differences to a neighbour along it or across it, whichever is nearest.
    assert 1 < proposed.signal_frequency < 6
    assert proposed.std == pytest.approx(max(0.65 * proposed.signal_frequency, 1))
    unknown = sape.propose_bandwidth(x)
    assert unknown.signal_frequency == 0 and unknown.std == pytest.approx(unknown.nyquist / 5)
    with pytest.raises(sape.ShapeError):
        sape.propose_bandwidth(x, np.zeros((3, 1)))
    with pytest.raises(sape.ArgumentError):
        sape.propose_bandwidth([[0, 0]])


@pytest.mark.parametrize("boundary", sape.Boundary)
def test_window_statistics(boundary):
    values = np.random.default_rng(0).normal(size=(9, 7, 2)).astype(np.float32)
    around = [(1, 1), (2, 1), (0, 0)]  # a window of 3 reaches 1 and 1 cells, one of 4 reaches 2 and 1
    padded = np.pad(values.astype(np.float64), around, mode=PADDING[boundary])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 4), axis=(0, 1))
    mean, variance = sape.window_statistics(values, (3, 4), boundary)
    assert np.allclose(mean, windows.mean(axis=(-2, -1)), atol=1e-6)
    assert np.allclose(variance, windows.var(axis=(-2, -1)), atol=1e-6)


def test_low_pass():
    i = (np.arange(64) + 0.5) / 64
    slow, fast = np.cos(np.pi * 4 * i), np.cos(np.pi * 20 * i)  # 2 and 10 cycles per domain
    values = np.stack([slow + fast, 3 * fast], axis=1)
    cutoff = np.where(i < 0.5, 5, np.inf)
    filtered = sape.low_pass(values, cutoff)
    assert np.allclose(filtered[:32], np.stack([slow, 0 * slow], axis=1)[:32], atol=1e-5)
    assert np.allclose(filtered[32:], values[32:], atol=1e-5)
    for shape, weight in ((sape.FilterShape.LINEAR, 0.75), (sape.FilterShape.COSINE, 0.5 + np.sqrt(0.125))):
        halfway = sape.low_pass(fast, np.full(64, 9), width=4, shape=shape)
        assert np.allclose(halfway, weight * fast, atol=1e-5)


def test_low_pass_in_place():
    values = np.ones((8, 8), np.float32)
    assert sape.low_pass(values, np.zeros((8, 8)), boundary=sape.Boundary.PERIODIC, out=values) is values
    assert np.allclose(values, 1)


@pytest.mark.parametrize("call", [
    lambda: sape.window_statistics(np.ones(4), ()),
    lambda: sape.window_statistics(np.ones(4), (3, 3)),
    lambda: sape.window_statistics(np.ones((2, 2, 2, 2)), (1, 1, 1, 1)),
    lambda: sape.low_pass(np.ones((4, 4)), 1.0),
    lambda: sape.low_pass(np.ones((4, 4)), np.ones((4, 5))),
])
def test_grids_are_checked(call):
    with pytest.raises(sape.ShapeError):
        call()


@pytest.mark.parametrize("window", [(0,), (-1,), (2**64,)])
def test_windows_are_checked(window):
    with pytest.raises(sape.ArgumentError):
        sape.window_statistics(np.ones(4), window)


def test_description(monkeypatch):
    description = sape.describe()
    assert description.version == sape.__version__ and description.num_threads >= 1
    assert description.product in ("packed", "cblas")
    monkeypatch.setenv("SAPE_BACKEND", "nonsense")
    with pytest.raises(sape.ArgumentError, match="nonsense"):
        sape.describe()
