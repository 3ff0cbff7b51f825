/* SPDX-License-Identifier: MIT */
#include "task/field_set.h"

#include "cli/message.h"

static bool is_ok(sape_status status) {
    return status == SAPE_OK || message_sape_error();
}

bool field_set_predict(const struct field_set *set, size_t n, const float *x, float *outputs) {
    return is_ok(sape_ensemble_predict(set->n, set->fields, n, x, outputs));
}

bool field_set_predict_grid(const struct field_set *set, const size_t *size, const float *low, const float *high,
                            float *outputs) {
    return is_ok(sape_ensemble_predict_grid(set->n, set->fields, size, low, high, outputs));
}

bool field_set_jacobian(const struct field_set *set, size_t n, const float *x, float *jacobian) {
    return is_ok(sape_ensemble_jacobian(set->n, set->fields, n, x, NULL, jacobian));
}
