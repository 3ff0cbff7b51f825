/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include "interrupt.h"
#include "message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

uint64_t fit_epoch_iterations(const struct fit_problem *problem) {
    const size_t batch_size = problem->batch_size;
    return batch_size == 0 || batch_size >= problem->n ? 1 : problem->n / batch_size;
}

sape_mask_params fit_mask_params(const struct settings *settings, const struct fit_problem *problem) {
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = (sape_policy)settings->policy;
    mask.resolution = settings->resolution;
    mask.num_blocks = settings->num_blocks;
    mask.num_iterations = settings->iterations;
    mask.epsilon = settings->epsilon;
    if (mask.policy == SAPE_POLICY_SPATIAL && problem->advance_by_epoch)
        mask.block_iterations = fit_epoch_iterations(problem);
    if (mask.policy == SAPE_POLICY_SPATIAL_FIXED) {
        mask.samples = problem->x;
        mask.num_samples = problem->n;
    }
    return mask;
}

/* Puts a std and the variance policy's highest cut-off where the settings leave the std open: what suits the samples,
   with ranks those of all, otherwise those of the first epoch. */
static bool choose_bandwidth(const struct fit_problem *problem, struct settings *settings) {
    sape_bandwidth proposed = {.struct_size = sizeof proposed};
    const bool ranks = problem->num_signal > 0;
    const size_t n = ranks ? problem->num_signal : problem->n;
    const float *x = ranks ? problem->signal_x : problem->x, *targets = ranks ? problem->signal : problem->targets;
    if (!isnan(settings->std)) return true;
    if (problem->epoch && !problem->epoch(problem->epoch_user, 0, &x, &targets)) return false;
    if (sape_bandwidth_propose(n, problem->domain_dim, x, problem->output_dim, targets, &proposed) != SAPE_OK)
        return message_sape_error();
    settings->std = proposed.std;
    settings->c_max = proposed.c_max;
    if (problem->metric != PROGRESS_SILENT)
        fprintf(stderr, "std %.3g (the samples can hold %.3g cycles per unit, the target has %.3g)\n", proposed.std,
                proposed.nyquist, proposed.signal_frequency);
    return true;
}

bool fit_create_field(const struct settings *settings, const struct fit_problem *problem, sape_field **field) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.kind = (sape_encoding)settings->encoding;
    encoder.domain_dim = problem->domain_dim;
    encoder.num_frequencies = settings->num_frequencies;
    encoder.std = settings->std;
    encoder.seed = settings->seed;
    sape_cutoff_params cutoff;
    sape_cutoff_params_init(&cutoff, sizeof cutoff);
    cutoff.c_max = settings->c_max;
    sape_mask_params mask = fit_mask_params(settings, problem);
    mask.cutoff = &cutoff;

    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = problem->output_dim;
    network.hidden_dim = settings->hidden;
    network.num_layers = settings->layers;
    network.seed = settings->seed;

    if (sape_field_create(&encoder, &mask, &network, field) != SAPE_OK) return message_sape_error();
    if (sape_field_set_num_threads(*field, settings->threads) == SAPE_OK) return true;
    sape_field_free(*field);
    return message_sape_error();
}

static sape_status give_samples(const struct fit_problem *problem, sape_trainer *trainer) {
    if (problem->epoch) return SAPE_OK;
    const sape_status status = sape_trainer_set_data(trainer, problem->n, problem->x, problem->targets);
    if (status != SAPE_OK || problem->loss != SAPE_LOSS_CHAMFER) return status;
    return sape_trainer_set_target_points(trainer, problem->num_target_points, problem->target_points,
                                          problem->target_points_drawn);
}

static sape_status set_adaptive_rate(sape_trainer *trainer) {
    sape_adaptive_rate_params params;
    sape_adaptive_rate_params_init(&params, sizeof params);
    return sape_trainer_set_adaptive_rate(trainer, &params);
}

/* A trainer makes the variance policy's cut-offs from its own samples: ranks need those from all samples. */
static bool set_signal(const struct fit_problem *problem, sape_field *field) {
    sape_mask *mask = sape_field_mask(field);
    if (problem->num_signal == 0 || sape_mask_policy(mask) != SAPE_POLICY_VARIANCE) return true;
    return sape_mask_set_signal(mask, problem->num_signal, problem->signal_x, problem->output_dim, problem->signal) ==
           SAPE_OK;
}

/* One that holds such a share of the samples out. */
static sape_trainer *create_trainer(const struct settings *settings, const struct fit_problem *problem,
                                    double validation, sape_field *field) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = problem->loss;
    params.loss_fn = problem->loss_fn;
    params.loss_user = problem->loss_user;
    params.batch_size = problem->batch_size;
    params.num_threads = settings->threads;
    params.seed = settings->seed;
    params.validation_share = validation;
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.learning_rate = settings->learning_rate;

    sape_trainer *trainer = NULL;
    if (sape_trainer_create(&params, &optimizer, field, &trainer) == SAPE_OK &&
        (!problem->reduce || sape_trainer_set_reduce(trainer, problem->reduce, problem->ranks_user) == SAPE_OK) &&
        (!settings->adaptive_rate || set_adaptive_rate(trainer) == SAPE_OK) &&
        give_samples(problem, trainer) == SAPE_OK && set_signal(problem, field))
        return trainer;
    message_sape_error();
    sape_trainer_free(trainer);
    return NULL;
}

/* A loss is calm up to so many times its lowest value so far. */
static const double CALM = 2;

/* A training runs in stretches, up to the next frame or epoch; the trainer's reports count from the stretch's start. */
struct training {
    const struct settings *settings;
    const struct fit_problem *problem;
    sape_trainer *trainer;
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
    const float *x, *targets;
    if (!problem->epoch(problem->epoch_user, epoch, &x, &targets)) return false;
    training->status = sape_trainer_set_data(training->trainer, problem->n, x, targets);
    return training->status == SAPE_OK;
}

/* What can go wrong on one rank alone is agreed on, so that none waits for it. */
static bool all_agree(const struct fit_problem *problem, bool yes) {
    return problem->agree ? problem->agree(problem->ranks_user, yes) : yes;
}

static bool save(const struct settings *settings, const sape_trainer *trainer) {
    return sape_trainer_save(trainer, settings->save) == SAPE_OK || message_sape_error();
}

/* The iteration of the next checkpoint before `end`, or `end`. */
static uint64_t next_checkpoint(const struct training *training, uint64_t end) {
    const uint64_t every = training->settings->checkpoint_every;
    if (training->settings->save == NULL || every == 0) return end;
    const uint64_t next = (training->fit->iterations / every + 1) * every;
    return next < end ? next : end;
}

static bool run_stretch(struct training *training) {
    const struct fit_problem *problem = training->problem;
    struct fit *fit = training->fit;
    const uint64_t frame = next_frame(training);
    uint64_t end = next_checkpoint(training, frame);
    if (problem->epoch) {
        const uint64_t length = fit_epoch_iterations(problem), epoch = fit->iterations / length;
        if (fit->iterations % length == 0 && !begin_epoch(training, epoch)) return false;
        if (end > (epoch + 1) * length) end = (epoch + 1) * length;
    }
    sape_result result = {.struct_size = sizeof result};
    training->status = sape_trainer_run(training->trainer, end - fit->iterations, on_progress, training, &result);
    fit->iterations += result.iterations;
    fit->seconds += result.seconds;
    fit->best_iteration = result.best_iteration;
    fit->validation_loss = result.validation_loss;
    fit->interrupted = result.stop == SAPE_STOP_CALLBACK;
    if (training->status != SAPE_OK) return false;
    if (next_checkpoint(training, UINT64_MAX) - fit->iterations == training->settings->checkpoint_every &&
        !all_agree(problem, save(training->settings, training->trainer)))
        return false;
    return problem->num_frames == 0 || fit->iterations != frame || problem->frame(problem->frame_user, fit->field);
}

/* Whether it has all its iterations; one that may be longer does not end within a sudden rise of the loss, as a
   constant learning rate brings them once the loss is low. */
static bool is_complete(struct training *training) {
    if (training->fit->iterations < training->iterations) return false;
    if (training->iterations >= training->longest || training->loss <= CALM * training->lowest_loss) return true;
    training->iterations++;
    return false;
}

static bool train(const struct settings *settings, const struct fit_problem *problem, sape_trainer *trainer,
                  uint64_t iterations, uint64_t longest, struct fit *fit) {
    struct training training = {.settings = settings,
                                .problem = problem,
                                .trainer = trainer,
                                .iterations = iterations,
                                .longest = longest,
                                .lowest_loss = INFINITY,
                                .fit = fit,
                                .progress = progress_begin(iterations, problem->metric)};
    bool going = true;
    while (going && !fit->interrupted && !is_complete(&training)) going = run_stretch(&training);
    progress_end(&training.progress, &training.moment);
    if (training.status != SAPE_OK) return message_sape_error();
    if (fit->interrupted) message_error("stopped early after %llu iterations", (unsigned long long)fit->iterations);
    return going;
}

/* Iterations that a checkpoint's training had done: its optimizer's, since with validation the field may be older. */
static bool iterations_of(const sape_safetensors *checkpoint, uint64_t *iterations) {
    const char *text = sape_safetensors_metadata(checkpoint, "sape.optimizer.num_steps");
    if (text == NULL) return message_error("the checkpoint is not that of a training");
    *iterations = strtoull(text, NULL, 10);
    return true;
}

/* The trainer must have the samples of the epoch in which it was saved. */
static bool restore(const struct fit_problem *problem, const sape_safetensors *checkpoint, sape_trainer *trainer,
                    struct fit *fit) {
    if (!iterations_of(checkpoint, &fit->iterations)) return false;
    if (problem->epoch && fit->iterations > 0) {
        const uint64_t epoch = (fit->iterations - 1) / fit_epoch_iterations(problem);
        const float *x, *targets;
        if (!problem->epoch(problem->epoch_user, epoch, &x, &targets)) return false;
        if (sape_trainer_set_data(trainer, problem->n, x, targets) != SAPE_OK) return message_sape_error();
    }
    return sape_trainer_restore(trainer, checkpoint) == SAPE_OK || message_sape_error();
}

static bool begin(const struct settings *settings, const struct fit_problem *problem, sape_field *field) {
    return settings->resume != NULL || problem->begin == NULL || problem->begin(problem->begin_user, field);
}

static bool resume(const struct settings *settings, const struct fit_problem *problem, sape_trainer *trainer,
                   struct fit *fit) {
    sape_safetensors *checkpoint;
    if (settings->resume == NULL) return true;
    if (sape_safetensors_open(settings->resume, &checkpoint) != SAPE_OK) return message_sape_error();
    const bool restored = restore(problem, checkpoint, trainer, fit);
    sape_safetensors_free(checkpoint);
    return restored;
}

/* One training, of a field of its own. */
static bool fit_once(const struct settings *settings, const struct fit_problem *problem, double validation,
                     uint64_t iterations, uint64_t longest, struct fit *fit) {
    *fit = (struct fit){0};
    const bool made = fit_create_field(settings, problem, &fit->field);
    sape_trainer *trainer = made ? create_trainer(settings, problem, validation, fit->field) : NULL;
    const bool ready = trainer && begin(settings, problem, fit->field) && resume(settings, problem, trainer, fit);
    const bool trained = all_agree(problem, ready) && train(settings, problem, trainer, iterations, longest, fit) &&
                         all_agree(problem, settings->save == NULL || save(settings, trainer));
    sape_trainer_free(trainer);
    if (!trained) fit_free(fit);
    return trained;
}

/* What held-out samples have said about the length of a training is used for one on all samples (Goodfellow, Bengio,
   Courville, Deep Learning, 2016, algorithm 7.2). */
static bool fit_again(const struct settings *settings, const struct fit_problem *problem, struct fit *fit) {
    const struct fit first = *fit;
    struct settings fresh = *settings;
    fresh.resume = NULL;
    fprintf(stderr, "best by the held-out samples after %llu iterations; so many more on all samples\n",
            (unsigned long long)first.best_iteration);
    fit_free(fit);
    const uint64_t iterations = first.best_iteration, longest = iterations + iterations / 10;
    if (!fit_once(&fresh, problem, 0, iterations, longest, fit)) return false;
    fit->best_iteration = first.best_iteration;
    fit->validation_loss = first.validation_loss;
    fit->iterations += first.iterations;
    fit->seconds += first.seconds;
    return true;
}

bool fit_run(const struct settings *settings, const struct fit_problem *problem, struct fit *fit) {
    struct settings known = *settings;
    struct fit_problem unseen = *problem;
    if (!all_agree(problem, choose_bandwidth(problem, &known))) return false;
    if (known.validation == 0) return fit_once(&known, problem, 0, known.iterations, known.iterations, fit);
    unseen.num_frames = 0;
    if (!fit_once(&known, &unseen, known.validation, known.iterations, known.iterations, fit)) return false;
    return fit->interrupted || fit->best_iteration == 0 || fit_again(&known, problem, fit);
}

void fit_free(struct fit *fit) {
    sape_field_free(fit->field);
    fit->field = NULL;
}
