/* SPDX-License-Identifier: MIT */
/* Random Fourier features: sin(2 pi x.F) and cos(2 pi x.F) for frequencies F of rising magnitude. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "encoder/encoding.h"
#include "encoder/strata.h"

static struct sape_encoding_layout lay_out(const sape_encoder_params *params) {
    return (struct sape_encoding_layout){.group = 2,
                                         .count = params->num_frequencies,
                                         .points_name = "frequencies",
                                         .points_rank = 2,
                                         .points_shape = {params->domain_dim, params->num_frequencies}};
}

static bool allocate(struct sape_encoder *encoder) {
    const size_t count = sape_points_count(&encoder->layout);
    encoder->upper = SAPE_NEW_ARRAY(float, count);
    encoder->lower = SAPE_NEW_ARRAY(float, count);
    encoder->basis.points = encoder->upper;
    encoder->basis.scales = encoder->lower;
    return encoder->upper != NULL && encoder->lower != NULL;
}

/* From (d, nf) to groups, split so that the kernel's products are exact. */
static void prepare(struct sape_encoder *encoder) {
    for (size_t j = 0; j < encoder->num_frequencies; j++) {
        for (size_t a = 0; a < encoder->domain_dim; a++) {
            const float frequency = encoder->tensors.points[a * encoder->num_frequencies + j];
            uint32_t bits;
            float upper;
            memcpy(&bits, &frequency, sizeof bits);
            bits &= 0xFFFFF000u;
            memcpy(&upper, &bits, sizeof upper);
            encoder->upper[j * encoder->domain_dim + a] = upper;
            encoder->lower[j * encoder->domain_dim + a] = frequency - upper;
        }
    }
}

static void draw_direction(struct sape_random *random, size_t d, double *direction) {
    double square = 0.0;
    while (square < 1e-12) {
        square = 0.0;
        for (size_t a = 0; a < d; a++) {
            direction[a] = sape_random_normal(random);
            square += direction[a] * direction[a];
        }
    }
    for (size_t a = 0; a < d; a++) direction[a] /= sqrt(square);
}

/* Half a circle or sphere is all that counts: a frequency and its opposite have the same features but for a sign. */
static void direction_at(size_t d, const double *point, double *direction) {
    const double along = d == 3 ? point[1] : 0.0, across = sqrt(1.0 - along * along);
    const double angle = (d == 3 ? 2.0 * M_PI : M_PI) * point[0];
    direction[0] = d == 1 ? 1.0 : across * cos(angle);
    direction[1] = across * sin(angle);
    direction[2] = along;
}

/* One magnitude from each stratum; neighbouring magnitudes have directions that are far apart. */
static void draw_stratified(struct sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t d = encoder->domain_dim, nf = encoder->num_frequencies;
    const struct sape_sequence sequence = sape_sequence_of(d == 3 ? 2 : 1, random);
    for (size_t j = 0; j < nf; j++) {
        const double magnitude = sape_strata_magnitude(random, j, nf) * std;
        double point[2], direction[3];
        sape_sequence_point(&sequence, j, point);
        direction_at(d, point, direction);
        for (size_t a = 0; a < d; a++) encoder->tensors.points[a * nf + j] = (float)(direction[a] * magnitude);
    }
}

static void draw(struct sape_encoder *encoder, struct sape_random *random, double std) {
    const size_t d = encoder->domain_dim, nf = encoder->num_frequencies;
    if (encoder->params.draw == SAPE_DRAW_STRATIFIED) {
        draw_stratified(encoder, random, std);
        return;
    }
    /* The magnitudes are drawn and sorted in the first row, then replaced by the products. */
    for (size_t j = 0; j < nf; j++) encoder->tensors.points[j] = (float)(sape_random_normal(random) * std);
    qsort(encoder->tensors.points, nf, sizeof *encoder->tensors.points, sape_compare_magnitudes);
    for (size_t j = 0; j < nf; j++) {
        const double magnitude = (double)encoder->tensors.points[j];
        double direction[3];
        draw_direction(random, d, direction);
        for (size_t a = 0; a < d; a++) encoder->tensors.points[a * nf + j] = (float)(direction[a] * magnitude);
    }
}

static double frequency(const struct sape_encoder *encoder, size_t group) {
    double square = 0.0;
    for (size_t a = 0; a < encoder->domain_dim; a++) {
        const double component = (double)encoder->tensors.points[a * encoder->num_frequencies + group];
        square += component * component;
    }
    return sqrt(square);
}

/* 2 pi F cos and -2 pi F sin: sine and cosine are each other's derivatives. */
static void tangent(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents) {
    (void)x;
    const float factor = (float)(2.0 * M_PI * (double)encoder->tensors.points[axis * encoder->num_frequencies + group]);
    for (size_t s = 0; s < width; s++) {
        tangents[s] = factor * features[width + s];
        tangents[width + s] = -factor * features[s];
    }
}

const struct sape_encoding_ops sape_fourier_encoding = {.name = "fourier",
                                                        .max_frequencies = SAPE_MAX_FREQUENCIES,
                                                        .has_std = true,
                                                        .lay_out = lay_out,
                                                        .allocate = allocate,
                                                        .draw = draw,
                                                        .prepare = prepare,
                                                        .frequency = frequency,
                                                        .tangent = tangent};
