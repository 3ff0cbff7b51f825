/* SPDX-License-Identifier: MIT */
/* The state of masks and trainers: whatever the order of the calls that change it, it can be saved and restored. */
#include <math.h>
#include <stdlib.h>

#include "kinds.h"

/* Setters in any order leave a mask that can be saved and loaded. */
START_TEST(no_order_of_setters_breaks_a_mask) {
    const struct kind *kind = &kinds[_i];
    struct training *t = new_training(kind);
    sape_mask *mask = sape_field_mask(t->field);
    for (uint64_t round = 0; round < 300; round++) {
        const size_t count = sape_mask_tensor_count(mask);
        sape_tensor_info info = {.struct_size = sizeof info};
        float values[KIND_SAMPLES], choice[2], loss[KIND_SAMPLES];
        random_array(round + 1, 2, 0.0f, 1.0f, choice);
        random_array(round + 7000, KIND_SAMPLES, 0.0f, 2e-4f, loss);
        if (choice[0] < 0.5f && count > 0) {
            CHECK_OK(sape_mask_tensor_info(mask, (size_t)(choice[1] * 0.999f * (float)count), &info));
            const bool stashed = strcmp(info.name, "mask_stashed") == 0, sigma = strcmp(info.name, "sigma") == 0;
            const float features = (float)sape_mask_encoding_dim(mask);
            random_array(round + 9000, info.count, 0.0f, stashed ? features : sigma ? 1.0f : 2.0f, values);
            for (size_t i = 0; i < info.count && (!stashed || kind->policy == SAPE_POLICY_SPATIAL) && !sigma; i++)
                values[i] = floorf(values[i]);
            CHECK_OK(sape_mask_set_tensor(mask, info.name, values, info.count));
        } else if (choice[0] < 0.75f) {
            CHECK_OK(sape_mask_record(mask, KIND_SAMPLES, t->x, loss));
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

/* Nor do those of a trainer: new samples, an adaptive rate that comes and goes, between steps and runs. */
START_TEST(no_order_of_setters_breaks_a_trainer) {
    const struct kind *kind = &kinds[_i];
    struct training *t = new_training(kind);
    const bool chamfer = kind->loss == SAPE_LOSS_CHAMFER;
    for (uint64_t round = 0; round < 200; round++) {
        sape_adaptive_rate_params rate;
        sape_safetensors *checkpoint;
        float choice[2];
        random_array(round + 1, 2, 0.0f, 1.0f, choice);
        sape_adaptive_rate_params_init(&rate, sizeof rate);
        rate.resolution = 5;
        if (choice[0] < 0.2f) {
            const size_t n = 2 + (size_t)(choice[1] * (KIND_SAMPLES - 2));
            CHECK_OK(sape_trainer_set_data(t->trainer, n, t->x, chamfer ? NULL : t->y));
            if (kind->extras) CHECK_OK(sape_trainer_set_weights(t->trainer, n, t->weights));
        } else if (choice[0] < 0.4f) {
            CHECK_OK(sape_trainer_set_adaptive_rate(t->trainer, choice[1] < 0.4f ? NULL : &rate));
        } else if (choice[0] < 0.6f) {
            CHECK_OK(sape_trainer_run(t->trainer, 1 + (uint64_t)(choice[1] * 5.0f), NULL, NULL, NULL));
        } else {
            CHECK_OK(sape_trainer_step(t->trainer, NULL));
        }
        CHECK_OK(sape_trainer_checkpoint(t->trainer, &checkpoint));
        CHECK_OK(sape_trainer_restore(t->trainer, checkpoint));
        sape_safetensors_free(checkpoint);
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
    sape_safetensors *early = training_checkpoint(gone_on);
    for (size_t i = 0; i < 40; i++) CHECK_OK(sape_trainer_step(gone_on->trainer, NULL));
    CHECK_OK(sape_trainer_restore(gone_on->trainer, early));
    CHECK_OK(sape_trainer_restore(fresh->trainer, early));
    for (size_t i = 0; i < 3; i++) {
        CHECK_OK(sape_trainer_step(gone_on->trainer, NULL));
        CHECK_OK(sape_trainer_step(fresh->trainer, NULL));
    }
    sape_safetensors *one = training_checkpoint(gone_on), *other = training_checkpoint(fresh);
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
    Suite *suite = suite_create("state");
    TCase *tests = tcase_create("state");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, no_order_of_setters_breaks_a_mask, 0, NUM_KINDS);
    tcase_add_loop_test(tests, no_order_of_setters_breaks_a_trainer, 0, NUM_KINDS);
    tcase_add_loop_test(tests, no_gradient_is_left_from_before_a_restore, 0, NUM_KINDS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
