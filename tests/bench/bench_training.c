/* SPDX-License-Identifier: MIT */
/*
 * Times training iterations at the sizes of the paper's tasks, and a large product of the installed BLAS beside them.
 *
 *     bench_training --task image512 --policy spatial --progress 1 --threads 2 [--iterations N] [--json]
 *
 * --progress is the share of blocks that are already revealed in every cell while measuring.
 */
#include <getopt.h>
#include <sape/sape.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "peak.h"

#ifdef SAPE_BLIS
#include SAPE_CBLAS_HEADER
void bli_thread_set_num_threads(long threads);
const char *bli_arch_string(int id);
int bli_arch_query_id(void);
const char *bli_info_get_version_str(void);
#else
#include <cblas.h>
#endif

struct task {
    const char *name;
    size_t samples, domain_dim, output_dim, hidden_dim, num_layers, resolution;
    double std;
    sape_loss loss;
};

static const struct task tasks[] = {
    {"function", 26, 1, 1, 32, 2, 12, 5.0, SAPE_LOSS_MSE},
    {"image128", 4096, 2, 3, 256, 3, 128, 20.0, SAPE_LOSS_MSE},
    {"image512", 43648, 2, 3, 256, 3, 128, 20.0, SAPE_LOSS_MSE},
    {"silhouette", 500, 1, 2, 256, 2, 128, 5.0, SAPE_LOSS_MSE},
    {"occupancy", 5000, 3, 1, 256, 4, 64, 20.0, SAPE_LOSS_BCE},
};

struct options {
    const struct task *task;
    bool spatial;
    double progress;
    size_t threads;
    size_t iterations;
    bool json;
};

static void fail(const char *what, const char *why) {
    fprintf(stderr, "bench_training: %s: %s\n", what, why);
    exit(2);
}

static void check(sape_status status) {
    if (status != SAPE_OK) fail(sape_status_string(status), sape_last_error());
}

static double number(const char *name, const char *text, double low, double high) {
    char *end;
    const double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(value >= low && value <= high)) fail(name, text);
    return value;
}

static const struct task *find_task(const char *name) {
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].name, name) == 0) return &tasks[i];
    fail("--task is function, image128, image512, silhouette or occupancy, not", name);
    return NULL;
}

static struct options parse(int argc, char **argv) {
    static const struct option table[] = {{"task", required_argument, NULL, 't'},
                                          {"policy", required_argument, NULL, 'p'},
                                          {"progress", required_argument, NULL, 'g'},
                                          {"threads", required_argument, NULL, 'n'},
                                          {"iterations", required_argument, NULL, 'i'},
                                          {"json", no_argument, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.task = &tasks[2], .spatial = true, .progress = 1.0, .threads = 1};
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 't':
            options.task = find_task(optarg);
            break;
        case 'p':
            options.spatial = strcmp(optarg, "spatial") == 0;
            if (!options.spatial && strcmp(optarg, "none") != 0) fail("--policy is none or spatial, not", optarg);
            break;
        case 'g':
            options.progress = number("--progress", optarg, 0.0, 1.0);
            break;
        case 'n':
            options.threads = (size_t)number("--threads", optarg, 1.0, 256.0);
            break;
        case 'i':
            options.iterations = (size_t)number("--iterations", optarg, 1.0, 1e9);
            break;
        case 'j':
            options.json = true;
            break;
        default:
            exit(2);
        }
    }
    return options;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static sape_field *create_field(const struct options *options) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.domain_dim = options->task->domain_dim;
    encoder.std = options->task->std;
    mask.policy = options->spatial ? SAPE_POLICY_SPATIAL : SAPE_POLICY_NONE;
    mask.resolution = options->task->resolution;
    mask.block_iterations = 1000000000; /* stays where it is put */
    network.hidden_dim = options->task->hidden_dim;
    network.num_layers = options->task->num_layers;
    network.output_dim = options->task->output_dim;
    sape_field *field;
    check(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

/* The same level in every cell: the first block, and the wanted share of the others. */
static void reveal(sape_field *field, double progress) {
    sape_mask_state state = {.struct_size = sizeof state};
    check(sape_mask_get_state(sape_field_mask(field), &state));
    const size_t dim = sape_mask_encoding_dim(sape_field_mask(field));
    const size_t blocks = (size_t)(progress * (double)((dim - state.block_size) / state.block_size) + 0.5);
    const size_t level = progress >= 1.0 ? dim : state.block_size * (1 + blocks);
    float *levels = malloc(state.num_cells * sizeof *levels);
    if (levels == NULL) fail("levels", "no memory");
    for (size_t i = 0; i < state.num_cells; i++) levels[i] = (float)(level < dim ? level : dim);
    check(sape_mask_set_tensor(sape_field_mask(field), "mask_stashed", levels, state.num_cells));
    free(levels);
}

static float *random_array(size_t count, float low, float high) {
    static uint64_t state = 1;
    float *values = malloc(count * sizeof *values);
    if (values == NULL) fail("samples", "no memory");
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = low + (high - low) * (float)(state >> 40) * 0x1p-24f;
    }
    return values;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over iterations, in seconds. */
static double time_training(const struct options *options) {
    const struct task *task = options->task;
    sape_field *field = create_field(options);
    if (options->spatial) reveal(field, options->progress);
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = task->loss;
    params.num_threads = options->threads;
    sape_trainer *trainer;
    check(sape_trainer_create(&params, NULL, field, &trainer));
    float *x = random_array(task->samples * task->domain_dim, -1.0f, 1.0f);
    float *targets = random_array(task->samples * task->output_dim, 0.0f, 1.0f);
    check(sape_trainer_set_data(trainer, task->samples, x, targets));
    const size_t iterations = options->iterations != 0 ? options->iterations : 20 + 100000 / task->samples;
    double *seconds = malloc(iterations * sizeof *seconds);
    if (seconds == NULL) fail("times", "no memory");
    check(sape_trainer_run(trainer, 2, NULL, NULL, NULL));
    for (size_t i = 0; i < iterations; i++) {
        const double begin = now();
        check(sape_trainer_step(trainer, NULL));
        seconds[i] = now() - begin;
    }
    qsort(seconds, iterations, sizeof *seconds, compare);
    const double median = seconds[iterations / 2];
    sape_trainer_free(trainer);
    sape_field_free(field);
    free(x);
    free(targets);
    free(seconds);
    return median;
}

/* Multiply-adds of the layers, forward and back, counted as two; the first layer has no gradient to hand on. */
static double layer_operations(const struct options *options) {
    const struct task *task = options->task;
    const double h = (double)task->hidden_dim;
    const double features = (double)(512 + (options->spatial ? task->domain_dim : 0));
    const double inner = (double)(task->num_layers - 1) * h * h + h * (double)task->output_dim;
    return 2.0 * (double)task->samples * (2.0 * features * h + 3.0 * inner);
}

static void describe_blas(char *text, size_t size) {
#ifdef SAPE_BLIS
    snprintf(text, size, "BLIS %s %s", bli_info_get_version_str(), bli_arch_string(bli_arch_query_id()));
#else
    snprintf(text, size, "%.40s kernel %s", openblas_get_config(), openblas_get_corename());
#endif
}

/* The best of a few products of 2048 cubed by the installed BLAS, GFLOP/s. */
static double time_sgemm(size_t threads) {
    enum { SIZE = 2048 };
#ifdef SAPE_BLIS
    bli_thread_set_num_threads((long)threads);
#else
    openblas_set_num_threads((int)threads);
#endif
    float *a = random_array((size_t)SIZE * SIZE, -1.0f, 1.0f), *b = random_array((size_t)SIZE * SIZE, -1.0f, 1.0f);
    float *c = random_array((size_t)SIZE * SIZE, 0.0f, 1.0f);
    double best = 1e9;
    for (int i = 0; i < 4; i++) {
        const double begin = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SIZE, SIZE, SIZE, 1.0f, a, SIZE, b, SIZE, 0.0f, c, SIZE);
        const double seconds = now() - begin;
        if (seconds < best) best = seconds;
    }
    free(a);
    free(b);
    free(c);
    return 2.0 * SIZE * SIZE * (double)SIZE / best * 1e-9;
}

int main(int argc, char **argv) {
    const struct options options = parse(argc, argv);
    const double seconds = time_training(&options);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    const double gflops = layer_operations(&options) / seconds * 1e-9;
    const double sgemm = time_sgemm(options.threads), peak = peak_gflops(options.threads);
    char blas[128];
    describe_blas(blas, sizeof blas);
    const char *policy = options.spatial ? "spatial" : "none";
    const double mb = (double)usage.ru_maxrss / 1024.0;
    printf("%s, policy %s, %zu threads: %.4g ms an iteration, %.1f GFLOP/s of %.1f; sgemm %.1f GFLOP/s (%s); %.0f MB\n",
           options.task->name, policy, options.threads, seconds * 1e3, gflops, peak, sgemm, blas, mb);
    if (options.json)
        printf("{\"task\":\"%s\",\"policy\":\"%s\",\"threads\":%zu,\"ms_per_iteration\":%.6g,\"gflops\":%.6g,"
               "\"peak_gflops\":%.6g,\"sgemm_gflops\":%.6g,\"blas\":\"%s\",\"peak_rss_mb\":%.6g}\n",
               options.task->name, policy, options.threads, seconds * 1e3, gflops, peak, sgemm, blas, mb);
    return 0;
}
