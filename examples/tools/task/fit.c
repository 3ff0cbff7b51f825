/* SPDX-License-Identifier: MIT */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/stopwatch.h"
#include "task/fit_parts.h"

#include <math.h>
#include <stdio.h>

uint64_t fit_epoch_iterations(const struct fit_problem *problem) {
    const size_t batch_size = problem->batch_size;
    return batch_size == 0 || batch_size >= problem->n ? 1 : problem->n / batch_size;
}

/* A loss is calm up to this many times its lowest value so far. */
static const double CALM = 2;

enum { MIN_GOAL_PERIOD = 10 };

/* A training run goes in stretches, up to the next frame or epoch; the trainer's reports count from the beginning of
   the stretch. */
struct training {
    const struct settings *settings;
    const struct fit_problem *problem;
    sape_trainer *trainer;
    struct fit_samples samples;
    uint64_t iterations, longest; /* where it ends, and where it does at the latest */
    double loss, lowest_loss;     /* the last one */
    struct fit *fit;
    struct progress progress;
    struct progress_moment moment; /* the last one */
    sape_status status;
};

static int on_progress(void *user, const sape_progress *progress) {
    struct training *training = user;
    training->moment = (struct progress_moment){
        .iteration = training->fit->iterations + progress->iteration,
        .loss = progress->loss,
        .heldout = progress->validation_loss,
        .revealed = progress->revealed,
        .seconds = training->fit->seconds + progress->seconds,
    };
    training->loss = progress->loss;
    training->lowest_loss = fmin(training->lowest_loss, progress->loss);
    progress_update(&training->progress, &training->moment);
    return interrupt_requested();
}

/*
 * The iteration of the next frame, or the last one without frames. They come more often at the beginning, where more
 * happens: frame k of n after (k / n)^2 of the training.
 */
static uint64_t next_frame(const struct training *training) {
    const size_t num_frames = training->problem->num_frames;
    for (size_t k = 1; k < num_frames; k++) {
        const double share = (double)k / (double)num_frames;
        const uint64_t iteration = (uint64_t)((double)training->settings->iterations * share * share);
        if (iteration > training->fit->iterations)
            return iteration < training->iterations ? iteration : training->iterations;
    }
    return training->iterations;
}

static bool begin_epoch(struct training *training, uint64_t epoch) {
    const struct fit_problem *problem = training->problem;
    struct fit_samples *samples = &training->samples;
    if (!problem->epoch(problem->epoch_user, epoch, &samples->x, &samples->targets)) return false;
    training->status = sape_trainer_set_data(training->trainer, problem->n, samples->x, samples->targets);
    return training->status == SAPE_OK;
}

/* What can go wrong on one rank alone is agreed on, so that none waits for it. */
static bool all_agree(const struct fit_problem *problem, bool yes) {
    return problem->agree ? problem->agree(problem->ranks_user, yes) : yes;
}

/* What cannot be saved now may be later, and the training is not lost: only a failure of the last time counts. */
static void save(const struct training *training) {
    if (training->settings->save == NULL) return;
    training->fit->unsaved = !fit_save(training->settings, training->problem, training->samples, training->trainer);
}

/* The iteration of the next checkpoint before `end`, or `end`. */
static uint64_t next_checkpoint(const struct training *training, uint64_t end) {
    const uint64_t every = training->settings->checkpoint_every;
    if (training->settings->save == NULL || every == 0) return end;
    const uint64_t next = (training->fit->iterations / every + 1) * every;
    return next < end ? next : end;
}

/* Iterations between two looks at the goal, which cost about as much as training does in between. */
static uint64_t goal_period(const struct fit_problem *problem) {
    const uint64_t third = fit_epoch_iterations(problem) / 3;
    return third > MIN_GOAL_PERIOD ? third : MIN_GOAL_PERIOD;
}

/* The iteration of the next look at the goal before `end`, or `end`. */
static uint64_t next_look(const struct training *training, uint64_t end) {
    if (training->problem->goal == NULL) return end;
    const uint64_t period = goal_period(training->problem);
    const uint64_t next = (training->fit->iterations / period + 1) * period;
    return next < end ? next : end;
}

static bool look_at_goal(const struct training *training) {
    const struct fit_problem *problem = training->problem;
    struct fit *fit = training->fit;
    const bool due = problem->goal && fit->iterations % goal_period(problem) == 0;
    return !due || training->loss > problem->goal_loss || problem->goal(problem->goal_user, fit->field, &fit->reached);
}

static bool run_stretch(struct training *training) {
    const struct fit_problem *problem = training->problem;
    struct fit *fit = training->fit;
    const uint64_t frame = next_frame(training);
    uint64_t end = next_look(training, next_checkpoint(training, frame));
    if (problem->epoch) {
        const uint64_t length = fit_epoch_iterations(problem), epoch = fit->iterations / length;
        if (fit->iterations % length == 0 && !begin_epoch(training, epoch)) return false;
        if (end > (epoch + 1) * length) end = (epoch + 1) * length;
    }
    sape_result result = {.struct_size = sizeof result};
    const double begin = stopwatch_processor();
    training->status = sape_trainer_run(training->trainer, end - fit->iterations, on_progress, training, &result);
    fit->iterations += result.iterations;
    fit->seconds += result.seconds;
    fit->processor_seconds += stopwatch_processor() - begin;
    fit->best_iteration = result.best_iteration;
    fit->validation_loss = result.validation_loss;
    fit->interrupted = result.stop == SAPE_STOP_CALLBACK;
    if (training->status != SAPE_OK) return false;
    if (next_checkpoint(training, UINT64_MAX) - fit->iterations == training->settings->checkpoint_every) save(training);
    if (!look_at_goal(training)) return false;
    return problem->num_frames == 0 || fit->iterations != frame || problem->frame(problem->frame_user, fit->field);
}

/* Whether it has reached its goal or has all its iterations; one that may be longer does not end within a sudden rise
   of the loss, as a constant learning rate brings them once the loss is low. */
static bool is_complete(struct training *training) {
    if (training->fit->reached) return true;
    if (training->fit->iterations < training->iterations) return false;
    if (training->iterations >= training->longest || training->loss <= CALM * training->lowest_loss) return true;
    training->iterations++;
    return false;
}

static bool train(struct training *training) {
    struct fit *fit = training->fit;
    bool going = true;
    training->progress = progress_begin(training->iterations, training->problem->metric);
    while (going && !fit->interrupted && !is_complete(training)) going = run_stretch(training);
    progress_end(&training->progress, &training->moment);
    if (training->status != SAPE_OK) return message_sape_error();
    if (fit->interrupted) message_error("stopped early after %llu iterations", (unsigned long long)fit->iterations);
    return going;
}

/* Whether a training run can begin: everything that it needs at its end is tried before. */
static bool begin(const struct training *training) {
    const struct settings *settings = training->settings;
    const struct fit_problem *problem = training->problem;
    return fit_check_save(settings, problem, training->trainer) &&
           (settings->resume || !problem->begin || problem->begin(problem->begin_user, training->fit->field));
}

/* One training run, of a field of its own. */
static bool fit_once(const struct settings *settings, const struct fit_problem *problem, uint64_t iterations,
                     uint64_t longest, struct fit *fit) {
    *fit = (struct fit){0};
    const bool made = fit_create_field(settings, problem, &fit->field);
    struct training training = {.settings = settings,
                                .problem = problem,
                                .trainer = made ? fit_create_trainer(settings, problem, fit->field) : NULL,
                                .samples = {problem->x, problem->targets},
                                .iterations = iterations,
                                .longest = longest,
                                .lowest_loss = INFINITY,
                                .fit = fit};
    const bool ready = training.trainer &&
                       fit_resume(settings, problem, training.trainer, &training.samples, &fit->iterations) &&
                       begin(&training);
    const bool trained = all_agree(problem, ready) && train(&training);
    if (trained) save(&training);
    sape_trainer_free(training.trainer);
    if (!trained) fit_free(fit);
    return trained;
}

/* What held-out samples have said about the length of training is used for a run on all samples (Goodfellow, Bengio,
   Courville, Deep Learning, 2016, algorithm 7.2). */
static bool fit_again(const struct settings *settings, const struct fit_problem *problem, struct fit *fit) {
    const struct fit first = *fit;
    struct settings fresh = *settings;
    fresh.resume = NULL;
    fresh.validation = 0;
    notes_set(&fresh.options, "option.validation", "0");
    fprintf(stderr, "the held-out samples are fitted best after %llu iterations; now training as long on all samples\n",
            (unsigned long long)first.best_iteration);
    fit_free(fit);
    const uint64_t iterations = first.best_iteration, longest = iterations + iterations / 10;
    if (!fit_once(&fresh, problem, iterations, longest, fit)) return false;
    fit->best_iteration = first.best_iteration;
    fit->validation_loss = first.validation_loss;
    fit->iterations += first.iterations;
    fit->seconds += first.seconds;
    fit->processor_seconds += first.processor_seconds;
    return true;
}

bool fit_run(const struct settings *settings, const struct fit_problem *problem, struct fit *fit) {
    struct settings known = *settings;
    struct fit_problem unseen = *problem;
    if (!all_agree(problem, fit_choose_bandwidth(problem, &known))) return false;
    if (known.validation == 0) return fit_once(&known, problem, known.iterations, known.iterations, fit);
    unseen.num_frames = 0;
    if (!fit_once(&known, &unseen, known.iterations, known.iterations, fit)) return false;
    return fit->interrupted || fit->best_iteration == 0 || fit_again(&known, problem, fit);
}

void fit_free(struct fit *fit) {
    sape_field_free(fit->field);
    fit->field = NULL;
}
