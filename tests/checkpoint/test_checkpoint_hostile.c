/* SPDX-License-Identifier: MIT */
/* Checkpoints that are damaged or forged: refused, or harmless. */
#include <math.h>
#include <stdlib.h>

#include "checkpoint_fields.h"

static unsigned char *copy_of(const sape_safetensors *checkpoint, size_t *size) {
    const void *bytes = sape_safetensors_bytes(checkpoint, size);
    unsigned char *copy = malloc(*size);
    ck_assert_ptr_nonnull(copy);
    return memcpy(copy, bytes, *size);
}

static size_t data_begin(const unsigned char *bytes) {
    uint64_t length;
    memcpy(&length, bytes, sizeof length);
    return (size_t)length + sizeof length;
}

START_TEST(values_that_are_not_finite_are_refused) {
    static const float values[] = {NAN, INFINITY, -INFINITY};
    sape_field *field = make_field(&architectures[1], 1), *made;
    sape_safetensors *checkpoint = checkpoint_of(field), *patched;
    size_t size;
    unsigned char *bytes = copy_of(checkpoint, &size);
    for (size_t i = 0; i < 3; i++) {
        memcpy(bytes + size - sizeof(float), &values[i], sizeof(float));
        CHECK_OK(sape_safetensors_parse(bytes, size, &patched));
        EXPECT_ERROR(sape_field_from_checkpoint(patched, &made), SAPE_ERROR_NOT_FINITE, "sape_field_from_checkpoint",
                     "model.model.model.6.weight[26]");
        ck_assert_ptr_null(made);
        EXPECT_ERROR(sape_field_restore(field, patched), SAPE_ERROR_NOT_FINITE, "sape_field_restore",
                     "model.model.model.6.weight[26]");
        expect_state(field, checkpoint);
        sape_safetensors_free(patched);
    }
    free(bytes);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

/* Loads what the bytes are, if they are anything, and uses it. */
static void try_bytes(const unsigned char *bytes, size_t size, sape_field *field) {
    sape_safetensors *checkpoint;
    if (sape_safetensors_parse(bytes, size, &checkpoint) != SAPE_OK) return;
    sape_field *made;
    if (sape_field_from_checkpoint(checkpoint, &made) == SAPE_OK) {
        expect_same_outputs(made, made);
        advance(made, 7);
        expect_same_outputs(made, made);
        sape_field_free(made);
    }
    if (sape_field_restore(field, checkpoint) == SAPE_OK) {
        advance(field, 7);
        expect_same_outputs(field, field);
    }
    sape_safetensors_free(checkpoint);
}

START_TEST(truncated_files_are_refused) {
    sape_field *field = make_field(&spatial, 1);
    sape_safetensors *checkpoint = checkpoint_of(field), *parsed;
    size_t size;
    unsigned char *bytes = copy_of(checkpoint, &size);
    for (size_t length = 0; length < size; length++) {
        unsigned char *part = malloc(length + 1);
        memcpy(part, bytes, length);
        ck_assert_int_eq(sape_safetensors_parse(part, length, &parsed), SAPE_ERROR_FORMAT);
        free(part);
    }
    free(bytes);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

/* Every byte of the header, and some of the data, changed in some ways. */
START_TEST(mutated_files_do_no_harm) {
    static const unsigned char masks[] = {1, 4, 0x80};
    sape_field *field = make_field(&architectures[_i], 1);
    advance(field, 9);
    sape_safetensors *checkpoint = checkpoint_of(field);
    size_t size;
    unsigned char *bytes = copy_of(checkpoint, &size);
    const size_t begin = data_begin(bytes);
    for (size_t at = 0; at < size; at += at < begin ? 1 : 13)
        for (size_t i = 0; i < sizeof masks; i++) {
            bytes[at] ^= masks[i];
            try_bytes(bytes, size, field);
            bytes[at] ^= masks[i];
        }
    free(bytes);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

/* The checkpoint with a text of its header replaced. */
static sape_safetensors *patched_header(const sape_safetensors *checkpoint, const char *from, const char *to) {
    size_t size;
    unsigned char *bytes = copy_of(checkpoint, &size), *found = memmem(bytes, size, from, strlen(from));
    ck_assert_msg(found != NULL, "no %s", from);
    const size_t before = (size_t)(found - bytes), after = size - before - strlen(from);
    unsigned char *patch = malloc(size + strlen(to));
    ck_assert_ptr_nonnull(patch);
    memcpy(patch, bytes, before);
    memcpy(patch + before, to, strlen(to));
    memcpy(patch + before + strlen(to), found + strlen(from), after);
    const uint64_t length = data_begin(bytes) - sizeof length + strlen(to) - strlen(from);
    memcpy(patch, &length, sizeof length);
    sape_safetensors *patched;
    CHECK_OK(sape_safetensors_parse(patch, before + strlen(to) + after, &patched));
    free(patch);
    free(bytes);
    return patched;
}

static const struct {
    const char *from, *to;
    sape_status status;
    const char *words;
} patches[] = {
    {"sape.version\":\"1", "sape.version\":\"2", SAPE_ERROR_VERSION, "version 2"},
    {"sape.version\":\"1", "sape.version\":\"0", SAPE_ERROR_FORMAT, "\"0\""},
    {"sape.version\":\"1", "sape.version\":\"?", SAPE_ERROR_FORMAT, "\"?\""},
    {"sape.version\":\"1", "sape.verzion\":\"1", SAPE_ERROR_NOT_FOUND, "no libsape metadata"},
    {"sape.encoder.kind\":\"fourier", "sape.encoder.kind\":\"fouriez", SAPE_ERROR_FORMAT, "fouriez"},
    {"sape.encoder.kind\":\"fourier", "sape.encoder.kimd\":\"fourier", SAPE_ERROR_FORMAT, "no sape.encoder.kind"},
    {"hidden_dim\":\"4", "hidden_dim\":\"9", SAPE_ERROR_SHAPE, "model.model.model.0.weight"},
    {"hidden_dim\":\"4", "hidden_dim\":\"8192", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"resolution\":\"4", "resolution\":\"4096", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"resolution\":\"4", "resolution\":\"4294967295", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"resolution\":\"4", "resolution\":\"18446744073709551616", SAPE_ERROR_FORMAT, "sape.mask.resolution"},
    {"num_layers\":\"1", "num_layers\":\"4294967295", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"num_frequencies\":\"6", "num_frequencies\":\"16384", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"hidden_dim\":\"4", "hidden_dim\":\"3", SAPE_ERROR_SHAPE, "model.model.model.0.weight"},
    {"num_layers\":\"1", "num_layers\":\"0", SAPE_ERROR_ARGUMENT, "num_layers"},
    {"include_identity\":\"1", "include_identity\":\"-", SAPE_ERROR_FORMAT, "include_identity"},
    {"block_size\":\"4", "block_size\":\"0", SAPE_ERROR_FORMAT, "out of range"},
    {"block_iterations\":\"6", "block_iterations\":\"0", SAPE_ERROR_FORMAT, "out of range"},
    {"mask.next\":\"8", "mask.next\":\"1", SAPE_ERROR_FORMAT, "out of range"},
    {"scale.0\":\"0x1.0000000000000p+0", "scale.0\":\"0x1.0000000000001p+0", SAPE_ERROR_FORMAT, "sape.mask.scale.0"},
    {"mask.epsilon\":\"0x1", "mask.epsilon\":\"1x1", SAPE_ERROR_FORMAT, "sape.mask.epsilon"},
    {"\"log_buffer\"", "\"log_buffez\"", SAPE_ERROR_NOT_FOUND, "log_buffer"},
};

START_TEST(wrong_metadata_are_refused) {
    sape_field *field = make_field(&spatial, 1), *made;
    sape_safetensors *checkpoint = checkpoint_of(field);
    sape_safetensors *patched = patched_header(checkpoint, patches[_i].from, patches[_i].to);
    EXPECT_ERROR(sape_field_from_checkpoint(patched, &made), patches[_i].status, patches[_i].words, "");
    ck_assert_ptr_null(made);
    sape_safetensors_free(patched);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint_hostile");
    TCase *tests = tcase_create("checkpoint_hostile");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, values_that_are_not_finite_are_refused);
    tcase_add_test(tests, truncated_files_are_refused);
    tcase_add_loop_test(tests, mutated_files_do_no_harm, 0, NUM_ARCHITECTURES);
    tcase_add_loop_test(tests, wrong_metadata_are_refused, 0, sizeof patches / sizeof *patches);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
