# SPDX-License-Identifier: MIT
"""Who keeps what alive, and who may use it when."""
import copy
import gc
import pickle
import threading
import weakref

import numpy as np
import pytest
from conftest import make_field

import sape
from sape import _abi, _handle


@pytest.fixture
def freed(monkeypatch):
    """The names of the functions that free a handle, as they are called."""
    names = []
    gc.collect()

    def call(function, *arguments):
        if function.endswith("_free"):
            names.append(function)
        return _abi.call(function, *arguments)

    monkeypatch.setattr(_handle, "call", call)
    return names


def test_freed_once_with_the_last_reference(freed):
    field = make_field()
    field.close()
    field.close()
    del field
    gc.collect()
    assert freed == ["field_free"]


def test_context_manager():
    with make_field() as field:
        mask = field.mask
    assert field.closed and mask.closed
    for use in (lambda: field.predict([[0, 0]]), lambda: mask.step(), lambda: field.encoder.kind, lambda: sape.Trainer(field)):
        with pytest.raises(sape.StateError, match="closed"):
            use()


@pytest.mark.parametrize("part", ["encoder", "mask", "network", "tensors"])
def test_parts_keep_their_field(freed, part):
    field = make_field()
    kept = getattr(field, part)
    del field
    gc.collect()
    assert freed == []
    assert kept.state.num_cells == 64 if part == "mask" else True
    del kept
    gc.collect()
    assert freed == ["field_free"]


def test_trainer_keeps_field_and_samples(freed):
    x = np.zeros((10, 2), np.float32)
    alive = weakref.ref(x)
    trainer = sape.Trainer(make_field())
    trainer.set_data(x, np.zeros((10, 1), np.float32))
    del x
    gc.collect()
    assert alive() is not None and trainer.run(3).iterations == 3
    del trainer
    gc.collect()
    assert freed == ["trainer_free", "field_free"]
    assert alive() is None


def test_field_is_freed_after_its_trainer_in_a_cycle(freed):
    trainers = []
    trainer = sape.Trainer(make_field(), sape.TrainerParams(loss=lambda *_: trainers[0]))
    trainers.append(trainer)
    trainer.field.trainer = trainer
    del trainer, trainers
    gc.collect()
    assert freed == ["trainer_free", "field_free"]


def test_closing_a_field_closes_its_trainers_first(freed):
    field = make_field()
    trainer = sape.Trainer(field)
    field.close()
    assert trainer.closed and freed == ["trainer_free", "field_free"]


def test_a_field_has_one_trainer_at_a_time(field, samples):
    first = sape.Trainer(field)
    first.set_data(*samples)
    with pytest.raises(sape.StateError, match="^Trainer: the field has a trainer"):
        sape.Trainer(field)
    assert first.run(3).iterations == 3
    first.close()
    with sape.Trainer(field) as second:
        second.set_data(*samples)
        assert second.run(3).iterations == 3


def test_failed_set_data_keeps_nothing_and_training_goes_on(field, samples):
    with sape.Trainer(field) as trainer:
        trainer.set_data(*samples)
        with pytest.raises(sape.NotFiniteError):
            trainer.set_data([[np.inf, 0]], [[0]])
        assert trainer.run(2).iterations == 2


def test_what_is_in_use_cannot_be_changed_or_closed(field, samples):
    refused = []

    def attempt(*calls):
        for call in calls:
            with pytest.raises(sape.StateError):
                call()
            refused.append(call)

    with sape.Trainer(field) as trainer:
        trainer.set_data(*samples)

        def progress(now):
            assert field.predict(samples[0]).shape == (200, 1)
            attempt(trainer.close, field.close, trainer.step, lambda: trainer.set_data(*samples), field.mask.step)
            thread = threading.Thread(target=attempt, args=(lambda: field.predict(samples[0]), trainer.step))
            thread.start()
            thread.join()
            return True

        assert trainer.run(5, progress).stop == sape.Stop.CALLBACK
        assert len(refused) == 7
        assert trainer.run(5).iterations == 5


def test_predictions_in_threads(field):
    x = np.random.default_rng(0).uniform(-1, 1, (20_000, 2)).astype(np.float32)
    expected, results = field.predict(x), [None] * 4

    def predict(i):
        results[i] = [field.predict(x) for _ in range(5)]

    threads = [threading.Thread(target=predict, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, expected) for some in results for result in some)


def test_copies(field, samples):
    for other in (copy.deepcopy(field), pickle.loads(pickle.dumps(field))):
        assert np.array_equal(other.predict(samples[0]), field.predict(samples[0]))
        other.network.parameters = other.network.parameters + 1
        assert not np.array_equal(other.predict(samples[0]), field.predict(samples[0]))
