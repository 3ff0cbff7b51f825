/* SPDX-License-Identifier: MIT */
#include "mask/cutoff.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "signal/variance.h"
#include "signal/window.h"

#define MAX_WINDOW ((size_t)1000000)
/* Of num_iterations, which is at most 1e12. */
#define MIN_SHARE 1e-12

static const sape_cutoff_params defaults = {.struct_size = sizeof(sape_cutoff_params),
                                            .c_min = 0.0,
                                            .c_max = 0.0,
                                            .beta = 0.2,
                                            .gamma = 0.5,
                                            .steepness = 8.0,
                                            .midpoint = 0.5,
                                            .rescale = 1,
                                            .boundary = SAPE_BOUNDARY_REPLICATE,
                                            .start_iteration = 0,
                                            .end_share = 0.5,
                                            .window = 0,
                                            .width = 1.0,
                                            .shape = SAPE_FILTER_LINEAR};

void sape_cutoff_params_init(sape_cutoff_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

void sape_cutoff_params_init_published(sape_cutoff_params *params, size_t size) {
    sape_cutoff_params published = defaults;
    published.steepness = 1.0;
    published.midpoint = 0.0;
    published.rescale = 0;
    published.end_share = 1.0;
    published.width = 0.0;
    sape_params_init(params, size, &published, sizeof published);
}

static sape_status check_range(const char *name, double value, double low, double high) {
    if (value >= low && value <= high) return SAPE_OK;
    return sape_fail(isnan(value) ? SAPE_ERROR_NOT_FINITE : SAPE_ERROR_ARGUMENT, "cutoff %s is %g, must be %g to %g",
                     name, value, low, high);
}

sape_status sape_cutoff_check(const sape_cutoff_params *params, uint64_t end_iteration) {
    SAPE_TRY(check_range("c_min", params->c_min, 0.0, 1e30));
    SAPE_TRY(check_range("c_max", params->c_max, 0.0, 1e30));
    SAPE_TRY(check_range("beta", params->beta, 0.0, 1e30));
    SAPE_TRY(check_range("gamma", params->gamma, 0.0, 1e30));
    SAPE_TRY(check_range("steepness", params->steepness, 1e-6, 1e6));
    SAPE_TRY(check_range("midpoint", params->midpoint, -1e6, 1e6));
    SAPE_TRY(check_range("end_share", params->end_share, MIN_SHARE, 1.0));
    SAPE_TRY(check_range("width", params->width, 0.0, 1e30));
    SAPE_TRY(sape_check_boundary(params->boundary));
    SAPE_REQUIRE(params->c_max <= 0.0 || params->c_min <= params->c_max, "cutoff c_min is %g, c_max is only %g",
                 params->c_min, params->c_max);
    SAPE_REQUIRE((unsigned)params->shape <= SAPE_FILTER_COSINE, "cutoff shape is %d, not a sape_filter_shape",
                 (int)params->shape);
    SAPE_REQUIRE(params->window <= MAX_WINDOW, "cutoff window is %zu, must be at most %zu", params->window, MAX_WINDOW);
    SAPE_REQUIRE(params->start_iteration < end_iteration,
                 "cutoff start_iteration is %zu, but the schedule ends at %llu (end_share of num_iterations)",
                 params->start_iteration, (unsigned long long)end_iteration);
    return SAPE_OK;
}

static sape_status check_frequencies(const sape_mask_params *params) {
    const double *frequencies = params->frequencies;
    if (frequencies == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "frequencies is NULL");
    for (size_t j = 0; j < params->encoding_dim; j++) {
        if (!isfinite(frequencies[j]))
            return sape_fail(SAPE_ERROR_NOT_FINITE, "frequencies[%zu] is %g", j, frequencies[j]);
        SAPE_REQUIRE(frequencies[j] >= (j == 0 ? 0.0 : frequencies[j - 1]),
                     "frequencies[%zu] is %g, must be at least %g", j, frequencies[j],
                     j == 0 ? 0.0 : frequencies[j - 1]);
    }
    return SAPE_OK;
}

static bool allocate(struct sape_cutoff *cutoff, size_t cells) {
    cutoff->ends = SAPE_NEW_ARRAY(uint16_t, cutoff->encoding_dim);
    /* The second half is scratch. */
    cutoff->frequencies = SAPE_NEW_ARRAY(double, 2 * cutoff->encoding_dim);
    cutoff->sigma = SAPE_NEW_ARRAY(float, cells);
    cutoff->rise = SAPE_NEW_ARRAY(double, cells);
    return cutoff->ends && cutoff->frequencies && cutoff->sigma && cutoff->rise;
}

sape_status sape_cutoff_create(const sape_mask_params *params, const struct sape_grid *grid, struct sape_cutoff **out) {
    sape_cutoff_params known = defaults;
    if (params->cutoff != NULL) SAPE_TRY(sape_params_read(&known, sizeof known, params->cutoff));
    /* Out of its range it is refused below. */
    const double share = fmin(known.end_share, 1.0) * (double)params->num_iterations;
    const uint64_t end = share >= 1.0 ? (uint64_t)share : 1;
    SAPE_TRY(sape_cutoff_check(&known, end));
    SAPE_TRY(check_frequencies(params));
    struct sape_cutoff *cutoff = *out = SAPE_NEW(struct sape_cutoff);
    if (cutoff == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a mask");
    cutoff->params = known;
    cutoff->params.rescale = known.rescale != 0;
    cutoff->end_iteration = end;
    cutoff->encoding_dim = params->encoding_dim;
    cutoff->limit = INFINITY;
    if (cutoff->params.window == 0) cutoff->params.window = 2 * grid->radius + 1;
    if (!allocate(cutoff, grid->cells))
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for a mask of %zu cells", grid->cells);
    sape_cutoff_set_frequencies(cutoff, params->frequencies);
    sape_cutoff_set_sigma(cutoff, grid->cells, cutoff->sigma);
    sape_cutoff_set_iteration(cutoff, 0);
    return SAPE_OK;
}

void sape_cutoff_free(struct sape_cutoff *cutoff) {
    if (cutoff == NULL) return;
    sape_release(cutoff->ends);
    sape_release(cutoff->frequencies);
    sape_release(cutoff->sigma);
    sape_release(cutoff->rise);
    sape_release(cutoff);
}

/* c_max where it is left open. */
static void choose_highest(struct sape_cutoff *cutoff) {
    const double top = cutoff->frequencies[cutoff->num_groups - 1];
    cutoff->highest = cutoff->params.c_max;
    if (cutoff->highest == 0.0) cutoff->highest = fmax(fmin(top, cutoff->limit), cutoff->params.c_min);
}

double *sape_cutoff_scratch(struct sape_cutoff *cutoff) {
    return cutoff->frequencies + cutoff->encoding_dim;
}

void sape_cutoff_set_frequencies(struct sape_cutoff *cutoff, const double *frequencies) {
    size_t group = 0;
    for (size_t j = 0; j < cutoff->encoding_dim; j++) {
        if (j > 0 && frequencies[j] > frequencies[j - 1]) group++;
        cutoff->frequencies[group] = frequencies[j];
        cutoff->ends[group] = (uint16_t)(j + 1);
    }
    cutoff->num_groups = group + 1;
    choose_highest(cutoff);
}

void sape_cutoff_set_sigma(struct sape_cutoff *cutoff, size_t cells, const float *sigma) {
    if (sigma != cutoff->sigma) memcpy(cutoff->sigma, sigma, cells * sizeof *sigma);
    for (size_t i = 0; i < cells; i++)
        cutoff->rise[i] = cutoff->params.beta * pow((double)cutoff->sigma[i], cutoff->params.gamma);
    choose_highest(cutoff);
}

sape_status sape_cutoff_set_signal(struct sape_cutoff *cutoff, const struct sape_grid *grid, size_t n, size_t d,
                                   const float *x, size_t o, const float *values) {
    SAPE_TRY(
        sape_grid_variance(grid, cutoff->params.window, cutoff->params.boundary, n, d, x, o, values, cutoff->sigma));
    cutoff->limit = pow((double)n, 1.0 / (double)d) / 8.0;
    sape_cutoff_set_sigma(cutoff, grid->cells, cutoff->sigma);
    return SAPE_OK;
}

static double logistic(const sape_cutoff_params *params, double p) {
    return 1.0 / (1.0 + exp(-params->steepness * (p - params->midpoint)));
}

bool sape_cutoff_set_iteration(struct sape_cutoff *cutoff, uint64_t iteration) {
    const sape_cutoff_params *params = &cutoff->params;
    const double start = (double)params->start_iteration, before = cutoff->opening;
    const double p = fmin(fmax(((double)iteration - start) / ((double)cutoff->end_iteration - start), 0.0), 1.0);
    cutoff->opening = logistic(params, p);
    if (params->rescale) {
        /* A midpoint far outside [0, 1] may leave nothing to rescale. */
        const double low = logistic(params, 0.0), high = logistic(params, 1.0);
        cutoff->opening = high > low ? (cutoff->opening - low) / (high - low) : p;
    }
    cutoff->ended = p >= 1.0;
    return cutoff->opening != before;
}

double sape_cutoff_of_cell(const struct sape_cutoff *cutoff, size_t cell) {
    const double low = cutoff->params.c_min;
    return fmin(low + (cutoff->highest - low) * (cutoff->opening + cutoff->rise[cell]), cutoff->highest);
}
