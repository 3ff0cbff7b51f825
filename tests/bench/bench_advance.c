/* SPDX-License-Identifier: MIT */
/*
 * Times an advance of the spatial mask with the rebuilding that follows it, and making everything that the task needs.
 *
 *     bench_advance [--task occupancy] [--repeats N] [--json]
 *
 * Times are the processor's, which other programs do not disturb. Before every advance losses are recorded all over the
 * domain, so that every cell's loss differs.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tasks.h"

#define RECORDS 20

/* Field, trainer and data, up to the first iteration. */
static double time_creation(const struct task *task, float *x, float *targets) {
    const double begin = processor_time();
    sape_field *field = create_field(task, SAPE_POLICY_SPATIAL, 0.0, SAPE_PRECISION_AUTO);
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    params.loss = task->loss;
    sape_trainer *trainer;
    check(sape_trainer_create(&params, NULL, field, &trainer));
    check(sape_trainer_set_data(trainer, task->samples, x, targets));
    const double seconds = processor_time() - begin;
    sape_trainer_free(trainer);
    sape_field_free(field);
    return seconds;
}

/* The median of the advances and the best; the median of the records. */
static double time_advances(const struct task *task, size_t repeats, double *best, double *record) {
    const size_t n = task->samples;
    sape_field *field = create_field(task, SAPE_POLICY_SPATIAL, 0.0, SAPE_PRECISION_AUTO);
    sape_mask *mask = sape_field_mask(field);
    double *seconds = malloc(repeats * sizeof *seconds), *records = malloc(repeats * RECORDS * sizeof *records);
    if (seconds == NULL || records == NULL) fail("times", "no memory");
    for (size_t i = 0; i < repeats; i++) {
        for (size_t k = 0; k < RECORDS; k++) {
            float *x = random_array(n * task->domain_dim, -1.0f, 1.0f), *loss = random_array(n, 0.0f, 0.1f);
            const double begin = processor_time();
            check(sape_mask_record(mask, n, x, loss));
            records[i * RECORDS + k] = processor_time() - begin;
            free(x);
            free(loss);
        }
        const double begin = processor_time();
        check(sape_mask_advance(mask));
        seconds[i] = processor_time() - begin;
    }
    sape_field_free(field);
    *record = median(records, repeats * RECORDS);
    const double result = median(seconds, repeats);
    *best = seconds[0];
    free(seconds);
    free(records);
    return result;
}

int main(int argc, char **argv) {
    static const struct option table[] = {{"task", required_argument, NULL, 't'},
                                          {"repeats", required_argument, NULL, 'r'},
                                          {"json", no_argument, NULL, 'j'},
                                          {NULL, 0, NULL, 0}};
    const struct task *task = find_task("occupancy");
    size_t repeats = 30;
    bool json = false;
    int option;
    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        if (option == 't')
            task = find_task(optarg);
        else if (option == 'r')
            repeats = (size_t)number("--repeats", optarg, 1.0, 1e6);
        else if (option == 'j')
            json = true;
        else
            return 2;
    }
    float *x = random_array(task->samples * task->domain_dim, -1.0f, 1.0f);
    float *targets = random_array(task->samples * task->output_dim, 0.0f, 1.0f);
    const double first = time_creation(task, x, targets), create = time_creation(task, x, targets);
    double best, record;
    const double advance = time_advances(task, repeats, &best, &record);
    printf("%s, %zu^%zu cells: advance %.3g ms (best %.3g), record of %zu samples %.3g ms; made in %.3g ms, again in "
           "%.3g ms; %.0f "
           "MB\n",
           task->name, task->resolution, task->domain_dim, advance * 1e3, best * 1e3, task->samples, record * 1e3,
           first * 1e3, create * 1e3, peak_memory());
    if (json)
        printf("{\"task\":\"%s\",\"resolution\":%zu,\"advance_ms\":%.6g,\"best_ms\":%.6g,\"record_ms\":%.6g,\"first_"
               "use_ms\":%.6g}\n",
               task->name, task->resolution, advance * 1e3, best * 1e3, record * 1e3, first * 1e3);
    free(x);
    free(targets);
    return 0;
}
