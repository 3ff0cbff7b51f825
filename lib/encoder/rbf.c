/* SPDX-License-Identifier: MIT */
/* Radial basis functions: exp(-|x - c|^2 sigma^2) with random centres and rising sigma. */
#include <math.h>
#include <stdlib.h>

#include "encoder/encoding.h"
#include "encoder/strata.h"

static struct sape_encoding_layout lay_out(const sape_encoder_params *params) {
    return (struct sape_encoding_layout){.group = 1,
                                         .count = 2 * params->num_frequencies,
                                         .points_name = "centres",
                                         .points_rank = 2,
                                         .points_shape = {2 * params->num_frequencies, params->domain_dim},
                                         .sigma = 2 * params->num_frequencies};
}

static void draw_stratified(struct sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t d = encoder->domain_dim, count = encoder->layout.sigma;
    const struct sape_sequence sequence = sape_sequence_of(d, random);
    for (size_t j = 0; j < count; j++) {
        double point[3];
        sape_sequence_point(&sequence, j, point);
        for (size_t a = 0; a < d; a++) encoder->tensors.points[j * d + a] = (float)(2.0 * point[a] - 1.0);
        encoder->tensors.sigma[j] = (float)(sape_strata_magnitude(random, j, count) * std + 1.0);
    }
}

static void draw(struct sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t centres = sape_points_count(&encoder->layout), count = encoder->layout.sigma;
    if (encoder->params.draw == SAPE_DRAW_STRATIFIED) {
        draw_stratified(encoder, random, std);
        return;
    }
    for (size_t i = 0; i < centres; i++) encoder->tensors.points[i] = (float)(2.0 * sape_random_uniform(random) - 1.0);
    for (size_t j = 0; j < count; j++)
        encoder->tensors.sigma[j] = (float)(fabs(sape_random_normal(random)) * std + 1.0);
    qsort(encoder->tensors.sigma, count, sizeof *encoder->tensors.sigma, sape_compare_magnitudes);
}

static double frequency(const struct sape_encoder *encoder, size_t group) {
    return (double)encoder->tensors.sigma[group];
}

static void tangent(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents) {
    const float centre = encoder->tensors.points[group * encoder->domain_dim + axis];
    const float factor = -2.0f * encoder->tensors.sigma[group] * encoder->tensors.sigma[group];
    for (size_t s = 0; s < width; s++) tangents[s] = factor * (x[axis * width + s] - centre) * features[s];
}

const struct sape_encoding_ops sape_rbf_encoding = {.name = "rbf",
                                                    .max_frequencies = SAPE_MAX_FREQUENCIES,
                                                    .has_std = true,
                                                    .lay_out = lay_out,
                                                    .draw = draw,
                                                    .frequency = frequency,
                                                    .tangent = tangent};
