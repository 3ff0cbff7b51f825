/* SPDX-License-Identifier: MIT */
/* Bad arguments of every call that changes something: nothing is changed, and no output is written. */
#include <math.h>
#include <stdlib.h>

#include "small_fit.h"

#define ROOM 4096
/* What outputs hold before a call. */
#define UNTOUCHED 77.25f

struct world {
    struct small_fit *fit;
    sape_field *field;
    sape_trainer *trainer;
    sape_mask *mask;
    sape_network *network;
    sape_encoder *encoder;
    sape_safetensors *before;
    float good[ROOM], bad[ROOM], out[ROOM];
};

static void open_world(struct world *world, sape_policy policy) {
    sape_trainer_params params = small_fit_params();
    params.batch_size = 50;
    struct small_fit *fit = small_fit_create(policy, &params);
    *world = (struct world){.fit = fit, .field = fit->field, .trainer = fit->trainer};
    world->mask = sape_field_mask(fit->field);
    world->network = sape_field_network(fit->field);
    world->encoder = sape_field_encoder(fit->field);
    CHECK_OK(sape_trainer_run(fit->trainer, 5, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_checkpoint(fit->trainer, &world->before));
    random_array(1, ROOM, 0.1f, 0.9f, world->good);
    memcpy(world->bad, world->good, sizeof world->bad);
    world->bad[2] = NAN;
    for (size_t i = 0; i < ROOM; i++) world->out[i] = UNTOUCHED;
}

static void close_world(struct world *world) {
    sape_safetensors_free(world->before);
    small_fit_free(world->fit);
}

static void check_unchanged(const struct world *world, const char *call) {
    sape_safetensors *now;
    size_t size, size_now;
    CHECK_OK(sape_trainer_checkpoint(world->trainer, &now));
    const void *bytes = sape_safetensors_bytes(world->before, &size),
               *bytes_now = sape_safetensors_bytes(now, &size_now);
    ck_assert_msg(size == size_now && memcmp(bytes, bytes_now, size) == 0, "%s has changed the trainer", call);
    for (size_t i = 0; i < ROOM; i++) ck_assert_msg(world->out[i] == UNTOUCHED, "%s has written out[%zu]", call, i);
    sape_safetensors_free(now);
}

#define REFUSED(call)                                                                                                  \
    do {                                                                                                               \
        ck_assert_msg((call) != SAPE_OK, "%s", #call);                                                                 \
        check_unchanged(world, #call);                                                                                 \
    } while (0)

static void refuse_trainer(struct world *world) {
    const float *x = world->fit->x, *y = world->fit->y;
    const size_t n = SMALL_FIT_SAMPLES;
    sape_result result = {.struct_size = 0, .iterations = 9};
    sape_adaptive_rate_params rate;
    sape_trainer *second = NULL;
    for (size_t size = 0; size < 2; size++) {
        result.struct_size = size == 0 ? sizeof(size_t) - 1 : 65537;
        EXPECT_ERROR(sape_trainer_run(world->trainer, 50, NULL, NULL, &result), SAPE_ERROR_ARGUMENT, "struct_size is",
                     digits_of(result.struct_size));
        check_unchanged(world, "sape_trainer_run");
        REFUSED(sape_trainer_run(world->trainer, 0, NULL, NULL, &result));
        ck_assert_uint_eq(result.iterations, 9);
    }
    sape_adaptive_rate_params_init(&rate, sizeof rate);
    rate.eta = NAN;
    REFUSED(sape_trainer_set_adaptive_rate(world->trainer, &rate));
    REFUSED(sape_trainer_set_data(world->trainer, 0, x, y));
    REFUSED(sape_trainer_set_data(world->trainer, n, NULL, y));
    REFUSED(sape_trainer_set_data(world->trainer, n, x, NULL));
    REFUSED(sape_trainer_set_data(world->trainer, n, world->bad, y));
    REFUSED(sape_trainer_set_data(world->trainer, n, x, world->bad));
    REFUSED(sape_trainer_set_data(world->trainer, SIZE_MAX / 4, x, y));
    REFUSED(sape_trainer_set_sampler(world->trainer, 3, NULL, NULL));
    REFUSED(sape_trainer_set_sampler(world->trainer, 0, NULL, NULL));
    REFUSED(sape_trainer_set_jacobian_loss(world->trainer, NULL, NULL));
    REFUSED(sape_trainer_set_target_points(world->trainer, 3, y, 0));
    REFUSED(sape_trainer_create(NULL, NULL, world->field, &second));
    REFUSED(sape_trainer_restore(world->trainer, NULL));
    REFUSED(sape_trainer_resume(world->trainer, NULL));
    REFUSED(sape_trainer_resume(world->trainer, "there is no such file"));
    REFUSED(sape_trainer_save(world->trainer, "there is no such folder/file"));
    REFUSED(sape_field_restore(world->field, NULL));
}

static void refuse_field(struct world *world) {
    const size_t size[] = {3, 0}, n = 20;
    const float *x = world->good, *bad = world->bad;
    float *out = world->out;
    sape_predict_options options;
    sape_predict_options_init(&options, sizeof options);
    options.weights = out;
    REFUSED(sape_field_predict(world->field, n, bad, out));
    REFUSED(sape_field_predict(world->field, n, x, NULL));
    REFUSED(sape_field_predict_with(world->field, &options, n, bad, out));
    REFUSED(sape_field_predict_with(world->field, &options, SIZE_MAX / 16, x, out));
    options.override_mask = x;
    options.override_rows = 2;
    REFUSED(sape_field_predict_with(world->field, &options, n, x, out));
    options.override_rows = 1;
    options.override_mask = bad;
    REFUSED(sape_field_predict_with(world->field, &options, n, x, out));
    options.mask_by = bad;
    options.override_mask = NULL;
    REFUSED(sape_field_predict_with(world->field, &options, n, x, out));
    options.struct_size = 3;
    REFUSED(sape_field_predict_with(world->field, &options, n, x, out));
    REFUSED(sape_field_predict_grid(world->field, size, x, x, out));
    REFUSED(sape_field_backward(world->field, n, x, bad, out, out + ROOM / 2));
    REFUSED(sape_field_backward(world->field, n, x, NULL, out, NULL));
    REFUSED(sape_field_gradient_norms(world->field, n, x, bad, out));
    REFUSED(sape_field_jacobian(world->field, n, bad, out, out + ROOM / 2));
    REFUSED(sape_field_jacobian(world->field, n, x, out, NULL));
    REFUSED(sape_field_jacobian_backward(world->field, n, x, x, bad, out));
    REFUSED(sape_field_jacobian_backward(world->field, n, x, bad, x, out));
    REFUSED(sape_field_set_num_threads(world->field, 257));
    REFUSED(sape_field_update(world->field, NULL, x));
    REFUSED(sape_encoder_encode(world->encoder, n, bad, out));
    REFUSED(sape_encoder_backward(world->encoder, n, x, NULL, out));
    REFUSED(sape_network_forward(world->network, n, NULL, out));
    REFUSED(sape_network_backward(world->network, n, x, NULL, out, NULL));
}

/* An optimizer of the wrong size, or a bad gradient, is not stepped. */
static void refuse_update(struct world *world) {
    const size_t count = sape_network_num_parameters(world->network);
    sape_optimizer *optimizer;
    for (size_t i = 0; i < 2; i++) {
        CHECK_OK(sape_optimizer_create(NULL, count + i, &optimizer));
        REFUSED(sape_field_update(world->field, optimizer, i == 0 ? world->bad : world->good));
        ck_assert_uint_eq(sape_optimizer_num_steps(optimizer), 0);
        sape_optimizer_free(optimizer);
    }
}

static void refuse_tensors(struct world *world) {
    for (size_t i = 0; i < sape_field_tensor_count(world->field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_field_tensor_info(world->field, i, &info));
        REFUSED(sape_field_set_tensor(world->field, info.name, world->bad + 2, info.count));
        REFUSED(sape_field_set_tensor(world->field, info.name, world->good, info.count + 1));
        REFUSED(sape_field_get_tensor(world->field, info.name, world->out, info.count - 1));
        info.struct_size = 3;
        REFUSED(sape_field_tensor_info(world->field, i, &info));
    }
    const size_t count = sape_network_num_parameters(world->network);
    REFUSED(sape_network_set_parameters(world->network, world->bad, count));
    REFUSED(sape_network_set_parameters(world->network, world->good, count - 1));
    REFUSED(sape_network_get_parameters(world->network, world->out, count - 1));
}

static void refuse_mask(struct world *world) {
    const float *x = world->good, *bad = world->bad;
    const float flat[] = {0.0f, 0.0f};
    sape_mask_state state = {.struct_size = 3, .iteration = 9};
    REFUSED(sape_mask_record(world->mask, 20, x, bad));
    REFUSED(sape_mask_record(world->mask, 20, bad, x));
    REFUSED(sape_mask_record(world->mask, 20, x, NULL));
    REFUSED(sape_mask_weights(world->mask, 20, bad, world->out));
    REFUSED(sape_mask_revealed(world->mask, 20, bad, world->out));
    REFUSED(sape_mask_smoothed_loss(world->mask, world->out, 3));
    REFUSED(sape_mask_set_signal(world->mask, 20, x, 1, bad));
    REFUSED(sape_mask_set_signal(world->mask, 20, bad, 1, x));
    REFUSED(sape_mask_set_signal(world->mask, 0, x, 1, x));
    REFUSED(sape_mask_set_domain(world->mask, x, flat));
    REFUSED(sape_mask_set_domain(world->mask, x, bad + 1));
    REFUSED(sape_mask_fit_domain(world->mask, 20, bad));
    REFUSED(sape_mask_get_state(world->mask, &state));
    ck_assert_uint_eq(state.iteration, 9);
}

START_TEST(nothing_changes) {
    static struct world here;
    struct world *world = &here;
    static const sape_policy policies[] = {SAPE_POLICY_NONE, SAPE_POLICY_GLOBAL, SAPE_POLICY_SPATIAL,
                                           SAPE_POLICY_VARIANCE};
    open_world(world, policies[_i]);
    refuse_trainer(world);
    refuse_field(world);
    refuse_update(world);
    refuse_tensors(world);
    refuse_mask(world);
    close_world(world);
}
END_TEST

/* Structs that are written at the end: a bad size leaves them alone. */
START_TEST(outputs_without_a_size) {
    const float x[] = {-1.0f, 0.5f, 1.0f};
    sape_bandwidth bandwidth = {.struct_size = 3, .std = 9.0};
    sape_description description = {.struct_size = 3, .num_threads = 9};
    EXPECT_ERROR(sape_bandwidth_propose(3, 1, x, 1, NULL, &bandwidth), SAPE_ERROR_ARGUMENT, "struct_size", "3");
    EXPECT_ERROR(sape_describe(&description), SAPE_ERROR_ARGUMENT, "struct_size", "3");
    ck_assert(bandwidth.std == 9.0 && description.num_threads == 9);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("arguments");
    TCase *tests = tcase_create("arguments");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, nothing_changes, 0, 4);
    tcase_add_test(tests, outputs_without_a_size);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
