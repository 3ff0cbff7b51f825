/* SPDX-License-Identifier: MIT */
/* Fields in checkpoints: round trips through files, memory and callbacks; fields that a checkpoint does not fit. */
#include <stdbool.h>
#include <stdlib.h>

#include "checkpoint_fields.h"

START_TEST(fields_survive) {
    sape_field *field = make_field(&architectures[_i], 1), *made, *restored = make_field(&architectures[_i], 2);
    advance(field, 9);
    if (architectures[_i].policy == SAPE_POLICY_SPATIAL) {
        static const float center[] = {0.1f, 0.2f, 0.3f}, scale[] = {0.9f, 1.1f, 1.2f};
        CHECK_OK(sape_mask_set_domain(sape_field_mask(field), center, scale));
    }
    sape_safetensors *checkpoint = checkpoint_of(field);
    CHECK_OK(sape_field_from_checkpoint(checkpoint, &made));
    advance(restored, 16);
    CHECK_OK(sape_field_restore(restored, checkpoint));
    expect_state(made, checkpoint);
    expect_state(restored, checkpoint);
    expect_same_outputs(field, made);
    expect_same_outputs(field, restored);
    sape_field *const fields[] = {field, made, restored};
    for (size_t i = 0; i < 3; i++) advance(fields[i], 10);
    expect_same_outputs(field, made);
    expect_same_outputs(field, restored);
    for (size_t i = 0; i < 3; i++) sape_field_free(fields[i]);
    sape_safetensors_free(checkpoint);
}
END_TEST

/* The number of blocks is in the file: what is revealed from the start follows from it in the field that is loaded. */
START_TEST(blocks_of_any_size_survive) {
    static const size_t num_blocks[] = {26, 13, 3, 1};
    static const float nothing[36] = {0.0f};
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field, *loaded;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 12;
    mask.resolution = 6;
    mask.num_blocks = num_blocks[_i];
    network.hidden_dim = 8;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    sape_safetensors *checkpoint = checkpoint_of(field);
    CHECK_OK(sape_field_from_checkpoint(checkpoint, &loaded));
    expect_state(loaded, checkpoint);
    sape_safetensors_free(checkpoint);
    sape_field *const fields[] = {field, loaded};
    for (size_t i = 0; i < 2; i++)
        CHECK_OK(sape_mask_set_tensor(sape_field_mask(fields[i]), "mask_stashed", nothing, 36));
    checkpoint = checkpoint_of(field);
    expect_state(loaded, checkpoint);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
    sape_field_free(loaded);
}
END_TEST

/* What PyTorch's load_state_dict() wants: these names and no others. */
START_TEST(tensors_are_the_public_ones) {
    const bool fixed = architectures[_i].policy == SAPE_POLICY_SPATIAL_FIXED;
    sape_field *field = make_field(&architectures[_i], 1);
    sape_safetensors *checkpoint = checkpoint_of(field);
    const size_t extra = fixed ? 3 + architectures[_i].domain_dim : architectures[_i].gradual ? 3 : 0;
    ck_assert_uint_eq(sape_safetensors_count(checkpoint), sape_field_tensor_count(field) + extra);
    for (size_t i = 0; i < sape_field_tensor_count(field); i++) {
        sape_tensor_info info = {.struct_size = sizeof info}, stored = info;
        CHECK_OK(sape_field_tensor_info(field, i, &info));
        CHECK_OK(sape_safetensors_find(checkpoint, info.name, &stored));
        ck_assert_uint_eq(stored.rank, info.rank);
        ck_assert_mem_eq(stored.shape, info.shape, info.rank * sizeof *info.shape);
        ck_assert_int_eq(stored.dtype, strcmp(info.name, "in_progress") == 0 ? SAPE_DTYPE_U8 : SAPE_DTYPE_F32);
    }
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

START_TEST(goes_through_files_and_memory) {
    static const char path[] = "field.safetensors";
    sape_field *field = make_field(&spatial, 1), *loaded;
    sape_safetensors *checkpoint = checkpoint_of(field), *other;
    CHECK_OK(sape_field_save(field, path));
    CHECK_OK(sape_field_load(path, &loaded));
    expect_state(loaded, checkpoint);
    advance(field, 7);
    sape_safetensors *later = checkpoint_of(field);
    CHECK_OK(sape_safetensors_save(later, path));
    CHECK_OK(sape_safetensors_open(path, &other));
    expect_same_bytes(other, later);
    sape_safetensors_free(other);
    size_t size;
    const void *bytes = sape_safetensors_bytes(later, &size);
    CHECK_OK(sape_safetensors_parse(bytes, size, &other));
    expect_same_bytes(other, later);
    sape_safetensors_free(other);
    ck_assert_ptr_null(sape_safetensors_bytes(NULL, &size));
    ck_assert_uint_eq(size, 0);
    EXPECT_ERROR(sape_field_save(field, "/nowhere/file"), SAPE_ERROR_FILE, "sape_field_save", "/nowhere/file");
    sape_field *none = field;
    EXPECT_ERROR(sape_field_load("/nowhere/file", &none), SAPE_ERROR_FILE, "/nowhere/file", "No such");
    ck_assert_ptr_null(none);
    sape_safetensors_free(checkpoint);
    sape_safetensors_free(later);
    sape_field_free(field);
    sape_field_free(loaded);
}
END_TEST

/* Bytes that callbacks put down and take up, a few at a time; and a call that fails. */
struct tape {
    unsigned char bytes[1 << 18];
    size_t size, at, most;
    int calls_left;
};

static int put(void *user, const void *bytes, size_t size) {
    struct tape *tape = user;
    if (tape->calls_left-- == 0) return 42;
    if (size > sizeof tape->bytes - tape->size) return 1;
    memcpy(tape->bytes + tape->size, bytes, size);
    tape->size += size;
    return 0;
}

static int take(void *user, void *bytes, size_t size, size_t *got) {
    struct tape *tape = user;
    if (tape->calls_left-- == 0) return 42;
    *got = tape->size - tape->at;
    if (*got > tape->most) *got = tape->most;
    if (*got > size) *got = size;
    memcpy(bytes, tape->bytes + tape->at, *got);
    tape->at += *got;
    return 0;
}

static int boast(void *user, void *bytes, size_t size, size_t *got) {
    (void)user;
    (void)bytes;
    *got = size + 1;
    return 0;
}

START_TEST(goes_through_callbacks) {
    static struct tape tape;
    static const size_t pieces[] = {1, 7, SIZE_MAX};
    static const struct architecture large = {SAPE_ENCODING_FOURIER, SAPE_POLICY_NONE, 2, 150, 2, 0, false};
    sape_field *field = make_field(&large, 1);
    sape_safetensors *checkpoint = checkpoint_of(field), *copy;
    tape.calls_left = -1;
    CHECK_OK(sape_safetensors_save_with(checkpoint, put, &tape));
    for (size_t i = 0; i < 3; i++) {
        tape.at = 0;
        tape.most = pieces[i];
        CHECK_OK(sape_safetensors_open_with(take, &tape, &copy));
        expect_same_bytes(copy, checkpoint);
        sape_safetensors_free(copy);
    }
    for (int calls = 0; calls < 2; calls++) {
        tape.size = 0;
        tape.calls_left = calls;
        EXPECT_ERROR(sape_safetensors_save_with(checkpoint, put, &tape), SAPE_ERROR_CALLBACK, "write_fn", "42");
        tape.size = sizeof tape.bytes;
        tape.at = 0;
        tape.calls_left = calls;
        EXPECT_ERROR(sape_safetensors_open_with(take, &tape, &copy), SAPE_ERROR_CALLBACK, "read_fn", "42");
        ck_assert_ptr_null(copy);
    }
    EXPECT_ERROR(sape_safetensors_open_with(boast, NULL, &copy), SAPE_ERROR_CALLBACK, "65537", "65536");
    tape.size = tape.at = 0;
    tape.calls_left = -1;
    EXPECT_ERROR(sape_safetensors_open_with(take, &tape, &copy), SAPE_ERROR_FORMAT, "0 bytes", "too few");
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

static const struct {
    struct architecture architecture;
    sape_status status;
    const char *words[2];
} others[] = {
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 5, 1, 4, false},
     SAPE_ERROR_SHAPE,
     {"model.model.model.0.weight has shape (4, 14)", "(5, 14) here"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 4, 2, 4, false},
     SAPE_ERROR_SHAPE,
     {"model.model.model.2.weight has shape (3, 4)", "(4, 4) here"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 4, 1, 5, false},
     SAPE_ERROR_SHAPE,
     {"mask_stashed has shape (16)", "(25) here"}},
    {{SAPE_ENCODING_RBF, SAPE_POLICY_SPATIAL, 2, 4, 1, 4, false},
     SAPE_ERROR_NOT_FOUND,
     {"no tensor called", "model.encode.centres"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_GLOBAL, 2, 4, 1, 0, false}, SAPE_ERROR_SHAPE, {"mask_stashed", "(1) here"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL_FIXED, 2, 4, 1, 0, false},
     SAPE_ERROR_SHAPE,
     {"mask_stashed", "(36) here"}},
};

START_TEST(other_architectures_are_refused_and_left_alone) {
    sape_field *field = make_field(&spatial, 1), *other = make_field(&others[_i].architecture, 2);
    sape_safetensors *checkpoint = checkpoint_of(field), *before = checkpoint_of(other);
    EXPECT_ERROR(sape_field_restore(other, checkpoint), others[_i].status, others[_i].words[0], others[_i].words[1]);
    expect_state(other, before);
    sape_safetensors_free(checkpoint);
    sape_safetensors_free(before);
    sape_field_free(field);
    sape_field_free(other);
}
END_TEST

/* Neither of two fields takes the other's checkpoint, and both are left alone; messages have what the file has and what
   the field has, of the first field's refusal and of the other's. */
static void expect_both_refuse(const struct architecture *a, const struct architecture *b,
                               const char *const words[2][2]) {
    sape_field *one = make_field(a, 1), *other = make_field(b, 2);
    sape_safetensors *of_one = checkpoint_of(one), *of_other = checkpoint_of(other);
    EXPECT_ERROR(sape_field_restore(one, of_other), SAPE_ERROR_ARGUMENT, words[0][0], words[0][1]);
    EXPECT_ERROR(sape_field_restore(other, of_one), SAPE_ERROR_ARGUMENT, words[1][0], words[1][1]);
    expect_state(one, of_one);
    expect_state(other, of_other);
    sape_safetensors_free(of_one);
    sape_safetensors_free(of_other);
    sape_field_free(one);
    sape_field_free(other);
}

/* Tensors of the same names and shapes do not make the same policy. */
START_TEST(metadata_must_agree) {
    static const struct architecture plane = {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_SPATIAL, 1, 4, 1, 36, false};
    static const struct architecture rows = {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_SPATIAL_FIXED, 1, 4, 1, 0, false};
    static const char *const words[2][2] = {{"sape.mask.policy is spatial_fixed", "spatial here"},
                                            {"sape.mask.policy is spatial in", "spatial_fixed here"}};
    expect_both_refuse(&plane, &rows, words);
}
END_TEST

START_TEST(masks_that_jump_and_masks_that_grow_are_refused) {
    static const char *const words[2][2] = {{"sape.mask.gradual is 1", "0 here"}, {"sape.mask.gradual is 0", "1 here"}};
    struct architecture growing = spatial;
    growing.gradual = true;
    expect_both_refuse(&spatial, &growing, words);
}
END_TEST

/* A mask of one row, which a field without a mask does not have. */
START_TEST(unknown_tensors_are_refused) {
    static const struct architecture with_mask = {SAPE_ENCODING_IDENTITY, SAPE_POLICY_GLOBAL, 2, 4, 1, 0, false};
    static const struct architecture without = {SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, 2, 4, 1, 0, false};
    sape_field *field = make_field(&with_mask, 1), *other = make_field(&without, 1);
    sape_safetensors *checkpoint = checkpoint_of(field);
    EXPECT_ERROR(sape_field_restore(other, checkpoint), SAPE_ERROR_NOT_FOUND, "has a tensor called", "mask_stashed");
    sape_field_free(other);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

START_TEST(null_is_refused) {
    sape_field *field = make_field(&spatial, 1), *made = field;
    sape_safetensors *checkpoint = checkpoint_of(field), *none = checkpoint;
    EXPECT_ERROR(sape_field_checkpoint(NULL, &none), SAPE_ERROR_ARGUMENT, "field", "NULL");
    ck_assert_ptr_null(none);
    EXPECT_ERROR(sape_field_checkpoint(field, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    EXPECT_ERROR(sape_field_from_checkpoint(NULL, &made), SAPE_ERROR_ARGUMENT, "checkpoint", "NULL");
    ck_assert_ptr_null(made);
    EXPECT_ERROR(sape_field_from_checkpoint(checkpoint, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    EXPECT_ERROR(sape_field_restore(NULL, checkpoint), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_restore(field, NULL), SAPE_ERROR_ARGUMENT, "checkpoint", "NULL");
    EXPECT_ERROR(sape_field_save(NULL, "x"), SAPE_ERROR_ARGUMENT, "field", "NULL");
    EXPECT_ERROR(sape_field_save(field, NULL), SAPE_ERROR_ARGUMENT, "path", "NULL");
    EXPECT_ERROR(sape_field_load(NULL, &made), SAPE_ERROR_ARGUMENT, "path", "NULL");
    EXPECT_ERROR(sape_field_load("x", NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    EXPECT_ERROR(sape_safetensors_save(NULL, "x"), SAPE_ERROR_ARGUMENT, "file", "NULL");
    EXPECT_ERROR(sape_safetensors_save(checkpoint, NULL), SAPE_ERROR_ARGUMENT, "path", "NULL");
    EXPECT_ERROR(sape_safetensors_save_with(checkpoint, NULL, NULL), SAPE_ERROR_ARGUMENT, "write_fn", "NULL");
    EXPECT_ERROR(sape_safetensors_save_with(NULL, put, NULL), SAPE_ERROR_ARGUMENT, "file", "NULL");
    EXPECT_ERROR(sape_safetensors_open_with(NULL, NULL, &none), SAPE_ERROR_ARGUMENT, "read_fn", "NULL");
    EXPECT_ERROR(sape_safetensors_open_with(take, NULL, NULL), SAPE_ERROR_ARGUMENT, "out", "NULL");
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint");
    TCase *tests = tcase_create("checkpoint");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, fields_survive, 0, NUM_ARCHITECTURES);
    tcase_add_loop_test(tests, blocks_of_any_size_survive, 0, 4);
    tcase_add_loop_test(tests, tensors_are_the_public_ones, 0, NUM_ARCHITECTURES);
    tcase_add_test(tests, goes_through_files_and_memory);
    tcase_add_test(tests, goes_through_callbacks);
    tcase_add_loop_test(tests, other_architectures_are_refused_and_left_alone, 0, sizeof others / sizeof *others);
    tcase_add_test(tests, metadata_must_agree);
    tcase_add_test(tests, masks_that_jump_and_masks_that_grow_are_refused);
    tcase_add_test(tests, unknown_tensors_are_refused);
    tcase_add_test(tests, null_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
