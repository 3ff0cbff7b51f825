/* SPDX-License-Identifier: MIT */
/* A caller's floating-point environment: it does not change results, stays as it is, and no argument sets off a trap.
 */
#include <fenv.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

#include "small_fit.h"

#define TRAPS (FE_INVALID | FE_DIVBYZERO | FE_OVERFLOW)

static const int roundings[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
#define NUM_ROUNDINGS 4
#define NUM_ENVIRONMENTS (2 * NUM_ROUNDINGS)

/* Rounding, and in the second half denormals taken for zero. */
static void set_environment(int which) {
    fesetround(roundings[which % NUM_ROUNDINGS]);
#if defined(__SSE2__)
    if (which >= NUM_ROUNDINGS) _mm_setcsr(_mm_getcsr() | 0x8040u);
#endif
}

static unsigned control_word(void) {
#if defined(__SSE2__)
    return _mm_getcsr();
#else
    return (unsigned)(fegetround() | fetestexcept(FE_ALL_EXCEPT));
#endif
}

static int disturb(void *user, const sape_progress *progress) {
    set_environment((int)(progress->iteration % NUM_ENVIRONMENTS));
    feenableexcept(TRAPS);
    *(int *)user += 1;
    return 0;
}

/* All of a training run, with batches, validation and an adaptive rate, and predictions after it. */
static float *train(sape_policy policy, size_t threads, int environment, bool from_callback, size_t *count) {
    sape_trainer_params params = small_fit_params();
    sape_adaptive_rate_params rate;
    int calls = 0;
    params.num_threads = threads;
    params.batch_size = 60;
    params.validation_share = 0.2;
    params.validation_every = 3;
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    /* The samples themselves are made in the default environment. */
    struct small_fit *samples = small_fit_create(policy, &params);
    set_environment(environment);
    struct small_fit *fit = small_fit_create(policy, &params);
    CHECK_OK(sape_trainer_set_data(fit->trainer, SMALL_FIT_SAMPLES, samples->x, samples->y));
    CHECK_OK(sape_trainer_set_adaptive_rate(fit->trainer, &rate));
    const unsigned before = control_word();
    CHECK_OK(sape_trainer_run(fit->trainer, 20, from_callback ? disturb : NULL, &calls, NULL));
    float *outputs = new_array(SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS);
    CHECK_OK(sape_field_set_num_threads(fit->field, threads));
    CHECK_OK(sape_field_predict(fit->field, SMALL_FIT_SAMPLES, samples->x, outputs));
    ck_assert_uint_eq(control_word(), before);
    ck_assert_int_eq(calls, from_callback ? 20 : 0);
    fesetenv(FE_DFL_ENV);
    float *state = small_fit_state(fit, count);
    state = realloc(state, (*count + SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS) * sizeof *state);
    ck_assert_ptr_nonnull(state);
    memcpy(state + *count, outputs, SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS * sizeof *outputs);
    *count += SMALL_FIT_SAMPLES * SMALL_FIT_OUTPUTS;
    free(outputs);
    small_fit_free(fit);
    small_fit_free(samples);
    return state;
}

/* The same bits in every environment with one, two and three threads, also when a callback leaves another one. */
START_TEST(results_do_not_depend_on_it) {
    const sape_policy policies[] = {SAPE_POLICY_SPATIAL, SAPE_POLICY_VARIANCE};
    const sape_policy policy = policies[_i % 2];
    size_t count, other_count;
    float *expected = train(policy, 1, 0, false, &count);
    for (size_t threads = 1; threads <= 3; threads++) {
        for (int environment = 0; environment < NUM_ENVIRONMENTS; environment++) {
            float *state = train(policy, threads, environment, _i / 2 == 1, &other_count);
            ck_assert_uint_eq(count, other_count);
            ck_assert_msg(memcmp(state, expected, count * sizeof *state) == 0, "environment %d, %zu threads",
                          environment, threads);
            free(state);
        }
    }
    free(expected);
}
END_TEST

/* The rate that a caller reads is the one that a step takes. */
START_TEST(the_learning_rate_does_not_depend_on_it) {
    sape_optimizer_params params;
    sape_optimizer *optimizer;
    float value = 1.0f;
    sape_optimizer_params_init(&params, sizeof params);
    params.schedule = SAPE_SCHEDULE_COSINE;
    params.learning_rate = 0.1;
    params.decay_iterations = 1000;
    params.warmup_iterations = 6;
    CHECK_OK(sape_optimizer_create(&params, 1, &optimizer));
    for (int step = 0; step < 40; step++) {
        const double expected = sape_optimizer_learning_rate(optimizer);
        set_environment(_i);
        const double rate = sape_optimizer_learning_rate(optimizer);
        fesetenv(FE_DFL_ENV);
        ck_assert_double_eq(rate, expected);
        CHECK_OK(sape_optimizer_step(optimizer, &value, &value));
    }
    sape_optimizer_free(optimizer);
}
END_TEST

/* What goes wrong inside leaves no flag in the caller's environment, and takes none away. */
START_TEST(flags_are_the_callers) {
    sape_bandwidth bandwidth = {.struct_size = sizeof bandwidth};
    const float x[] = {-1.0f, 0.3f, 1.0f}, bad[] = {0.0f, NAN, 1e30f};
    set_environment(_i);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(FE_DIVBYZERO);
    CHECK_OK(sape_bandwidth_propose(3, 1, x, 1, x, &bandwidth));
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, bad, 1, x, &bandwidth), SAPE_ERROR_NOT_FINITE, "x[1]", "nan");
    ck_assert_int_eq(fetestexcept(FE_ALL_EXCEPT), FE_DIVBYZERO);
}
END_TEST

/* What is put in place of one good value after another. */
static const double bad_values[] = {NAN, -NAN, INFINITY, -INFINITY, 1e308, -1e308, 5e-324, -5e-324, 3.5e38, -1.0, 1e19};
#define NUM_BAD ((int)(sizeof bad_values / sizeof *bad_values))

/* Runs a call with traps, which must be there afterwards too; what it says does not matter. */
#define WITH_TRAPS(call)                                                                                               \
    do {                                                                                                               \
        feclearexcept(FE_ALL_EXCEPT);                                                                                  \
        feenableexcept(TRAPS);                                                                                         \
        (void)(call);                                                                                                  \
        ck_assert_msg(fegetexcept() == TRAPS, "%s", #call);                                                            \
        fedisableexcept(TRAPS);                                                                                        \
    } while (0)

/* Puts the value in place of every double of an initialised struct that the list names. */
#define EACH_MEMBER(params, members, value, call)                                                                      \
    for (size_t m = 0; m < sizeof(members) / sizeof *(members); m++) {                                                 \
        const double kept = *(members)[m];                                                                             \
        *(members)[m] = (value);                                                                                       \
        WITH_TRAPS(call);                                                                                              \
        *(members)[m] = kept;                                                                                          \
    }

START_TEST(parameters_set_off_no_trap) {
    const double bad = bad_values[_i];
    sape_encoder_params e;
    sape_mask_params m_;
    sape_cutoff_params c;
    sape_optimizer_params o;
    sape_trainer_params t;
    sape_adaptive_rate_params r;
    sape_filter_params f;
    sape_encoder_params_init(&e, sizeof e);
    sape_mask_params_init(&m_, sizeof m_);
    sape_cutoff_params_init(&c, sizeof c);
    sape_optimizer_params_init(&o, sizeof o);
    sape_trainer_params_init(&t, sizeof t);
    sape_adaptive_rate_params_init(&r, sizeof r);
    sape_filter_params_init(&f, sizeof f);
    double frequencies[] = {0.0, 1.0};
    m_.encoding_dim = 2;
    m_.policy = SAPE_POLICY_VARIANCE;
    m_.cutoff = &c;
    m_.frequencies = frequencies;
    f.size[0] = 3;
    const sape_trainer_params defaults = small_fit_params();
    struct small_fit *fit = small_fit_create(SAPE_POLICY_SPATIAL, &defaults);
    float values[] = {0.0f, 1.0f, 2.0f}, filtered[3];
    sape_encoder *encoder = NULL;
    sape_mask *mask = NULL;
    sape_optimizer *optimizer = NULL;
    sape_trainer *trainer = NULL;
    double *const encoder_members[] = {&e.std};
    double *const mask_members[] = {&m_.epsilon, &c.c_min,     &c.c_max, &c.beta,         &c.gamma,       &c.steepness,
                                    &c.midpoint, &c.end_share, &c.width, &frequencies[1], &frequencies[0]};
    double *const optimizer_members[] = {&o.learning_rate, &o.beta1,        &o.beta2,      &o.epsilon,
                                         &o.momentum,      &o.weight_decay, &o.decay_rate, &o.final_factor};
    double *const trainer_members[] = {&t.tolerance, &t.min_improvement, &t.validation_share, &t.validation_margin};
    double *const rate_members[] = {&r.alpha_min, &r.alpha_max, &r.gamma, &r.eta, &r.delta};
    double *const filter_members[] = {&f.width};
    EACH_MEMBER(e, encoder_members, bad, (sape_encoder_create(&e, &encoder), sape_encoder_free(encoder), 0));
    EACH_MEMBER(m_, mask_members, bad, (sape_mask_create(&m_, &mask), sape_mask_free(mask), 0));
    for (int schedule = 0; schedule < 3; schedule++) {
        o.schedule = (sape_schedule)schedule;
        EACH_MEMBER(o, optimizer_members, bad,
                    (sape_optimizer_create(&o, 3, &optimizer), sape_optimizer_step(optimizer, values, values),
                     sape_optimizer_learning_rate(optimizer), sape_optimizer_free(optimizer), 0));
    }
    sape_trainer_free(fit->trainer);
    EACH_MEMBER(t, trainer_members, bad,
                (sape_trainer_create(&t, NULL, fit->field, &trainer), sape_trainer_free(trainer), 0));
    EACH_MEMBER(o, optimizer_members, bad,
                (sape_trainer_create(NULL, &o, fit->field, &trainer), sape_trainer_free(trainer), 0));
    CHECK_OK(sape_trainer_create(NULL, NULL, fit->field, &fit->trainer));
    EACH_MEMBER(r, rate_members, bad, sape_trainer_set_adaptive_rate(fit->trainer, &r));
    EACH_MEMBER(f, filter_members, bad, sape_filter_apply(&f, values, values, filtered));
    small_fit_free(fit);
}
END_TEST

/* Room for any array of a call below. */
#define ROOM 4096

static void call_parts(struct small_fit *fit, const float *bad, float *out) {
    sape_encoder *encoder = sape_field_encoder(fit->field);
    sape_mask *mask = sape_field_mask(fit->field);
    sape_network *network = sape_field_network(fit->field);
    const float *x = fit->x;
    double loss;
    WITH_TRAPS(sape_encoder_encode(encoder, 3, bad, out));
    WITH_TRAPS(sape_encoder_backward(encoder, 3, x, bad, out));
    WITH_TRAPS(sape_network_forward(network, 3, bad, out));
    WITH_TRAPS(sape_network_backward(network, 3, bad, x, out, NULL));
    WITH_TRAPS(sape_network_backward(network, 3, x, bad, out, NULL));
    WITH_TRAPS(sape_network_set_parameters(network, bad, sape_network_num_parameters(network)));
    WITH_TRAPS(sape_mask_weights(mask, 3, bad, out));
    WITH_TRAPS(sape_mask_revealed(mask, 3, bad, out));
    WITH_TRAPS(sape_mask_record(mask, 3, bad, x));
    WITH_TRAPS(sape_mask_record(mask, 3, x, bad));
    WITH_TRAPS(sape_mask_fit_domain(mask, 3, bad));
    WITH_TRAPS(sape_mask_set_domain(mask, bad, bad));
    WITH_TRAPS(sape_mask_set_signal(mask, 3, x, 2, bad));
    WITH_TRAPS(sape_mask_advance(mask));
    WITH_TRAPS(sape_mask_smoothed_loss(mask, out, 64));
    for (size_t i = 0; i < sape_field_tensor_count(fit->field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_field_tensor_info(fit->field, i, &info));
        WITH_TRAPS(sape_field_set_tensor(fit->field, info.name, bad, info.count));
    }
    WITH_TRAPS(sape_loss_evaluate(SAPE_LOSS_MSE, 3, 2, bad, x, out, NULL, &loss));
    WITH_TRAPS(sape_loss_evaluate(SAPE_LOSS_BCE, 3, 2, x, bad, out, NULL, &loss));
    WITH_TRAPS(sape_loss_evaluate(SAPE_LOSS_BCE, 3, 2, bad, out, out, NULL, &loss));
    WITH_TRAPS(sape_loss_chamfer(2, 3, bad, 3, x, out, NULL, &loss));
    WITH_TRAPS(sape_loss_chamfer(2, 3, x, 3, bad, out, NULL, &loss));
}

static void call_fields(struct small_fit *fit, const float *bad, float *out) {
    const float *x = fit->x;
    const size_t size[] = {2, 3};
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    WITH_TRAPS(sape_field_predict(fit->field, 3, bad, out));
    options.mask_by = bad;
    WITH_TRAPS(sape_field_predict_with(fit->field, &options, 3, x, out));
    options.mask_by = NULL;
    options.override_mask = bad;
    WITH_TRAPS(sape_field_predict_with(fit->field, &options, 3, x, out));
    WITH_TRAPS(sape_field_predict_grid(fit->field, size, bad, x, out));
    WITH_TRAPS(sape_field_predict_grid(fit->field, size, x, bad, out));
    WITH_TRAPS(sape_field_backward(fit->field, 3, x, bad, out, out + ROOM / 2));
    WITH_TRAPS(sape_field_gradient_norms(fit->field, 3, x, bad, out));
    WITH_TRAPS(sape_field_jacobian(fit->field, 3, bad, NULL, out));
    WITH_TRAPS(sape_field_jacobian_backward(fit->field, 3, x, bad, bad, out));
    WITH_TRAPS(sape_field_jacobian_backward(fit->field, 3, x, NULL, bad, out));
}

static void call_signals(const float *x, const float *bad, float *out) {
    sape_window_params window;
    sape_filter_params filter;
    sape_bandwidth bandwidth = {.struct_size = sizeof bandwidth};
    sape_window_params_init(&window, sizeof window);
    sape_filter_params_init(&filter, sizeof filter);
    window.size[0] = filter.size[0] = 3;
    WITH_TRAPS(sape_window_statistics(&window, bad, out, out + 3));
    WITH_TRAPS(sape_filter_apply(&filter, bad, x, out));
    WITH_TRAPS(sape_filter_apply(&filter, x, bad, out));
    WITH_TRAPS(sape_bandwidth_propose(3, 1, bad, 1, x, &bandwidth));
    WITH_TRAPS(sape_bandwidth_propose(3, 1, x, 1, bad, &bandwidth));
}

static int fill_badly(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    (void)iteration;
    for (size_t i = 0; i < 2 * n; i++) x[i] = targets[i] = *(const float *)user;
    return 0;
}

static int lose_badly(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                      const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)x, (void)outputs, (void)targets;
    for (size_t i = 0; i < n * output_dim; i++) d_outputs[i] = *(const float *)user;
    for (size_t i = 0; i < n; i++) sample_loss[i] = *(const float *)user;
    *loss = (double)sample_loss[0];
    return 0;
}

static void call_trainers(struct small_fit *fit, const float *bad) {
    sape_trainer_params params = small_fit_params();
    WITH_TRAPS(sape_trainer_set_data(fit->trainer, 3, bad, fit->y));
    WITH_TRAPS(sape_trainer_set_data(fit->trainer, 3, fit->x, bad));
    WITH_TRAPS(sape_trainer_run(fit->trainer, 3, NULL, NULL, NULL));
    WITH_TRAPS(sape_trainer_set_sampler(fit->trainer, 3, fill_badly, (void *)bad));
    WITH_TRAPS(sape_trainer_step(fit->trainer, NULL));
    params.loss = SAPE_LOSS_CUSTOM;
    params.loss_fn = lose_badly;
    params.loss_user = (void *)bad;
    struct small_fit *custom = small_fit_create(SAPE_POLICY_SPATIAL, &params);
    WITH_TRAPS(sape_trainer_run(custom->trainer, 3, NULL, NULL, NULL));
    small_fit_free(custom);
    params = small_fit_params();
    params.loss = SAPE_LOSS_CHAMFER;
    sape_trainer_free(fit->trainer);
    CHECK_OK(sape_trainer_create(&params, NULL, fit->field, &fit->trainer));
    WITH_TRAPS(sape_trainer_set_target_points(fit->trainer, 3, bad, 0));
}

/* Arrays of nothing but a bad value, and with one among good ones. */
START_TEST(data_set_off_no_trap) {
    const sape_trainer_params params = small_fit_params();
    const float value = (float)bad_values[_i / 2];
    float *bad = new_random_array(7, ROOM, 0.0f, 1.0f), *out = new_array(2 * ROOM);
    for (size_t i = 1; i < ROOM; i += _i % 2 == 0 ? 1 : ROOM) bad[i] = value;
    for (int policy = SAPE_POLICY_NONE; policy <= SAPE_POLICY_VARIANCE; policy++) {
        if (policy == SAPE_POLICY_SPATIAL_FIXED) continue;
        struct small_fit *fit = small_fit_create((sape_policy)policy, &params);
        ck_assert_uint_le(sape_network_num_parameters(sape_field_network(fit->field)), ROOM / 2);
        call_fields(fit, bad, out);
        call_signals(fit->x, bad, out);
        call_trainers(fit, bad);
        call_parts(fit, bad, out);
        call_fields(fit, bad, out);
        small_fit_free(fit);
    }
    free(bad);
    free(out);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("environment");
    TCase *tests = tcase_create("environment");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, results_do_not_depend_on_it, 0, 4);
    tcase_add_loop_test(tests, the_learning_rate_does_not_depend_on_it, 0, NUM_ENVIRONMENTS);
    tcase_add_loop_test(tests, flags_are_the_callers, 0, NUM_ENVIRONMENTS);
    tcase_add_loop_test(tests, parameters_set_off_no_trap, 0, NUM_BAD);
    tcase_add_loop_test(tests, data_set_off_no_trap, 0, 2 * NUM_BAD);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
