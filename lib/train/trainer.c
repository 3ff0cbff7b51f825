/* SPDX-License-Identifier: MIT */
/* Making a trainer, and giving it what it trains on and for. */
#include "train/trainer.h"

#include "base/call.h"
#include "base/environment.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "train/loss.h"

static const sape_trainer_params defaults = {.struct_size = sizeof(sape_trainer_params),
                                             .loss = SAPE_LOSS_MSE,
                                             .loss_fn = NULL,
                                             .loss_user = NULL,
                                             .batch_size = 0,
                                             .num_threads = 0,
                                             .seed = 0,
                                             .progress_every = 1,
                                             .tolerance = 0.0,
                                             .patience = 0,
                                             .min_improvement = 1e-3,
                                             .validation_share = 0.0,
                                             .validation_every = 20,
                                             .validation_patience = 0,
                                             .validation_margin = 1.0,
                                             .huber_delta = 1.0,
                                             .average_decay = 0.0,
                                             .accumulate = 1,
                                             .plateau_patience = 0,
                                             .plateau_factor = 0.5,
                                             .history = 0};

void sape_trainer_params_init(sape_trainer_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_params(sape_trainer_params *params, const sape_field *field) {
    SAPE_REQUIRE((unsigned)params->loss <= SAPE_LOSS_RELATIVE_L2, "loss is %d, not a sape_loss", (int)params->loss);
    SAPE_REQUIRE((params->loss == SAPE_LOSS_CUSTOM) == (params->loss_fn != NULL), "loss_fn is %s, but loss is %s",
                 params->loss_fn == NULL ? "NULL" : "set", params->loss == SAPE_LOSS_CUSTOM ? "custom" : "built in");
    SAPE_REQUIRE(params->loss != SAPE_LOSS_CHAMFER || field->network->output_dim <= SAPE_NEAREST_MAX_DIM,
                 "loss is Chamfer, but output_dim is %zu, must be 1 to %d", field->network->output_dim,
                 SAPE_NEAREST_MAX_DIM);
    if (params->progress_every == 0) return sape_fail(SAPE_ERROR_ARGUMENT, "progress_every is 0, must be at least 1");
    if (params->loss == SAPE_LOSS_BCE && field->normalization.outputs)
        return sape_fail(SAPE_ERROR_UNSUPPORTED,
                         "loss is BCE, but the field scales its targets: labels are not scaled");
    SAPE_REQUIRE(params->accumulate >= 1, "accumulate is 0, must be at least 1");
    SAPE_TRY(sape_loss_check_delta(params->huber_delta));
    SAPE_TRY(sape_average_check_decay(params->average_decay));
    SAPE_TRY(sape_history_check_capacity(params->history));
    SAPE_TRY(sape_convergence_check_params(params));
    SAPE_TRY(sape_validation_check_params(params, field));
    return sape_threads_resolve(&params->num_threads);
}

static struct sape_session_setup setup_of(const sape_trainer *trainer) {
    return (struct sape_session_setup){.params = &trainer->params,
                                       .field = trainer->field,
                                       .pool = trainer->pool,
                                       .num_steps = trainer->updater.optimizer->num_steps};
}

static sape_status create_parts(sape_trainer *trainer, const sape_optimizer_params *optimizer) {
    const struct sape_samples none = {.d = sape_encoder_domain_dim(trainer->field->encoder),
                                      .o = trainer->field->network->output_dim};
    const sape_field *field = trainer->field;
    SAPE_TRY(sape_updater_open(optimizer, field, &trainer->updater));
    SAPE_TRY(sape_clip_open(trainer->updater.optimizer->params.clip_norm, field->network, &trainer->clip));
    SAPE_TRY(sape_average_open(trainer->params.average_decay, field, &trainer->average));
    SAPE_TRY(sape_history_open(trainer->params.history, &trainer->history));
    SAPE_TRY(sape_pool_create(trainer->params.num_threads, &trainer->pool));
    const struct sape_session_setup setup = setup_of(trainer);
    SAPE_TRY(sape_session_open(&setup, &none, NULL, &trainer->session));
    return sape_field_take(trainer->field, trainer);
}

sape_status sape_trainer_create(const sape_trainer_params *params, const sape_optimizer_params *optimizer,
                                sape_field *field, sape_trainer **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(field);
    sape_trainer_params known = defaults;
    if (params != NULL) SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check_params(&known, field));
    sape_trainer *trainer = SAPE_NEW(sape_trainer);
    if (trainer == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for a trainer");
    trainer->params = known;
    trainer->field = field;
    trainer->objective = (struct sape_objective){.loss = known.loss,
                                                 .of_sample = {.kind = known.loss, .huber_delta = known.huber_delta},
                                                 .loss_fn = known.loss_fn,
                                                 .loss_user = known.loss_user};
    sape_random_init(&trainer->random, known.seed, SAPE_STREAM_BATCHES);
    const sape_status status = create_parts(trainer, optimizer);
    if (status != SAPE_OK) {
        sape_trainer_free(trainer);
        return status;
    }
    *out = trainer;
    return SAPE_OK;
}

void sape_trainer_free(sape_trainer *trainer) {
    SAPE_BEGIN_CALL();
    if (trainer == NULL) return;
    sape_session_close(trainer->field, trainer->session);
    sape_target_points_close(&trainer->objective.points);
    sape_pool_free(trainer->pool);
    sape_updater_close(&trainer->updater);
    sape_clip_close(&trainer->clip);
    sape_average_close(&trainer->average);
    sape_history_close(&trainer->history);
    sape_ranks_close(&trainer->ranks);
    sape_field_give_back(trainer->field, trainer);
    sape_release(trainer);
}

sape_status sape_trainer_check_outside(const sape_trainer *trainer) {
    if (!trainer->inside) return SAPE_OK;
    return sape_fail(SAPE_ERROR_STATE, "the trainer is in use: this is a call from one of its callbacks");
}

/* The field goes on from where training has left it, under the variance policy with the new targets as its signal. */
static sape_status begin_field(const sape_trainer *trainer, const struct sape_session *next) {
    const struct sape_validation *validation = &trainer->session->validation;
    sape_validation_show_latest(validation, trainer->field);
    const sape_status status = sape_session_set_signal(next, trainer->field, trainer->params.seed);
    if (status != SAPE_OK) sape_validation_show_best(validation, trainer->field);
    return status;
}

/* A session of new samples in place of the present one; when it fails that one stays. */
static sape_status begin_session(sape_trainer *trainer, const struct sape_samples *samples) {
    const struct sape_session_setup setup = setup_of(trainer);
    struct sape_session *next;
    SAPE_TRY(sape_session_open(&setup, samples, trainer->session->rate, &next));
    const sape_status status = begin_field(trainer, next);
    struct sape_session *dropped = status == SAPE_OK ? trainer->session : next;
    if (status == SAPE_OK) {
        trainer->session = next;
        sape_ranks_forget(&trainer->ranks, next->batches.size);
    }
    sape_session_close(trainer->field, dropped);
    return status;
}

sape_status sape_trainer_set_data(sape_trainer *trainer, size_t n, const float *x, const float *targets) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(n >= 2 || trainer->params.validation_share == 0.0, "n is 1, must be at least 2 to hold a sample out");
    struct sape_samples samples = {.count = n,
                                   .x = x,
                                   .targets = targets,
                                   .d = sape_encoder_domain_dim(trainer->field->encoder),
                                   .o = trainer->field->network->output_dim};
    SAPE_TRY(sape_normalization_check(&trainer->field->normalization, "x", x, n));
    const sape_loss loss = trainer->params.loss;
    SAPE_REQUIRE(targets != NULL || sape_loss_sees_batch(loss), "targets is NULL");
    SAPE_REQUIRE(targets == NULL || loss != SAPE_LOSS_CHAMFER, "targets is not NULL, but loss is Chamfer");
    SAPE_TRY(sape_check_size("n", n, samples.o));
    if (targets != NULL) SAPE_TRY(sape_loss_check_targets(loss, targets, n * samples.o));
    return begin_session(trainer, &samples);
}

sape_status sape_trainer_set_sampler(sape_trainer *trainer, size_t n, sape_sample_fn sampler, void *user) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(sampler);
    if (trainer->params.validation_share > 0.0)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, "validation_share is %g: a sampler's samples cannot be held out",
                         trainer->params.validation_share);
    const size_t accumulate = trainer->params.accumulate;
    if (n > SIZE_MAX / accumulate) return sape_fail(SAPE_ERROR_MEMORY, "n is %zu, too many for memory", n);
    const struct sape_samples samples = {.count = n * accumulate,
                                         .sampler = sampler,
                                         .sampler_user = user,
                                         .d = sape_encoder_domain_dim(trainer->field->encoder),
                                         .o = trainer->field->network->output_dim};
    SAPE_TRY(sape_check_size("n", samples.count, samples.d > samples.o ? samples.d : samples.o));
    return begin_session(trainer, &samples);
}

sape_status sape_trainer_set_weights(sape_trainer *trainer, size_t n, const float *weights) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    struct sape_session *session = trainer->session;
    if (session->samples.count == 0) return sape_fail(SAPE_ERROR_STATE, "there is no data yet");
    SAPE_REQUIRE(weights == NULL || n == session->samples.count, "n is %zu, must be the number of samples, %zu", n,
                 session->samples.count);
    SAPE_TRY(sape_session_set_weights(session, weights));
    sape_ranks_forget(&trainer->ranks, session->batches.size);
    return SAPE_OK;
}

sape_status sape_trainer_set_learning_rate(sape_trainer *trainer, double learning_rate) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    if (!trainer->reporting) SAPE_TRY(sape_trainer_check_outside(trainer));
    SAPE_TRY(sape_optimizer_set_learning_rate(trainer->updater.optimizer, learning_rate));
    if (!trainer->reporting) trainer->ranks.agreed = false;
    return SAPE_OK;
}

sape_status sape_trainer_set_target_points(sape_trainer *trainer, size_t m, const float *points, size_t per_iteration) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    if (trainer->params.loss != SAPE_LOSS_CHAMFER)
        return sape_fail(SAPE_ERROR_STATE, "the trainer's loss is not Chamfer");
    SAPE_REQUIRE(m >= 1, "m is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(points);
    const size_t dim = trainer->field->network->output_dim;
    SAPE_TRY(sape_check_size("m", m, dim));
    SAPE_TRY(sape_check_finite("points", points, m * dim));
    struct sape_target_points target;
    SAPE_TRY(sape_target_points_open(m, points, per_iteration, dim, &target));
    sape_target_points_close(&trainer->objective.points);
    sape_chamfer_close(&trainer->session->gradients.whole.chamfer);
    trainer->objective.points = target;
    return SAPE_OK;
}

sape_status sape_trainer_set_jacobian_loss(sape_trainer *trainer, sape_jacobian_loss_fn loss_fn, void *user) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    SAPE_REQUIRE_POINTER(loss_fn);
    if (trainer->params.loss != SAPE_LOSS_CUSTOM_JACOBIAN)
        return sape_fail(SAPE_ERROR_STATE, "the trainer's loss is not SAPE_LOSS_CUSTOM_JACOBIAN");
    trainer->objective.jacobian_fn = loss_fn;
    trainer->objective.jacobian_user = user;
    return SAPE_OK;
}

sape_status sape_trainer_set_adaptive_rate(sape_trainer *trainer, const sape_adaptive_rate_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    sape_adaptive_rate_params known;
    if (params != NULL) {
        SAPE_TRY(sape_rate_params_read(params, &known));
        if (trainer->ranks.reduce != NULL)
            return sape_fail(SAPE_ERROR_UNSUPPORTED, "the trainer trains on several ranks");
        if (trainer->params.loss == SAPE_LOSS_CUSTOM_JACOBIAN)
            return sape_fail(SAPE_ERROR_UNSUPPORTED, "the trainer's loss looks at derivatives");
    }
    return sape_session_set_rate(trainer->session, trainer->field, trainer->params.seed,
                                 params == NULL ? NULL : &known);
}

sape_status sape_trainer_set_reduce(sape_trainer *trainer, sape_reduce_fn reduce, void *user) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    if (reduce != NULL && trainer->field->mask->policy == SAPE_POLICY_SPATIAL_FIXED)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, "the policy is spatial_fixed, whose rows cannot be shared by ranks");
    if (reduce != NULL && trainer->params.validation_share > 0.0)
        return sape_fail(SAPE_ERROR_UNSUPPORTED,
                         "validation_share is %g: ranks do not see each other's held-out samples",
                         trainer->params.validation_share);
    if (reduce != NULL && trainer->session->rate != NULL)
        return sape_fail(SAPE_ERROR_UNSUPPORTED, "the adaptive rate knows the samples of one rank only");
    SAPE_TRY(sape_ranks_set(&trainer->ranks, trainer->field, reduce, user));
    sape_ranks_forget(&trainer->ranks, trainer->session->batches.size);
    return SAPE_OK;
}
