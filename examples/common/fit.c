/* SPDX-License-Identifier: MIT */
#include "fit.h"

#include "interrupt.h"
#include "message.h"

static bool create_field(const struct settings *settings, const struct fit_problem *problem, sape_field **field) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.kind = (sape_encoding)settings->encoding;
    encoder.domain_dim = problem->domain_dim;
    encoder.num_frequencies = settings->num_frequencies;
    encoder.std = settings->std;
    encoder.seed = settings->seed;

    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = (sape_policy)settings->policy;
    mask.resolution = settings->resolution;
    mask.num_blocks = settings->num_blocks;
    mask.num_iterations = settings->iterations;
    mask.epsilon = settings->epsilon;
    if (mask.policy == SAPE_POLICY_SPATIAL_FIXED) {
        mask.samples = problem->x;
        mask.num_samples = problem->n;
    }

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

static sape_trainer *create_trainer(const struct settings *settings, const struct fit_problem *problem,
                                    sape_field *field) {
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.num_threads = settings->threads;
    params.seed = settings->seed;
    sape_optimizer_params optimizer;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.learning_rate = settings->learning_rate;

    sape_trainer *trainer = NULL;
    if (sape_trainer_create(&params, &optimizer, field, &trainer) == SAPE_OK &&
        sape_trainer_set_data(trainer, problem->n, problem->x, problem->targets) == SAPE_OK)
        return trainer;
    message_sape_error();
    sape_trainer_free(trainer);
    return NULL;
}

/* A training runs in stretches, from one frame to the next; the trainer's reports count from the stretch's start. */
struct stretch {
    const struct fit *before;
    struct progress *progress;
    struct progress_moment moment; /* the last one */
};

static int on_progress(void *user, const sape_progress *progress) {
    struct stretch *stretch = user;
    stretch->moment = (struct progress_moment){
        .iteration = stretch->before->iterations + progress->iteration,
        .loss = progress->loss,
        .revealed = progress->revealed,
        .seconds = stretch->before->seconds + progress->seconds,
    };
    progress_update(stretch->progress, &stretch->moment);
    return interrupt_requested();
}

/* Frames come more often at the beginning, where more happens: frame k of n after (k / n)^2 of the training. */
static uint64_t stretch_end(uint64_t iterations, size_t frame, size_t num_frames) {
    const double share = (double)frame / (double)num_frames;
    return frame == num_frames ? iterations : (uint64_t)((double)iterations * share * share);
}

static bool train(const struct settings *settings, const struct fit_problem *problem, sape_trainer *trainer,
                  struct fit *fit) {
    struct progress progress = progress_begin(settings->iterations, problem->metric);
    struct stretch stretch = {.before = fit, .progress = &progress};
    const size_t num_stretches = problem->num_frames ? problem->num_frames : 1;
    sape_status status = SAPE_OK;
    bool framed = true;
    for (size_t i = 1; i <= num_stretches && status == SAPE_OK && framed && !fit->interrupted; i++) {
        const uint64_t end = stretch_end(settings->iterations, i, num_stretches);
        if (end <= fit->iterations) continue;
        sape_result result = {.struct_size = sizeof result};
        status = sape_trainer_run(trainer, end - fit->iterations, on_progress, &stretch, &result);
        fit->iterations += result.iterations;
        fit->seconds += result.seconds;
        fit->interrupted = result.stop == SAPE_STOP_CALLBACK;
        if (status == SAPE_OK && problem->num_frames) framed = problem->frame(problem->frame_user, fit->field);
    }
    progress_end(&progress, &stretch.moment);
    if (status != SAPE_OK) return message_sape_error();
    if (fit->interrupted) message_error("stopped early after %llu iterations", (unsigned long long)fit->iterations);
    return framed;
}

bool fit_run(const struct settings *settings, const struct fit_problem *problem, struct fit *fit) {
    *fit = (struct fit){0};
    if (!create_field(settings, problem, &fit->field)) return false;
    sape_trainer *trainer = create_trainer(settings, problem, fit->field);
    const bool trained = trainer && train(settings, problem, trainer, fit);
    sape_trainer_free(trainer);
    if (!trained) fit_free(fit);
    return trained;
}

void fit_free(struct fit *fit) {
    sape_field_free(fit->field);
    fit->field = NULL;
}
