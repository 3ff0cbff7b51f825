/* SPDX-License-Identifier: MIT */
/* Fits a function of one variable from a few samples. */
#include "cli/interrupt.h"
#include "cli/message.h"
#include "cli/output.h"
#include "cli/program.h"
#include "picture/animation.h"
#include "picture/colormap.h"
#include "picture/picture.h"
#include "picture/plot.h"
#include "task/ensemble.h"
#include "task/fit.h"
#include "task/fit_settings.h"
#include "task/functions.h"
#include "task/metrics.h"
#include "task/points.h"
#include "task/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUM_SAMPLES = 26, NUM_DENSE = 3000, NUM_FRAMES = 40, FRAME_TIME = 8, LAST_FRAME_TIME = 200 };
enum { TARGET_COLOR = 0xb0b0b0, SAMPLE_COLOR = 0x202020, FIT_COLOR = 0xd95f02, OUTLINE_COLOR = 0x606060 };

#define PICTURES "fit.png, mask.png, fit.gif"

struct job {
    struct settings settings;
    int function;
    const char *csv; /* NULL for the function */
    uint64_t members;
    size_t n;
    float *x, *y; /* (n) the samples, as trained on */
    float dense_x[NUM_DENSE], dense_y[NUM_DENSE], dense_fit[NUM_DENSE];
    struct plot_scale x_scale, y_scale; /* the values are trained on as [-1, 1] */
    struct plot_range y_range;          /* of the plots */
    struct animation *animation;
};

static struct plot_scale fit_scale(size_t n, const double *values) {
    double low = values[0], high = values[0];
    for (size_t i = 1; i < n; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    return (struct plot_scale){low / 2 + high / 2, high > low ? high / 2 - low / 2 : 1};
}

static bool allocate_samples(struct job *job, size_t n) {
    job->n = n;
    job->x = malloc(n * sizeof *job->x);
    job->y = malloc(n * sizeof *job->y);
    return job->x && job->y ? true : message_out_of_memory();
}

static bool take_points(struct job *job, const struct points *points) {
    if (points->n < 2) return message_error("'%s' has %zu rows; at least 2 are needed", job->csv, points->n);
    job->x_scale = fit_scale(points->n, points->x);
    job->y_scale = fit_scale(points->n, points->y);
    if (!allocate_samples(job, points->n)) return false;
    for (size_t i = 0; i < points->n; i++) {
        job->x[i] = (float)((points->x[i] - job->x_scale.center) / job->x_scale.half);
        job->y[i] = (float)((points->y[i] - job->y_scale.center) / job->y_scale.half);
    }
    printf("%zu rows; x and y each scaled linearly to [-1, 1]\n", points->n);
    return true;
}

static bool sample_function(struct job *job) {
    if (!allocate_samples(job, NUM_SAMPLES)) return false;
    function_training_points(job->n, job->x);
    for (size_t i = 0; i < job->n; i++)
        job->y[i] = (float)function_value((enum function)job->function, (double)job->x[i]);
    for (size_t i = 0; i < NUM_DENSE; i++)
        job->dense_y[i] = (float)function_value((enum function)job->function, (double)job->dense_x[i]);
    return true;
}

static bool load(struct job *job) {
    job->x_scale = job->y_scale = (struct plot_scale){0, 1};
    function_even_points(NUM_DENSE, job->dense_x);
    if (!job->csv) return sample_function(job);
    struct points points;
    if (!points_read(job->csv, &points)) return false;
    const bool taken = take_points(job, &points);
    points_free(&points);
    return taken;
}

/* Room for the target, the samples and a little more. */
static void set_y_range(struct job *job) {
    double low = 0, high = 0;
    for (size_t i = 0; i < job->n; i++) {
        low = fmin(low, (double)job->y[i]);
        high = fmax(high, (double)job->y[i]);
    }
    for (size_t i = 0; i < NUM_DENSE && !job->csv; i++) {
        low = fmin(low, (double)job->dense_y[i]);
        high = fmax(high, (double)job->dense_y[i]);
    }
    const double margin = high > low ? 0.15 * (high - low) : 1;
    job->y_range = (struct plot_range){low - margin, high + margin};
}

static void draw_target(const struct job *job, struct plot *plot) {
    plot_curve(plot, NUM_DENSE, job->dense_x, job->dense_y, (struct plot_pen){2, TARGET_COLOR, NULL});
    plot_legend(plot, "target", TARGET_COLOR);
}

static void draw_fit(const struct job *job, struct plot *plot, const int *colors) {
    const float *x = job->dense_x, *y = job->dense_fit;
    if (colors) {
        /* The middle of the colour map is pale: on white it needs an outline. */
        plot_curve(plot, NUM_DENSE, x, y, (struct plot_pen){6, OUTLINE_COLOR, NULL});
        plot_curve(plot, NUM_DENSE, x, y, (struct plot_pen){4, 0, colors});
        plot_legend(plot, "nothing revealed", colormap_coolwarm(0));
        plot_legend(plot, "half", colormap_coolwarm(0.5));
        plot_legend(plot, "all revealed", colormap_coolwarm(1));
    } else {
        plot_curve(plot, NUM_DENSE, x, y, (struct plot_pen){2, FIT_COLOR, NULL});
        plot_legend(plot, "fit", FIT_COLOR);
    }
}

static void draw_samples(const struct job *job, struct plot *plot) {
    plot_dots(plot, job->n, job->x, job->y, SAMPLE_COLOR);
    plot_legend(plot, "samples", SAMPLE_COLOR);
}

/* Target, fit and samples; or, with colors along the dense points, the fit in those colours and the samples. */
static gdImagePtr draw(const struct job *job, int width, int height, const int *colors) {
    struct plot *plot = plot_create(width, height, plot_scale_range(job->x_scale, (struct plot_range){-1, 1}),
                                    plot_scale_range(job->y_scale, job->y_range));
    if (!plot) return NULL;
    plot_set_scale(plot, job->x_scale, job->y_scale);
    if (!job->csv && !colors) draw_target(job, plot);
    draw_fit(job, plot, colors);
    draw_samples(job, plot);
    gdImagePtr image = plot_finish(plot);
    plot_free(plot);
    return image;
}

static bool predict_dense(struct job *job, const struct field_set *fields) {
    return field_set_predict(fields, NUM_DENSE, job->dense_x, job->dense_fit);
}

static bool add_frame(struct job *job, int hundredths) {
    gdImagePtr image = draw(job, 600, 340, NULL);
    if (!image) return false;
    if (!job->animation) job->animation = animation_create(image);
    const bool added = job->animation && animation_add(job->animation, image, hundredths);
    gdImageDestroy(image);
    return added;
}

static bool on_frame(void *user, const sape_field *field) {
    struct job *job = user;
    return (sape_field_predict(field, NUM_DENSE, job->dense_x, job->dense_fit) == SAPE_OK || message_sape_error()) &&
           add_frame(job, FRAME_TIME);
}

static bool write_plot(const struct job *job, const char *name, const int *colors) {
    gdImagePtr image = draw(job, 960, 540, colors);
    if (!image) return false;
    const bool written = picture_write_png(image, job->settings.out, name);
    gdImageDestroy(image);
    return written;
}

static bool write_pictures(struct job *job, const sape_field *field) {
    float revealed[NUM_DENSE];
    int colors[NUM_DENSE];
    if (sape_mask_revealed(sape_field_mask(field), NUM_DENSE, job->dense_x, revealed) != SAPE_OK)
        return message_sape_error();
    for (size_t i = 0; i < NUM_DENSE; i++) colors[i] = colormap_coolwarm((double)revealed[i]);
    bool all = write_plot(job, "fit.png", NULL);
    all = write_plot(job, "mask.png", colors) && all;
    return add_frame(job, LAST_FRAME_TIME) && animation_write(job->animation, job->settings.out, "fit.gif") && all;
}

static bool train_error(const struct job *job, const struct field_set *fields, double *mse) {
    float *predicted = malloc(job->n * sizeof *predicted);
    if (!predicted) return message_out_of_memory();
    const bool done = field_set_predict(fields, job->n, job->x, predicted);
    if (done) *mse = metrics_mse(job->n, predicted, job->y);
    free(predicted);
    return done;
}

static bool report(const struct job *job, const struct ensemble *ensemble) {
    double train_mse = NAN;
    if (!train_error(job, &ensemble->fields, &train_mse)) return false;
    const double dense_mse = job->csv ? NAN : metrics_mse(NUM_DENSE, job->dense_fit, job->dense_y);
    printf("mean squared error: %.3e on the samples", train_mse);
    if (!job->csv) printf(", %.3e on %d points", dense_mse, NUM_DENSE);
    putchar('\n');
    output_print_location(job->settings.out, PICTURES);
    if (!job->settings.json) return true;
    const struct fit fit = ensemble_summary(ensemble);
    cJSON *object = report_create("function", &job->settings, &fit);
    cJSON_AddNumberToObject(object, "train_mse", train_mse);
    cJSON_AddNumberToObject(object, "dense_mse", dense_mse);
    if (ensemble->n > 1) cJSON_AddNumberToObject(object, "members", (double)ensemble->n);
    report_add_time(object, &fit);
    return report_print(object);
}

/* What a checkpoint says of the task. */
static void note(const struct job *job, struct notes *notes) {
    notes_set(notes, "task", "function");
    if (!job->csv) return;
    notes_set(notes, "function.x", "%.17g %.17g", job->x_scale.center, job->x_scale.half);
    notes_set(notes, "function.y", "%.17g %.17g", job->y_scale.center, job->y_scale.half);
}

static bool run(struct job *job) {
    interrupt_catch();
    if (!load(job) || !output_prepare(job->settings.out, PICTURES)) return false;
    set_y_range(job);
    struct notes notes = {0};
    note(job, &notes);
    struct fit_problem problem = {
        .domain_dim = 1,
        .output_dim = 1,
        .n = job->n,
        .x = job->x,
        .targets = job->y,
        .metric = PROGRESS_LOSS_ONLY,
        .num_frames = NUM_FRAMES,
        .frame = on_frame,
        .frame_user = job,
        .notes = &notes,
    };
    struct ensemble ensemble;
    if (!fit_settle(&job->settings, &problem, OPTION_OPEN) ||
        !ensemble_run(&job->settings, &problem, ensemble_size(&job->settings, job->members), &ensemble))
        return false;
    bool done = predict_dense(job, &ensemble.fields) && !ensemble_summary(&ensemble).unsaved;
    done = write_pictures(job, ensemble.fields.fields[0]) && done;
    done = report(job, &ensemble) && done;
    ensemble_free(&ensemble);
    return done;
}

static enum options_outcome parse(struct job *job, int argc, char **argv) {
    const struct option_spec data[] = {
        {.name = "function", OPTION_CHOICE, &job->function, "NAME", "function to fit", .choices = function_names},
        {.name = "csv", OPTION_STRING, &job->csv, "FILE", "fit rows x,y of a file instead of a function"},
        settings_output_activation_option(&job->settings),
    };
    const struct option_spec results[] = {ensemble_option(&job->members)};
    const struct settings_open open[] = {{&job->members, 1}};
    const struct settings_program program = {
        .summary = "Fits a function of one variable and writes fit.png, mask.png and fit.gif.\n"
                   "The default learning rate is 1e-5, or 1e-4 for the identity encoding.",
        .data = data,
        .num_data = sizeof data / sizeof *data,
        .results = results,
        .num_results = sizeof results / sizeof *results,
        .proposes = true,
        .open = open,
        .num_open = sizeof open / sizeof *open,
    };
    return settings_parse(&job->settings, &program, argc, argv);
}

int main(int argc, char **argv) {
    struct job job = {
        .settings = {.encoding = SAPE_ENCODING_FOURIER,
                     .std = 5,
                     .hidden = 32,
                     .layers = 2,
                     .policy = SAPE_POLICY_SPATIAL,
                     .epsilon = 1e-5,
                     .resolution = 12,
                     .iterations = 20000,
                     .learning_rate = NAN,
                     .out = "out"},
        .function = FUNCTION_PSINE,
        .members = 1,
    };
    program_begin();
    const enum options_outcome outcome = parse(&job, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    const bool done = outcome == OPTIONS_HELP_SHOWN || run(&job);
    animation_free(job.animation);
    fit_settings_free(&job.settings);
    free(job.x);
    free(job.y);
    return program_end(done);
}
