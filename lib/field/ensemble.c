/* SPDX-License-Identifier: MIT */
/* Means over several fields, which are asked one after the other. */
#include "field/ensemble.h"

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "field/field.h"

/* What every field is asked: outputs at coordinates or on a grid, and derivatives where they are wanted. */
struct question {
    size_t n;
    const float *x;
    const size_t *size; /* NULL without a grid */
    const float *low, *high;
};

/* Where the answers go, and how many they are; either may be NULL and 0. */
struct answers {
    float *outputs, *jacobian;
    size_t num_outputs, num_derivatives;
};

static size_t domain_dim_of(const sape_field *field) {
    return sape_encoder_domain_dim(field->encoder);
}

sape_status sape_ensemble_check(size_t num_fields, sape_field *const *fields) {
    SAPE_REQUIRE_POINTER(fields);
    SAPE_REQUIRE(num_fields >= 1 && num_fields <= SAPE_MAX_FIELDS, "num_fields is %zu, must be 1 to %d", num_fields,
                 SAPE_MAX_FIELDS);
    for (size_t i = 0; i < num_fields; i++) {
        SAPE_REQUIRE(fields[i] != NULL, "fields[%zu] is NULL", i);
        const size_t d = domain_dim_of(fields[i]), o = fields[i]->network->output_dim;
        const size_t first_d = domain_dim_of(fields[0]), first_o = fields[0]->network->output_dim;
        if (d != first_d)
            return sape_fail(SAPE_ERROR_SHAPE, "fields[%zu] has domain_dim %zu, fields[0] has %zu", i, d, first_d);
        if (o != first_o)
            return sape_fail(SAPE_ERROR_SHAPE, "fields[%zu] has output_dim %zu, fields[0] has %zu", i, o, first_o);
    }
    return SAPE_OK;
}

static sape_status ask(const sape_field *field, const struct question *question, float *outputs, float *jacobian) {
    if (jacobian != NULL) return sape_field_jacobian(field, question->n, question->x, outputs, jacobian);
    if (question->size != NULL)
        return sape_field_predict_grid(field, question->size, question->low, question->high, outputs);
    return sape_field_predict(field, question->n, question->x, outputs);
}

static void add(size_t count, const float *values, float *sum) {
    for (size_t i = 0; i < count; i++) sum[i] += values[i];
}

static void divide(size_t count, float divisor, float *values) {
    for (size_t i = 0; i < count; i++) values[i] /= divisor;
}

/* The first field's answers are there already. */
static sape_status mean(size_t num_fields, sape_field *const *fields, const struct question *question,
                        const struct answers *answers) {
    const size_t count = answers->num_outputs + answers->num_derivatives;
    if (num_fields == 1 || count == 0) return SAPE_OK;
    float *more = SAPE_NEW_ARRAY(float, count);
    if (more == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu values of each field", count);
    float *outputs = answers->outputs == NULL ? NULL : more;
    float *jacobian = answers->jacobian == NULL ? NULL : more + answers->num_outputs;
    sape_status status = SAPE_OK;
    for (size_t k = 1; k < num_fields && status == SAPE_OK; k++) {
        status = ask(fields[k], question, outputs, jacobian);
        add(answers->num_outputs, more, answers->outputs);
        add(answers->num_derivatives, more + answers->num_outputs, answers->jacobian);
    }
    divide(answers->num_outputs, (float)num_fields, answers->outputs);
    divide(answers->num_derivatives, (float)num_fields, answers->jacobian);
    sape_release(more);
    return status;
}

sape_status sape_ensemble_predict(size_t num_fields, sape_field *const *fields, size_t n, const float *x,
                                  float *outputs) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(sape_ensemble_check(num_fields, fields));
    const struct question question = {.n = n, .x = x};
    SAPE_TRY(ask(fields[0], &question, outputs, NULL));
    const struct answers answers = {.outputs = outputs, .num_outputs = n * fields[0]->network->output_dim};
    return mean(num_fields, fields, &question, &answers);
}

sape_status sape_ensemble_predict_grid(size_t num_fields, sape_field *const *fields, const size_t *size,
                                       const float *low, const float *high, float *outputs) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(sape_ensemble_check(num_fields, fields));
    SAPE_REQUIRE_POINTER(size);
    const struct question question = {.size = size, .low = low, .high = high};
    SAPE_TRY(ask(fields[0], &question, outputs, NULL));
    struct answers answers = {.outputs = outputs, .num_outputs = fields[0]->network->output_dim};
    for (size_t a = 0; a < domain_dim_of(fields[0]); a++) answers.num_outputs *= size[a];
    return mean(num_fields, fields, &question, &answers);
}

sape_status sape_ensemble_jacobian(size_t num_fields, sape_field *const *fields, size_t n, const float *x,
                                   float *outputs, float *jacobian) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(sape_ensemble_check(num_fields, fields));
    SAPE_REQUIRE(n == 0 || jacobian != NULL, "jacobian is NULL");
    if (n == 0) return SAPE_OK;
    const struct question question = {.n = n, .x = x};
    SAPE_TRY(ask(fields[0], &question, outputs, jacobian));
    const size_t num_outputs = n * fields[0]->network->output_dim;
    const struct answers answers = {.outputs = outputs,
                                    .jacobian = jacobian,
                                    .num_outputs = outputs == NULL ? 0 : num_outputs,
                                    .num_derivatives = num_outputs * domain_dim_of(fields[0])};
    return mean(num_fields, fields, &question, &answers);
}
