/* SPDX-License-Identifier: MIT */
#include "train/whole.h"

#include "base/call.h"
#include "base/error.h"

/* One of an iteration's batches. */
struct slice {
    size_t first, n;
    const float *x, *targets, *weights;
    float *outputs, *d_outputs, *sample_loss;
};

static struct slice slice_of(const struct sape_whole *whole, const struct sape_batches *batches, float *sample_loss,
                             size_t first) {
    const size_t rest = batches->size - first, d = batches->samples->d, o = batches->samples->o;
    return (struct slice){.first = first,
                          .n = rest < batches->slice ? rest : batches->slice,
                          .x = batches->caller_x + first * d,
                          .targets = batches->caller_targets == NULL ? NULL : batches->caller_targets + first * o,
                          .weights = batches->weights == NULL ? NULL : batches->weights + first,
                          .outputs = whole->outputs + first * o,
                          .d_outputs = whole->d_outputs + first * o,
                          .sample_loss = sample_loss + first};
}

static sape_status jacobian_loss(const struct sape_whole *whole, const struct sape_whole_call *call,
                                 const struct slice *slice, double *loss) {
    const struct sape_objective *objective = call->objective;
    const size_t d = call->batches->samples->d, o = call->batches->samples->o, at = slice->first * o * d;
    *loss = 0.0;
    const char *name = sape_call_pause();
    const int result = objective->jacobian_fn(objective->jacobian_user, slice->n, d, slice->x, o, slice->outputs,
                                              whole->jacobian.values + at, slice->targets, slice->d_outputs,
                                              whole->jacobian.d_values + at, slice->sample_loss, loss);
    sape_call_resume(name);
    if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, "the loss function returned %d", result);
    return SAPE_OK;
}

static sape_status slice_loss(struct sape_whole *whole, const struct sape_whole_call *call, const struct slice *slice,
                              double *loss) {
    const struct sape_objective *objective = call->objective;
    const size_t o = call->batches->samples->o;
    switch (objective->loss) {
    case SAPE_LOSS_CHAMFER:
        return sape_target_points_loss(&objective->points, &whole->chamfer, call->random, slice->n, o, slice->outputs,
                                       slice->weights, slice->d_outputs, slice->sample_loss, loss);
    case SAPE_LOSS_CUSTOM_JACOBIAN:
        return jacobian_loss(whole, call, slice, loss);
    default:
        return sape_objective_call(objective, slice->n, slice->x, o, slice->outputs, slice->targets, slice->d_outputs,
                                   slice->sample_loss, loss);
    }
}

static void scale_row(float *row, size_t count, float factor) {
    for (size_t k = 0; k < count; k++) row[k] *= factor;
}

/* Multiplies what a sample's loss gives to the gradient. */
static void scale_sample(struct sape_whole *whole, const struct sape_samples *samples, size_t sample, float factor) {
    const size_t o = samples->o, od = o * samples->d;
    scale_row(whole->d_outputs + sample * o, o, factor);
    if (whole->jacobian.d_values != NULL) scale_row(whole->jacobian.d_values + sample * od, od, factor);
}

/* The caller's function has the mean over samples: n w / sum(w) makes it theirs with weights. */
static void apply_weights(struct sape_whole *whole, const struct sape_whole_call *call) {
    const struct sape_batches *batches = call->batches;
    const double n = (double)batches->size;
    const double scale = call->deferred || batches->weight == 0.0 ? 1.0 : n / batches->weight;
    for (size_t i = 0; i < batches->size; i++)
        scale_sample(whole, batches->samples, i, (float)((double)batches->weights[i] * scale));
}

static sape_status evaluate_slices(struct sape_whole *whole, const struct sape_whole_call *call, float *sample_loss,
                                   double *loss) {
    const struct sape_batches *batches = call->batches;
    *loss = 0.0;
    for (size_t first = 0; first < batches->size; first += batches->slice) {
        const struct slice slice = slice_of(whole, batches, sample_loss, first);
        const double share = (double)slice.n / (double)batches->size;
        double part;
        whole->shown = (struct sape_shown){.count = slice.n, .first = first, .which = batches->which};
        SAPE_TRY(slice_loss(whole, call, &slice, &part));
        *loss += share * part;
        for (size_t i = 0; slice.n < batches->size && i < slice.n; i++)
            scale_sample(whole, batches->samples, first + i, (float)share);
    }
    return SAPE_OK;
}

sape_status sape_whole_loss(struct sape_whole *whole, const struct sape_whole_call *call, float *sample_loss,
                            double *loss) {
    const struct sape_batches *batches = call->batches;
    const struct sape_normalization *normalization = batches->normalization;
    const size_t n = batches->size;
    sape_denormalize_outputs(normalization, n, whole->outputs);
    if (whole->jacobian.values != NULL) sape_normalize_jacobian(normalization, n, whole->jacobian.values);
    const sape_status status = evaluate_slices(whole, call, sample_loss, loss);
    whole->shown.count = 0;
    SAPE_TRY(status);
    sape_normalize_d_outputs(normalization, n, whole->d_outputs);
    if (whole->jacobian.values != NULL) sape_normalize_jacobian(normalization, n, whole->jacobian.d_values);
    if (batches->weights == NULL || call->objective->loss == SAPE_LOSS_CHAMFER) return SAPE_OK;
    apply_weights(whole, call);
    *loss = sape_loss_mean(n, sample_loss, batches->weights);
    return SAPE_OK;
}
