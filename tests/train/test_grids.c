/* SPDX-License-Identifier: MIT */
/* Fields on grids: gradients of tables, and what training does with them. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "precision.h"
#include "support.h"

#define N 400
#define OUTPUTS 2
#define LEVELS 4
#define FEATURES 2

struct fit {
    size_t dim;
    sape_policy policy;
    sape_interpolation interpolation;
    sape_optimizer_kind optimizer;
    size_t threads, batch;
    /* Tables of which a batch touches few rows: those are listed, where others are stepped as a whole. */
    bool sparse;
    double validation;
    /* Of spatial_fixed. */
    const float *samples;
    /* Of a loss of the test's own, which may spoil an iteration. */
    size_t calls, spoiled_call;
    float spoiled_gradient, spoiled_loss;
    float x[N * 3], y[N * OUTPUTS], rows[N];
    sape_field *field;
    sape_trainer *trainer;
};

static sape_field *make_field(const struct fit *fit) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = SAPE_ENCODING_GRID;
    encoder.domain_dim = fit->dim;
    encoder.num_levels = LEVELS;
    encoder.features_per_level = FEATURES;
    encoder.base_resolution = fit->sparse ? 20 : 3;
    encoder.growth = fit->sparse ? 4.0 : 1.7;
    encoder.log2_table_size = fit->sparse ? 14 : 6;
    encoder.interpolation = fit->interpolation;
    mask.policy = fit->policy;
    mask.resolution = 6;
    mask.block_iterations = 3;
    mask.epsilon = 0.02;
    mask.samples = fit->samples;
    mask.num_samples = N;
    network.hidden_dim = 20;
    network.num_layers = 2;
    network.output_dim = OUTPUTS;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static int own_loss(void *user, size_t n, const float *x, size_t o, const float *outputs, const float *targets,
                    float *d_outputs, float *sample_loss, double *loss) {
    struct fit *fit = user;
    (void)x;
    if (sape_loss_evaluate(SAPE_LOSS_MSE, n, o, outputs, targets, d_outputs, sample_loss, loss) != SAPE_OK) return 1;
    if (++fit->calls != fit->spoiled_call) return 0;
    for (size_t i = 0; i < n * o; i++) d_outputs[i] *= fit->spoiled_gradient;
    *loss *= (double)fit->spoiled_loss;
    return 0;
}

static void open_fit(struct fit *fit) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    random_array(1, N * 3, -1.1f, 1.1f, fit->x);
    for (size_t i = 0; i < N * OUTPUTS; i++) fit->y[i] = sinf(7.0f * fit->x[i / OUTPUTS * fit->dim]);
    fit->samples = fit->x;
    fit->field = make_field(fit);
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.num_threads = fit->threads;
    params.batch_size = fit->batch;
    params.validation_share = fit->validation;
    params.validation_every = 3;
    if (fit->spoiled_call > 0) {
        params.loss = SAPE_LOSS_CUSTOM;
        params.loss_fn = own_loss;
        params.loss_user = fit;
    }
    optimizer.kind = fit->optimizer;
    optimizer.learning_rate = 1e-2;
    optimizer.encoder_rate_factor = 2.0;
    optimizer.encoder_weight_decay = 1e-3;
    CHECK_OK(sape_trainer_create(&params, &optimizer, fit->field, &fit->trainer));
    CHECK_OK(sape_trainer_set_data(fit->trainer, N, fit->x, fit->y));
}

static void close_fit(struct fit *fit) {
    sape_trainer_free(fit->trainer);
    sape_field_free(fit->field);
}

static void run(struct fit *fit, uint64_t iterations) {
    CHECK_OK(sape_trainer_run(fit->trainer, iterations, NULL, NULL, NULL));
}

static void expect_same_training(const struct fit *a, const struct fit *b) {
    sape_safetensors *files[2];
    size_t sizes[2];
    CHECK_OK(sape_trainer_checkpoint(a->trainer, &files[0]));
    CHECK_OK(sape_trainer_checkpoint(b->trainer, &files[1]));
    const void *bytes[] = {sape_safetensors_bytes(files[0], &sizes[0]), sape_safetensors_bytes(files[1], &sizes[1])};
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], sizes[0]);
    sape_safetensors_free(files[0]);
    sape_safetensors_free(files[1]);
}

/* All tables, level after level. */
static float *tables_of(const struct fit *fit, size_t *count) {
    const sape_encoder *encoder = sape_field_encoder(fit->field);
    *count = sape_encoder_num_parameters(encoder);
    float *tables = new_array(*count), *place = tables;
    for (size_t l = 0; l < sape_encoder_tensor_count(encoder); l++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_encoder_tensor_info(encoder, l, &info));
        CHECK_OK(sape_encoder_get_tensor(encoder, info.name, place, info.count));
        place += info.count;
    }
    ck_assert_uint_eq((size_t)(place - tables), *count);
    return tables;
}

static void set_tables(sape_field *field, const float *tables) {
    const sape_encoder *encoder = sape_field_encoder(field);
    for (size_t l = 0; l < sape_encoder_tensor_count(encoder); l++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        char name[64];
        CHECK_OK(sape_encoder_tensor_info(encoder, l, &info));
        snprintf(name, sizeof name, "model.encode.%s", info.name);
        CHECK_OK(sape_field_set_tensor(field, name, tables, info.count));
        tables += info.count;
    }
}

/* Policies in all dimensions that they have, then all of these with sparse tables. */
static bool open_kind(int i, struct fit *fit) {
    *fit =
        (struct fit){.policy = (sape_policy)(i % 15 / 3), .dim = (size_t)(i % 3) + 1, .threads = 1, .sparse = i >= 15};
    return fit->policy != SAPE_POLICY_SPATIAL_FIXED || fit->dim == 1;
}

START_TEST(test_every_number_of_threads_gives_the_same_bits) {
    static struct fit one, three;
    if (!open_kind(_i, &one)) return;
    one.interpolation = (sape_interpolation)(_i % 2);
    three = one;
    three.threads = 3;
    open_fit(&one);
    open_fit(&three);
    run(&one, 15);
    run(&three, 15);
    expect_same_training(&one, &three);
    close_fit(&one);
    close_fit(&three);
}
END_TEST

START_TEST(test_a_run_resumes_to_the_last_bit) {
    static struct fit whole, resumed;
    if (!open_kind(_i, &whole)) return;
    whole.batch = whole.policy == SAPE_POLICY_SPATIAL_FIXED ? 0 : 90;
    whole.validation = whole.policy == SAPE_POLICY_SPATIAL_FIXED ? 0.0 : 0.2;
    whole.optimizer = (sape_optimizer_kind)(_i % 2);
    resumed = whole;
    open_fit(&whole);
    open_fit(&resumed);
    run(&whole, 8);
    sape_safetensors *file;
    CHECK_OK(sape_trainer_checkpoint(whole.trainer, &file));
    CHECK_OK(sape_trainer_restore(resumed.trainer, file));
    expect_same_training(&whole, &resumed);
    sape_safetensors_free(file);
    run(&whole, 11);
    run(&resumed, 11);
    expect_same_training(&whole, &resumed);
    sape_field *loaded;
    CHECK_OK(sape_field_checkpoint(whole.field, &file));
    CHECK_OK(sape_field_from_checkpoint(file, &loaded));
    float *a = new_array(N * OUTPUTS), *b = new_array(N * OUTPUTS);
    CHECK_OK(sape_field_predict(whole.field, N, whole.x, a));
    CHECK_OK(sape_field_predict(loaded, N, whole.x, b));
    ck_assert_mem_eq(a, b, N * OUTPUTS * sizeof *a);
    sape_safetensors_free(file);
    sape_field_free(loaded);
    free(a);
    free(b);
    close_fit(&whole);
    close_fit(&resumed);
}
END_TEST

/* A field whose tables matter, with a mask that has revealed more on one side than on the other. */
static sape_field *open_rough_field(struct fit *fit) {
    random_array(1, N * 3, -0.98f, 0.98f, fit->x);
    for (size_t i = 0; i < N; i++) fit->rows[i] = -1.0f + 2.0f * (float)i / N;
    fit->samples = fit->rows;
    sape_field *field = make_field(fit);
    const size_t count = sape_encoder_num_parameters(sape_field_encoder(field));
    float *tables = new_random_array(9, count, -1.0f, 1.0f), *loss = new_array(N);
    set_tables(field, tables);
    for (size_t s = 0; s < N; s++) loss[s] = fit->x[s * fit->dim] < 0.1f ? 1.0f : 0.0f;
    for (int i = 0; i < 9; i++) {
        CHECK_OK(sape_mask_record(sape_field_mask(field), N, fit->x, loss));
        CHECK_OK(sape_mask_step(sape_field_mask(field)));
    }
    free(tables);
    free(loss);
    return field;
}

/* <d_outputs, outputs> + <d_jacobian, Jacobian>, the last where it is there. */
static double weighted(const sape_field *field, size_t n, size_t dim, const float *x, const float *d_outputs,
                       const float *d_jacobian) {
    float *outputs = new_array(n * OUTPUTS), *jacobian = new_array(n * OUTPUTS * dim);
    double sum = 0.0;
    CHECK_OK(sape_field_jacobian(field, n, x, outputs, jacobian));
    for (size_t i = 0; i < n * OUTPUTS; i++) sum += (double)outputs[i] * (double)d_outputs[i];
    for (size_t i = 0; d_jacobian != NULL && i < n * OUTPUTS * dim; i++)
        sum += (double)jacobian[i] * (double)d_jacobian[i];
    free(outputs);
    free(jacobian);
    return sum;
}

/* Outputs and derivatives are linear in any one entry of a table, so that differences are exact where no ReLU turns,
   which shows in the two sides' not being the same. Returns how many entries were held against differences. */
static size_t check_tables(const struct fit *fit, sape_field *field, const float *gradient, const float *d_outputs,
                           const float *d_jacobian) {
    enum { SAMPLES = 60 };
    const size_t count = sape_encoder_num_parameters(sape_field_encoder(field));
    struct fit other = *fit;
    other.field = field;
    size_t same, checked = 0, off = 0;
    float *tables = tables_of(&other, &same);
    const double middle = weighted(field, SAMPLES, fit->dim, fit->x, d_outputs, d_jacobian), step = 1.0 / 256.0;
    const double scale = largest_magnitude(count, gradient), tolerance = by_precision(2e-3, 2e-2, NAN);
    ck_assert_double_gt(scale, 1e-3);
    for (size_t i = 0; i < count; i++) {
        const float kept = tables[i];
        tables[i] = kept + (float)step;
        set_tables(field, tables);
        const double above = weighted(field, SAMPLES, fit->dim, fit->x, d_outputs, d_jacobian) - middle;
        tables[i] = kept - (float)step;
        set_tables(field, tables);
        const double below = middle - weighted(field, SAMPLES, fit->dim, fit->x, d_outputs, d_jacobian);
        tables[i] = kept;
        if (fabs(above - below) > 0.5 * tolerance * step * scale) continue;
        checked += gradient[i] != 0.0f;
        off += fabs(above / step - (double)gradient[i]) > tolerance * scale;
    }
    /* Seldom an entry is between two kinks that lie nearer than a step. */
    ck_assert_uint_le(off, 1 + checked / 100);
    set_tables(field, tables);
    free(tables);
    return checked;
}

START_TEST(test_gradients_against_differences) {
    enum { SAMPLES = 60 };
    static struct fit fit;
    if (!open_kind(_i % 15, &fit)) return;
    fit.interpolation = (sape_interpolation)(_i / 15);
    sape_field *field = open_rough_field(&fit);
    const size_t network = sape_network_num_parameters(sape_field_network(field));
    const size_t least = (size_t)by_precision(3.0, 1.0, 0.0);
    float *d_outputs = new_random_array(4, SAMPLES * OUTPUTS, -1.0f, 1.0f);
    float *d_jacobian = new_random_array(5, SAMPLES * OUTPUTS * 3, -1.0f, 1.0f);
    float *gradient = new_array(sape_field_num_parameters(field)), *again = new_array(sape_field_num_parameters(field));
    CHECK_OK(sape_field_backward(field, SAMPLES, fit.x, d_outputs, gradient, NULL));
    ck_assert_uint_gt(check_tables(&fit, field, gradient + network, d_outputs, NULL), least);
    CHECK_OK(sape_field_jacobian_backward(field, SAMPLES, fit.x, d_outputs, d_jacobian, gradient));
    ck_assert_uint_gt(check_tables(&fit, field, gradient + network, d_outputs, d_jacobian), least);
    CHECK_OK(sape_field_set_num_threads(field, 3));
    CHECK_OK(sape_field_jacobian_backward(field, SAMPLES, fit.x, d_outputs, d_jacobian, again));
    ck_assert_mem_eq(gradient, again, sape_field_num_parameters(field) * sizeof *gradient);
    float *const all[] = {d_outputs, d_jacobian, gradient, again};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

/* Central differences, where the two sides agree: between kinks of cells and of ReLU. */
START_TEST(test_jacobian_against_differences) {
    static struct fit fit;
    if (!open_kind(_i % 15, &fit)) return;
    fit.interpolation = (sape_interpolation)(_i / 15);
    sape_field *field = open_rough_field(&fit);
    const size_t d = fit.dim;
    const float step = 1.0f / 2048.0f;
    float *middle = new_array(N * OUTPUTS), *sides[] = {new_array(N * OUTPUTS), new_array(N * OUTPUTS)};
    float *jacobian = new_array(N * OUTPUTS * d), *x = new_array(N * d);
    CHECK_OK(sape_field_jacobian(field, N, fit.x, middle, jacobian));
    const double scale = largest_magnitude(N * OUTPUTS * d, jacobian), tolerance = by_precision(1e-2, 4e-2, NAN);
    size_t checked = 0, off = 0;
    for (size_t a = 0; a < d; a++) {
        for (size_t side = 0; side < 2; side++) {
            for (size_t i = 0; i < N * d; i++) x[i] = fit.x[i] + (i % d != a ? 0.0f : side == 0 ? -step : step);
            CHECK_OK(sape_field_predict(field, N, x, sides[side]));
        }
        for (size_t i = 0; i < N * OUTPUTS; i++) {
            const double below = ((double)middle[i] - (double)sides[0][i]) / (double)step;
            const double above = ((double)sides[1][i] - (double)middle[i]) / (double)step;
            if (fabs(above - below) > 0.5 * tolerance * scale) continue;
            checked++;
            off += fabs(0.5 * (above + below) - (double)jacobian[i * d + a]) > tolerance * scale;
        }
    }
    /* The way back comes to the same. */
    float *ones = new_array(N * OUTPUTS);
    for (size_t i = 0; i < N * OUTPUTS; i++) ones[i] = 1.0f;
    CHECK_OK(sape_field_backward(field, N, fit.x, ones, NULL, x));
    for (size_t i = 0; i < N * d; i++) {
        const double sum =
            (double)jacobian[i / d * OUTPUTS * d + i % d] + (double)jacobian[(i / d * OUTPUTS + 1) * d + i % d];
        ck_assert_double_eq_tol((double)x[i], sum, 1e-4 * scale);
    }
    free(ones);
    /* Seldom a kink lies so near that a sample is between it and another one. */
    ck_assert_uint_gt(checked, N / 2);
    ck_assert_uint_le(off, checked / 200);
    float *const all[] = {middle, sides[0], sides[1], jacobian, x};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    sape_field_free(field);
}
END_TEST

START_TEST(test_norms_are_those_of_single_samples) {
    static struct fit fit;
    if (!open_kind(_i, &fit)) return;
    sape_field *field = open_rough_field(&fit);
    const size_t count = sape_field_num_parameters(field);
    float *norms = new_array(N), *gradient = new_array(count), *d_outputs = new_random_array(4, N * OUTPUTS, -1, 1);
    const double tolerance = by_precision(1e-5, 1e-5, 4e-3);
    CHECK_OK(sape_field_gradient_norms(field, N, fit.x, d_outputs, norms));
    for (size_t i = 0; i < N; i += 7) {
        double square = 0.0;
        CHECK_OK(sape_field_backward(field, 1, fit.x + i * fit.dim, d_outputs + i * OUTPUTS, gradient, NULL));
        for (size_t p = 0; p < count; p++) square += (double)gradient[p] * (double)gradient[p];
        ck_assert_double_eq_tol((double)norms[i], sqrt(square), tolerance * (1.0 + sqrt(square)));
    }
    free(norms);
    free(gradient);
    free(d_outputs);
    sape_field_free(field);
}
END_TEST

/* Levels that are revealed nowhere keep their tables to the last bit; those that are revealed do not. */
START_TEST(test_levels_that_are_not_revealed_rest) {
    static struct fit fit;
    fit = (struct fit){.policy = SAPE_POLICY_SPATIAL, .dim = 2, .threads = 2};
    open_fit(&fit);
    for (size_t revealed = 0; revealed <= LEVELS; revealed++) {
        const sape_encoder *encoder = sape_field_encoder(fit.field);
        sape_mask_state state = {.struct_size = sizeof state};
        size_t count, offset = 0;
        CHECK_OK(sape_mask_get_state(sape_field_mask(fit.field), &state));
        ck_assert_uint_eq(state.current_feature, fit.dim + revealed * FEATURES);
        ck_assert_uint_eq(state.block_size, FEATURES);
        float *before = tables_of(&fit, &count);
        run(&fit, 2);
        float *after = tables_of(&fit, &count);
        for (size_t l = 0; l < LEVELS; l++) {
            sape_tensor_info info = {.struct_size = sizeof info};
            CHECK_OK(sape_encoder_tensor_info(encoder, l, &info));
            const bool same = memcmp(before + offset, after + offset, info.count * sizeof *before) == 0;
            ck_assert_int_eq(same, l >= revealed);
            offset += info.count;
        }
        run(&fit, 1);
        free(before);
        free(after);
    }
    close_fit(&fit);
}
END_TEST

/* Entries that no sample reaches keep their values under any weight decay, and gain no moments. */
START_TEST(test_entries_without_a_gradient_rest) {
    static struct fit fit;
    fit = (struct fit){.policy = SAPE_POLICY_NONE,
                       .dim = 2,
                       .threads = 1,
                       .optimizer = (sape_optimizer_kind)(_i % 2),
                       .sparse = _i >= 2};
    open_fit(&fit);
    for (size_t i = 0; i < N * 2; i++) fit.x[i] = -0.5f - 0.1f * fabsf(fit.x[i]);
    CHECK_OK(sape_trainer_set_data(fit.trainer, N, fit.x, fit.y));
    size_t count, moved = 0;
    float *before = tables_of(&fit, &count);
    run(&fit, 5);
    float *after = tables_of(&fit, &count), *gradient = new_array(sape_field_num_parameters(fit.field));
    float *d_outputs = new_random_array(4, N * OUTPUTS, -1.0f, 1.0f);
    CHECK_OK(sape_field_backward(fit.field, N, fit.x, d_outputs, gradient, NULL));
    for (size_t i = 0; i < count; i++) {
        const bool reached = gradient[sape_field_num_parameters(fit.field) - count + i] != 0.0f;
        if (!reached) ck_assert_mem_eq(&before[i], &after[i], sizeof before[i]);
        moved += before[i] != after[i];
    }
    ck_assert_uint_gt(moved, 20);
    ck_assert_uint_lt(moved, count / 2);
    free(before);
    free(after);
    free(gradient);
    free(d_outputs);
    close_fit(&fit);
}
END_TEST

/* A loss that is not finite takes the last step back; a step that is not finite is not taken. Either way the run goes
   on from there, also when it has been saved and restored before. */
START_TEST(test_divergence_is_taken_back) {
    static struct fit fit, resumed;
    const bool step = _i % 2 == 1, restored = _i % 4 >= 2;
    fit = (struct fit){
        .policy = SAPE_POLICY_NONE, .dim = 2, .threads = 2, .sparse = _i >= 4, .spoiled_call = 6, .spoiled_loss = 1.0f};
    if (step)
        fit.spoiled_gradient = 1e38f;
    else
        fit.spoiled_loss = INFINITY, fit.spoiled_gradient = 1.0f;
    resumed = fit;
    open_fit(&fit);
    run(&fit, 4);
    size_t count;
    float *earlier = tables_of(&fit, &count);
    run(&fit, 1);
    float *before = tables_of(&fit, &count);
    if (restored) {
        sape_safetensors *file;
        open_fit(&resumed);
        CHECK_OK(sape_trainer_checkpoint(fit.trainer, &file));
        CHECK_OK(sape_trainer_restore(resumed.trainer, file));
        sape_safetensors_free(file);
        resumed.calls = fit.calls;
    }
    struct fit *last = restored ? &resumed : &fit;
    ck_assert_int_eq(sape_trainer_run(last->trainer, 1, NULL, NULL, NULL), SAPE_ERROR_DIVERGED);
    float *after = tables_of(last, &count);
    ck_assert_mem_eq(after, step ? before : earlier, count * sizeof *after);
    ck_assert(memcmp(before, earlier, count * sizeof *before) != 0);
    run(last, 2);
    float *on = tables_of(last, &count);
    ck_assert(memcmp(on, after, count * sizeof *on) != 0);
    for (size_t i = 0; i < count; i++) ck_assert(isfinite(on[i]));
    if (restored) close_fit(&resumed);
    float *const all[] = {earlier, before, after, on};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    close_fit(&fit);
}
END_TEST

/* The tables' rate is a factor times the network's, and may be more than a double holds. */
START_TEST(test_a_rate_that_is_too_large_is_taken_back) {
    static struct fit fit;
    fit = (struct fit){.policy = SAPE_POLICY_NONE, .dim = 2, .threads = 1};
    open_fit(&fit);
    run(&fit, 2);
    sape_safetensors *file;
    CHECK_OK(sape_trainer_set_learning_rate(fit.trainer, DBL_MAX));
    ck_assert_int_eq(sape_trainer_step(fit.trainer, NULL), SAPE_ERROR_DIVERGED);
    CHECK_OK(sape_trainer_checkpoint(fit.trainer, &file));
    CHECK_OK(sape_trainer_restore(fit.trainer, file));
    sape_safetensors_free(file);
    CHECK_OK(sape_trainer_set_learning_rate(fit.trainer, 1e-3));
    run(&fit, 2);
    close_fit(&fit);
}
END_TEST

/* One step of the caller's own is the trainer's. */
START_TEST(test_update_is_the_trainers_step) {
    static struct fit fit;
    fit = (struct fit){.policy = SAPE_POLICY_NONE, .dim = 2, .threads = 1, .optimizer = (sape_optimizer_kind)_i};
    open_fit(&fit);
    sape_field *field = make_field(&fit);
    sape_optimizer_params params;
    sape_optimizer *optimizer;
    sape_optimizer_params_init(&params, sizeof params);
    params.kind = (sape_optimizer_kind)_i;
    params.learning_rate = 1e-2;
    params.encoder_rate_factor = 2.0;
    params.encoder_weight_decay = 1e-3;
    const size_t all = sape_field_num_parameters(field);
    CHECK_OK(sape_optimizer_create(&params, all, &optimizer));
    float *outputs = new_array(N * OUTPUTS), *d_outputs = new_array(N * OUTPUTS), *gradient = new_array(all);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(sape_field_predict(field, N, fit.x, outputs));
        CHECK_OK(sape_loss_evaluate(SAPE_LOSS_MSE, N, OUTPUTS, outputs, fit.y, d_outputs, NULL, NULL));
        CHECK_OK(sape_field_backward(field, N, fit.x, d_outputs, gradient, NULL));
        CHECK_OK(sape_field_update(field, optimizer, gradient));
        CHECK_OK(sape_trainer_step(fit.trainer, NULL));
    }
    float *expected = new_array(N * OUTPUTS);
    CHECK_OK(sape_field_predict(field, N, fit.x, outputs));
    CHECK_OK(sape_field_predict(fit.field, N, fit.x, expected));
    ck_assert_double_lt(largest_difference(N * OUTPUTS, outputs, expected), 1e-5);
    gradient[all - 1] = NAN;
    EXPECT_ERROR(sape_field_update(field, optimizer, gradient), SAPE_ERROR_NOT_FINITE, "d_parameters", "nan");
    CHECK_OK(sape_field_predict(field, N, fit.x, expected));
    ck_assert_mem_eq(outputs, expected, N * OUTPUTS * sizeof *outputs);
    float *const arrays[] = {outputs, d_outputs, gradient, expected};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    sape_optimizer_free(optimizer);
    sape_field_free(field);
    close_fit(&fit);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("grids");
    TCase *tcase = tcase_create("grids");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_every_number_of_threads_gives_the_same_bits, 0, 30);
    tcase_add_loop_test(tcase, test_a_run_resumes_to_the_last_bit, 0, 30);
    if (has_differences()) {
        tcase_add_loop_test(tcase, test_gradients_against_differences, 0, 30);
        tcase_add_loop_test(tcase, test_jacobian_against_differences, 0, 30);
    }
    tcase_add_loop_test(tcase, test_norms_are_those_of_single_samples, 0, 15);
    tcase_add_test(tcase, test_levels_that_are_not_revealed_rest);
    tcase_add_loop_test(tcase, test_entries_without_a_gradient_rest, 0, 4);
    tcase_add_loop_test(tcase, test_divergence_is_taken_back, 0, 8);
    tcase_add_test(tcase, test_a_rate_that_is_too_large_is_taken_back);
    tcase_add_loop_test(tcase, test_update_is_the_trainers_step, 0, 2);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
