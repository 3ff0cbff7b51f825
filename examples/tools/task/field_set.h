/* SPDX-License-Identifier: MIT */
/* Fields of one task, of which the mean output is used (sape/ensemble.h). */
#ifndef EXAMPLES_FIELD_SET_H
#define EXAMPLES_FIELD_SET_H

#include <sape/sape.h>
#include <stdbool.h>

/* The most that programs fit; files may have SAPE_MAX_FIELDS. */
enum { FIELD_SET_MAX = 32 };

struct field_set {
    size_t n;
    sape_field *fields[SAPE_MAX_FIELDS];
};

/* The library's means of these names. When they fail a message has been printed. */
bool field_set_predict(const struct field_set *set, size_t n, const float *x, float *outputs);
bool field_set_predict_grid(const struct field_set *set, const size_t *size, const float *low, const float *high,
                            float *outputs);
bool field_set_jacobian(const struct field_set *set, size_t n, const float *x, float *jacobian);

#endif
