/* SPDX-License-Identifier: MIT */
#include "train/gradient.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/loss.h"

/* A batch of at most this many tiles has a workspace for each, so that a loss of the caller's own, which sees all
   outputs before any gradient, does not cost a second forward pass. */
#define KEPT_TILES 4

static sape_status open_workspaces(const sape_field *field, const struct sape_pool *pool, sape_loss loss,
                                   struct sape_gradients *gradients) {
    const bool jacobian = loss == SAPE_LOSS_CUSTOM_JACOBIAN;
    const size_t tile_samples = gradients->plan.tile_samples;
    size_t count = sape_pool_size(pool);
    if (sape_loss_sees_batch(loss) && count < KEPT_TILES) count = KEPT_TILES;
    gradients->workspaces = SAPE_NEW_ARRAY(struct sape_workspace, count);
    if (gradients->workspaces == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu tiles", count);
    for (; gradients->num_workspaces < count; gradients->num_workspaces++)
        SAPE_TRY(sape_workspace_open(&gradients->workspaces[gradients->num_workspaces], field, tile_samples,
                                     jacobian ? SAPE_USE_JACOBIAN : SAPE_USE_GRADIENT, jacobian));
    if (!jacobian) return SAPE_OK;
    return sape_jacobian_open(field, gradients->plan.samples, tile_samples, count, &gradients->whole.jacobian);
}

sape_status sape_gradients_open(const sape_field *field, const struct sape_pool *pool, sape_loss loss, size_t n,
                                struct sape_gradients *gradients) {
    const size_t size = field->network->size, outputs = field->network->output_dim;
    *gradients = (struct sape_gradients){.plan = sape_plan_make(field, n)};
    gradients->sample_loss = SAPE_NEW_ARRAY(float, n);
    gradients->slots = SAPE_NEW_ARRAY(float, gradients->plan.slots *size);
    bool complete = gradients->sample_loss && gradients->slots;
    if (sape_loss_sees_batch(loss)) {
        gradients->whole.outputs = SAPE_NEW_ARRAY(float, n *outputs);
        gradients->whole.d_outputs = SAPE_NEW_ARRAY(float, n *outputs);
        complete = complete && gradients->whole.outputs && gradients->whole.d_outputs;
    }
    if (!complete) return sape_fail(SAPE_ERROR_MEMORY, "no memory for batches of %zu samples", n);
    for (size_t i = 0; i < gradients->plan.slots; i++) gradients->parts[i] = gradients->slots + i * size;
    SAPE_TRY(sape_tables_open(field, &gradients->plan, loss == SAPE_LOSS_CUSTOM_JACOBIAN, &gradients->tables));
    return open_workspaces(field, pool, loss, gradients);
}

void sape_gradients_close(struct sape_gradients *gradients) {
    sape_release(gradients->sample_loss);
    sape_release(gradients->slots);
    sape_release(gradients->whole.outputs);
    sape_release(gradients->whole.d_outputs);
    sape_chamfer_close(&gradients->whole.chamfer);
    sape_jacobian_close(&gradients->whole.jacobian);
    sape_tables_close(&gradients->tables);
    for (size_t i = 0; i < gradients->num_workspaces; i++) sape_workspace_close(&gradients->workspaces[i]);
    sape_release(gradients->workspaces);
}

/* What the tasks of a pool work on. */
struct pass {
    struct sape_gradients *gradients;
    const struct sape_gradient_call *call;
};

static bool sees_batch(const struct pass *pass) {
    return sape_loss_sees_batch(pass->call->objective->loss);
}

static bool has_jacobian(const struct pass *pass) {
    return pass->call->objective->loss == SAPE_LOSS_CUSTOM_JACOBIAN;
}

/* Whether every tile has a workspace of its own, which keeps its values from prediction to gradient. */
static bool tiles_kept(const struct pass *pass) {
    return sees_batch(pass) && pass->gradients->plan.tiles <= KEPT_TILES;
}

static struct sape_workspace *workspace_of(const struct pass *pass, size_t t, size_t worker) {
    return &pass->gradients->workspaces[tiles_kept(pass) ? t : worker];
}

/* A loss of the caller's own has the mean of this rank's samples. */
static float share_of(const struct sape_gradient_call *call) {
    return (float)((double)call->batches->size / (double)call->union_size);
}

/* What the sum over values is divided by. */
static double divisor(const struct sape_gradient_call *call, size_t o) {
    const struct sape_batches *batches = call->batches;
    if (batches->weights == NULL || call->deferred) return (double)(call->union_size * o);
    return batches->weight > 0.0 ? batches->weight * (double)o : 1.0;
}

/* The tile's losses, and their gradient into its outputs' panels. */
static void evaluate_tile(const struct pass *pass, struct sape_workspace *workspace) {
    const sape_field *field = pass->call->field;
    const struct sape_batches *batches = pass->call->batches;
    const size_t o = field->network->output_dim, width = workspace->tile.width;
    float *outputs = workspace->activations.values[field->network->num_layers].single;
    float *d_outputs = workspace->activations.d_values[0].single;
    const double scale = 1.0 / divisor(pass->call, o);
    memset(d_outputs, 0, workspace->tile.panels * width * o * sizeof *d_outputs);
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const size_t sample = sape_batch_sample(&batches->batch, workspace->first + i);
        const double weight = batches->weights == NULL ? 1.0 : (double)batches->weights[sample];
        const double loss = sape_loss_sample(
            &pass->call->objective->of_sample, o, width, sape_tile_output(field, workspace, outputs, i),
            batches->targets + sample * o, weight * scale, sape_tile_output(field, workspace, d_outputs, i));
        pass->gradients->sample_loss[sample] = (float)loss;
    }
}

/* Copies the tile's rows of the whole batch's outputs out of its panels. */
static void store_outputs(const struct pass *pass, struct sape_workspace *workspace) {
    const sape_field *field = pass->call->field;
    const size_t o = field->network->output_dim, width = workspace->tile.width;
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const float *column =
            sape_tile_output(field, workspace, workspace->activations.values[field->network->num_layers].single, i);
        float *row =
            pass->gradients->whole.outputs + sape_batch_sample(&pass->call->batches->batch, workspace->first + i) * o;
        for (size_t k = 0; k < o; k++) row[k] = column[k * width];
    }
}

/* Copies the tile's rows of the outputs' gradient into its panels. */
static void load_gradient(const struct pass *pass, struct sape_workspace *workspace) {
    const sape_field *field = pass->call->field;
    const size_t o = field->network->output_dim, width = workspace->tile.width;
    const float share = share_of(pass->call);
    float *panels = workspace->activations.d_values[0].single;
    memset(panels, 0, workspace->tile.panels * width * o * sizeof *panels);
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        float *column = sape_tile_output(field, workspace, panels, i);
        const float *row =
            pass->gradients->whole.d_outputs + sape_batch_sample(&pass->call->batches->batch, workspace->first + i) * o;
        for (size_t k = 0; k < o; k++) column[k * width] = share * row[k];
    }
}

static void forward(const struct pass *pass, size_t t, struct sape_workspace *workspace) {
    sape_tile_forward(pass->call->field, &pass->gradients->plan, t, &pass->call->batches->batch, workspace);
}

static void predict_tile(void *context, size_t t, size_t worker) {
    const struct pass *pass = context;
    struct sape_workspace *workspace = workspace_of(pass, t, worker);
    forward(pass, t, workspace);
    store_outputs(pass, workspace);
    if (has_jacobian(pass))
        sape_jacobian_forward(&pass->gradients->whole.jacobian, pass->call->field, &pass->call->batches->batch,
                              workspace, worker);
}

/* Rows that the first tile does not set begin with zero: the sort puts the largest tile first, but without it a later
   one may reach further. */
static void begin_rows(const struct pass *pass, const struct sape_workspace *workspace, bool first, float *gradient,
                       size_t *active) {
    const size_t stride = pass->call->field->network->layers[0].stride;
    if (workspace->active <= *active) return;
    if (!first) memset(gradient + *active * stride, 0, (workspace->active - *active) * stride * sizeof *gradient);
    *active = workspace->active;
}

/* One slot: its tiles' gradients, summed in their order. */
static void slot_gradient(void *context, size_t slot, size_t worker) {
    const struct pass *pass = context;
    const struct sape_gradient_call *call = pass->call;
    const struct sape_batch *batch = &call->batches->batch;
    struct sape_gradients *gradients = pass->gradients;
    float *gradient = gradients->slots + slot * call->field->network->size;
    struct sape_tile_gradient to = {
        .parameters = gradient, .tables = &gradients->tables, .first_backward = gradients->tables.first_backward};
    size_t active = 0;
    for (size_t t = slot; t < gradients->plan.tiles; t += gradients->plan.slots) {
        struct sape_workspace *workspace = workspace_of(pass, t, worker);
        if (!tiles_kept(pass)) forward(pass, t, workspace);
        if (sees_batch(pass))
            load_gradient(pass, workspace);
        else
            evaluate_tile(pass, workspace);
        sape_rate_scale_tile(call->rate, call->field, batch, workspace);
        begin_rows(pass, workspace, t == slot, gradient, &active);
        sape_tables_begin_tile(&gradients->tables, call->field, workspace);
        to.add = t != slot;
        sape_tile_backward(call->field, batch, workspace, &to);
        if (has_jacobian(pass))
            sape_jacobian_backward(&gradients->whole.jacobian, call->field, batch, workspace, worker, share_of(call),
                                   &to);
    }
    gradients->slot_active[slot] = active;
}

static void clear_slot_rows(struct sape_gradients *gradients, const sape_network *network, size_t slot, size_t begin,
                            size_t end) {
    const size_t stride = network->layers[0].stride;
    memset(gradients->slots + slot * network->size + begin * stride, 0, (end - begin) * stride * sizeof(float));
}

void sape_gradients_clear_rows(struct sape_gradients *gradients, const sape_network *network, size_t begin,
                               size_t end) {
    for (size_t slot = 0; slot < gradients->plan.slots; slot++) clear_slot_rows(gradients, network, slot, begin, end);
}

/* First-layer rows that a slot has not reached are read by the optimizer all the same where another slot, or an earlier
   iteration, has reached them. */
static void fill_slots(struct sape_gradients *gradients, const sape_network *network, size_t *touched) {
    for (size_t slot = 0; slot < gradients->plan.slots; slot++)
        if (gradients->slot_active[slot] > *touched) *touched = gradients->slot_active[slot];
    for (size_t slot = 0; slot < gradients->plan.slots; slot++)
        clear_slot_rows(gradients, network, slot, gradients->slot_active[slot], *touched);
}

sape_status sape_gradients_compute(struct sape_gradients *gradients, const struct sape_gradient_call *call,
                                   size_t *touched, double *loss) {
    struct pass pass = {gradients, call};
    if (call->rate != NULL) sape_rate_begin(call->rate, call->batches);
    sape_tables_begin(&gradients->tables, call->field);
    if (sees_batch(&pass)) {
        sape_pool_run(call->pool, gradients->plan.tiles, predict_tile, &pass);
        const struct sape_whole_call whole = {call->objective, call->batches, call->random, call->deferred};
        SAPE_TRY(sape_whole_loss(&gradients->whole, &whole, gradients->sample_loss, loss));
    }
    sape_pool_run(call->pool, gradients->plan.slots, slot_gradient, &pass);
    fill_slots(gradients, call->field->network, touched);
    sape_tables_scatter(&gradients->tables, call->field, call->pool);
    if (!sees_batch(&pass))
        *loss = sape_loss_mean(gradients->plan.samples, gradients->sample_loss, call->batches->weights);
    return SAPE_OK;
}

bool sape_gradients_losses_finite(const struct sape_gradients *gradients, double loss) {
    if (!isfinite(loss)) return false;
    for (size_t i = 0; i < gradients->plan.samples; i++)
        if (!isfinite(gradients->sample_loss[i])) return false;
    return true;
}

double sape_gradients_mean_loss(const struct sape_gradients *gradients) {
    return sape_loss_mean(gradients->plan.samples, gradients->sample_loss, NULL);
}
