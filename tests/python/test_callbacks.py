# SPDX-License-Identifier: MIT
"""What the result of a callback means, and what it raises."""
import os
import signal
import sys
import types
import warnings

import numpy as np
import pytest
from conftest import make_field

import sape


@pytest.fixture
def trainer(field, samples):
    with sape.Trainer(field) as trainer:
        trainer.set_data(*samples)
        yield trainer


@pytest.mark.parametrize("no, yes", [
    (False, True), (0, 1), (np.False_, np.True_), (np.bool_(0), np.array(True)), ("", "stop"), ([], [0]), (0.0, 0.5),
])
def test_a_true_result_stops(trainer, no, yes):
    result = trainer.run(20, lambda now: yes if now.iteration >= 7 else no)
    assert (result.iterations, result.stop) == (7, sape.Stop.CALLBACK)
    assert isinstance(result.stop, sape.Stop)
    assert trainer.run(3, lambda now: no).stop is sape.Stop.ITERATIONS


def test_a_comparison_of_numpy_s_stops(samples):
    """The case of a mean over the last losses: it is true at iteration 26."""
    x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    field = sape.Field(sape.EncoderParams(domain_dim=1, std=5), network=sape.NetworkParams(output_dim=1))
    losses = []

    def enough(now):
        losses.append(now.loss)
        return np.mean(losses[-5:]) < 0.3

    with sape.Trainer(field) as trainer:
        trainer.set_data(x, np.sin(6 * x))
        result = trainer.run(500, enough)
    assert result.iterations == next(i + 1 for i in range(len(losses)) if np.mean(losses[max(0, i - 4):i + 1]) < 0.3)


def test_a_result_without_a_truth_is_an_error(trainer):
    with pytest.raises(ValueError, match="truth value"):
        trainer.run(5, lambda now: np.zeros(2))


def test_a_function_that_has_returned_none_only_watches(trainer):
    with pytest.warns(RuntimeWarning, match="return a bool every time, or raise sape.StopTraining") as caught:
        result = trainer.run(20, lambda now: True if now.iteration > 5 else None)
    assert result.iterations == 20 and len(caught) == 1
    assert trainer.run(20, lambda now: now.iteration > 5).iterations == 6  # it is the function's doing, not the trainer's


class Bar:
    """Draws itself every few iterations, and then returns True, as tqdm's bars do."""

    def __init__(self, every=3):
        self.n, self.last_print_t, self.every, self.steps = 0, 0.0, every, []

    def update(self, n=1):
        self.n += n
        self.steps.append(n)
        if self.n % self.every:
            return None
        self.last_print_t += 1
        return True


def test_a_bar_shows_every_iteration_and_never_stops(trainer):
    bar = Bar(every=1)
    assert trainer.run(20, bar).stop is sape.Stop.ITERATIONS
    assert bar.steps == [1] * 20
    assert trainer.run(5, bar).iterations == 5 and bar.n == 25


def test_a_bar_is_brought_to_the_end(field, samples):
    bar = Bar()
    with sape.Trainer(field, sape.TrainerParams(progress_every=8, tolerance=0.1)) as trainer:
        trainer.set_data(*samples)
        result = trainer.run(1000, bar)
    assert result.iterations < 1000 and bar.n == result.iterations and set(bar.steps[:-1]) == {8}


@pytest.mark.parametrize("every", [1, 2, 3])
def test_what_tqdm_returns_never_stops(trainer, monkeypatch, every):
    """Also when the first update draws the bar."""
    bar = Bar(every)
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=types.SimpleNamespace(_instances=[bar])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        assert trainer.run(20, lambda now: bar.update(1)).iterations == 20
    assert bar.n == 20


def test_a_function_beside_a_bar_stops(trainer, monkeypatch):
    bar = Bar(1)
    monkeypatch.setitem(sys.modules, "tqdm", types.SimpleNamespace(tqdm=types.SimpleNamespace(_instances=[bar])))
    assert trainer.run(20, lambda now: bool(bar.update(1)) and now.iteration == 4).iterations == 4


@pytest.mark.parametrize("interval", [0, 1e-4, 0.1])
def test_with_tqdm(trainer, interval):
    tqdm = pytest.importorskip("tqdm")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for progress in (lambda bar: bar, lambda bar: lambda now: bar.update(1)):
            with tqdm.tqdm(total=300, mininterval=interval, miniters=1, file=open(os.devnull, "w")) as bar:
                assert trainer.run(300, progress(bar)).iterations == 300
                assert bar.n == 300


@pytest.mark.parametrize("progress", [3, "text", object()])
def test_progress_is_checked(trainer, progress):
    with pytest.raises(TypeError, match="progress must be a function, or a progress bar"):
        trainer.run(5, progress)
    assert trainer.step() > 0


def loss_that_raises(error, after):
    calls = []

    def loss(outputs, targets, x):
        calls.append(None)
        if len(calls) > after:
            raise error
        difference = outputs - targets
        return np.square(difference).mean(), np.square(difference).mean(axis=1), 2 * difference / difference.size

    return loss


def sampler_that_raises(error, after):
    def sampler(iteration, n):
        if iteration >= after:
            raise error
        x = np.random.default_rng(iteration).uniform(-1, 1, (n, 2))
        return x, x[:, :1]

    return sampler


def reduce_that_raises(error, after):
    calls = []

    def reduce(values):
        calls.append(None)
        if len(calls) > after:
            raise error

    return reduce


def run_with(where, error, samples):
    """A run of at most 10 iterations whose callback raises."""
    loss = loss_that_raises(error, 4) if where == "loss" else sape.Loss.MSE
    with sape.Trainer(make_field(), sape.TrainerParams(loss=loss)) as trainer:
        trainer.set_data(*samples)
        if where == "sampler":
            trainer.set_sampler(50, sampler_that_raises(error, 4))
        if where == "reduce":
            trainer.set_reduce(reduce_that_raises(error, 12))

        def progress(now):
            if where == "progress" and now.iteration == 4:
                raise error
            return False

        return trainer.run(10, progress)


@pytest.mark.parametrize("where", ["progress", "loss", "sampler", "reduce"])
def test_stop_training_stops_without_an_error(samples, where):
    for error in (sape.StopTraining, sape.StopTraining("enough")):
        result = run_with(where, error, samples)
        assert result.stop is sape.Stop.CALLBACK
        assert result.iterations == 4 if where != "reduce" else 0 < result.iterations < 10


class Own(BaseException):
    pass


@pytest.mark.parametrize("error", [
    StopIteration, StopIteration(3), StopAsyncIteration, KeyboardInterrupt, SystemExit(5), GeneratorExit, Own,
    RuntimeError("mine"), sape.CallbackError(sape.Status.CALLBACK, "mine"), ValueError("mine"),
])
@pytest.mark.parametrize("where", ["progress", "loss", "sampler", "reduce"])
def test_what_is_raised_arrives_as_itself(samples, where, error):
    with pytest.raises(error if isinstance(error, type) else type(error)) as caught:
        run_with(where, error, samples)
    assert isinstance(error, type) or caught.value is error
    assert caught.value.__cause__ is None


def test_a_cause_is_kept(trainer):
    def progress(now):
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise LookupError from error

    with pytest.raises(LookupError) as caught:
        trainer.run(3, progress)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_step_raises_stop_iteration_as_itself(field, samples):
    with sape.Trainer(field, sape.TrainerParams(loss=loss_that_raises(StopIteration, 0))) as trainer:
        trainer.set_data(*samples)
        with pytest.raises(StopIteration):
            trainer.step()


def test_a_signal_s_handler_can_stop_a_run(trainer):
    def handler(number, frame):
        raise sape.StopTraining

    previous = signal.signal(signal.SIGUSR1, handler)
    try:
        result = trainer.run(1000, lambda now: os.kill(os.getpid(), signal.SIGUSR1) if now.iteration == 5 else None)
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert result.stop is sape.Stop.CALLBACK and 5 <= result.iterations < 1000


def test_samples_far_outside_are_warned_of_once(field, samples):
    x, targets = samples
    with sape.Trainer(field) as trainer:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            trainer.set_data(2 * x / abs(x).max(), targets)
            trainer.set_data(-2 * x / abs(x).max(), targets)
        for far in (x + [[3, 0]], x - [[0, 512]]):
            with sape.Trainer(make_field()) as other, pytest.warns(RuntimeWarning, match="outside") as caught:
                other.set_data(far, targets)
                other.set_data(far, targets)
                other.set_sampler(10, lambda i, n: (np.full((n, 2), 3), np.zeros((n, 1))))
                other.step()
            assert len(caught) == 1 and caught[0].filename == __file__
        trainer.set_sampler(10, lambda i, n: (np.full((n, 2), -3), np.zeros((n, 1))))
        with pytest.warns(RuntimeWarning, match="outside") as caught:
            trainer.run(3)
        assert len(caught) == 1
