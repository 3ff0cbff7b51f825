/* SPDX-License-Identifier: MIT */
/*
 * Times training iterations at the sizes of the paper's tasks, and a large product of the installed BLAS beside them.
 *
 *     bench_training --task image512 --policy spatial --progress 1 --threads 2 [--iterations N] [--quick] [--json]
 *         [--samples N] [--width N] [--depth N] [--frequencies N] [--precision auto|fp32|bf16x3|bf16]
 *         [--activation NAME]
 *
 * The last options change the task's sizes. --progress is the share of blocks that are already revealed in every cell
 * while measuring.
 */
#include <getopt.h>
#include <sape/sape.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "peak.h"
#include "tasks.h"

#ifdef SAPE_BLIS
#include SAPE_CBLAS_HEADER
void bli_thread_set_num_threads(long threads);
const char *bli_arch_string(int id);
int bli_arch_query_id(void);
const char *bli_info_get_version_str(void);
#else
#include <cblas.h>
#endif

struct options {
    struct task sizes;
    const struct task *task;
    bool spatial;
    double progress;
    sape_precision precision;
    size_t threads;
    size_t iterations;
    bool json;
    /* Only the training, without the peak and the BLAS beside it. */
    bool quick;
};

static sape_activation activation_named(const char *name) {
    sape_activation activation = SAPE_ACTIVATION_RELU;
    for (; sape_activation_name(activation) != NULL; activation++)
        if (strcmp(sape_activation_name(activation), name) == 0) return activation;
    fail("--activation is relu, sine or another of sape_activation, not", name);
}

static struct options parse(int argc, char **argv) {
    static const struct option table[] = {{"task", required_argument, NULL, 't'},
                                          {"policy", required_argument, NULL, 'p'},
                                          {"progress", required_argument, NULL, 'g'},
                                          {"precision", required_argument, NULL, 'c'},
                                          {"threads", required_argument, NULL, 'n'},
                                          {"iterations", required_argument, NULL, 'i'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"quick", no_argument, NULL, 'q'},
                                          {"samples", required_argument, NULL, 's'},
                                          {"width", required_argument, NULL, 'w'},
                                          {"depth", required_argument, NULL, 'd'},
                                          {"frequencies", required_argument, NULL, 'f'},
                                          {"activation", required_argument, NULL, 'a'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {.sizes = *find_task("image512"), .spatial = true, .progress = 1.0, .threads = 1};
    struct task *sizes = &options.sizes;
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 't':
            *sizes = *find_task(optarg);
            break;
        case 'p':
            options.spatial = strcmp(optarg, "spatial") == 0;
            if (!options.spatial && strcmp(optarg, "none") != 0) fail("--policy is none or spatial, not", optarg);
            break;
        case 'g':
            options.progress = number("--progress", optarg, 0.0, 1.0);
            break;
        case 'c':
            options.precision = find_precision(optarg);
            break;
        case 'n':
            options.threads = (size_t)number("--threads", optarg, 1.0, 256.0);
            break;
        case 'i':
            options.iterations = (size_t)number("--iterations", optarg, 1.0, 1e9);
            break;
        case 's':
            sizes->samples = (size_t)number("--samples", optarg, 1.0, 1e7);
            break;
        case 'w':
            sizes->hidden_dim = (size_t)number("--width", optarg, 1.0, 8192.0);
            break;
        case 'd':
            sizes->num_layers = (size_t)number("--depth", optarg, 1.0, 64.0);
            break;
        case 'f':
            sizes->num_frequencies = (size_t)number("--frequencies", optarg, 1.0, 16384.0);
            break;
        case 'a':
            sizes->activation = activation_named(optarg);
            break;
        case 'q':
            options.quick = true;
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

/* Seconds of an iteration: the median, the mean, the best, and the median of the processor's time, in which other
   programs have no part. */
struct times {
    double median, mean, best, processor;
    /* What computed them. */
    const char *precision, *code;
};

static struct times time_training(const struct options *options) {
    const struct task *task = options->task;
    sape_field *field = create_field(task, options->spatial ? SAPE_POLICY_SPATIAL : SAPE_POLICY_NONE, options->progress,
                                     options->precision);
    const sape_description description = describe(field);
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
    double *processor = malloc(iterations * sizeof *processor);
    if (seconds == NULL || processor == NULL) fail("times", "no memory");
    check(sape_trainer_run(trainer, 2, NULL, NULL, NULL));
    for (size_t i = 0; i < iterations; i++) {
        const double begin = now(), processor_begin = processor_time();
        check(sape_trainer_step(trainer, NULL));
        seconds[i] = now() - begin;
        processor[i] = processor_time() - processor_begin;
    }
    struct times times = {.median = median(seconds, iterations),
                          .processor = median(processor, iterations),
                          .precision = description.precision,
                          .code = description.precision_code};
    times.best = seconds[0];
    for (size_t i = 0; i < iterations; i++) times.mean += seconds[i] / (double)iterations;
    sape_trainer_free(trainer);
    sape_field_free(field);
    free(x);
    free(targets);
    free(seconds);
    free(processor);
    return times;
}

/* Multiply-adds of the layers, forward and back, counted as two; the first layer has no gradient to hand on. */
static double layer_operations(const struct options *options) {
    const struct task *task = options->task;
    const double h = (double)task->hidden_dim;
    const double features = (double)(2 * task->num_frequencies + (options->spatial ? task->domain_dim : 0));
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
    struct options options = parse(argc, argv);
    options.task = &options.sizes;
    const struct times times = time_training(&options);
    if (options.quick) {
        printf("{\"task\":\"%s\",\"precision\":\"%s\",\"ms_per_iteration\":%.6g,\"mean_ms\":%.6g,"
               "\"processor_ms\":%.6g}\n",
               options.task->name, times.precision, times.median * 1e3, times.mean * 1e3, times.processor * 1e3);
        return 0;
    }
    const double mb = peak_memory(), operations = layer_operations(&options);
    const double sgemm = time_sgemm(options.threads), peak = peak_gflops(options.threads);
    char blas[128];
    describe_blas(blas, sizeof blas);
    const char *policy = options.spatial ? "spatial" : "none";
    const double ms = times.median * 1e3, best = times.best * 1e3, processor = times.processor * 1e3;
    const double gflops = operations / ms * 1e-6, share = operations / best * 1e-6 / peak;
    printf(
        "%s, policy %s, %s (%s), %zu threads: %.4g ms an iteration (best %.4g, of the processor %.4g), %.1f GFLOP/s; "
        "peak %.1f, at best %.0f %% of it; sgemm %.1f (%s); %.0f MB\n",
        options.task->name, policy, times.precision, times.code, options.threads, ms, best, processor, gflops, peak,
        share * 100.0, sgemm, blas, mb);
    if (options.json)
        printf("{\"task\":\"%s\",\"policy\":\"%s\",\"precision\":\"%s\",\"threads\":%zu,\"ms_per_iteration\":%.6g,"
               "\"best_ms\":%.6g,"
               "\"processor_ms\":%.6g,\"gflops\":%.6g,\"peak_gflops\":%.6g,\"sgemm_gflops\":%.6g,\"blas\":\"%s\","
               "\"peak_rss_mb\":%.6g}\n",
               options.task->name, policy, times.precision, options.threads, ms, best, processor, gflops, peak, sgemm,
               blas, mb);
    return 0;
}
