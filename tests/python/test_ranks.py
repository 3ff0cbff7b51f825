# SPDX-License-Identifier: MIT
"""Threads as ranks that train together; with MPI they are processes."""
import threading

import numpy as np
import pytest
from conftest import make_field

import sape

RANKS = 2


class Sum:
    """Adds arrays up over all ranks, as comm.Allreduce(MPI.IN_PLACE, values) does."""

    def __init__(self):
        self.barrier = threading.Barrier(RANKS, timeout=60)
        self.shares = [None] * RANKS
        self.dtypes = set()

    def reduce(self, rank):
        def add_up(values):
            self.dtypes.add(values.dtype)
            self.shares[rank] = values.copy()
            self.barrier.wait()
            total = sum(self.shares)
            self.barrier.wait()
            values[...] = total

        return add_up


def on_all_ranks(function):
    """Calls the function with every rank in a thread of its own; returns the results, exceptions among them."""
    results = [None] * RANKS

    def call(rank):
        try:
            results[rank] = function(rank)
        except Exception as error:
            results[rank] = error

    threads = [threading.Thread(target=call, args=(rank,)) for rank in range(RANKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_ranks_fit_what_one_trainer_fits(field, samples):
    together, fields = Sum(), [make_field() for _ in range(RANKS)]

    def train(rank):
        with sape.Trainer(fields[rank]) as trainer:
            trainer.set_data(*(array[rank::RANKS] for array in samples))
            trainer.set_reduce(together.reduce(rank))
            return trainer.run(30).loss

    losses = on_all_ranks(train)
    with sape.Trainer(field) as trainer:
        trainer.set_data(*samples)
        loss = trainer.run(30).loss
    assert losses == [pytest.approx(loss, rel=1e-4)] * RANKS
    assert together.dtypes <= {np.dtype(np.float32), np.dtype(np.float64)}
    parameters = [ranked.network.parameters for ranked in fields]
    assert np.array_equal(*parameters)
    assert np.allclose(parameters[0], field.network.parameters, atol=1e-4)


def test_an_error_of_one_rank_is_one_of_all(samples):
    together = Sum()

    def train(rank):
        def loss(outputs, targets, x):
            if rank == 1:
                raise ZeroDivisionError
            return 0.0, np.zeros(len(outputs)), np.zeros_like(outputs)

        trainer = sape.Trainer(make_field(), sape.TrainerParams(loss=loss))
        trainer.set_data(*samples)
        trainer.set_reduce(together.reduce(rank))
        trainer.run(3)

    errors = on_all_ranks(train)
    assert type(errors[0]) is sape.CallbackError and type(errors[1]) is ZeroDivisionError


def test_what_a_reduction_raises_reaches_the_caller(field, samples):
    trainer = sape.Trainer(field)
    trainer.set_data(*samples)
    trainer.set_reduce(lambda values: values[0] / None)
    with pytest.raises(TypeError):
        trainer.run(3)
    trainer.set_reduce(None)
    assert trainer.run(3).iterations == 3


def test_not_with_validation(field):
    with pytest.raises(NotImplementedError):
        sape.Trainer(field, sape.TrainerParams(validation_share=0.5)).set_reduce(lambda values: None)
