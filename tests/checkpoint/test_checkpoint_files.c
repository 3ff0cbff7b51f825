/* SPDX-License-Identifier: MIT */
/* Checkpoints that others wrote: the public code's, and the first version's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "checkpoint_fields.h"
#include "fixture.h"
#include "tiny.h"

static sape_policy policy_named(const char *name) {
    return strcmp(name, "spatial") == 0 ? SAPE_POLICY_SPATIAL : SAPE_POLICY_GLOBAL;
}

static sape_field *field_of_fixture(const struct fixture *expected, size_t hidden_dim) {
    char control[32];
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    fixture_text(expected, "control", control, sizeof control);
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.domain_dim = (size_t)fixture_number(expected, "model.domain_dim", 0);
    encoder.num_frequencies = (size_t)fixture_number(expected, "model.num_frequencies", 0);
    mask.policy = policy_named(control);
    mask.resolution = (size_t)fixture_number(expected, "controls.res", 0);
    network.output_dim = (size_t)fixture_number(expected, "model.output_channels", 0);
    network.num_layers = (size_t)fixture_number(expected, "model.num_layers", 0);
    network.hidden_dim = hidden_dim;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

static void expect_predictions(const sape_field *field, const struct fixture *expected) {
    struct tensor query = fixture_tensor(expected, "query"), prediction = fixture_tensor(expected, "prediction");
    float *outputs = new_array(prediction.count);
    CHECK_OK(sape_field_predict(field, query.shape[0], query.floats, outputs));
    for (size_t i = 0; i < prediction.count; i++)
        ck_assert_double_le(fabs((double)outputs[i] - prediction.values[i]), 1e-5);
    free(outputs);
    tensor_free(&query);
    tensor_free(&prediction);
}

static const char *const fixtures[] = {"image_global", "image_spatial", "occupancy_global", "occupancy_spatial"};

/* The public code's file has no metadata. Once it has been loaded and saved it has, and the tensors are the same. */
START_TEST(public_files_load) {
    char name[100];
    sape_field *made = NULL;
    snprintf(name, sizeof name, "checkpoint_%s_expected.safetensors", fixtures[_i]);
    struct fixture expected = fixture_open(FIXTURE_DIR, name);
    snprintf(name, sizeof name, "checkpoint_%s.safetensors", fixtures[_i]);
    struct fixture public = fixture_open(FIXTURE_DIR, name);
    EXPECT_ERROR(sape_field_from_checkpoint(public.file, &made), SAPE_ERROR_NOT_FOUND, "no libsape metadata",
                 "sape_field_restore");
    ck_assert_ptr_null(made);
    sape_field *field = field_of_fixture(&expected, 48);
    CHECK_OK(sape_field_restore(field, public.file));
    expect_predictions(field, &expected);
    sape_safetensors *checkpoint = checkpoint_of(field);
    ck_assert_uint_eq(sape_safetensors_count(checkpoint), sape_safetensors_count(public.file));
    CHECK_OK(sape_field_from_checkpoint(checkpoint, &made));
    expect_predictions(made, &expected);
    for (size_t i = 0; i < sape_safetensors_count(public.file); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        CHECK_OK(sape_safetensors_info(public.file, i, &info));
        float *a = new_array(info.count), *b = new_array(info.count);
        CHECK_OK(sape_safetensors_read(public.file, info.name, a, info.count));
        CHECK_OK(sape_safetensors_read(checkpoint, info.name, b, info.count));
        ck_assert_int_eq(memcmp(a, b, info.count * sizeof *a), 0);
        free(a);
        free(b);
    }
    sape_field *narrow = field_of_fixture(&expected, 32);
    EXPECT_ERROR(sape_field_restore(narrow, public.file), SAPE_ERROR_SHAPE, "model.model.model.0.weight has shape (48,",
                 "but (32,");
    sape_field_free(narrow);
    sape_field_free(field);
    sape_field_free(made);
    sape_safetensors_free(checkpoint);
    fixture_close(&expected);
    fixture_close(&public);
}
END_TEST

/* Files that the first version wrote; fuzz/make_seeds.c made them. */
static const struct {
    const char *field, *trainer;
    sape_policy policy;
    sape_encoding encoding;
    sape_optimizer_kind kind;
} version_1[] = {
    {"field_0_0", "trainer_0_0", SAPE_POLICY_NONE, SAPE_ENCODING_IDENTITY, SAPE_OPTIMIZER_ADAM},
    {"field_1_3", "trainer_1_0", SAPE_POLICY_GLOBAL, SAPE_ENCODING_RBF, SAPE_OPTIMIZER_ADAM},
    {"field_2_4", "trainer_2_1", SAPE_POLICY_SPATIAL, SAPE_ENCODING_PERIODIC_RBF, SAPE_OPTIMIZER_SGD},
    {"field_3_1", "trainer_3_0", SAPE_POLICY_SPATIAL_FIXED, SAPE_ENCODING_FOURIER, SAPE_OPTIMIZER_ADAM},
};

static sape_safetensors *open_version_1(const char *name) {
    char path[4096];
    sape_safetensors *file;
    snprintf(path, sizeof path, "%s/version_1/%s", FIXTURE_DIR, name);
    CHECK_OK(sape_safetensors_open(path, &file));
    return file;
}

START_TEST(version_1_stays_readable) {
    sape_safetensors *of_field = open_version_1(version_1[_i].field), *again;
    sape_safetensors *of_trainer = open_version_1(version_1[_i].trainer);
    sape_field *made, *field = tiny_field(version_1[_i].policy, version_1[_i].encoding);
    sape_trainer *trainer = tiny_trainer(field, version_1[_i].kind);
    ck_assert_ptr_nonnull(trainer);
    CHECK_OK(sape_field_from_checkpoint(of_field, &made));
    expect_state(made, of_field);
    CHECK_OK(sape_trainer_restore(trainer, of_trainer));
    CHECK_OK(sape_trainer_checkpoint(trainer, &again));
    expect_same_bytes(again, of_trainer);
    sape_safetensors_free(again);
    expect_state(field, of_field);
    sape_trainer_free(trainer);
    sape_field_free(field);
    sape_field_free(made);
    sape_safetensors_free(of_field);
    sape_safetensors_free(of_trainer);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint_files");
    TCase *tests = tcase_create("checkpoint_files");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, public_files_load, 0, sizeof fixtures / sizeof *fixtures);
    tcase_add_loop_test(tests, version_1_stays_readable, 0, sizeof version_1 / sizeof *version_1);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
