/* SPDX-License-Identifier: MIT */
/* Which samples an iteration sees, and in which order. */
#include <string.h>

#include "call.h"
#include "error.h"
#include "loss.h"
#include "memory.h"
#include "trainer.h"

#define NUM_ARRAYS 10

static void list_arrays(sape_trainer *trainer, void **arrays[NUM_ARRAYS]) {
    void **const all[NUM_ARRAYS] = {
        (void **)&trainer->epoch,       (void **)&trainer->gathered_x, (void **)&trainer->gathered_targets,
        (void **)&trainer->order,       (void **)&trainer->bounds,     (void **)&trainer->slots,
        (void **)&trainer->sample_loss, (void **)&trainer->outputs,    (void **)&trainer->d_outputs,
        (void **)&trainer->starts};
    memcpy(arrays, all, sizeof all);
}

sape_trainer sape_trainer_without_samples(const sape_trainer *trainer) {
    sape_trainer bare = *trainer;
    void **arrays[NUM_ARRAYS];
    list_arrays(&bare, arrays);
    for (size_t i = 0; i < NUM_ARRAYS; i++) *arrays[i] = NULL;
    bare.has_data = false;
    bare.x = bare.targets = NULL;
    bare.sampler = NULL;
    bare.target_points.chamfer = (struct sape_chamfer){.gradient = NULL};
    bare.jacobian = (struct sape_jacobian){.loss_fn = trainer->jacobian.loss_fn, .user = trainer->jacobian.user};
    bare.workspaces = NULL;
    bare.num_workspaces = 0;
    bare.rate = NULL;
    sape_convergence_begin(&bare.convergence);
    sape_validation_begin(&bare.validation);
    /* Patience begins with the samples. */
    bare.validation.since = trainer->optimizer->num_steps;
    return bare;
}

void sape_trainer_release_samples(sape_trainer *trainer) {
    void **arrays[NUM_ARRAYS];
    list_arrays(trainer, arrays);
    for (size_t i = 0; i < NUM_ARRAYS; i++) sape_release(*arrays[i]);
    sape_chamfer_close(&trainer->target_points.chamfer);
    sape_trainer_jacobian_close(trainer);
    for (size_t i = 0; i < trainer->num_workspaces; i++) sape_workspace_close(&trainer->workspaces[i]);
    sape_release(trainer->workspaces);
    sape_validation_free(&trainer->validation);
    sape_rate_free(trainer->rate);
}

static bool allocate_batch(sape_trainer *trainer) {
    const size_t n = trainer->batch_size, outputs = trainer->field->network->output_dim;
    const size_t d = sape_encoder_domain_dim(trainer->field->encoder);
    trainer->sample_loss = SAPE_NEW_ARRAY(float, n);
    trainer->order = SAPE_NEW_ARRAY(size_t, n);
    trainer->bounds = SAPE_NEW_ARRAY(uint16_t, n);
    trainer->starts = SAPE_NEW_ARRAY(size_t, trainer->field->mask->encoding_dim + 1);
    trainer->slots = SAPE_NEW_ARRAY(float, trainer->plan.slots * trainer->field->network->size);
    bool complete = trainer->sample_loss && trainer->order && trainer->bounds && trainer->starts && trainer->slots;
    const bool drawn = n < trainer->num_samples;
    if (drawn) {
        trainer->epoch = SAPE_NEW_ARRAY(size_t, trainer->num_samples);
        complete = complete && trainer->epoch;
    }
    if (drawn || trainer->sampler != NULL) {
        trainer->gathered_x = SAPE_NEW_ARRAY(float, n *d);
        trainer->gathered_targets = SAPE_NEW_ARRAY(float, n *outputs);
        complete = complete && trainer->gathered_x && trainer->gathered_targets;
    }
    if (sape_loss_sees_batch(trainer->params.loss)) {
        trainer->outputs = SAPE_NEW_ARRAY(float, n *outputs);
        trainer->d_outputs = SAPE_NEW_ARRAY(float, n *outputs);
        complete = complete && trainer->outputs && trainer->d_outputs;
    }
    return complete;
}

void sape_trainer_gather(const sape_trainer *trainer, size_t count, const size_t *samples, float *x, float *targets) {
    const size_t d = sape_encoder_domain_dim(trainer->field->encoder), o = trainer->field->network->output_dim;
    for (size_t i = 0; i < count; i++) {
        memcpy(x + i * d, trainer->x + samples[i] * d, d * sizeof(float));
        if (trainer->targets != NULL) memcpy(targets + i * o, trainer->targets + samples[i] * o, o * sizeof(float));
    }
}

static void gather_batch(sape_trainer *trainer, const size_t *samples) {
    sape_trainer_gather(trainer, trainer->batch_size, samples, trainer->gathered_x, trainer->gathered_targets);
}

static sape_status open_workspaces(const char *function, sape_trainer *trainer) {
    const bool jacobian = trainer->params.loss == SAPE_LOSS_CUSTOM_JACOBIAN;
    size_t count = sape_pool_size(trainer->pool);
    if (sape_loss_sees_batch(trainer->params.loss) && count < SAPE_KEPT_TILES) count = SAPE_KEPT_TILES;
    trainer->workspaces = SAPE_NEW_ARRAY(struct sape_workspace, count);
    if (trainer->workspaces == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu tiles", count);
    for (; trainer->num_workspaces < count; trainer->num_workspaces++)
        SAPE_TRY(sape_workspace_open(function, &trainer->workspaces[trainer->num_workspaces], trainer->field,
                                     trainer->plan.tile_samples, jacobian));
    return jacobian ? sape_trainer_jacobian_open(function, trainer) : SAPE_OK;
}

sape_status sape_trainer_prepare(const char *function, sape_trainer *trainer) {
    const size_t wanted = trainer->sampler != NULL ? 0 : trainer->params.batch_size;
    trainer->num_training = trainer->num_samples - sape_validation_count(&trainer->params, trainer->num_samples);
    trainer->batch_size = wanted == 0 || wanted > trainer->num_training ? trainer->num_training : wanted;
    trainer->union_size = trainer->batch_size;
    trainer->ranks.agreed = false;
    trainer->plan = sape_plan_make(trainer->field, trainer->batch_size);
    if (!allocate_batch(trainer))
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for batches of %zu samples", trainer->batch_size);
    SAPE_TRY(open_workspaces(function, trainer));
    for (size_t i = 0; i < trainer->plan.slots; i++)
        trainer->gradients[i] = trainer->slots + i * trainer->field->network->size;
    trainer->used = trainer->num_training;
    trainer->sorted = false;
    trainer->has_data = true;
    SAPE_TRY(sape_rate_prepare(function, trainer));
    if (trainer->epoch == NULL) return SAPE_OK;
    sape_validation_draw(&trainer->params, trainer->num_training, trainer->num_samples, trainer->epoch);
    if (trainer->batch_size == trainer->num_training) gather_batch(trainer, trainer->epoch);
    return sape_validation_open(function, trainer);
}

/* Fisher and Yates. Iterations that failed have used up batches, but are not counted. */
static void shuffle(sape_trainer *trainer) {
    sape_convergence_new_epoch(&trainer->convergence);
    sape_rate_new_epoch(trainer->rate);
    for (size_t i = trainer->num_training; i > 1; i--) {
        const size_t j = (size_t)sape_random_below(&trainer->random, i);
        const size_t kept = trainer->epoch[i - 1];
        trainer->epoch[i - 1] = trainer->epoch[j];
        trainer->epoch[j] = kept;
    }
    trainer->used = 0;
}

/* Counting sort: samples with the most features first, otherwise as they come. */
static void sort_by_bounds(sape_trainer *trainer) {
    const size_t n = trainer->batch_size, dim = trainer->field->mask->encoding_dim;
    size_t *starts = trainer->starts;
    memset(starts, 0, (dim + 1) * sizeof *starts);
    sape_mask_bounds(trainer->field->mask, n, trainer->batch_x, trainer->bounds);
    for (size_t i = 0; i < n; i++) starts[trainer->bounds[i]]++;
    size_t start = 0;
    for (size_t bound = dim + 1; bound-- > 0;) {
        const size_t count = starts[bound];
        starts[bound] = start;
        start += count;
    }
    for (size_t i = 0; i < n; i++) trainer->order[starts[trainer->bounds[i]]++] = i;
}

/* Lets the sampler fill the batch. */
static sape_status sample(const char *function, sape_trainer *trainer) {
    const size_t n = trainer->batch_size, o = trainer->field->network->output_dim;
    float *x = trainer->gathered_x, *targets = trainer->gathered_targets;
    if (trainer->params.loss == SAPE_LOSS_CHAMFER) targets = NULL;
    const int result = trainer->sampler(trainer->sampler_user, trainer->optimizer->num_steps, n, x, targets);
    sape_call_resume();
    if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, function, "the sampler returned %d", result);
    SAPE_TRY(
        sape_check_coordinates(function, "the sampler's x", x, n, sape_encoder_domain_dim(trainer->field->encoder)));
    if (targets != NULL) SAPE_TRY(sape_loss_check_targets(function, trainer->params.loss, targets, n * o));
    trainer->batch_x = x;
    trainer->batch_targets = targets;
    return SAPE_OK;
}

sape_status sape_trainer_next_batch(const char *function, sape_trainer *trainer) {
    const struct sape_mask *mask = trainer->field->mask;
    if (trainer->sampler != NULL) {
        SAPE_TRY(sample(function, trainer));
        trainer->sorted = false;
    } else if (trainer->batch_size < trainer->num_training) {
        if (trainer->num_training - trainer->used < trainer->batch_size) shuffle(trainer);
        gather_batch(trainer, trainer->epoch + trainer->used);
        trainer->used += trainer->batch_size;
        trainer->sorted = false;
    }
    if (trainer->sampler == NULL) {
        const bool gathered = trainer->epoch != NULL;
        trainer->batch_x = gathered ? trainer->gathered_x : trainer->x;
        trainer->batch_targets = gathered && trainer->targets != NULL ? trainer->gathered_targets : trainer->targets;
    }
    const bool sort = mask->grid.dim > 0 && trainer->plan.tiles > 1;
    if (sort && !(trainer->sorted && trainer->sorted_version == mask->version)) {
        sort_by_bounds(trainer);
        trainer->sorted = true;
        trainer->sorted_version = mask->version;
    }
    trainer->batch = (struct sape_batch){.x = trainer->batch_x,
                                         .order = sort ? trainer->order : NULL,
                                         .lasting = trainer->sampler == NULL && trainer->batch_x == trainer->x};
    return SAPE_OK;
}
