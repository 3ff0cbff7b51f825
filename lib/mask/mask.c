/* SPDX-License-Identifier: MIT */
#include "mask/mask.h"

#include <math.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "mask/policy.h"

static const struct sape_policy_ops *const policies[] = {[SAPE_POLICY_NONE] = &sape_none_policy,
                                                         [SAPE_POLICY_GLOBAL] = &sape_global_policy,
                                                         [SAPE_POLICY_SPATIAL] = &sape_spatial_policy,
                                                         [SAPE_POLICY_SPATIAL_FIXED] = &sape_spatial_fixed_policy,
                                                         [SAPE_POLICY_VARIANCE] = &sape_variance_policy};

#define NUM_POLICIES (sizeof policies / sizeof *policies)

const struct sape_policy_ops *sape_policy_ops_of(sape_policy policy) {
    return policies[policy];
}

const char *sape_policy_entry(unsigned policy) {
    return policy < NUM_POLICIES ? policies[policy]->name : NULL;
}

const char *sape_policy_name(sape_policy policy) {
    return sape_policy_entry((unsigned)policy);
}

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

static sape_status check_params(sape_mask_params *params) {
    SAPE_REQUIRE((unsigned)params->policy < NUM_POLICIES, "policy is %d, not a sape_policy", (int)params->policy);
    SAPE_REQUIRE(params->domain_dim >= 1 && params->domain_dim <= SAPE_MAX_DIM, "domain_dim is %zu, must be 1 to 3",
                 params->domain_dim);
    SAPE_REQUIRE(params->encoding_dim >= 1 && params->encoding_dim <= SAPE_MAX_ENCODING_DIM,
                 "encoding_dim is %zu, must be 1 to %d", params->encoding_dim, SAPE_MAX_ENCODING_DIM);
    if (params->mask_dim == 0) params->mask_dim = params->domain_dim;
    SAPE_REQUIRE(params->mask_dim <= params->domain_dim, "mask_dim is %zu, domain_dim is only %zu", params->mask_dim,
                 params->domain_dim);
    SAPE_REQUIRE(params->num_blocks <= params->encoding_dim, "num_blocks is %zu, encoding_dim is only %zu",
                 params->num_blocks, params->encoding_dim);
    SAPE_REQUIRE(params->num_iterations >= 1 && params->num_iterations <= SAPE_MAX_SCHEDULE,
                 "num_iterations is %zu, must be 1 to %zu", params->num_iterations, SAPE_MAX_SCHEDULE);
    SAPE_REQUIRE(params->block_iterations <= SAPE_MAX_SCHEDULE, "block_iterations is %zu, must be at most %zu",
                 params->block_iterations, SAPE_MAX_SCHEDULE);
    SAPE_REQUIRE(params->epsilon >= 0.0 && !isinf(params->epsilon), "epsilon is %g, must be finite and >= 0",
                 params->epsilon);
    const struct sape_policy_ops *ops = policies[params->policy];
    return ops->check == NULL ? SAPE_OK : ops->check(params);
}

static void set_schedule(struct sape_mask *mask, const sape_mask_params *params, struct sape_mask_blocks blocks) {
    const size_t dim = params->encoding_dim;
    if (blocks.size > 0) {
        mask->block = blocks.size;
        mask->num_blocks = (dim - blocks.first) / blocks.size;
    } else if (params->num_blocks == 0) {
        mask->block = params->domain_dim < dim ? params->domain_dim : dim;
        mask->num_blocks = (dim - mask->block) / mask->block;
    } else {
        mask->block = dim / params->num_blocks;
        mask->num_blocks = params->num_blocks;
    }
    if (mask->num_blocks == 0) mask->num_blocks = 1;
    mask->block_iterations = params->block_iterations;
    if (mask->block_iterations == 0)
        mask->block_iterations =
            (size_t)((uint64_t)mask->ops->pace[0] * params->num_iterations / (mask->ops->pace[1] * mask->num_blocks));
    if (mask->block_iterations == 0) mask->block_iterations = 1;
    mask->leading = blocks.first;
    mask->current = sape_mask_first(mask);
    mask->next = mask->current + mask->block < dim ? mask->current + mask->block : dim;
    mask->patience = sape_mask_patience(mask->block_iterations);
}

static bool allocate(struct sape_mask *mask) {
    if (mask->ops->has_cutoffs) return true;
    const size_t cells = mask->grid.cells, dim = mask->encoding_dim;
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
    if (sape_mask_has_ramps(mask)) {
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

static void start(struct sape_mask *mask) {
    if (mask->ops->has_cutoffs) return;
    for (size_t i = 0; i < mask->grid.cells; i++) {
        mask->level[i] = (uint16_t)mask->current;
        mask->in_progress[i] = 1;
        if (mask->ramp != NULL) mask->end[i] = (uint16_t)mask->current;
    }
    mask->best_loss = INFINITY;
    if (mask->ops->start != NULL) mask->ops->start(mask);
    sape_mask_rebuild(mask);
}

sape_status sape_mask_make(const sape_mask_params *params, struct sape_mask_blocks blocks, sape_mask **out) {
    sape_mask_params known = defaults;
    SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check_params(&known));
    struct sape_mask *mask = SAPE_NEW(struct sape_mask);
    if (mask == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a mask");
    mask->params = known;
    mask->params.samples = NULL;
    mask->params.cutoff = NULL;
    mask->params.frequencies = NULL;
    mask->policy = known.policy;
    mask->ops = policies[known.policy];
    mask->domain_dim = known.domain_dim;
    mask->encoding_dim = known.encoding_dim;
    mask->epsilon = known.epsilon;
    set_schedule(mask, &known, blocks);
    mask->grid = sape_grid_of_one_cell();
    sape_status status = mask->ops->place == NULL ? SAPE_OK : mask->ops->place(mask, &known);
    if (status == SAPE_OK && !allocate(mask))
        status = sape_fail(SAPE_ERROR_MEMORY, "no memory for a mask of %zu rows", mask->grid.cells);
    if (status == SAPE_OK && mask->ops->has_cutoffs) status = sape_cutoff_create(&known, &mask->grid, &mask->cutoff);
    if (status != SAPE_OK) {
        sape_mask_free(mask);
        return status;
    }
    start(mask);
    *out = mask;
    return SAPE_OK;
}

sape_status sape_mask_create(const sape_mask_params *params, sape_mask **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(params);
    return sape_mask_make(params, (struct sape_mask_blocks){0}, out);
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

static sape_status get_cutoff_state(const sape_mask *mask, sape_mask_state *state) {
    sape_mask_state known = {.struct_size = sizeof known, .iteration = mask->iteration, .num_cells = mask->grid.cells};
    sape_cutoff_state(mask->cutoff, &mask->grid, &known);
    return sape_params_write(state, &known, sizeof known);
}

/* A number of blocks that makes blocks of this size. */
static size_t blocks_of(const struct sape_mask *mask) {
    const size_t dim = mask->encoding_dim, first = mask->domain_dim < dim ? mask->domain_dim : dim;
    const bool usual = mask->block == first && (mask->num_blocks == (dim - first) / first || mask->num_blocks == 1);
    return usual ? 0 : mask->num_blocks;
}

sape_status sape_mask_get_params(const sape_mask *mask, sape_mask_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(params);
    sape_mask_params known = mask->params;
    known.epsilon = mask->epsilon;
    known.num_blocks = mask->cutoff != NULL ? known.num_blocks : blocks_of(mask);
    known.block_iterations = mask->cutoff != NULL ? known.block_iterations : mask->block_iterations;
    return sape_params_write(params, &known, sizeof known);
}

sape_status sape_mask_get_state(const sape_mask *mask, sape_mask_state *state) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(state);
    if (mask->ops->has_cutoffs) return get_cutoff_state(mask, state);
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
    return sape_params_write(state, &known, sizeof known);
}

void sape_mask_record_at(struct sape_mask *mask, size_t n, const struct sape_place *places, const float *loss) {
    mask->ops->record(mask, n, places, loss);
    mask->loss_count += (double)n;
}

sape_status sape_mask_record(sape_mask *mask, size_t n, const float *x, const float *loss) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_TRY(sape_check_coordinates("x", x, n, mask->domain_dim));
    SAPE_REQUIRE(n == 0 || loss != NULL, "loss is NULL");
    SAPE_TRY(sape_check_finite("loss", loss, n));
    for (size_t i = 0; i < n; i++) {
        const struct sape_place place = sape_grid_place(&mask->grid, x + i * mask->domain_dim, 1);
        sape_mask_record_at(mask, 1, &place, loss + i);
    }
    return SAPE_OK;
}

sape_status sape_mask_step(sape_mask *mask) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    mask->ops->step(mask);
    return SAPE_OK;
}

sape_status sape_mask_advance(sape_mask *mask) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    if (mask->ops->advance != NULL) mask->ops->advance(mask);
    return SAPE_OK;
}

sape_status sape_mask_set_signal(sape_mask *mask, size_t n, const float *x, size_t o, const float *values) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(o >= 1, "o is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(values);
    if (!mask->ops->has_cutoffs) return sape_fail(SAPE_ERROR_UNSUPPORTED, "the policy is not variance");
    SAPE_TRY(sape_check_coordinates("x", x, n, mask->domain_dim));
    SAPE_REQUIRE(n <= SIZE_MAX / sizeof(float) / o, "o is %zu: too many values for memory", o);
    SAPE_TRY(sape_check_finite("values", values, n * o));
    SAPE_TRY(sape_cutoff_set_signal(mask->cutoff, &mask->grid, n, mask->domain_dim, x, o, values));
    mask->version++;
    return SAPE_OK;
}

sape_status sape_mask_smoothed_loss(const sape_mask *mask, float *loss, size_t count) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(loss);
    if (mask->policy != SAPE_POLICY_SPATIAL) return sape_fail(SAPE_ERROR_UNSUPPORTED, "the policy is not spatial");
    if (count != mask->grid.cells)
        return sape_fail(SAPE_ERROR_SHAPE, "count is %zu, the mask has %zu cells", count, mask->grid.cells);
    float *scratch = SAPE_NEW_ARRAY(float, 2 * count);
    if (scratch == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu cells", count);
    sape_grid_smooth(&mask->grid, mask->log, mask->counter, loss, scratch);
    sape_release(scratch);
    return SAPE_OK;
}

sape_status sape_mask_set_domain(sape_mask *mask, const float *center, const float *scale) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE_POINTER(center);
    SAPE_REQUIRE_POINTER(scale);
    if (!mask->ops->has_domain) return sape_fail(SAPE_ERROR_UNSUPPORTED, "the policy is not spatial");
    SAPE_TRY(sape_check_finite("center", center, mask->domain_dim));
    SAPE_TRY(sape_check_finite("scale", scale, mask->domain_dim));
    for (size_t a = 0; a < mask->domain_dim; a++) SAPE_REQUIRE(scale[a] != 0.0f, "scale[%zu] is 0", a);
    memcpy(mask->grid.center, center, mask->domain_dim * sizeof *center);
    memcpy(mask->grid.scale, scale, mask->domain_dim * sizeof *scale);
    mask->version++;
    return SAPE_OK;
}

sape_status sape_mask_fit_domain(sape_mask *mask, size_t n, const float *points) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(mask);
    SAPE_REQUIRE(n > 0, "n is 0");
    SAPE_TRY(sape_check_coordinates("points", points, n, mask->domain_dim));
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
