/* SPDX-License-Identifier: MIT */
/* Fields of one task, of which the mean output is used: it lies closer to the target between the samples than that of
   one, since their errors there differ. */
#ifndef EXAMPLES_FIELD_SET_H
#define EXAMPLES_FIELD_SET_H

#include <sape/sape.h>
#include <stdbool.h>

enum { FIELD_SET_MAX = 32, FIELD_SET_PATH = 4096 };

struct field_set {
    size_t n;
    const sape_field *fields[FIELD_SET_MAX];
};

/* Means over the fields: of outputs (n, output_dim) at x, and of outputs on a regular grid, as the library's calls of
   these names give them, and of the slopes (n, domain_dim) of the sum of the outputs. When they fail a message has been
   printed. */
bool field_set_predict(const struct field_set *set, size_t n, const float *x, float *outputs);
bool field_set_predict_grid(const struct field_set *set, const size_t *size, const float *low, const float *high,
                            float *outputs);
bool field_set_slopes(const struct field_set *set, size_t n, const float *x, float *slopes);

/* The file of one field of several: FILE.0, FILE.1 and so on; of one, FILE itself. False, with a message, where the
   name is too long. */
bool field_set_path(const char *file, size_t count, size_t index, char path[FIELD_SET_PATH]);

#endif
