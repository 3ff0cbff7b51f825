/* SPDX-License-Identifier: MIT */
#include "validation.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "claims.h"
#include "error.h"
#include "loss.h"
#include "memory.h"
#include "trainer.h"

#include <sape/checkpoint.h>

#define MAX_SHARE 0.9

sape_status sape_validation_check(const char *function, const sape_trainer_params *params, const sape_field *field) {
    if (!(params->validation_share >= 0.0) || params->validation_share > MAX_SHARE)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "validation_share is %g, must be 0 to %g",
                         params->validation_share, MAX_SHARE);
    if (params->validation_every == 0)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "validation_every is 0, must be at least 1");
    if (!(params->validation_margin >= 0.0) || isinf(params->validation_margin))
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "validation_margin is %g, must be finite and >= 0",
                         params->validation_margin);
    if (params->validation_share > 0.0 && field->mask->policy == SAPE_POLICY_SPATIAL_FIXED)
        return sape_fail(
            SAPE_ERROR_UNSUPPORTED, function,
            "validation_share is %g, but the policy is spatial_fixed, which needs the loss of every sample",
            params->validation_share);
    if (params->validation_share > 0.0 && params->loss == SAPE_LOSS_CHAMFER)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, function,
                         "validation_share is %g, but the loss is Chamfer, which has no target for a sample",
                         params->validation_share);
    if (params->validation_share > 0.0 && params->loss == SAPE_LOSS_CUSTOM_JACOBIAN)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, function,
                         "validation_share is %g, but the loss looks at derivatives, which are not held out",
                         params->validation_share);
    return SAPE_OK;
}

void sape_validation_begin(struct sape_validation *validation) {
    *validation = (struct sape_validation){.loss = INFINITY, .lowest_loss = INFINITY, .best_loss = INFINITY};
}

void sape_validation_free(struct sape_validation *validation) {
    float **const arrays[] = {&validation->sample_loss, &validation->lowest_sample_loss,
                              &validation->x,           &validation->targets,
                              &validation->outputs,     &validation->d_outputs};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) sape_release(*arrays[i]);
    sape_safetensors_free(validation->best);
    sape_safetensors_free(validation->latest);
}

/* Once there has been a loss there is a best state, and nothing of it before. */
sape_status sape_validation_check_state(const char *function, const struct sape_validation *v, uint64_t every,
                                        uint64_t num_steps) {
    const bool begun = v->lowest_loss < (double)INFINITY;
    const struct sape_claim claims[] = {
        {"sape.validation.since", v->since <= num_steps},
        {"sape.validation.best_iteration",
         v->best_iteration <= num_steps && v->best_iteration % every == 0 && begun == (v->best_iteration > 0)},
        {"sape.validation.lowest_loss", v->lowest_loss <= v->loss && (!begun || v->count > 0)},
        {"sape.validation.best_loss", v->best_loss >= v->lowest_loss && begun == (v->best_loss < (double)INFINITY)},
        {"sape.validation.best", begun == (v->best != NULL)},
        {"sape.validation.latest", begun || v->latest == NULL}};
    return SAPE_CHECK_CLAIMS(function, claims);
}

size_t sape_validation_count(const sape_trainer_params *params, size_t n) {
    if (params->validation_share == 0.0) return 0;
    const size_t count = (size_t)round(params->validation_share * (double)n);
    return count < 1 ? 1 : count < n ? count : n - 1;
}

/* One pass, in which every sample has the chance that makes the number right (Knuth, algorithm S). */
void sape_validation_draw(const sape_trainer_params *params, size_t num_training, size_t n, size_t *samples) {
    struct sape_random random;
    size_t trained = 0, held = num_training;
    sape_random_init(&random, params->seed, SAPE_STREAM_VALIDATION);
    for (size_t i = 0; i < n; i++) {
        const bool out = held < n && sape_random_below(&random, n - i) < n - held;
        samples[out ? held++ : trained++] = i;
    }
}

sape_status sape_training_samples_open(const char *function, const sape_trainer *trainer,
                                       struct sape_training_samples *samples) {
    const size_t d = sape_encoder_domain_dim(trainer->field->encoder), o = trainer->field->network->output_dim;
    const size_t n = trainer->num_samples, count = n - sape_validation_count(&trainer->params, n);
    *samples = (struct sape_training_samples){.n = count, .x = trainer->x, .targets = trainer->targets};
    if (count == n) return SAPE_OK;
    size_t *order = SAPE_NEW_ARRAY(size_t, n);
    float *x = samples->copies[0] = SAPE_NEW_ARRAY(float, count *d);
    float *targets = samples->copies[1] = SAPE_NEW_ARRAY(float, count *o);
    const bool complete = order != NULL && x != NULL && targets != NULL;
    if (complete) {
        sape_validation_draw(&trainer->params, count, n, order);
        sape_trainer_gather(trainer, count, order, x, targets);
    }
    sape_release(order);
    samples->x = x;
    samples->targets = targets;
    return complete ? SAPE_OK : sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu samples", count);
}

void sape_training_samples_close(struct sape_training_samples *samples) {
    sape_release(samples->copies[0]);
    sape_release(samples->copies[1]);
}

/* The held-out samples in arrays, as a custom loss wants them. */
static sape_status open_arrays(const char *function, sape_trainer *trainer) {
    struct sape_validation *validation = &trainer->validation;
    const size_t n = validation->count, o = trainer->field->network->output_dim;
    const size_t d = sape_encoder_domain_dim(trainer->field->encoder);
    validation->x = SAPE_NEW_ARRAY(float, n *d);
    validation->outputs = SAPE_NEW_ARRAY(float, n *o);
    validation->d_outputs = SAPE_NEW_ARRAY(float, n *o);
    if (trainer->targets != NULL) validation->targets = SAPE_NEW_ARRAY(float, n *o);
    if (validation->x == NULL || validation->outputs == NULL || validation->d_outputs == NULL ||
        (trainer->targets != NULL && validation->targets == NULL))
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu held-out samples", n);
    sape_trainer_gather(trainer, n, trainer->epoch + trainer->num_training, validation->x, validation->targets);
    return SAPE_OK;
}

sape_status sape_validation_open(const char *function, sape_trainer *trainer) {
    struct sape_validation *validation = &trainer->validation;
    validation->count = trainer->num_samples - trainer->num_training;
    if (validation->count == 0) return SAPE_OK;
    validation->sample_loss = SAPE_NEW_ARRAY(float, validation->count);
    validation->lowest_sample_loss = SAPE_NEW_ARRAY(float, validation->count);
    if (validation->sample_loss == NULL || validation->lowest_sample_loss == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu held-out samples", validation->count);
    return trainer->params.loss == SAPE_LOSS_CUSTOM ? open_arrays(function, trainer) : SAPE_OK;
}

/* One prediction of the held-out samples. */
struct pass {
    sape_trainer *trainer;
    struct sape_plan plan;
    struct sape_batch batch;
};

static void evaluate_tile(void *context, size_t t, size_t worker) {
    struct pass *pass = context;
    sape_trainer *trainer = pass->trainer;
    const sape_network *network = trainer->field->network;
    struct sape_workspace *workspace = &trainer->workspaces[worker];
    sape_tile_forward(trainer->field, &pass->plan, t, &pass->batch, workspace);
    const size_t o = network->output_dim, width = workspace->tile.width;
    float *outputs = workspace->activations.values[network->num_layers];
    if (trainer->params.loss == SAPE_LOSS_CUSTOM) {
        sape_panels_to_rows(&workspace->tile, o, outputs, trainer->validation.outputs + workspace->first * o);
        return;
    }
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const size_t place = workspace->first + i;
        const double loss =
            sape_loss_sample(trainer->params.loss, o, width, sape_tile_output(trainer->field, workspace, outputs, i),
                             trainer->targets + sape_batch_sample(&pass->batch, place) * o, 1.0, NULL);
        trainer->validation.sample_loss[place] = (float)loss;
    }
}

/* The held-out loss. The workspaces are the training's, and so are the tiles' sizes. */
static sape_status evaluate(const char *function, sape_trainer *trainer, double *loss) {
    const struct sape_validation *validation = &trainer->validation;
    const size_t n = validation->count, size = trainer->plan.tile_samples;
    struct pass pass = {.trainer = trainer,
                        .plan = {.samples = n, .tile_samples = size, .tiles = (n + size - 1) / size, .slots = 1},
                        .batch = {.x = trainer->x, .order = trainer->epoch + trainer->num_training}};
    sape_pool_run(trainer->pool, pass.plan.tiles, evaluate_tile, &pass);
    if (trainer->params.loss == SAPE_LOSS_CUSTOM)
        return sape_trainer_call_loss(function, trainer, n, validation->x, validation->outputs, validation->targets,
                                      validation->d_outputs, validation->sample_loss, loss);
    *loss = 0.0;
    for (size_t i = 0; i < n; i++) *loss += (double)validation->sample_loss[i];
    *loss /= (double)n;
    return SAPE_OK;
}

static sape_status keep(sape_trainer *trainer, sape_safetensors **place) {
    sape_safetensors *checkpoint;
    SAPE_TRY(sape_field_checkpoint(trainer->field, &checkpoint));
    sape_safetensors_free(*place);
    *place = checkpoint;
    return SAPE_OK;
}

/* Of the mean difference between the samples' losses and those when it was lowest. */
static double standard_error(const struct sape_validation *validation) {
    double mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < validation->count; i++) {
        const double difference = (double)validation->sample_loss[i] - (double)validation->lowest_sample_loss[i];
        const double delta = difference - mean;
        mean += delta / (double)(i + 1);
        squares += delta * (difference - mean);
    }
    const double n = (double)validation->count;
    return n > 1.0 ? sqrt(squares / (n - 1.0) / n) : 0.0;
}

static bool within_margin(const struct sape_validation *validation, double margin) {
    return margin > 0.0 && isfinite(validation->loss) && isfinite(validation->lowest_loss) &&
           validation->loss - validation->lowest_loss <= margin * standard_error(validation);
}

sape_status sape_validation_observe(const char *function, sape_trainer *trainer, sape_stop *stop) {
    struct sape_validation *validation = &trainer->validation;
    const uint64_t iteration = trainer->optimizer->num_steps, patience = trainer->params.validation_patience;
    *stop = SAPE_STOP_ITERATIONS;
    if (trainer->num_training == trainer->num_samples || iteration % trainer->params.validation_every != 0)
        return SAPE_OK;
    double loss;
    SAPE_TRY(evaluate(function, trainer, &loss));
    validation->loss = isnan(loss) ? (double)INFINITY : loss;
    const bool lowest = loss < validation->lowest_loss;
    if (lowest || within_margin(validation, trainer->params.validation_margin)) {
        SAPE_TRY(keep(trainer, &validation->best));
        validation->best_loss = loss;
        validation->best_iteration = iteration;
    }
    if (lowest) {
        memcpy(validation->lowest_sample_loss, validation->sample_loss, validation->count * sizeof(float));
        validation->lowest_loss = loss;
        validation->since = iteration;
    }
    if (patience > 0 && iteration - validation->since >= patience) *stop = SAPE_STOP_VALIDATION;
    return SAPE_OK;
}

sape_status sape_validation_take_best(sape_trainer *trainer) {
    struct sape_validation *validation = &trainer->validation;
    if (validation->best == NULL || validation->latest != NULL) return SAPE_OK;
    SAPE_TRY(keep(trainer, &validation->latest));
    const sape_status status = sape_field_restore(trainer->field, validation->best);
    if (status == SAPE_OK) return SAPE_OK;
    sape_safetensors_free(validation->latest);
    validation->latest = NULL;
    return status;
}

sape_status sape_validation_show_latest(const sape_trainer *trainer) {
    const struct sape_validation *validation = &trainer->validation;
    return validation->latest == NULL ? SAPE_OK : sape_field_restore(trainer->field, validation->latest);
}

void sape_validation_show_best(const sape_trainer *trainer) {
    const struct sape_validation *validation = &trainer->validation;
    if (validation->latest != NULL) (void)sape_field_restore(trainer->field, validation->best);
}

sape_status sape_validation_resume(sape_trainer *trainer) {
    struct sape_validation *validation = &trainer->validation;
    SAPE_TRY(sape_validation_show_latest(trainer));
    sape_safetensors_free(validation->latest);
    validation->latest = NULL;
    return SAPE_OK;
}
