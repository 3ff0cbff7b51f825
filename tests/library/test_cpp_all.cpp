// SPDX-License-Identifier: MIT
// The C++ layer: each of its classes and functions.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <sape/sape.hpp>

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) std::printf("FAILED: line %d: %s\n", __LINE__, #condition), std::exit(1);                    \
    } while (0)

using sape::Floats;

static const Floats x = {-0.5f, 0.1f, 0.2f, 0.3f, 0.4f, -0.6f};

static sape::Field make_field() {
    sape::EncoderParams encoder;
    encoder.num_frequencies = 8;
    encoder.std = 2.0;
    sape::MaskParams mask;
    mask.resolution = 4;
    mask.num_iterations = 20;
    sape::NetworkParams network;
    network.hidden_dim = 16;
    network.num_layers = 1;
    network.output_dim = 2;
    return sape::Field(encoder, mask, network);
}

template <class Call> static bool refused(const Call &call) {
    try {
        call();
    } catch (const std::invalid_argument &) {
        return true;
    }
    return false;
}

static void test_parts() {
    sape::Field field = make_field();
    const sape::Encoder encoder = field.encoder();
    sape::Mask mask = field.mask();
    sape::Network network = field.network();
    const std::size_t e = encoder.encoding_dim();
    EXPECT(encoder.kind() == SAPE_ENCODING_FOURIER && encoder.domain_dim() == 2 && encoder.num_parameters() == 0);
    EXPECT(encoder.encode(x).size() == 3 * e && encoder.backward(x, Floats(3 * e, 1.0f)).size() == 6);
    EXPECT(encoder.frequencies().size() == e && encoder.tensors().names().size() > 0);
    EXPECT(refused([&] { encoder.encode(Floats(3)); }) && refused([&] { encoder.backward(x, Floats(1)); }));

    EXPECT(mask.policy() == SAPE_POLICY_SPATIAL && mask.encoding_dim() == e && mask.domain_dim() == 2);
    mask.record(x, Floats(3, 1.0f));
    mask.step();
    mask.advance();
    EXPECT(mask.state().iteration == 1 && mask.weights(x).size() == 3 * e && mask.revealed(x).size() == 3);
    EXPECT(mask.smoothed_loss().size() == mask.state().num_cells);
    EXPECT(refused([&] { mask.record(x, Floats(2)); }) && refused([&] { mask.set_domain(x, Floats(2)); }));
    sape::Field placed = make_field();
    placed.mask().set_domain(Floats(2, 0.0f), Floats(2, 2.0f));
    placed.mask().fit_domain(x);

    EXPECT(network.input_dim() == e && network.output_dim() == 2);
    Floats parameters = network.parameters(), d_inputs;
    const Floats inputs(3 * e, 0.5f);
    const Floats outputs = network.forward(inputs);
    EXPECT(network.backward(inputs, Floats(6, 1.0f), &d_inputs).size() == parameters.size());
    EXPECT(d_inputs.size() == inputs.size());
    const std::string last = network.tensors().names().back();
    Floats bias = network.tensors().get(last);
    bias[0] += 1.0f;
    network.tensors().set(last, bias);
    EXPECT(std::fabs(network.forward(inputs)[0] - outputs[0] - 1.0f) < 1e-5f);
    network.set_parameters(parameters);
    EXPECT(network.forward(inputs) == outputs);

    sape::Optimizer optimizer(parameters.size());
    optimizer.step(parameters, Floats(parameters.size(), 1.0f));
    EXPECT(optimizer.num_steps() == 1 && optimizer.learning_rate() == 1e-3);
    optimizer.set_learning_rate(0.5);
    EXPECT(optimizer.learning_rate() == 0.5);
    EXPECT(std::fabs(network.parameters()[0] - parameters[0] - 1e-3f) < 1e-5f);
}

static void test_grid() {
    sape::EncoderParams params;
    params.kind = SAPE_ENCODING_GRID;
    sape::Encoder grid(params);
    const Floats gradient = grid.backward_parameters(x, Floats(3 * grid.encoding_dim(), 1.0f));
    float sum = 0.0f;
    for (float value : gradient) sum += value;
    EXPECT(gradient.size() == grid.num_parameters() && sum > 1.0f);
}

static void test_field() {
    sape::Field field = make_field();
    const Floats outputs = field.predict(x), jacobian = field.jacobian(x);
    EXPECT(outputs.size() == 6 && jacobian.size() == 12 && field.tensors().names().size() > 3);
    const float h = 1e-2f;
    const Floats ahead = field.predict({x[0] + h, x[1]}), behind = field.predict({x[0] - h, x[1]});
    EXPECT(std::fabs((ahead[0] - behind[0]) / (2 * h) - jacobian[0]) < 0.02f * (1.0f + std::fabs(jacobian[0])));

    sape_predict_options options = sape_predict_options();
    sape_predict_options_init(&options, sizeof options);
    Floats weights(3 * field.encoder().encoding_dim());
    options.weights = weights.data();
    EXPECT(field.predict(x, options) == outputs && weights == field.mask().weights(x));
    const Floats grid = field.predict_grid({3, 2}, {-1.0f, -1.0f}, {1.0f, 1.0f});
    EXPECT(grid.size() == 12 && std::fabs(grid[2] - field.predict({-1.0f, 1.0f})[0]) < 1e-5f);

    const Floats d_outputs(6, 1.0f);
    Floats d_x;
    const Floats gradient = field.backward(x, d_outputs, &d_x);
    EXPECT(gradient.size() == field.num_parameters() && d_x.size() == 6);
    EXPECT(std::fabs(d_x[0] - jacobian[0] - jacobian[2]) < 1e-4f);
    EXPECT(field.gradient_norms(x, d_outputs).size() == 3);
    EXPECT(field.jacobian_backward(x, {}, Floats(12, 1.0f)).size() == gradient.size());
    EXPECT(refused([&] { field.predict(Floats(3)); }) && refused([&] { field.backward(x, Floats(1)); }));
    sape::Optimizer optimizer(field.num_parameters());
    field.update(optimizer, gradient);
    EXPECT(field.predict(x) != outputs);
    field.set_num_threads(2);
    EXPECT(field.describe().num_threads == 2 && std::strcmp(sape::describe().version, sape_version_string()) == 0);

    const sape::Checkpoint checkpoint = field.checkpoint(), noted = checkpoint.annotate({{"author", "me"}});
    EXPECT(noted.metadata("author") == "me" && noted.metadata("none").empty());
    const std::string bytes = noted.bytes();
    EXPECT(sape::Checkpoint::parse(bytes.data(), bytes.size()).tensors().size() == checkpoint.tensors().size());
    const std::string name = checkpoint.tensors()[0].name;
    EXPECT(checkpoint.read(name).size() == checkpoint.tensors()[0].count);
    EXPECT(sape::Field::from_checkpoint(checkpoint).predict(x) == field.predict(x));
    sape::Field other = make_field();
    other.restore(checkpoint);
    EXPECT(other.predict(x) == field.predict(x));
    noted.save("test_cpp_all.safetensors");
    EXPECT(sape::Field::load("test_cpp_all.safetensors").predict(x) == field.predict(x));
    EXPECT(sape::Checkpoint::open("test_cpp_all.safetensors").metadata("author") == "me");
    std::remove("test_cpp_all.safetensors");
}

static void test_ensemble() {
    const Floats x = {0.1f, 0.2f, -0.3f, 0.4f};
    std::vector<sape::Field> fields;
    fields.push_back(make_field());
    fields.push_back(make_field());
    sape::Optimizer optimizer(fields[1].num_parameters());
    fields[1].update(optimizer, Floats(fields[1].num_parameters(), 1.0f));
    const Floats a = fields[0].predict(x), b = fields[1].predict(x);
    const sape::Ensemble ensemble(std::move(fields));
    const Floats outputs = ensemble.predict(x);
    EXPECT(ensemble.size() == 2 && outputs[0] == (a[0] + b[0]) / 2.0f && a != b);
    EXPECT(ensemble.jacobian(x).size() == outputs.size() * 2);
    const Floats grid = ensemble.predict_grid({3, 2}, {-1.0f, -1.0f}, {1.0f, 1.0f});
    EXPECT(std::fabs(grid[0] - ensemble.predict({-1.0f, -1.0f})[0]) < 1e-5f);
    EXPECT(refused([&] { ensemble.predict(Floats(3)); }));
    EXPECT(refused([] { sape::Ensemble({}).predict(Floats(2)); }));

    ensemble.save("test_cpp_ensemble.safetensors");
    EXPECT(sape::Ensemble::load("test_cpp_ensemble.safetensors").predict(x) == outputs);
    std::remove("test_cpp_ensemble.safetensors");
    const sape::Checkpoint all = ensemble.checkpoint();
    EXPECT(all.num_fields() == 2 && sape::Ensemble::from_checkpoint(all).predict(x) == outputs);
    EXPECT(sape::Field::from_checkpoint(all.member(1)).predict(x) == b);
    std::vector<sape::Checkpoint> parts;
    for (const sape::Field &field : ensemble.fields()) parts.push_back(field.checkpoint());
    EXPECT(sape::Checkpoint::join(parts).bytes() == all.bytes());
}

// Half of the squares, as the library's own.
static void squares(const sape::Batch &batch) {
    batch.loss = 0.0;
    for (std::size_t i = 0; i < batch.n; i++) {
        batch.sample_loss[i] = 0.0f;
        for (std::size_t k = 0; k < batch.output_dim; k++) {
            const std::size_t at = i * batch.output_dim + k;
            const float error = batch.outputs[at] - (batch.targets == nullptr ? 0.0f : batch.targets[at]);
            batch.sample_loss[i] += error * error;
            batch.d_outputs[at] = 2.0f * error / float(batch.n);
        }
        batch.loss += double(batch.sample_loss[i]) / double(batch.n);
    }
}

static void test_losses() {
    sape::Field field = make_field();
    std::size_t seen = 0, d = 0;
    sape::Trainer trainer(field, [&](const sape::Batch &batch) {
        squares(batch);
        seen = batch.n;
        d = batch.domain_dim;
    });
    trainer.set_data(x, Floats(6, 0.5f));
    const double before = trainer.step();
    EXPECT(trainer.run(200).loss < before / 4 && seen == 3 && d == 2);

    sape::Field other = make_field();
    sape::TrainerParams params;
    params.loss = SAPE_LOSS_CUSTOM_JACOBIAN;
    sape::Trainer flat(other, params);
    flat.set_data(x, {});
    flat.set_jacobian_loss([](const sape::Batch &batch) {
        squares(batch);
        for (std::size_t i = 0; i < batch.n * batch.output_dim * batch.domain_dim; i++) {
            batch.d_jacobian[i] = 2.0f * batch.jacobian[i] / float(batch.n);
            batch.loss += double(batch.jacobian[i]) * double(batch.jacobian[i]) / double(batch.n);
        }
    });
    const double rough = flat.step();
    EXPECT(flat.run(50).loss < rough);
    flat.set_jacobian_loss([](const sape::Batch &) { throw std::length_error("from a loss"); });
    try {
        flat.step();
        EXPECT(!"thrown");
    } catch (const std::length_error &error) {
        EXPECT(std::string(error.what()) == "from a loss");
    }
}

static void test_samples() {
    sape::Field field = make_field();
    sape::Trainer trainer(field);
    std::uint64_t last = 0;
    trainer.set_sampler(5, [&](std::uint64_t iteration, std::size_t n, float *at, float *targets) {
        for (std::size_t i = 0; i < 2 * n; i++) at[i] = targets[i] = 0.1f * float(i % 7);
        last = iteration;
        return iteration < 9;
    });
    const sape_result result = trainer.run(100);
    EXPECT(result.stop == SAPE_STOP_SAMPLER && last == 9 && result.iterations == 9);

    sape::TrainerParams params;
    params.average_decay = 0.9;
    params.history = 10;
    sape::Field other = make_field();
    sape::Trainer weighted(other, params);
    int sums = 0;
    weighted.set_reduce([&](sape_dtype, std::size_t, void *) { sums++; });
    weighted.set_data(x, Floats(6, 0.5f));
    EXPECT(weighted.run(2).iterations == 2 && sums > 0);
    weighted.set_reduce(nullptr);
    weighted.set_data(x, Floats(6, 0.5f));
    weighted.set_weights({1.0f, 0.0f, 2.0f});
    weighted.set_learning_rate(1e-2);
    EXPECT(weighted.learning_rate() == 1e-2);
    weighted.run(20);
    EXPECT(weighted.average().predict(x) != other.predict(x));
    const sape::History history = weighted.history();
    EXPECT(!history.loss.empty() && history.loss.size() == history.iterations.size());
    const sape::Checkpoint state = weighted.checkpoint();
    weighted.run(3);
    const Floats predicted = other.predict(x);
    weighted.restore(state);
    weighted.run(3);
    EXPECT(other.predict(x) == predicted);
    weighted.save("test_cpp_all.safetensors");
    weighted.resume("test_cpp_all.safetensors");
    std::remove("test_cpp_all.safetensors");
}

static void test_points_and_rates() {
    sape::EncoderParams encoder;
    encoder.domain_dim = 1;
    encoder.num_frequencies = 8;
    encoder.std = 2.0;
    sape::NetworkParams network;
    network.output_dim = 2;
    network.hidden_dim = 16;
    sape::Field field(encoder, sape::MaskParams(), network);
    sape::TrainerParams params;
    params.loss = SAPE_LOSS_CHAMFER;
    sape::Trainer trainer(field, params);
    trainer.set_data({-1.0f, 0.0f, 1.0f}, {});
    trainer.set_target_points({0.0f, 0.0f, 0.5f, 0.5f, 1.0f, 0.0f});
    const double before = trainer.step();
    EXPECT(trainer.run(100).loss < before);

    sape::Field other = make_field();
    sape::Trainer adaptive(other);
    const sape::AdaptiveRateParams rate;
    adaptive.set_adaptive_rate(&rate);
    adaptive.set_data(x, Floats(6, 0.5f));
    EXPECT(adaptive.run(3).iterations == 3);
}

static void test_settings_of_handles() {
    sape::Field field = make_field();
    EXPECT(field.encoder().params().num_frequencies == 8 && field.mask().params().resolution == 4);
    EXPECT(field.network().params().hidden_dim == 16);
    sape::OptimizerParams rate;
    rate.learning_rate = 0.25;
    EXPECT(sape::Optimizer(3, rate).params().learning_rate == 0.25);
    field.fit_normalization({100.0f, 200.0f, 300.0f, 600.0f}, {1.0f, 2.0f, 3.0f, 4.0f});
    sape::Normalization scales = field.normalization();
    EXPECT(scales.center[1] == 400.0 && scales.target_mean[0] == 2.0);
    scales.target_mean[0] = 12.0;
    const float before = field.predict({150.0f, 300.0f})[0];
    field.set_normalization(scales);
    EXPECT(std::fabs(field.predict({150.0f, 300.0f})[0] - before - 10.0f) < 1e-3f);

    sape::Field other = make_field();
    sape::TrainerParams params;
    params.batch_size = 2;
    sape::Trainer trainer(other, params, rate);
    trainer.set_data({5.0f, 0.0f, 0.0f, 0.5f}, Floats(4, 0.0f));
    EXPECT(trainer.params().batch_size == 2 && trainer.optimizer_params().learning_rate == 0.25);
    EXPECT(trainer.num_outside() == 1);
}

static void test_signals() {
    Floats at, values;
    for (int i = 0; i < 64; i++) {
        at.push_back(float(i) / 32.0f - 1.0f);
        values.push_back(std::sin(9.0f * at.back()));
    }
    EXPECT(sape::propose_bandwidth(1, at, values).nyquist > 1.0 && sape::propose_bandwidth(1, at).std > 0.0);
    sape::WindowParams window;
    window.dim = 1;
    window.size[0] = 64;
    window.window[0] = 5;
    window.channels = 1;
    EXPECT(sape::window_statistics(window, values).second.size() == 64);
    sape::FilterParams filter;
    filter.dim = 1;
    filter.size[0] = 64;
    filter.channels = 1;
    const Floats smooth = sape::low_pass(filter, values, Floats(64, 0.0f));
    EXPECT(std::fabs(smooth[0] - smooth[40]) < 1e-3f);
    EXPECT(refused([&] { sape::low_pass(filter, values, Floats(3)); }));
}

int main() {
    test_parts();
    test_grid();
    test_field();
    test_ensemble();
    test_losses();
    test_samples();
    test_points_and_rates();
    test_settings_of_handles();
    test_signals();
    return 0;
}
