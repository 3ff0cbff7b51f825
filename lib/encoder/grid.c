/* SPDX-License-Identifier: MIT */
/* Multiresolution grids: levels of trainable features at the corners of cells, dense or hashed. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/memory.h"
#include "encoder/encoding.h"

#define MAX_RESOLUTION 16777216.0
#define MAX_LOG2_TABLE 24
/* Of a power that ought to be a whole number. */
#define ROUNDING 1e-12
/* A training run holds the tables, their gradient and two moments. */
#define COPIES 4.0
/* Tables start uniform in +- this. */
#define START 1e-4

static const uint32_t primes[3] = {1u, 2654435761u, 805459861u};

/* Cells along an axis of a level, as far as a double counts them. */
static double resolution_of(const sape_encoder_params *params, size_t level) {
    const double base = (double)params->base_resolution, finest = (double)params->finest_resolution;
    const size_t last = params->num_levels - 1;
    if (params->finest_resolution == 0 || last == 0) return floor(base * pow(params->growth, (double)level));
    if (level == last) return finest;
    return floor(base * pow(finest / base, (double)level / (double)last) * (1.0 + ROUNDING));
}

/* A level's size: dense while its corners fit into a table. */
static struct sape_level make_level(const sape_encoder_params *params, size_t index) {
    const double resolution = resolution_of(params, index);
    const double table = ldexp(1.0, (int)params->log2_table_size);
    double corners = 1.0;
    for (size_t a = 0; a < params->domain_dim; a++) corners *= resolution + 1.0;
    struct sape_level level = {.resolution = (uint32_t)resolution, .hashed = corners > table};
    uint32_t step = 1;
    level.rows = (uint32_t)(level.hashed ? table : corners);
    for (size_t a = 0; a < params->domain_dim; a++) {
        level.steps[a] = level.hashed ? primes[a] : step;
        step *= level.resolution + 1;
    }
    return level;
}

static double count_values(const sape_encoder_params *params) {
    double values = 0.0;
    for (size_t l = 0; l < params->num_levels; l++)
        values += (double)make_level(params, l).rows * (double)params->features_per_level;
    return values;
}

/* The tables must fit into the machine: a system that promises memory which it does not have ends the process later. */
static sape_status check_memory(const sape_encoder_params *params) {
    const double values = count_values(params);
    if (sape_memory_exists(COPIES * values * (double)sizeof(float))) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "the tables have %.0f values, more than this machine has memory to train",
                     values);
}

static sape_status check(const sape_encoder_params *params) {
    const size_t features = params->features_per_level, base = params->base_resolution;
    const size_t finest = params->finest_resolution, most = (size_t)MAX_RESOLUTION;
    SAPE_REQUIRE(params->num_levels >= 1 && params->num_levels <= SAPE_MAX_LEVELS, "num_levels is %zu, must be 1 to %d",
                 params->num_levels, SAPE_MAX_LEVELS);
    SAPE_REQUIRE(features == 1 || features == 2 || features == 4 || features == 8,
                 "features_per_level is %zu, must be 1, 2, 4 or 8", features);
    SAPE_REQUIRE(base >= 1 && base <= most, "base_resolution is %zu, must be 1 to %zu", base, most);
    SAPE_REQUIRE(params->log2_table_size >= 1 && params->log2_table_size <= MAX_LOG2_TABLE,
                 "log2_table_size is %zu, must be 1 to %d", params->log2_table_size, MAX_LOG2_TABLE);
    SAPE_REQUIRE((unsigned)params->interpolation <= SAPE_INTERPOLATION_SMOOTH,
                 "interpolation is %d, not a sape_interpolation", (int)params->interpolation);
    SAPE_REQUIRE(params->growth >= 1.0 && !isinf(params->growth), "growth is %g, must be finite and >= 1",
                 params->growth);
    SAPE_REQUIRE(finest == 0 || (finest >= base && finest <= most),
                 "finest_resolution is %zu, must be 0, or base_resolution, %zu, to %zu", finest, base, most);
    const double last = resolution_of(params, params->num_levels - 1);
    SAPE_REQUIRE(last <= MAX_RESOLUTION, "growth is %g, which makes %g cells along an axis, of at most %zu",
                 params->growth, last, most);
    return check_memory(params);
}

sape_status sape_encoder_count_tables(const sape_encoder_params *params, double *values) {
    SAPE_TRY(sape_encoder_check_dim(params));
    SAPE_TRY(check(params));
    *values = count_values(params);
    return SAPE_OK;
}

static struct sape_encoding_layout lay_out(const sape_encoder_params *params) {
    return (struct sape_encoding_layout){.group = params->features_per_level, .count = params->num_levels};
}

static bool allocate(struct sape_encoder *encoder) {
    const sape_encoder_params *params = &encoder->params;
    struct sape_grids *grids = encoder->grids = SAPE_NEW(struct sape_grids);
    if (grids == NULL) return false;
    for (size_t l = 0; l < params->num_levels; l++) {
        grids->levels[l] = make_level(params, l);
        grids->offsets[l] = grids->count;
        grids->count += grids->levels[l].rows * params->features_per_level;
        snprintf(grids->names[l], sizeof grids->names[l], "level_%zu", l);
    }
    float *tables = encoder->tensors.tables = SAPE_NEW_ARRAY(float, grids->count);
    for (size_t l = 0; tables != NULL && l < params->num_levels; l++)
        grids->levels[l].table = tables + grids->offsets[l];
    encoder->basis.levels = grids->levels;
    encoder->basis.features = params->features_per_level;
    encoder->basis.smooth = params->interpolation == SAPE_INTERPOLATION_SMOOTH;
    return tables != NULL;
}

static void draw(struct sape_encoder *encoder, struct sape_random *random, double std) {
    (void)std;
    for (size_t i = 0; i < encoder->grids->count; i++)
        encoder->tensors.tables[i] = (float)(START * (2.0 * sape_random_uniform(random) - 1.0));
}

/* The Nyquist limit of a level's corners, which lie 2 / N apart. */
static double frequency(const struct sape_encoder *encoder, size_t group) {
    return 0.25 * (double)encoder->grids->levels[group].resolution;
}

static void tangent(const struct sape_encoder *encoder, size_t group, size_t width, const float *x, size_t axis,
                    const float *features, float *tangents) {
    (void)features;
    encoder->kernels->grid_tangent(&encoder->basis, group, width, x, axis, tangents);
}

const struct sape_encoding_ops sape_grid_encoding = {.name = "grid",
                                                     .check = check,
                                                     .lay_out = lay_out,
                                                     .allocate = allocate,
                                                     .draw = draw,
                                                     .frequency = frequency,
                                                     .tangent = tangent};
