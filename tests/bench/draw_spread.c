/* SPDX-License-Identifier: MIT */
/*
 * Where the spread of fits over seeds comes from, with random and with stratified frequencies, for docs/quality.md: a
 * picture (PSNR over all pixels, 1000 iterations) or a solid (IoU near the surface, 400 iterations) is fitted with the
 * published settings and policy none, and only the seed of one thing varies. Markdown.
 *   draw_spread photograph|solid FILE [SEEDS [PRECISION]]
 */
#include "cli/message.h"
#include "task/image_task.h"
#include "task/occupancy_task.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SEEDS = 64, EPOCHS = 10, SET_SAMPLES = 200000, BATCH = 5000, IMAGE_ITERATIONS = 1000, IMAGE_SIZE = 128 };

#define FRACTION 0.25

/* The seeds of a fit. */
struct seeds {
    size_t draw, network, samples; /* network: its initial parameters, and the order of the samples */
};

static const struct {
    const char *name;
    struct seeds varies; /* 1 for what does */
} rows[] = {
    {"all", {1, 1, 1}},
    {"draw", {1, 0, 0}},
    {"network and samples", {0, 1, 1}},
};

struct spread {
    bool solid;
    const char *path;
    sape_precision precision;
    size_t num_loaded; /* samples of the seeds before it are there */
    struct image_task *images;
    struct occupancy_task *solids;
};

static void check(sape_status status) {
    if (status == SAPE_OK) return;
    message_sape_error();
    exit(EXIT_FAILURE);
}

static void *allocate(size_t count, size_t size) {
    void *array = calloc(count, size);
    if (array) return array;
    message_out_of_memory();
    exit(EXIT_FAILURE);
}

static void load_samples(struct spread *spread, size_t seed) {
    for (size_t i = spread->num_loaded; i <= seed; i++) {
        const struct image_source image = {spread->path, IMAGE_SIZE, PIXEL_SAMPLING_RANDOM, FRACTION, i};
        const struct occupancy_source solid = {spread->path, false, SET_SAMPLES, EPOCHS, i, 1};
        if (!(spread->solid ? occupancy_task_load(&spread->solids[i], &solid)
                            : image_task_load(&spread->images[i], &image)))
            exit(EXIT_FAILURE);
        spread->num_loaded = i + 1;
    }
}

static sape_field *create_field(const struct spread *spread, sape_draw draw, struct seeds seeds) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.domain_dim = spread->solid ? 3 : 2;
    encoder.std = 20.0;
    encoder.draw = draw;
    encoder.seed = seeds.draw;
    mask.policy = SAPE_POLICY_NONE;
    network.hidden_dim = 256;
    network.num_layers = spread->solid ? 4 : 3;
    network.output_dim = spread->solid ? 1 : spread->images[0].target.channels;
    network.precision = spread->precision;
    network.seed = seeds.network;
    sape_field *field;
    check(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static sape_trainer *create_trainer(const struct spread *spread, sape_field *field, struct seeds seeds) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.loss = spread->solid ? SAPE_LOSS_BCE : SAPE_LOSS_MSE;
    params.batch_size = spread->solid ? BATCH : 0;
    params.num_threads = 1;
    params.seed = seeds.network;
    optimizer.learning_rate = spread->solid ? 1e-4 : 1e-3;
    sape_trainer *trainer;
    check(sape_trainer_create(&params, &optimizer, field, &trainer));
    return trainer;
}

static double fit_image(struct image_task *task, const struct field_set *fields, sape_trainer *trainer) {
    check(sape_trainer_set_data(trainer, task->set.n, task->sample_x, task->sample_y));
    check(sape_trainer_run(trainer, IMAGE_ITERATIONS, NULL, NULL, NULL));
    if (!image_task_predict(task, fields)) exit(EXIT_FAILURE);
    return image_task_quality(task).psnr_all;
}

static double fit_solid(struct occupancy_task *task, const struct field_set *fields, sape_trainer *trainer) {
    for (size_t epoch = 0; epoch < EPOCHS; epoch++) {
        const struct occupancy_samples *samples = occupancy_task_epoch(task, epoch);
        if (!samples) exit(EXIT_FAILURE);
        check(sape_trainer_set_data(trainer, samples->n, samples->points, samples->labels));
        check(sape_trainer_run(trainer, samples->n / BATCH, NULL, NULL, NULL));
    }
    struct occupancy_quality quality;
    if (!occupancy_task_quality(task, fields, &quality)) exit(EXIT_FAILURE);
    return quality.iou_near;
}

static double fit(struct spread *spread, sape_draw draw, struct seeds seeds) {
    load_samples(spread, seeds.samples);
    sape_field *field = create_field(spread, draw, seeds);
    sape_trainer *trainer = create_trainer(spread, field, seeds);
    const struct field_set fields = {1, {field}};
    const double quality = spread->solid ? fit_solid(&spread->solids[seeds.samples], &fields, trainer)
                                         : fit_image(&spread->images[seeds.samples], &fields, trainer);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return quality;
}

/* Prints the values of seeds 0 to n - 1, their mean and their standard deviation. */
static void print_row(const char *varies, sape_draw draw, size_t n, const double *values, int digits) {
    double mean = 0.0, square = 0.0;
    printf("| %s | %s | ", varies, sape_draw_name(draw));
    for (size_t i = 0; i < n; i++) {
        printf("%s%.*f", i > 0 ? ", " : "", digits, values[i]);
        mean += values[i] / (double)n;
    }
    for (size_t i = 0; i < n; i++) square += (values[i] - mean) * (values[i] - mean);
    printf(" | %.*f | %.*f |\n", digits, mean, digits + 1, sqrt(square / (double)(n - 1)));
    fflush(stdout);
}

/* The first fit of every row has the same seeds. */
static void measure(struct spread *spread, size_t n) {
    double values[2][MOST_SEEDS];
    for (sape_draw draw = SAPE_DRAW_RANDOM; draw <= SAPE_DRAW_STRATIFIED; draw++)
        values[draw][0] = fit(spread, draw, (struct seeds){0, 0, 0});
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (sape_draw draw = SAPE_DRAW_RANDOM; draw <= SAPE_DRAW_STRATIFIED; draw++) {
            const struct seeds *varies = &rows[r].varies;
            for (size_t i = 1; i < n; i++)
                values[draw][i] =
                    fit(spread, draw, (struct seeds){i * varies->draw, i * varies->network, i * varies->samples});
            print_row(rows[r].name, draw, n, values[draw], spread->solid ? 4 : 2);
        }
}

int main(int argc, char **argv) {
    const size_t n = argc > 3 ? strtoull(argv[3], NULL, 10) : 6;
    struct spread spread = {.solid = argc > 2 && strcmp(argv[1], "solid") == 0};
    for (const char *name; argc > 4 && (name = sape_precision_name(spread.precision)) && strcmp(name, argv[4]) != 0;)
        spread.precision++;
    if (argc < 3 || argc > 5 || (!spread.solid && strcmp(argv[1], "photograph") != 0) || n < 2 || n > MOST_SEEDS ||
        !sape_precision_name(spread.precision)) {
        message_error("usage: draw_spread photograph|solid FILE [SEEDS [PRECISION]], SEEDS 2 to %d", MOST_SEEDS);
        return 2;
    }
    spread.path = argv[2];
    spread.images = allocate(n, sizeof *spread.images);
    spread.solids = allocate(n, sizeof *spread.solids);
    load_samples(&spread, 0);
    printf("| varies | draw | seeds 0 to %zu | mean | standard deviation |\n| --- | --- | --- | --- | --- |\n", n - 1);
    measure(&spread, n);
    for (size_t i = 0; i < spread.num_loaded; i++)
        spread.solid ? occupancy_task_free(&spread.solids[i]) : image_task_free(&spread.images[i]);
    free(spread.images);
    free(spread.solids);
    return EXIT_SUCCESS;
}
