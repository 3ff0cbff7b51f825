/* SPDX-License-Identifier: MIT */
#include "optimizer/optimizer.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "state/claims.h"

/* What the kernels work on at a time. */
#define STEP 16
/* In the denominator of PyTorch's clip_grad_norm_(). */
#define CLIP_GUARD 1e-6
/* More gradients than a trainer ever has parts. */
#define MAX_GRADIENTS 64

static const sape_optimizer_params defaults = {.struct_size = sizeof(sape_optimizer_params),
                                               .kind = SAPE_OPTIMIZER_ADAM,
                                               .schedule = SAPE_SCHEDULE_CONSTANT,
                                               .learning_rate = 1e-3,
                                               .beta1 = 0.9,
                                               .beta2 = 0.999,
                                               .epsilon = 1e-8,
                                               .momentum = 0.9,
                                               .weight_decay = 0.0,
                                               .decay_rate = 1.0,
                                               .final_factor = 0.0,
                                               .decay_iterations = 1000,
                                               .warmup_iterations = 0,
                                               .clip_norm = 0.0,
                                               .encoder_rate_factor = 1.0,
                                               .encoder_weight_decay = 0.0};

void sape_optimizer_params_init(sape_optimizer_params *params, size_t size) {
    sape_params_init(params, size, &defaults, sizeof defaults);
}

/* A parameter's range: low <= value, value < high or, when closed, value <= high. */
struct range {
    const char *name;
    double value, low, high;
    bool closed;
};

static sape_status check_params(const sape_optimizer_params *params) {
    SAPE_REQUIRE((unsigned)params->kind <= SAPE_OPTIMIZER_SGD, "kind is %d, not a sape_optimizer_kind",
                 (int)params->kind);
    SAPE_REQUIRE((unsigned)params->schedule <= SAPE_SCHEDULE_COSINE, "schedule is %d, not a sape_schedule",
                 (int)params->schedule);
    const struct range ranges[] = {{"learning_rate", params->learning_rate, 0.0, INFINITY, false},
                                   {"beta1", params->beta1, 0.0, 1.0, false},
                                   {"beta2", params->beta2, 0.0, 1.0, false},
                                   {"epsilon", params->epsilon, 1e-37, INFINITY, false},
                                   {"momentum", params->momentum, 0.0, 1.0, false},
                                   {"weight_decay", params->weight_decay, 0.0, INFINITY, false},
                                   {"decay_rate", params->decay_rate, 1e-300, 1.0, true},
                                   {"final_factor", params->final_factor, 0.0, 1.0, true},
                                   {"clip_norm", params->clip_norm, 0.0, INFINITY, false},
                                   {"encoder_rate_factor", params->encoder_rate_factor, 0.0, INFINITY, false},
                                   {"encoder_weight_decay", params->encoder_weight_decay, 0.0, INFINITY, false}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        const struct range *r = &ranges[i];
        SAPE_REQUIRE(r->value >= r->low && (r->value < r->high || (r->closed && r->value == r->high)),
                     "%s is %g, must be in [%g, %g%c", r->name, r->value, r->low, r->high, r->closed ? ']' : ')');
    }
    SAPE_REQUIRE(params->decay_iterations >= 1, "decay_iterations is 0, must be at least 1");
    return SAPE_OK;
}

static bool allocate(struct sape_optimizer *optimizer, size_t count, bool adam) {
    optimizer->first = SAPE_NEW_ARRAY(float, count);
    optimizer->kept_parameters = SAPE_NEW_ARRAY(float, count);
    optimizer->kept_first = SAPE_NEW_ARRAY(float, count);
    const bool complete = optimizer->first && optimizer->kept_parameters && optimizer->kept_first;
    if (!adam) return complete;
    optimizer->second = SAPE_NEW_ARRAY(float, count);
    optimizer->kept_second = SAPE_NEW_ARRAY(float, count);
    return complete && optimizer->second && optimizer->kept_second;
}

sape_status sape_optimizer_make(const sape_optimizer_params *params, const struct sape_kernels *kernels,
                                size_t num_parameters, sape_optimizer **out) {
    sape_optimizer_params known = defaults;
    if (params != NULL) SAPE_TRY(sape_params_read(&known, sizeof known, params));
    SAPE_TRY(check_params(&known));
    sape_optimizer *optimizer = SAPE_NEW(sape_optimizer);
    if (optimizer == NULL || !allocate(optimizer, num_parameters, known.kind == SAPE_OPTIMIZER_ADAM)) {
        sape_optimizer_free(optimizer);
        return sape_fail(SAPE_ERROR_MEMORY, "no memory for the moments of %zu parameters", num_parameters);
    }
    optimizer->params = known;
    optimizer->num_parameters = num_parameters;
    optimizer->kernels = kernels;
    *out = optimizer;
    return SAPE_OK;
}

sape_status sape_optimizer_create(const sape_optimizer_params *params, size_t num_parameters, sape_optimizer **out) {
    SAPE_BEGIN_CALL();
    const struct sape_kernels *kernels;
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE(num_parameters >= 1, "num_parameters is 0, must be at least 1");
    SAPE_TRY(sape_kernels_choose(SAPE_INSTRUCTIONS_AUTO, &kernels));
    sape_optimizer *optimizer;
    SAPE_TRY(sape_optimizer_make(params, kernels, num_parameters, &optimizer));
    if (optimizer->params.clip_norm > 0.0) {
        optimizer->clipped = SAPE_NEW_ARRAY(float, num_parameters);
        if (optimizer->clipped == NULL) {
            sape_optimizer_free(optimizer);
            return sape_fail(SAPE_ERROR_MEMORY, "no memory for a gradient of %zu parameters", num_parameters);
        }
    }
    *out = optimizer;
    return SAPE_OK;
}

void sape_optimizer_free(sape_optimizer *optimizer) {
    if (optimizer == NULL) return;
    sape_release(optimizer->first);
    sape_release(optimizer->second);
    sape_release(optimizer->kept_parameters);
    sape_release(optimizer->kept_first);
    sape_release(optimizer->kept_second);
    sape_release(optimizer->clipped);
    sape_release(optimizer);
}

sape_status sape_optimizer_get_params(const sape_optimizer *optimizer, sape_optimizer_params *params) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(optimizer);
    SAPE_REQUIRE_POINTER(params);
    return sape_params_write(params, &optimizer->params, sizeof optimizer->params);
}

size_t sape_optimizer_num_parameters(const sape_optimizer *optimizer) {
    return optimizer == NULL ? 0 : optimizer->num_parameters;
}

uint64_t sape_optimizer_num_steps(const sape_optimizer *optimizer) {
    return optimizer == NULL ? 0 : optimizer->num_steps;
}

sape_status sape_optimizer_check_rate(double learning_rate) {
    SAPE_REQUIRE(learning_rate >= 0.0 && !isinf(learning_rate), "learning_rate is %g, must be finite and >= 0",
                 learning_rate);
    return SAPE_OK;
}

sape_status sape_optimizer_set_learning_rate(sape_optimizer *optimizer, double learning_rate) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(optimizer);
    SAPE_TRY(sape_optimizer_check_rate(learning_rate));
    optimizer->params.learning_rate = learning_rate;
    return SAPE_OK;
}

sape_status sape_optimizer_check_state(const struct sape_optimizer *optimizer) {
    bool zero = true, finite = true, squares = true;
    for (size_t i = 0; i < optimizer->num_parameters; i++) {
        const float first = optimizer->first[i], second = optimizer->second == NULL ? 0.0f : optimizer->second[i];
        zero = zero && first == 0.0f && second == 0.0f;
        finite = finite && isfinite(first) && isfinite(second);
        squares = squares && second >= 0.0f;
    }
    const double rate = optimizer->params.learning_rate;
    const struct sape_claim claims[] = {
        {"sape.optimizer.learning_rate", rate >= 0.0 && !isinf(rate)},
        {"optimizer.exp_avg or optimizer.momentum_buffer", finite},
        {"optimizer.exp_avg_sq", squares},
        {"sape.optimizer.num_steps", optimizer->num_steps <= SAPE_MAX_COUNT && (optimizer->num_steps > 0 || zero)}};
    return SAPE_CHECK_CLAIMS(claims);
}

static double decay_factor(const sape_optimizer_params *params, double step) {
    const double length = (double)params->decay_iterations;
    const double way = step < length ? step / length : 1.0;
    switch (params->schedule) {
    case SAPE_SCHEDULE_CONSTANT:
        return 1.0;
    case SAPE_SCHEDULE_EXPONENTIAL:
        return pow(params->decay_rate, step);
    case SAPE_SCHEDULE_COSINE:
        return params->final_factor + (1.0 - params->final_factor) * 0.5 * (1.0 + cos(way * M_PI));
    }
    return 1.0;
}

double sape_optimizer_learning_rate(const sape_optimizer *optimizer) {
    SAPE_BEGIN_CALL();
    if (optimizer == NULL) return 0.0;
    const sape_optimizer_params *params = &optimizer->params;
    const double step = (double)optimizer->num_steps, warmup = (double)params->warmup_iterations;
    const double factor = step < warmup ? (step + 1.0) / (warmup + 1.0) : 1.0;
    return params->learning_rate * factor * decay_factor(params, step);
}

void sape_optimizer_begin(struct sape_optimizer *optimizer) {
    const sape_optimizer_params *params = &optimizer->params;
    const double rate = sape_optimizer_learning_rate(optimizer);
    const double step = (double)++optimizer->num_steps;
    optimizer->rate = (float)rate;
    optimizer->decay = (float)(1.0 - rate * params->weight_decay);
    optimizer->adam = (struct sape_adam){.beta1 = (float)params->beta1,
                                         .beta2 = (float)params->beta2,
                                         .one_minus_beta1 = (float)(1.0 - params->beta1),
                                         .one_minus_beta2 = (float)(1.0 - params->beta2),
                                         .step = (float)(rate / (1.0 - pow(params->beta1, step))),
                                         .root_scale = (float)(1.0 / sqrt(1.0 - pow(params->beta2, step))),
                                         .epsilon = (float)params->epsilon,
                                         .decay = optimizer->decay};
}

bool sape_optimizer_range(struct sape_optimizer *optimizer, size_t begin, size_t end, float *parameters,
                          size_t num_gradients, const float *const *gradients) {
    const float *parts[MAX_GRADIENTS];
    for (size_t g = 0; g < num_gradients; g++) parts[g] = gradients[g] + begin;
    struct sape_stepped to = {.parameters = parameters + begin,
                              .first = optimizer->first + begin,
                              .kept_parameters = optimizer->kept_parameters + begin,
                              .kept_first = optimizer->kept_first + begin};
    if (optimizer->params.kind == SAPE_OPTIMIZER_SGD)
        return optimizer->kernels->sgd(optimizer->rate, (float)optimizer->params.momentum, optimizer->decay,
                                       end - begin, num_gradients, parts, &to);
    to.second = optimizer->second + begin;
    to.kept_second = optimizer->kept_second + begin;
    return optimizer->kernels->adam(&optimizer->adam, end - begin, num_gradients, parts, &to);
}

bool sape_optimizer_rows(const struct sape_optimizer *optimizer, const struct sape_rows_step *step) {
    if (optimizer->params.kind == SAPE_OPTIMIZER_SGD)
        return optimizer->kernels->sgd_rows(optimizer->rate, (float)optimizer->params.momentum, optimizer->decay, step);
    return optimizer->kernels->adam_rows(&optimizer->adam, step);
}

sape_optimizer_params sape_optimizer_table_params(const sape_optimizer_params *params) {
    sape_optimizer_params tables = *params;
    tables.learning_rate = fmin(tables.learning_rate * params->encoder_rate_factor, DBL_MAX);
    tables.weight_decay = params->encoder_weight_decay;
    return tables;
}

double sape_optimizer_clip_factor(const struct sape_optimizer *optimizer, double squares) {
    const double factor = optimizer->params.clip_norm / (sqrt(squares) + CLIP_GUARD);
    return factor < 1.0 ? factor : 1.0;
}

void sape_optimizer_cancel(struct sape_optimizer *optimizer) {
    optimizer->num_steps--;
}

void sape_optimizer_restore_range(struct sape_optimizer *optimizer, size_t begin, size_t end) {
    const size_t bytes = (end - begin) * sizeof *optimizer->first;
    memcpy(optimizer->first + begin, optimizer->kept_first + begin, bytes);
    if (optimizer->second != NULL) memcpy(optimizer->second + begin, optimizer->kept_second + begin, bytes);
}

/* The last parameters, fewer than the kernels take at a time, go through arrays of their size. */
static bool step_rest(struct sape_optimizer *optimizer, size_t begin, size_t count, float *parameters,
                      const float *gradient) {
    float p[STEP] = {0}, g[STEP] = {0}, first[STEP] = {0}, second[STEP] = {0}, kept[3][STEP];
    const float *const parts[] = {g};
    struct sape_optimizer rest = *optimizer;
    const size_t bytes = count * sizeof *p;
    memcpy(p, parameters + begin, bytes);
    memcpy(g, gradient + begin, bytes);
    memcpy(first, optimizer->first + begin, bytes);
    if (optimizer->second != NULL) memcpy(second, optimizer->second + begin, bytes);
    rest.first = first;
    rest.second = second;
    rest.kept_parameters = kept[0];
    rest.kept_first = kept[1];
    rest.kept_second = kept[2];
    const bool finite = sape_optimizer_range(&rest, 0, STEP, p, 1, parts);
    memcpy(parameters + begin, p, bytes);
    memcpy(optimizer->kept_parameters + begin, kept[0], bytes);
    memcpy(optimizer->kept_first + begin, kept[1], bytes);
    memcpy(optimizer->first + begin, first, bytes);
    if (optimizer->second == NULL) return finite;
    memcpy(optimizer->kept_second + begin, kept[2], bytes);
    memcpy(optimizer->second + begin, second, bytes);
    return finite;
}

/* All entries of tables, which follow the network's parameters: at most what a count of 32 bits holds at a time. */
static bool step_tables(struct sape_optimizer *optimizer, size_t begin, float *parameters, float *gradient) {
    const size_t count = optimizer->num_parameters - begin;
    struct sape_optimizer tables = *optimizer;
    tables.params = sape_optimizer_table_params(&optimizer->params);
    tables.num_steps--;
    sape_optimizer_begin(&tables);
    struct sape_rows_step step = {.features = 1,
                                  .count = count,
                                  .gradient = gradient,
                                  .parameters = parameters + begin,
                                  .first = optimizer->first + begin,
                                  .kept_parameters = optimizer->kept_parameters + begin,
                                  .kept_first = optimizer->kept_first + begin};
    if (optimizer->second != NULL) {
        step.second = optimizer->second + begin;
        step.kept_second = optimizer->kept_second + begin;
    }
    return sape_optimizer_rows(&tables, &step);
}

/* The gradient, or a copy that is scaled where its norm is too large. */
static const float *clip(const struct sape_optimizer *optimizer, const float *gradient) {
    double squares = 0.0;
    if (optimizer->params.clip_norm == 0.0) return gradient;
    for (size_t i = 0; i < optimizer->num_parameters; i++) squares += (double)gradient[i] * (double)gradient[i];
    const float factor = (float)sape_optimizer_clip_factor(optimizer, squares);
    for (size_t i = 0; i < optimizer->num_parameters; i++) optimizer->clipped[i] = factor * gradient[i];
    return optimizer->clipped;
}

/* What is not a whole number of the kernels' vectors at the end of the dense parameters goes by itself. */
static bool step_all(struct sape_optimizer *optimizer, size_t dense, float *parameters, const float *gradient,
                     float *table_gradient) {
    const size_t whole = dense / STEP * STEP;
    bool finite = sape_optimizer_range(optimizer, 0, whole, parameters, 1, &gradient);
    if (whole < dense) finite = step_rest(optimizer, whole, dense - whole, parameters, gradient) && finite;
    if (table_gradient != NULL) finite = step_tables(optimizer, dense, parameters, table_gradient) && finite;
    return finite;
}

sape_status sape_optimizer_step_parts(sape_optimizer *optimizer, size_t dense, float *parameters,
                                      const float *gradient) {
    const size_t count = optimizer->num_parameters;
    float *table_gradient = NULL;
    gradient = clip(optimizer, gradient);
    if (dense < count) {
        table_gradient = SAPE_NEW_ARRAY(float, count - dense);
        if (table_gradient == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu parameters", count - dense);
        memcpy(table_gradient, gradient + dense, (count - dense) * sizeof *gradient);
    }
    sape_optimizer_begin(optimizer);
    const bool finite = step_all(optimizer, dense, parameters, gradient, table_gradient);
    sape_release(table_gradient);
    if (finite) return SAPE_OK;
    memcpy(parameters, optimizer->kept_parameters, count * sizeof *parameters);
    sape_optimizer_cancel(optimizer);
    sape_optimizer_restore_range(optimizer, 0, count);
    return sape_fail(SAPE_ERROR_DIVERGED, SAPE_STEP_TAKEN_BACK);
}

sape_status sape_optimizer_step(sape_optimizer *optimizer, float *parameters, const float *gradient) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(optimizer);
    SAPE_REQUIRE_POINTER(parameters);
    SAPE_REQUIRE_POINTER(gradient);
    return sape_optimizer_step_parts(optimizer, optimizer->num_parameters, parameters, gradient);
}
