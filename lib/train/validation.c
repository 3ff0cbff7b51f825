/* SPDX-License-Identifier: MIT */
#include "train/validation.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "train/loss.h"

/* Of the samples, that may be held out. */
#define MAX_SHARE 0.9

static sape_status check_combination(const sape_trainer_params *params, const sape_field *field) {
    const double share = params->validation_share;
    if (field->mask->policy == SAPE_POLICY_SPATIAL_FIXED)
        return sape_fail(
            SAPE_ERROR_UNSUPPORTED,
            "validation_share is %g, but the policy is spatial_fixed, which needs the loss of every sample", share);
    if (params->loss == SAPE_LOSS_CHAMFER)
        return sape_fail(SAPE_ERROR_UNSUPPORTED,
                         "validation_share is %g, but the loss is Chamfer, which has no target for a sample", share);
    if (params->loss == SAPE_LOSS_CUSTOM_JACOBIAN)
        return sape_fail(SAPE_ERROR_UNSUPPORTED,
                         "validation_share is %g, but the loss looks at derivatives, which are not held out", share);
    return SAPE_OK;
}

sape_status sape_validation_check_params(const sape_trainer_params *params, const sape_field *field) {
    SAPE_REQUIRE(params->validation_share >= 0.0 && params->validation_share <= MAX_SHARE,
                 "validation_share is %g, must be 0 to %g", params->validation_share, MAX_SHARE);
    SAPE_REQUIRE(params->validation_every != 0, "validation_every is 0, must be at least 1");
    SAPE_REQUIRE(params->validation_margin >= 0.0 && !isinf(params->validation_margin),
                 "validation_margin is %g, must be finite and >= 0", params->validation_margin);
    return params->validation_share > 0.0 ? check_combination(params, field) : SAPE_OK;
}

void sape_validation_begin(struct sape_validation *validation, uint64_t since) {
    *validation =
        (struct sape_validation){.loss = INFINITY, .lowest_loss = INFINITY, .best_loss = INFINITY, .since = since};
}

/* The held-out samples in arrays, as a custom loss wants them. */
static sape_status open_arrays(const struct sape_batches *batches, struct sape_validation *validation) {
    const struct sape_samples *samples = batches->samples;
    const size_t n = validation->count;
    validation->x = SAPE_NEW_ARRAY(float, n * samples->d);
    validation->outputs = SAPE_NEW_ARRAY(float, n * samples->o);
    validation->d_outputs = SAPE_NEW_ARRAY(float, n * samples->o);
    if (samples->targets != NULL) validation->targets = SAPE_NEW_ARRAY(float, n * samples->o);
    if (validation->x == NULL || validation->outputs == NULL || validation->d_outputs == NULL ||
        (samples->targets != NULL && validation->targets == NULL))
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu held-out samples", n);
    sape_samples_gather_caller(samples, n, batches->epoch + samples->num_training, validation->x, validation->targets);
    return SAPE_OK;
}

sape_status sape_validation_open(const sape_field *field, const struct sape_batches *batches, sape_loss loss,
                                 struct sape_validation *validation) {
    validation->count = batches->samples->count - batches->samples->num_training;
    if (validation->count == 0) return SAPE_OK;
    validation->sample_loss = SAPE_NEW_ARRAY(float, validation->count);
    validation->lowest_sample_loss = SAPE_NEW_ARRAY(float, validation->count);
    if (validation->sample_loss == NULL || validation->lowest_sample_loss == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu held-out samples", validation->count);
    SAPE_TRY(sape_field_copy_create(field, &validation->best));
    SAPE_TRY(sape_field_copy_create(field, &validation->latest));
    return loss == SAPE_LOSS_CUSTOM ? open_arrays(batches, validation) : SAPE_OK;
}

sape_status sape_validation_set_weights(struct sape_validation *validation, const struct sape_batches *batches,
                                        const float *weights) {
    const size_t n = validation->count;
    float *copy = NULL;
    if (weights != NULL && n > 0) {
        copy = SAPE_NEW_ARRAY(float, n);
        if (copy == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu held-out weights", n);
        const size_t *order = batches->epoch + batches->samples->num_training;
        for (size_t i = 0; i < n; i++) copy[i] = weights[order[i]];
    }
    sape_release(validation->weights);
    validation->weights = copy;
    return SAPE_OK;
}

void sape_validation_close(const sape_field *field, struct sape_validation *validation) {
    float *const arrays[] = {validation->sample_loss, validation->lowest_sample_loss,
                             validation->weights,     validation->x,
                             validation->targets,     validation->outputs,
                             validation->d_outputs};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) sape_release(arrays[i]);
    sape_field_copy_free(field, validation->best);
    sape_field_copy_free(field, validation->latest);
}

/* One prediction of the held-out samples. */
struct pass {
    struct sape_validation *validation;
    const struct sape_validation_call *call;
    struct sape_plan plan;
    struct sape_batch batch;
};

static void evaluate_tile(void *context, size_t t, size_t worker) {
    struct pass *pass = context;
    const struct sape_validation_call *call = pass->call;
    const sape_field *field = call->field;
    struct sape_workspace *workspace = &call->gradients->workspaces[worker];
    sape_tile_forward(field, &pass->plan, t, &pass->batch, workspace);
    const size_t o = field->network->output_dim, width = workspace->tile.width;
    float *outputs = workspace->activations.values[field->network->num_layers].single;
    if (call->params->loss == SAPE_LOSS_CUSTOM) {
        sape_panels_to_rows(&workspace->tile, o, outputs, pass->validation->outputs + workspace->first * o);
        return;
    }
    for (size_t i = 0; i < workspace->tile.samples; i++) {
        const size_t place = workspace->first + i;
        const float *targets = call->batches->samples->targets + sape_batch_sample(&pass->batch, place) * o;
        pass->validation->sample_loss[place] = (float)sape_loss_sample(
            &call->objective->of_sample, o, width, sape_tile_output(field, workspace, outputs, i), targets, 1.0, NULL);
    }
}

/* The caller's own loss of the held-out samples. */
static sape_status call_loss(struct sape_validation *validation, const struct sape_validation_call *call,
                             double *loss) {
    const struct sape_samples *samples = call->batches->samples;
    struct sape_shown *shown = &call->gradients->whole.shown;
    *shown = (struct sape_shown){.count = validation->count, .which = call->batches->epoch + samples->num_training};
    sape_denormalize_outputs(call->batches->normalization, validation->count, validation->outputs);
    const sape_status status =
        sape_objective_call(call->objective, validation->count, validation->x, samples->o, validation->outputs,
                            validation->targets, validation->d_outputs, validation->sample_loss, loss);
    shown->count = 0;
    return status;
}

/* The held-out loss. The workspaces are the training's, and so are the tiles' sizes. */
static sape_status evaluate(struct sape_validation *validation, const struct sape_validation_call *call, double *loss) {
    const struct sape_samples *samples = call->batches->samples;
    const size_t n = validation->count, size = call->gradients->plan.tile_samples;
    struct pass pass = {.validation = validation,
                        .call = call,
                        .plan = {.samples = n, .tile_samples = size, .tiles = (n + size - 1) / size, .slots = 1},
                        .batch = {.x = samples->x, .order = call->batches->epoch + samples->num_training}};
    sape_pool_run(call->pool, pass.plan.tiles, evaluate_tile, &pass);
    if (call->params->loss == SAPE_LOSS_CUSTOM) SAPE_TRY(call_loss(validation, call, loss));
    if (call->params->loss != SAPE_LOSS_CUSTOM || validation->weights != NULL)
        *loss = sape_loss_mean(n, validation->sample_loss, validation->weights);
    return SAPE_OK;
}

/* The same of samples with weights. */
static double weighted_error(const struct sape_validation *validation) {
    const double n = (double)validation->count;
    double sum = 0.0, mean = 0.0, squares = 0.0;
    for (size_t i = 0; i < validation->count; i++) {
        const double weight = (double)validation->weights[i];
        sum += weight;
        mean += weight * ((double)validation->sample_loss[i] - (double)validation->lowest_sample_loss[i]);
    }
    mean /= sum;
    for (size_t i = 0; i < validation->count; i++) {
        const double difference = (double)validation->sample_loss[i] - (double)validation->lowest_sample_loss[i];
        const double share = (double)validation->weights[i] / sum * (difference - mean);
        squares += share * share;
    }
    return n > 1.0 ? sqrt(squares * n / (n - 1.0)) : 0.0;
}

/* Of the mean difference between the samples' losses and those when it was lowest. */
static double standard_error(const struct sape_validation *validation) {
    if (validation->weights != NULL) return weighted_error(validation);
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

/* What a new held-out loss means for the state that is kept. */
static void judge(struct sape_validation *validation, const struct sape_validation_call *call, uint64_t iteration) {
    const double loss = validation->loss;
    const bool lowest = loss < validation->lowest_loss;
    if (lowest || within_margin(validation, call->params->validation_margin)) {
        sape_field_copy_keep(validation->best, call->field);
        validation->has_best = true;
        validation->best_loss = loss;
        validation->best_iteration = iteration;
    }
    if (!lowest) return;
    memcpy(validation->lowest_sample_loss, validation->sample_loss, validation->count * sizeof(float));
    validation->lowest_loss = loss;
    validation->since = iteration;
}

sape_status sape_validation_observe(struct sape_validation *validation, const struct sape_validation_call *call,
                                    uint64_t iteration, sape_stop *stop) {
    const uint64_t patience = call->params->validation_patience;
    double loss;
    *stop = SAPE_STOP_ITERATIONS;
    if (validation->count == 0 || iteration % call->params->validation_every != 0) return SAPE_OK;
    SAPE_TRY(evaluate(validation, call, &loss));
    validation->loss = isnan(loss) ? (double)INFINITY : loss;
    judge(validation, call, iteration);
    if (patience > 0 && iteration - validation->since >= patience) *stop = SAPE_STOP_VALIDATION;
    return SAPE_OK;
}

void sape_validation_take_best(struct sape_validation *validation, sape_field *field) {
    if (!validation->has_best || validation->has_latest) return;
    sape_field_copy_keep(validation->latest, field);
    sape_field_copy_take(validation->best, field);
    validation->has_latest = true;
}

void sape_validation_show_latest(const struct sape_validation *validation, sape_field *field) {
    if (validation->has_latest) sape_field_copy_take(validation->latest, field);
}

void sape_validation_show_best(const struct sape_validation *validation, sape_field *field) {
    if (validation->has_latest) sape_field_copy_take(validation->best, field);
}

void sape_validation_resume(struct sape_validation *validation, sape_field *field) {
    sape_validation_show_latest(validation, field);
    validation->has_latest = false;
}
