/* SPDX-License-Identifier: MIT */
/*
 * Times the evaluation of occupancy's field on a regular grid, everything revealed.
 *
 *     bench_inference [--resolution 256] [--policy spatial] [--progress 1] [--threads 1] [--repeats 1]
 *         [--precision auto] [--json]
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tasks.h"

struct options {
    size_t resolution, threads, repeats;
    double progress;
    sape_policy policy;
    sape_precision precision;
    bool json;
};

static struct options parse(int argc, char **argv) {
    static const struct option table[] = {{"resolution", required_argument, NULL, 'r'},
                                          {"policy", required_argument, NULL, 'p'},
                                          {"progress", required_argument, NULL, 'g'},
                                          {"threads", required_argument, NULL, 'n'},
                                          {"precision", required_argument, NULL, 'c'},
                                          {"repeats", required_argument, NULL, 'i'},
                                          {"json", no_argument, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    struct options options = {256, 1, 1, 1.0, SAPE_POLICY_SPATIAL, SAPE_PRECISION_AUTO, false};
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        switch (option) {
        case 'r':
            options.resolution = (size_t)number("--resolution", optarg, 1.0, 1024.0);
            break;
        case 'p':
            options.policy = strcmp(optarg, "none") == 0 ? SAPE_POLICY_NONE : SAPE_POLICY_SPATIAL;
            break;
        case 'g':
            options.progress = number("--progress", optarg, 0.0, 1.0);
            break;
        case 'n':
            options.threads = (size_t)number("--threads", optarg, 1.0, 256.0);
            break;
        case 'c':
            options.precision = find_precision(optarg);
            break;
        case 'i':
            options.repeats = (size_t)number("--repeats", optarg, 1.0, 1e6);
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

int main(int argc, char **argv) {
    const struct options options = parse(argc, argv);
    const struct task *task = find_task("occupancy");
    const size_t r = options.resolution, size[] = {r, r, r};
    const float low[] = {-1.0f, -1.0f, -1.0f}, high[] = {1.0f, 1.0f, 1.0f};
    sape_field *field = create_field(task, options.policy, options.progress, options.precision);
    check(sape_field_set_num_threads(field, options.threads));
    float *outputs = malloc(r * r * r * sizeof *outputs);
    if (outputs == NULL) fail("outputs", "no memory");
    double sum = 0.0, best = 1e9;
    const double processor_begin = processor_time();
    for (size_t i = 0; i < options.repeats; i++) {
        const double begin = now();
        check(sape_field_predict_grid(field, size, low, high, outputs));
        const double seconds = now() - begin;
        sum += seconds;
        if (seconds < best) best = seconds;
    }
    const double points = (double)(r * r * r), mean = sum / (double)options.repeats;
    const double processor = (processor_time() - processor_begin) / (double)options.repeats;
    printf("%zu^3 points, %zu threads: %.4g ms (best %.4g, of the processor %.4g), %.3g million points a second; %.0f "
           "MB\n",
           r, options.threads, mean * 1e3, best * 1e3, processor * 1e3, points / mean * 1e-6, peak_memory());
    if (options.json)
        printf("{\"resolution\":%zu,\"precision\":\"%s\",\"threads\":%zu,\"mean_ms\":%.6g,\"best_ms\":%.6g,"
               "\"processor_ms\":%.6g}\n",
               r, describe(field).precision, options.threads, mean * 1e3, best * 1e3, processor * 1e3);
    free(outputs);
    sape_field_free(field);
    return 0;
}
