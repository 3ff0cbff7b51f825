/* SPDX-License-Identifier: MIT */
/* A training run that was saved and resumed is the one that never stopped, to the last bit. */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "support.h"

/* Samples on a grid, as spatial_fixed wants them. */
#define SIDE 12
#define NUM_SAMPLES (SIDE * SIDE)
#define OUTPUTS 2
#define NUM_STEPS 60
/* Points of an iteration under Chamfer. */
#define POINTS_DRAWN 31

struct setup {
    sape_policy policy;
    sape_optimizer_kind kind;
    sape_schedule schedule;
    double weight_decay;
    size_t batch_size;
    sape_loss loss;
    /* Weights, batches that accumulate, clipping, averages, reductions on a plateau, a history. */
    bool extras;
};

struct training {
    float x[NUM_SAMPLES * 2], y[NUM_SAMPLES * OUTPUTS], weights[NUM_SAMPLES];
    sape_field *field;
    sape_trainer *trainer;
};

/* Half the squared error, less one, so that losses are negative as well. */
static int custom_loss(void *user, size_t n, const float *x, size_t output_dim, const float *outputs,
                       const float *targets, float *d_outputs, float *sample_loss, double *loss) {
    (void)user;
    (void)x;
    *loss = -1.0;
    for (size_t i = 0; i < n; i++) {
        sample_loss[i] = -1.0f;
        for (size_t k = 0; k < output_dim; k++) {
            const float difference = outputs[i * output_dim + k] - targets[i * output_dim + k];
            sample_loss[i] += 0.5f * difference * difference;
            d_outputs[i * output_dim + k] = difference / (float)n;
        }
        *loss += ((double)sample_loss[i] + 1.0) / (double)n;
    }
    return 0;
}

static void make_samples(struct training *t) {
    for (size_t i = 0; i < NUM_SAMPLES; i++) {
        t->x[2 * i] = -1.0f + 2.0f * (float)(i % SIDE) / (SIDE - 1);
        t->x[2 * i + 1] = -1.0f + 2.0f * (float)(i / SIDE) / (SIDE - 1);
    }
    random_array(5, NUM_SAMPLES * OUTPUTS, 0.0f, 1.0f, t->y);
    random_array(6, NUM_SAMPLES, 0.0f, 2.0f, t->weights);
}

static void make_field(struct training *t, sape_policy policy, uint64_t seed) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 9;
    encoder.std = 3.0;
    encoder.seed = seed;
    mask.policy = policy;
    mask.resolution = 6;
    mask.num_iterations = NUM_STEPS;
    mask.num_blocks = 4;
    mask.epsilon = 0.06;
    mask.samples = t->x;
    mask.num_samples = NUM_SAMPLES;
    network.hidden_dim = 18;
    network.num_layers = 2;
    network.output_dim = OUTPUTS;
    network.seed = seed;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &t->field));
}

static void add_extras(sape_trainer_params *params, sape_optimizer_params *optimizer) {
    params->huber_delta = 0.1;
    params->accumulate = 2;
    params->average_decay = 0.9;
    params->plateau_patience = 4;
    params->min_improvement = 0.1;
    params->history = 8;
    optimizer->clip_norm = 0.05;
}

static void make_trainer(struct training *t, const struct setup *setup, uint64_t seed, size_t num_threads) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    params.loss = setup->loss;
    params.loss_fn = setup->loss == SAPE_LOSS_CUSTOM ? custom_loss : NULL;
    params.batch_size = setup->batch_size;
    params.num_threads = num_threads;
    params.seed = seed;
    optimizer.kind = setup->kind;
    optimizer.schedule = setup->schedule;
    optimizer.learning_rate = 0.02;
    optimizer.decay_rate = 0.99;
    optimizer.decay_iterations = NUM_STEPS / 2;
    optimizer.final_factor = 0.1;
    optimizer.warmup_iterations = 10;
    optimizer.weight_decay = setup->weight_decay;
    if (setup->extras) add_extras(&params, &optimizer);
    CHECK_OK(sape_trainer_create(&params, &optimizer, t->field, &t->trainer));
    const bool chamfer = setup->loss == SAPE_LOSS_CHAMFER;
    CHECK_OK(sape_trainer_set_data(t->trainer, NUM_SAMPLES, t->x, chamfer ? NULL : t->y));
    if (chamfer) CHECK_OK(sape_trainer_set_target_points(t->trainer, NUM_SAMPLES, t->y, POINTS_DRAWN));
    if (setup->extras) CHECK_OK(sape_trainer_set_weights(t->trainer, NUM_SAMPLES, t->weights));
}

static struct training *new_training(const struct setup *setup, uint64_t seed, size_t num_threads) {
    struct training *t = malloc(sizeof *t);
    ck_assert_ptr_nonnull(t);
    make_samples(t);
    make_field(t, setup->policy, seed);
    make_trainer(t, setup, seed, num_threads);
    return t;
}

static void free_training(struct training *t) {
    sape_trainer_free(t->trainer);
    sape_field_free(t->field);
    free(t);
}

static void train(struct training *t, size_t steps) {
    for (size_t i = 0; i < steps; i++) CHECK_OK(sape_trainer_step(t->trainer, NULL));
}

static sape_safetensors *checkpoint_of(const struct training *t) {
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(t->trainer, &checkpoint));
    return checkpoint;
}

/* Checkpoints hold all that there is. */
static void expect_same(const struct training *a, const struct training *b) {
    sape_safetensors *one = checkpoint_of(a), *other = checkpoint_of(b);
    size_t size, other_size;
    const void *bytes = sape_safetensors_bytes(one, &size), *other_bytes = sape_safetensors_bytes(other, &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_int_eq(memcmp(bytes, other_bytes, size), 0);
    sape_safetensors_free(one);
    sape_safetensors_free(other);
}

static const struct setup setups[] = {
    {SAPE_POLICY_NONE, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 0, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_NONE, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_EXPONENTIAL, 0.0, 50, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_GLOBAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_COSINE, 0.0, 0, SAPE_LOSS_BCE, false},
    {SAPE_POLICY_GLOBAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_EXPONENTIAL, 0.01, 33, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_GLOBAL, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_CONSTANT, 0.0, 50, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 0, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_COSINE, 0.0, 50, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_COSINE, 0.02, 0, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_CONSTANT, 0.0, 100, SAPE_LOSS_BCE, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 50, SAPE_LOSS_CUSTOM, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 0, SAPE_LOSS_CHAMFER, false},
    {SAPE_POLICY_GLOBAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 50, SAPE_LOSS_CHAMFER, false},
    {SAPE_POLICY_SPATIAL_FIXED, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_EXPONENTIAL, 0.0, 0, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_SPATIAL_FIXED, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 50, SAPE_LOSS_CUSTOM, false},
    {SAPE_POLICY_SPATIAL_FIXED, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_CONSTANT, 0.01, 50, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_VARIANCE, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 0, SAPE_LOSS_MSE, false},
    {SAPE_POLICY_VARIANCE, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_COSINE, 0.01, 50, SAPE_LOSS_CUSTOM, false},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_COSINE, 0.01, 30, SAPE_LOSS_HUBER, true},
    {SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_SGD, SAPE_SCHEDULE_CONSTANT, 0.0, 0, SAPE_LOSS_RELATIVE_L2, true},
    {SAPE_POLICY_GLOBAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 31, SAPE_LOSS_CUSTOM, true},
    {SAPE_POLICY_GLOBAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 50, SAPE_LOSS_CHAMFER, true},
};

/* Other seeds and another number of threads: all that counts comes from the checkpoint. */
START_TEST(resuming_is_never_having_stopped) {
    static const size_t stops[] = {0, 1, 17, 30, 59};
    struct training *straight = new_training(&setups[_i], 1, 1);
    train(straight, NUM_STEPS);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct training *first = new_training(&setups[_i], 1, 1);
        train(first, stops[i]);
        sape_safetensors *checkpoint = checkpoint_of(first);
        struct training *second = new_training(&setups[_i], 2, 2);
        train(second, i);
        CHECK_OK(sape_trainer_restore(second->trainer, checkpoint));
        expect_same(first, second);
        train(second, NUM_STEPS - stops[i]);
        expect_same(straight, second);
        sape_safetensors_free(checkpoint);
        free_training(first);
        free_training(second);
    }
    free_training(straight);
}
END_TEST

static const struct setup usual = {
    SAPE_POLICY_SPATIAL, SAPE_OPTIMIZER_ADAM, SAPE_SCHEDULE_CONSTANT, 0.0, 50, SAPE_LOSS_MSE, false};

START_TEST(saves_to_files) {
    static const char path[] = "trainer.safetensors";
    struct training *one = new_training(&usual, 1, 1), *other = new_training(&usual, 2, 1);
    train(one, 20);
    CHECK_OK(sape_trainer_save(one->trainer, path));
    CHECK_OK(sape_trainer_resume(other->trainer, path));
    expect_same(one, other);
    sape_field *field;
    float expected[OUTPUTS], outputs[OUTPUTS];
    CHECK_OK(sape_field_load(path, &field));
    CHECK_OK(sape_field_predict(one->field, 1, one->x, expected));
    CHECK_OK(sape_field_predict(field, 1, one->x, outputs));
    ck_assert_mem_eq(outputs, expected, sizeof outputs);
    sape_field_free(field);
    CHECK_OK(sape_field_save(one->field, path));
    EXPECT_ERROR(sape_trainer_resume(other->trainer, path), SAPE_ERROR_NOT_FOUND, "sape_trainer_resume",
                 "does not contain a trainer");
    ck_assert_int_eq(unlink(path), 0);
    EXPECT_ERROR(sape_trainer_resume(other->trainer, path), SAPE_ERROR_FILE, path, "No such file");
    expect_same(one, other);
    free_training(one);
    free_training(other);
}
END_TEST

/* A loss that overflows after the checkpoint takes the parameters back to those before it. */
START_TEST(divergence_is_resumed_as_well) {
    struct training *straight = new_training(&usual, 1, 1), *resumed = new_training(&usual, 2, 1);
    for (size_t i = 0; i < NUM_SAMPLES * OUTPUTS; i++) straight->y[i] = resumed->y[i] = 1e18f;
    train(straight, 5);
    sape_safetensors *checkpoint = checkpoint_of(straight);
    CHECK_OK(sape_trainer_restore(resumed->trainer, checkpoint));
    for (size_t i = 0; i < NUM_SAMPLES * OUTPUTS; i++) straight->y[i] = resumed->y[i] = 3e38f;
    EXPECT_ERROR(sape_trainer_step(straight->trainer, NULL), SAPE_ERROR_DIVERGED, "loss", "");
    EXPECT_ERROR(sape_trainer_step(resumed->trainer, NULL), SAPE_ERROR_DIVERGED, "loss", "");
    expect_same(straight, resumed);
    sape_safetensors_free(checkpoint);
    free_training(straight);
    free_training(resumed);
}
END_TEST

static void expect_refused(const struct setup *setup, const sape_safetensors *checkpoint, sape_status status,
                           const char *key, const char *value) {
    struct training *t = new_training(setup, 2, 1), *same = new_training(setup, 2, 1);
    train(t, 3);
    train(same, 3);
    EXPECT_ERROR(sape_trainer_restore(t->trainer, checkpoint), status, key, value);
    expect_same(t, same);
    free_training(t);
    free_training(same);
}

START_TEST(another_trainer_is_refused_and_left_alone) {
    struct training *t = new_training(&usual, 1, 1);
    train(t, 10);
    sape_safetensors *checkpoint = checkpoint_of(t);
    struct setup other = usual;
    other.batch_size = 49;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.trainer.batch_size is 50", "but 49 here");
    other = usual;
    other.kind = SAPE_OPTIMIZER_SGD;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.optimizer.kind is adam", "but sgd here");
    other = usual;
    other.weight_decay = 0.5;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.optimizer.weight_decay is 0 in the checkpoint",
                   "but 0.5 here");
    other = usual;
    other.extras = true;
    other.batch_size = usual.batch_size / 2;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.trainer.accumulate is 1 in the checkpoint",
                   "but 2 here");
    other = usual;
    other.loss = SAPE_LOSS_BCE;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.trainer.loss is mse", "but bce here");
    other.loss = SAPE_LOSS_CHAMFER;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.trainer.loss is mse", "but chamfer here");
    other = usual;
    other.policy = SAPE_POLICY_GLOBAL;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.mask.policy is spatial", "but global here");
    other.policy = SAPE_POLICY_VARIANCE;
    expect_refused(&other, checkpoint, SAPE_ERROR_ARGUMENT, "sape.mask.policy is spatial", "but variance here");
    CHECK_OK(sape_trainer_set_data(t->trainer, NUM_SAMPLES - 1, t->x, t->y));
    EXPECT_ERROR(sape_trainer_restore(t->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "num_samples is 144",
                 "but 143 here");
    sape_safetensors_free(checkpoint);
    free_training(t);
}
END_TEST

static void *find_bytes(void *bytes, size_t size, const char *text) {
    void *found = memmem(bytes, size, text, strlen(text));
    ck_assert_ptr_nonnull(found);
    return found;
}

/* The checkpoint with a text of its header, or a value of its data, replaced by one of the same length. */
static void expect_patch_refused(struct training *t, const char *from, const char *to, sape_status status,
                                 const char *words) {
    sape_safetensors *checkpoint = checkpoint_of(t), *patched;
    size_t size;
    const void *bytes = sape_safetensors_bytes(checkpoint, &size);
    unsigned char *copy = malloc(size);
    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, size);
    memcpy(find_bytes(copy, size, from), to, strlen(to));
    CHECK_OK(sape_safetensors_parse(copy, size, &patched));
    EXPECT_ERROR(sape_trainer_restore(t->trainer, patched), status, words, "sape_trainer_restore");
    struct training *same = new_training(&usual, 7, 1);
    CHECK_OK(sape_trainer_restore(same->trainer, checkpoint));
    expect_same(t, same);
    free_training(same);
    free(copy);
    sape_safetensors_free(patched);
    sape_safetensors_free(checkpoint);
}

START_TEST(nonsense_is_refused) {
    struct training *t = new_training(&usual, 1, 1);
    train(t, 20);
    expect_patch_refused(t, "samples_used\":\"100", "samples_used\":\"999", SAPE_ERROR_FORMAT, "out of range");
    expect_patch_refused(t, "samples_used\":\"100", "samples_used\":\"101", SAPE_ERROR_FORMAT, "samples_used");
    expect_patch_refused(t, "samples_used\":\"100", "samples_used\":\"1e2", SAPE_ERROR_FORMAT, "1e2");
    expect_patch_refused(t, "samples_used", "samples_uzed", SAPE_ERROR_FORMAT, "no sape.trainer.samples_used");
    expect_patch_refused(t, "features_touched\":\"", "features_touched\":\"9", SAPE_ERROR_FORMAT, "out of range");
    expect_patch_refused(t, "mask.block_iterations\":\"7", "mask.block_iterations\":\"8", SAPE_ERROR_ARGUMENT,
                         "sape.mask.block_iterations is 8 in the checkpoint, but 7 here");
    expect_patch_refused(t, "has_previous\":\"1", "has_previous\":\"2", SAPE_ERROR_FORMAT, "has_previous is \"2\"");
    expect_patch_refused(t, "sape.epoch", "sape.epokh", SAPE_ERROR_NOT_FOUND, "sape.epoch");
    expect_patch_refused(t, "exp_avg_sq.model.model.model.2.bias", "exp_avg_zq.model.model.model.2.bias",
                         SAPE_ERROR_NOT_FOUND, "optimizer.exp_avg_sq.model.model.model.2.bias");
    expect_patch_refused(t, "\"model.model.model.2.bias", "\"model.model.model.7.bias", SAPE_ERROR_NOT_FOUND,
                         "model.model.model.2.bias");
    expect_patch_refused(t, "sape.version\":\"1", "sape.version\":\"2", SAPE_ERROR_VERSION, "version 2");
    expect_patch_refused(t, "sape.version\":\"1", "sape.version\":\"x", SAPE_ERROR_FORMAT, "\"x\"");
    expect_patch_refused(t, "sape.mask.policy\":\"spatial\"", "sape.mask.policy\":\"sbatial\"", SAPE_ERROR_ARGUMENT,
                         "sbatial");
    free_training(t);
}
END_TEST

/* A number as it stands in a file, which is little-endian everywhere; and back. */
static uint64_t in_file(uint64_t number) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(number);
#else
    return number;
#endif
}

/* The data of the order begin right behind the header: the only 8-byte type comes first. */
START_TEST(an_order_that_is_none_is_refused) {
    struct training *t = new_training(&usual, 1, 1);
    train(t, 1);
    sape_safetensors *checkpoint = checkpoint_of(t), *patched;
    size_t size;
    const void *bytes = sape_safetensors_bytes(checkpoint, &size);
    unsigned char *copy = malloc(size);
    memcpy(copy, bytes, size);
    uint64_t length;
    memcpy(&length, copy, 8);
    length = in_file(length);
    const uint64_t wrong[] = {in_file(NUM_SAMPLES), in_file((uint64_t)-1), in_file(INT64_MAX),
                              in_file((uint64_t)INT64_MIN)};
    for (size_t i = 0; i < 5; i++) {
        /* The last: the second sample twice. */
        memcpy(copy + 8 + length, i < 4 ? (const void *)&wrong[i] : copy + 16 + length, 8);
        CHECK_OK(sape_safetensors_parse(copy, size, &patched));
        EXPECT_ERROR(sape_trainer_restore(t->trainer, patched), SAPE_ERROR_FORMAT, "sape.epoch[", "once");
        sape_safetensors_free(patched);
    }
    free(copy);
    sape_safetensors_free(checkpoint);
    free_training(t);
}
END_TEST

START_TEST(null_is_refused) {
    struct training *t = new_training(&usual, 1, 1);
    sape_safetensors *checkpoint = (sape_safetensors *)t;
    EXPECT_ERROR(sape_trainer_checkpoint(NULL, &checkpoint), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    ck_assert_ptr_null(checkpoint);
    EXPECT_ERROR(sape_trainer_checkpoint(t->trainer, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    EXPECT_ERROR(sape_trainer_restore(t->trainer, NULL), SAPE_ERROR_ARGUMENT, "checkpoint", "NULL");
    EXPECT_ERROR(sape_trainer_restore(NULL, checkpoint), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_save(NULL, "x"), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_save(t->trainer, NULL), SAPE_ERROR_ARGUMENT, "path", "NULL");
    EXPECT_ERROR(sape_trainer_resume(NULL, "x"), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_resume(t->trainer, NULL), SAPE_ERROR_ARGUMENT, "path", "NULL");
    free_training(t);
}
END_TEST

START_TEST(other_target_points_are_refused) {
    struct setup chamfer = usual;
    chamfer.loss = SAPE_LOSS_CHAMFER;
    struct training *t = new_training(&chamfer, 1, 1), *same = new_training(&chamfer, 1, 1);
    train(t, 3);
    train(same, 3);
    sape_safetensors *checkpoint = checkpoint_of(t);
    CHECK_OK(sape_trainer_set_target_points(t->trainer, NUM_SAMPLES, t->y, POINTS_DRAWN + 1));
    EXPECT_ERROR(sape_trainer_restore(t->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "target_points_drawn is 31",
                 "but 32 here");
    CHECK_OK(sape_trainer_set_target_points(t->trainer, NUM_SAMPLES - 2, t->y, POINTS_DRAWN));
    EXPECT_ERROR(sape_trainer_restore(t->trainer, checkpoint), SAPE_ERROR_ARGUMENT, "num_target_points is 144",
                 "but 142 here");
    CHECK_OK(sape_trainer_set_target_points(t->trainer, NUM_SAMPLES, t->y, POINTS_DRAWN));
    expect_same(t, same);
    sape_safetensors_free(checkpoint);
    free_training(t);
    free_training(same);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("resume");
    TCase *tests = tcase_create("resume");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, resuming_is_never_having_stopped, 0, sizeof setups / sizeof *setups);
    tcase_add_test(tests, saves_to_files);
    tcase_add_test(tests, divergence_is_resumed_as_well);
    tcase_add_test(tests, another_trainer_is_refused_and_left_alone);
    tcase_add_test(tests, other_target_points_are_refused);
    tcase_add_test(tests, nonsense_is_refused);
    tcase_add_test(tests, an_order_that_is_none_is_refused);
    tcase_add_test(tests, null_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
