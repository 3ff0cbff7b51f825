/* SPDX-License-Identifier: MIT */
/* Checkpoints whose entries are changed one by one: refused, or of a trainer that works and can be saved again. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "forged.h"
#include "kinds.h"

#define KEY_SIZE 128

/* Whether the trainer takes it; then it goes on, and so does its field, and another one takes its place. */
static bool use(const sape_safetensors *forged, const struct kind *kind, struct training **trainer) {
    sape_field *field;
    struct training *t = *trainer;
    if (sape_field_from_checkpoint(forged, &field) == SAPE_OK) {
        use_mask(field, t->x);
        sape_field_free(field);
    }
    if (sape_trainer_restore(t->trainer, forged) != SAPE_OK) return false;
    save_and_restore(t, kind);
    for (size_t i = 0; i < 3; i++) (void)sape_trainer_step(t->trainer, NULL);
    (void)sape_trainer_run(t->trainer, 3, NULL, NULL, NULL);
    save_and_restore(t, kind);
    use_mask(t->field, t->x);
    save_and_restore(t, kind);
    free_training(t);
    *trainer = new_training(kind);
    return true;
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
    struct training *t = new_training(kind);
    char key[KEY_SIZE], value[KEY_SIZE], near[KEY_SIZE];
    size_t taken = 0, tried = 0;
    for (size_t i = 0; entry_at(checkpoint, i, key, value, KEY_SIZE); i++)
        for (size_t k = 0; k < NUM_NEIGHBOURS + sizeof extremes / sizeof *extremes; k++) {
            snprintf(near, sizeof near, "%llu", strtoull(value, NULL, 10) + (k == 0 ? -1ULL : k));
            const char *text = k < NUM_NEIGHBOURS ? near : extremes[k - NUM_NEIGHBOURS];
            sape_safetensors *forged = forged_entry(checkpoint, key, text);
            taken += use(forged, kind, &t);
            tried++;
            sape_safetensors_free(forged);
        }
    /* Most contradict something, but not all are refused for no reason. */
    ck_assert_uint_gt(taken, 0);
    ck_assert_uint_lt(taken, tried / 4);
    free_training(t);
    sape_safetensors_free(checkpoint);
}
END_TEST

/* The first, a middle and the last value of every tensor of floats. */
START_TEST(forged_values_do_no_harm) {
    static const float values[] = {NAN, INFINITY, -FLT_MAX, FLT_MAX, -1.0f, 0.0f, 0.5f, 6.0f};
    const struct kind *kind = &kinds[_i];
    sape_safetensors *checkpoint = honest_checkpoint(kind);
    struct training *t = new_training(kind);
    for (size_t i = 0; i < sape_safetensors_count(checkpoint); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_safetensors_info(checkpoint, i, &info));
        for (size_t k = 0; k < sizeof values / sizeof *values && info.dtype == SAPE_DTYPE_F32; k++) {
            const size_t index = (k % 3) * (info.count - 1) / 2;
            sape_safetensors *forged = forged_value(checkpoint, info.name, index, values[k]);
            const bool taken = use(forged, kind, &t);
            ck_assert_msg(!taken || isfinite(values[k]) || strcmp(info.name, "sape.validation.lowest_sample_loss") == 0,
                          "%s[%zu] = %g", info.name, index, (double)values[k]);
            sape_safetensors_free(forged);
        }
    }
    free_training(t);
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
    float values[KIND_SAMPLES];
    for (size_t i = 0; i < KIND_SAMPLES; i++) values[i] = 9.0f;
    CHECK_OK(sape_field_set_tensor(t->field, "mask_stashed", values, KIND_SAMPLES));
    for (size_t i = 0; i < KIND_SAMPLES; i++) values[i] = 0.0f;
    CHECK_OK(sape_field_set_tensor(t->field, "in_progress", values, KIND_SAMPLES));
    sape_safetensors *checkpoint = training_checkpoint(t);
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
        sape_safetensors *checkpoint = training_checkpoint(t);
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

/* The checkpoint in the checkpoint, at its best or as training has left it, contradicts itself or is of another mask.
 */
START_TEST(forged_nested_checkpoints_are_refused) {
    static const char *const patches[][2] = {
        {"mask.block_iterations\":\"3", "mask.block_iterations\":\"4"},
        {"mask.num_blocks\":\"4", "mask.num_blocks\":\"3"},
        {"mask.current\":\"", "mask.current\":\"0"},
        {"sape.version", "sape.verzion"},
    };
    const struct kind *kind = &kinds[_i];
    sape_safetensors *checkpoint = honest_checkpoint(kind);
    struct training *t = new_training(kind);
    for (size_t i = 0; i < sizeof patches / sizeof *patches; i++) {
        sape_safetensors *forged = forged_nested(checkpoint, patches[i][0], patches[i][1]);
        const sape_status status = sape_trainer_restore(t->trainer, forged);
        ck_assert_msg(status == SAPE_ERROR_FORMAT || status == SAPE_ERROR_ARGUMENT, "%s: %s", patches[i][1],
                      sape_status_string(status));
        sape_safetensors_free(forged);
    }
    CHECK_OK(sape_trainer_restore(t->trainer, checkpoint));
    sape_safetensors_free(checkpoint);
    free_training(t);
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
    tcase_add_loop_test(tests, forged_nested_checkpoints_are_refused, 3, 5);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
