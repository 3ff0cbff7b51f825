# SPDX-License-Identifier: MIT
"""Settings proposed from samples: what they say, and that a fit can be made of them."""
import math

import numpy as np
import pytest

import sape

RANDOM = np.random.default_rng(3)
X = RANDOM.uniform(-1, 1, (400, 2)).astype(np.float32)
Y = np.sin(5 * X).astype(np.float32)


def test_a_fit_of_proposed_settings():
    encoder, mask, network, optimizer, trainer, iterations, reasons, scales, members = sape.propose_settings(X, Y, iterations=150, seed=7)
    assert scales is None and members == 1
    assert iterations == optimizer.decay_iterations == mask.num_iterations == 150
    assert encoder.draw is sape.Draw.STRATIFIED and mask.policy is sape.Policy.SPATIAL and mask.gradual is True
    assert (encoder.domain_dim, network.output_dim, encoder.seed, trainer.loss) == (2, 2, 7, sape.Loss.MSE)
    words = {name: value for name, value, _ in reasons}
    assert float(words["std"]) == pytest.approx(encoder.std, rel=1e-3) and words["encoding"] == "fourier"
    assert all(len(reason) > 8 for _, _, reason in reasons)
    field = sape.Field(encoder, mask, network)
    with sape.Trainer(field, trainer, optimizer) as training:
        training.set_data(X, Y)
        training.run(iterations)
    assert np.mean((field.predict(X) - Y) ** 2) < 0.01 * Y.var()


def test_what_is_asked_for_is_kept():
    proposed = sape.propose_settings(X, Y, policy=sape.Policy.VARIANCE, encoding=sape.Encoding.RBF, batch_size=100)
    assert proposed.mask.policy is sape.Policy.VARIANCE and proposed.encoder.kind is sape.Encoding.RBF
    assert proposed.mask.cutoff.c_max == pytest.approx(sape.propose_bandwidth(X, Y).c_max)
    assert proposed.trainer.batch_size == 100
    fixed = sape.propose_settings(X[:, :1], Y, policy=sape.Policy.SPATIAL_FIXED)
    assert np.array_equal(fixed.mask.samples, X[:, :1])
    sape.Field(fixed.encoder, fixed.mask, fixed.network)
    short = sape.propose_settings(X, Y, seconds=0.1)
    assert 0 < short.iterations < sape.propose_settings(X, Y).iterations


def test_a_coordinate_along_which_targets_change_slowly_is_scaled():
    x = X * [1.0, 0.25]
    proposed = sape.propose_settings(x, Y)
    assert proposed.normalization.scale[1] == 1 and 3 < proposed.normalization.scale[0] <= 4
    same = sape.propose_settings(x, Y, normalize=True)
    assert same.normalization.scale[0] == pytest.approx(same.normalization.scale[1] * 4, rel=0.2)
    assert proposed.members > 1
    field = sape.fit(x, Y, iterations=150)
    assert field.normalization.scale[0] > 3 * field.normalization.scale[1]
    assert np.mean((field.predict(x) - Y) ** 2) < 0.01 * Y.var()


def test_other_tasks():
    inside = sape.propose_settings(X, (Y[:, :1] > 0).astype(float), sape.Task.OCCUPANCY)
    assert inside.trainer.loss is sape.Loss.BCE
    curve = sape.propose_settings(np.linspace(-1, 1, 50)[:, None], task=sape.Task.CURVE, output_dim=2)
    assert curve.trainer.loss is sape.Loss.CHAMFER and curve.network.output_dim == 2


@pytest.mark.parametrize("task, o", [(sape.Task.REGRESSION, 2), (sape.Task.OCCUPANCY, 1), (sape.Task.CURVE, 2)])
@pytest.mark.parametrize("encoding", [sape.Encoding.FOURIER, sape.Encoding.GRID])
def test_normalized_settings_do_not_depend_on_the_units(task, o, encoding):
    x = X * [1.0, 0.5]
    x[:2] = [[-1, -1], [1, 1]]
    y = Y[:, :o] if task is not sape.Task.OCCUPANCY else np.float32(Y[:, :1] > 0)
    units = y if task is sape.Task.OCCUPANCY else 1000 + 50 * y
    inside = sape.propose_settings(x, y, task, encoding=encoding, normalize=True)
    outside = sape.propose_settings(256 + 256 * x, units, task, encoding=encoding, normalize=True)
    assert inside.encoder.std == pytest.approx(outside.encoder.std, rel=1e-3)
    assert inside.mask.epsilon == pytest.approx(outside.mask.epsilon, rel=1e-2)
    assert inside.iterations == outside.iterations and inside.network == outside.network
    assert outside.normalization.center == pytest.approx([256, 256])
    assert outside.normalization.scale == pytest.approx(256 * inside.normalization.scale, rel=1e-2)
    if task is sape.Task.OCCUPANCY:
        assert outside.normalization.target_mean == [0] and outside.normalization.target_scale == [1]
    elif task is sape.Task.REGRESSION:
        assert outside.normalization.target_scale == pytest.approx(50 * y.std(0), rel=1e-4)
    else:
        assert len(set(outside.normalization.target_scale)) == 1


def test_errors():
    with pytest.raises(sape.ShapeError):
        sape.propose_settings(X[:, 0], Y)
    with pytest.raises(sape.ShapeError):
        sape.propose_settings(X, Y[:10])
    with pytest.raises(sape.ArgumentError, match="seconds is nan"):
        sape.propose_settings(X, Y, seconds=math.nan)
    with pytest.raises(sape.ArgumentError, match="task is 3"):
        sape.propose_settings(X, Y, 3)
    with pytest.raises(sape.NotFiniteError):
        sape.propose_settings(X, np.full_like(Y, np.nan))
