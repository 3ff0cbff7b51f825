/* SPDX-License-Identifier: MIT */
/* The coordinates alone: no groups, no tensors. */
#include "encoder/encoding.h"

static struct sape_encoding_layout lay_out(size_t domain_dim, size_t num_frequencies) {
    (void)domain_dim;
    (void)num_frequencies;
    return (struct sape_encoding_layout){.group = 1};
}

static void draw(struct sape_encoder *encoder, struct sape_random *random, double std) {
    (void)encoder;
    (void)random;
    (void)std;
}

static double frequency(const struct sape_encoder *encoder, size_t group) {
    (void)encoder;
    (void)group;
    return 0.0;
}

static void tangent(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents) {
    (void)encoder;
    (void)group;
    (void)width;
    (void)x;
    (void)axis;
    (void)features;
    (void)tangents;
}

const struct sape_encoding_ops sape_identity_encoding = {
    .name = "identity", .lay_out = lay_out, .draw = draw, .frequency = frequency, .tangent = tangent};
