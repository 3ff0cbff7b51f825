/* SPDX-License-Identifier: MIT */
/* Fits a closed curve to the outline of a shape. */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/program.h"
#include "picture/animation.h"
#include "picture/colormap.h"
#include "picture/picture.h"
#include "picture/silhouette_picture.h"
#include "task/fit.h"
#include "task/fit_settings.h"
#include "task/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUM_FRAMES = 40, FRAME_TIME = 8, LAST_FRAME_TIME = 200, FRAME_SIZE = 320, PICTURE_SIZE = 640 };

/* Target points of an iteration. */
enum { TARGETS_DRAWN = 1000 };

/* The network is fitted to the unit circle first: at most this many iterations, or until the mean squared error. */
enum { CALIBRATION_ITERATIONS = 5000 };
static const double CALIBRATION_RATE = 1e-4, CALIBRATION_ERROR = 1e-4;

/* Long enough for no feature to be revealed while the network is fitted to the circle, and for a pace within 10^12. */
static const uint64_t ENDLESS = 1000000000000;

#define PICTURES "fit.png, fit.gif"

struct job {
    struct settings settings;
    const char *path;
    uint64_t num_points;
    struct outline target, fit;
    float *x, *circle; /* (num_points) and (num_points, 2) */
    struct animation *animation;
    double calibration_error;
};

/* Places evenly within (-1, 1), and the circle that goes round once with them. */
static bool make_circle(struct job *job) {
    const size_t n = job->num_points;
    job->x = malloc(n * sizeof *job->x);
    job->circle = malloc(2 * n * sizeof *job->circle);
    job->fit = (struct outline){.n = n, .points = malloc(2 * n * sizeof(float))};
    if (!job->x || !job->circle || !job->fit.points) return message_out_of_memory();
    for (size_t i = 0; i < n; i++) {
        const double x = -1 + 2 * (double)(i + 1) / (double)(n + 1);
        job->x[i] = (float)x;
        job->circle[2 * i] = (float)cos(M_PI * (x + 1));
        job->circle[2 * i + 1] = (float)sin(M_PI * (x + 1));
    }
    return true;
}

/* The outline that a curve is to become is the signal of the variance policy: Chamfer has no targets that would be. */
static bool give_signal(const struct job *job, sape_field *field) {
    if (job->settings.policy != SAPE_POLICY_VARIANCE) return true;
    const size_t n = job->target.n;
    float *x = malloc(n * sizeof *x), *points = malloc(2 * n * sizeof *points);
    bool given = x && points;
    if (given) {
        outline_by_arc_length(&job->target, x, points);
        given = sape_mask_set_signal(sape_field_mask(field), n, x, 2, points) == SAPE_OK || message_sape_error();
    } else {
        message_out_of_memory();
    }
    free(x);
    free(points);
    return given;
}

/* Runs until the error is small enough. The circle's targets have set the mask's signal; it is to be the field's. */
static bool calibrate(struct job *job, sape_field *field) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer *trainer = NULL;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.num_threads = job->settings.threads;
    optimizer.learning_rate = CALIBRATION_RATE;
    sape_status status = sape_trainer_create(&params, &optimizer, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, job->num_points, job->x, job->circle);
    if (status == SAPE_OK && !give_signal(job, field)) {
        sape_trainer_free(trainer);
        return false;
    }
    job->calibration_error = INFINITY;
    for (int i = 0; status == SAPE_OK && i < CALIBRATION_ITERATIONS; i++) {
        status = sape_trainer_step(trainer, &job->calibration_error);
        if (job->calibration_error <= CALIBRATION_ERROR || interrupt_requested()) break;
    }
    sape_trainer_free(trainer);
    return status == SAPE_OK || message_sape_error();
}

static bool copy_network(const sape_field *from, sape_field *to) {
    const size_t count = sape_network_num_parameters(sape_field_network(from));
    float *parameters = malloc(count * sizeof *parameters);
    if (!parameters) return message_out_of_memory();
    const bool copied = sape_network_get_parameters(sape_field_network(from), parameters, count) == SAPE_OK &&
                        sape_network_set_parameters(sape_field_network(to), parameters, count) == SAPE_OK;
    free(parameters);
    return copied || message_sape_error();
}

/* Brings the network to the circle. A second field, whose mask never advances, is trained, so that the first one's mask
   is untouched. */
static bool on_begin(void *user, sape_field *field) {
    struct job *job = user;
    struct settings endless = job->settings;
    endless.iterations = ENDLESS;
    const struct fit_problem circle = {
        .domain_dim = 1, .output_dim = 2, .n = job->num_points, .x = job->x, .targets = job->circle};
    sape_field *twin;
    if (!fit_create_field(&endless, &circle, &twin)) return false;
    const bool done = give_signal(job, field) && calibrate(job, twin) && copy_network(twin, field);
    sape_field_free(twin);
    return done;
}

static bool predict(struct job *job, const sape_field *field) {
    return sape_field_predict(field, job->num_points, job->x, job->fit.points) == SAPE_OK || message_sape_error();
}

/* The curve as it is, in the colours of what is revealed. */
static gdImagePtr draw(struct job *job, const sape_field *field, int size) {
    float *revealed = malloc(job->num_points * sizeof *revealed);
    int *colors = malloc(job->num_points * sizeof *colors);
    gdImagePtr image = NULL;
    if (!revealed || !colors) {
        message_out_of_memory();
    } else if (sape_mask_revealed(sape_field_mask(field), job->num_points, job->x, revealed) != SAPE_OK) {
        message_sape_error();
    } else {
        for (size_t i = 0; i < job->num_points; i++) colors[i] = colormap_coolwarm((double)revealed[i]);
        image = silhouette_picture(size, &job->target, &job->fit, colors);
    }
    free(revealed);
    free(colors);
    return image;
}

/* Its palette suits a curve in all colours there can be. */
static struct animation *begin_animation(const struct job *job) {
    int *colors = malloc(job->num_points * sizeof *colors);
    for (size_t i = 0; colors && i < job->num_points; i++)
        colors[i] = colormap_coolwarm((double)i / (double)job->num_points);
    gdImagePtr image = colors ? silhouette_picture(FRAME_SIZE, &job->target, &job->fit, colors) : NULL;
    struct animation *animation = image ? animation_create(image) : NULL;
    free(colors);
    if (image) gdImageDestroy(image);
    return animation;
}

static bool add_frame(struct job *job, const sape_field *field, int hundredths) {
    gdImagePtr image = predict(job, field) ? draw(job, field, FRAME_SIZE) : NULL;
    if (!image) return false;
    if (!job->animation) job->animation = begin_animation(job);
    const bool added = job->animation && animation_add(job->animation, image, hundredths);
    gdImageDestroy(image);
    return added;
}

static bool on_frame(void *user, const sape_field *field) {
    return add_frame(user, field, FRAME_TIME);
}

static bool write_pictures(struct job *job, const sape_field *field) {
    if (!add_frame(job, field, LAST_FRAME_TIME)) return false;
    gdImagePtr image = draw(job, field, PICTURE_SIZE);
    const bool written = image && picture_write_png(image, job->settings.out, "fit.png");
    if (image) gdImageDestroy(image);
    return animation_write(job->animation, job->settings.out, "fit.gif") && written;
}

static bool report(const struct job *job, const struct fit *fit) {
    double chamfer;
    if (sape_loss_chamfer(2, job->num_points, job->fit.points, job->target.n, job->target.points, NULL, NULL,
                          &chamfer) != SAPE_OK)
        return message_sape_error();
    printf("Chamfer distance to all %zu target points: %.5f\n", job->target.n, chamfer);
    output_print_location(job->settings.out, PICTURES);
    if (!job->settings.json) return true;
    cJSON *object = report_create("silhouette", &job->settings, fit);
    cJSON_AddNumberToObject(object, "target_points", (double)job->target.n);
    cJSON_AddNumberToObject(object, "calibration_mse", job->calibration_error);
    cJSON_AddNumberToObject(object, "chamfer", chamfer);
    cJSON_AddItemToObject(object, "center", cJSON_CreateDoubleArray(job->target.center, 2));
    cJSON_AddNumberToObject(object, "scale", job->target.radius);
    report_add_time(object, fit);
    return report_print(object);
}

static bool run(struct job *job) {
    if (!outline_read(job->path, &job->target) || !make_circle(job)) return false;
    interrupt_catch();
    if (!output_prepare(job->settings.out, PICTURES)) return false;
    struct notes notes = {0};
    notes_set(&notes, "task", "silhouette");
    notes_set(&notes, "outline.center", "%.17g %.17g", job->target.center[0], job->target.center[1]);
    notes_set_real(&notes, "outline.scale", job->target.radius);
    struct fit_problem problem = {
        .domain_dim = 1,
        .output_dim = 2,
        .n = job->num_points,
        .x = job->x,
        .loss = SAPE_LOSS_CHAMFER,
        .num_target_points = job->target.n,
        .target_points = job->target.points,
        .target_points_drawn = TARGETS_DRAWN,
        .begin = on_begin,
        .begin_user = job,
        .metric = PROGRESS_LOSS_ONLY,
        .num_frames = NUM_FRAMES,
        .frame = on_frame,
        .frame_user = job,
        .notes = &notes,
    };
    struct fit fit;
    if (!fit_settle(&job->settings, &problem, OPTION_OPEN) || !fit_run(&job->settings, &problem, &fit)) return false;
    bool done = write_pictures(job, fit.field) && !fit.unsaved;
    done = report(job, &fit) && done;
    fit_free(&fit);
    return done;
}

static bool check(const struct job *job) {
    return !isnan(job->settings.std) ||
           message_error("option --std: auto needs a target for every sample, and a curve has none");
}

static enum options_outcome parse(struct job *job, int argc, char **argv) {
    const struct option_argument arguments[] = {{"PICTURE|CSV", &job->path}};
    const struct option_spec data[] = {
        {"points", OPTION_COUNT, &job->num_points, "N", "points of the fitted curve", 3, 1000000, NULL},
    };
    const struct settings_program program = {
        .summary =
            "Fits a closed curve to the outline of the largest shape in a picture, or to the points x,y of a\n"
            "CSV file, which follow the outline in order. The network is first fitted to a circle, then by\n"
            "the Chamfer distance to the outline. Writes fit.png and fit.gif: the outline is thin, the curve\n"
            "coloured from blue (nothing revealed) to red (all revealed).\n"
            "Where at least 2 % of the picture and 10 % of its border are transparent, the opaque parts are the\n"
            "shapes; otherwise shapes are dark on light or light on dark, and the border is background.\n"
            "The signal of --policy variance is the outline by arc length. It starts at the point nearest to\n"
            "the start of the circle, on the right, and runs in the direction of the circle.\n"
            "The default learning rate is 1e-5, or 1e-4 for the identity encoding.",
        .arguments = arguments,
        .num_arguments = sizeof arguments / sizeof *arguments,
        .data = data,
        .num_data = sizeof data / sizeof *data,
        .proposes = true,
    };
    const enum options_outcome outcome = settings_parse(&job->settings, &program, argc, argv);
    return outcome == OPTIONS_GO_ON && !check(job) ? OPTIONS_WRONG : outcome;
}

int main(int argc, char **argv) {
    struct job job = {
        .settings = {.encoding = SAPE_ENCODING_FOURIER,
                     .std = 5,
                     .hidden = 256,
                     .layers = 2,
                     .policy = SAPE_POLICY_SPATIAL,
                     .epsilon = 1e-3,
                     .resolution = 128,
                     .num_blocks = 6,
                     .iterations = 10000,
                     .learning_rate = NAN,
                     .out = "out"},
        .num_points = 500,
        .calibration_error = NAN,
    };
    program_begin();
    const enum options_outcome outcome = parse(&job, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    const bool done = outcome == OPTIONS_HELP_SHOWN || run(&job);
    animation_free(job.animation);
    fit_settings_free(&job.settings);
    outline_free(&job.target);
    outline_free(&job.fit);
    free(job.x);
    free(job.circle);
    return program_end(done);
}
