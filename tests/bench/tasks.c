/* SPDX-License-Identifier: MIT */
#include "tasks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static const struct task tasks[] = {
    {"function", 26, 1, 1, 32, 2, 12, 5.0, SAPE_LOSS_MSE, 256, SAPE_ACTIVATION_RELU},
    {"image128", 4096, 2, 3, 256, 3, 128, 20.0, SAPE_LOSS_MSE, 256, SAPE_ACTIVATION_RELU},
    {"image512", 43648, 2, 3, 256, 3, 128, 20.0, SAPE_LOSS_MSE, 256, SAPE_ACTIVATION_RELU},
    {"silhouette", 500, 1, 2, 256, 2, 128, 5.0, SAPE_LOSS_MSE, 256, SAPE_ACTIVATION_RELU},
    {"occupancy", 5000, 3, 1, 256, 4, 64, 20.0, SAPE_LOSS_BCE, 256, SAPE_ACTIVATION_RELU},
    {"solid_grid", 5000, 3, 1, 64, 2, 32, 0.0, SAPE_LOSS_BCE, 9, SAPE_ACTIVATION_RELU},
};

void fail(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(2);
}

void check(sape_status status) {
    if (status != SAPE_OK) fail(sape_status_string(status), sape_last_error());
}

double number(const char *name, const char *text, double low, double high) {
    char *end;
    const double value = strtod(text, &end);
    if (*text == '\0' || *end != '\0' || !(value >= low && value <= high)) fail(name, text);
    return value;
}

const struct task *find_task(const char *name) {
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++)
        if (strcmp(tasks[i].name, name) == 0) return &tasks[i];
    fail("--task is function, image128, image512, silhouette, occupancy or solid_grid, not", name);
    return NULL;
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

sape_precision find_precision(const char *name) {
    for (sape_precision precision = SAPE_PRECISION_AUTO; precision <= SAPE_PRECISION_BF16; precision++)
        if (strcmp(sape_precision_name(precision), name) == 0) return precision;
    fail("--precision is auto, fp32, bf16x3 or bf16, not", name);
}

sape_field *create_field(const struct task *task, sape_policy policy, double progress, sape_precision precision) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.domain_dim = task->domain_dim;
    encoder.num_frequencies = task->num_frequencies;
    if (task->std > 0.0) {
        encoder.std = task->std;
    } else {
        encoder.kind = SAPE_ENCODING_GRID;
        encoder.num_levels = task->num_frequencies;
        encoder.finest_resolution = 124;
        encoder.log2_table_size = 17;
    }
    mask.policy = policy;
    mask.resolution = task->resolution;
    mask.block_iterations = 1000000000; /* stays where it is put */
    network.hidden_dim = task->hidden_dim;
    network.num_layers = task->num_layers;
    network.output_dim = task->output_dim;
    network.precision = precision;
    network.activation = task->activation;
    sape_field *field;
    check(sape_field_create(&encoder, &mask, &network, &field));
    if (policy == SAPE_POLICY_SPATIAL) reveal(field, progress);
    return field;
}

sape_description describe(const sape_field *field) {
    sape_description description = {.struct_size = sizeof description};
    check(sape_field_describe(field, &description));
    return description;
}

float *random_array(size_t count, float low, float high) {
    static uint64_t state = 1;
    float *values = malloc(count * sizeof *values);
    if (values == NULL) fail("samples", "no memory");
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        values[i] = low + (high - low) * (float)(state >> 40) * 0x1p-24f;
    }
    return values;
}

static double seconds_of(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

double now(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

double processor_time(void) {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

double peak_memory(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024.0;
}
