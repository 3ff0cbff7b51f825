// SPDX-License-Identifier: MIT
// Fits a function of one variable until the loss is small, saves the fit, and draws it from the saved file.
#include <cmath>
#include <cstdio>
#include <iostream>

#include <sape/sape.hpp>

static float target(float x) {
    return 0.5f * std::sin(0.01f * std::pow(2.0f * x + 4.0f, 4.5f));
}

static std::vector<float> range(std::size_t n) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; i++) x[i] = -1.0f + 2.0f * float(i) / float(n - 1);
    return x;
}

int main(int argc, char **argv) try {
    const std::string file = argc > 1 ? argv[1] : "function.safetensors";

    sape::EncoderParams encoder;
    encoder.domain_dim = 1;
    encoder.std = 5.0;
    sape::NetworkParams network;
    network.output_dim = 1;
    sape::Field field(encoder, sape::MaskParams(), network);

    field.save(file); // Fails now, not after training, if the file cannot be written.

    std::vector<float> x = range(26), y;
    for (float at : x) y.push_back(target(at));
    sape::TrainerParams params;
    params.progress_every = 100;
    sape::Trainer trainer(field, params);
    trainer.set_data(std::move(x), std::move(y));
    sape_result result = trainer.run(5000, [](const sape_progress &progress) { return progress.loss <= 1e-5; });
    std::cout << "loss " << result.loss << " after " << result.iterations << " iterations\n";

    field.save(file);
    const std::vector<float> at = range(33), fit = sape::Field::load(file).predict(at);
    for (std::size_t i = 0; i < at.size(); i++)
        std::printf("%6.3f %6.3f %*s\n", double(at[i]), double(fit[i]), int(30.0f + 40.0f * fit[i]), "*");
    // A result that was not written is no success.
    return std::cout.flush() && std::fflush(stdout) == 0 ? 0 : 1;
} catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
}
