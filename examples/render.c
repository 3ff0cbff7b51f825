/* SPDX-License-Identifier: MIT */
/* Draws a saved field at any resolution: a curve, a picture, or a slice of a solid. */
#include "message.h"
#include "options.h"
#include "output.h"
#include "picture.h"
#include "plot.h"

#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
    const char *path;
    uint64_t width, height;
    double depth;
    const char *out;
    sape_field *field;
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
    } else if (sape_field_predict_grid(job->field, size, low, high, outputs) != SAPE_OK) {
        message_sape_error();
    } else {
        return outputs;
    }
    free(outputs);
    return NULL;
}

static bool write_and_free(const struct job *job, gdImagePtr image) {
    if (image == NULL) return message_out_of_memory();
    const bool written = output_make_directory(job->out) && picture_write_png(image, job->out, "render.png");
    gdImageDestroy(image);
    if (written) output_print_location(job->out, "render.png");
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

static bool render_curve(const struct job *job) {
    const size_t n = job->width;
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; x != NULL && i < n; i++) x[i] = place(i, n);
    float *y = x != NULL ? predict(job, n, 1) : NULL;
    if (x == NULL) message_out_of_memory();
    bool written = false;
    if (y != NULL) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            low = fmin(low, (double)y[i]);
            high = fmax(high, (double)y[i]);
        }
        const double margin = 0.05 * (high - low) + 1e-6;
        struct plot *plot = plot_create((int)job->width, (int)job->height, (struct plot_range){-1, 1},
                                        (struct plot_range){low - margin, high + margin});
        if (plot != NULL) plot_curve(plot, n, x, y, (struct plot_pen){.width = 2, .color = 0x305090});
        written = write_and_free(job, plot == NULL ? NULL : plot_finish(plot));
        plot_free(plot);
    }
    free(x);
    free(y);
    return written;
}

static bool render(struct job *job) {
    if (sape_field_load(job->path, &job->field) != SAPE_OK) return message_sape_error();
    job->domain_dim = sape_encoder_domain_dim(sape_field_encoder(job->field));
    job->output_dim = sape_network_output_dim(sape_field_network(job->field));
    bool done = false;
    if (job->output_dim != 1 && (job->domain_dim == 1 || job->output_dim != 3))
        message_error("%s has %zu outputs of %zu coordinates, which is no curve, picture or solid", job->path,
                      job->output_dim, job->domain_dim);
    else
        done = job->domain_dim == 1 ? render_curve(job) : render_pixels(job);
    sape_field_free(job->field);
    return done;
}

int main(int argc, char **argv) {
    struct job job = {.width = 512, .height = 512, .out = "out"};
    const struct option_argument arguments[] = {{"FILE", &job.path}};
    const struct option_spec specs[] = {
        {"width", OPTION_COUNT, &job.width, "N", "columns of the picture", 16, 16384, NULL},
        {"height", OPTION_COUNT, &job.height, "N", "rows of the picture", 16, 16384, NULL},
        {"depth", OPTION_REAL, &job.depth, "X", "third coordinate of the slice through a solid", -1, 1, NULL},
        {.name = "out", OPTION_STRING, &job.out, "DIR", "directory of the result, made when missing"},
    };
    const struct option_group group = {"Picture", specs, sizeof specs / sizeof *specs};
    const struct option_table table = {
        .summary = "Draws a saved field at any resolution and writes render.png: a function's curve, a picture, or a\n"
                   "slice of a solid.",
        .arguments = arguments,
        .num_arguments = 1,
        .groups = &group,
        .num_groups = 1,
    };
    const enum options_outcome outcome = options_parse(&table, argc, argv);
    if (outcome != OPTIONS_GO_ON) return outcome == OPTIONS_HELP_SHOWN ? EXIT_SUCCESS : 2;
    return render(&job) ? EXIT_SUCCESS : EXIT_FAILURE;
}
