/* SPDX-License-Identifier: MIT */
/* Periodic radial basis functions: pairs of bumps that repeat with the period 2 / sigma, half a period apart. */
#include <math.h>

#include "encoder/encoding.h"
#include "encoder/strata.h"

static struct sape_encoding_layout lay_out(const sape_encoder_params *params) {
    return (struct sape_encoding_layout){.group = 2,
                                         .count = params->num_frequencies,
                                         .points_name = "offsets",
                                         .points_rank = 2,
                                         .points_shape = {params->num_frequencies, params->domain_dim},
                                         .sigma = params->num_frequencies};
}

/* sigma is spread evenly over 0 .. std sqrt 3 and moved up by half a step; a single one is at the middle. */
static void draw(struct sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t d = encoder->domain_dim, nf = encoder->num_frequencies;
    const bool stratified = encoder->params.draw == SAPE_DRAW_STRATIFIED;
    struct sape_sequence sequence = {.dim = 0};
    if (stratified) sequence = sape_sequence_of(d, random);
    const double step = nf > 1 ? std * sqrt(3.0) / (double)(nf - 1) : std * sqrt(3.0);
    for (size_t j = 0; j < nf; j++) {
        encoder->tensors.sigma[j] = (float)(((double)j + 0.5) * step);
        const double period = 2.0 / (double)encoder->tensors.sigma[j];
        double point[3];
        sape_sequence_point(&sequence, j, point);
        for (size_t a = 0; a < d; a++) {
            const double offset = 2.0 * (stratified ? point[a] : sape_random_uniform(random)) - 1.0;
            encoder->tensors.points[j * d + a] = (float)(offset - floor(offset / period) * period);
        }
    }
}

static double frequency(const struct sape_encoder *encoder, size_t group) {
    return (double)encoder->tensors.sigma[group];
}

/* Of 2 e - 1 with e = exp(-r^2 sigma^2), r growing twice as fast as x: -8 sigma^2 r e. */
static void tangent(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents) {
    const float sigma = encoder->tensors.sigma[group], period = 2.0f / sigma;
    for (size_t half = 0; half < 2; half++) {
        const float shift = encoder->tensors.points[group * encoder->domain_dim + axis] + (half ? 1.0f / sigma : 0.0f);
        for (size_t s = 0; s < width; s++) {
            const float u = x[axis * width + s] + shift;
            const float r = (u - floorf(u / period) * period) * 2.0f - period;
            tangents[half * width + s] = -4.0f * sigma * sigma * r * (features[half * width + s] + 1.0f);
        }
    }
}

const struct sape_encoding_ops sape_periodic_rbf_encoding = {.name = "periodic_rbf",
                                                             .max_frequencies = SAPE_MAX_FREQUENCIES,
                                                             .has_std = true,
                                                             .lay_out = lay_out,
                                                             .draw = draw,
                                                             .frequency = frequency,
                                                             .tangent = tangent};
