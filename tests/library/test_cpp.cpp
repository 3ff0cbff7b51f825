// SPDX-License-Identifier: MIT
// The C++ layer: what it throws, and what survives.
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include <sape/sape.hpp>

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition)) std::printf("FAILED: line %d: %s\n", __LINE__, #condition), std::exit(1);                    \
    } while (0)

template <class Exception, class Call> static std::string thrown(const Call &call) {
    try {
        call();
    } catch (const Exception &error) {
        return error.what();
    }
    return "nothing";
}

static void test_settings() {
    std::vector<float> x, y;
    for (int i = 0; i < 100; i++) {
        x.push_back(static_cast<float>(i) / 50.0f - 1.0f);
        y.push_back(std::sin(7.0f * x.back()));
    }
    sape::SettingsQuery query;
    query.domain_dim = query.output_dim = 1;
    query.n = x.size();
    query.x = x.data();
    query.targets = y.data();
    query.iterations = 200;
    const sape::Settings settings(query);
    EXPECT(settings.iterations == 200 && settings.reasons().size() > 8);
    EXPECT(settings.members == 1 && settings.scale == std::vector<double>(1, 1.0));
    EXPECT(std::string(settings.reasons()[0].reason).size() > 8);
    sape::Field field(settings.encoder, settings.mask, settings.network);
    sape::Trainer trainer(field, settings.trainer, settings.optimizer);
    trainer.set_data(x, y);
    EXPECT(trainer.run(settings.iterations).loss < 0.05);
    query.n = 1;
    EXPECT(thrown<sape::Error>([&] { sape::Settings one(query); }).find("n is 1") != std::string::npos);
}

int main() {
    test_settings();
    sape::EncoderParams encoder;
    encoder.domain_dim = 4;
    EXPECT(thrown<sape::Error>([&] { sape::Field field(encoder); }).find("domain_dim is 4") != std::string::npos);
    try {
        sape::Field::load("/nonexistent");
    } catch (const sape::Error &error) {
        EXPECT(error.status() == SAPE_ERROR_FILE);
    }
    encoder.domain_dim = 1;
    sape::NetworkParams network;
    network.output_dim = 1;
    sape::Field made(encoder, sape::MaskParams(), network), field(std::move(made));
    EXPECT(thrown<std::invalid_argument>([&] { made.predict({0.0f}); }) != "nothing"); // moved away
    EXPECT(field.predict({}).empty());

    network.activation = SAPE_ACTIVATION_GELU;
    network.output_activation = SAPE_OUTPUT_ACTIVATION_SIGMOID;
    const float share = sape::Field(encoder, sape::MaskParams(), network).predict({0.3f})[0];
    EXPECT(share > 0.0f && share < 1.0f);
    network.activation_parameter = 3.0;
    EXPECT(thrown<sape::Error>([&] { sape::Field field(encoder, sape::MaskParams(), network); }).find("gelu") !=
           std::string::npos);

    sape::NetworkParams reduced;
    reduced.output_dim = 1;
    reduced.precision = SAPE_PRECISION_BF16;
    sape::Field half(encoder, sape::MaskParams(), reduced);
    sape_description description = {};
    description.struct_size = sizeof description;
    EXPECT(sape_field_describe(half.get(), &description) == SAPE_OK);
    EXPECT(std::string(description.precision) == "bf16");
    EXPECT(std::string(description.precision_code) != "native fp32");

    sape::Trainer trainer(field);
    EXPECT(thrown<sape::Error>([&] { trainer.run(1); }).find("sape_trainer_run") == 0); // no samples yet
    {
        std::vector<float> x = {-0.5f, 0.0f, 0.5f}, y = {0.25f, 0.0f, 0.25f};
        EXPECT(thrown<std::invalid_argument>([&] { trainer.set_data(x, {0.0f}); }) != "nothing");
        trainer.set_data(x, y); // the trainer's own from here on
    }
    EXPECT(thrown<sape::Error>([&] { trainer.set_data({NAN}, {0.0f}); }) != "nothing"); // the old samples stay
    EXPECT(trainer.run(300).iterations == 300);
    EXPECT(std::fabs(field.predict({0.5f})[0] - 0.25f) < 0.05f);

    sape_result result = trainer.run(10, [](const sape_progress &progress) { return progress.iteration == 3; });
    EXPECT(result.iterations == 3 && result.stop == SAPE_STOP_CALLBACK);
    result = trainer.run(4, [](const sape_progress &) { return false; });
    EXPECT(result.iterations == 4 && result.stop == SAPE_STOP_ITERATIONS);
    EXPECT(thrown<std::logic_error>([&] {
               trainer.run(10, [](const sape_progress &) -> bool { throw std::logic_error("from progress"); });
           }) == "from progress");
    EXPECT(trainer.run(2).iterations == 2);
    trainer.set_weights({1.0f, 2.0f, 3.0f});
    trainer.set_weights({});
    trainer.set_learning_rate(1e-4);
    EXPECT(trainer.learning_rate() == 1e-4 && trainer.optimizer_params().learning_rate == 1e-4);
    EXPECT(trainer.num_outside() == 0 && trainer.params().loss == SAPE_LOSS_MSE);
    EXPECT(thrown<sape::Error>([&] { field.set_normalization({}); }).find("trainer") != std::string::npos);

    sape::Field pixels(field.encoder_params(), field.mask_params(), field.network_params());
    EXPECT(thrown<std::invalid_argument>([&] { pixels.set_normalization({{1.0, 2.0}, {}, {}, {}}); }) != "nothing");
    pixels.fit_normalization({0.0f, 512.0f}, {10.0f, 30.0f});
    const sape::Normalization units = pixels.normalization();
    EXPECT(units.center[0] == 256.0 && units.scale[0] == 256.0 && units.target_mean[0] == 20.0);
    EXPECT(units.target_scale[0] == 10.0);
    return 0;
}
