/* SPDX-License-Identifier: MIT */
#include "rate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "call.h"
#include "claims.h"
#include "error.h"
#include "memory.h"
#include "params.h"
#include "trainer.h"
#include "variance.h"

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

static sape_status check_real(const char *function, const char *name, double value, double low, double high) {
    if (value >= low && value <= high) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, function, "%s is %g, must be %g to %g", name, value, low, high);
}

static sape_status check_params(const char *function, const sape_adaptive_rate_params *params) {
    SAPE_TRY(check_real(function, "alpha_min", params->alpha_min, 0.0, MAX_RATE));
    SAPE_TRY(check_real(function, "alpha_max", params->alpha_max, 0.0, MAX_RATE));
    if (params->alpha_min > params->alpha_max)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "alpha_min is %g, alpha_max is only %g", params->alpha_min,
                         params->alpha_max);
    if (params->alpha_max == 0.0) return sape_fail(SAPE_ERROR_ARGUMENT, function, "alpha_max is 0");
    SAPE_TRY(check_real(function, "gamma", params->gamma, 0.0, MAX_EXPONENT));
    SAPE_TRY(check_real(function, "eta", params->eta, 0.0, MAX_RATE));
    SAPE_TRY(check_real(function, "delta", params->delta, 0.0, MAX_EXPONENT));
    if (params->resolution < 3 || params->resolution > 4096)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "resolution is %zu, must be 3 to 4096", params->resolution);
    return SAPE_OK;
}

/* The grid of a spatial mask, otherwise one over all axes, smoothed as a mask of that size would be. */
static sape_status choose_grid(const char *function, const struct sape_mask *mask, size_t resolution,
                               struct sape_grid *grid) {
    *grid = (struct sape_grid){.dim = mask->domain_dim, .size = {1, 1, 1}, .cells = 1};
    const bool same = mask->grid.dim > 0 && mask->grid.positions[0] == NULL;
    if (same) {
        *grid = mask->grid;
        return SAPE_OK;
    }
    for (size_t a = 0; a < grid->dim; a++) grid->size[a] = resolution;
    grid->cells = sape_grid_cube(resolution, grid->dim);
    grid->radius = sape_grid_radius(grid->cells);
    if (grid->cells > 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, function, "resolution is %zu, which makes more than %zu cells", resolution,
                     SAPE_MAX_CELLS);
}

void sape_rate_free(struct sape_rate *rate) {
    if (rate == NULL) return;
    sape_release(rate->sample_rate);
    sape_release(rate->squares);
    sape_release(rate->sigma);
    sape_release(rate->gradient);
    sape_release(rate->cell_rate);
    sape_release(rate->log);
    sape_release(rate->counter);
    sape_release(rate->scratch);
    sape_release(rate);
}

static sape_status open_cells(const char *function, struct sape_rate *rate) {
    const size_t cells = rate->grid.cells;
    float **const arrays[] = {&rate->sigma, &rate->gradient, &rate->cell_rate, &rate->log, &rate->counter};
    bool complete = (rate->scratch = SAPE_NEW_ARRAY(float, 3 * cells)) != NULL;
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        complete = (*arrays[i] = SAPE_NEW_ARRAY(float, cells)) != NULL && complete;
    if (!complete) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for the rates of %zu cells", cells);
    return SAPE_OK;
}

static sape_status create(const char *function, const sape_adaptive_rate_params *params, const struct sape_mask *mask,
                          struct sape_rate *rate) {
    rate->params = *params;
    SAPE_TRY(choose_grid(function, mask, params->resolution, &rate->grid));
    SAPE_TRY(open_cells(function, rate));
    /* A gradient that has not been measured counts as the largest. */
    for (size_t i = 0; i < rate->grid.cells; i++) rate->gradient[i] = 1.0f;
    sape_rate_update(rate);
    return SAPE_OK;
}

sape_status sape_rate_copy(const char *function, const struct sape_rate *rate, struct sape_rate **out) {
    struct sape_rate *copy = *out = SAPE_NEW(struct sape_rate);
    if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for an adaptive rate");
    copy->params = rate->params;
    copy->grid = rate->grid;
    const sape_status status = open_cells(function, copy);
    if (status == SAPE_OK) {
        memcpy(copy->gradient, rate->gradient, rate->grid.cells * sizeof *rate->gradient);
        return SAPE_OK;
    }
    sape_rate_free(copy);
    *out = NULL;
    return status;
}

sape_status sape_trainer_set_adaptive_rate(sape_trainer *trainer, const sape_adaptive_rate_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    struct sape_rate *rate = NULL, *old = trainer->rate;
    sape_status status = SAPE_OK;
    if (params != NULL) {
        sape_adaptive_rate_params known = defaults;
        SAPE_TRY(sape_params_read(__func__, &known, sizeof known, params));
        SAPE_TRY(check_params(__func__, &known));
        if (trainer->ranks.reduce != NULL)
            return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the trainer trains on several ranks");
        if (trainer->params.loss == SAPE_LOSS_CUSTOM_JACOBIAN)
            return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the trainer's loss looks at derivatives");
        rate = SAPE_NEW(struct sape_rate);
        if (rate == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for an adaptive rate");
        status = create(__func__, &known, trainer->field->mask, rate);
        trainer->rate = rate;
        if (status == SAPE_OK && trainer->has_data) status = sape_rate_prepare(__func__, trainer);
    }
    trainer->rate = status == SAPE_OK ? rate : old;
    sape_rate_free(status == SAPE_OK ? old : rate);
    return status;
}

/* The variance of these samples' targets. The grid sees coordinates scaled like the mask's. */
static sape_status find_variance(const char *function, const sape_trainer *trainer,
                                 const struct sape_training_samples *samples, float *sigma) {
    const struct sape_mask *mask = trainer->field->mask;
    const struct sape_grid *grid = &trainer->rate->grid;
    const size_t n = samples->n, d = mask->domain_dim;
    float *x = SAPE_NEW_ARRAY(float, n *d);
    if (x == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", n);
    for (size_t i = 0; i < n * d; i++) x[i] = (samples->x[i] - mask->center[i % d]) * mask->scale[i % d];
    const sape_status status = sape_grid_variance(function, grid, 2 * grid->radius + 1, SAPE_BOUNDARY_REPLICATE, n, d,
                                                  x, trainer->field->network->output_dim, samples->targets, sigma);
    sape_release(x);
    return status;
}

/* Held-out targets have no part in it. */
static sape_status find_sigma(const char *function, sape_trainer *trainer) {
    struct sape_rate *rate = trainer->rate;
    struct sape_training_samples samples;
    memset(rate->sigma, 0, rate->grid.cells * sizeof *rate->sigma);
    if (trainer->targets == NULL || trainer->sampler != NULL) return SAPE_OK;
    sape_status status = sape_training_samples_open(function, trainer, &samples);
    if (status == SAPE_OK) status = find_variance(function, trainer, &samples, rate->sigma);
    sape_training_samples_close(&samples);
    return status;
}

sape_status sape_rate_prepare(const char *function, sape_trainer *trainer) {
    struct sape_rate *rate = trainer->rate;
    if (rate == NULL) return SAPE_OK;
    const size_t n = trainer->batch_size;
    rate->sample_rate = SAPE_NEW_ARRAY(float, n);
    rate->squares = SAPE_NEW_ARRAY(float, n);
    if (rate->sample_rate == NULL || rate->squares == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for the rates of %zu samples", n);
    SAPE_TRY(find_sigma(function, trainer));
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
sape_status sape_rate_check_state(const char *function, const struct sape_rate *rate, uint64_t batches_used,
                                  uint64_t epoch_batches) {
    struct sape_claim claims[] = {{"sape.rate.batches", rate->batches < epoch_batches && rate->batches <= batches_used},
                                  {"sape.rate.sigma", true},
                                  {"sape.rate.gradient", true},
                                  {"sape.rate.log", true},
                                  {"sape.rate.counter", true}};
    for (size_t i = 0; i < rate->grid.cells; i++) {
        const bool recorded = rate->counter[i] > 0.0f;
        claims[1].holds = claims[1].holds && is_share(rate->sigma[i]);
        claims[2].holds = claims[2].holds && is_share(rate->gradient[i]);
        claims[3].holds = claims[3].holds && is_sum(rate->log[i]) && (recorded || rate->log[i] == 0.0f);
        claims[4].holds = claims[4].holds && is_sum(rate->counter[i]) && (rate->batches > 0 || !recorded);
    }
    return SAPE_CHECK_CLAIMS(function, claims);
}

void sape_rate_update(struct sape_rate *rate) {
    const sape_adaptive_rate_params *p = &rate->params;
    for (size_t i = 0; i < rate->grid.cells; i++) {
        const double local = pow((double)rate->sigma[i], p->gamma) + p->eta * pow((double)rate->gradient[i], p->delta);
        const double alpha = p->alpha_min + (p->alpha_max - p->alpha_min) * local;
        rate->cell_rate[i] = (float)(alpha < p->alpha_max ? alpha : p->alpha_max);
    }
}

void sape_rate_begin(sape_trainer *trainer) {
    struct sape_rate *rate = trainer->rate;
    struct sape_place places[SAPE_MAX_DIM];
    if (rate == NULL) return;
    const size_t d = trainer->field->mask->domain_dim;
    memset(rate->squares, 0, trainer->batch_size * sizeof *rate->squares);
    for (size_t i = 0; i < trainer->batch_size; i++) {
        const size_t cell = sape_mask_place_in(trainer->field->mask, &rate->grid, trainer->batch_x + i * d, 1, places);
        rate->sample_rate[i] = sape_grid_interpolate(&rate->grid, rate->cell_rate, cell, places);
    }
}

void sape_rate_scale_tile(const sape_trainer *trainer, struct sape_workspace *workspace) {
    const struct sape_rate *rate = trainer->rate;
    const size_t o = trainer->field->network->output_dim, width = workspace->tile.width;
    workspace->activations.squares = rate == NULL ? NULL : rate->squares + workspace->first;
    for (size_t i = 0; rate != NULL && i < workspace->tile.samples; i++) {
        const float alpha = rate->sample_rate[sape_batch_sample(&trainer->batch, workspace->first + i)];
        float *gradient = sape_tile_output(trainer->field, workspace, workspace->activations.d_values[0], i);
        for (size_t k = 0; k < o; k++) gradient[k * width] *= alpha;
    }
}

void sape_rate_new_epoch(struct sape_rate *rate) {
    if (rate == NULL || rate->batches == 0) return;
    memset(rate->log, 0, rate->grid.cells * sizeof *rate->log);
    memset(rate->counter, 0, rate->grid.cells * sizeof *rate->counter);
    rate->batches = 0;
}

/* The epoch's mean norms, smoothed and divided by the largest; where nothing was measured all stays as it was. */
static void refresh(struct sape_rate *rate) {
    const size_t cells = rate->grid.cells;
    float *mean = rate->scratch, largest = 0.0f, weight = 0.0f;
    for (size_t i = 0; i < cells; i++) weight += rate->counter[i];
    if (weight > 0.0f) {
        sape_grid_smooth(&rate->grid, rate->log, rate->counter, mean, rate->scratch + cells);
        for (size_t i = 0; i < cells; i++) largest = fmaxf(largest, mean[i] = fminf(mean[i], FLT_MAX));
        for (size_t i = 0; i < cells; i++) rate->gradient[i] = largest > 0.0f ? mean[i] / largest : 0.0f;
        sape_rate_update(rate);
    }
    sape_rate_new_epoch(rate);
}

void sape_rate_record(sape_trainer *trainer) {
    struct sape_rate *rate = trainer->rate;
    struct sape_place places[SAPE_MAX_DIM];
    if (rate == NULL) return;
    const size_t d = trainer->field->mask->domain_dim;
    for (size_t i = 0; i < trainer->batch_size; i++) {
        const size_t sample = sape_batch_sample(&trainer->batch, i);
        /* What was measured has the rate in it. */
        const float norm = sqrtf(rate->squares[i]) / rate->sample_rate[sample];
        if (!isfinite(norm)) continue;
        const size_t cell =
            sape_mask_place_in(trainer->field->mask, &rate->grid, trainer->batch_x + sample * d, 1, places);
        sape_grid_record(&rate->grid, cell, places, norm, rate->log, rate->counter);
    }
    if (++rate->batches >= trainer->num_training / trainer->batch_size) refresh(rate);
}
