/* SPDX-License-Identifier: MIT */
/* Draws a saved field at any resolution: a curve, a picture, or a slice of a solid. */
#include "cli/message.h"
#include "cli/notes.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/program.h"
#include "cli/settings.h"
#include "picture/picture.h"
#include "picture/plot.h"
#include "task/field_set.h"

#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a picture without a shape of its own, and a plot's least. */
enum { USUAL_SIZE = 512, MAX_SIZE = 16384, MIN_PLOT = 16 };

#define PICTURE "render.png"

struct job {
    const char *path;
    uint64_t width, height; /* 0 for what suits the field */
    double depth;
    double shape[2];   /* width and height of the picture that was fitted */
    double axes[2][2]; /* center and half width of what a curve shows, along x and y */
    const char *out;
    int precision; /* a sape_precision */
    struct field_set fields;
    size_t domain_dim, output_dim;
};

/* The i-th of n places spread over the domain. */
static float place(size_t i, size_t n) {
    return n == 1 ? 0.0f : (float)(-1.0 + 2.0 * (double)i / (double)(n - 1));
}

/* Outputs at places spread over the first coordinates, the others at the depth: for a picture rows are the first
   coordinate, columns the second, as fit_image has them. */
static float *predict(const struct job *job, size_t rows, size_t columns) {
    const size_t size[] = {rows, columns, 1};
    const float depth = (float)job->depth;
    const float low[] = {place(0, rows), place(0, columns), depth};
    const float high[] = {place(rows - 1, rows), place(columns - 1, columns), depth};
    float *outputs = malloc(rows * columns * job->output_dim * sizeof *outputs);
    if (outputs == NULL) {
        message_out_of_memory();
        return NULL;
    }
    if (field_set_predict_grid(&job->fields, size, low, high, outputs)) return outputs;
    free(outputs);
    return NULL;
}

static bool write_and_free(const struct job *job, gdImagePtr image) {
    if (image == NULL) return message_out_of_memory();
    const bool written = picture_write_png(image, job->out, PICTURE);
    gdImageDestroy(image);
    if (written) output_print_location(job->out, PICTURE);
    return written;
}

/* A solid's outputs are logits of being outside: the slice shows the inside dark. */
static bool render_pixels(const struct job *job) {
    const size_t n = job->width * job->height;
    float *values = predict(job, job->height, job->width);
    if (values == NULL) return false;
    if (job->domain_dim == 3)
        for (size_t i = 0; i < n * job->output_dim; i++) values[i] = 1.0f / (1.0f + expf(-values[i]));
    const bool written = write_and_free(job, picture_to_image(job->width, job->height, job->output_dim, values));
    free(values);
    return written;
}

static gdImagePtr draw_curve(const struct job *job, size_t n, const float *x, const float *y) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        low = fmin(low, (double)y[i]);
        high = fmax(high, (double)y[i]);
    }
    const double margin = 0.05 * (high - low) + 1e-6;
    const struct plot_scale x_scale = {job->axes[0][0], job->axes[0][1]}, y_scale = {job->axes[1][0], job->axes[1][1]};
    struct plot *plot =
        plot_create((int)job->width, (int)job->height, plot_scale_range(x_scale, (struct plot_range){-1, 1}),
                    plot_scale_range(y_scale, (struct plot_range){low - margin, high + margin}));
    if (plot == NULL) return NULL;
    plot_set_scale(plot, x_scale, y_scale);
    plot_curve(plot, n, x, y, (struct plot_pen){.width = 2, .color = 0x305090});
    gdImagePtr image = plot_finish(plot);
    plot_free(plot);
    return image;
}

static bool render_curve(const struct job *job) {
    const size_t n = job->width;
    if (n < MIN_PLOT || job->height < MIN_PLOT)
        return message_error("a curve needs at least %d columns and rows", MIN_PLOT);
    float *x = malloc(n * sizeof *x);
    if (x == NULL) return message_out_of_memory();
    for (size_t i = 0; i < n; i++) x[i] = place(i, n);
    float *y = predict(job, n, 1);
    const bool written = y != NULL && write_and_free(job, draw_curve(job, n, x, y));
    free(x);
    free(y);
    return written;
}

/* What the program that made the checkpoint says of it, where it says something. */
static bool read_notes(struct job *job, const sape_safetensors *checkpoint) {
    bool wrong = false;
    double shape[2], axes[2][2];
    if (notes_read(checkpoint, "image.width", 1, &shape[0], &wrong) &&
        notes_read(checkpoint, "image.height", 1, &shape[1], &wrong)) {
        for (int i = 0; i < 2; i++)
            if (shape[i] < 1 || shape[i] > MAX_SIZE)
                return message_error("%s belongs to a picture of %g by %g pixels; it cannot be drawn", job->path,
                                     shape[0], shape[1]);
        memcpy(job->shape, shape, sizeof shape);
    }
    if (notes_read(checkpoint, "function.x", 2, axes[0], &wrong) &&
        notes_read(checkpoint, "function.y", 2, axes[1], &wrong))
        memcpy(job->axes, axes, sizeof axes);
    return !wrong;
}

/* A size that is not given follows from the other one, both from the picture's shape. */
static bool choose_size(struct job *job) {
    double width = (double)job->width, height = (double)job->height;
    if (job->width == 0) width = job->height == 0 ? job->shape[0] : height * job->shape[0] / job->shape[1];
    if (job->height == 0) height = job->width == 0 ? job->shape[1] : width * job->shape[1] / job->shape[0];
    if (width > MAX_SIZE || height > MAX_SIZE)
        return message_error("the picture would have %.0f by %.0f pixels; at most %d in each direction are drawn",
                             width, height, MAX_SIZE);
    job->width = (uint64_t)fmax(1, round(width));
    job->height = (uint64_t)fmax(1, round(height));
    return true;
}

/* The notes of the first field are those of all. */
static bool read_first_notes(struct job *job, const sape_safetensors *checkpoint) {
    sape_safetensors *first;
    if (sape_ensemble_member(checkpoint, 0, &first) != SAPE_OK) return message_sape_error();
    const bool read = read_notes(job, first);
    sape_safetensors_free(first);
    return read;
}

/* Takes the fields out of their file. */
static bool load(struct job *job) {
    sape_safetensors *checkpoint;
    if (!notes_open(job->path, &checkpoint)) return false;
    bool loaded =
        sape_ensemble_from_checkpoint(checkpoint, SAPE_MAX_FIELDS, job->fields.fields, &job->fields.n) == SAPE_OK;
    if (!loaded) message_error("'%s': %s", job->path, sape_last_error());
    loaded = loaded && read_first_notes(job, checkpoint);
    sape_safetensors_free(checkpoint);
    if (!loaded) return false;
    job->domain_dim = sape_encoder_domain_dim(sape_field_encoder(job->fields.fields[0]));
    job->output_dim = sape_network_output_dim(sape_field_network(job->fields.fields[0]));
    return true;
}

/* Fields from files compute as SAPE_BACKEND says, and of its words the last one counts. */
static bool choose_precision(sape_precision precision) {
    if (precision == SAPE_PRECISION_AUTO) return true;
    const char *given = getenv("SAPE_BACKEND"), *name = sape_precision_name(precision);
    if (given == NULL) given = "";
    const size_t size = strlen(given) + strlen(name) + sizeof ",";
    char *words = malloc(size);
    if (words == NULL) return message_out_of_memory();
    snprintf(words, size, "%s,%s", given, name);
    const bool set = setenv("SAPE_BACKEND", given[0] == '\0' ? name : words, 1) == 0;
    free(words);
    return set || message_out_of_memory();
}

static bool render(struct job *job) {
    bool done = false;
    if (output_prepare(job->out, PICTURE) && choose_precision((sape_precision)job->precision) && load(job)) {
        if (job->output_dim != 1 && (job->domain_dim == 1 || job->output_dim != 3))
            message_error("%s has %zu outputs of %zu coordinates, which is not a curve, picture or solid", job->path,
                          job->output_dim, job->domain_dim);
        else
            done = choose_size(job) && (job->domain_dim == 1 ? render_curve(job) : render_pixels(job));
    }
    for (size_t i = 0; i < job->fields.n; i++) sape_field_free(job->fields.fields[i]);
    return done;
}

int main(int argc, char **argv) {
    struct job job = {.out = "out", .shape = {USUAL_SIZE, USUAL_SIZE}, .axes = {{0, 1}, {0, 1}}};
    const struct option_argument arguments[] = {{"FILE", &job.path}};
    const struct option_spec specs[] = {
        {"width", OPTION_COUNT, &job.width, "N", "columns of the picture, 0 for the field's own", 0, MAX_SIZE, NULL},
        {"height", OPTION_COUNT, &job.height, "N", "rows of the picture, 0 for the field's own", 0, MAX_SIZE, NULL},
        {"depth", OPTION_REAL, &job.depth, "X", "third coordinate of the slice through a solid", -1, 1, NULL},
        SETTINGS_PRECISION_OPTION(&job.precision),
        {.name = "out", OPTION_STRING, &job.out, "DIR", "directory of the result, created if missing"},
    };
    const struct option_group group = {"Picture", specs, sizeof specs / sizeof *specs};
    const struct option_table table = {
        .summary =
            "Draws a saved field, or the mean of those in one file, at any resolution and writes render.png: a\n"
            "function's curve, a picture, or a slice of a solid. A picture has the size of the fitted one if the\n"
            "checkpoint states it, otherwise 512 by 512. --width or --height alone keeps the aspect ratio.",
        .arguments = arguments,
        .num_arguments = 1,
        .groups = &group,
        .num_groups = 1,
    };
    program_begin();
    const enum options_outcome outcome = options_parse(&table, argc, argv);
    if (outcome == OPTIONS_WRONG) return 2;
    return program_end(outcome == OPTIONS_HELP_SHOWN || render(&job));
}
