/* SPDX-License-Identifier: MIT */
/* Checkpoints whose entries are changed one by one: refused, or of a trainer that works and can be saved again. */
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "forged.h"

#define NUM_SAMPLES 40
#define OUTPUTS 2
#define KEY_SIZE 128

struct kind {
    sape_policy policy;
    sape_loss loss;
    sape_encoding encoding;
    sape_optimizer_kind optimizer;
    size_t batch_size;
    bool validation, rate, convergence, run;
};

static const struct kind kinds[] = {
    {.policy = SAPE_POLICY_NONE, .encoding = SAPE_ENCODING_FOURIER, .batch_size = 10, .validation = true, .rate = true},
    {.policy = SAPE_POLICY_GLOBAL, .encoding = SAPE_ENCODING_RBF, .optimizer = SAPE_OPTIMIZER_SGD, .batch_size = 7},
    {.policy = SAPE_POLICY_GLOBAL, .encoding = SAPE_ENCODING_POSITIONAL, .loss = SAPE_LOSS_CHAMFER},
    {.policy = SAPE_POLICY_SPATIAL,
     .encoding = SAPE_ENCODING_FOURIER,
     .batch_size = 10,
     .validation = true,
     .rate = true,
     .convergence = true,
     .run = true},
    {.policy = SAPE_POLICY_SPATIAL,
     .encoding = SAPE_ENCODING_PERIODIC_RBF,
     .loss = SAPE_LOSS_BCE,
     .batch_size = 7,
     .validation = true,
     .optimizer = SAPE_OPTIMIZER_SGD},
    {.policy = SAPE_POLICY_SPATIAL_FIXED, .encoding = SAPE_ENCODING_FOURIER, .rate = true},
    {.policy = SAPE_POLICY_SPATIAL_FIXED,
     .encoding = SAPE_ENCODING_POSITIONAL,
     .batch_size = 10,
     .optimizer = SAPE_OPTIMIZER_SGD,
     .convergence = true},
    {.policy = SAPE_POLICY_VARIANCE,
     .encoding = SAPE_ENCODING_FOURIER,
     .batch_size = 7,
     .validation = true,
     .rate = true,
     .run = true},
};

#define NUM_KINDS (sizeof kinds / sizeof *kinds)

struct training {
    float x[NUM_SAMPLES], y[NUM_SAMPLES * OUTPUTS];
    sape_field *field;
    sape_trainer *trainer;
};

static void make_field(struct training *t, const struct kind *kind) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = kind->encoding;
    encoder.domain_dim = 1;
    encoder.num_frequencies = 6;
    encoder.std = 2.0;
    mask.policy = kind->policy;
    mask.resolution = 5;
    mask.num_blocks = 4;
    mask.block_iterations = 3;
    mask.epsilon = 1e-4;
    mask.samples = t->x;
    mask.num_samples = NUM_SAMPLES;
    network.hidden_dim = 9;
    network.num_layers = 2;
    network.output_dim = OUTPUTS;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &t->field));
}

static void make_trainer(struct training *t, const struct kind *kind) {
    sape_trainer_params params;
    sape_optimizer_params optimizer;
    sape_adaptive_rate_params rate;
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    params.loss = kind->loss;
    params.batch_size = kind->batch_size;
    params.num_threads = 1;
    params.validation_share = kind->validation ? 0.3 : 0.0;
    params.validation_every = 1;
    params.tolerance = kind->convergence ? 1e-12 : 0.0;
    params.patience = kind->convergence ? 100 : 0;
    optimizer.kind = kind->optimizer;
    CHECK_OK(sape_trainer_create(&params, &optimizer, t->field, &t->trainer));
    rate.resolution = 5;
    if (kind->rate) CHECK_OK(sape_trainer_set_adaptive_rate(t->trainer, &rate));
    const bool chamfer = kind->loss == SAPE_LOSS_CHAMFER;
    CHECK_OK(sape_trainer_set_data(t->trainer, NUM_SAMPLES, t->x, chamfer ? NULL : t->y));
    if (chamfer) CHECK_OK(sape_trainer_set_target_points(t->trainer, NUM_SAMPLES, t->y, 9));
}

static struct training *new_training(const struct kind *kind) {
    struct training *t = malloc(sizeof *t);
    ck_assert_ptr_nonnull(t);
    for (size_t i = 0; i < NUM_SAMPLES; i++) t->x[i] = -1.0f + 2.0f * (float)i / NUM_SAMPLES;
    random_array(5, NUM_SAMPLES * OUTPUTS, 0.0f, 1.0f, t->y);
    make_field(t, kind);
    make_trainer(t, kind);
    return t;
}

static void free_training(struct training *t) {
    sape_trainer_free(t->trainer);
    sape_field_free(t->field);
    free(t);
}

static sape_safetensors *checkpoint_of(const struct training *t) {
    sape_safetensors *checkpoint;
    CHECK_OK(sape_trainer_checkpoint(t->trainer, &checkpoint));
    return checkpoint;
}

/* After some steps, in the midst of an epoch; some kinds at their best by the held-out samples. */
static sape_safetensors *honest_checkpoint(const struct kind *kind) {
    struct training *t = new_training(kind);
    for (size_t i = 0; i < 5; i++) CHECK_OK(sape_trainer_step(t->trainer, NULL));
    if (kind->run) CHECK_OK(sape_trainer_run(t->trainer, 3, NULL, NULL, NULL));
    sape_safetensors *checkpoint = checkpoint_of(t);
    free_training(t);
    return checkpoint;
}

/* Every row goes back into progress; the mask goes on from there. */
static void use_mask(sape_field *field, const float *x) {
    sape_mask *mask = sape_field_mask(field);
    sape_tensor_info info = {.struct_size = sizeof info};
    float loss[NUM_SAMPLES], outputs[NUM_SAMPLES * OUTPUTS], ones[NUM_SAMPLES];
    for (size_t i = 0; i < NUM_SAMPLES; i++) loss[i] = 1e3f * (float)i, ones[i] = 1.0f;
    if (sape_mask_tensor_count(mask) > 1) {
        CHECK_OK(sape_mask_tensor_info(mask, 1, &info));
        CHECK_OK(sape_field_set_tensor(field, "in_progress", ones, info.count));
    }
    for (size_t i = 0; i < 4; i++) {
        CHECK_OK(sape_mask_record(mask, NUM_SAMPLES, x, loss));
        CHECK_OK(sape_mask_step(mask));
        CHECK_OK(sape_field_predict(field, NUM_SAMPLES, x, outputs));
    }
    CHECK_OK(sape_mask_advance(mask));
    CHECK_OK(sape_field_predict(field, NUM_SAMPLES, x, outputs));
}

/* What can be saved can be restored. */
static void save_and_restore(const struct training *t, const struct kind *kind) {
    sape_safetensors *again;
    const sape_status status = sape_trainer_checkpoint(t->trainer, &again);
    ck_assert_msg(status == SAPE_OK || status == SAPE_ERROR_NOT_FINITE, "%s", sape_last_error());
    if (status != SAPE_OK) return;
    struct training *other = new_training(kind);
    CHECK_OK(sape_trainer_restore(other->trainer, again));
    free_training(other);
    sape_safetensors_free(again);
}

/* Whether the trainer takes it; then it goes on, and so does its field. */
static bool use(const sape_safetensors *forged, const struct kind *kind) {
    sape_field *field;
    struct training *t = new_training(kind);
    if (sape_field_from_checkpoint(forged, &field) == SAPE_OK) {
        use_mask(field, t->x);
        sape_field_free(field);
    }
    const bool taken = sape_trainer_restore(t->trainer, forged) == SAPE_OK;
    if (taken) {
        save_and_restore(t, kind);
        for (size_t i = 0; i < 3; i++) (void)sape_trainer_step(t->trainer, NULL);
        (void)sape_trainer_run(t->trainer, 3, NULL, NULL, NULL);
        save_and_restore(t, kind);
        use_mask(t->field, t->x);
        save_and_restore(t, kind);
    }
    free_training(t);
    return taken;
}

/* One less, and so many more. */
#define NUM_NEIGHBOURS 5

static const char *const extremes[] = {
    "0",
    "1",
    "27",
    "28",
    "39",
    "40",
    "18446744073709551615",
    "9223372036854775808",
    "inf",
    "-inf",
    "-0x0.0p+0",
    "0x1.fffffffffffffp+1023",
    "-0x1.fffffe0000000p+127",
    "0x0.0000000000001p-1022",
};

/* Every entry of the metadata, to extreme and to neighbouring values. */
START_TEST(forged_entries_do_no_harm) {
    const struct kind *kind = &kinds[_i];
    sape_safetensors *checkpoint = honest_checkpoint(kind);
    char key[KEY_SIZE], value[KEY_SIZE], near[KEY_SIZE];
    size_t taken = 0, tried = 0;
    for (size_t i = 0; entry_at(checkpoint, i, key, value, KEY_SIZE); i++)
        for (size_t k = 0; k < NUM_NEIGHBOURS + sizeof extremes / sizeof *extremes; k++) {
            snprintf(near, sizeof near, "%llu", strtoull(value, NULL, 10) + (k == 0 ? -1ULL : k));
            const char *text = k < NUM_NEIGHBOURS ? near : extremes[k - NUM_NEIGHBOURS];
            sape_safetensors *forged = forged_entry(checkpoint, key, text);
            taken += use(forged, kind);
            tried++;
            sape_safetensors_free(forged);
        }
    /* Most contradict something, but not all are refused for no reason. */
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_lt(taken, tried / 4);
    sape_safetensors_free(checkpoint);
}
END_TEST

/* The first, a middle and the last value of every tensor of floats. */
START_TEST(forged_values_do_no_harm) {
    static const float values[] = {NAN, INFINITY, -FLT_MAX, FLT_MAX, -1.0f, 0.0f, 0.5f, 6.0f};
    const struct kind *kind = &kinds[_i];
    sape_safetensors *checkpoint = honest_checkpoint(kind);
    for (size_t i = 0; i < sape_safetensors_count(checkpoint); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_safetensors_info(checkpoint, i, &info));
        for (size_t k = 0; k < sizeof values / sizeof *values && info.dtype == SAPE_DTYPE_F32; k++) {
            const size_t index = (k % 3) * (info.count - 1) / 2;
            sape_safetensors *forged = forged_value(checkpoint, info.name, index, values[k]);
            const bool taken = use(forged, kind);
            ck_assert_msg(!taken || isfinite(values[k]) || strcmp(info.name, "sape.validation.lowest_sample_loss") == 0,
                          "%s[%zu] = %g", info.name, index, (double)values[k]);
            sape_safetensors_free(forged);
        }
    }
    sape_safetensors_free(checkpoint);
}
END_TEST

/* Entries that contradict each other, one by one, in the checkpoint of the kind with that index. */
static const struct {
    size_t kind;
    const char *key, *value;
} contradictions[] = {
    {0, "sape.trainer.samples_used", "40"},
    {0, "sape.trainer.samples_used", "29"},
    {0, "sape.trainer.samples_used", "11"},
    {5, "sape.trainer.samples_used", "10"},
    {0, "sape.trainer.features_touched", "1"},
    {1, "sape.trainer.features_touched", "0"},
    {0, "sape.optimizer.num_steps", "0"},
    {0, "sape.optimizer.num_steps", "18446744073709551615"},
    {0, "sape.rate.batches", "2"},
    {5, "sape.rate.batches", "1"},
    {3, "sape.convergence.batches", "2"},
    {6, "sape.convergence.batches", "4"},
    {3, "sape.convergence.since", "9"},
    {3, "sape.validation.since", "9"},
    {3, "sape.validation.best_iteration", "0"},
    {3, "sape.validation.best_iteration", "9"},
    {3, "sape.validation.lowest_loss", "inf"},
    {3, "sape.validation.best_loss", "inf"},
    {3, "sape.validation.loss", "-inf"},
    {0, "sape.validation.best_loss", "0x0.0p+0"},
    {1, "sape.mask.current", "0"},
    {1, "sape.mask.current", "13"},
    {1, "sape.mask.next", "7"},
    {1, "sape.mask.level", "9"},
    {1, "sape.mask.end", "13"},
    {1, "sape.mask.ramp", "0x1.0000000000000p+1"},
    {1, "sape.mask.loss_count", "-0x1.0000000000000p+0"},
    {1, "sape.mask.best_loss", "-inf"},
    {1, "sape.mask.loss_sum", "0x1.0000000000000p+0"},
    {1, "sape.mask.center.0", "0x1.0000000000000p+0"},
    {3, "sape.mask.center.1", "0x1.0000000000000p+0"},
    {3, "sape.mask.scale.0", "0x0.0p+0"},
    {5, "sape.mask.current", "3"},
    {5, "sape.mask.iteration", "18446744073709551615"},
    {0, "sape.mask.level", "3"},
    {7, "sape.mask.iteration", "18446744073709551615"},
    {7, "sape.mask.limit", "0x0.0p+0"},
    {0, "sape.encoder.include_identity", "2"},
};

START_TEST(contradictions_are_refused) {
    const struct kind *kind = &kinds[contradictions[_i].kind];
    sape_safetensors *checkpoint = honest_checkpoint(kind);
    sape_safetensors *forged = forged_entry(checkpoint, contradictions[_i].key, contradictions[_i].value);
    struct training *t = new_training(kind);
    const sape_status status = sape_trainer_restore(t->trainer, forged);
    ck_assert_msg(status == SAPE_ERROR_FORMAT || status == SAPE_ERROR_ARGUMENT, "%s = %s: %s", contradictions[_i].key,
                  contradictions[_i].value, sape_status_string(status));
    CHECK_OK(sape_trainer_restore(t->trainer, checkpoint));
    free_training(t);
    sape_safetensors_free(forged);
    sape_safetensors_free(checkpoint);
}
END_TEST

/* A row that is not in progress may not be ahead of the schedule: it may go back into progress. */
START_TEST(no_row_is_ahead_of_its_schedule) {
    const struct kind *kind = &kinds[5];
    struct training *t = new_training(kind);
    float values[NUM_SAMPLES];
    for (size_t i = 0; i < NUM_SAMPLES; i++) values[i] = 9.0f;
    CHECK_OK(sape_field_set_tensor(t->field, "mask_stashed", values, NUM_SAMPLES));
    for (size_t i = 0; i < NUM_SAMPLES; i++) values[i] = 0.0f;
    CHECK_OK(sape_field_set_tensor(t->field, "in_progress", values, NUM_SAMPLES));
    sape_safetensors *checkpoint = checkpoint_of(t);
    sape_safetensors *current = forged_entry(checkpoint, "sape.mask.current", "3");
    sape_safetensors *forged = forged_entry(current, "sape.mask.next", "6");
    sape_field *field;
    EXPECT_ERROR(sape_field_from_checkpoint(forged, &field), SAPE_ERROR_FORMAT, "row 0", "schedule");
    EXPECT_ERROR(sape_field_restore(t->field, forged), SAPE_ERROR_FORMAT, "row 0", "schedule");
    use_mask(t->field, t->x);
    sape_safetensors_free(forged);
    sape_safetensors_free(current);
    sape_safetensors_free(checkpoint);
    free_training(t);
}
END_TEST

/* At every place of the schedule the next block ends a block further, or at the last feature. */
START_TEST(the_next_block_ends_where_it_can) {
    const struct kind *kind = &kinds[_i];
    struct training *t = new_training(kind);
    for (size_t k = 0; k < 8; k++) {
        sape_safetensors *checkpoint = checkpoint_of(t);
        sape_mask_state state = {.struct_size = sizeof state};
        CHECK_OK(sape_mask_get_state(sape_field_mask(t->field), &state));
        const size_t dim = sape_mask_encoding_dim(sape_field_mask(t->field));
        for (size_t next = 0; next <= dim + 5; next++) {
            char text[32];
            sape_field *field;
            snprintf(text, sizeof text, "%zu", next);
            sape_safetensors *forged = forged_entry(checkpoint, "sape.mask.next", text);
            const bool good = next == dim || (next < dim && next == state.current_feature + state.block_size);
            ck_assert_int_eq(sape_field_from_checkpoint(forged, &field), good ? SAPE_OK : SAPE_ERROR_FORMAT);
            sape_field_free(field);
            sape_safetensors_free(forged);
        }
        sape_safetensors_free(checkpoint);
        CHECK_OK(sape_mask_advance(sape_field_mask(t->field)));
    }
    free_training(t);
}
END_TEST

/* Setters in any order leave a mask that can be saved and loaded. */
START_TEST(no_order_of_setters_breaks_a_mask) {
    const struct kind *kind = &kinds[_i];
    struct training *t = new_training(kind);
    sape_mask *mask = sape_field_mask(t->field);
    for (uint64_t round = 0; round < 300; round++) {
        const size_t count = sape_mask_tensor_count(mask);
        sape_tensor_info info = {.struct_size = sizeof info};
        float values[NUM_SAMPLES], choice[2], loss[NUM_SAMPLES];
        random_array(round + 1, 2, 0.0f, 1.0f, choice);
        random_array(round + 7000, NUM_SAMPLES, 0.0f, 2e-4f, loss);
        if (choice[0] < 0.5f && count > 0) {
            CHECK_OK(sape_mask_tensor_info(mask, (size_t)(choice[1] * 0.999f * (float)count), &info));
            const bool stashed = strcmp(info.name, "mask_stashed") == 0, sigma = strcmp(info.name, "sigma") == 0;
            random_array(round + 9000, info.count, 0.0f, stashed ? 13.0f : sigma ? 1.0f : 2.0f, values);
            for (size_t i = 0; i < info.count && (!stashed || kind->policy == SAPE_POLICY_SPATIAL) && !sigma; i++)
                values[i] = floorf(values[i]);
            CHECK_OK(sape_mask_set_tensor(mask, info.name, values, info.count));
        } else if (choice[0] < 0.75f) {
            CHECK_OK(sape_mask_record(mask, NUM_SAMPLES, t->x, loss));
            CHECK_OK(sape_mask_step(mask));
        } else if (choice[0] < 0.9f) {
            CHECK_OK(sape_mask_advance(mask));
        } else {
            CHECK_OK(sape_trainer_step(t->trainer, NULL));
        }
        save_and_restore(t, kind);
    }
    free_training(t);
}
END_TEST

/* A trainer that has gone on is brought back to where fewer features had a gradient: those it had meanwhile must not
   come into the next steps. */
START_TEST(no_gradient_is_left_from_before_a_restore) {
    const struct kind *kind = &kinds[_i];
    struct training *gone_on = new_training(kind), *fresh = new_training(kind);
    CHECK_OK(sape_trainer_step(gone_on->trainer, NULL));
    sape_safetensors *early = checkpoint_of(gone_on);
    for (size_t i = 0; i < 40; i++) CHECK_OK(sape_trainer_step(gone_on->trainer, NULL));
    CHECK_OK(sape_trainer_restore(gone_on->trainer, early));
    CHECK_OK(sape_trainer_restore(fresh->trainer, early));
    for (size_t i = 0; i < 3; i++) {
        CHECK_OK(sape_trainer_step(gone_on->trainer, NULL));
        CHECK_OK(sape_trainer_step(fresh->trainer, NULL));
    }
    sape_safetensors *one = checkpoint_of(gone_on), *other = checkpoint_of(fresh);
    size_t size, other_size;
    const void *bytes = sape_safetensors_bytes(one, &size), *other_bytes = sape_safetensors_bytes(other, &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_mem_eq(bytes, other_bytes, size);
    sape_safetensors_free(one);
    sape_safetensors_free(other);
    sape_safetensors_free(early);
    free_training(gone_on);
    free_training(fresh);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint_forged");
    TCase *tests = tcase_create("checkpoint_forged");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, forged_entries_do_no_harm, 0, NUM_KINDS);
    tcase_add_loop_test(tests, forged_values_do_no_harm, 0, NUM_KINDS);
    tcase_add_loop_test(tests, contradictions_are_refused, 0, sizeof contradictions / sizeof *contradictions);
    tcase_add_test(tests, no_row_is_ahead_of_its_schedule);
    tcase_add_loop_test(tests, the_next_block_ends_where_it_can, 1, 7);
    tcase_add_loop_test(tests, no_order_of_setters_breaks_a_mask, 0, NUM_KINDS);
    tcase_add_loop_test(tests, no_gradient_is_left_from_before_a_restore, 0, NUM_KINDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
