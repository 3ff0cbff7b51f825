/* SPDX-License-Identifier: MIT */
/* Trainings saved and taken up again. */
#include "cli/message.h"
#include "cli/output.h"
#include "task/digest.h"
#include "task/fit_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTION_PREFIX "option."
#define SAMPLES_KEY "samples.digest"
#define RATE_KEY OPTION_PREFIX "lr"

static uint64_t digest_of(const struct fit_problem *problem, struct fit_samples samples) {
    uint64_t digest = digest_add(DIGEST_BEGIN, samples.x, problem->n * problem->domain_dim * sizeof(float));
    if (samples.targets) digest = digest_add(digest, samples.targets, problem->n * problem->output_dim * sizeof(float));
    return digest_add(digest, problem->target_points, problem->num_target_points * problem->output_dim * sizeof(float));
}

/* Writes all of the fit's file; the checkpoint goes into it, and is freed with it. */
static bool write_file(const struct fit_problem *problem, sape_safetensors *checkpoint, const char *path) {
    struct fit_file own = {0}, *file = problem->file ? problem->file : &own;
    const size_t place = problem->file ? problem->place : 0;
    sape_safetensors *all = NULL;
    sape_safetensors_free(file->checkpoints[place]);
    file->checkpoints[place] = checkpoint;
    if (file->count <= place) file->count = place + 1;
    const bool saved = sape_ensemble_join(file->count, file->checkpoints, &all) == SAPE_OK &&
                       sape_safetensors_save(all, path) == SAPE_OK;
    if (!saved) message_sape_error();
    sape_safetensors_free(all);
    sape_safetensors_free(own.checkpoints[0]);
    return saved;
}

bool fit_save(const struct settings *settings, const struct fit_problem *problem, struct fit_samples samples,
              const sape_trainer *trainer) {
    sape_safetensors *checkpoint, *annotated;
    if (sape_trainer_checkpoint(trainer, &checkpoint) != SAPE_OK) return message_sape_error();
    struct notes notes = settings->options;
    sape_optimizer_params optimizer = {.struct_size = sizeof optimizer};
    if (sape_trainer_get_optimizer_params(trainer, &optimizer) == SAPE_OK)
        notes_set_real(&notes, RATE_KEY, optimizer.learning_rate);
    if (problem->notes) notes_join(&notes, problem->notes);
    notes_set(&notes, SAMPLES_KEY, "%016" PRIx64, digest_of(problem, samples));
    const bool made = notes_annotate(&notes, checkpoint, &annotated);
    sape_safetensors_free(checkpoint);
    return made && write_file(problem, annotated, settings->save);
}

bool fit_check_save(const struct settings *settings, const struct fit_problem *problem, const sape_trainer *trainer) {
    sape_safetensors *checkpoint;
    size_t size;
    if (!settings->save) return true;
    if (sape_trainer_checkpoint(trainer, &checkpoint) != SAPE_OK) return message_sape_error();
    sape_safetensors_bytes(checkpoint, &size);
    sape_safetensors_free(checkpoint);
    return output_check_checkpoint(settings->save, problem->file ? (problem->place + 1) * size : size);
}

/* Iterations that a checkpoint's training had done: its optimizer's, since with validation the field may be older. */
static bool iterations_of(const struct settings *settings, const sape_safetensors *checkpoint, uint64_t *iterations) {
    const char *text = sape_safetensors_metadata(checkpoint, "sape.optimizer.num_steps");
    if (!text) return message_error("'%s' is not a trainer's checkpoint", settings->resume);
    *iterations = strtoull(text, NULL, 10);
    return true;
}

/* Says in which way an option is not as the checkpoint has it, where it has that option at all. */
static bool is_as_before(const struct note *option, const sape_safetensors *checkpoint) {
    const char *before = sape_safetensors_metadata(checkpoint, option->key);
    if (!before || strcmp(before, option->text) == 0) return true;
    return message_error("--%s is %s, but the checkpoint was trained with %s", option->key + strlen(OPTION_PREFIX),
                         option->text, before);
}

/* The length is another matter: a training run may become longer where its schedule does not depend on it. So is the
   learning rate, which may be changed. */
static bool check_options(const struct settings *settings, const sape_safetensors *checkpoint) {
    const struct notes *options = &settings->options;
    bool same = true;
    for (size_t i = 0; i < options->count; i++)
        if (&options->items[i] != settings_length(settings) && strcmp(options->items[i].key, RATE_KEY) != 0)
            same = is_as_before(&options->items[i], checkpoint) && same;
    return same;
}

/* The trainer must have the samples of the epoch in which it was saved. */
static bool give_epoch(const struct fit_problem *problem, uint64_t iterations, sape_trainer *trainer,
                       struct fit_samples *samples) {
    if (!problem->epoch || iterations == 0) return true;
    const uint64_t epoch = (iterations - 1) / fit_epoch_iterations(problem);
    return problem->epoch(problem->epoch_user, epoch, &samples->x, &samples->targets) &&
           (sape_trainer_set_data(trainer, problem->n, samples->x, samples->targets) == SAPE_OK ||
            message_sape_error());
}

static bool check_samples(const struct settings *settings, const struct fit_problem *problem,
                          struct fit_samples samples, const sape_safetensors *checkpoint) {
    char digits[20];
    const char *before = sape_safetensors_metadata(checkpoint, SAMPLES_KEY);
    snprintf(digits, sizeof digits, "%016" PRIx64, digest_of(problem, samples));
    return !before || strcmp(before, digits) == 0 ||
           message_error("'%s' was trained with different samples from those of this input", settings->resume);
}

static bool restore(const struct settings *settings, const sape_safetensors *checkpoint, sape_trainer *trainer) {
    if (sape_trainer_restore(trainer, checkpoint) == SAPE_OK) return true;
    /* The library names what follows from the length, not the option. */
    is_as_before(settings_length(settings), checkpoint);
    return message_sape_error();
}

/* A learning rate that was given takes the place of the checkpoint's. */
static bool change_rate(const struct settings *settings, const struct fit_problem *problem, sape_trainer *trainer) {
    sape_optimizer_params optimizer = {.struct_size = sizeof optimizer};
    if (!settings->given.learning_rate) return true;
    if (sape_trainer_get_optimizer_params(trainer, &optimizer) != SAPE_OK ||
        sape_trainer_set_learning_rate(trainer, settings->learning_rate) != SAPE_OK)
        return message_sape_error();
    if (problem->metric != PROGRESS_SILENT && settings->learning_rate != optimizer.learning_rate)
        fprintf(stderr, "the learning rate is %g from here on; in the checkpoint it was %g\n", settings->learning_rate,
                optimizer.learning_rate);
    return true;
}

static void tell(const struct settings *settings, const struct fit_problem *problem, uint64_t iterations) {
    if (problem->metric == PROGRESS_SILENT) return;
    if (iterations < settings->iterations)
        fprintf(stderr, "resuming after %" PRIu64 " of %" PRIu64 " iterations\n", iterations, settings->iterations);
    else
        fprintf(stderr, "nothing is left to train: the checkpoint is at %" PRIu64 " of %" PRIu64 " iterations\n",
                iterations, settings->iterations);
}

static bool resume_from(const sape_safetensors *checkpoint, const struct settings *settings,
                        const struct fit_problem *problem, sape_trainer *trainer, struct fit_samples *samples,
                        uint64_t *iterations) {
    const bool restored = iterations_of(settings, checkpoint, iterations) && check_options(settings, checkpoint) &&
                          give_epoch(problem, *iterations, trainer, samples) &&
                          check_samples(settings, problem, *samples, checkpoint) &&
                          restore(settings, checkpoint, trainer) && change_rate(settings, problem, trainer);
    if (restored) tell(settings, problem, *iterations);
    return restored;
}

bool fit_resume(const struct settings *settings, const struct fit_problem *problem, sape_trainer *trainer,
                struct fit_samples *samples, uint64_t *iterations) {
    sape_safetensors *checkpoint;
    if (!settings->resume) return true;
    if (problem->file)
        return resume_from(problem->file->checkpoints[problem->place], settings, problem, trainer, samples, iterations);
    if (!notes_open(settings->resume, &checkpoint)) return false;
    const bool restored = resume_from(checkpoint, settings, problem, trainer, samples, iterations);
    sape_safetensors_free(checkpoint);
    return restored;
}
