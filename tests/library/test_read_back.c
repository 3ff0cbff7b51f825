/* SPDX-License-Identifier: MIT */
/* Settings that can be read back, and the names of enumerations. */
#include <sape/settings.h>
#include <stdlib.h>

#include "support.h"

START_TEST(parameters_come_back) {
    sape_encoder_params encoder, encoder_back = {.struct_size = sizeof encoder_back};
    sape_mask_params mask, mask_back = {.struct_size = sizeof mask_back};
    sape_network_params network, network_back = {.struct_size = sizeof network_back};
    sape_trainer_params params, params_back = {.struct_size = sizeof params_back};
    sape_optimizer_params optimizer, optimizer_back = {.struct_size = sizeof optimizer_back};
    sape_field *field;
    sape_trainer *trainer;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    sape_trainer_params_init(&params, sizeof params);
    sape_optimizer_params_init(&optimizer, sizeof optimizer);
    encoder.num_frequencies = 30;
    encoder.std = 7.5;
    encoder.seed = 9;
    mask.resolution = 12;
    mask.num_blocks = 5;
    mask.num_iterations = 400;
    mask.epsilon = 0.25;
    network.hidden_dim = 20;
    network.num_layers = 2;
    network.activation = SAPE_ACTIVATION_SINE;
    network.seed = 3;
    params.batch_size = 17;
    params.average_decay = 0.75;
    params.num_threads = 2;
    optimizer.clip_norm = 2.0;
    optimizer.schedule = SAPE_SCHEDULE_COSINE;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    CHECK_OK(sape_trainer_create(&params, &optimizer, field, &trainer));
    CHECK_OK(sape_trainer_set_learning_rate(trainer, 0.125));
    CHECK_OK(sape_encoder_get_params(sape_field_encoder(field), &encoder_back));
    encoder.include_identity = 1;
    ck_assert_mem_eq(&encoder_back, &encoder, sizeof encoder);
    CHECK_OK(sape_mask_get_params(sape_field_mask(field), &mask_back));
    mask.mask_dim = mask_back.mask_dim;
    mask.encoding_dim = 62;
    mask.block_iterations = 40;
    ck_assert_mem_eq(&mask_back, &mask, sizeof mask);
    CHECK_OK(sape_network_get_params(sape_field_network(field), &network_back));
    ck_assert_uint_eq(network_back.input_dim, 62);
    ck_assert_uint_eq(network_back.hidden_dim, 20);
    ck_assert_uint_eq(network_back.seed, 3);
    ck_assert_int_eq(network_back.activation, SAPE_ACTIVATION_SINE);
    ck_assert_double_eq(network_back.activation_parameter, 30.0);
    ck_assert_int_ne(network_back.precision, SAPE_PRECISION_AUTO);
    CHECK_OK(sape_trainer_get_params(trainer, &params_back));
    ck_assert_mem_eq(&params_back, &params, sizeof params);
    CHECK_OK(sape_trainer_get_optimizer_params(trainer, &optimizer_back));
    optimizer.learning_rate = 0.125;
    ck_assert_mem_eq(&optimizer_back, &optimizer, sizeof optimizer);
    sape_trainer_free(trainer);
    sape_field_free(field);
}
END_TEST

/* A field that is made again from what it has says the same, whatever was left open. */
START_TEST(a_field_can_be_made_again) {
    sape_encoder_params encoder = {.struct_size = sizeof encoder};
    sape_mask_params mask = {.struct_size = sizeof mask};
    sape_network_params network = {.struct_size = sizeof network};
    sape_field *field, *again, *loaded;
    sape_safetensors *checkpoint;
    sape_mask_state state = {.struct_size = sizeof state}, other = {.struct_size = sizeof other};
    sape_mask_params_init(&mask, sizeof mask);
    mask.policy = (sape_policy)_i;
    mask.epsilon = 0.5;
    mask.gradual = mask.policy == SAPE_POLICY_SPATIAL;
    mask.num_iterations = 5000;
    CHECK_OK(sape_field_create(NULL, &mask, NULL, &field));
    CHECK_OK(sape_field_checkpoint(field, &checkpoint));
    CHECK_OK(sape_field_from_checkpoint(checkpoint, &loaded));
    CHECK_OK(sape_encoder_get_params(sape_field_encoder(loaded), &encoder));
    CHECK_OK(sape_mask_get_params(sape_field_mask(loaded), &mask));
    CHECK_OK(sape_network_get_params(sape_field_network(loaded), &network));
    ck_assert_double_eq(mask.epsilon, 0.5);
    ck_assert_int_eq(mask.gradual, mask.policy == SAPE_POLICY_SPATIAL);
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &again));
    CHECK_OK(sape_mask_get_state(sape_field_mask(field), &state));
    CHECK_OK(sape_mask_get_state(sape_field_mask(again), &other));
    ck_assert_mem_eq(&state, &other, sizeof state);
    CHECK_OK(sape_field_restore(again, checkpoint));
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
    sape_field_free(again);
    sape_field_free(loaded);
}
END_TEST

START_TEST(bad_arguments_are_refused) {
    sape_encoder_params encoder = {.struct_size = sizeof encoder};
    sape_network_params network = {.struct_size = 1};
    sape_field *field;
    CHECK_OK(sape_field_create(NULL, NULL, NULL, &field));
    EXPECT_ERROR(sape_encoder_get_params(NULL, &encoder), SAPE_ERROR_ARGUMENT, "encoder", "NULL");
    EXPECT_ERROR(sape_encoder_get_params(sape_field_encoder(field), NULL), SAPE_ERROR_ARGUMENT, "params", "NULL");
    EXPECT_ERROR(sape_network_get_params(sape_field_network(field), &network), SAPE_ERROR_ARGUMENT, "struct_size", "1");
    EXPECT_ERROR(sape_mask_get_params(NULL, NULL), SAPE_ERROR_ARGUMENT, "mask", "NULL");
    EXPECT_ERROR(sape_optimizer_get_params(NULL, NULL), SAPE_ERROR_ARGUMENT, "optimizer", "NULL");
    EXPECT_ERROR(sape_trainer_get_params(NULL, NULL), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    EXPECT_ERROR(sape_trainer_get_optimizer_params(NULL, NULL), SAPE_ERROR_ARGUMENT, "trainer", "NULL");
    sape_field_free(field);
}
END_TEST

#define CHECK_NAMES(type, name_of, last, expected)                                                                     \
    do {                                                                                                               \
        for (int i = 0; i <= (int)(last); i++) ck_assert_ptr_nonnull(name_of((type)i));                                \
        ck_assert_ptr_null(name_of((type)((int)(last) + 1)));                                                          \
        ck_assert_ptr_null(name_of((type)-1));                                                                         \
        ck_assert_str_eq(name_of(last), expected);                                                                     \
    } while (0)

START_TEST(every_value_has_a_name) {
    CHECK_NAMES(sape_encoding, sape_encoding_name, SAPE_ENCODING_GRID, "grid");
    CHECK_NAMES(sape_draw, sape_draw_name, SAPE_DRAW_STRATIFIED, "stratified");
    CHECK_NAMES(sape_interpolation, sape_interpolation_name, SAPE_INTERPOLATION_SMOOTH, "smooth");
    CHECK_NAMES(sape_policy, sape_policy_name, SAPE_POLICY_VARIANCE, "variance");
    CHECK_NAMES(sape_filter_shape, sape_filter_shape_name, SAPE_FILTER_COSINE, "cosine");
    CHECK_NAMES(sape_boundary, sape_boundary_name, SAPE_BOUNDARY_PERIODIC, "periodic");
    CHECK_NAMES(sape_loss, sape_loss_name, SAPE_LOSS_RELATIVE_L2, "relative_l2");
    CHECK_NAMES(sape_optimizer_kind, sape_optimizer_kind_name, SAPE_OPTIMIZER_SGD, "sgd");
    CHECK_NAMES(sape_schedule, sape_schedule_name, SAPE_SCHEDULE_COSINE, "cosine");
    CHECK_NAMES(sape_stop, sape_stop_name, SAPE_STOP_SAMPLER, "sampler");
    CHECK_NAMES(sape_dtype, sape_dtype_name, SAPE_DTYPE_BOOL, "BOOL");
    CHECK_NAMES(sape_instruction_set, sape_instruction_set_name, SAPE_INSTRUCTIONS_NEON, "neon");
    CHECK_NAMES(sape_product_backend, sape_product_backend_name, SAPE_PRODUCT_CBLAS, "cblas");
    CHECK_NAMES(sape_precision, sape_precision_name, SAPE_PRECISION_BF16, "bf16");
    CHECK_NAMES(sape_task, sape_task_name, SAPE_TASK_CURVE, "curve");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("read_back");
    TCase *tests = tcase_create("read_back");
    tcase_add_test(tests, parameters_come_back);
    tcase_add_loop_test(tests, a_field_can_be_made_again, 0, 3);
    tcase_add_test(tests, bad_arguments_are_refused);
    tcase_add_test(tests, every_value_has_a_name);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
