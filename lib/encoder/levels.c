/* SPDX-License-Identifier: MIT */
/* A grid's levels as field and trainer see them, and the gradient of their tables. */
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/panels.h"
#include "encoder/encoding.h"

/* Samples that the public call takes at a time. */
#define PANEL 64

size_t sape_encoder_num_levels(const sape_encoder *encoder) {
    return encoder->grids == NULL ? 0 : encoder->layout.count;
}

size_t sape_encoder_level_offset(const sape_encoder *encoder, size_t level) {
    return encoder->grids->offsets[level];
}

float *sape_encoder_tables(sape_encoder *encoder) {
    return encoder->tensors.tables;
}

size_t sape_encoder_level_rows(const sape_encoder *encoder, size_t level) {
    return encoder->grids->levels[level].rows;
}

size_t sape_encoder_level_features(const sape_encoder *encoder) {
    return encoder->basis.features;
}

size_t sape_encoder_level_begin(const sape_encoder *encoder, size_t level) {
    return encoder->identity + level * encoder->basis.features;
}

size_t sape_encoder_identity(const sape_encoder *encoder) {
    return encoder->identity;
}

void sape_encoder_scatter(const sape_encoder *encoder, struct sape_scatter_args *args) {
    args->basis = &encoder->basis;
    encoder->kernels->grid_scatter(args);
}

void sape_encoder_panel_squares(const sape_encoder *encoder, size_t active, size_t width, const float *x,
                                const float *d_features, float *squares) {
    for (size_t l = 0; l < encoder->layout.count && sape_encoder_level_begin(encoder, l) < active; l++)
        encoder->kernels->grid_squares(&encoder->basis, l, width, x,
                                       d_features + sape_encoder_level_begin(encoder, l) * width, squares);
}

/* What a panel adds to all levels; nothing keeps count of the rows that it touches. */
static void scatter_panel(const sape_encoder *encoder, const float *x, const float *d_features, float *d_parameters) {
    struct sape_scatter_args args = {.samples = PANEL, .axis = -1, .x = x, .x_stride = PANEL, .d_stride = PANEL};
    for (args.level = 0; args.level < encoder->layout.count; args.level++) {
        args.d_features = d_features + sape_encoder_level_begin(encoder, args.level) * PANEL;
        args.gradient = d_parameters + encoder->grids->offsets[args.level];
        sape_encoder_scatter(encoder, &args);
    }
}

static sape_status check_call(const sape_encoder *encoder, size_t n, const float *x, const float *d_features,
                              const float *d_parameters) {
    SAPE_REQUIRE_POINTER(encoder);
    if (encoder->grids == NULL) return sape_fail(SAPE_ERROR_UNSUPPORTED, "the encoder has nothing to train");
    SAPE_TRY(sape_check_coordinates("x", x, n, encoder->domain_dim));
    SAPE_REQUIRE(n == 0 || d_features != NULL, "d_features is NULL");
    SAPE_REQUIRE_POINTER(d_parameters);
    return SAPE_OK;
}

sape_status sape_encoder_backward_parameters(const sape_encoder *encoder, size_t n, const float *x,
                                             const float *d_features, float *d_parameters) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(check_call(encoder, n, x, d_features, d_parameters));
    const size_t d = encoder->domain_dim, dim = encoder->encoding_dim;
    float *memory = SAPE_NEW_ARRAY(float, (d + dim) * PANEL);
    if (memory == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a panel of samples");
    memset(d_parameters, 0, encoder->grids->count * sizeof *d_parameters);
    for (size_t first = 0; first < n; first += PANEL) {
        const struct sape_tile tile = {n - first < PANEL ? n - first : PANEL, PANEL, 1};
        sape_panels_from_rows(&tile, d, x + first * d, memory);
        sape_panels_from_rows(&tile, dim, d_features + first * dim, memory + d * PANEL);
        scatter_panel(encoder, memory, memory + d * PANEL, d_parameters);
    }
    sape_release(memory);
    return SAPE_OK;
}
