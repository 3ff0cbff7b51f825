# SPDX-License-Identifier: MIT
"""Statuses become exceptions."""
import pickle

import numpy as np
import pytest

import sape


@pytest.mark.parametrize("call, error, natural, words", [
    (lambda f, p: sape.Encoder(sape.EncoderParams(domain_dim=4)), sape.ArgumentError, ValueError, "domain_dim is 4"),
    (lambda f, p: sape.Network(sape.NetworkParams(input_dim=-1)), sape.ArgumentError, ValueError, "input_dim is -1"),
    (lambda f, p: sape.Trainer(f).run(-1), sape.ArgumentError, ValueError, "num_iterations is -1"),
    (lambda f, p: sape.Trainer(f).run(2**64), sape.ArgumentError, ValueError, "out of range"),
    (lambda f, p: f.predict([[np.nan, 0]]), sape.NotFiniteError, ValueError, "x"),
    (lambda f, p: f.predict([[0, 0]], mask_by=[[0, 0, 0]]), sape.ShapeError, ValueError, "mask_by"),
    (lambda f, p: f.tensors["nothing"], sape.NotFoundError, KeyError, "nothing"),
    (lambda f, p: sape.Field.load(p / "none"), sape.FileError, OSError, "none"),
    (lambda f, p: sape.Checkpoint(b"no safetensors"), sape.FormatError, ValueError, ""),
    (lambda f, p: sape.Trainer(f).run(1), sape.StateError, RuntimeError, "no data"),
    (lambda f, p: sape.Field(mask=sape.MaskParams(policy=sape.Policy.NONE)).mask.smoothed_loss(), sape.UnsupportedError,
     NotImplementedError, ""),
    (lambda f, p: sape.Network(sape.NetworkParams(input_dim=2.5)), TypeError, TypeError, "integer"),
])
def test_exceptions(field, tmp_path, call, error, natural, words):
    with pytest.raises(natural, match=words) as caught:
        call(field, tmp_path)
    assert type(caught.value) is error
    if issubclass(error, sape.Error):
        copy = pickle.loads(pickle.dumps(caught.value))
        assert (copy.status, str(copy)) == (caught.value.status, str(caught.value))


def test_diverged(field, samples):
    x, targets = samples
    with sape.Trainer(field, optimizer=sape.OptimizerParams(kind=sape.OptimizerKind.SGD, learning_rate=1e30)) as trainer:
        trainer.set_data(x, targets)
        with pytest.raises(FloatingPointError) as caught:
            trainer.run(50)
    assert caught.value.status == sape.Status.DIVERGED
    assert np.isfinite(field.network.parameters).all()


def test_every_status_has_an_exception():
    for status in sape.Status:
        if status != sape.Status.OK:
            assert sape._errors._ERRORS[status].__mro__[1] is sape.Error
    assert type(sape._errors.error(99, "new")) is sape.Error


def test_missing_tensors_as_in_any_mapping(field):
    assert field.tensors.get("nothing") is None
    assert "nothing" not in field.tensors
    assert "mask_stashed" in field.tensors
