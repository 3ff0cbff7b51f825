/* SPDX-License-Identifier: MIT */
/* Loss and gradients of a batch: tile by tile, in slots that threads work on side by side. */
#include <string.h>

#include "call.h"
#include "error.h"
#include "loss.h"
#include "trainer.h"

/* Whether every tile has a workspace of its own, which keeps its values from prediction to gradient. */
static bool tiles_kept(const sape_trainer *trainer) {
    return sape_loss_sees_batch(trainer->params.loss) && trainer->plan.tiles <= SAPE_KEPT_TILES;
}

static bool has_jacobian(const sape_trainer *trainer) {
    return trainer->params.loss == SAPE_LOSS_CUSTOM_JACOBIAN;
}

static struct sape_workspace *workspace_of(sape_trainer *trainer, size_t t, size_t worker) {
    return &trainer->workspaces[tiles_kept(trainer) ? t : worker];
}

/* The tile's losses, and their gradient into its outputs' panels. */
static void evaluate_tile(sape_trainer *trainer, struct sape_workspace *workspace) {
    const sape_network *network = trainer->field->network;
    const size_t o = network->output_dim, width = workspace->tile.width;
    float *outputs = workspace->activations.values[network->num_layers],
          *d_outputs = workspace->activations.d_values[0];
    const double scale = 1.0 / (double)(trainer->union_size * o);
    memset(d_outputs, 0, workspace->tile.panels * width * o * sizeof *d_outputs);
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const size_t sample = sape_batch_sample(&trainer->batch, workspace->first + i);
        const double loss = sape_loss_sample(
            trainer->params.loss, o, width, sape_tile_output(trainer->field, workspace, outputs, i),
            trainer->batch_targets + sample * o, scale, sape_tile_output(trainer->field, workspace, d_outputs, i));
        trainer->sample_loss[sample] = (float)loss;
    }
}

/* Copies the tile's rows of the whole batch's outputs out of its panels, or its gradients into them. */
static void copy_outputs(sape_trainer *trainer, struct sape_workspace *workspace, float *panels, float *rows,
                         bool to_panels) {
    const size_t o = trainer->field->network->output_dim, width = workspace->tile.width;
    /* A loss of the caller's own has the mean of this rank's samples. */
    const float share = (float)((double)trainer->batch_size / (double)trainer->union_size);
    if (to_panels) memset(panels, 0, workspace->tile.panels * width * o * sizeof *panels);
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        float *row = rows + sape_batch_sample(&trainer->batch, workspace->first + i) * o;
        float *column = sape_tile_output(trainer->field, workspace, panels, i);
        for (size_t k = 0; k < o; k++) {
            if (to_panels)
                column[k * width] = share * row[k];
            else
                row[k] = column[k * width];
        }
    }
}

static void predict_tile(void *context, size_t t, size_t worker) {
    sape_trainer *trainer = context;
    struct sape_workspace *workspace = workspace_of(trainer, t, worker);
    const sape_network *network = trainer->field->network;
    sape_tile_forward(trainer->field, &trainer->plan, t, &trainer->batch, workspace);
    copy_outputs(trainer, workspace, workspace->activations.values[network->num_layers], trainer->outputs, false);
    if (has_jacobian(trainer)) sape_trainer_jacobian_forward(trainer, workspace, worker);
}

/* One slot: its tiles' gradients, summed in their order. */
static void slot_gradient(void *context, size_t slot, size_t worker) {
    sape_trainer *trainer = context;
    const sape_network *network = trainer->field->network;
    float *gradient = trainer->slots + slot * network->size;
    const bool given = sape_loss_sees_batch(trainer->params.loss);
    size_t active = 0;
    for (size_t t = slot; t < trainer->plan.tiles; t += trainer->plan.slots) {
        struct sape_workspace *workspace = workspace_of(trainer, t, worker);
        if (!tiles_kept(trainer)) sape_tile_forward(trainer->field, &trainer->plan, t, &trainer->batch, workspace);
        if (given)
            copy_outputs(trainer, workspace, workspace->activations.d_values[0], trainer->d_outputs, true);
        else
            evaluate_tile(trainer, workspace);
        sape_rate_scale_tile(trainer, workspace);
        /* Rows that the first tile does not set begin with zero: the sort puts the largest tile first, but without it
           a later one may reach further. */
        if (workspace->active > active) {
            const size_t stride = network->layers[0].stride;
            if (t != slot)
                memset(gradient + active * stride, 0, (workspace->active - active) * stride * sizeof *gradient);
            active = workspace->active;
        }
        sape_tile_backward(trainer->field, &trainer->batch, workspace, gradient, t != slot, NULL, NULL);
        if (has_jacobian(trainer)) sape_trainer_jacobian_backward(trainer, workspace, worker, gradient);
    }
    trainer->slot_active[slot] = active;
}

/* First-layer rows that a slot has not reached are read by the optimizer all the same where another slot, or an earlier
   iteration, has reached them. */
static void fill_slots(sape_trainer *trainer) {
    const sape_network *network = trainer->field->network;
    const size_t stride = network->layers[0].stride;
    for (size_t slot = 0; slot < trainer->plan.slots; slot++)
        if (trainer->slot_active[slot] > trainer->touched) trainer->touched = trainer->slot_active[slot];
    for (size_t slot = 0; slot < trainer->plan.slots; slot++)
        memset(trainer->slots + slot * network->size + trainer->slot_active[slot] * stride, 0,
               (trainer->touched - trainer->slot_active[slot]) * stride * sizeof(float));
}

sape_status sape_trainer_call_loss(const char *function, const sape_trainer *trainer, size_t n, const float *x,
                                   const float *outputs, const float *targets, float *d_outputs, float *sample_loss,
                                   double *loss) {
    *loss = 0.0;
    const int result = trainer->params.loss_fn(trainer->params.loss_user, n, x, trainer->field->network->output_dim,
                                               outputs, targets, d_outputs, sample_loss, loss);
    sape_call_resume();
    if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, function, "loss_fn returned %d", result);
    return SAPE_OK;
}

static sape_status batch_loss(const char *function, sape_trainer *trainer, double *loss) {
    if (trainer->params.loss == SAPE_LOSS_CHAMFER) return sape_trainer_chamfer(function, trainer, loss);
    if (has_jacobian(trainer)) return sape_trainer_jacobian_loss(function, trainer, loss);
    return sape_trainer_call_loss(function, trainer, trainer->batch_size, trainer->batch_x, trainer->outputs,
                                  trainer->batch_targets, trainer->d_outputs, trainer->sample_loss, loss);
}

sape_status sape_trainer_gradients(const char *function, sape_trainer *trainer, double *loss) {
    const bool given = sape_loss_sees_batch(trainer->params.loss);
    sape_rate_begin(trainer);
    if (given) {
        sape_pool_run(trainer->pool, trainer->plan.tiles, predict_tile, trainer);
        SAPE_TRY(batch_loss(function, trainer, loss));
    }
    sape_pool_run(trainer->pool, trainer->plan.slots, slot_gradient, trainer);
    fill_slots(trainer);
    if (given) return SAPE_OK;
    double sum = 0.0;
    for (size_t i = 0; i < trainer->batch_size; i++) sum += (double)trainer->sample_loss[i];
    *loss = sum / (double)trainer->batch_size;
    return SAPE_OK;
}
