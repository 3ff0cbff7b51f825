/* SPDX-License-Identifier: MIT */
/* Per-sample gradient norms, and the locally adaptive learning rate. */
#include <math.h>
#include <stdlib.h>

#include "small_fit.h"

#define N SMALL_FIT_SAMPLES
#define OUTPUTS SMALL_FIT_OUTPUTS

static sape_adaptive_rate_params rate_params(void) {
    sape_adaptive_rate_params params;
    sape_adaptive_rate_params_init(&params, sizeof params);
    return params;
}

/* Each norm against that of the gradient of the sample alone, in double precision. */
static void check_norms(const sape_field *field, size_t n, const float *x, const float *d_outputs, size_t dim,
                        size_t outputs) {
    const size_t size = sape_network_num_parameters(sape_field_network(field));
    float *gradient = new_array(size), *norms = new_array(n);
    CHECK_OK(sape_field_gradient_norms(field, n, x, d_outputs, norms));
    for (size_t i = 0; i < n; i++) {
        double sum = 0.0;
        CHECK_OK(sape_field_backward(field, 1, x + i * dim, d_outputs + i * outputs, gradient, NULL));
        for (size_t j = 0; j < size; j++) sum += (double)gradient[j] * (double)gradient[j];
        ck_assert_double_gt(sum, 0.0);
        ck_assert_double_eq_tol((double)norms[i] / sqrt(sum), 1.0, 1e-4);
    }
    free(gradient);
    free(norms);
}

START_TEST(norms_are_those_of_single_gradients) {
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL,
                                           SAPE_POLICY_SPATIAL_FIXED, SAPE_POLICY_VARIANCE};
    enum { COUNT = 137 };
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
        for (size_t layers = 1; layers <= 4; layers++) {
            const size_t dim = policies[p] == SAPE_POLICY_SPATIAL_FIXED ? 1 : 1 + (p + layers) % 3, outputs = 1 + p % 3;
            sape_encoder_params encoder;
            sape_mask_params mask;
            sape_network_params network;
            sape_field *field;
            float *x = new_random_array(layers, COUNT * dim, -1.0f, 1.0f);
            float *d_outputs = new_random_array(9 + p, COUNT * outputs, -1.0f, 1.0f), *losses = new_array(COUNT);
            sape_encoder_params_init(&encoder, sizeof encoder);
            sape_mask_params_init(&mask, sizeof mask);
            sape_network_params_init(&network, sizeof network);
            encoder.domain_dim = dim;
            encoder.num_frequencies = 30;
            mask.policy = policies[p];
            mask.resolution = 5;
            mask.num_blocks = 4;
            mask.epsilon = 0.5;
            mask.samples = x;
            mask.num_samples = COUNT;
            network.num_layers = layers;
            network.hidden_dim = 20 + 7 * layers;
            network.output_dim = outputs;
            CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
            /* Half of the places go on being revealed. */
            for (size_t i = 0; i < COUNT; i++) losses[i] = x[i * dim] > 0.0f ? 1.0f : 0.0f;
            if (policies[p] == SAPE_POLICY_VARIANCE)
                CHECK_OK(sape_mask_set_signal(sape_field_mask(field), COUNT, x, 1, losses));
            CHECK_OK(sape_mask_record(sape_field_mask(field), COUNT, x, losses));
            CHECK_OK(sape_mask_advance(sape_field_mask(field)));
            check_norms(field, COUNT, x, d_outputs, dim, outputs);
            sape_field_free(field);
            free(x);
            free(d_outputs);
            free(losses);
        }
    }
}
END_TEST

/* CBLAS has panels of hundreds of samples, which need not be a multiple of what its rows are rounded to. */
START_TEST(norms_with_cblas) {
    static const size_t counts[] = {1, 63, 64, 65, 200, 240};
    enum { MOST = 240, OUTPUTS_HERE = 2 };
    sape_network_params network;
    sape_mask_params mask;
    sape_encoder_params encoder;
    sape_field *field;
    float *x = new_random_array(1, MOST * 2, -1.0f, 1.0f);
    float *d_outputs = new_random_array(2, MOST * OUTPUTS_HERE, -1.0f, 1.0f);
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 16;
    mask.policy = SAPE_POLICY_NONE;
    network.num_layers = 2;
    network.hidden_dim = 16;
    network.output_dim = OUTPUTS_HERE;
    network.product = SAPE_PRODUCT_CBLAS;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    for (size_t threads = 1; threads <= 2; threads++) {
        CHECK_OK(sape_field_set_num_threads(field, threads));
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
            check_norms(field, counts[i], x, d_outputs, 2, OUTPUTS_HERE);
    }
    sape_field_free(field);
    free(x);
    free(d_outputs);
}
END_TEST

START_TEST(norms_of_nothing_and_of_bad_input) {
    const sape_trainer_params params = small_fit_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    float d_outputs[N * OUTPUTS] = {0}, norms[N];
    CHECK_OK(sape_field_gradient_norms(fit->field, 0, NULL, NULL, NULL));
    CHECK_OK(sape_field_gradient_norms(fit->field, N, fit->x, d_outputs, norms));
    for (size_t i = 0; i < N; i++) ck_assert_float_eq(norms[i], 0.0f);
    EXPECT_ERROR(sape_field_gradient_norms(fit->field, N, fit->x, d_outputs, NULL), SAPE_ERROR_ARGUMENT, "norms",
                 "NULL");
    d_outputs[5] = NAN;
    EXPECT_ERROR(sape_field_gradient_norms(fit->field, N, fit->x, d_outputs, norms), SAPE_ERROR_NOT_FINITE,
                 "d_outputs[5]", "nan");
    small_fit_free(fit);
}
END_TEST

START_TEST(alpha_of_one_changes_nothing) {
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL};
    for (size_t p = 0; p < 3; p++) {
        for (size_t batch_size = 0; batch_size <= 48; batch_size += 48) {
            sape_trainer_params params = small_fit_params();
            params.batch_size = batch_size;
            sape_adaptive_rate_params rate = rate_params();
            rate.alpha_min = rate.alpha_max = 1.0;
            struct small_fit *plain = small_fit_create(policies[p], &params);
            struct small_fit *fit = small_fit_create(policies[p], &params);
            CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
            CHECK_OK(sape_trainer_run(plain->trainer, 60, NULL, NULL, NULL));
            CHECK_OK(sape_trainer_run(fit->trainer, 60, NULL, NULL, NULL));
            check_same_state(plain, fit);
            small_fit_free(plain);
            small_fit_free(fit);
        }
    }
}
END_TEST

/* A rate that is the same everywhere scales the steps of gradient descent: alpha 1/4 is a quarter of its learning rate,
   exactly. */
START_TEST(equal_rates_scale_the_step) {
    sape_trainer_params params = small_fit_params();
    struct small_fit *fits[2];
    for (int k = 0; k < 2; k++) {
        sape_optimizer_params optimizer;
        sape_adaptive_rate_params rate = rate_params();
        fits[k] = small_fit_create(SAPE_POLICY_SPATIAL, &params);
        sape_trainer_free(fits[k]->trainer);
        sape_optimizer_params_init(&optimizer, sizeof optimizer);
        optimizer.kind = SAPE_OPTIMIZER_SGD;
        optimizer.learning_rate = k == 0 ? 0.125 : 0.5;
        rate.alpha_min = rate.alpha_max = 0.25;
        CHECK_OK(sape_trainer_create(&params, &optimizer, fits[k]->field, &fits[k]->trainer));
        if (k == 1) CHECK_OK(sape_trainer_set_adaptive_rate(fits[k]->trainer, &rate));
        CHECK_OK(sape_trainer_set_data(fits[k]->trainer, N, fits[k]->x, fits[k]->y));
        CHECK_OK(sape_trainer_run(fits[k]->trainer, 30, NULL, NULL, NULL));
    }
    check_same_state(fits[0], fits[1]);
    small_fit_free(fits[0]);
    small_fit_free(fits[1]);
}
END_TEST

/* One step of gradient descent, by hand: with resolution 3 and samples at the domain's corners and middle the grid's
   rates can be read off a sample. Targets that vary on one side only leave the other side at alpha_min, eta = 0. */
START_TEST(calm_places_move_with_alpha_min) {
    sape_trainer_params params = small_fit_params();
    sape_optimizer_params optimizer;
    sape_adaptive_rate_params rate = rate_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    const size_t size = sape_network_num_parameters(sape_field_network(fit->field));
    float *before = new_array(size), *after = new_array(size), *gradient = new_array(size);
    float outputs[N * OUTPUTS], d_outputs[N * OUTPUTS], x[N * 2], y[N * OUTPUTS];
    /* Left: constant, right of 0.5: noise. Only samples left of -0.5 are trained on, the others are fitted already. */
    memcpy(x, fit->x, sizeof x);
    for (size_t i = 0; i < N; i++) x[2 * i] = x[2 * i] < 0.0f ? x[2 * i] / 4 - 0.75f : x[2 * i] / 4 + 0.75f;
    CHECK_OK(sape_field_predict(fit->field, N, x, outputs));
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < OUTPUTS; k++)
            y[i * OUTPUTS + k] = x[2 * i] < 0.0f ? 0.5f : outputs[i * OUTPUTS + k] + (i % 2 ? 3.0f : -3.0f);
    CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, N, OUTPUTS, outputs, y, d_outputs, NULL, NULL));
    rate.alpha_min = 0.125;
    rate.alpha_max = 1.0;
    rate.eta = 0.0;
    rate.gamma = 0.0001; /* sigma^gamma is 0 or nearly 1 */
    rate.resolution = 16;
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < OUTPUTS; k++) d_outputs[i * OUTPUTS + k] *= x[2 * i] < 0.0f ? 0.125f : 1.0f;
    CHECK_OK(sape_field_backward(fit->field, N, x, d_outputs, gradient, NULL));
    CHECK_OK(sape_network_get_parameters(sape_field_network(fit->field), before, size));
    sape_trainer_free(fit->trainer);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.kind = SAPE_OPTIMIZER_SGD;
    optimizer.learning_rate = 1.0;
    optimizer.momentum = 0.0;
    CHECK_OK(sape_trainer_create(&params, &optimizer, fit->field, &fit->trainer));
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, x, y));
    CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    CHECK_OK(sape_network_get_parameters(sape_field_network(fit->field), after, size));
    double difference = 0.0, length = 0.0;
    for (size_t i = 0; i < size; i++) {
        const double step = (double)before[i] - (double)after[i], expected = (double)gradient[i];
        difference += (step - expected) * (step - expected);
        length += expected * expected;
    }
    ck_assert_double_lt(sqrt(difference / length), 2e-3);
    free(before);
    free(after);
    free(gradient);
    small_fit_free(fit);
}
END_TEST

/* A loss with a gradient at one sample alone, that of the number at user. */
static int single_gradient(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                           const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    const size_t *sample = user;
    (void)x;
    (void)outputs;
    (void)targets;
    for (size_t i = 0; i < n; i++) sample_loss[i] = 0.0f;
    for (size_t i = 0; i < n * output_dim; i++) d_outputs[i] = i / output_dim == *sample ? 1.0f : 0.0f;
    *loss = 0.0;
    return 0;
}

/* How many times its gradient a sample moves the parameters, which are put back. */
static double rate_of_sample(struct small_fit *fit, size_t sample, size_t size, const float *before) {
    static const float ones[OUTPUTS] = {1.0f, 1.0f};
    sape_network *network = sape_field_network(fit->field);
    float *gradient = new_array(size), *after = new_array(size);
    double moved = 0.0, length = 0.0;
    CHECK_OK(sape_field_backward(fit->field, 1, fit->x + 2 * sample, ones, gradient, NULL));
    CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    CHECK_OK(sape_network_get_parameters(network, after, size));
    CHECK_OK(sape_network_set_parameters(network, before, size));
    for (size_t i = 0; i < size; i++) {
        moved += ((double)before[i] - (double)after[i]) * (double)gradient[i];
        length += (double)gradient[i] * (double)gradient[i];
    }
    free(gradient);
    free(after);
    return moved / length;
}

/* From cell to cell the rate is interpolated: between samples a thirtieth of a cell apart it changes by little. */
START_TEST(rates_have_no_jumps) {
    enum { RESOLUTION = 8 };
    size_t sample = 0;
    sape_trainer_params params = small_fit_params();
    sape_optimizer_params optimizer;
    sape_adaptive_rate_params rate = rate_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    const size_t size = sape_network_num_parameters(sape_field_network(fit->field));
    float *before = new_array(size);
    CHECK_OK(sape_network_get_parameters(sape_field_network(fit->field), before, size));
    for (size_t i = 0; i < N; i++) {
        fit->x[2 * i] = -0.99f + 1.98f * (float)i / (N - 1);
        fit->x[2 * i + 1] = 0.1f;
        for (size_t k = 0; k < OUTPUTS; k++)
            fit->y[i * OUTPUTS + k] = fit->x[2 * i] < 0.0f ? 0.5f : fit->x[2 * i] * (i % 2 ? 1.0f : -1.0f);
    }
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = single_gradient;
    params.loss_user = &sample;
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    optimizer.kind = SAPE_OPTIMIZER_SGD;
    optimizer.learning_rate = 1e-2;
    optimizer.momentum = 0.0;
    rate.alpha_min = 0.1;
    rate.gamma = 1.0;
    rate.eta = 0.0;
    rate.resolution = RESOLUTION;
    sape_trainer_free(fit->trainer);
    CHECK_OK(sape_trainer_create(&params, &optimizer, fit->field, &fit->trainer));
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, fit->y));
    double last = NAN, low = INFINITY, high = 0.0, jump = 0.0;
    for (sample = 0; sample < N; sample++) {
        const double alpha = rate_of_sample(fit, sample, size, before) / optimizer.learning_rate;
        low = fmin(low, alpha);
        high = fmax(high, alpha);
        if (sample > 0) jump = fmax(jump, fabs(alpha - last));
        last = alpha;
    }
    ck_assert_double_eq_tol(low, 0.1, 1e-3);
    ck_assert_double_eq_tol(high, 1.0, 1e-3);
    /* Steps of 0.01 in cells of 1/3, over which the rate rises by 0.9 at most. */
    ck_assert_double_lt(jump, 0.9 * 0.01 * 3.0 + 1e-3);
    free(before);
    small_fit_free(fit);
}
END_TEST

/* Without variance (no gamma's part, sigma is 0 for a constant target) the gradient decides from the second iteration
   on; before, it counts as the largest. */
START_TEST(gradient_is_used_from_the_next_iteration_on) {
    sape_trainer_params params = small_fit_params();
    sape_adaptive_rate_params rate = rate_params();
    rate.alpha_min = 0.5;
    rate.eta = 1.0;
    struct small_fit *plain = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    for (size_t i = 0; i < N * OUTPUTS; i++) plain->y[i] = fit->y[i] = 0.25f;
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    CHECK_OK(sape_trainer_set_data(plain->trainer, N, plain->x, plain->y));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, fit->y));
    CHECK_OK(sape_trainer_step(plain->trainer, NULL));
    CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    check_same_state(plain, fit);
    CHECK_OK(sape_trainer_step(plain->trainer, NULL));
    CHECK_OK(sape_trainer_step(fit->trainer, NULL));
    size_t count;
    float *a = small_fit_state(plain, &count), *b = small_fit_state(fit, &count);
    ck_assert_double_gt(largest_difference(count, a, b), 0.0);
    free(a);
    free(b);
    small_fit_free(plain);
    small_fit_free(fit);
}
END_TEST

/* alpha_min 0, constant targets, no gradient term: nothing moves, and nothing breaks. */
START_TEST(rates_of_zero) {
    sape_trainer_params params = small_fit_params();
    sape_adaptive_rate_params rate = rate_params();
    rate.alpha_min = 0.0;
    rate.eta = 0.0;
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    for (size_t i = 0; i < N * OUTPUTS; i++) fit->y[i] = 0.25f;
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, fit->y));
    size_t count;
    float *before = small_fit_state(fit, &count);
    CHECK_OK(sape_trainer_run(fit->trainer, 5, NULL, NULL, NULL));
    float *after = small_fit_state(fit, &count);
    ck_assert_mem_eq(before, after, count * sizeof *before);
    free(before);
    free(after);
    small_fit_free(fit);
}
END_TEST

START_TEST(threads_and_checkpoints) {
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_SPATIAL};
    for (size_t p = 0; p < 2; p++) {
        for (size_t batch_size = 0; batch_size <= 48; batch_size += 48) {
            sape_trainer_params params = small_fit_params();
            params.batch_size = batch_size;
            params.validation_share = 0.1;
            params.num_threads = 1;
            const sape_adaptive_rate_params rate = rate_params();
            struct small_fit *once = small_fit_create(policies[p], &params);
            params.num_threads = 3;
            struct small_fit *first = small_fit_create(policies[p], &params);
            struct small_fit *second = small_fit_create(policies[p], &params);
            struct small_fit *other = small_fit_create(policies[p], &params);
            sape_safetensors *checkpoint;
            CHECK_OK(sape_trainer_set_adaptive_rate(once->trainer, &rate));
            CHECK_OK(sape_trainer_set_adaptive_rate(first->trainer, &rate));
            CHECK_OK(sape_trainer_set_adaptive_rate(second->trainer, &rate));
            CHECK_OK(sape_trainer_run(once->trainer, 60, NULL, NULL, NULL));
            CHECK_OK(sape_trainer_run(first->trainer, 31, NULL, NULL, NULL));
            CHECK_OK(sape_trainer_checkpoint(first->trainer, &checkpoint));
            EXPECT_ERROR(sape_trainer_restore(other->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "adaptive rate is off",
                         "with");
            CHECK_OK(sape_trainer_restore(second->trainer, checkpoint));
            CHECK_OK(sape_trainer_run(second->trainer, 29, NULL, NULL, NULL));
            check_same_state(once, second);
            sape_safetensors_free(checkpoint);
            small_fit_free(once);
            small_fit_free(first);
            small_fit_free(second);
            small_fit_free(other);
        }
    }
}
END_TEST

/* The targets' variance was found where the mask's grid lay then; a restored trainer goes on with it all the same. */
START_TEST(moved_grid_and_checkpoint) {
    const sape_trainer_params params = small_fit_params();
    const sape_adaptive_rate_params rate = rate_params();
    const float points[] = {-0.3f, -0.4f, 0.5f, 0.2f};
    struct small_fit *first = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    struct small_fit *second = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    sape_safetensors *checkpoint;
    CHECK_OK(sape_mask_fit_domain(sape_field_mask(first->field), 2, points));
    CHECK_OK(sape_trainer_set_adaptive_rate(first->trainer, &rate));
    CHECK_OK(sape_trainer_set_adaptive_rate(second->trainer, &rate));
    CHECK_OK(sape_trainer_run(first->trainer, 7, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_checkpoint(first->trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(second->trainer, checkpoint));
    CHECK_OK(sape_trainer_run(first->trainer, 9, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_run(second->trainer, 9, NULL, NULL, NULL));
    check_same_state(first, second);
    sape_safetensors_free(checkpoint);
    small_fit_free(first);
    small_fit_free(second);
}
END_TEST

START_TEST(turning_it_off) {
    const sape_trainer_params params = small_fit_params();
    const sape_adaptive_rate_params rate = rate_params();
    struct small_fit *plain = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, NULL));
    CHECK_OK(sape_trainer_run(plain->trainer, 20, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_run(fit->trainer, 20, NULL, NULL, NULL));
    check_same_state(plain, fit);
    small_fit_free(plain);
    small_fit_free(fit);
}
END_TEST

static int sum_nothing(void *user, sape_dtype dtype, size_t count, void *values) {
    (void)user, (void)dtype, (void)count, (void)values;
    return 0;
}

#define REFUSE(member, value, text)                                                                                    \
    do {                                                                                                               \
        sape_adaptive_rate_params refused = rate_params();                                                             \
        refused.member = (value);                                                                                      \
        EXPECT_ERROR(sape_trainer_set_adaptive_rate(fit->trainer, &refused), SAPE_ERROR_ARGUMENT, #member, text);      \
    } while (0)

START_TEST(what_is_refused) {
    const sape_trainer_params params = small_fit_params();
    const sape_adaptive_rate_params good = rate_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_NONE, &params);
    const double bad[] = {-1.0, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        REFUSE(alpha_min, bad[i], "must be 0 to");
        REFUSE(alpha_max, bad[i], "must be 0 to");
        REFUSE(gamma, bad[i], "must be 0 to 100");
        REFUSE(eta, bad[i], "must be 0 to");
        REFUSE(delta, bad[i], "must be 0 to 100");
    }
    REFUSE(alpha_min, 2.0, "alpha_max is only 1");
    REFUSE(resolution, 2, "3 to 4096");
    sape_trainer_params derivatives = params;
    derivatives.loss = SAPE_LOSS_CUSTOM_JACOBIAN;
    struct small_fit *other = small_fit_create(SAPE_POLICY_SPATIAL, &derivatives);
    EXPECT_ERROR(sape_trainer_set_adaptive_rate(other->trainer, &good), SAPE_ERROR_UNSUPPORTED, "derivatives", "");
    small_fit_free(other);
    EXPECT_ERROR(sape_trainer_set_adaptive_rate(NULL, &good), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &good));
    EXPECT_ERROR(sape_trainer_set_reduce(fit->trainer, sum_nothing, NULL), SAPE_ERROR_UNSUPPORTED, "adaptive rate",
                 "rank");
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, NULL));
    CHECK_OK(sape_trainer_set_reduce(fit->trainer, sum_nothing, NULL));
    EXPECT_ERROR(sape_trainer_set_adaptive_rate(fit->trainer, &good), SAPE_ERROR_UNSUPPORTED, "ranks", "");
    small_fit_free(fit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("adaptive");
    TCase *tests = tcase_create("adaptive");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, norms_are_those_of_single_gradients);
    if (has_cblas()) tcase_add_test(tests, norms_with_cblas);
    tcase_add_test(tests, norms_of_nothing_and_of_bad_input);
    tcase_add_test(tests, alpha_of_one_changes_nothing);
    tcase_add_test(tests, equal_rates_scale_the_step);
    tcase_add_test(tests, calm_places_move_with_alpha_min);
    tcase_add_test(tests, rates_have_no_jumps);
    tcase_add_test(tests, gradient_is_used_from_the_next_iteration_on);
    tcase_add_test(tests, rates_of_zero);
    tcase_add_test(tests, threads_and_checkpoints);
    tcase_add_test(tests, moved_grid_and_checkpoint);
    tcase_add_test(tests, turning_it_off);
    tcase_add_test(tests, what_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
