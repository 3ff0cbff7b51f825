/* SPDX-License-Identifier: MIT */
#include "train/session.h"

#include "base/error.h"
#include "base/memory.h"

static sape_status open_samples(const struct sape_session_setup *setup, struct sape_session *session) {
    const sape_trainer_params *params = setup->params;
    struct sape_samples *samples = &session->samples;
    if (samples->count == 0) return SAPE_OK;
    samples->num_training = samples->count - sape_held_out_count(params->validation_share, samples->count);
    if (samples->sampler == NULL) SAPE_TRY(sape_samples_normalize(samples, &setup->field->normalization));
    SAPE_TRY(sape_batches_open(samples, params, setup->field, &session->batches));
    SAPE_TRY(sape_gradients_open(setup->field, setup->pool, params->loss, session->batches.size, &session->gradients));
    SAPE_TRY(sape_validation_open(setup->field, &session->batches, params->loss, &session->validation));
    if (session->rate == NULL) return SAPE_OK;
    return sape_rate_prepare(session->rate, &session->batches, params->seed);
}

sape_status sape_session_open(const struct sape_session_setup *setup, const struct sape_samples *samples,
                              const struct sape_rate *rate, struct sape_session **out) {
    struct sape_session *session = *out = SAPE_NEW(struct sape_session);
    if (session == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu samples", samples->count);
    session->samples = *samples;
    session->batches.samples = &session->samples;
    sape_convergence_begin(&session->convergence);
    sape_validation_begin(&session->validation, setup->num_steps);
    sape_status status = rate == NULL ? SAPE_OK : sape_rate_copy(rate, &session->rate);
    if (status == SAPE_OK) status = open_samples(setup, session);
    if (status == SAPE_OK) return SAPE_OK;
    sape_session_close(setup->field, session);
    *out = NULL;
    return status;
}

void sape_session_close(const sape_field *field, struct sape_session *session) {
    if (session == NULL) return;
    sape_batches_close(&session->batches);
    sape_samples_close(&session->samples);
    sape_gradients_close(&session->gradients);
    sape_validation_close(field, &session->validation);
    sape_rate_free(session->rate);
    sape_release(session);
}

sape_status sape_session_set_rate(struct sape_session *session, const sape_field *field, uint64_t seed,
                                  const sape_adaptive_rate_params *params) {
    struct sape_rate *rate = NULL;
    if (params != NULL) {
        SAPE_TRY(sape_rate_create(params, field, &rate));
        const sape_status status =
            session->samples.count == 0 ? SAPE_OK : sape_rate_prepare(rate, &session->batches, seed);
        if (status != SAPE_OK) {
            sape_rate_free(rate);
            return status;
        }
    }
    sape_rate_free(session->rate);
    session->rate = rate;
    return SAPE_OK;
}

sape_status sape_session_set_weights(struct sape_session *session, const float *weights) {
    const float *kept = session->samples.weights;
    SAPE_TRY(sape_batches_set_weights(&session->batches, &session->samples, weights));
    const sape_status status = sape_validation_set_weights(&session->validation, &session->batches, weights);
    if (status != SAPE_OK) sape_batches_set_weights(&session->batches, &session->samples, kept);
    return status;
}

sape_status sape_session_set_signal(const struct sape_session *session, sape_field *field, uint64_t seed) {
    struct sape_training_samples training;
    const struct sape_samples *samples = &session->samples;
    if (samples->targets == NULL || sape_mask_policy(field->mask) != SAPE_POLICY_VARIANCE) return SAPE_OK;
    sape_status status = sape_training_samples_open(samples, seed, &training);
    if (status == SAPE_OK)
        status = sape_mask_set_signal(field->mask, training.n, training.x, samples->o, training.targets);
    sape_training_samples_close(&training);
    return status;
}
