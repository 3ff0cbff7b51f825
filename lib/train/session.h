/* SPDX-License-Identifier: MIT */
/* All that goes with the training samples. New samples are a new session, which replaces the old one as a whole. */
#ifndef SAPE_LIB_SESSION_H
#define SAPE_LIB_SESSION_H

#include "train/gradient.h"
#include "train/rate.h"
#include "train/stop.h"
#include "train/validation.h"

struct sape_session {
    struct sape_samples samples;
    struct sape_batches batches;
    struct sape_gradients gradients;
    struct sape_validation validation;
    struct sape_convergence convergence;
    /* NULL without an adaptive rate. */
    struct sape_rate *rate;
};

/* What a session is made for. */
struct sape_session_setup {
    const sape_trainer_params *params;
    sape_field *field;
    const struct sape_pool *pool;
    /* Patience starts here. */
    uint64_t num_steps;
};

/* A session of these samples, none where their count is 0; it learns from the adaptive rate of an older one, which may
   be NULL. *out is NULL when it fails. */
sape_status sape_session_open(const struct sape_session_setup *setup, const struct sape_samples *samples,
                              const struct sape_rate *rate, struct sape_session **out);
void sape_session_close(const sape_field *field, struct sape_session *session);

/* Puts an adaptive rate into the session, NULL to take it away; nothing changes when it fails. */
sape_status sape_session_set_rate(struct sape_session *session, const sape_field *field, uint64_t seed,
                                  const sape_adaptive_rate_params *params);

/* Gives the samples weights, NULL for none; nothing changes when it fails. */
sape_status sape_session_set_weights(struct sape_session *session, const float *weights);

/* The variance policy's signal: the targets that are trained on. */
sape_status sape_session_set_signal(const struct sape_session *session, sape_field *field, uint64_t seed);

#endif
