# SPDX-License-Identifier: MIT
"""What a trainer can do besides: weights, averages, learning rates, a history, samplers that end."""
import numpy as np
import pytest
import sape

RNG = np.random.default_rng(3)
X = RNG.uniform(-1, 1, (60, 2)).astype(np.float32)
Y = np.sin(3 * X).astype(np.float32)


def trainer(loss=sape.Loss.MSE, optimizer=None, **params):
    field = sape.Field(
        sape.EncoderParams(num_frequencies=8), sape.MaskParams(policy=sape.Policy.NONE),
        sape.NetworkParams(hidden_dim=16, output_dim=2),
    )
    return sape.Trainer(field, sape.TrainerParams(loss=loss, **params), optimizer)


@pytest.mark.parametrize("loss", [sape.Loss.MSE, sape.Loss.L1, sape.Loss.HUBER, sape.Loss.RELATIVE_L2])
def test_weighted_losses(loss):
    outputs, weights = RNG.normal(size=(60, 2)), RNG.uniform(0, 1, 60)
    plain = sape.evaluate_loss(loss, outputs, Y, huber_delta=0.3)
    weighted = sape.evaluate_loss(loss, outputs, Y, weights, huber_delta=0.3)
    np.testing.assert_array_equal(plain.sample_loss, weighted.sample_loss)
    assert weighted.loss == pytest.approx(np.average(plain.sample_loss, weights=weights), rel=1e-5)
    expected = plain.d_outputs * (60 * weights / weights.sum())[:, None]
    np.testing.assert_allclose(weighted.d_outputs, expected, rtol=1e-4, atol=1e-9)
    training = trainer(loss, huber_delta=0.3)
    training.set_data(X, Y, weights)
    predicted = training.field.predict(X)
    expected = sape.evaluate_loss(loss, predicted, Y, weights, huber_delta=0.3).loss
    assert training.step() == pytest.approx(expected, rel=1e-5)
    training.set_weights(None)
    assert training.step() > 0


def test_indices():
    seen = []

    def squared(outputs, targets, x):
        rows = training.indices(len(x))
        np.testing.assert_array_equal(X[rows], x)
        seen.append(len(rows))
        error = outputs - targets
        return np.mean(error**2), np.mean(error**2, 1), 2 * error / error.size

    training = trainer(squared, batch_size=20, accumulate=2)
    training.set_data(X, Y)
    training.run(2)
    assert seen == [20] * 4
    with pytest.raises(sape.StateError, match="no loss function"):
        training.indices(20)


def test_learning_rate_and_history(tmp_path):
    training = trainer(optimizer=sape.OptimizerParams(clip_norm=0.1), history=4, average_decay=0.9)
    training.set_data(X, Y)

    def halve(now):
        if now.iteration == 3:
            training.learning_rate = now.learning_rate / 2

    training.run(6, halve)
    assert training.learning_rate == pytest.approx(5e-4)
    history = training.history
    assert list(history.iterations) == [2, 4, 6] and np.all(np.isnan(history.validation_loss))
    assert history.loss[0] > history.loss[-1]
    training.save(tmp_path / "run.safetensors")
    other = trainer(optimizer=sape.OptimizerParams(clip_norm=0.1), history=4, average_decay=0.9)
    other.set_data(X, Y)
    other.resume(tmp_path / "run.safetensors")
    assert other.learning_rate == training.learning_rate
    other.learning_rate = 1e-4
    assert other.learning_rate == 1e-4
    np.testing.assert_array_equal(other.history.loss, history.loss)
    np.testing.assert_array_equal(other.average().predict(X), training.average().predict(X))
    assert np.any(training.average().predict(X) != training.field.predict(X))
    with pytest.raises(sape.ArgumentError, match="learning_rate"):
        training.learning_rate = -1


def test_normalization(tmp_path):
    plain, scaled = trainer().field, trainer().field
    x, y = 256 + 256 * X, 1e5 + 3e3 * Y
    with pytest.warns(RuntimeWarning, match="far outside"):
        sape.Trainer(scaled).set_data(x, y)
    scaled.set_normalization(256, 256, 1e5, [3e3, 3e3])
    np.testing.assert_array_equal(scaled.normalization.scale, [256, 256])
    training, other = sape.Trainer(scaled), sape.Trainer(plain)
    training.set_data(x, y)
    assert training.num_outside == 0
    other.set_data((x - 256) / 256, (y - 1e5) / 3e3)
    training.run(5), other.run(5)
    np.testing.assert_allclose(scaled.predict(x), 1e5 + 3e3 * plain.predict((x - 256) / 256), rtol=1e-5)
    scaled.save(tmp_path / "field.safetensors")
    loaded = sape.Field.load(tmp_path / "field.safetensors")
    np.testing.assert_array_equal(loaded.predict(x), scaled.predict(x))
    with pytest.raises(sape.StateError, match="has a trainer"):
        scaled.fit_normalization(x, y)
    plain = trainer().field
    plain.fit_normalization(x, y)
    np.testing.assert_allclose(plain.normalization.target_mean, y.mean(0), rtol=1e-6)


def test_params_come_back():
    training = trainer(sape.Loss.HUBER, sape.OptimizerParams(clip_norm=0.5), batch_size=7, huber_delta=0.25)
    assert training.params.loss is sape.Loss.HUBER and training.params.batch_size == 7
    assert training.optimizer_params == sape.OptimizerParams(clip_norm=0.5)
    field = training.field
    assert field.encoder.params == sape.EncoderParams(num_frequencies=8)
    assert field.network.params.hidden_dim == 16 and field.mask.params.policy is sape.Policy.NONE
    again = sape.Field(field.encoder.params, field.mask.params, field.network.params)
    np.testing.assert_array_equal(again.predict(X), field.predict(X))


def test_sampler_ends_the_run():
    training = trainer()

    def sample(iteration, n):
        if iteration == 3:
            return None
        return X[:n], Y[:n]

    training.set_sampler(30, sample)
    training.set_weights(np.ones(30))
    result = training.run(10)
    assert result.stop is sape.Stop.SAMPLER and result.iterations == 3
    assert np.isnan(training.step())
