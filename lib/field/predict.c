/* SPDX-License-Identifier: MIT */
/* Predictions and gradients of a whole batch, its tiles shared out among threads. */
#include <math.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/pool.h"
#include "field/field.h"
#include "field/tables.h"
#include "field/tangent.h"
#include "field/tile.h"

static const sape_predict_options defaults = {.struct_size = sizeof(sape_predict_options), .override_rows = 1};

void sape_predict_options_init(sape_predict_options *options, size_t size) {
    sape_params_init(options, size, &defaults, sizeof defaults);
}

/* One call's work. */
struct pass {
    const sape_field *field;
    struct sape_plan plan;
    struct sape_batch batch;
    struct sape_pool *pool;
    struct sape_workspace *workspaces;
    size_t num_workspaces;
    float *outputs;
    /* With the Jacobian: one a workspace. */
    struct sape_tangents *tangents;
    float *jacobian;
    const float *d_jacobian;
    /* Backward. */
    const float *d_outputs;
    float *d_x;
    float *slots;
    float *first_backward;
    struct sape_tables tables;
    /* By the samples' places; NULL where they are not wanted. */
    float *squares;
    /* Copies of d_outputs and d_jacobian in the field's units, where the caller's are others. */
    float *own_d_outputs, *own_d_jacobian;
};

/* What a batch's coordinates are to be changed by. */
static const struct sape_normalization *units_of(const sape_field *field) {
    return field->normalization.coordinates ? &field->normalization : NULL;
}

static sape_status pass_open(struct pass *pass, size_t n, enum sape_use use, bool keep) {
    size_t threads = pass->field->num_threads;
    pass->plan = sape_plan_make(pass->field, n);
    if (threads > pass->plan.tiles) threads = pass->plan.tiles;
    pass->workspaces = SAPE_NEW_ARRAY(struct sape_workspace, threads);
    if (pass->workspaces == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu threads", threads);
    for (; pass->num_workspaces < threads; pass->num_workspaces++)
        SAPE_TRY(sape_workspace_open(&pass->workspaces[pass->num_workspaces], pass->field, pass->plan.tile_samples, use,
                                     keep));
    SAPE_TRY(sape_pool_create(threads, &pass->pool));
    sape_product_enter(pass->field->network->product);
    return SAPE_OK;
}

static void pass_close(struct pass *pass) {
    if (pass->pool != NULL) sape_product_leave(pass->field->network->product);
    sape_pool_free(pass->pool);
    for (size_t i = 0; pass->tangents != NULL && i < pass->num_workspaces; i++) sape_tangents_close(&pass->tangents[i]);
    sape_release(pass->tangents);
    for (size_t i = 0; i < pass->num_workspaces; i++) sape_workspace_close(&pass->workspaces[i]);
    sape_release(pass->workspaces);
    sape_release(pass->slots);
    sape_release(pass->first_backward);
    sape_tables_close(&pass->tables);
    sape_release(pass->squares);
    sape_release(pass->own_d_outputs);
    sape_release(pass->own_d_jacobian);
}

/* The tile's outputs, in the caller's units. */
static void store_outputs(const struct pass *pass, struct sape_workspace *workspace) {
    const sape_network *network = pass->field->network;
    float *outputs = pass->outputs + workspace->first * network->output_dim;
    sape_panels_to_rows(&workspace->tile, network->output_dim,
                        workspace->activations.values[network->num_layers].single, outputs);
    sape_denormalize_outputs(&pass->field->normalization, workspace->tile.samples, outputs);
}

static void predict_tile(void *context, size_t t, size_t worker) {
    struct pass *pass = context;
    struct sape_workspace *workspace = &pass->workspaces[worker];
    sape_tile_forward(pass->field, &pass->plan, t, &pass->batch, workspace);
    store_outputs(pass, workspace);
}

static sape_status check_inputs(const sape_field *field, size_t n, const float *x, const float *outputs,
                                const char *name) {
    if (field == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "field is NULL");
    SAPE_TRY(sape_normalization_check(&field->normalization, "x", x, n));
    if (n > 0 && outputs == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "%s is NULL", name);
    SAPE_TRY(sape_check_size("n", n, field->network->output_dim));
    return SAPE_OK;
}

static sape_status check_options(const sape_field *field, const sape_predict_options *options, size_t n) {
    const size_t dim = field->network->input_dim;
    if (n > SIZE_MAX / sizeof(float) / dim && (options->weights != NULL || options->override_mask != NULL))
        return sape_fail(SAPE_ERROR_MEMORY, "n is %zu, too many for memory", n);
    if (options->mask_by != NULL)
        SAPE_TRY(sape_normalization_check(&field->normalization, "mask_by", options->mask_by, n));
    if (options->override_mask == NULL) return SAPE_OK;
    if (options->override_rows != 1 && options->override_rows != n)
        return sape_fail(SAPE_ERROR_ARGUMENT, "override_rows is %zu, must be 1 or n, %zu", options->override_rows, n);
    return sape_check_finite("override_mask", options->override_mask, options->override_rows * dim);
}

sape_status sape_field_predict_with(const sape_field *field, const sape_predict_options *options, size_t n,
                                    const float *x, float *outputs) {
    SAPE_BEGIN_LONG_CALL();
    sape_predict_options known = defaults;
    SAPE_TRY(check_inputs(field, n, x, outputs, "outputs"));
    if (options != NULL) SAPE_TRY(sape_params_read(&known, sizeof known, options));
    SAPE_TRY(check_options(field, &known, n));
    if (n == 0) return SAPE_OK;
    struct pass pass = {.field = field,
                        .batch = {.x = x,
                                  .normalization = units_of(field),
                                  .mask_by = known.mask_by,
                                  .override_mask = known.override_mask,
                                  .override_rows = known.override_rows,
                                  .weights = known.weights},
                        .outputs = outputs};
    const sape_status status = pass_open(&pass, n, SAPE_USE_OUTPUTS, false);
    if (status == SAPE_OK) sape_pool_run(pass.pool, pass.plan.tiles, predict_tile, &pass);
    pass_close(&pass);
    return status;
}

sape_status sape_field_predict(const sape_field *field, size_t n, const float *x, float *outputs) {
    SAPE_BEGIN_LONG_CALL();
    return sape_field_predict_with(field, NULL, n, x, outputs);
}

/* Fills the lattice and counts its points; the coordinates between low and high are good when these are. */
static sape_status open_lattice(const sape_field *field, const size_t *size, const float *low, const float *high,
                                struct sape_lattice *lattice, size_t *points) {
    const size_t most = SIZE_MAX / sizeof(float) / field->network->output_dim;
    lattice->dim = sape_encoder_domain_dim(field->encoder);
    *points = 1;
    SAPE_TRY(sape_normalization_check(&field->normalization, "low", low, 1));
    SAPE_TRY(sape_normalization_check(&field->normalization, "high", high, 1));
    for (size_t a = 0; a < lattice->dim; a++) {
        if (size[a] == 0) return sape_fail(SAPE_ERROR_ARGUMENT, "size[%zu] is 0, must be at least 1", a);
        if (size[a] > most / *points)
            return sape_fail(SAPE_ERROR_MEMORY, "size[%zu] is %zu, too many for memory", a, size[a]);
        *points *= size[a];
        lattice->size[a] = size[a];
        lattice->low[a] = low[a];
        lattice->high[a] = high[a];
    }
    return SAPE_OK;
}

sape_status sape_field_predict_grid(const sape_field *field, const size_t *size, const float *low, const float *high,
                                    float *outputs) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(size);
    SAPE_REQUIRE_POINTER(outputs);
    struct sape_lattice lattice;
    size_t points;
    SAPE_TRY(open_lattice(field, size, low, high, &lattice, &points));
    struct pass pass = {
        .field = field, .batch = {.lattice = &lattice, .normalization = units_of(field)}, .outputs = outputs};
    const sape_status status = pass_open(&pass, points, SAPE_USE_OUTPUTS, false);
    if (status == SAPE_OK) sape_pool_run(pass.pool, pass.plan.tiles, predict_tile, &pass);
    pass_close(&pass);
    return status;
}

/* Where the way back from a slot's tiles leads: the slots begin with zeros. */
static struct sape_tile_gradient gradient_of(struct pass *pass, size_t slot) {
    const bool before = pass->d_x != NULL || sape_encoder_num_levels(pass->field->encoder) > 0;
    return (struct sape_tile_gradient){.parameters =
                                           pass->slots == NULL ? NULL : pass->slots + slot * pass->field->network->size,
                                       .add = true,
                                       .tables = pass->tables.num_levels == 0 ? NULL : &pass->tables,
                                       .d_x = pass->d_x,
                                       .first_backward = before ? pass->first_backward : NULL};
}

static void backward_slot(void *context, size_t slot, size_t worker) {
    struct pass *pass = context;
    struct sape_workspace *workspace = &pass->workspaces[worker];
    const sape_network *network = pass->field->network;
    const struct sape_tile_gradient to = gradient_of(pass, slot);
    for (size_t t = slot; t < pass->plan.tiles; t += pass->plan.slots) {
        sape_tile_forward(pass->field, &pass->plan, t, &pass->batch, workspace);
        sape_panels_from_rows(&workspace->tile, network->output_dim,
                              pass->d_outputs + workspace->first * network->output_dim,
                              workspace->activations.d_values[0].single);
        workspace->activations.squares = pass->squares == NULL ? NULL : pass->squares + workspace->first;
        sape_tables_begin_tile(&pass->tables, pass->field, workspace);
        sape_tile_backward(pass->field, &pass->batch, workspace, &to);
    }
}

/* The slots' sum, in the order of the public parameters, and behind it the tables' gradient. */
static void export_gradient(struct pass *pass, float *d_parameters) {
    const sape_network *network = pass->field->network;
    sape_slots_sum(pass->slots, pass->plan.slots, network->size, 0, network->size);
    sape_network_export(network, pass->slots, d_parameters);
    if (pass->tables.num_levels == 0) return;
    sape_tables_scatter(&pass->tables, pass->field, pass->pool);
    memcpy(d_parameters + network->num_parameters, pass->tables.gradient,
           sape_encoder_num_parameters(pass->field->encoder) * sizeof *d_parameters);
}

/* The first layer is packed for the way back where something before it is wanted. */
static sape_status open_first_backward(struct pass *pass) {
    const sape_network *network = pass->field->network;
    pass->first_backward = SAPE_NEW_ARRAY(float, sape_network_first_backward_size(network));
    if (pass->first_backward == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for gradients");
    sape_network_pack_first_backward(network, pass->first_backward);
    return SAPE_OK;
}

/* The caller's gradients, or copies of them in the field's units. */
static sape_status take_gradients(struct pass *pass, size_t n) {
    const struct sape_normalization *units = &pass->field->normalization;
    const size_t count = n * units->o, derivatives = count * units->d;
    if (pass->d_outputs != NULL && units->outputs) {
        pass->own_d_outputs = SAPE_NEW_ARRAY(float, count);
        if (pass->own_d_outputs == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for gradients");
        memcpy(pass->own_d_outputs, pass->d_outputs, count * sizeof(float));
        sape_normalize_d_outputs(units, n, pass->own_d_outputs);
        pass->d_outputs = pass->own_d_outputs;
    }
    if (pass->d_jacobian != NULL && (units->outputs || units->coordinates)) {
        pass->own_d_jacobian = SAPE_NEW_ARRAY(float, derivatives);
        if (pass->own_d_jacobian == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for gradients");
        memcpy(pass->own_d_jacobian, pass->d_jacobian, derivatives * sizeof(float));
        sape_normalize_jacobian(units, n, pass->own_d_jacobian);
        pass->d_jacobian = pass->own_d_jacobian;
    }
    return SAPE_OK;
}

static sape_status open_backward(struct pass *pass, size_t n, bool d_parameters, enum sape_use use, bool keep) {
    const sape_field *field = pass->field;
    SAPE_TRY(pass_open(pass, n, use, keep));
    SAPE_TRY(take_gradients(pass, n));
    if (use >= SAPE_USE_INPUT_GRADIENT || sape_encoder_num_levels(field->encoder) > 0)
        SAPE_TRY(open_first_backward(pass));
    if (!d_parameters) return SAPE_OK;
    pass->slots = SAPE_NEW_ARRAY(float, pass->plan.slots * field->network->size);
    if (pass->slots == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for gradients");
    SAPE_TRY(sape_tables_open(field, &pass->plan, use == SAPE_USE_JACOBIAN, &pass->tables));
    sape_tables_begin(&pass->tables, field);
    return SAPE_OK;
}

sape_status sape_field_backward(const sape_field *field, size_t n, const float *x, const float *d_outputs,
                                float *d_parameters, float *d_x) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(check_inputs(field, n, x, d_outputs, "d_outputs"));
    if (n == 0) {
        if (d_parameters != NULL) memset(d_parameters, 0, sape_field_num_parameters(field) * sizeof *d_parameters);
        return SAPE_OK;
    }
    SAPE_TRY(sape_check_finite("d_outputs", d_outputs, n * field->network->output_dim));
    struct pass pass = {
        .field = field, .batch = {.x = x, .normalization = units_of(field)}, .d_outputs = d_outputs, .d_x = d_x};
    const sape_status status =
        open_backward(&pass, n, d_parameters != NULL, d_x == NULL ? SAPE_USE_GRADIENT : SAPE_USE_INPUT_GRADIENT, false);
    if (status == SAPE_OK) {
        sape_pool_run(pass.pool, pass.plan.slots, backward_slot, &pass);
        if (d_parameters != NULL) export_gradient(&pass, d_parameters);
        if (d_x != NULL) sape_normalize_d_x(&field->normalization, n, d_x);
    }
    pass_close(&pass);
    return status;
}

sape_status sape_field_gradient_norms(const sape_field *field, size_t n, const float *x, const float *d_outputs,
                                      float *norms) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(check_inputs(field, n, x, d_outputs, "d_outputs"));
    if (n == 0) return SAPE_OK;
    SAPE_REQUIRE_POINTER(norms);
    SAPE_TRY(sape_check_finite("d_outputs", d_outputs, n * field->network->output_dim));
    struct pass pass = {.field = field, .batch = {.x = x, .normalization = units_of(field)}, .d_outputs = d_outputs};
    sape_status status = open_backward(&pass, n, false, SAPE_USE_GRADIENT, true);
    if (status == SAPE_OK) {
        pass.squares = SAPE_NEW_ARRAY(float, n);
        if (pass.squares == NULL) status = sape_fail(SAPE_ERROR_MEMORY, "no memory for the norms of %zu samples", n);
    }
    if (status == SAPE_OK) {
        sape_pool_run(pass.pool, pass.plan.slots, backward_slot, &pass);
        for (size_t i = 0; i < n; i++) norms[i] = sqrtf(pass.squares[i]);
    }
    pass_close(&pass);
    return status;
}

static sape_status open_tangents(struct pass *pass, enum sape_use use) {
    pass->tangents = SAPE_NEW_ARRAY(struct sape_tangents, pass->num_workspaces);
    if (pass->tangents == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu threads", pass->num_workspaces);
    for (size_t i = 0; i < pass->num_workspaces; i++)
        SAPE_TRY(sape_tangents_open(&pass->tangents[i], pass->field, pass->plan.tile_samples, use));
    return SAPE_OK;
}

static void jacobian_tile(void *context, size_t t, size_t worker) {
    struct pass *pass = context;
    struct sape_workspace *workspace = &pass->workspaces[worker];
    sape_tile_forward(pass->field, &pass->plan, t, &pass->batch, workspace);
    if (pass->outputs != NULL) store_outputs(pass, workspace);
    for (size_t a = 0; a < sape_encoder_domain_dim(pass->field->encoder); a++) {
        sape_tangents_forward(pass->field, workspace, a, &pass->tangents[worker]);
        sape_tangents_store(pass->field, &pass->batch, workspace, a, &pass->tangents[worker], pass->jacobian);
    }
}

/* Checks that (n, o, d) arrays have a size. */
static sape_status check_jacobian(const sape_field *field, size_t n, const float *x, const float *jacobian,
                                  const char *name) {
    SAPE_TRY(check_inputs(field, n, x, jacobian, name));
    SAPE_TRY(sape_check_size("n", n, field->network->output_dim * sape_encoder_domain_dim(field->encoder)));
    return SAPE_OK;
}

sape_status sape_field_jacobian(const sape_field *field, size_t n, const float *x, float *outputs, float *jacobian) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(check_jacobian(field, n, x, jacobian, "jacobian"));
    if (n == 0) return SAPE_OK;
    struct pass pass = {
        .field = field, .batch = {.x = x, .normalization = units_of(field)}, .outputs = outputs, .jacobian = jacobian};
    sape_status status = pass_open(&pass, n, SAPE_USE_INPUT_GRADIENT, true);
    if (status == SAPE_OK) status = open_tangents(&pass, SAPE_USE_OUTPUTS);
    if (status == SAPE_OK) {
        sape_pool_run(pass.pool, pass.plan.tiles, jacobian_tile, &pass);
        sape_normalize_jacobian(&field->normalization, n, jacobian);
    }
    pass_close(&pass);
    return status;
}

static void jacobian_backward_slot(void *context, size_t slot, size_t worker) {
    struct pass *pass = context;
    struct sape_workspace *workspace = &pass->workspaces[worker];
    struct sape_tangents *tangents = &pass->tangents[worker];
    const sape_network *network = pass->field->network;
    const struct sape_tile_gradient to = gradient_of(pass, slot);
    for (size_t t = slot; t < pass->plan.tiles; t += pass->plan.slots) {
        sape_tile_forward(pass->field, &pass->plan, t, &pass->batch, workspace);
        sape_tables_begin_tile(&pass->tables, pass->field, workspace);
        for (size_t a = 0; a < sape_encoder_domain_dim(pass->field->encoder); a++) {
            sape_tangents_forward(pass->field, workspace, a, tangents);
            sape_tangents_load(pass->field, &pass->batch, workspace, a, 1.0f, pass->d_jacobian, tangents);
            sape_tangents_backward(pass->field, workspace, a, tangents, to.parameters, &pass->tables);
        }
        sape_tangents_finish(pass->field, workspace, tangents, to.parameters, &pass->tables);
        if (pass->d_outputs == NULL) continue;
        sape_panels_from_rows(&workspace->tile, network->output_dim,
                              pass->d_outputs + workspace->first * network->output_dim,
                              workspace->activations.d_values[0].single);
        sape_tile_backward(pass->field, &pass->batch, workspace, &to);
    }
}

sape_status sape_field_jacobian_backward(const sape_field *field, size_t n, const float *x, const float *d_outputs,
                                         const float *d_jacobian, float *d_parameters) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(check_jacobian(field, n, x, d_jacobian, "d_jacobian"));
    SAPE_REQUIRE_POINTER(d_parameters);
    const size_t o = field->network->output_dim, d = sape_encoder_domain_dim(field->encoder);
    if (n == 0) {
        memset(d_parameters, 0, sape_field_num_parameters(field) * sizeof *d_parameters);
        return SAPE_OK;
    }
    if (d_outputs != NULL) SAPE_TRY(sape_check_finite("d_outputs", d_outputs, n * o));
    SAPE_TRY(sape_check_finite("d_jacobian", d_jacobian, n * o * d));
    struct pass pass = {.field = field,
                        .batch = {.x = x, .normalization = units_of(field)},
                        .d_outputs = d_outputs,
                        .d_jacobian = d_jacobian};
    sape_status status = open_backward(&pass, n, true, SAPE_USE_JACOBIAN, true);
    if (status == SAPE_OK) status = open_tangents(&pass, SAPE_USE_JACOBIAN);
    if (status == SAPE_OK) {
        sape_pool_run(pass.pool, pass.plan.slots, jacobian_backward_slot, &pass);
        export_gradient(&pass, d_parameters);
    }
    pass_close(&pass);
    return status;
}
