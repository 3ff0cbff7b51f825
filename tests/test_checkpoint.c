/* SPDX-License-Identifier: MIT */
/* Fields in checkpoints: round trips through files, memory and callbacks; the public code's files; hostile ones. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"
#include "support.h"
#include "tiny.h"

#define SIDE 6
#define NUM_SAMPLES (SIDE * SIDE)

struct architecture {
    sape_encoding encoding;
    sape_policy policy;
    size_t domain_dim, hidden_dim, num_layers, resolution;
};

static const struct architecture architectures[] = {
    {SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, 2, 5, 1, 0},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_NONE, 3, 9, 3, 0},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_GLOBAL, 1, 7, 2, 0},
    {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_GLOBAL, 2, 6, 1, 0},
    {SAPE_ENCODING_RBF, SAPE_POLICY_SPATIAL, 1, 8, 2, 12},
    {SAPE_ENCODING_PERIODIC_RBF, SAPE_POLICY_SPATIAL, 2, 8, 1, 5},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 3, 8, 2, 4},
    {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_SPATIAL_FIXED, 1, 8, 1, 0},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL_FIXED, 2, 8, 2, 0},
    {SAPE_ENCODING_FOURIER, SAPE_POLICY_VARIANCE, 2, 8, 2, 5},
    {SAPE_ENCODING_RBF, SAPE_POLICY_VARIANCE, 3, 7, 1, 4},
};
#define NUM_ARCHITECTURES ((int)(sizeof architectures / sizeof *architectures))

static const struct architecture spatial = {SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 4, 1, 4};

static void make_samples(size_t d, float *x) {
    for (size_t i = 0; i < NUM_SAMPLES; i++) {
        if (d == 1) x[i] = -1.0f + 2.0f * (float)i / NUM_SAMPLES;
        if (d == 2) x[2 * i] = -0.9f + 0.3f * (float)(i % SIDE);
        if (d == 2) x[2 * i + 1] = 0.9f - 0.35f * (float)(i / SIDE);
    }
}

static sape_field *make_field(const struct architecture *a, uint64_t seed) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    float samples[2 * NUM_SAMPLES];
    make_samples(a->domain_dim, samples);
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.kind = a->encoding;
    encoder.domain_dim = a->domain_dim;
    encoder.num_frequencies = 6;
    encoder.std = 2.0;
    encoder.seed = network.seed = seed;
    mask.policy = a->policy;
    mask.resolution = a->resolution;
    mask.num_blocks = a->encoding == SAPE_ENCODING_IDENTITY ? 1 : 3;
    mask.block_iterations = 6;
    mask.epsilon = 0.1;
    mask.samples = samples;
    mask.num_samples = NUM_SAMPLES;
    network.hidden_dim = a->hidden_dim;
    network.num_layers = a->num_layers;
    CHECK_OK(sape_field_create(&encoder, &mask, &network, &field));
    return field;
}

/* Moves the mask on, with losses that are high in some places. */
static void advance(sape_field *field, size_t iterations) {
    const size_t d = sape_encoder_domain_dim(sape_field_encoder(field));
    float *x = new_random_array(3, NUM_SAMPLES * d, -1.0f, 1.0f);
    float *loss = new_random_array(4, NUM_SAMPLES, 0.0f, 0.2f);
    for (size_t i = 0; i < iterations; i++) {
        CHECK_OK(sape_mask_record(sape_field_mask(field), NUM_SAMPLES, x, loss));
        CHECK_OK(sape_mask_step(sape_field_mask(field)));
    }
    free(x);
    free(loss);
}

static sape_safetensors *checkpoint_of(const sape_field *field) {
    sape_safetensors *checkpoint;
    CHECK_OK(sape_field_checkpoint(field, &checkpoint));
    return checkpoint;
}

static void expect_same_bytes(const sape_safetensors *a, const sape_safetensors *b) {
    size_t size, other_size;
    const void *bytes = sape_safetensors_bytes(a, &size), *other_bytes = sape_safetensors_bytes(b, &other_size);
    ck_assert_uint_eq(size, other_size);
    ck_assert_int_eq(memcmp(bytes, other_bytes, size), 0);
}

static void expect_state(const sape_field *field, const sape_safetensors *checkpoint) {
    sape_safetensors *state = checkpoint_of(field);
    expect_same_bytes(state, checkpoint);
    sape_safetensors_free(state);
}

static void expect_same_outputs(const sape_field *a, const sape_field *b) {
    const size_t d = sape_encoder_domain_dim(sape_field_encoder(a)), n = 100;
    const size_t o = sape_network_output_dim(sape_field_network(a));
    float *x = new_random_array(9, n * d, -1.0f, 1.0f), *outputs = new_array(n * o), *others = new_array(n * o);
    CHECK_OK(sape_field_predict(a, n, x, outputs));
    CHECK_OK(sape_field_predict(b, n, x, others));
    ck_assert_int_eq(memcmp(outputs, others, n * o * sizeof *outputs), 0);
    free(x);
    free(outputs);
    free(others);
}

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

/* What PyTorch's load_state_dict() wants: these names and no others. */
START_TEST(tensors_are_the_public_ones) {
    const bool fixed = architectures[_i].policy == SAPE_POLICY_SPATIAL_FIXED;
    sape_field *field = make_field(&architectures[_i], 1);
    sape_safetensors *checkpoint = checkpoint_of(field);
    const size_t extra = fixed ? 3 + architectures[_i].domain_dim : 0;
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
    char path[] = "/tmp/sape-test-XXXXXX";
    close(mkstemp(path));
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
    ck_assert_int_eq(unlink(path), 0);
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
    static const struct architecture large = {SAPE_ENCODING_FOURIER, SAPE_POLICY_NONE, 2, 150, 2, 0};
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
    EXPECT_ERROR(sape_field_from_checkpoint(public.file, &made), SAPE_ERROR_NOT_FOUND, "no metadata",
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

static const struct {
    struct architecture architecture;
    sape_status status;
    const char *words[2];
} others[] = {
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 5, 1, 4},
     SAPE_ERROR_SHAPE,
     {"model.model.model.0.weight has shape (4, 14)", "(5, 14) here"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 4, 2, 4},
     SAPE_ERROR_SHAPE,
     {"model.model.model.2.weight has shape (3, 4)", "(4, 4) here"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL, 2, 4, 1, 5},
     SAPE_ERROR_SHAPE,
     {"mask_stashed has shape (16)", "(25) here"}},
    {{SAPE_ENCODING_RBF, SAPE_POLICY_SPATIAL, 2, 4, 1, 4},
     SAPE_ERROR_NOT_FOUND,
     {"no tensor called", "model.encode.centres"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_GLOBAL, 2, 4, 1, 0}, SAPE_ERROR_SHAPE, {"mask_stashed", "(1) here"}},
    {{SAPE_ENCODING_FOURIER, SAPE_POLICY_SPATIAL_FIXED, 2, 4, 1, 0}, SAPE_ERROR_SHAPE, {"mask_stashed", "(36) here"}},
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

/* Tensors of the same names and shapes do not make the same policy. */
START_TEST(metadata_must_agree) {
    static const struct architecture plane = {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_SPATIAL, 1, 4, 1, 36};
    static const struct architecture rows = {SAPE_ENCODING_POSITIONAL, SAPE_POLICY_SPATIAL_FIXED, 1, 4, 1, 0};
    sape_field *one = make_field(&plane, 1), *other = make_field(&rows, 2);
    sape_safetensors *of_one = checkpoint_of(one), *of_other = checkpoint_of(other);
    EXPECT_ERROR(sape_field_restore(one, of_other), SAPE_ERROR_ARGUMENT, "sape.mask.policy is spatial_fixed",
                 "spatial here");
    EXPECT_ERROR(sape_field_restore(other, of_one), SAPE_ERROR_ARGUMENT, "sape.mask.policy is spatial in",
                 "spatial_fixed here");
    expect_state(one, of_one);
    expect_state(other, of_other);
    sape_safetensors_free(of_one);
    sape_safetensors_free(of_other);
    sape_field_free(one);
    sape_field_free(other);
}
END_TEST

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
    {"sape.version\":\"1", "sape.verzion\":\"1", SAPE_ERROR_NOT_FOUND, "no metadata"},
    {"sape.encoder.kind\":\"fourier", "sape.encoder.kind\":\"fouriez", SAPE_ERROR_FORMAT, "fouriez"},
    {"sape.encoder.kind\":\"fourier", "sape.encoder.kimd\":\"fourier", SAPE_ERROR_FORMAT, "no sape.encoder.kind"},
    {"hidden_dim\":\"4", "hidden_dim\":\"9", SAPE_ERROR_SHAPE, "model.model.model.0.weight"},
    {"hidden_dim\":\"4", "hidden_dim\":\"8192", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"resolution\":\"4", "resolution\":\"4096", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"resolution\":\"4", "resolution\":\"18446744073709551615", SAPE_ERROR_FORMAT, "the checkpoint has"},
    {"resolution\":\"4", "resolution\":\"18446744073709551616", SAPE_ERROR_FORMAT, "sape.mask.resolution"},
    {"num_layers\":\"1", "num_layers\":\"18446744073709551615", SAPE_ERROR_FORMAT, "the checkpoint has"},
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

/* A mask of one row, which a field without a mask does not have. */
START_TEST(unknown_tensors_are_refused) {
    static const struct architecture with_mask = {SAPE_ENCODING_IDENTITY, SAPE_POLICY_GLOBAL, 2, 4, 1, 0};
    static const struct architecture without = {SAPE_ENCODING_IDENTITY, SAPE_POLICY_NONE, 2, 4, 1, 0};
    sape_field *field = make_field(&with_mask, 1), *other = make_field(&without, 1);
    sape_safetensors *checkpoint = checkpoint_of(field);
    EXPECT_ERROR(sape_field_restore(other, checkpoint), SAPE_ERROR_NOT_FOUND, "has a tensor called", "mask_stashed");
    sape_field_free(other);
    sape_safetensors_free(checkpoint);
    sape_field_free(field);
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
    tcase_add_loop_test(tests, tensors_are_the_public_ones, 0, NUM_ARCHITECTURES);
    tcase_add_test(tests, goes_through_files_and_memory);
    tcase_add_test(tests, goes_through_callbacks);
    tcase_add_loop_test(tests, public_files_load, 0, sizeof fixtures / sizeof *fixtures);
    tcase_add_loop_test(tests, other_architectures_are_refused_and_left_alone, 0, sizeof others / sizeof *others);
    tcase_add_test(tests, metadata_must_agree);
    tcase_add_test(tests, values_that_are_not_finite_are_refused);
    tcase_add_test(tests, truncated_files_are_refused);
    tcase_add_loop_test(tests, mutated_files_do_no_harm, 0, NUM_ARCHITECTURES);
    tcase_add_loop_test(tests, wrong_metadata_are_refused, 0, sizeof patches / sizeof *patches);
    tcase_add_test(tests, unknown_tensors_are_refused);
    tcase_add_loop_test(tests, version_1_stays_readable, 0, sizeof version_1 / sizeof *version_1);
    tcase_add_test(tests, null_is_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
