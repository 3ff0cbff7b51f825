# SPDX-License-Identifier: MIT
"""Python as people write it: fits in one call, estimators, modules, repr, copies."""
import copy
import pickle
import unittest

import numpy as np
import pytest

import sape


@pytest.fixture
def wave():
    x = np.linspace(-1, 1, 60)[:, None]
    return x, np.sin(5 * x[:, 0])


def test_fit_in_one_call(wave):
    x, y = wave
    field = sape.fit(x, y, iterations=400)
    assert abs(field.predict(x)[:, 0] - y).max() < 0.1
    assert field.domain_dim == field.output_dim == 1


@pytest.mark.parametrize("shape, o", [((8, 9, 2), 3), ((72, 2), 1), ((4, 3, 6, 2), 2)])
def test_fit_takes_any_leading_shape(shape, o):
    x = np.random.default_rng(0).uniform(-1, 1, shape)
    y = np.stack([x[..., 0] * (i + 1) for i in range(o)], axis=-1)
    field = sape.fit(x, y, iterations=3)
    assert field.predict(x).shape == y.shape
    flat = sape.fit(x.reshape(-1, 2), y.reshape(-1, o), iterations=3)
    assert np.array_equal(field.network.parameters, flat.network.parameters)
    if o == 1:
        assert np.array_equal(sape.fit(x, y[..., 0], iterations=3).network.parameters, field.network.parameters)


def test_fit_takes_settings_and_reports(wave):
    x, y = wave
    settings = sape.propose_settings(x, y, iterations=7)
    settings.network.hidden_dim = 16
    seen = []
    field = sape.fit(x, y, settings=settings, progress=lambda now: seen.append(now.iteration))
    assert len(seen) > 0 and seen[-1] == 7 and field.network.tensors["0.bias"].shape == (16,)
    assert sape.fit(x, y, iterations=3, policy=sape.Policy.NONE).mask.policy is sape.Policy.NONE


@pytest.mark.parametrize("policy", [None, sape.Policy.NONE, sape.Policy.SPATIAL_FIXED, sape.Policy.VARIANCE])
def test_fit_takes_coordinates_and_targets_of_any_size(recwarn, wave, policy):
    x, y = wave
    pixels, values = 256 + 256 * x, 7e4 + 3e3 * y
    field = sape.fit(pixels, values, iterations=500, policy=policy)
    assert abs(field.predict(pixels)[:, 0] - values).max() < 0.1 * 3e3
    assert field.normalization.scale == 256 and field.normalization.target_mean == pytest.approx(values.mean())
    assert pickle.loads(pickle.dumps(field)).predict(pixels[:3]).tolist() == field.predict(pixels[:3]).tolist()
    assert not recwarn.list


def test_fit_takes_settings_for_any_size(wave):
    x, y = wave
    pixels = 256 + 256 * x
    settings = sape.propose_settings(pixels, 50 * y, iterations=20, normalize=True)
    by_settings = sape.fit(pixels, 50 * y, settings=settings)
    assert np.array_equal(by_settings.predict(pixels), sape.fit(pixels, 50 * y, iterations=20).predict(pixels))
    with pytest.warns(RuntimeWarning, match="far outside"):  # settings for x as it is
        sape.fit(pixels, 50 * y, settings=settings._replace(normalization=None))


def test_fit_of_labels_keeps_them():
    x = np.random.default_rng(5).uniform(0, 100, (500, 2))
    inside = np.linalg.norm(x - 50, axis=1) < 30
    field = sape.fit(x, inside, task=sape.Task.OCCUPANCY, iterations=150)
    assert np.mean((field.predict(x)[:, 0] > 0) == inside) > 0.97
    assert field.normalization.target_scale == 1 and field.normalization.scale == pytest.approx(50, rel=0.05)


def test_fit_of_a_curve_of_any_size():
    t = np.linspace(0, 9, 50)[:, None]
    angle = 2 * np.pi * t / 9
    field = sape.fit(t, np.hstack([300 + 200 * np.cos(angle), -50 + 100 * np.sin(angle)]), task=sape.Task.CURVE, iterations=300)
    x, y = field.predict(t).T
    assert abs(np.hypot((x - 300) / 200, (y + 50) / 100) - 1).mean() < 0.1
    assert field.normalization.target_mean == pytest.approx([300, -50], abs=1)


def test_fit_of_a_curve():
    t = np.linspace(-1, 1, 50)[:, None]
    field = sape.fit(t, np.hstack([np.cos(3 * t), np.sin(3 * t)]), task=sape.Task.CURVE, iterations=300)
    assert abs(np.linalg.norm(field.predict(t), axis=1) - 1).mean() < 0.1


@pytest.fixture
def ensemble():
    x = np.random.default_rng(5).uniform(-1, 1, (300, 2))
    settings = sape.propose_settings(x, np.sin(5 * x), normalize=True)
    assert settings.members > 1 and settings.iterations >= 1000
    settings.network.hidden_dim = 16
    settings = settings._replace(members=3, iterations=30)
    return x, settings, sape.fit(x, np.sin(5 * x), settings=settings)


def test_fit_makes_as_many_fields_as_proposed(ensemble):
    x, settings, found = ensemble
    outputs = [field.predict(x) for field in found.fields]
    assert len(outputs) == 3 and (found.domain_dim, found.output_dim) == (2, 2) and "3 fields" in repr(found)
    assert np.abs(outputs[1] - outputs[0]).max() > 1e-3 and found.predict(x) == pytest.approx(np.mean(outputs, 0), abs=1e-6)
    # Each is what its own seed gives.
    for params in (settings.encoder, settings.network, settings.trainer):
        params.seed += 2
    alone = sape.fit(x, np.sin(5 * x), members=1, settings=settings)
    assert isinstance(alone, sape.Field) and np.array_equal(alone.predict(x), outputs[2])


def test_an_ensemble_means_all_that_it_tells(ensemble):
    x, _, found = ensemble
    grid = np.stack(np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 3), indexing="ij"), -1)
    assert found.predict_grid((4, 3)) == pytest.approx(found.predict(grid), abs=1e-5)
    places, step = x[:9].astype(np.float32), np.float32([0.01, 0])
    slope = (found.predict(places + step) - found.predict(places - step)) / 0.02
    assert found.jacobian(places)[..., 0] == pytest.approx(slope, abs=0.2)


def test_an_ensemble_is_one_file(tmp_path, ensemble):
    x, _, found = ensemble
    path = tmp_path / "fit.safetensors"
    path.write_text("what was here before")
    found.save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["fit.safetensors"]
    other = tmp_path / "other"
    other.touch()
    assert path.stat().st_mode == other.stat().st_mode
    other.unlink()
    for again in (sape.Ensemble.load(path), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert np.array_equal(again.predict(x), found.predict(x))
    checkpoint = sape.Checkpoint.open(path)
    assert checkpoint.num_fields == 3 and bytes(checkpoint) == bytes(found.checkpoint())
    assert bytes(checkpoint.member(1)) == bytes(found.fields[1].checkpoint())
    with pytest.raises(sape.ArgumentError, match="index is 3"):
        checkpoint.member(3)
    with pytest.raises(sape.ShapeError, match="3 fields"):
        sape.Field.load(path)
    found.fields[2].save(tmp_path / "one")
    assert np.array_equal(sape.Ensemble.load(tmp_path / "one").predict(x), found.fields[2].predict(x))
    before = sorted(tmp_path.iterdir())
    with found:
        pass
    with pytest.raises(sape.StateError):
        found.save(path)  # closed: the file and the folder stay as they are
    assert sorted(tmp_path.iterdir()) == before and len(sape.Ensemble.load(path).fields) == 3


def test_ensembles_need_fields_of_one_size():
    other = sape.Field(sape.EncoderParams(domain_dim=1), network=sape.NetworkParams(output_dim=1))
    for fields in ([], [sape.Field(), other]):
        with pytest.raises(sape.ArgumentError, match=f"{len(fields)} different sizes"):
            sape.Ensemble(fields)


@pytest.mark.parametrize("x, y", [
    ([[0.0], [1.0]], [1.0, 2.0, 3.0]), (1.0, 1.0), (np.zeros((0, 2)), np.zeros(0)), (np.zeros((3, 0)), np.zeros(3)),
    ([[0.0, 0, 0, 0], [1, 1, 1, 1]], [1.0, 2.0]),
])
def test_fit_refuses_what_it_cannot_fit(x, y):
    with pytest.raises((sape.ShapeError, sape.ArgumentError)):
        sape.fit(x, y)


def test_targets_of_one_output_need_no_axis(field, samples):
    x, y = samples
    with sape.Trainer(field) as trainer:
        trainer.set_data(x.reshape(20, 10, 2), y.reshape(20, 10))
        trainer.run(3)
        with pytest.raises(sape.ShapeError):
            trainer.set_data(x, y[:100, 0])
    assert sape.propose_bandwidth(x.reshape(20, 10, 2), y.reshape(20, 10)) == sape.propose_bandwidth(x, y)
    loss = sape.evaluate_loss(sape.Loss.MSE, np.ones((2, 3, 4)), np.zeros((2, 3, 4)))
    assert loss.sample_loss.shape == (2, 3) and loss.d_outputs.shape == (2, 3, 4) and loss.loss == 1


def test_every_handle_shows_what_it_is(field):
    trainer, checkpoint = sape.Trainer(field), field.checkpoint()
    optimizer = sape.Optimizer(3)
    for handle, words in (
        (field, "domain_dim=2"), (field.encoder, "Encoding.FOURIER"), (field.mask, "Policy.SPATIAL"),
        (field.network, "num_parameters="), (trainer, "<Field"), (checkpoint, "mask"), (optimizer, "learning_rate=0.001"),
    ):
        assert repr(handle).startswith("<" + type(handle).__name__) and words in repr(handle)
    for handle in (trainer, checkpoint, optimizer, field):
        handle.close()
        assert repr(handle) == f"<{type(handle).__name__}, closed>"


AGAIN = pytest.mark.parametrize("again", [
    copy.copy, copy.deepcopy, lambda handle: pickle.loads(pickle.dumps(handle))
])


@AGAIN
def test_fields_and_checkpoints_can_be_copied(field, samples, again):
    x, _ = samples
    assert np.array_equal(again(field).predict(x), field.predict(x))
    assert bytes(again(field.checkpoint())) == bytes(field.checkpoint())


@AGAIN
def test_parts_of_a_field_can_be_copied(field, samples, again):
    x, y = samples
    with sape.Trainer(field) as trainer:
        trainer.set_data(x, y)
        trainer.run(7)
    encoder, mask, network = again(field.encoder), again(field.mask), again(field.network)
    assert np.array_equal(mask.weights(x), field.mask.weights(x)) and mask.state == field.mask.state
    assert np.array_equal(network.parameters, field.network.parameters)
    features = field.encoder.encode(x)
    assert np.array_equal(encoder.encode(x), features)
    field.close()
    assert np.array_equal(encoder.encode(x), features)
    with pytest.raises(sape.StateError):
        again(field.mask)


@AGAIN
@pytest.mark.parametrize("kind", sape.Encoding)
def test_encoders_and_networks_alone_can_be_copied(again, kind):
    x = np.random.default_rng(2).uniform(-1, 1, (20, 2))
    encoder = sape.Encoder(sape.EncoderParams(kind=kind, num_frequencies=6, std=3, seed=5, num_levels=3))
    for name in encoder.tensors if kind is not sape.Encoding.POSITIONAL else ():  # whose frequencies are fixed
        encoder.tensors[name] = 0.5 * encoder.tensors[name] + 0.25
    copied = again(encoder)
    assert copied.params == encoder.params and np.array_equal(copied.encode(x), encoder.encode(x))
    network = sape.Network(sape.NetworkParams(input_dim=2, hidden_dim=8, activation=sape.Activation.SINE, seed=3))
    network.parameters = 0.5 * network.parameters
    copied = again(network)
    assert copied.params == network.params and np.array_equal(copied.forward(x), network.forward(x))
    network.parameters = 0 * network.parameters
    assert not np.array_equal(copied.forward(x), network.forward(x))


@AGAIN
def test_what_cannot_be_saved_says_so(again):
    for handle in (sape.Mask(sape.MaskParams(encoding_dim=4)), sape.Optimizer(3)):
        with pytest.raises(TypeError, match="cannot be pickled"):
            again(handle)


def absolute(outputs, targets, x):
    difference = outputs - targets
    return np.abs(difference).mean(), np.abs(difference).mean(axis=1), np.sign(difference) / difference.size


def draw(iteration, n):
    x = np.random.default_rng(iteration).uniform(-1, 1, (n, 2)).astype(np.float32)
    return x, x[:, :1] * x[:, 1:]


def eikonal(outputs, jacobian, targets, x):
    norms = np.linalg.norm(jacobian, axis=-1, keepdims=True)
    losses = np.square(norms[..., 0] - 1).mean(axis=1)
    return losses.mean(), losses, 0 * outputs, 2 * (norms - 1) * jacobian / np.maximum(norms, 1e-6) / len(x)


def weighted(trainer, x, y):
    trainer.set_data(x, y + 1)
    trainer.set_data(x, y, weights=1 + x[:, 0] ** 2)


def adaptive(trainer, x, y):
    trainer.set_adaptive_rate(sape.AdaptiveRateParams(resolution=8))
    trainer.set_data(x, y)


def curve(trainer, x, y):
    trainer.set_data(x)
    trainer.set_target_points(np.hstack([y, y**2])[:, :1], 20)


def sampled(trainer, x, y):
    trainer.set_data(x, y, weights=1 + x[:, 0] ** 2)
    trainer.set_sampler(30, draw)


def with_slopes(trainer, x, y):
    trainer.set_data(x, y)
    trainer.set_jacobian_loss(eikonal)


@AGAIN
@pytest.mark.parametrize("params, prepare", [
    ({"batch_size": 50, "seed": 3, "accumulate": 2, "average_decay": 0.9, "history": 8}, weighted),
    ({"validation_share": 0.2, "validation_every": 3}, adaptive), ({"loss": absolute}, sampled),
    ({"loss": sape.Loss.CHAMFER}, curve), ({"loss": sape.Loss.CUSTOM_JACOBIAN}, with_slopes),
])
def test_a_copied_trainer_goes_on_as_the_original(field, samples, again, params, prepare):
    params = sape.TrainerParams(**params)
    trainer = sape.Trainer(field, params, sape.OptimizerParams(schedule=sape.Schedule.COSINE, learning_rate=5e-3))
    params.batch_size = 7  # the trainer has its own
    prepare(trainer, *samples)
    trainer.run(11)
    trainer.learning_rate = 2e-3
    copied = again(trainer)
    assert copied.field is not field and copied.params == trainer.params
    assert copied.run(11).loss == trainer.run(11).loss
    assert bytes(copied.checkpoint()) == bytes(trainer.checkpoint())
    assert np.array_equal(copied.field.predict(samples[0]), field.predict(samples[0]))


def test_a_trainer_with_a_lambda_cannot_be_pickled(field, samples):
    trainer = sape.Trainer(field)
    trainer.set_sampler(30, lambda iteration, n: draw(iteration, n))
    with pytest.raises((pickle.PicklingError, AttributeError)):
        pickle.dumps(trainer)
    assert copy.deepcopy(trainer).run(3).loss == trainer.run(3).loss


def test_regressor(wave):
    pytest.importorskip("sklearn")
    x, y = wave
    model = sape.SapeRegressor(iterations=300, random_state=0)
    assert model.fit(100 + 30 * x, 7 + 5 * y).score(100 + 30 * x, 7 + 5 * y) > 0.98
    assert model.get_params()["iterations"] == 300 and "iterations=300" in repr(model)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict(100 + 30 * x), model.predict(100 + 30 * x))
    late = 1.7e9 + 3600 * x  # seconds that single precision cannot tell apart
    assert model.fit(late, 1e9 + y).score(late, 1e9 + y) > 0.98
    both = model.fit(x, np.stack([y, -y], axis=1)).predict(x)
    assert both.shape == (60, 2)
    with pytest.raises(ValueError, match="at most 3"):
        model.fit(np.zeros((9, 4)), np.zeros(9))


def test_regressor_passes_scikit_learn_s_checks():
    """All checks but those whose samples have more than 3 features, for which there is no field."""
    checks = pytest.importorskip("sklearn.utils.estimator_checks")
    model = sape.SapeRegressor(iterations=5)
    if hasattr(checks, "estimator_checks_generator"):
        pairs = checks.estimator_checks_generator(model)
    else:  # before 1.6
        pairs = checks.check_estimator(model, generate_only=True)
    passed, failed = 0, []
    for estimator, check in pairs:
        try:
            check(estimator)
            passed += 1
        except unittest.SkipTest:
            pass
        except Exception as error:
            causes = (error, error.__cause__, error.__context__)
            if not any("a field has at most 3" in str(cause) for cause in causes):
                failed.append((check, error))
    assert failed == [] and passed >= 25, passed


def test_torch_module():
    torch = pytest.importorskip("torch")
    sape_torch = pytest.importorskip("sape.torch")
    torch.manual_seed(0)
    encoding = sape_torch.Encoding(
        sape.EncoderParams(domain_dim=1, num_frequencies=16, std=2), sape.MaskParams(resolution=8, num_iterations=100)
    )
    model = torch.nn.Sequential(encoding, torch.nn.Linear(encoding.encoding_dim, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    assert "Encoder" in repr(model)
    optimizer = torch.optim.Adam(model[1:].parameters(), 1e-2)
    x = torch.linspace(-1, 1, 50)[:, None]
    y = torch.sin(5 * x)
    for _ in range(150):
        losses = torch.square(model(x) - y)[:, 0]
        optimizer.zero_grad()
        losses.mean().backward()
        optimizer.step()
        encoding.record(x, losses)
        encoding.step()
    assert losses.mean() < 0.02 and encoding.mask.state.iteration == 150
    at = torch.tensor([[0.3]], dtype=torch.float32, requires_grad=True)
    features = encoding(at)
    features.sum().backward()
    weights = encoding.mask.weights(at.detach().numpy())
    expected = encoding.encoder.backward(at.detach().numpy(), weights)
    assert np.allclose(at.grad.numpy(), expected)
