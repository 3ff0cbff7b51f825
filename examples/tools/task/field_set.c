/* SPDX-License-Identifier: MIT */
#include "task/field_set.h"

#include "cli/message.h"

#include <stdio.h>
#include <stdlib.h>

/* What is asked of every field. */
struct question {
    size_t n;
    const float *x, *ones; /* ones only for slopes */
    const size_t *size;    /* of a grid, or NULL */
    const float *low, *high;
};

static bool ask(const sape_field *field, const struct question *question, float *values) {
    sape_status status;
    if (question->size)
        status = sape_field_predict_grid(field, question->size, question->low, question->high, values);
    else if (question->ones)
        status = sape_field_backward(field, question->n, question->x, question->ones, NULL, values);
    else
        status = sape_field_predict(field, question->n, question->x, values);
    return status == SAPE_OK || message_sape_error();
}

/* Means of count values; those of one field as they are. */
static bool mean(const struct field_set *set, const struct question *question, size_t count, float *values) {
    if (!ask(set->fields[0], question, values)) return false;
    if (set->n == 1) return true;
    float *more = malloc(count * sizeof *more);
    bool done = more != NULL || message_out_of_memory();
    for (size_t k = 1; done && k < set->n; k++) {
        done = ask(set->fields[k], question, more);
        for (size_t i = 0; done && i < count; i++) values[i] += more[i];
    }
    for (size_t i = 0; i < count; i++) values[i] /= (float)set->n;
    free(more);
    return done;
}

static size_t output_dim(const struct field_set *set) {
    return sape_network_output_dim(sape_field_network(set->fields[0]));
}

static size_t domain_dim(const struct field_set *set) {
    return sape_encoder_domain_dim(sape_field_encoder(set->fields[0]));
}

bool field_set_predict(const struct field_set *set, size_t n, const float *x, float *outputs) {
    const struct question question = {.n = n, .x = x};
    return mean(set, &question, n * output_dim(set), outputs);
}

bool field_set_predict_grid(const struct field_set *set, const size_t *size, const float *low, const float *high,
                            float *outputs) {
    const struct question question = {.size = size, .low = low, .high = high};
    size_t count = output_dim(set);
    for (size_t a = 0; a < domain_dim(set); a++) count *= size[a];
    return mean(set, &question, count, outputs);
}

bool field_set_slopes(const struct field_set *set, size_t n, const float *x, float *slopes) {
    const size_t num_ones = n * output_dim(set);
    float *ones = malloc(num_ones * sizeof *ones);
    if (!ones) return message_out_of_memory();
    for (size_t i = 0; i < num_ones; i++) ones[i] = 1;
    const struct question question = {.n = n, .x = x, .ones = ones};
    const bool done = mean(set, &question, n * domain_dim(set), slopes);
    free(ones);
    return done;
}

bool field_set_path(const char *file, size_t count, size_t index, char path[FIELD_SET_PATH]) {
    const int length =
        count == 1 ? snprintf(path, FIELD_SET_PATH, "%s", file) : snprintf(path, FIELD_SET_PATH, "%s.%zu", file, index);
    return length < FIELD_SET_PATH || message_error("the name of a file has more than %d bytes", FIELD_SET_PATH - 1);
}
