# SPDX-License-Identifier: MIT
"""Every part alone, and a field that is trained by hand."""
from dataclasses import replace

import numpy as np
import pytest
from conftest import SMALL, make_field

import sape


def numeric(function, x, step=1e-3):
    """Central differences of a sum over all results."""
    gradient = np.empty(x.shape)
    for index in np.ndindex(x.shape):
        moved = [x.astype(np.float64).copy() for _ in range(2)]
        for sign, values in zip((1, -1), moved):
            values[index] += sign * step
        above, below = (function(values).sum(dtype=np.float64) for values in moved)
        gradient[index] = (above - below) / (2 * step)
    return gradient


def test_encoder_is_the_formula():
    encoder = sape.Encoder(sape.EncoderParams(num_frequencies=5, std=2, include_identity=True, seed=7))
    x = np.random.default_rng(0).uniform(-1, 1, (30, 2)).astype(np.float32)
    phase = 2 * np.pi * x.astype(np.float64) @ encoder.tensors["frequencies"]
    features = np.concatenate([x, np.stack([np.sin(phase), np.cos(phase)], axis=2).reshape(30, 10)], axis=1)
    assert np.allclose(encoder.encode(x), features, atol=1e-5)
    assert (encoder.kind, encoder.domain_dim, encoder.encoding_dim) == (sape.Encoding.FOURIER, 2, 12)
    assert np.allclose(encoder.backward(x, np.ones((30, 12))), numeric(encoder.encode, x), atol=2e-2)


def test_encoder_tensors_can_be_replaced():
    encoder = sape.Encoder(sape.EncoderParams(num_frequencies=3))
    encoder.tensors["frequencies"] = np.ones((2, 3))
    assert np.array_equal(encoder.tensors["frequencies"], np.ones((2, 3), np.float32))
    with pytest.raises(sape.ShapeError):
        encoder.tensors["frequencies"] = np.ones((3, 2))


def test_network_is_the_formula():
    network = sape.Network(sape.NetworkParams(input_dim=4, output_dim=2, hidden_dim=6, num_layers=1))
    inputs = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    t = network.tensors
    hidden = np.maximum(inputs @ t["0.weight"].T + t["0.bias"], 0)
    assert np.allclose(network.forward(inputs), hidden @ t["2.weight"].T + t["2.bias"], atol=1e-5)
    assert network.num_parameters == sum(values.size for values in t.values()) == 44
    assert np.array_equal(network.parameters, np.concatenate([values.ravel() for values in t.values()]))
    d_outputs = np.ones((9, 2), np.float32)
    assert np.allclose(network.backward(inputs, d_outputs)[-2:], 9)
    assert np.allclose(network.backward_inputs(inputs, d_outputs), numeric(network.forward, inputs), atol=1e-2)


def test_mask_alone():
    mask = sape.Mask(sape.MaskParams(encoding_dim=8, num_blocks=4, resolution=4, num_iterations=16, epsilon=0.5))
    x = np.random.default_rng(0).uniform(-1, 1, (500, 2)).astype(np.float32)
    assert np.allclose(mask.revealed(x), 0.25)
    loss = np.where(x[:, 0] < 0, 1.0, 0.0)
    for _ in range(4):
        mask.record(x, loss)
        mask.step()
    assert mask.state.iteration == 4 and mask.state.block_size == 2
    left, right = mask.revealed([[-0.99, 0], [0.99, 0]])
    assert left > right
    weights = mask.weights(x)
    assert np.allclose(weights.mean(axis=1), mask.revealed(x), atol=1e-6)
    assert mask.smoothed_loss().shape == (16,) and mask.encoding_dim == 8 and mask.policy == sape.Policy.SPATIAL
    mask.fit_domain(x * 10)
    assert mask.revealed([[-9.9, 0]]) == pytest.approx(left, abs=1e-2)
    mask.set_domain([0, 0], [1, 1])
    assert mask.revealed([[-0.99, 0]]) == left
    mask.advance()


def test_mask_of_samples():
    x = np.linspace(-1, 1, 9)[:, None]
    params = sape.MaskParams(policy=sape.Policy.SPATIAL_FIXED, domain_dim=1, encoding_dim=6, num_blocks=3, samples=x)
    assert sape.Mask(params).state.num_cells == 9
    with pytest.raises(sape.ShapeError, match="samples"):
        sape.Field(sape.EncoderParams(domain_dim=2), params)


def test_predict_options(field, samples):
    x, targets = samples
    with sape.Trainer(field) as trainer:
        trainer.set_data(x, targets)
        trainer.run(30)
    weights = np.empty((200, field.encoder.encoding_dim), np.float32)
    usual = field.predict(x, weights=weights)
    assert np.allclose(weights, field.mask.weights(x), atol=1e-6)
    assert np.allclose(field.predict(x, override_mask=weights), usual, atol=1e-5)
    nothing = field.predict(x, override_mask=np.zeros(18))
    assert np.ptp(nothing) < 1e-6 < np.ptp(usual)
    field.predict(x, mask_by=np.zeros_like(x), weights=weights)
    assert np.allclose(weights, field.mask.weights([[0, 0]]), atol=1e-6)


def test_field_gradients(field, samples):
    x = samples[0][:20]
    d_outputs = np.ones((20, 1), np.float32)
    assert np.allclose(field.backward_x(x, d_outputs), numeric(field.predict, x), atol=3e-2)
    features = field.encoder.encode(x) * field.mask.weights(x)
    assert np.allclose(field.backward(x, d_outputs), field.network.backward(features, d_outputs), atol=1e-4)


@pytest.mark.parametrize("kind", sape.OptimizerKind)
def test_training_by_hand_is_as_a_trainer_s(samples, kind):
    x, targets = samples
    settings = sape.OptimizerParams(kind=kind, learning_rate=1e-2, schedule=sape.Schedule.COSINE)
    by_hand, trained = make_field(), make_field()
    optimizer = sape.Optimizer(by_hand.network.num_parameters, settings)
    for _ in range(20):
        _, sample_loss, d_outputs = sape.evaluate_loss(sape.Loss.MSE, by_hand.predict(x), targets)
        by_hand.update(optimizer, by_hand.backward(x, d_outputs))
        by_hand.mask.record(x, sample_loss)
        by_hand.mask.step()
    with sape.Trainer(trained, optimizer=settings) as trainer:
        trainer.set_data(x, targets)
        trainer.run(20)
    assert optimizer.num_steps == 20 and optimizer.learning_rate < 1e-2
    assert np.allclose(by_hand.predict(x), trained.predict(x), atol=1e-4)


def test_optimizer_alone():
    optimizer = sape.Optimizer(3, sape.OptimizerParams(kind=sape.OptimizerKind.SGD, momentum=0, learning_rate=0.5))
    parameters = np.ones(3, np.float32)
    optimizer.step(parameters, [1, 2, 4])
    assert parameters.tolist() == [0.5, 0, -1]
    with pytest.raises(TypeError):
        optimizer.step([1, 1, 1], [1, 2, 4])


def test_number_of_threads(field, samples):
    expected = field.predict(samples[0])
    field.set_num_threads(3)
    assert np.array_equal(field.predict(samples[0]), expected)
    with pytest.raises(ValueError):
        field.set_num_threads(257)


def test_checkpoints(field, samples, tmp_path):
    path = tmp_path / "field.safetensors"
    field.save(path)
    checkpoint = sape.Checkpoint.open(path)
    assert bytes(checkpoint) == path.read_bytes() == bytes(field.checkpoint())
    assert {"mask_stashed", "model.encode.frequencies"} <= set(checkpoint.tensors)
    assert np.array_equal(checkpoint.tensors["mask_stashed"], field.tensors["mask_stashed"])
    assert any(checkpoint.metadata(key) for key in ("sape.version", "sape.format", "sape.encoding", "sape.policy"))
    assert checkpoint.metadata("nothing") is None
    annotated = checkpoint.annotate({"task": "h\u00e9ron", "empty": ""})
    assert (annotated.metadata("task"), annotated.metadata("empty")) == ("h\u00e9ron", "")
    assert checkpoint.metadata("task") is None
    assert bytes(checkpoint.annotate({})) == bytes(checkpoint)
    for entries in ({"sape.version": "2"}, {"a\0b": ""}, {"a": "\0"}):
        with pytest.raises(ValueError):
            checkpoint.annotate(entries)
    other = tmp_path / "other.safetensors"
    checkpoint.save(other)
    assert other.read_bytes() == path.read_bytes()
    expected = field.predict(samples[0])
    field.network.parameters = np.zeros(field.network.num_parameters)
    for loaded in (sape.Field.load(path), sape.Field.from_checkpoint(checkpoint)):
        assert np.array_equal(loaded.predict(samples[0]), expected)
    field.restore(checkpoint)
    assert np.array_equal(field.predict(samples[0]), expected)


def test_sizes():
    field = sape.Field(network=SMALL)
    assert (field.domain_dim, field.output_dim) == (2, 1)
    assert field.network.input_dim == field.encoder.encoding_dim == field.mask.encoding_dim == 514
    assert field.network.output_dim == 1


def test_grid(field):
    axes = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(-1, 1, 3), indexing="ij")
    assert np.array_equal(field.predict_grid((5, 3)), field.predict(np.stack(axes, axis=-1)))
    assert field.predict_grid((4, 4), low=[0, 0], high=0.5).shape == (4, 4, 1)
    with pytest.raises(sape.ShapeError):
        field.predict_grid((5,))


def test_variance_reveals_where_the_signal_varies():
    x = np.random.default_rng(1).uniform(-1, 1, (4000, 2))
    mask = sape.MaskParams(policy=sape.Policy.VARIANCE, resolution=8, num_iterations=40)
    field = sape.Field(mask=mask, network=SMALL)
    field.mask.set_signal(x, np.where(x[:, :1] < 0, np.sin(40 * x[:, 1:]), 0))
    for _ in range(8):
        field.mask.step()
    left, right = field.mask.revealed([[-0.9, 0], [0.9, 0]])
    assert left > 1.2 * right


def test_constants_of_the_variance_policy():
    published = sape.CutoffParams.published()
    assert (published.steepness, published.midpoint, published.end_share, published.width) == (1, 0, 1, 0)
    assert published.rescale is False and published.boundary is sape.Boundary.REPLICATE
    frequencies = [0, 1, 2, 4, 8]
    # A cut-off that neither time nor variance moves: an ideal filter at 4.5 cycles per unit.
    still = replace(published, c_min=4.5, c_max=4.5)
    mask = sape.Mask(sape.MaskParams(sape.Policy.VARIANCE, encoding_dim=5, cutoff=still, frequencies=frequencies))
    assert mask.weights([[0, 0]]).tolist() == [[1, 1, 1, 1, 0]]
    # The published logistic begins half open.
    half = replace(published, c_max=9)
    mask = sape.Mask(sape.MaskParams(sape.Policy.VARIANCE, encoding_dim=5, cutoff=half, frequencies=frequencies))
    assert mask.weights([[0, 0]]).tolist() == [[1, 1, 1, 1, 0]]
    with pytest.raises(sape.ShapeError):
        sape.Mask(sape.MaskParams(sape.Policy.VARIANCE, encoding_dim=4, frequencies=frequencies))
    with pytest.raises(sape.ArgumentError, match="steepness"):
        sape.Field(mask=sape.MaskParams(sape.Policy.VARIANCE, cutoff=sape.CutoffParams(steepness=0)))


def test_frequencies():
    encoder = sape.Encoder(sape.EncoderParams(num_frequencies=5, include_identity=True))
    norms = np.linalg.norm(encoder.tensors["frequencies"].astype(np.float64), axis=0)
    assert np.allclose(encoder.frequencies, [0, 0, *np.repeat(norms, 2)])


def test_jacobian(field, samples):
    x = samples[0].reshape(10, 20, 2)
    outputs = np.empty((10, 20, 1), np.float32)
    jacobian = field.jacobian(x, outputs=outputs)
    assert jacobian.shape == (10, 20, 1, 2) and np.allclose(outputs, field.predict(x), atol=1e-6)
    assert np.allclose(jacobian[:, :, 0], field.backward_x(x, np.ones((10, 20, 1))), atol=1e-4)


def test_jacobian_backward():
    field = make_field()
    random = np.random.default_rng(0)
    x, d_jacobian, d_outputs = random.normal(size=(5, 2)), random.normal(size=(5, 1, 2)), random.normal(size=(5, 1))
    parameters, direction = field.network.parameters, random.normal(size=field.network.num_parameters).astype(np.float32)

    def value(step):
        field.network.parameters = parameters + step * direction
        outputs = np.empty((5, 1), np.float32)
        return (field.jacobian(x, outputs=outputs) * d_jacobian).sum() + (outputs * d_outputs).sum()

    slope = (value(1e-4) - value(-1e-4)) / 2e-4
    field.network.parameters = parameters
    whole = field.jacobian_backward(x, d_jacobian, d_outputs)
    assert whole.astype(np.float64) @ direction == pytest.approx(slope, rel=2e-2)
    of_outputs = field.backward(x, d_outputs)
    assert np.allclose(whole - of_outputs, field.jacobian_backward(x, d_jacobian), atol=1e-4)


def test_gradient_norms(field, samples):
    x, d_outputs = samples[0][:6].reshape(2, 3, 2), samples[1][:6].reshape(2, 3, 1)
    alone = [np.linalg.norm(field.backward(*pair)) for pair in zip(samples[0][:6], samples[1][:6])]
    assert np.allclose(field.gradient_norms(x, d_outputs).ravel(), alone, rtol=1e-4)


def test_activations(samples):
    """Layers end with what they are told to."""
    encoder, mask = sape.EncoderParams(kind=sape.Encoding.IDENTITY), sape.MaskParams(policy=sape.Policy.NONE)
    siren = replace(SMALL, activation=sape.Activation.SINE, activation_parameter=20)
    plain = sape.Field(encoder, mask, siren)
    sigmoid = sape.Field(encoder, mask, replace(siren, output_activation=sape.OutputActivation.SIGMOID))
    assert np.allclose(sigmoid.predict(samples[0]), 1 / (1 + np.exp(-plain.predict(samples[0]))), atol=1e-6)
    weight, bias = (plain.network.tensors[f"0.{name}"] for name in ("weight", "bias"))
    waves = np.sin(20 * (samples[0] @ weight.T + bias))
    second = plain.network.tensors["2.weight"]
    # SIREN's start keeps the next layer's sums near a normal distribution of width 1 / 20.
    assert np.std(20 * waves @ second.T) == pytest.approx(1, rel=0.5)
    with pytest.raises(sape.ArgumentError, match="gelu has no parameter"):
        sape.Field(encoder, mask, replace(siren, activation=sape.Activation.GELU))


def test_backend(samples):
    """A field computes with what its parts are told to."""
    baseline, packed = sape.InstructionSet.BASELINE, sape.Product.PACKED
    field = sape.Field(
        sape.EncoderParams(num_frequencies=8, std=3, instructions=baseline),
        sape.MaskParams(resolution=8, num_blocks=4, num_iterations=40),
        replace(SMALL, instructions=baseline, product=packed),
    )
    description = field.describe()
    assert (description.instructions, description.product) == ("baseline", "packed")
    assert np.allclose(field.predict(samples[0]), make_field().predict(samples[0]), atol=1e-5)
    assert (description.precision, description.precision_code) == ("fp32", "native fp32")
    bf16 = sape.Field(network=replace(SMALL, precision=sape.Precision.BF16)).describe()
    assert bf16.precision == "bf16" and bf16.precision_code in ("amx", "avx512_bf16", "emulated")
    cblas = sape.Field(network=replace(SMALL, product=sape.Product.CBLAS))
    assert cblas.describe().product == "cblas" and cblas.describe().blas
    with pytest.raises(sape.Error):
        sape.Field(sape.EncoderParams(instructions=99))


def test_grid_is_trained():
    params = sape.EncoderParams(
        kind=sape.Encoding.GRID, num_levels=3, base_resolution=4, growth=2.0, interpolation=sape.Interpolation.SMOOTH
    )
    network = sape.NetworkParams(output_dim=1, hidden_dim=16, num_layers=1)
    field = sape.Field(params, sape.MaskParams(policy=sape.Policy.NONE), network)
    tables = sum(values.size for name, values in field.encoder.tensors.items() if name.startswith("level_"))
    assert field.encoder.num_parameters == tables == 2 * (25 + 81 + 289)
    assert field.num_parameters == field.network.num_parameters + tables
    x = np.random.default_rng(1).uniform(-1, 1, (200, 2)).astype(np.float32)
    y = np.sin(5 * x[:, :1])
    optimizer = sape.Optimizer(field.num_parameters, sape.OptimizerParams(learning_rate=1e-2, encoder_rate_factor=2.0))
    losses = []
    for _ in range(60):
        loss = sape.evaluate_loss(sape.Loss.MSE, field.predict(x), y)
        losses.append(loss.loss)
        gradient = field.backward(x, loss.d_outputs)
        assert gradient.shape == (field.num_parameters,)
        field.update(optimizer, gradient)
    assert losses[-1] < 0.1 * losses[0]
    ones = np.ones((200, 6), np.float32)
    np.testing.assert_allclose(field.encoder.backward_parameters(x, ones).sum(), 200 * 6, rtol=1e-4)
    with pytest.raises(sape.UnsupportedError):
        sape.Encoder().backward_parameters(x, np.ones((200, 512), np.float32))
