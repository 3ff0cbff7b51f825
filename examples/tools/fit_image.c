/* SPDX-License-Identifier: MIT */
/* Fits a photograph from a part of its pixels. */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/program.h"
#include "picture/animation.h"
#include "picture/colormap.h"
#include "picture/panels.h"
#include "task/ensemble.h"
#include "task/fit_settings.h"
#include "task/image_task.h"
#include "task/metrics.h"
#include "task/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUM_FRAMES = 40, FRAME_TIME = 8, LAST_FRAME_TIME = 200, FRAME_SIZE = 256, PANEL_SIZE = 512, RAMP_STEPS = 256 };

/* The fits of --compare, in turn: the settings' own under other policies; SIREN, a network of sines without an
   encoding, at the learning rate of its authors; and grids with and without a mask. */
static const struct {
    const char *name;
    sape_policy policy;
    enum { OWN, SIREN, GRID } kind;
} compared[] = {{"none", SAPE_POLICY_NONE, OWN},        {"global", SAPE_POLICY_GLOBAL, OWN},
                {"spatial", SAPE_POLICY_SPATIAL, OWN},  {"siren", SAPE_POLICY_NONE, SIREN},
                {"grid, none", SAPE_POLICY_NONE, GRID}, {"grid, spatial", SAPE_POLICY_SPATIAL, GRID}};
#define SIREN_RATE 1e-4
enum { NUM_COMPARED = sizeof compared / sizeof *compared };

#define PICTURES "fit.png, mask.png, target.png, samples.png, fit.gif"
#define COMPARISON "compare.png"

/* A batch's loss varies: from so many times the goal on, all samples are asked. */
#define GOAL_MARGIN 1.5

struct job {
    struct settings settings, settled; /* as given, and with what was open proposed */
    const char *path;
    uint64_t max_size;
    double fraction;
    int sampling; /* an enum pixel_sampling */
    uint64_t batch;
    uint64_t members, settled_members; /* as given, and as fitted */
    double until_psnr;                 /* 0 for none */
    bool compare;
    struct image_task task;
    struct animation *animation;
};

/* Joins fit and heat map, which it frees; either may be NULL after a failure. */
static gdImagePtr join_frame(gdImagePtr fit, gdImagePtr heat_map) {
    const gdImagePtr images[] = {fit, heat_map};
    const char *const captions[] = {"fit", "revealed"};
    gdImagePtr joined = fit && heat_map ? panels_join(2, images, captions, FRAME_SIZE) : NULL;
    if (fit) gdImageDestroy(fit);
    if (heat_map) gdImageDestroy(heat_map);
    return joined;
}

/* The palette must suit all frames: it is that of the target beside all colours of the heat map. */
static bool begin_animation(struct job *job) {
    enum { RAMP_WIDTH = 8 };
    float ramp[RAMP_STEPS * RAMP_WIDTH];
    for (size_t i = 0; i < RAMP_STEPS * RAMP_WIDTH; i++) ramp[i] = (float)(i / RAMP_WIDTH) / (RAMP_STEPS - 1);
    gdImagePtr colors = join_frame(image_task_target(&job->task), colormap_image(RAMP_WIDTH, RAMP_STEPS, ramp));
    if (!colors) return false;
    job->animation = animation_create(colors);
    gdImageDestroy(colors);
    return job->animation != NULL;
}

static bool add_frame(struct job *job, const sape_field *field, int hundredths) {
    gdImagePtr frame = join_frame(image_task_small_fit(&job->task, field, FRAME_SIZE),
                                  image_task_small_heat_map(&job->task, field, FRAME_SIZE));
    if (!frame) return false;
    const bool added = animation_add(job->animation, frame, hundredths);
    gdImageDestroy(frame);
    return added;
}

static bool on_frame(void *user, const sape_field *field) {
    return add_frame(user, field, FRAME_TIME);
}

static bool is_good(void *user, const sape_field *field, bool *good) {
    const struct job *job = user;
    double psnr;
    if (!image_task_sample_psnr(&job->task, field, &psnr)) return false;
    *good = psnr >= job->until_psnr;
    return true;
}

/* Writes an image and frees it; it may be NULL after a failure. */
static bool write_image(const struct job *job, gdImagePtr image, const char *name) {
    if (!image) return false;
    const bool written = picture_write_png(image, job->settings.out, name);
    gdImageDestroy(image);
    return written;
}

/* All that can be written. */
static bool write_pictures(struct job *job, const sape_field *field) {
    bool all = write_image(job, image_task_fitted(&job->task), "fit.png");
    all = write_image(job, image_task_heat_map(&job->task, field), "mask.png") && all;
    all = write_image(job, image_task_target(&job->task), "target.png") && all;
    all = write_image(job, image_task_samples(&job->task), "samples.png") && all;
    return add_frame(job, field, LAST_FRAME_TIME) && animation_write(job->animation, job->settings.out, "fit.gif") &&
           all;
}

static size_t longest_side(const struct image_task *task) {
    return task->target.width > task->target.height ? task->target.width : task->target.height;
}

/* Trains the fields and predicts the whole picture with them. */
static bool fit_picture(struct job *job, struct ensemble *ensemble) {
    struct notes notes = {0};
    image_task_note(&job->task, &notes);
    struct fit_problem problem = {
        .domain_dim = 2,
        .output_dim = job->task.target.channels,
        .n = job->task.set.n,
        .x = job->task.sample_x,
        .targets = job->task.sample_y,
        .batch_size = job->batch,
        .finest_resolution = longest_side(&job->task) - 1,
        .goal = job->until_psnr > 0 ? is_good : NULL,
        .goal_loss = GOAL_MARGIN * metrics_mse_of_psnr(job->until_psnr),
        .goal_user = job,
        .metric = PROGRESS_PSNR,
        .num_frames = job->compare ? 0 : NUM_FRAMES,
        .frame = on_frame,
        .frame_user = job,
        .notes = &notes,
    };
    fit_settings_free(&job->settled);
    job->settled = job->settings;
    if (!fit_settle(&job->settled, &problem, OPTION_OPEN)) return false;
    /* A length that is found for each field is for one. */
    const bool proposed = job->members == (uint64_t)OPTION_OPEN;
    job->settled_members = proposed && job->until_psnr > 0 ? 1 : ensemble_size(&job->settled, job->members);
    if (!ensemble_run(&job->settled, &problem, job->settled_members, ensemble)) return false;
    const struct fit fit = ensemble_summary(ensemble);
    if (job->until_psnr > 0 && !fit.reached && !fit.interrupted)
        message_error("after %llu iterations the PSNR over the samples has not reached %g dB",
                      (unsigned long long)fit.iterations, job->until_psnr);
    if (image_task_predict(&job->task, &ensemble->fields)) return true;
    ensemble_free(ensemble);
    return false;
}

static cJSON *describe(const struct job *job, const struct fit *fit, struct image_quality quality) {
    cJSON *object = report_create("image", &job->settled, fit);
    cJSON_AddNumberToObject(object, "width", (double)job->task.target.width);
    cJSON_AddNumberToObject(object, "height", (double)job->task.target.height);
    cJSON_AddNumberToObject(object, "psnr_all", quality.psnr_all);
    cJSON_AddNumberToObject(object, "psnr_train", quality.psnr_train);
    cJSON_AddNumberToObject(object, "psnr_heldout", quality.psnr_heldout);
    if (job->settled_members > 1) cJSON_AddNumberToObject(object, "members", (double)job->settled_members);
    if (job->until_psnr > 0) cJSON_AddBoolToObject(object, "psnr_reached", fit->reached);
    report_add_time(object, fit);
    report_add_memory(object);
    return object;
}

static void print_quality(struct image_quality quality) {
    printf("PSNR: %.2f dB over all pixels, %.2f dB over the samples", quality.psnr_all, quality.psnr_train);
    if (!isnan(quality.psnr_heldout)) printf(", %.2f dB over the others", quality.psnr_heldout);
    putchar('\n');
}

static bool run_single(struct job *job) {
    struct ensemble ensemble;
    if (!begin_animation(job) || !fit_picture(job, &ensemble)) return false;
    const struct fit fit = ensemble_summary(&ensemble);
    const struct image_quality quality = image_task_quality(&job->task);
    bool done = write_pictures(job, fit.field) && !fit.unsaved;
    print_quality(quality);
    output_print_location(job->settings.out, PICTURES);
    if (job->settings.json) done = report_print(describe(job, &fit, quality)) && done;
    ensemble_free(&ensemble);
    return done;
}

/* The side-by-side picture grows by a panel a fit. */
struct comparison {
    size_t count;
    gdImagePtr images[1 + NUM_COMPARED];
    char captions[1 + NUM_COMPARED][48];
    cJSON *fits; /* array */
};

static bool add_panel(struct comparison *comparison, gdImagePtr image) {
    if (image) comparison->images[comparison->count++] = image;
    return image != NULL;
}

static bool add_fit(struct job *job, const char *name, struct comparison *comparison, bool *interrupted) {
    struct ensemble ensemble;
    fprintf(stderr, "%s\n", name);
    if (!fit_picture(job, &ensemble)) return false;
    const struct fit fit = ensemble_summary(&ensemble);
    const struct image_quality quality = image_task_quality(&job->task);
    snprintf(comparison->captions[comparison->count], sizeof *comparison->captions, "%s, %.2f dB", name,
             quality.psnr_all);
    cJSON *description = describe(job, &fit, quality);
    cJSON_AddStringToObject(description, "method", name);
    cJSON_AddItemToArray(comparison->fits, description);
    *interrupted = fit.interrupted;
    ensemble_free(&ensemble);
    return add_panel(comparison, image_task_fitted(&job->task));
}

static void print_table(const cJSON *fits) {
    static const char *const columns[] = {"psnr_all", "psnr_train", "psnr_heldout", "seconds"};
    printf("%-14s%14s%14s%14s%14s%14s\n", "method", "PSNR all", "samples", "others", "seconds", "iterations");
    const cJSON *fit;
    cJSON_ArrayForEach(fit, fits) {
        printf("%-14s", cJSON_GetStringValue(cJSON_GetObjectItem(fit, "method")));
        for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
            printf("%14.2f", cJSON_GetNumberValue(cJSON_GetObjectItem(fit, columns[i])));
        printf("%14.0f\n", cJSON_GetNumberValue(cJSON_GetObjectItem(fit, "iterations")));
    }
}

static bool show_comparison(struct job *job, struct comparison *comparison) {
    const char *captions[1 + NUM_COMPARED];
    for (size_t i = 0; i < comparison->count; i++) captions[i] = comparison->captions[i];
    if (!write_image(job, panels_join(comparison->count, comparison->images, captions, PANEL_SIZE), COMPARISON))
        return false;
    print_table(comparison->fits);
    output_print_location(job->settings.out, COMPARISON);
    return true;
}

/* Those of the i-th fit. */
static struct settings settings_of(const struct settings *given, size_t i) {
    struct settings settings = *given;
    settings.policy = (int)compared[i].policy;
    if (compared[i].kind == GRID) settings_take_grid(&settings);
    if (compared[i].kind != SIREN) return settings;
    settings.encoding = SAPE_ENCODING_IDENTITY;
    settings.num_blocks = 0;
    settings.activation = SAPE_ACTIVATION_SINE;
    settings.activation_parameter = 0;
    settings.learning_rate = SIREN_RATE;
    return settings;
}

static bool run_comparison(struct job *job) {
    const struct settings given = job->settings;
    cJSON *object = cJSON_CreateObject();
    struct comparison comparison = {.captions = {"target"}, .fits = cJSON_AddArrayToObject(object, "fits")};
    bool interrupted = false;
    bool done = add_panel(&comparison, image_task_target(&job->task));
    for (size_t i = 0; i < NUM_COMPARED && done && !interrupted; i++) {
        job->settings = settings_of(&given, i);
        done = add_fit(job, compared[i].name, &comparison, &interrupted);
    }
    /* Where a fit fails those before it are shown. */
    done = comparison.count > 1 && show_comparison(job, &comparison) && done;
    for (size_t i = 0; i < comparison.count; i++) gdImageDestroy(comparison.images[i]);
    if (job->settings.json && comparison.count > 1) return report_print(object) && done;
    cJSON_Delete(object);
    return done;
}

static bool check(const struct job *job) {
    if (job->compare && job->settings.encoding == SAPE_ENCODING_IDENTITY)
        return message_error("--compare needs an encoding with frequencies, not identity");
    if (job->compare && (job->settings.save || job->settings.resume))
        return message_error("--compare fits several fields and excludes --save and --resume");
    if (job->settings.policy == SAPE_POLICY_SPATIAL_FIXED && !job->compare && job->sampling != PIXEL_SAMPLING_GRID)
        return message_error("--policy spatial_fixed needs samples on a regular grid: add --sampling grid");
    if (job->until_psnr > 0 && job->settings.validation > 0)
        return message_error("--until-psnr and --validation both choose the length of training; give one of them");
    return true;
}

static bool run(struct job *job) {
    const struct image_source source = {job->path, job->max_size, (enum pixel_sampling)job->sampling, job->fraction,
                                        job->settings.seed};
    if (!image_task_load(&job->task, &source)) return false;
    interrupt_catch();
    const bool done = output_prepare(job->settings.out, job->compare ? COMPARISON : PICTURES) &&
                      (job->compare ? run_comparison(job) : run_single(job));
    animation_free(job->animation);
    fit_settings_free(&job->settled);
    image_task_free(&job->task);
    return done;
}

static enum options_outcome parse(struct job *job, int argc, char **argv) {
    const struct option_argument arguments[] = {{"IMAGE", &job->path}};
    const struct option_spec data[] = {
        {"max-size", OPTION_COUNT, &job->max_size, "N", "longest side; a larger picture is scaled down", 1, 16384,
         NULL},
        {"fraction", OPTION_REAL, &job->fraction, "X", "share of the pixels to train on", 1e-6, 1, NULL},
        {.name = "sampling",
         .kind = OPTION_CHOICE,
         .target = &job->sampling,
         .value_name = "NAME",
         .help = "how these pixels are chosen",
         .choices = pixel_sampling_names},
        {"batch", OPTION_COUNT, &job->batch, "N", "samples per iteration, 0 for all", 0, 1e9, NULL},
        settings_output_activation_option(&job->settings),
    };
    const struct option_spec results[] = {
        ensemble_option(&job->members),
        {"until-psnr", OPTION_REAL, &job->until_psnr, "DB",
         "end training once the PSNR over the samples is this high, 0 for never", 0, 200, NULL},
        {.name = "compare",
         .kind = OPTION_FLAG,
         .target = &job->compare,
         .help =
             "fit with the policies none, global and spatial, with SIREN and with grids, and write compare.png only"},
    };
    const struct settings_open open[] = {{&job->batch, 0}, {&job->members, 1}};
    const struct settings_program program = {
        .summary =
            "Fits a PNG, JPEG, GIF, WebP or BMP picture from a share of its pixels and writes fit.png, mask.png,\n"
            "target.png, samples.png and fit.gif. It turns the picture as its EXIF orientation says, shows\n"
            "transparent parts on white, and takes the first frame of an animation.",
        .arguments = arguments,
        .num_arguments = sizeof arguments / sizeof *arguments,
        .data = data,
        .num_data = sizeof data / sizeof *data,
        .results = results,
        .num_results = sizeof results / sizeof *results,
        .proposes = true,
        .open = open,
        .num_open = sizeof open / sizeof *open,
    };

    const enum options_outcome outcome = settings_parse(&job->settings, &program, argc, argv);
    return outcome == OPTIONS_GO_ON && !check(job) ? OPTIONS_WRONG : outcome;
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
                     .out = "out"},
        .max_size = 512,
        .fraction = 0.25,
        .sampling = PIXEL_SAMPLING_RANDOM,
        .members = 1,
    };
    program_begin();
    const enum options_outcome outcome = parse(&job, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    return program_end(outcome == OPTIONS_HELP_SHOWN || run(&job));
}
