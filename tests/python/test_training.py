# SPDX-License-Identifier: MIT
"""Training: what goes in and out of it, by which thread, and how it is stopped."""
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import make_field

import sape


def mse(outputs, targets, x):
    difference = outputs - targets
    return np.square(difference).mean(dtype=np.float64), np.square(difference).mean(axis=1), 2 * difference / difference.size


@pytest.fixture
def trainer(field, samples):
    with sape.Trainer(field) as trainer:
        trainer.set_data(*samples)
        yield trainer


def test_run_reports(trainer):
    seen = []
    result = trainer.run(30, seen.append)
    assert [now.iteration for now in seen] == list(range(1, 31))
    assert seen[-1].num_iterations == 30 and seen[-1].loss == result.loss < seen[0].loss
    assert 0 < seen[0].revealed <= seen[-1].revealed <= 1
    assert seen[0].learning_rate == 1e-3
    assert result.iterations == 30 and result.stop == sape.Stop.ITERATIONS and 0 < result.seconds < 60


def test_progress_every_and_stop(field, samples):
    seen = []
    with sape.Trainer(field, sape.TrainerParams(progress_every=10)) as trainer:
        trainer.set_data(*samples)
        result = trainer.run(100, lambda now: seen.append(now.iteration) or now.iteration == 30)
    assert seen == [10, 20, 30] and result.iterations == 30 and result.stop == sape.Stop.CALLBACK


def test_loss_in_numpy_is_as_the_library_s(samples):
    fields = [make_field(), make_field()]
    for field, loss in zip(fields, (sape.Loss.MSE, mse)):
        with sape.Trainer(field, sape.TrainerParams(loss=loss)) as trainer:
            trainer.set_data(*samples)
            assert trainer.run(40).loss < 0.2
    a, b = (field.predict(samples[0]) for field in fields)
    assert np.allclose(a, b, atol=1e-4)


def test_evaluate_loss(samples):
    outputs, targets = np.random.default_rng(3).normal(size=(2, 50, 3)).astype(np.float32)
    value, expected = sape.evaluate_loss(sape.Loss.MSE, outputs, targets), mse(outputs, targets, None)
    for ours, theirs in zip(value, expected):
        assert np.allclose(ours, theirs, rtol=1e-5)


def test_loss_sees_copies_that_outlive_the_call(field, samples):
    kept = []

    def loss(*arrays):
        kept.append(arrays)
        return mse(*arrays)

    trainer = sape.Trainer(field, sape.TrainerParams(loss=loss, batch_size=50))
    trainer.set_data(*samples)
    trainer.run(4)
    trainer.close()
    field.close()
    for outputs, targets, x in kept:
        assert np.allclose(targets, np.sin(3 * x[:, :1]) * x[:, 1:]) and np.isfinite(outputs).all()


def test_loss_without_targets(field, samples):
    def towards_one(outputs, targets, x):
        assert targets is None
        return mse(outputs, np.ones_like(outputs), x)

    with sape.Trainer(field, sape.TrainerParams(loss=towards_one)) as trainer:
        trainer.set_data(samples[0])
        trainer.run(100)
    assert abs(field.predict(samples[0]).mean() - 1) < 0.1


class Mine(BaseException):
    pass


def test_what_progress_raises_reaches_the_caller(trainer):
    def progress(now):
        if now.iteration == 3:
            raise Mine

    with pytest.raises(Mine):
        trainer.run(100, progress)
    assert trainer.run(2).iterations == 2


@pytest.mark.parametrize("method", ["run", "step"])
@pytest.mark.parametrize("loss, error", [
    (lambda *_: 1 / 0, ZeroDivisionError),
    (lambda o, t, x: (0.0, np.zeros(3), o), sape.ShapeError),
    (lambda *_: None, TypeError),
])
def test_what_a_loss_raises_reaches_the_caller(field, samples, loss, error, method):
    trainer = sape.Trainer(field, sape.TrainerParams(loss=loss))
    trainer.set_data(*samples)
    before = field.network.parameters
    with pytest.raises(error):
        trainer.run(10) if method == "run" else trainer.step()
    assert np.array_equal(field.network.parameters, before)


@pytest.mark.parametrize("progress", [None, lambda now: None])
def test_ctrl_c_stops_a_run(trainer, progress):
    for delay in (0.05, 0.1, 0.15):
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            trainer.run(100_000, progress)
        timer.join()
        assert time.monotonic() - begin < 5
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert trainer.run(2).iterations == 2


def test_ctrl_c_during_a_loss(field, samples):
    def loss(*arrays):
        os.kill(os.getpid(), signal.SIGINT)
        return mse(*arrays)

    trainer = sape.Trainer(field, sape.TrainerParams(loss=loss))
    trainer.set_data(*samples)
    for call in (trainer.step, lambda: trainer.run(1000)):
        with pytest.raises(KeyboardInterrupt):
            call()


def test_a_handler_that_raises_nothing_lets_the_run_go_on(trainer):
    received = []
    previous = signal.signal(signal.SIGALRM, lambda number, frame: received.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        assert trainer.run(20_000).iterations == 20_000
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert set(received) == {signal.SIGALRM}


def test_other_threads_run_while_training(trainer):
    """A thread that counts goes on counting while one call of the library trains."""
    trainer.close()
    field = sape.Field(network=sape.NetworkParams(output_dim=1))
    x = np.random.default_rng(0).uniform(-1, 1, (20_000, 2)).astype(np.float32)
    long = sape.Trainer(field, sape.TrainerParams(num_threads=1))
    long.set_data(x, x[:, :1].copy())
    stop, counts = threading.Event(), [0]

    def count():
        while not stop.is_set():
            counts[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    before, begin = counts[0], time.thread_time()
    long.step()
    during, spent = counts[0] - before, time.thread_time() - begin
    stop.set()
    thread.join()
    # With the lock held the other thread could not count at all during the step, which takes a tenth of a second.
    assert spent > 0.02 and during > 1000


def test_training_in_another_thread(trainer):
    results = []
    thread = threading.Thread(target=lambda: results.append(trainer.run(20)))
    thread.start()
    thread.join()
    assert results[0].iterations == 20


def test_interrupted_program_ends(tmp_path):
    """A program that does nothing about Ctrl-C ends as Python programs do."""
    program = "import sape, signal, numpy as np\nsignal.signal(signal.SIGINT, signal.default_int_handler)\nt = sape.Trainer(sape.Field())\nt.set_data(np.zeros((9, 2)), np.zeros((9, 3)))\nprint(1, flush=True)\nt.run(10**5)"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT and errors.rstrip().endswith("KeyboardInterrupt")


def test_resume_ends_with_the_same_bits(samples, tmp_path):
    def make():
        trainer = sape.Trainer(make_field(), sape.TrainerParams(batch_size=64))
        trainer.set_data(*samples)
        return trainer

    whole = make()
    whole.run(30)
    first = make()
    first.run(13)
    first.save(tmp_path / "training.safetensors")
    for resume in (
        lambda t: t.resume(tmp_path / "training.safetensors"),
        lambda t: t.restore(sape.Checkpoint(bytes(first.checkpoint()))),
    ):
        second = make()
        resume(second)
        second.run(17)
        assert np.array_equal(second.field.network.parameters, whole.field.network.parameters)


def test_runs_end_on_convergence(field, samples):
    with sape.Trainer(field, sape.TrainerParams(tolerance=0.05)) as trainer:
        trainer.set_data(*samples)
        result = trainer.run(1000)
    assert result.stop == sape.Stop.TOLERANCE and result.loss <= 0.05 and result.iterations < 1000


def test_validation(field, samples):
    seen = []
    with sape.Trainer(field, sape.TrainerParams(validation_share=0.2, validation_every=5)) as trainer:
        trainer.set_data(*samples)
        result = trainer.run(20, seen.append)
    assert seen[-1].best_validation_loss == result.validation_loss > 0 and result.best_iteration % 5 == 0
    assert np.isnan(seen[0].validation_loss)


def test_sampler(field):
    asked = []

    def sampler(iteration, n):
        asked.append(iteration)
        x = np.random.default_rng(iteration).uniform(-1, 1, (n, 2))
        return x, x[:, :1]

    with sape.Trainer(field, optimizer=sape.OptimizerParams(learning_rate=1e-2)) as trainer:
        trainer.set_sampler(100, sampler)
        assert trainer.run(100).loss < 0.05
        trainer.set_sampler(100, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            trainer.step()
    assert asked == list(range(100))


def test_chamfer():
    field = sape.Field(
        sape.EncoderParams(domain_dim=1, num_frequencies=16, std=2), sape.MaskParams(policy=sape.Policy.NONE),
        sape.NetworkParams(output_dim=2, hidden_dim=32, num_layers=2),
    )
    x = np.linspace(-1, 1, 100)[:, None]
    with sape.Trainer(field, sape.TrainerParams(loss=sape.Loss.CHAMFER)) as trainer:
        trainer.set_data(x)
        trainer.set_target_points(np.hstack([np.cos(3 * x), np.sin(3 * x)]))
        before = trainer.step()
        assert trainer.run(200).loss < before / 4


def test_adaptive_rate(samples):
    def trained(rate):
        with sape.Trainer(make_field()) as trainer:
            trainer.set_adaptive_rate(sape.AdaptiveRateParams())  # replaced before it is used
            trainer.set_adaptive_rate(rate)
            trainer.set_data(*samples)
            assert trainer.run(30).loss < 0.2
            return trainer.field.network.parameters

    usual = trained(None)
    assert np.array_equal(trained(sape.AdaptiveRateParams(alpha_min=1, alpha_max=1)), usual)
    assert not np.array_equal(trained(sape.AdaptiveRateParams()), usual)


def test_adaptive_rate_is_checked(trainer):
    with pytest.raises(sape.ArgumentError, match="alpha_min"):
        trainer.set_adaptive_rate(sape.AdaptiveRateParams(alpha_min=2))


def test_jacobian_loss(field, samples):
    """A step against the gradient that the field itself gives."""
    x = samples[0]
    jacobian, outputs = field.jacobian(x), field.predict(x)

    def squares(outputs, jacobian, targets, x):
        assert targets is None and x.shape == (200, 2)
        losses = np.square(jacobian).sum(axis=(1, 2)) + np.square(outputs[:, 0])
        return losses.mean(), losses, 2 * outputs / len(x), 2 * jacobian / len(x)

    optimizer = sape.OptimizerParams(kind=sape.OptimizerKind.SGD, momentum=0, learning_rate=0.1)
    expected = field.network.parameters - 0.1 * field.jacobian_backward(x, jacobian / 100, outputs / 100)
    with sape.Trainer(field, sape.TrainerParams(loss=sape.Loss.CUSTOM_JACOBIAN), optimizer) as trainer:
        trainer.set_data(x)
        trainer.set_jacobian_loss(squares)
        loss = trainer.step()
        assert loss == pytest.approx(squares(outputs, jacobian, None, x)[0], rel=1e-5)
        assert np.allclose(field.network.parameters, expected, atol=1e-5)
        assert trainer.run(50).loss < loss
        trainer.set_jacobian_loss(lambda *_: (0.0, np.zeros(3), np.zeros(3), np.zeros(3)))
        with pytest.raises(sape.ShapeError):
            trainer.step()
