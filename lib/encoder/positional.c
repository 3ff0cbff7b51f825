/* SPDX-License-Identifier: MIT */
/* Positional encoding: cosines and sines of 2^i pi x, coordinate by coordinate. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "encoder/encoding.h"

/* 2^i pi x stays finite for every x that is let in. */
#define MAX_POSITIONAL 100

static struct sape_encoding_layout lay_out(const sape_encoder_params *params) {
    return (struct sape_encoding_layout){.group = 2 * params->domain_dim,
                                         .count = params->num_frequencies,
                                         .points_name = "frequencies",
                                         .points_rank = 1,
                                         .points_shape = {params->num_frequencies}};
}

static void draw(struct sape_encoder *encoder, struct sape_random *random, double std) {
    (void)random;
    (void)std;
    for (size_t i = 0; i < encoder->num_frequencies; i++) encoder->tensors.points[i] = (float)ldexp(M_PI, (int)i);
}

/* The kernels know the frequencies, so no others can be set. */
static sape_status check_points(const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const double expected = ldexp(M_PI, (int)i);
        if (fabs((double)values[i] - expected) > 1e-5 * expected)
            return sape_fail(SAPE_ERROR_ARGUMENT, "frequencies[%zu] is %g, must be 2^%zu pi", i, (double)values[i], i);
    }
    return SAPE_OK;
}

static double frequency(const struct sape_encoder *encoder, size_t group) {
    (void)encoder;
    return ldexp(0.5, (int)group);
}

/* Of a group of d cosines and d sines one each depends on the coordinate. */
static void tangent(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents) {
    (void)x;
    const size_t d = encoder->domain_dim, cosine = axis * width, sine = (d + axis) * width;
    const float factor = (float)ldexp(M_PI, (int)group);
    memset(tangents, 0, 2 * d * width * sizeof *tangents);
    for (size_t s = 0; s < width; s++) {
        tangents[cosine + s] = -factor * features[sine + s];
        tangents[sine + s] = factor * features[cosine + s];
    }
}

const struct sape_encoding_ops sape_positional_encoding = {.name = "positional",
                                                           .max_frequencies = MAX_POSITIONAL,
                                                           .lay_out = lay_out,
                                                           .draw = draw,
                                                           .check_points = check_points,
                                                           .frequency = frequency,
                                                           .tangent = tangent};
