# SPDX-License-Identifier: MIT
"""Statuses become exceptions."""
import os
import pickle
from pathlib import Path

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


CHOICES = [
    (sape.EncoderParams, "kind", sape.Encoding), (sape.EncoderParams, "instructions", sape.InstructionSet),
    (sape.EncoderParams, "draw", sape.Draw),
    (sape.MaskParams, "policy", sape.Policy), (sape.NetworkParams, "product", sape.Product),
    (sape.NetworkParams, "precision", sape.Precision),
    (sape.NetworkParams, "activation", sape.Activation), (sape.NetworkParams, "output_activation", sape.OutputActivation),
    (sape.NetworkParams, "instructions", sape.InstructionSet), (sape.OptimizerParams, "kind", sape.OptimizerKind),
    (sape.OptimizerParams, "schedule", sape.Schedule), (sape.CutoffParams, "boundary", sape.Boundary),
    (sape.CutoffParams, "shape", sape.FilterShape), (sape.TrainerParams, "loss", sape.Loss),
]


@pytest.mark.parametrize("params, name, kind", CHOICES)
def test_choices_are_checked_when_they_are_given(params, name, kind):
    members = list(kind)
    for wrong in ("spatial", len(members), -1, 1.0, None, True, sape.Status.OK, 2**70):
        for give in (lambda: params(**{name: wrong}), lambda: setattr(params(), name, wrong)):
            with pytest.raises(ValueError, match=f"^{name} is .*, must be one of .*{kind.__name__}.{members[-1].name}"):
                give()
    for right in (members[-1], members[-1].value, np.int64(members[-1].value)):
        given = params()
        setattr(given, name, right)
        assert getattr(given, name) is getattr(params(**{name: right}), name) is members[-1]


@pytest.mark.parametrize("call", [
    lambda: sape.evaluate_loss("mse", [[0.0]], [[0.0]]), lambda: sape.window_statistics([0.0], [1], "reflect"),
    lambda: sape.low_pass([0.0], [0.0], boundary=9), lambda: sape.low_pass([0.0], [0.0], shape=None),
])
def test_choices_of_functions_are_checked(call):
    with pytest.raises(ValueError, match="must be one of"):
        call()


@pytest.mark.parametrize("call, begin", [
    (lambda f, p: sape.Field(sape.EncoderParams(domain_dim=4)), "Field: domain_dim is 4"),
    (lambda f, p: sape.Encoder(sape.EncoderParams(domain_dim=4)), "Encoder: domain_dim is 4"),
    (lambda f, p: sape.Trainer(f, sape.TrainerParams(progress_every=0)), "Trainer: progress_every is 0"),
    (lambda f, p: sape.Trainer(f, sape.TrainerParams(loss=sape.Loss.CUSTOM)), "loss is Loss.CUSTOM: give the function"),
    (lambda f, p: sape.Trainer(f).run(3), "Trainer.run: there is no data"),
    (lambda f, p: sape.Trainer(f).step(), "Trainer.step: there is no data"),
    (lambda f, p: sape.Trainer(f).resume(p / "none"), "Trainer.resume: /"),
    (lambda f, p: sape.Trainer(f).set_data([[np.nan, 0]], [[0]]), "Trainer.set_data: x[0] is nan"),
    (lambda f, p: f.predict([[np.inf, 0]]), "Field.predict: x[0] is inf"),
    (lambda f, p: f.backward_x([[np.inf, 0]], [[0]]), "Field.backward_x: x[0] is inf"),
    (lambda f, p: f.encoder.encode([[np.inf, 0]]), "Encoder.encode: x[0] is inf"),
    (lambda f, p: setattr(f.network, "parameters", np.full(f.network.num_parameters, np.nan)), "Network.parameters: "),
    (lambda f, p: f.tensors.__setitem__("log_counter", np.full(64, -1.0)), "Field.tensors: log_counter[0] is -1"),
    (lambda f, p: sape.Field.load(p / "none"), "Field.load: /"),
    (lambda f, p: f.save(p / "none" / "x"), "Field.save: /"),
    (lambda f, p: sape.Checkpoint(b"12345678"), "Checkpoint: bytes: "),
    (lambda f, p: sape.Checkpoint.open(p), "Checkpoint.open: /"),
    (lambda f, p: f.restore(sape.Checkpoint(b"\2\0\0\0\0\0\0\0{}")), "Field.restore: the checkpoint has no"),
    (lambda f, p: sape.Field.from_checkpoint(sape.Checkpoint(b"\2\0\0\0\0\0\0\0{}")),
     "Field.from_checkpoint: the checkpoint has no libsape metadata; create a field and use Field.restore()"),
    (lambda f, p: sape.Trainer(f).set_jacobian_loss(lambda *_: None),
     "Trainer.set_jacobian_loss: the trainer's loss is not Loss.CUSTOM_JACOBIAN"),
    (lambda f, p: sape.propose_bandwidth([[0.0], [0.0]]), "propose_bandwidth: x: all 2 samples"),
    (lambda f, p: sape.propose_settings([[0.0], [0.0]]), "propose_settings: x: all 2 samples"),
    (lambda f, p: sape.chamfer([[np.nan]], [[0.0]]), "chamfer: "),
    (lambda f, p: sape.low_pass([0.0, 0], [-1.0, 0]), "low_pass: cutoff[0] is -1"),
])
def test_messages_name_python_s_calls(field, tmp_path, call, begin):
    with pytest.raises(sape.Error) as caught:
        call(field, tmp_path)
    assert str(caught.value).startswith(begin) and "sape_" not in str(caught.value)
    assert caught.value.status in list(sape.Status) and isinstance(caught.value.status, sape.Status)


def test_messages_of_callbacks_name_the_call_in_them(field, samples):
    said = []

    def progress(now):
        with pytest.raises(sape.NotFiniteError) as caught:
            field.predict([[np.nan, 0]])
        said.append(str(caught.value))

    with sape.Trainer(field) as trainer:
        trainer.set_data(*samples)
        trainer.run(1, progress)
    assert said[0].startswith("Field.predict: x[0]")


class PathOf:
    def __init__(self, path):
        self.path = path

    def __fspath__(self):
        return self.path


@pytest.mark.parametrize("kind", [str, os.fsencode, Path, lambda path: PathOf(str(path)), lambda path: PathOf(os.fsencode(path))])
def test_paths(field, samples, tmp_path, kind):
    trainer = sape.Trainer(field)
    trainer.set_data(*samples)
    calls = [field.save, sape.Field.load, field.checkpoint().save, sape.Checkpoint.open, trainer.save, trainer.resume]
    for call in calls:
        call(kind(tmp_path / "\u00e4 file"))
        with pytest.raises(ValueError, match="embedded null byte"):
            call(kind(str(tmp_path) + "/wanted\0rest"))
        with pytest.raises(TypeError):
            call(3)
    assert [path.name for path in tmp_path.iterdir()] == ["\u00e4 file"]
    assert field.checkpoint().metadata("sape.version\0x") is None


def test_every_status_has_an_exception():
    for status in sape.Status:
        if status != sape.Status.OK:
            assert sape._errors._ERRORS[status].__mro__[1] is sape.Error
    assert type(sape._errors.error(99, "new")) is sape.Error


def test_missing_tensors_as_in_any_mapping(field):
    assert field.tensors.get("nothing") is None
    assert "nothing" not in field.tensors
    assert "mask_stashed" in field.tensors
