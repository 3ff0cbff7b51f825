/* SPDX-License-Identifier: MIT */
/* The loop: samples to loss, back to the parameters, on to the mask. */
#include <math.h>
#include <pthread.h>
#include <time.h>

#include "base/call.h"
#include "base/error.h"
#include "base/params.h"
#include "train/trainer.h"

/* The session's next batch, which may begin an epoch, or the end of a sampler. */
static sape_status next_batch(sape_trainer *trainer, bool *ended) {
    struct sape_session *session = trainer->session;
    const struct sape_batch_call call = {.field = trainer->field,
                                         .sort = session->gradients.plan.tiles > 1,
                                         .random = &trainer->random,
                                         .iteration = trainer->updater.optimizer->num_steps,
                                         .loss = trainer->params.loss};
    struct sape_batch_event event;
    SAPE_TRY(sape_batches_next(&session->batches, &call, &event));
    *ended = event.ended;
    if (!event.new_epoch) return SAPE_OK;
    sape_convergence_new_epoch(&session->convergence);
    if (session->rate != NULL) sape_rate_new_epoch(session->rate);
    return SAPE_OK;
}

static sape_status find_gradients(sape_trainer *trainer, double *loss, bool *ended) {
    struct sape_session *session = trainer->session;
    SAPE_TRY(next_batch(trainer, ended));
    if (*ended) return SAPE_OK;
    const struct sape_gradient_call call = {.field = trainer->field,
                                            .pool = trainer->pool,
                                            .objective = &trainer->objective,
                                            .batches = &session->batches,
                                            .rate = session->rate,
                                            .random = &trainer->random,
                                            .union_size = trainer->ranks.union_size,
                                            .deferred = trainer->ranks.reduce != NULL};
    return sape_gradients_compute(&session->gradients, &call, &trainer->updater.touched, loss);
}

/* The gradients of all ranks, or of this one alone. *ended: there are none, a sampler has ended the training. */
static sape_status find_union(sape_trainer *trainer, double *loss, bool *ended) {
    struct sape_session *session = trainer->session;
    struct sape_updater *updater = &trainer->updater;
    const size_t touched = updater->touched;
    struct sape_rank_part part = {.ended = false};
    part.status = find_gradients(trainer, loss, &part.ended);
    part.weighted = session->batches.weighted && trainer->params.loss != SAPE_LOSS_CHAMFER;
    part.weight = session->batches.weight;
    const struct sape_reduce_call call = {trainer->field, &session->gradients, trainer->pool, &updater->touched};
    SAPE_TRY(sape_ranks_reduce(&trainer->ranks, &call, &part, loss));
    *ended = part.ended;
    if (*ended) updater->touched = touched;
    return SAPE_OK;
}

/* Scales the gradient where it is too large: then it is in the first slot. Returns the slots that it is in. */
static size_t clip(sape_trainer *trainer) {
    struct sape_gradients *gradients = &trainer->session->gradients;
    const struct sape_optimizer *optimizer = trainer->updater.optimizer;
    const size_t slots = trainer->ranks.reduce == NULL ? gradients->plan.slots : 1;
    const struct sape_clip_call call = {trainer->field, trainer->pool, slots, gradients->slots, &gradients->tables};
    if (optimizer->params.clip_norm == 0.0) return slots;
    const double squares = sape_clip_squares(&trainer->clip, &call);
    sape_clip_scale(&call, sape_optimizer_clip_factor(optimizer, squares));
    return 1;
}

/* A step that is taken back leaves the rows untouched that it was the first to touch. */
static sape_status take_step(sape_trainer *trainer, size_t touched) {
    struct sape_gradients *gradients = &trainer->session->gradients;
    struct sape_updater *updater = &trainer->updater;
    sape_network *network = trainer->field->network;
    const size_t slots = clip(trainer);
    const sape_status status =
        sape_updater_step(updater, trainer->field, trainer->pool, slots, gradients->parts, &gradients->tables);
    if (status == SAPE_OK) {
        if (sape_average_begins(&trainer->average)) sape_table_updater_unpack(&updater->tables, trainer->field);
        sape_average_step(&trainer->average, trainer->field, trainer->pool, updater->previous,
                          updater->tables.previous);
        return SAPE_OK;
    }
    sape_gradients_clear_rows(gradients, network, touched, updater->touched);
    updater->touched = touched;
    return status;
}

/* What the iteration that was just done means for the run. */
static sape_status judge(sape_trainer *trainer, double loss, sape_stop *stop) {
    struct sape_session *session = trainer->session;
    const uint64_t iteration = trainer->updater.optimizer->num_steps;
    struct sape_validation *validation = &session->validation;
    double *rate = &trainer->updater.optimizer->params.learning_rate;
    bool reduce;
    const sape_stop converged = sape_convergence_observe(
        &session->convergence, &trainer->params, sape_batches_of_epoch(&session->batches), iteration, loss, &reduce);
    if (reduce) *rate *= trainer->params.plateau_factor;
    const struct sape_validation_call call = {.params = &trainer->params,
                                              .field = trainer->field,
                                              .pool = trainer->pool,
                                              .objective = &trainer->objective,
                                              .batches = &session->batches,
                                              .gradients = &session->gradients};
    SAPE_TRY(sape_validation_observe(validation, &call, iteration, stop));
    const bool validated = validation->count > 0 && iteration % trainer->params.validation_every == 0;
    sape_history_add(&trainer->history, iteration, loss, validated ? validation->loss : (double)INFINITY);
    if (converged != SAPE_STOP_ITERATIONS) *stop = converged;
    return SAPE_OK;
}

/* The loss is not finite: it goes back to before the last step, the average too. */
static sape_status diverged(sape_trainer *trainer, double loss) {
    if (trainer->updater.has_previous) sape_average_take_back(&trainer->average);
    return sape_updater_diverged(&trainer->updater, trainer->field, loss);
}

/* One iteration, inside sape_product_enter(). *stop is SAPE_STOP_SAMPLER where there was none. */
static sape_status iterate(sape_trainer *trainer, double *loss, sape_stop *stop) {
    struct sape_session *session = trainer->session;
    struct sape_gradients *gradients = &session->gradients;
    struct sape_mask *mask = trainer->field->mask;
    const size_t touched = trainer->updater.touched;
    double found = 0.0;
    bool ended;
    SAPE_TRY(find_union(trainer, &found, &ended));
    if (ended) *stop = SAPE_STOP_SAMPLER;
    if (ended) return SAPE_OK;
    *loss = found;
    if (!sape_gradients_losses_finite(gradients, *loss)) return diverged(trainer, *loss);
    SAPE_TRY(take_step(trainer, touched));
    if (session->rate != NULL) sape_rate_record(session->rate, &session->batches);
    sape_mask_record_at(mask, session->batches.size, session->batches.places, gradients->sample_loss);
    SAPE_TRY(sape_ranks_reduce_mask(&trainer->ranks, mask));
    SAPE_TRY(sape_mask_step(mask));
    return judge(trainer, *loss, stop);
}

static sape_status check_run(const sape_trainer *trainer) {
    if (trainer->session->samples.count == 0) return sape_fail(SAPE_ERROR_STATE, "there is no data yet");
    return sape_objective_check(&trainer->objective);
}

/* Ranks that watch convergence must come to the same end: with the same wishes and epochs. */
static uint64_t digest_of_wishes(uint64_t hash, const sape_trainer *trainer) {
    const sape_trainer_params *params = &trainer->params;
    const double numbers[] = {params->tolerance, params->min_improvement, params->plateau_factor};
    const uint64_t counts[] = {params->patience, params->plateau_patience,
                               sape_batches_of_epoch(&trainer->session->batches)};
    const double rates[] = {params->average_decay, trainer->updater.optimizer->params.learning_rate};
    hash = sape_digest(hash, rates, sizeof rates);
    if (!sape_convergence_watched(params)) return hash;
    hash = sape_digest(hash, numbers, sizeof numbers);
    return sape_digest(hash, counts, sizeof counts);
}

/* status is this rank's own. */
static sape_status begin_ranks(sape_trainer *trainer, sape_status status, uint64_t num_iterations) {
    if (trainer->ranks.reduce == NULL) return status;
    const struct sape_state state = sape_trainer_state(trainer, true);
    struct sape_rank_digests digests = {.num_iterations = sape_digest(0, &num_iterations, sizeof num_iterations)};
    digests.settings = sape_state_digest(0, &state, SAPE_SETTING);
    digests.settings = sape_field_digest(digests.settings, trainer->field, SAPE_SETTING);
    digests.settings = digest_of_wishes(digests.settings, trainer);
    digests.state = sape_state_digest(0, &state, SAPE_STATE);
    digests.state = sape_field_digest(digests.state, trainer->field, SAPE_STATE);
    return sape_ranks_begin(&trainer->ranks, &digests, trainer->session->batches.size, status);
}

/* One iteration by itself. */
static sape_status step(sape_trainer *trainer, double *loss) {
    double value = (double)NAN;
    sape_stop stop = SAPE_STOP_ITERATIONS;
    const sape_status ready = check_run(trainer);
    SAPE_TRY(trainer->ranks.agreed ? ready : begin_ranks(trainer, ready, 1));
    sape_validation_resume(&trainer->session->validation, trainer->field);
    sape_product_enter(trainer->field->network->product);
    const sape_status status = iterate(trainer, &value, &stop);
    sape_product_leave(trainer->field->network->product);
    if (status == SAPE_OK && loss != NULL) *loss = value;
    return status;
}

sape_status sape_trainer_step(sape_trainer *trainer, double *loss) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_TRY(sape_trainer_check_outside(trainer));
    trainer->inside = true;
    const sape_status status = step(trainer, loss);
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

/* A run: what was asked for, and its result so far. */
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
    const struct sape_validation *validation = &trainer->session->validation;
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
                                .validation_loss = loss_or_nan(validation->loss),
                                .best_validation_loss = loss_or_nan(validation->best_loss),
                                .best_iteration = validation->best_iteration};
    const char *name = sape_call_pause();
    run->trainer->reporting = true;
    const bool wanted = run->progress(run->user, &seen) != 0;
    run->trainer->reporting = false;
    sape_call_resume(name);
    return wanted;
}

/* Iterations up to the number asked for, or until something ends them sooner. A thread that is cancelled goes between
   two of them; of several ranks none may go alone. */
static sape_status run_loop(struct run *run) {
    sape_trainer *trainer = run->trainer;
    sape_result *known = &run->known;
    while (known->iterations < run->num_iterations && known->stop == SAPE_STOP_ITERATIONS) {
        if (trainer->ranks.reduce == NULL) sape_call_test_cancel(run->call);
        const double rate = sape_optimizer_learning_rate(trainer->updater.optimizer);
        SAPE_TRY(iterate(trainer, &known->loss, &known->stop));
        if (known->stop == SAPE_STOP_SAMPLER) break;
        known->iterations++;
        const bool wanted = report(run, rate);
        if (sape_ranks_stop(&trainer->ranks, wanted) && known->stop == SAPE_STOP_ITERATIONS)
            known->stop = SAPE_STOP_CALLBACK;
    }
    return SAPE_OK;
}

/* What ended on a patience has used it up. */
static void restart_patience(sape_trainer *trainer, sape_stop stop) {
    const uint64_t iteration = trainer->updater.optimizer->num_steps;
    if (stop == SAPE_STOP_PLATEAU) trainer->session->convergence.since = iteration;
    if (stop == SAPE_STOP_VALIDATION) trainer->session->validation.since = iteration;
}

static void end_cancelled(void *context) {
    const struct run *run = context;
    sape_product_leave(run->trainer->field->network->product);
    run->trainer->inside = false;
    sape_call_leave(run->call);
}

/* ready is what has been found out about the arguments: several ranks learn of it together. */
static sape_status do_run(struct run *run, sape_status ready) {
    sape_trainer *trainer = run->trainer;
    if (ready == SAPE_OK) ready = check_run(trainer);
    SAPE_TRY(begin_ranks(trainer, ready, run->num_iterations));
    if (run->num_iterations == 0) return SAPE_OK;
    run->begin = now();
    sape_validation_resume(&trainer->session->validation, trainer->field);
    sape_status status;
    sape_product_enter(trainer->field->network->product);
    pthread_cleanup_push(end_cancelled, run);
    status = run_loop(run);
    pthread_cleanup_pop(0);
    sape_product_leave(trainer->field->network->product);
    restart_patience(trainer, run->known.stop);
    if (trainer->session->validation.has_best) sape_table_updater_unpack(&trainer->updater.tables, trainer->field);
    if (status == SAPE_OK) sape_validation_take_best(&trainer->session->validation, trainer->field);
    run->known.seconds = now() - run->begin;
    return status;
}

static sape_status run_outside(struct run *run, sape_status ready) {
    sape_trainer *trainer = run->trainer;
    if (trainer == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "trainer is NULL");
    SAPE_TRY(sape_trainer_check_outside(trainer));
    trainer->inside = true;
    const sape_status status = do_run(run, ready);
    trainer->inside = false;
    run->known.validation_loss = loss_or_nan(trainer->session->validation.best_loss);
    run->known.best_iteration = trainer->session->validation.best_iteration;
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
    const sape_status ready = result == NULL ? SAPE_OK : sape_params_check_output(result);
    const sape_status status = run_outside(&run, ready);
    if (result != NULL && ready == SAPE_OK) SAPE_TRY(sape_params_write(result, &run.known, sizeof run.known));
    return status;
}
