/* SPDX-License-Identifier: MIT */
#include "trainer.h"

#include <math.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "call.h"
#include "error.h"
#include "loss.h"
#include "memory.h"
#include "params.h"

/* Networks of fewer parameters are stepped faster than threads are woken. */
#define SMALL_NETWORK 65536

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
                                             .validation_margin = 1.0};

void sape_trainer_params_init(sape_trainer_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

static sape_status check_params(const char *function, sape_trainer_params *params, const sape_field *field) {
    if ((unsigned)params->loss > SAPE_LOSS_CUSTOM_JACOBIAN)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "loss is %d, not a sape_loss", (int)params->loss);
    if ((params->loss == SAPE_LOSS_CUSTOM) != (params->loss_fn != NULL))
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "loss_fn is %s, but loss is %s",
                         params->loss_fn == NULL ? "NULL" : "set",
                         params->loss == SAPE_LOSS_CUSTOM ? "custom" : "built in");
    if (params->loss == SAPE_LOSS_CHAMFER && field->network->output_dim > SAPE_NEAREST_MAX_DIM)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "loss is Chamfer, but output_dim is %zu, must be 1 to %d",
                         field->network->output_dim, SAPE_NEAREST_MAX_DIM);
    if (params->progress_every == 0)
        return sape_fail(SAPE_ERROR_ARGUMENT, function, "progress_every is 0, must be at least 1");
    SAPE_TRY(sape_convergence_check(function, params));
    SAPE_TRY(sape_validation_check(function, params, field));
    return sape_threads_resolve(function, &params->num_threads);
}

/* The optimizer and the copy of the parameters work on the network's own order. */
static sape_status create_parts(const char *function, sape_trainer *trainer, const sape_optimizer_params *optimizer) {
    const size_t size = trainer->field->network->size;
    SAPE_TRY(sape_optimizer_make(function, optimizer, trainer->field->network->kernels, size, &trainer->optimizer));
    trainer->previous = SAPE_NEW_ARRAY(float, size);
    if (trainer->previous == NULL) return sape_fail(SAPE_ERROR_MEMORY, function, "no memory for %zu parameters", size);
    return sape_pool_create(function, trainer->params.num_threads, &trainer->pool);
}

sape_status sape_trainer_create(const sape_trainer_params *params, const sape_optimizer_params *optimizer,
                                sape_field *field, sape_trainer **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(field);
    sape_trainer_params known = defaults;
    if (params != NULL) SAPE_TRY(sape_params_read(__func__, &known, sizeof known, params));
    SAPE_TRY(check_params(__func__, &known, field));
    sape_trainer *trainer = SAPE_NEW(sape_trainer);
    if (trainer == NULL) return SAPE_FAIL(SAPE_ERROR_MEMORY, "no memory for a trainer");
    trainer->params = known;
    trainer->field = field;
    sape_random_init(&trainer->random, known.seed, SAPE_STREAM_BATCHES);
    sape_convergence_begin(&trainer->convergence);
    sape_validation_begin(&trainer->validation);
    sape_status status = create_parts(__func__, trainer, optimizer);
    if (status == SAPE_OK) status = sape_field_take(__func__, field, trainer);
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
    sape_trainer_release_samples(trainer);
    sape_target_points_release(&trainer->target_points);
    sape_pool_free(trainer->pool);
    sape_optimizer_free(trainer->optimizer);
    sape_release(trainer->previous);
    sape_release(trainer->ranks.buffer);
    sape_field_give_back(trainer->field, trainer);
    sape_release(trainer);
}

sape_status sape_trainer_check_outside(const char *function, const sape_trainer *trainer) {
    if (!trainer->inside) return SAPE_OK;
    return sape_fail(SAPE_ERROR_STATE, function, "the trainer is in use: this is a call from one of its callbacks");
}

/* Under the variance policy the targets are the signal of the mask that training goes on with, but for those that are
   held out. */
static sape_status begin_field(const char *function, const sape_trainer *trainer, const sape_trainer *next) {
    sape_field *field = trainer->field;
    struct sape_training_samples samples;
    SAPE_TRY(sape_validation_show_latest(trainer));
    if (next->targets == NULL || sape_mask_policy(field->mask) != SAPE_POLICY_VARIANCE) return SAPE_OK;
    sape_status status = sape_training_samples_open(function, next, &samples);
    if (status == SAPE_OK)
        status = sape_mask_set_signal(field->mask, samples.n, samples.x, field->network->output_dim, samples.targets);
    sape_training_samples_close(&samples);
    if (status != SAPE_OK) sape_validation_show_best(trainer);
    return status;
}

/* Makes the trainer what `next` is, which has new samples; when it fails the trainer is as it was. */
static sape_status begin_batches(const char *function, sape_trainer *trainer, sape_trainer *next) {
    sape_status status = trainer->rate == NULL ? SAPE_OK : sape_rate_copy(function, trainer->rate, &next->rate);
    if (status == SAPE_OK) status = sape_trainer_prepare(function, next);
    if (status == SAPE_OK) status = begin_field(function, trainer, next);
    sape_trainer_release_samples(status == SAPE_OK ? trainer : next);
    if (status == SAPE_OK) *trainer = *next;
    return status;
}

sape_status sape_trainer_set_data(sape_trainer *trainer, size_t n, const float *x, const float *targets) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE(n >= 2 || trainer->params.validation_share == 0.0, "n is 1, must be at least 2 to hold a sample out");
    const size_t o = trainer->field->network->output_dim;
    SAPE_TRY(sape_check_coordinates(__func__, "x", x, n, sape_encoder_domain_dim(trainer->field->encoder)));
    const sape_loss loss = trainer->params.loss;
    SAPE_REQUIRE(targets != NULL || sape_loss_sees_batch(loss), "targets is NULL");
    SAPE_REQUIRE(targets == NULL || loss != SAPE_LOSS_CHAMFER, "targets is not NULL, but loss is Chamfer");
    if (n > SIZE_MAX / sizeof(float) / o) return SAPE_FAIL(SAPE_ERROR_MEMORY, "n is %zu, too many for memory", n);
    if (targets != NULL) SAPE_TRY(sape_loss_check_targets(__func__, loss, targets, n * o));
    sape_trainer next = sape_trainer_without_samples(trainer);
    next.num_samples = n;
    next.x = x;
    next.targets = targets;
    return begin_batches(__func__, trainer, &next);
}

sape_status sape_trainer_set_sampler(sape_trainer *trainer, size_t n, sape_sample_fn sampler, void *user) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    SAPE_REQUIRE(n >= 1, "n is 0, must be at least 1");
    SAPE_REQUIRE_POINTER(sampler);
    if (trainer->params.validation_share > 0.0)
        return SAPE_FAIL(SAPE_ERROR_UNSUPPORTED, "validation_share is %g: a sampler's samples cannot be held out",
                         trainer->params.validation_share);
    const size_t d = sape_encoder_domain_dim(trainer->field->encoder), o = trainer->field->network->output_dim;
    if (n > SIZE_MAX / sizeof(float) / (d > o ? d : o))
        return SAPE_FAIL(SAPE_ERROR_MEMORY, "n is %zu, too many for memory", n);
    sape_trainer next = sape_trainer_without_samples(trainer);
    next.num_samples = n;
    next.sampler = sampler;
    next.sampler_user = user;
    return begin_batches(__func__, trainer, &next);
}

void sape_trainer_parallel(sape_trainer *trainer, size_t count, sape_task task) {
    if (trainer->field->network->size >= SMALL_NETWORK)
        sape_pool_run(trainer->pool, count, task, trainer);
    else
        for (size_t i = 0; i < count; i++) task(trainer, i, 0);
}

/* Whether all that drives the mask is finite; a sample's loss may overflow where the mean, a double, does not. */
static bool losses_finite(const sape_trainer *trainer, double loss) {
    if (!isfinite(loss)) return false;
    for (size_t i = 0; i < trainer->batch_size; i++)
        if (!isfinite(trainer->sample_loss[i])) return false;
    return true;
}

/* What the iteration that was just done means for the training. */
static sape_status judge(const char *function, sape_trainer *trainer, double loss, sape_stop *stop) {
    const uint64_t iteration = trainer->optimizer->num_steps;
    const sape_stop converged = sape_convergence_observe(&trainer->convergence, &trainer->params,
                                                         trainer->num_training / trainer->batch_size, iteration, loss);
    SAPE_TRY(sape_validation_observe(function, trainer, stop));
    if (converged != SAPE_STOP_ITERATIONS) *stop = converged;
    return SAPE_OK;
}

/* One iteration, inside sape_product_enter(). */
static sape_status iterate(const char *function, sape_trainer *trainer, double *loss, sape_stop *stop) {
    const size_t touched = trainer->touched;
    sape_status status = sape_trainer_next_batch(function, trainer);
    if (status == SAPE_OK) status = sape_trainer_gradients(function, trainer, loss);
    SAPE_TRY(sape_ranks_reduce(function, trainer, status, loss));
    if (!losses_finite(trainer, *loss)) return sape_trainer_diverged(function, trainer, *loss);
    SAPE_TRY(sape_trainer_update(function, trainer, touched));
    sape_rate_record(trainer);
    SAPE_TRY(sape_mask_record(trainer->field->mask, trainer->batch_size, trainer->batch_x, trainer->sample_loss));
    SAPE_TRY(sape_ranks_reduce_mask(function, trainer));
    SAPE_TRY(sape_mask_step(trainer->field->mask));
    return judge(function, trainer, *loss, stop);
}

static sape_status check_run(const char *function, const sape_trainer *trainer) {
    if (!trainer->has_data) return sape_fail(SAPE_ERROR_STATE, function, "there is no data yet");
    if (trainer->params.loss == SAPE_LOSS_CHAMFER && trainer->target_points.count == 0)
        return sape_fail(SAPE_ERROR_STATE, function, "there are no target points yet");
    if (trainer->params.loss == SAPE_LOSS_CUSTOM_JACOBIAN && trainer->jacobian.loss_fn == NULL)
        return sape_fail(SAPE_ERROR_STATE, function, "there is no loss function yet");
    return SAPE_OK;
}

/* One iteration by itself. */
static sape_status step(const char *function, sape_trainer *trainer, double *loss) {
    const sape_status ready = check_run(function, trainer);
    if (!trainer->ranks.agreed) SAPE_TRY(sape_ranks_begin(function, trainer, ready, 1));
    SAPE_TRY(ready);
    SAPE_TRY(sape_validation_resume(trainer));
    double value = 0.0;
    sape_stop stop = SAPE_STOP_ITERATIONS;
    sape_product_enter(trainer->field->network->product);
    const sape_status status = iterate(function, trainer, &value, &stop);
    sape_product_leave(trainer->field->network->product);
    if (status == SAPE_OK && loss != NULL) *loss = value;
    return status;
}

sape_status sape_trainer_step(sape_trainer *trainer, double *loss) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(__func__, trainer));
    trainer->inside = true;
    const sape_status status = step(__func__, trainer, loss);
    trainer->inside = false;
    return status;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* An infinity that stands for a loss that there has not been. */
static double loss_or_nan(double loss) {
    return isinf(loss) ? (double)NAN : loss;
}

/* A run: what was asked for, and what it has come to. */
struct run {
    sape_trainer *trainer;
    const struct sape_call *call;
    uint64_t num_iterations;
    sape_progress_fn progress;
    void *user;
    double begin;
    sape_result known;
};

/* Whether the callback wants to stop. */
static bool report(const struct run *run, double rate) {
    const sape_trainer *trainer = run->trainer;
    const sape_result *result = &run->known;
    const bool due = result->iterations % trainer->params.progress_every == 0 ||
                     result->iterations == run->num_iterations || result->stop != SAPE_STOP_ITERATIONS;
    if (run->progress == NULL || !due) return false;
    sape_mask_state state = {.struct_size = sizeof state};
    if (sape_mask_get_state(trainer->field->mask, &state) != SAPE_OK) return true;
    const sape_progress seen = {.struct_size = sizeof seen,
                                .iteration = result->iterations,
                                .num_iterations = run->num_iterations,
                                .loss = result->loss,
                                .revealed = state.revealed,
                                .learning_rate = rate,
                                .seconds = now() - run->begin,
                                .validation_loss = loss_or_nan(trainer->validation.loss),
                                .best_validation_loss = loss_or_nan(trainer->validation.best_loss),
                                .best_iteration = trainer->validation.best_iteration};
    const bool wanted = run->progress(run->user, &seen) != 0;
    sape_call_resume();
    return wanted;
}

/* Iterations up to the number asked for, or until something ends them sooner. A thread that is cancelled goes between
   two of them; of several ranks none may go alone. */
static sape_status run_loop(const char *function, struct run *run) {
    sape_trainer *trainer = run->trainer;
    sape_result *known = &run->known;
    while (known->iterations < run->num_iterations && known->stop == SAPE_STOP_ITERATIONS) {
        if (trainer->ranks.reduce == NULL) sape_call_test_cancel(run->call);
        const double rate = sape_optimizer_learning_rate(trainer->optimizer);
        SAPE_TRY(iterate(function, trainer, &known->loss, &known->stop));
        known->iterations++;
        const bool wanted = report(run, rate);
        if (sape_ranks_stop(trainer, wanted) && known->stop == SAPE_STOP_ITERATIONS) known->stop = SAPE_STOP_CALLBACK;
    }
    return SAPE_OK;
}

/* What ended on a patience has used it up. */
static void restart_patience(sape_trainer *trainer, sape_stop stop) {
    if (stop == SAPE_STOP_PLATEAU) trainer->convergence.since = trainer->optimizer->num_steps;
    if (stop == SAPE_STOP_VALIDATION) trainer->validation.since = trainer->optimizer->num_steps;
}

static void end_cancelled(void *context) {
    const struct run *run = context;
    sape_product_leave(run->trainer->field->network->product);
    run->trainer->inside = false;
    sape_call_leave(run->call);
}

/* ready is what has been found out about the arguments: several ranks learn of it together. */
static sape_status do_run(const char *function, struct run *run, sape_status ready) {
    sape_trainer *trainer = run->trainer;
    if (ready == SAPE_OK) ready = check_run(function, trainer);
    SAPE_TRY(sape_ranks_begin(function, trainer, ready, run->num_iterations));
    if (run->num_iterations == 0) return SAPE_OK;
    run->begin = now();
    SAPE_TRY(sape_validation_resume(trainer));
    sape_status status;
    sape_product_enter(trainer->field->network->product);
    pthread_cleanup_push(end_cancelled, run);
    status = run_loop(function, run);
    pthread_cleanup_pop(0);
    sape_product_leave(trainer->field->network->product);
    restart_patience(trainer, run->known.stop);
    if (status == SAPE_OK) status = sape_validation_take_best(trainer);
    run->known.seconds = now() - run->begin;
    return status;
}

static sape_status run_outside(const char *function, struct run *run, sape_status ready) {
    sape_trainer *trainer = run->trainer;
    if (trainer == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, function, "trainer is NULL");
    SAPE_TRY(sape_trainer_check_outside(function, trainer));
    trainer->inside = true;
    const sape_status status = do_run(function, run, ready);
    trainer->inside = false;
    run->known.validation_loss = loss_or_nan(trainer->validation.best_loss);
    run->known.best_iteration = trainer->validation.best_iteration;
    return status;
}

sape_status sape_trainer_run(sape_trainer *trainer, uint64_t num_iterations, sape_progress_fn progress, void *user,
                             sape_result *result) {
    SAPE_BEGIN_LONG_CALL();
    struct run run = {
        .trainer = trainer,
        .call = &public_call,
        .num_iterations = num_iterations,
        .progress = progress,
        .user = user,
        .known = {.struct_size = sizeof run.known, .stop = SAPE_STOP_ITERATIONS, .validation_loss = (double)NAN}};
    const sape_status ready = result == NULL ? SAPE_OK : sape_params_check_output(__func__, result);
    const sape_status status = run_outside(__func__, &run, ready);
    if (result != NULL && ready == SAPE_OK) SAPE_TRY(sape_params_write(__func__, result, &run.known, sizeof run.known));
    return status;
}
