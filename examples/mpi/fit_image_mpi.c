/* SPDX-License-Identifier: MIT */
/* Fits a photograph on several ranks, each with a share of the training pixels. */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/program.h"
#include "ranks.h"
#include "task/fit.h"
#include "task/fit_settings.h"
#include "task/image_task.h"
#include "task/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURES "fit.png, mask.png"

struct job {
    struct settings settings;
    const char *path;
    uint64_t max_size;
    double fraction;
    struct ranks ranks;
    struct image_task task;
    size_t n;
    float *x, *y; /* (n, 2), (n, channels): this rank's share of the samples */
    char save[4096], resume[4096];
};

/* This rank's share of the samples: every count-th of them. */
static bool take_share(struct job *job) {
    const struct image_task *task = &job->task;
    const size_t channels = task->target.channels, step = (size_t)job->ranks.count;
    const size_t room = task->set.n / step + 1;
    job->x = malloc(room * 2 * sizeof(float));
    job->y = malloc(room * channels * sizeof(float));
    if (!job->x || !job->y) return message_out_of_memory();
    for (size_t i = (size_t)job->ranks.rank; i < task->set.n; i += step, job->n++) {
        memcpy(job->x + 2 * job->n, task->sample_x + 2 * i, 2 * sizeof(float));
        memcpy(job->y + channels * job->n, task->sample_y + channels * i, channels * sizeof(float));
    }
    return job->n > 0 || message_error("there are fewer samples than ranks");
}

/* A rank's log and its order of samples are its own, and so is its checkpoint: FILE.RANK. */
static const char *file_of_rank(const struct job *job, const char *path, char *buffer, size_t size) {
    if (!path) return NULL;
    snprintf(buffer, size, "%s.%d", path, job->ranks.rank);
    return buffer;
}

/* Proposes what is not given from the samples of all ranks, and so the same on every rank. */
static bool settle(struct job *job) {
    const struct image_task *task = &job->task;
    struct fit_problem whole = {.domain_dim = 2,
                                .output_dim = task->target.channels,
                                .n = task->set.n,
                                .x = task->sample_x,
                                .targets = task->sample_y};
    job->settings.verbose = job->settings.verbose && job->ranks.rank == 0;
    return fit_settle(&job->settings, &whole, OPTION_OPEN);
}

static bool train(struct job *job, struct fit *fit) {
    struct notes notes = {0};
    image_task_note(&job->task, &notes);
    const struct fit_problem problem = {
        .domain_dim = 2,
        .output_dim = job->task.target.channels,
        .n = job->n,
        .x = job->x,
        .targets = job->y,
        .metric = job->ranks.rank == 0 ? PROGRESS_PSNR : PROGRESS_SILENT,
        .reduce = ranks_sum,
        .agree = ranks_agree,
        .ranks_user = &job->ranks,
        .num_signal = job->task.set.n,
        .signal_x = job->task.sample_x,
        .signal = job->task.sample_y,
        .notes = &notes,
    };
    return fit_run(&job->settings, &problem, fit);
}

static bool write_picture(const struct job *job, gdImagePtr image, const char *name) {
    if (!image) return false;
    const bool written = picture_write_png(image, job->settings.out, name);
    gdImageDestroy(image);
    return written;
}

static bool report(const struct job *job, const struct fit *fit, struct image_quality quality, uint64_t checksum) {
    char digits[20];
    snprintf(digits, sizeof digits, "%016llx", (unsigned long long)checksum);
    cJSON *object = report_create("image", &job->settings, fit);
    cJSON_AddNumberToObject(object, "ranks", job->ranks.count);
    cJSON_AddStringToObject(object, "checksum", digits);
    cJSON_AddNumberToObject(object, "psnr_all", quality.psnr_all);
    cJSON_AddNumberToObject(object, "psnr_train", quality.psnr_train);
    cJSON_AddNumberToObject(object, "psnr_heldout", quality.psnr_heldout);
    report_add_time(object, fit);
    cJSON_AddNumberToObject(object, "ms_reduce_per_iteration", 1000 * job->ranks.seconds / (double)fit->iterations);
    cJSON_AddNumberToObject(object, "kb_reduced_per_iteration", job->ranks.bytes / 1000 / (double)fit->iterations);
    return report_print(object);
}

/* What rank 0 does for all. */
static bool show(struct job *job, const struct fit *fit, uint64_t checksum) {
    const struct field_set fields = {1, {fit->field}};
    if (!image_task_predict(&job->task, &fields)) return false;
    const struct image_quality quality = image_task_quality(&job->task);
    bool all = write_picture(job, image_task_fitted(&job->task), "fit.png");
    all = write_picture(job, image_task_heat_map(&job->task, fit->field), "mask.png") && all;
    printf("PSNR: %.2f dB over all pixels; %d ranks hold the same field\n", quality.psnr_all, job->ranks.count);
    output_print_location(job->settings.out, PICTURES);
    if (job->settings.json) all = report(job, fit, quality, checksum) && all;
    return all;
}

static bool fit_together(struct job *job) {
    struct fit fit;
    uint64_t checksum = 0;
    if (!train(job, &fit)) return false;
    bool done = ranks_agree(&job->ranks, ranks_checksum(fit.field, &checksum));
    done = done && ranks_agree(&job->ranks, ranks_same(&job->ranks, checksum));
    done = done && ranks_agree(&job->ranks, (job->ranks.rank > 0 || show(job, &fit, checksum)) && !fit.unsaved);
    fit_free(&fit);
    return done;
}

static bool run(struct job *job) {
    const struct image_source source = {job->path, job->max_size, PIXEL_SAMPLING_RANDOM, job->fraction,
                                        job->settings.seed};
    const bool loaded = image_task_load(&job->task, &source);
    interrupt_catch();
    const bool ready = loaded && take_share(job) && settle(job) &&
                       (job->ranks.rank > 0 || output_prepare(job->settings.out, PICTURES));
    const bool done = ranks_agree(&job->ranks, ready) && fit_together(job);
    if (loaded) image_task_free(&job->task);
    fit_settings_free(&job->settings);
    free(job->x);
    free(job->y);
    return done;
}

static enum options_outcome parse(struct job *job, int argc, char **argv) {
    const struct option_argument arguments[] = {{"IMAGE", &job->path}};
    const struct option_spec data[] = {
        {"max-size", OPTION_COUNT, &job->max_size, "N", "longest side; a larger picture is scaled down", 1, 8192, NULL},
        {"fraction", OPTION_REAL, &job->fraction, "X", "share of the pixels to train on", 1e-6, 1, NULL},
    };
    const struct settings_program program = {
        .summary = "Fits a picture from a share of its pixels on the ranks that mpirun starts, each with a share of\n"
                   "them; rank 0 writes fit.png and mask.png. Every rank has its own checkpoint, FILE.RANK.",
        .arguments = arguments,
        .num_arguments = sizeof arguments / sizeof *arguments,
        .data = data,
        .num_data = sizeof data / sizeof *data,
        .proposes = true,
    };
    const enum options_outcome outcome = settings_parse(&job->settings, &program, argc, argv);
    job->settings.save = file_of_rank(job, job->settings.save, job->save, sizeof job->save);
    job->settings.resume = file_of_rank(job, job->settings.resume, job->resume, sizeof job->resume);
    return outcome;
}

int main(int argc, char **argv) {
    struct job job = {
        .settings = {.encoding = SAPE_ENCODING_FOURIER,
                     .std = 20,
                     .hidden = 256,
                     .layers = 3,
                     .policy = SAPE_POLICY_SPATIAL,
                     .epsilon = 1e-3,
                     .resolution = 128,
                     .iterations = 5000,
                     .learning_rate = 1e-3,
                     .threads = 1,
                     .out = "out"},
        .max_size = 512,
        .fraction = 0.25,
    };
    program_begin();
    if (!ranks_begin(&job.ranks, &argc, &argv)) return EXIT_FAILURE;
    const enum options_outcome outcome = parse(&job, argc, argv);
    int status = 2;
    if (ranks_agree(&job.ranks, outcome != OPTIONS_WRONG))
        status = program_end(outcome == OPTIONS_HELP_SHOWN || run(&job));
    ranks_end();
    return status;
}
