# SPDX-License-Identifier: MIT
"""Arrays go to the library without a copy where they can, and are checked where they cannot."""
import tracemalloc

import numpy as np
import pytest

import sape
from sape import _abi, _arrays


def test_contiguous_float32_is_used_where_it_lies():
    array = np.zeros((4, 2), np.float32)
    assert _arrays.floats(array) is array
    assert _abi.FloatArray.from_param(array).value == array.__array_interface__["data"][0]


@pytest.mark.parametrize("convert", [
    lambda x: x.astype(np.float64),
    lambda x: np.asfortranarray(x),
    lambda x: np.repeat(x, 2, axis=0)[::2],
    lambda x: x.astype(">f4"),
    lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(x.shape),
    lambda x: x.tolist(),
])
def test_others_are_converted(field, samples, convert):
    x, _ = samples
    assert np.array_equal(field.predict(convert(x)), field.predict(x))


def test_prediction_allocates_nothing_of_the_size_of_the_arrays(field):
    x = np.random.default_rng(0).uniform(-1, 1, (200_000, 2)).astype(np.float32)
    out = np.empty((200_000, 1), np.float32)
    field.predict(x[:10])
    tracemalloc.start()
    assert field.predict(x, out=out) is out
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes / 10
    assert np.array_equal(out[::1000], field.predict(x[::1000]))


def test_training_reads_the_arrays_themselves(field, samples):
    x, targets = samples
    with sape.Trainer(field) as trainer:
        trainer.set_data(x, targets)
        before = trainer.step()
        targets += 100
        assert trainer.step() > before + 1000


def test_axes_before_the_last_are_free(field, samples):
    x, _ = samples
    grid = x.reshape(10, 20, 2)
    flat = field.predict(x)
    assert np.array_equal(field.predict(grid), flat.reshape(10, 20, 1))
    assert field.predict(x[0]).shape == (1,)
    assert field.predict(x[:0]).shape == (0, 1)
    assert field.mask.revealed(grid).shape == (10, 20)
    assert field.encoder.encode(grid).shape == (10, 20, 18)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1)])
def test_wrong_width(field, shape):
    with pytest.raises(sape.ShapeError, match=r"must have \(\.\.\., 2\)"):
        field.predict(np.zeros(shape))


@pytest.mark.parametrize("out, error", [
    (np.empty((200, 1)), TypeError),
    (np.empty((200, 2), np.float32)[:, :1], TypeError),
    ([0.0] * 200, TypeError),
    (np.empty((1, 200), np.float32), sape.ShapeError),
])
def test_out_is_checked(field, samples, out, error):
    with pytest.raises(error):
        field.predict(samples[0], out=out)


def test_read_only_out(field, samples):
    out = np.empty((200, 1), np.float32)
    out.flags.writeable = False
    with pytest.raises(TypeError):
        field.predict(samples[0], out=out)


def test_out_may_not_overlap_an_input(field, samples):
    x, _ = samples
    with pytest.raises(ValueError, match="overlaps"):
        field.backward_x(x, np.ones((200, 1)), out=x)


def test_complex_values_are_refused(field):
    with pytest.raises(TypeError):
        field.predict(np.zeros((3, 2), complex))
