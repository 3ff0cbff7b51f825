/* SPDX-License-Identifier: MIT */
#include "train/rate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "signal/variance.h"
#include "state/claims.h"

#define MAX_RATE 1e6
#define MAX_EXPONENT 100.0

static const sape_adaptive_rate_params defaults = {.struct_size = sizeof(sape_adaptive_rate_params),
                                                   .alpha_min = 0.5,
                                                   .alpha_max = 1.0,
                                                   .gamma = 0.5,
                                                   .eta = 0.5,
                                                   .delta = 1.0,
                                                   .resolution = 64};

void sape_adaptive_rate_params_init(sape_adaptive_rate_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_real(const char *name, double value, double low, double high) {
    if (value >= low && value <= high) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "%s is %g, must be %g to %g", name, value, low, high);
}

sape_status sape_rate_params_read(const sape_adaptive_rate_params *caller, sape_adaptive_rate_params *params) {
    *params = defaults;
    if (caller != NULL) SAPE_TRY(sape_params_read(params, sizeof *params, caller));
    SAPE_TRY(check_real("alpha_min", params->alpha_min, 0.0, MAX_RATE));
    SAPE_TRY(check_real("alpha_max", params->alpha_max, 0.0, MAX_RATE));
    SAPE_REQUIRE(params->alpha_min <= params->alpha_max, "alpha_min is %g, alpha_max is only %g", params->alpha_min,
                 params->alpha_max);
    if (params->alpha_max == 0.0) return sape_fail(SAPE_ERROR_ARGUMENT, "alpha_max is 0");
    SAPE_TRY(check_real("gamma", params->gamma, 0.0, MAX_EXPONENT));
    SAPE_TRY(check_real("eta", params->eta, 0.0, MAX_RATE));
    SAPE_TRY(check_real("delta", params->delta, 0.0, MAX_EXPONENT));
    SAPE_REQUIRE(params->resolution >= 3 && params->resolution <= 4096, "resolution is %zu, must be 3 to 4096",
                 params->resolution);
    return SAPE_OK;
}

/* The mask's grid of cells, otherwise one over all axes, smoothed as a mask of that size would be. */
static sape_status choose_grid(const struct sape_mask *mask, struct sape_rate *rate) {
    const size_t resolution = rate->params.resolution;
    const bool same = mask->grid.dim > 0 && mask->grid.positions[0] == NULL;
    rate->own_grid = sape_grid_cube(resolution, mask->domain_dim);
    rate->grid = same ? &mask->grid : &rate->own_grid;
    if (rate->grid->cells > 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, "resolution is %zu, which makes more than %zu cells", resolution,
                     SAPE_MAX_CELLS);
}

void sape_rate_free(struct sape_rate *rate) {
    if (rate == NULL) return;
    sape_release(rate->sample_rate);
    sape_release(rate->squares);
    sape_release(rate->own_places);
    sape_release(rate->sigma);
    sape_release(rate->gradient);
    sape_release(rate->cell_rate);
    sape_release(rate->log);
    sape_release(rate->counter);
    sape_release(rate->scratch);
    sape_release(rate);
}

static sape_status open_cells(struct sape_rate *rate) {
    const size_t cells = rate->cells;
    float **const arrays[] = {&rate->sigma, &rate->gradient, &rate->cell_rate, &rate->log, &rate->counter};
    bool complete = (rate->scratch = SAPE_NEW_ARRAY(float, 3 * cells)) != NULL;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        complete = (*arrays[i] = SAPE_NEW_ARRAY(float, cells)) != NULL && complete;
    if (!complete) return sape_fail(SAPE_ERROR_MEMORY, "no memory for the rates of %zu cells", cells);
    return SAPE_OK;
}

static sape_status open_rate(const struct sape_mask *mask, struct sape_rate *rate) {
    SAPE_TRY(choose_grid(mask, rate));
    rate->cells = rate->grid->cells;
    SAPE_TRY(open_cells(rate));
    /* A gradient that has not been measured counts as the largest. */
    for (size_t i = 0; i < rate->cells; i++) rate->gradient[i] = 1.0f;
    sape_rate_update(rate);
    return SAPE_OK;
}

sape_status sape_rate_create(const sape_adaptive_rate_params *params, const sape_field *field, struct sape_rate **out) {
    struct sape_rate *rate = *out = SAPE_NEW(struct sape_rate);
    if (rate == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for an adaptive rate");
    rate->params = *params;
    const sape_status status = open_rate(field->mask, rate);
    if (status == SAPE_OK) return SAPE_OK;
    sape_rate_free(rate);
    *out = NULL;
    return status;
}

sape_status sape_rate_copy(const struct sape_rate *rate, struct sape_rate **out) {
    struct sape_rate *copy = *out = SAPE_NEW(struct sape_rate);
    if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for an adaptive rate");
    copy->params = rate->params;
    copy->own_grid = rate->own_grid;
    copy->cells = rate->cells;
    copy->grid = rate->grid == &rate->own_grid ? &copy->own_grid : rate->grid;
    const sape_status status = open_cells(copy);
    if (status == SAPE_OK) {
        memcpy(copy->gradient, rate->gradient, rate->cells * sizeof *rate->gradient);
        return SAPE_OK;
    }
    sape_rate_free(copy);
    *out = NULL;
    return status;
}

/* The variance of these samples' targets. The grid sees coordinates scaled like the mask's. */
static sape_status find_variance(const struct sape_rate *rate, const struct sape_samples *samples,
                                 const struct sape_training_samples *training) {
    const struct sape_grid *grid = rate->grid;
    const size_t n = training->n, d = samples->d;
    float *x = SAPE_NEW_ARRAY(float, n *d);
    if (x == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", n);
    for (size_t i = 0; i < n * d; i++) x[i] = (training->x[i] - grid->center[i % d]) * grid->scale[i % d];
    const sape_status status = sape_grid_variance(grid, 2 * grid->radius + 1, SAPE_BOUNDARY_REPLICATE, n, d, x,
                                                  samples->o, training->targets, rate->sigma);
    sape_release(x);
    return status;
}

/* Held-out targets have no part in it. */
static sape_status find_sigma(struct sape_rate *rate, const struct sape_samples *samples, uint64_t seed) {
    struct sape_training_samples training;
    memset(rate->sigma, 0, rate->cells * sizeof *rate->sigma);
    if (samples->targets == NULL || samples->sampler != NULL) return SAPE_OK;
    sape_status status = sape_training_samples_open(samples, seed, &training);
    if (status == SAPE_OK) status = find_variance(rate, samples, &training);
    sape_training_samples_close(&training);
    return status;
}

sape_status sape_rate_prepare(struct sape_rate *rate, const struct sape_batches *batches, uint64_t seed) {
    const size_t n = batches->size;
    const bool own = rate->grid == &rate->own_grid;
    rate->sample_rate = SAPE_NEW_ARRAY(float, n);
    rate->squares = SAPE_NEW_ARRAY(float, n);
    if (own) rate->own_places = SAPE_NEW_ARRAY(struct sape_place, n);
    if (rate->sample_rate == NULL || rate->squares == NULL || (own && rate->own_places == NULL))
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the rates of %zu samples", n);
    SAPE_TRY(find_sigma(rate, batches->samples, seed));
    sape_rate_update(rate);
    return SAPE_OK;
}

static bool is_share(float value) {
    return value >= 0.0f && value <= 1.0f;
}

static bool is_sum(float value) {
    return value >= 0.0f && value <= FLT_MAX;
}

/* Nothing has been recorded before an epoch's first batch, nor where no weight has been. */
sape_status sape_rate_check_state(const struct sape_rate *rate, const struct sape_batches *batches) {
    const bool counted = rate->batches < sape_batches_of_epoch(batches) && rate->batches <= sape_batches_used(batches);
    struct sape_claim claims[] = {{"sape.rate.batches", counted},
                                  {"sape.rate.sigma", true},
                                  {"sape.rate.gradient", true},
                                  {"sape.rate.log", true},
                                  {"sape.rate.counter", true}};
    for (size_t i = 0; i < rate->cells; i++) {
        const bool recorded = rate->counter[i] > 0.0f;
        claims[1].holds = claims[1].holds && is_share(rate->sigma[i]);
        claims[2].holds = claims[2].holds && is_share(rate->gradient[i]);
        claims[3].holds = claims[3].holds && is_sum(rate->log[i]) && (recorded || rate->log[i] == 0.0f);
        claims[4].holds = claims[4].holds && is_sum(rate->counter[i]) && (rate->batches > 0 || !recorded);
    }
    return SAPE_CHECK_CLAIMS(claims);
}

void sape_rate_list_state(struct sape_rate *rate, struct sape_state *state) {
    sape_adaptive_rate_params *p = &rate->params;
    const size_t cells = rate->cells;
    const struct sape_entry entries[] = {
        {"sape.rate.alpha_min", SAPE_ENTRY_REAL, SAPE_SETTING, &p->alpha_min, NULL},
        {"sape.rate.alpha_max", SAPE_ENTRY_REAL, SAPE_SETTING, &p->alpha_max, NULL},
        {"sape.rate.gamma", SAPE_ENTRY_REAL, SAPE_SETTING, &p->gamma, NULL},
        {"sape.rate.eta", SAPE_ENTRY_REAL, SAPE_SETTING, &p->eta, NULL},
        {"sape.rate.delta", SAPE_ENTRY_REAL, SAPE_SETTING, &p->delta, NULL},
        {"sape.rate.cells", SAPE_ENTRY_SIZE, SAPE_SETTING, &rate->cells, NULL},
        {"sape.rate.batches", SAPE_ENTRY_INTEGER, SAPE_OWN_STATE, &rate->batches, NULL}};
    const struct sape_rows rows[] = {
        SAPE_ROWS("sape.rate.sigma", &sape_float_rows, SAPE_OWN_STATE, &rate->sigma, cells),
        SAPE_ROWS("sape.rate.gradient", &sape_float_rows, SAPE_OWN_STATE, &rate->gradient, cells),
        SAPE_ROWS("sape.rate.log", &sape_float_rows, SAPE_OWN_STATE, &rate->log, cells),
        SAPE_ROWS("sape.rate.counter", &sape_float_rows, SAPE_OWN_STATE, &rate->counter, cells)};
    sape_state_add(state, sizeof entries / sizeof *entries, entries);
    sape_state_add_rows(state, sizeof rows / sizeof *rows, rows);
}

void sape_rate_update(struct sape_rate *rate) {
    const sape_adaptive_rate_params *p = &rate->params;
    for (size_t i = 0; i < rate->cells; i++) {
        const double local = pow((double)rate->sigma[i], p->gamma) + p->eta * pow((double)rate->gradient[i], p->delta);
        const double alpha = p->alpha_min + (p->alpha_max - p->alpha_min) * local;
        rate->cell_rate[i] = (float)(alpha < p->alpha_max ? alpha : p->alpha_max);
    }
}

static const struct sape_place *places_of(const struct sape_rate *rate, const struct sape_batches *batches) {
    return rate->own_places != NULL ? rate->own_places : batches->places;
}

void sape_rate_begin(struct sape_rate *rate, const struct sape_batches *batches) {
    const size_t n = batches->size, d = batches->samples->d;
    memset(rate->squares, 0, n * sizeof *rate->squares);
    for (size_t i = 0; rate->own_places != NULL && i < n; i++)
        rate->own_places[i] = sape_grid_place(rate->grid, batches->x + i * d, 1);
    for (size_t i = 0; i < n; i++)
        rate->sample_rate[i] = sape_grid_interpolate(rate->grid, rate->cell_rate, &places_of(rate, batches)[i]);
}

void sape_rate_scale_tile(const struct sape_rate *rate, const sape_field *field, const struct sape_batch *batch,
                          struct sape_workspace *workspace) {
    const size_t o = field->network->output_dim, width = workspace->tile.width;
    workspace->activations.squares = rate == NULL ? NULL : rate->squares + workspace->first;
    for (size_t i = 0; rate != NULL && i < workspace->tile.samples; i++) {
        const float alpha = rate->sample_rate[sape_batch_sample(batch, workspace->first + i)];
        float *gradient = sape_tile_output(field, workspace, workspace->activations.d_values[0].single, i);
        for (size_t k = 0; k < o; k++) gradient[k * width] *= alpha;
    }
}

void sape_rate_new_epoch(struct sape_rate *rate) {
    if (rate->batches == 0) return;
    memset(rate->log, 0, rate->cells * sizeof *rate->log);
    memset(rate->counter, 0, rate->cells * sizeof *rate->counter);
    rate->batches = 0;
}

/* The epoch's mean norms, smoothed and divided by the largest; where nothing was measured all stays as it was. */
static void refresh(struct sape_rate *rate) {
    const size_t cells = rate->cells;
    float *mean = rate->scratch, largest = 0.0f, weight = 0.0f;
    for (size_t i = 0; i < cells; i++) weight += rate->counter[i];
    if (weight > 0.0f) {
        sape_grid_smooth(rate->grid, rate->log, rate->counter, mean, rate->scratch + cells);
        for (size_t i = 0; i < cells; i++) largest = fmaxf(largest, mean[i] = fminf(mean[i], FLT_MAX));
        for (size_t i = 0; i < cells; i++) rate->gradient[i] = largest > 0.0f ? mean[i] / largest : 0.0f;
        sape_rate_update(rate);
    }
    sape_rate_new_epoch(rate);
}

void sape_rate_record(struct sape_rate *rate, const struct sape_batches *batches) {
    for (size_t i = 0; i < batches->size; i++) {
        const size_t sample = sape_batch_sample(&batches->batch, i);
        /* What was measured has the rate in it. */
        const float norm = sqrtf(rate->squares[i]) / rate->sample_rate[sample];
        if (!isfinite(norm)) continue;
        sape_grid_record(rate->grid, 1, &places_of(rate, batches)[sample], &norm, rate->log, rate->counter);
    }
    if (++rate->batches >= sape_batches_of_epoch(batches)) refresh(rate);
}
