/* SPDX-License-Identifier: MIT */
/* Samplers: the same training as with the samples given beforehand, errors, and resuming. */
#include <math.h>
#include <stdlib.h>

#include "support.h"

#define BATCH 200
#define STEPS 12

/* What a sampler does, and how it was called. */
struct source {
    uint64_t calls, first, last;
    uint64_t fails_at;        /* an iteration, or UINT64_MAX */
    size_t bad_x, bad_target; /* places, or SIZE_MAX */
    float bad;
    int expects_targets;
};

static const struct source good = {
    .fails_at = UINT64_MAX, .bad_x = SIZE_MAX, .bad_target = SIZE_MAX, .expects_targets = 1};

static int sample(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    struct source *source = user;
    if (source->calls++ == 0) source->first = iteration;
    source->last = iteration;
    ck_assert_uint_eq(n, BATCH);
    ck_assert_int_eq(targets != NULL, source->expects_targets);
    if (iteration == source->fails_at) return 7;
    random_array(iteration + 1, 2 * n, -1.0f, 1.0f, x);
    for (size_t i = 0; targets != NULL && i < n; i++) targets[i] = 0.5f + 0.5f * sinf(5.0f * x[2 * i]) * x[2 * i + 1];
    if (source->bad_x != SIZE_MAX) x[source->bad_x] = source->bad;
    if (source->bad_target != SIZE_MAX) targets[source->bad_target] = source->bad;
    return 0;
}

struct training {
    sape_field *field;
    sape_trainer *trainer;
};

static struct training make(sape_loss loss, size_t output_dim) {
    struct training training;
    sape_mask_params mask;
    sape_network_params network;
    sape_trainer_params params;
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    mask.resolution = 6;
    mask.num_blocks = 4;
    mask.block_iterations = 3;
    mask.epsilon = 0.01;
    network.hidden_dim = 32;
    network.output_dim = output_dim;
    params.loss = loss;
    params.batch_size = 7; /* not looked at */
    CHECK_OK(sape_field_create(NULL, &mask, &network, &training.field));
    CHECK_OK(sape_trainer_create(&params, NULL, training.field, &training.trainer));
    return training;
}

static void end(struct training *training) {
    sape_trainer_free(training->trainer);
    sape_field_free(training->field);
}

static void expect_same(const struct training *a, const struct training *b) {
    sape_safetensors *one, *other;
    size_t size, other_size;
    CHECK_OK(sape_field_checkpoint(a->field, &one));
    CHECK_OK(sape_field_checkpoint(b->field, &other));
    const void *bytes = sape_safetensors_bytes(one, &size), *other_bytes = sape_safetensors_bytes(other, &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_mem_eq(bytes, other_bytes, size);
    sape_safetensors_free(one);
    sape_safetensors_free(other);
}

/* By hand: the same samples, given anew before every iteration. */
START_TEST(test_same_as_data) {
    struct training sampled = make(SAPE_LOSS_MSE, 1), given = make(SAPE_LOSS_MSE, 1);
    struct source source = good, other = good;
    float x[2 * BATCH], targets[BATCH];
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params);
    sape_trainer_free(given.trainer);
    CHECK_OK(sape_trainer_create(&params, NULL, given.field, &given.trainer));
    CHECK_OK(sape_trainer_set_sampler(sampled.trainer, BATCH, sample, &source));
    for (uint64_t i = 0; i < STEPS; i++) {
        double loss, expected;
        ck_assert_int_eq(sample(&other, i, BATCH, x, targets), 0);
        CHECK_OK(sape_trainer_set_data(given.trainer, BATCH, x, targets));
        CHECK_OK(sape_trainer_step(given.trainer, &expected));
        CHECK_OK(sape_trainer_step(sampled.trainer, &loss));
        ck_assert_double_eq(loss, expected);
    }
    expect_same(&sampled, &given);
    ck_assert_uint_eq(source.calls, STEPS);
    ck_assert_uint_eq(source.first, 0);
    ck_assert_uint_eq(source.last, STEPS - 1);
    end(&sampled);
    end(&given);
}
END_TEST

START_TEST(test_resume) {
    struct training straight = make(SAPE_LOSS_MSE, 1), first = make(SAPE_LOSS_MSE, 1), second = make(SAPE_LOSS_MSE, 1);
    struct source source = good, resumed = good;
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_set_sampler(straight.trainer, BATCH, sample, &source));
    CHECK_OK(sape_trainer_set_sampler(first.trainer, BATCH, sample, &source));
    CHECK_OK(sape_trainer_set_sampler(second.trainer, BATCH, sample, &resumed));
    CHECK_OK(sape_trainer_run(straight.trainer, STEPS, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_run(first.trainer, 5, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_checkpoint(first.trainer, &checkpoint));
    CHECK_OK(sape_trainer_restore(second.trainer, checkpoint));
    CHECK_OK(sape_trainer_run(second.trainer, STEPS - 5, NULL, NULL, NULL));
    expect_same(&straight, &second);
    ck_assert_uint_eq(resumed.first, 5);
    sape_safetensors_free(checkpoint);
    end(&straight);
    end(&first);
    end(&second);
}
END_TEST

/* An iteration whose samples were refused has not happened: the training goes on as if nothing had been. */
START_TEST(test_failures) {
    struct training training = make(SAPE_LOSS_BCE, 1), straight = make(SAPE_LOSS_BCE, 1);
    struct source source = good, other = good;
    sape_result result = {.struct_size = sizeof result};
    CHECK_OK(sape_trainer_set_sampler(training.trainer, BATCH, sample, &source));
    CHECK_OK(sape_trainer_set_sampler(straight.trainer, BATCH, sample, &other));
    CHECK_OK(sape_trainer_run(straight.trainer, STEPS, NULL, NULL, NULL));
    source.fails_at = 4;
    EXPECT_ERROR(sape_trainer_run(training.trainer, STEPS, NULL, NULL, &result), SAPE_ERROR_CALLBACK, "sampler", "7");
    ck_assert_uint_eq(result.iterations, 4);
    source.fails_at = UINT64_MAX;
    source.bad_x = 5;
    source.bad = INFINITY;
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_NOT_FINITE, "x[5]", "inf");
    source.bad = 1e30f;
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_ARGUMENT, "x[5]", "1e+30");
    source.bad_x = SIZE_MAX;
    source.bad_target = 3;
    source.bad = NAN;
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_NOT_FINITE, "targets[3]", "nan");
    source.bad = 1.5f;
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_ARGUMENT, "targets[3]", "1.5");
    source.bad_target = SIZE_MAX;
    CHECK_OK(sape_trainer_run(training.trainer, STEPS - 4, NULL, NULL, NULL));
    expect_same(&straight, &training);
    EXPECT_ERROR(sape_trainer_set_sampler(NULL, BATCH, sample, &source), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_set_sampler(training.trainer, 0, sample, &source), SAPE_ERROR_ARGUMENT, "n is 0", "");
    EXPECT_ERROR(sape_trainer_set_sampler(training.trainer, BATCH, NULL, NULL), SAPE_ERROR_ARGUMENT, "sampler", "NULL");
    EXPECT_ERROR(sape_trainer_set_sampler(training.trainer, SIZE_MAX, sample, &source), SAPE_ERROR_MEMORY, "n",
                 digits_of(SIZE_MAX));
    CHECK_OK(sape_trainer_step(training.trainer, NULL));
    end(&training);
    end(&straight);
}
END_TEST

/* Samples that are given take the sampler's place, and the other way round. */
START_TEST(test_back_and_forth) {
    struct training training = make(SAPE_LOSS_MSE, 1);
    struct source source = good;
    float x[2 * BATCH], targets[BATCH];
    sample(&source, 0, BATCH, x, targets);
    source = good;
    CHECK_OK(sape_trainer_set_sampler(training.trainer, BATCH, sample, &source));
    CHECK_OK(sape_trainer_set_data(training.trainer, BATCH, x, targets));
    CHECK_OK(sape_trainer_step(training.trainer, NULL));
    ck_assert_uint_eq(source.calls, 0);
    CHECK_OK(sape_trainer_set_sampler(training.trainer, BATCH, sample, &source));
    CHECK_OK(sape_trainer_step(training.trainer, NULL));
    ck_assert_uint_eq(source.calls, 1);
    ck_assert_uint_eq(source.first, 1);
    end(&training);
}
END_TEST

/* Chamfer has points in place of targets. */
START_TEST(test_chamfer) {
    struct training training = make(SAPE_LOSS_CHAMFER, 2);
    struct source source = good;
    float points[2 * BATCH];
    source.expects_targets = 0;
    random_array(9, 2 * BATCH, -1.0f, 1.0f, points);
    CHECK_OK(sape_trainer_set_sampler(training.trainer, BATCH, sample, &source));
    CHECK_OK(sape_trainer_set_target_points(training.trainer, BATCH, points, 50));
    CHECK_OK(sape_trainer_run(training.trainer, STEPS, NULL, NULL, NULL));
    ck_assert_uint_eq(source.calls, STEPS);
    end(&training);
}
END_TEST

/* What the sampler before has left, to be compared with what there is. */
struct memory {
    float x[2 * BATCH], targets[BATCH];
};

static int compare_and_write(void *user, uint64_t iteration, size_t n, float *x, float *targets) {
    struct memory *memory = user;
    ck_assert_mem_eq(x, memory->x, sizeof memory->x);
    ck_assert_mem_eq(targets, memory->targets, sizeof memory->targets);
    x[iteration] = 0.25f;
    targets[n - 1 - iteration] = (float)iteration - 3.0f;
    if (iteration == 3) targets[0] = NAN;
    memcpy(memory->x, x, sizeof memory->x);
    memcpy(memory->targets, targets, sizeof memory->targets);
    return 0;
}

/* At first zeros, then what was left there, by a refused iteration too; another sampler begins with zeros. */
START_TEST(test_memory_before_the_call) {
    struct training training = make(SAPE_LOSS_MSE, 1);
    struct memory memory = {.x = {0}}, other = memory;
    CHECK_OK(sape_trainer_set_sampler(training.trainer, BATCH, compare_and_write, &memory));
    CHECK_OK(sape_trainer_run(training.trainer, 3, NULL, NULL, NULL));
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_NOT_FINITE, "targets[0]", "nan");
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_NOT_FINITE, "targets[0]", "nan");
    CHECK_OK(sape_trainer_set_sampler(training.trainer, BATCH, compare_and_write, &other));
    EXPECT_ERROR(sape_trainer_step(training.trainer, NULL), SAPE_ERROR_NOT_FINITE, "targets[0]", "nan");
    end(&training);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("sampler");
    TCase *tcase = tcase_create("sampler");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, test_same_as_data);
    tcase_add_test(tcase, test_resume);
    tcase_add_test(tcase, test_failures);
    tcase_add_test(tcase, test_back_and_forth);
    tcase_add_test(tcase, test_chamfer);
    tcase_add_test(tcase, test_memory_before_the_call);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
