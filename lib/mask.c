/* SPDX-License-Identifier: MIT */
#include "mask.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "call.h"
#include "error.h"
#include "memory.h"
#include "params.h"

static const sape_mask_params defaults = {.struct_size = sizeof(sape_mask_params),
                                          .policy = SAPE_POLICY_SPATIAL,
                                          .domain_dim = 2,
                                          .encoding_dim = 0,
                                          .mask_dim = 0,
                                          .resolution = 64,
                                          .num_blocks = 0,
                                          .num_iterations = 1000,
                                          .block_iterations = 0,
                                          .epsilon = 1e-3,
                                          .samples = NULL,
                                          .num_samples = 0};

void sape_mask_params_init(sape_mask_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_grid(const char *function, const sape_mask_params *params) {
    if (params->policy != SAPE_POLICY_SPATIAL && params->policy != SAPE_POLICY_VARIANCE) return SAPE_OK;
    if (params->resolution < 3 || params->resolution > 4096)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "resolution is %zu, must be 3 to 4096", params->resolution);
    if (sape_grid_cube(params->resolution, params->mask_dim) > 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_ARGUMENT, function, "resolution is %zu, which makes more than %zu cells",
                     params->resolution, SAPE_MAX_CELLS);
}

static sape_status check_samples(const char *function, const sape_mask_params *params) {
    if (params->policy != SAPE_POLICY_SPATIAL_FIXED) return SAPE_OK;
    if (params->domain_dim > 2)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "domain_dim is %zu, spatial_fixed needs 1 or 2",
                         params->domain_dim);
    if (params->num_samples < 2 || params->num_samples > SAPE_MAX_CELLS)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "num_samples is %zu, must be 2 to %zu", params->num_samples,
                         SAPE_MAX_CELLS);
    return sape_check_coordinates(function, "samples", params->samples, params->num_samples, params->domain_dim);
}

static sape_status check_params(const char *function, sape_mask_params *params) {
    if ((unsigned)params->policy > SAPE_POLICY_VARIANCE)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "policy is %d, not a sape_policy", (int)params->policy);
    if (params->domain_dim < 1 || params->domain_dim > SAPE_MAX_DIM)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "domain_dim is %zu, must be 1 to 3", params->domain_dim);
    if (params->encoding_dim < 1 || params->encoding_dim > SAPE_MAX_ENCODING_DIM)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "encoding_dim is %zu, must be 1 to %d", params->encoding_dim,
                         SAPE_MAX_ENCODING_DIM);
    if (params->mask_dim == 0) params->mask_dim = params->domain_dim;
    if (params->mask_dim > params->domain_dim)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "mask_dim is %zu, domain_dim is only %zu", params->mask_dim,
                         params->domain_dim);
    if (params->num_blocks > params->encoding_dim)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "num_blocks is %zu, encoding_dim is only %zu",
                         params->num_blocks, params->encoding_dim);
    if (params->num_iterations < 1 || params->num_iterations > SAPE_MAX_SCHEDULE)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "num_iterations is %zu, must be 1 to %zu",
                         params->num_iterations, SAPE_MAX_SCHEDULE);
    if (params->block_iterations > SAPE_MAX_SCHEDULE)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "block_iterations is %zu, must be at most %zu",
                         params->block_iterations, SAPE_MAX_SCHEDULE);
    if (!(params->epsilon >= 0.0) || isinf(params->epsilon))
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "epsilon is %g, must be finite and >= 0", params->epsilon);
    SAPE_TRY(check_grid(function, params));
    return check_samples(function, params);
}

static void set_schedule(struct sape_mask *mask, const sape_mask_params *params) {
    const size_t dim = params->encoding_dim;
    if (params->num_blocks == 0) {
        mask->block = params->domain_dim < dim ? params->domain_dim : dim;
        mask->num_blocks = (dim - mask->block) / mask->block;
    } else {
        mask->block = dim / params->num_blocks;
        mask->num_blocks = params->num_blocks;
    }
    if (mask->num_blocks == 0) mask->num_blocks = 1;
    mask->block_iterations = params->block_iterations;
    if (mask->block_iterations == 0)
        mask->block_iterations = params->policy == SAPE_POLICY_SPATIAL
                                     ? params->num_iterations / (2 * mask->num_blocks)
                                     : 3 * params->num_iterations / (4 * mask->num_blocks);
    if (mask->block_iterations == 0) mask->block_iterations = 1;
    mask->current = mask->block;
    mask->next = 2 * mask->block < dim ? 2 * mask->block : dim;
    mask->patience = sape_mask_patience(mask->block_iterations);
}

static bool allocate(struct sape_mask *mask) {
    if (mask->policy == SAPE_POLICY_VARIANCE) return true;
    const size_t cells = mask->grid.cells, dim = mask->encoding_dim;
    const bool ramps = mask->policy != SAPE_POLICY_SPATIAL;
    const bool logs = mask->grid.dim > 0;
    mask->level = SAPE_NEW_ARRAY(uint16_t, cells);
    mask->in_progress = SAPE_NEW_ARRAY(uint8_t, cells);
    mask->lowest = SAPE_NEW_ARRAY(uint16_t, cells);
    mask->highest = SAPE_NEW_ARRAY(uint16_t, cells);
    mask->distinct = SAPE_NEW_ARRAY(uint16_t, dim + 1);
    mask->distinct_index = SAPE_NEW_ARRAY(uint16_t, dim + 1);
    mask->scratch = SAPE_NEW_ARRAY(float, 3 * cells);
    bool complete = mask->level && mask->in_progress && mask->lowest && mask->highest && mask->distinct &&
                    mask->distinct_index && mask->scratch;
    if (ramps) {
        mask->end = SAPE_NEW_ARRAY(uint16_t, cells);
        mask->ramp = SAPE_NEW_ARRAY(float, cells);
        complete = complete && mask->end && mask->ramp;
    }
    if (logs) {
        mask->log = SAPE_NEW_ARRAY(float, cells);
        mask->counter = SAPE_NEW_ARRAY(float, cells);
        complete = complete && mask->log && mask->counter;
    }
    return complete;
}

static void set_start(struct sape_mask *mask) {
    if (mask->policy == SAPE_POLICY_VARIANCE) return;
    const size_t revealed = mask->policy == SAPE_POLICY_NONE ? mask->encoding_dim : mask->block;
    for (size_t i = 0; i < mask->grid.cells; i++) {
        mask->level[i] = (uint16_t)revealed;
        mask->in_progress[i] = 1;
        if (mask->ramp != NULL) mask->end[i] = (uint16_t)revealed;
        /* No loss has been seen yet: it counts as high. */
        if (mask->policy == SAPE_POLICY_SPATIAL_FIXED) mask->log[i] = FLT_MAX;
    }
    if (mask->policy == SAPE_POLICY_NONE) mask->current = mask->next = mask->encoding_dim;
    mask->best_loss = INFINITY;
    sape_mask_rebuild(mask);
}

sape_status sape_mask_create(const sape_mask_params *params, sape_mask **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(params);
    sape_mask_params known = defaults;
    SAPE_TRY(sape_params_read(__func__, &known, sizeof known, params));
    SAPE_TRY(check_params(__func__, &known));
    struct sape_mask *mask = SAPE_NEW(struct sape_mask);
    if (mask == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for a mask");
    mask->policy = known.policy;
    mask->domain_dim = known.domain_dim;
    mask->encoding_dim = known.encoding_dim;
    mask->epsilon = known.epsilon;
    set_schedule(mask, &known);
    sape_status status = sape_mask_set_grid(__func__, mask, &known);
    if (status == SAPE_OK && !allocate(mask))
        status = SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for a mask of %zu rows", mask->grid.cells);
    if (status == SAPE_OK && known.policy == SAPE_POLICY_VARIANCE)
        status = sape_cutoff_create(__func__, &known, &mask->grid, &mask->cutoff);
    if (status != SAPE_OK) {
        sape_mask_free(mask);
        return status;
    }
    set_start(mask);
    *out = mask;
    return SAPE_OK;
}

void sape_mask_free(sape_mask *mask) {
    if (mask == NULL) return;
    for (size_t a = 0; a < SAPE_MAX_DIM; a++) sape_release(mask->grid.positions[a]);
    sape_release(mask->level);
    sape_release(mask->end);
    sape_release(mask->ramp);
    sape_release(mask->in_progress);
    sape_release(mask->log);
    sape_release(mask->counter);
    sape_release(mask->lowest);
    sape_release(mask->highest);
    sape_release(mask->distinct);
    sape_release(mask->distinct_index);
    sape_release(mask->scratch);
    sape_cutoff_free(mask->cutoff);
    sape_release(mask);
}

sape_policy sape_mask_policy(const sape_mask *mask) {
    return mask == NULL ? SAPE_POLICY_NONE : mask->policy;
}

size_t sape_mask_domain_dim(const sape_mask *mask) {
    return mask == NULL ? 0 : mask->domain_dim;
}

size_t sape_mask_encoding_dim(const sape_mask *mask) {
    return mask == NULL ? 0 : mask->encoding_dim;
}

static sape_status get_cutoff_state(const char *function, const sape_mask *mask, sape_mask_state *state) {
    sape_mask_state known = {.struct_size = sizeof known, .iteration = mask->iteration, .num_cells = mask->grid.cells};
    sape_cutoff_state(mask->cutoff, &mask->grid, &known);
    return sape_params_write(function, state, &known, sizeof known);
}

sape_status sape_mask_get_state(const sape_mask *mask, sape_mask_state *state) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(state);
    if (mask->policy == SAPE_POLICY_VARIANCE) return get_cutoff_state(__func__, mask, state);
    const size_t cells = mask->grid.cells;
    double revealed = 0.0;
    size_t in_progress = 0;
    for (size_t i = 0; i < cells; i++) {
        revealed += (double)mask->level[i];
        if (mask->ramp != NULL) revealed += (double)mask->ramp[i] * (double)(mask->end[i] - mask->level[i]);
        in_progress += mask->in_progress[i];
    }
    const sape_mask_state known = {.struct_size = sizeof known,
                                   .iteration = mask->iteration,
                                   .block_size = mask->block,
                                   .block_iterations = mask->block_iterations,
                                   .current_feature = mask->current,
                                   .next_feature = mask->next,
                                   .num_cells = cells,
                                   .cells_in_progress = in_progress,
                                   .revealed = revealed / (double)cells / (double)mask->encoding_dim};
    return sape_params_write(__func__, state, &known, sizeof known);
}

/* Each loss goes to the corners of its cell. */
static void record_spatial(struct sape_mask *mask, const float *x, float loss) {
    struct sape_place places[SAPE_MAX_DIM];
    const size_t cell = sape_mask_place(mask, x, 1, places);
    sape_grid_record(&mask->grid, cell, places, loss, mask->log, mask->counter);
}

static void record_fixed(struct sape_mask *mask, const float *x, float loss) {
    struct sape_place places[SAPE_MAX_DIM];
    size_t cell = sape_mask_place(mask, x, 1, places), step = 1;
    for (size_t a = 0; a < mask->grid.dim; a++) {
        if (places[a].share >= 0.5f) cell += step;
        step *= mask->grid.size[a];
    }
    mask->log[cell] = loss;
}

sape_status sape_mask_record(sape_mask *mask, size_t n, const float *x, const float *loss) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_TRY(sape_check_coordinates(__func__, "x", x, n, mask->domain_dim));
    SAPE_REQUIRE(n == 0 || loss != NULL, "loss is NULL");
    SAPE_TRY(sape_check_finite(__func__, "loss", loss, n));
    for (size_t i = 0; i < n; i++) {
        if (mask->policy == SAPE_POLICY_SPATIAL)
            record_spatial(mask, x + i * mask->domain_dim, loss[i]);
        else if (mask->policy == SAPE_POLICY_SPATIAL_FIXED)
            record_fixed(mask, x + i * mask->domain_dim, loss[i]);
        else
            mask->loss_sum += (double)loss[i];
    }
    mask->loss_count += (double)n;
    return SAPE_OK;
}

static void step_global(struct sape_mask *mask) {
    const double loss = mask->loss_count > 0.0 ? mask->loss_sum / mask->loss_count : INFINITY;
    if (loss < mask->best_loss) mask->best_loss = loss;
    mask->loss_sum = mask->loss_count = 0.0;
    mask->iteration++;
    if (!(mask->best_loss < mask->epsilon)) sape_mask_ramp_step(mask);
}

sape_status sape_mask_step(sape_mask *mask) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    switch (mask->policy) {
    case SAPE_POLICY_NONE:
        mask->iteration++;
        break;
    case SAPE_POLICY_GLOBAL:
        step_global(mask);
        break;
    case SAPE_POLICY_SPATIAL:
        if (sape_mask_reads_log(mask)) sape_mask_spatial_advance(mask);
        mask->iteration++;
        break;
    case SAPE_POLICY_SPATIAL_FIXED:
        sape_mask_fixed_judge(mask);
        mask->iteration++;
        sape_mask_ramp_step(mask);
        break;
    case SAPE_POLICY_VARIANCE:
        mask->iteration++;
        if (sape_cutoff_set_iteration(mask->cutoff, mask->iteration)) mask->version++;
        break;
    }
    return SAPE_OK;
}

sape_status sape_mask_advance(sape_mask *mask) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    if (mask->policy == SAPE_POLICY_SPATIAL)
        sape_mask_spatial_advance(mask);
    else if (mask->policy == SAPE_POLICY_GLOBAL || mask->policy == SAPE_POLICY_SPATIAL_FIXED)
        sape_mask_reveal(mask);
    return SAPE_OK;
}

sape_status sape_mask_set_signal(sape_mask *mask, size_t n, const float *x, size_t o, const float *values) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(o >= 1, "o is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(values);
    if (mask->policy != SAPE_POLICY_VARIANCE) return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the policy is not variance");
    SAPE_TRY(sape_check_coordinates(__func__, "x", x, n, mask->domain_dim));
    SAPE_REQUIRE(n <= SIZE_MAX / sizeof(float) / o, "o is %zu: too many values for memory", o);
    SAPE_TRY(sape_check_finite(__func__, "values", values, n * o));
    SAPE_TRY(sape_cutoff_set_signal(__func__, mask->cutoff, &mask->grid, n, mask->domain_dim, x, o, values));
    mask->version++;
    return SAPE_OK;
}

sape_status sape_mask_smoothed_loss(const sape_mask *mask, float *loss, size_t count) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(loss);
    if (mask->policy != SAPE_POLICY_SPATIAL) return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the policy is not spatial");
    if (count != mask->grid.cells)
        return SAPE_FAIL(SAPE_ERROR_SHAPE, "count is %zu, the mask has %zu cells", count, mask->grid.cells);
    float *scratch = SAPE_NEW_ARRAY(float, 2 * count);
    if (scratch == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for %zu cells", count);
    sape_mask_smooth(mask, loss, scratch);
    sape_release(scratch);
    return SAPE_OK;
}

sape_status sape_mask_set_domain(sape_mask *mask, const float *center, const float *scale) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(center);
    SAPE_REQUIRE_POINTER(scale);
    if (mask->policy != SAPE_POLICY_SPATIAL) return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "the policy is not spatial");
    SAPE_TRY(sape_check_finite(__func__, "center", center, mask->domain_dim));
    SAPE_TRY(sape_check_finite(__func__, "scale", scale, mask->domain_dim));
    for (size_t a = 0; a < mask->domain_dim; a++) SAPE_REQUIRE(scale[a] != 0.0f, "scale[%zu] is 0", a);
    memcpy(mask->center, center, mask->domain_dim * sizeof *center);
    memcpy(mask->scale, scale, mask->domain_dim * sizeof *scale);
    mask->version++;
    return SAPE_OK;
}

sape_status sape_mask_fit_domain(sape_mask *mask, size_t n, const float *points) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE(n > 0, "n is 0");
    SAPE_TRY(sape_check_coordinates(__func__, "points", points, n, mask->domain_dim));
    float center[SAPE_MAX_DIM], scale[SAPE_MAX_DIM];
    for (size_t a = 0; a < mask->domain_dim; a++) {
        float low = points[a], high = points[a];
        for (size_t i = 1; i < n; i++) {
            low = fminf(low, points[i * mask->domain_dim + a]);
            high = fmaxf(high, points[i * mask->domain_dim + a]);
        }
        center[a] = 0.5f * (low + high);
        scale[a] = high > low && isfinite(2.0f / (high - low)) ? 2.0f / (high - low) : 1.0f;
    }
    return sape_mask_set_domain(mask, center, scale);
}
