/* SPDX-License-Identifier: MIT */
/* Several fields as one: means, and checkpoints of all of them. */
#include <stdio.h>
#include <stdlib.h>

#include "checkpoint_fields.h"
#include "forged.h"
#include "tiny.h"

#define NUM_FIELDS 3
#define SAMPLES 70
#define OUTPUTS 3
#define GRID (9 * 7)

/* Fields of other policies and encodings, of which one is normalized, and another one of other sizes. */
struct scene {
    sape_field *fields[NUM_FIELDS], *other;
    float *x;
};

static struct scene open_scene(void) {
    static const size_t kinds[NUM_FIELDS] = {5, 8, 9};
    static const double center[] = {0.1, -0.2}, scale[] = {1.5, 2.0}, mean[] = {3.0, 0.0, -1.0},
                        deviation[] = {0.5, 1.0, 2.0};
    struct scene scene = {.other = make_field(&architectures[4], 1)};
    for (size_t i = 0; i < NUM_FIELDS; i++) {
        scene.fields[i] = make_field(&architectures[kinds[i]], i + 1);
        advance(scene.fields[i], 9);
    }
    CHECK_OK(sape_field_set_normalization(scene.fields[1], center, scale, mean, deviation));
    scene.x = new_random_array(5, SAMPLES * 2, -1.0f, 1.0f);
    return scene;
}

static void close_scene(struct scene *scene) {
    for (size_t i = 0; i < NUM_FIELDS; i++) sape_field_free(scene->fields[i]);
    sape_field_free(scene->other);
    free(scene->x);
}

static sape_safetensors *all_of(const struct scene *scene) {
    sape_safetensors *all;
    CHECK_OK(sape_ensemble_checkpoint(NUM_FIELDS, scene->fields, &all));
    return all;
}

typedef sape_status (*answer_fn)(const sape_field *field, const float *x, float *values);

static sape_status outputs_of(const sape_field *field, const float *x, float *values) {
    return sape_field_predict(field, SAMPLES, x, values);
}

static sape_status derivatives_of(const sape_field *field, const float *x, float *values) {
    return sape_field_jacobian(field, SAMPLES, x, NULL, values);
}

static const size_t grid_size[] = {9, 7};
static const float grid_low[] = {-1.0f, 0.5f}, grid_high[] = {0.25f, -0.75f};

static sape_status grid_of(const sape_field *field, const float *x, float *values) {
    (void)x;
    return sape_field_predict_grid(field, grid_size, grid_low, grid_high, values);
}

/* The values are the mean of the first fields' answers, added in their order. */
static void expect_mean(const struct scene *scene, size_t num_fields, answer_fn answer, size_t count,
                        const float *values) {
    float *sum = new_array(count), *own = new_array(count);
    CHECK_OK(answer(scene->fields[0], scene->x, sum));
    for (size_t k = 1; k < num_fields; k++) {
        CHECK_OK(answer(scene->fields[k], scene->x, own));
        for (size_t i = 0; i < count; i++) sum[i] += own[i];
    }
    for (size_t i = 0; i < count; i++) sum[i] /= (float)num_fields;
    ck_assert_int_eq(memcmp(values, sum, count * sizeof *values), 0);
    free(sum);
    free(own);
}

/* Of one field they are that field's, to the bit. */
START_TEST(means_are_the_fields_means) {
    struct scene scene = open_scene();
    float outputs[SAMPLES * OUTPUTS], grid[GRID * OUTPUTS], derivatives[2 * SAMPLES * OUTPUTS];
    const size_t n = (size_t)_i;
    CHECK_OK(sape_ensemble_predict(n, scene.fields, SAMPLES, scene.x, outputs));
    expect_mean(&scene, n, outputs_of, SAMPLES * OUTPUTS, outputs);
    CHECK_OK(sape_ensemble_predict_grid(n, scene.fields, grid_size, grid_low, grid_high, grid));
    expect_mean(&scene, n, grid_of, GRID * OUTPUTS, grid);
    CHECK_OK(sape_ensemble_jacobian(n, scene.fields, SAMPLES, scene.x, NULL, derivatives));
    expect_mean(&scene, n, derivatives_of, 2 * SAMPLES * OUTPUTS, derivatives);
    memset(outputs, 0, sizeof outputs);
    memset(derivatives, 0, sizeof derivatives);
    CHECK_OK(sape_ensemble_jacobian(n, scene.fields, SAMPLES, scene.x, outputs, derivatives));
    expect_mean(&scene, n, derivatives_of, 2 * SAMPLES * OUTPUTS, derivatives);
    float predicted[SAMPLES * OUTPUTS];
    CHECK_OK(sape_ensemble_predict(n, scene.fields, SAMPLES, scene.x, predicted));
    ck_assert_double_lt(largest_difference(SAMPLES * OUTPUTS, outputs, predicted), 1e-5);
    CHECK_OK(sape_ensemble_predict(n, scene.fields, 0, NULL, NULL));
    CHECK_OK(sape_ensemble_jacobian(n, scene.fields, 0, NULL, NULL, NULL));
    close_scene(&scene);
}
END_TEST

START_TEST(what_is_no_ensemble_is_refused) {
    struct scene scene = open_scene();
    sape_field *fields[] = {scene.fields[0], scene.fields[1], NULL};
    float *x = scene.x, values[2 * OUTPUTS];
    sape_safetensors *made = NULL;
    EXPECT_ERROR(sape_ensemble_predict(0, fields, 1, x, values), SAPE_ERROR_ARGUMENT, "num_fields is 0", "1 to 256");
    EXPECT_ERROR(sape_ensemble_predict(257, fields, 1, x, values), SAPE_ERROR_ARGUMENT, "num_fields is 257", "256");
    EXPECT_ERROR(sape_ensemble_predict(2, NULL, 1, x, values), SAPE_ERROR_ARGUMENT, "fields is NULL", "predict");
    EXPECT_ERROR(sape_ensemble_predict(3, fields, 1, x, values), SAPE_ERROR_ARGUMENT, "fields[2] is NULL", "predict");
    EXPECT_ERROR(sape_ensemble_predict(2, fields, 1, NULL, values), SAPE_ERROR_ARGUMENT,
                 "sape_ensemble_predict: ", "x is NULL");
    EXPECT_ERROR(sape_ensemble_predict(2, fields, 1, x, NULL), SAPE_ERROR_ARGUMENT, "outputs is NULL", "predict");
    EXPECT_ERROR(sape_ensemble_predict(2, fields, SIZE_MAX, x, values), SAPE_ERROR_MEMORY, "n is", "memory");
    EXPECT_ERROR(sape_ensemble_predict_grid(2, fields, NULL, x, x, values), SAPE_ERROR_ARGUMENT, "size is NULL", "");
    EXPECT_ERROR(sape_ensemble_predict_grid(2, fields, grid_size, x, NULL, values), SAPE_ERROR_ARGUMENT, "high",
                 "NULL");
    EXPECT_ERROR(sape_ensemble_jacobian(2, fields, 1, x, values, NULL), SAPE_ERROR_ARGUMENT, "jacobian is NULL", "");
    EXPECT_ERROR(sape_ensemble_checkpoint(2, fields, NULL), SAPE_ERROR_ARGUMENT, "out is NULL", "checkpoint");
    EXPECT_ERROR(sape_ensemble_save(2, fields, NULL), SAPE_ERROR_ARGUMENT, "path is NULL", "save");
    fields[2] = scene.other;
    EXPECT_ERROR(sape_ensemble_predict(3, fields, 1, x, values), SAPE_ERROR_SHAPE, "fields[2] has domain_dim 1",
                 "fields[0] has 2");
    EXPECT_ERROR(sape_ensemble_checkpoint(3, fields, &made), SAPE_ERROR_SHAPE, "fields[2]", "domain_dim");
    EXPECT_ERROR(sape_ensemble_save(3, fields, "never"), SAPE_ERROR_SHAPE, "fields[2]", "domain_dim");
    ck_assert_ptr_null(made);
    close_scene(&scene);
}
END_TEST

START_TEST(fields_of_other_outputs_are_refused) {
    sape_network_params network;
    sape_field *fields[2];
    float outputs[6];
    const float x[] = {0.1f, 0.2f};
    sape_network_params_init(&network, sizeof network);
    for (size_t i = 0; i < 2; i++) {
        network.output_dim = 1 + 2 * i;
        network.hidden_dim = 4;
        CHECK_OK(sape_field_create(NULL, NULL, &network, &fields[i]));
    }
    EXPECT_ERROR(sape_ensemble_predict(2, fields, 1, x, outputs), SAPE_ERROR_SHAPE, "fields[1] has output_dim 3",
                 "fields[0] has 1");
    sape_safetensors *checkpoints[] = {checkpoint_of(fields[0]), checkpoint_of(fields[1])}, *made;
    EXPECT_ERROR(sape_ensemble_join(2, checkpoints, &made), SAPE_ERROR_SHAPE, "output_dim of checkpoints[1] is 3",
                 "checkpoints[0] 1");
    ck_assert_ptr_null(made);
    for (size_t i = 0; i < 2; i++) {
        sape_safetensors_free(checkpoints[i]);
        sape_field_free(fields[i]);
    }
}
END_TEST

static void expect_fields(const struct scene *scene, size_t num_fields, sape_field *const *fields) {
    for (size_t i = 0; i < num_fields; i++) {
        sape_safetensors *own = checkpoint_of(scene->fields[i]);
        expect_state(fields[i], own);
        expect_same_outputs(fields[i], scene->fields[i]);
        sape_safetensors_free(own);
    }
}

static void free_all(size_t num_fields, sape_field **fields) {
    for (size_t i = 0; i < num_fields; i++) sape_field_free(fields[i]);
}

/* Through memory and through a file. */
START_TEST(ensembles_survive) {
    struct scene scene = open_scene();
    const size_t n = (size_t)_i;
    sape_field *fields[5];
    size_t count;
    sape_safetensors *all, *opened;
    CHECK_OK(sape_ensemble_checkpoint(n, scene.fields, &all));
    CHECK_OK(sape_ensemble_count(all, &count));
    ck_assert_uint_eq(count, n);
    memset(fields, 1, sizeof fields);
    CHECK_OK(sape_ensemble_from_checkpoint(all, 5, fields, &count));
    ck_assert_uint_eq(count, n);
    for (size_t i = n; i < 5; i++) ck_assert_ptr_null(fields[i]);
    expect_fields(&scene, n, fields);
    free_all(n, fields);
    CHECK_OK(sape_ensemble_save(n, scene.fields, "ensemble.safetensors"));
    CHECK_OK(sape_safetensors_open("ensemble.safetensors", &opened));
    expect_same_bytes(all, opened);
    CHECK_OK(sape_ensemble_load("ensemble.safetensors", n, fields, &count));
    ck_assert_uint_eq(count, n);
    expect_fields(&scene, n, fields);
    free_all(n, fields);
    ck_assert_int_eq(remove("ensemble.safetensors"), 0);
    sape_safetensors_free(opened);
    sape_safetensors_free(all);
    close_scene(&scene);
}
END_TEST

START_TEST(one_field_is_its_own_checkpoint) {
    struct scene scene = open_scene();
    sape_safetensors *own = checkpoint_of(scene.fields[0]), *made;
    CHECK_OK(sape_ensemble_checkpoint(1, scene.fields, &made));
    expect_same_bytes(made, own);
    sape_safetensors_free(made);
    CHECK_OK(sape_ensemble_join(1, &own, &made));
    expect_same_bytes(made, own);
    sape_safetensors_free(made);
    CHECK_OK(sape_ensemble_member(own, 0, &made));
    expect_same_bytes(made, own);
    sape_safetensors_free(made);
    sape_safetensors_free(own);
    close_scene(&scene);
}
END_TEST

/* Names with their numbers, and both directions to the same bytes; more than ten, for numbers of two digits. */
START_TEST(checkpoints_join_and_part) {
    enum { MANY = 12 };
    sape_safetensors *parts[MANY], *all, *member;
    const char *const key = "note";
    size_t count;
    for (size_t i = 0; i < MANY; i++) {
        sape_field *field = tiny_field((sape_policy)(i % 4), SAPE_ENCODING_FOURIER);
        sape_trainer *trainer = tiny_trainer(field, SAPE_OPTIMIZER_ADAM);
        const char *const text = i % 2 == 0 ? "even" : "odd";
        sape_safetensors *plain;
        CHECK_OK(sape_trainer_run(trainer, i, NULL, NULL, NULL));
        CHECK_OK(sape_trainer_checkpoint(trainer, &plain));
        CHECK_OK(sape_safetensors_annotate(plain, 1, &key, &text, &parts[i]));
        sape_safetensors_free(plain);
        sape_trainer_free(trainer);
        sape_field_free(field);
    }
    CHECK_OK(sape_ensemble_join(MANY, parts, &all));
    ck_assert_str_eq(sape_safetensors_metadata(all, "11.note"), "odd");
    ck_assert_str_eq(sape_safetensors_metadata(all, "sape.fields"), "12");
    sape_tensor_info info = {.struct_size = sizeof info};
    CHECK_OK(sape_safetensors_find(all, "10.model.model.model.0.weight", &info));
    CHECK_OK(sape_ensemble_count(all, &count));
    ck_assert_uint_eq(count, MANY);
    for (size_t i = 0; i < MANY; i++) {
        CHECK_OK(sape_ensemble_member(all, i, &member));
        expect_same_bytes(member, parts[i]);
        sape_safetensors_free(member);
        sape_safetensors_free(parts[i]);
    }
    EXPECT_ERROR(sape_ensemble_member(all, MANY, &member), SAPE_ERROR_ARGUMENT, "index is 12", "12 fields");
    ck_assert_ptr_null(member);
    sape_safetensors_free(all);
}
END_TEST

START_TEST(joining_refuses) {
    struct scene scene = open_scene();
    sape_safetensors *parts[] = {checkpoint_of(scene.fields[0]), all_of(&scene), NULL}, *made;
    EXPECT_ERROR(sape_ensemble_join(2, parts, &made), SAPE_ERROR_SHAPE, "checkpoints[1] has 3 fields", "must have 1");
    EXPECT_ERROR(sape_ensemble_join(0, parts, &made), SAPE_ERROR_ARGUMENT, "count is 0", "1 to 256");
    EXPECT_ERROR(sape_ensemble_join(257, parts, &made), SAPE_ERROR_ARGUMENT, "count is 257", "1 to 256");
    EXPECT_ERROR(sape_ensemble_join(1, NULL, &made), SAPE_ERROR_ARGUMENT, "checkpoints is NULL", "join");
    EXPECT_ERROR(sape_ensemble_join(1, parts, NULL), SAPE_ERROR_ARGUMENT, "out is NULL", "join");
    EXPECT_ERROR(sape_ensemble_join(1, parts + 2, &made), SAPE_ERROR_ARGUMENT, "checkpoints[0] is NULL", "join");
    ck_assert_ptr_null(made);
    const char *const key = "note";
    char *const text = malloc((size_t)9 << 20);
    ck_assert_ptr_nonnull(text);
    memset(text, 'a', ((size_t)9 << 20) - 1);
    text[((size_t)9 << 20) - 1] = '\0';
    CHECK_OK(sape_safetensors_annotate(parts[0], 1, &key, (const char *const *)&text, &made));
    sape_safetensors *const long_ones[] = {made, made};
    sape_safetensors *joined;
    EXPECT_ERROR(sape_ensemble_join(2, long_ones, &joined), SAPE_ERROR_ARGUMENT, "longer than a header", "join");
    ck_assert_ptr_null(joined);
    free(text);
    sape_safetensors_free(made);
    sape_safetensors_free(parts[0]);
    sape_safetensors_free(parts[1]);
    close_scene(&scene);
}
END_TEST

/* Calls for one field or trainer say what the checkpoint is, and change nothing. */
START_TEST(single_calls_refuse_several) {
    struct scene scene = open_scene();
    sape_safetensors *all = all_of(&scene), *own = checkpoint_of(scene.fields[0]);
    sape_field *field = NULL, *tiny = tiny_field(SAPE_POLICY_SPATIAL, SAPE_ENCODING_FOURIER);
    sape_trainer *trainer = tiny_trainer(tiny, SAPE_OPTIMIZER_ADAM);
    EXPECT_ERROR(sape_field_from_checkpoint(all, &field), SAPE_ERROR_SHAPE, "3 fields", "sape/ensemble.h");
    CHECK_OK(sape_ensemble_save(NUM_FIELDS, scene.fields, "several.safetensors"));
    EXPECT_ERROR(sape_field_load("several.safetensors", &field), SAPE_ERROR_SHAPE, "3 fields", "sape/ensemble.h");
    EXPECT_ERROR(sape_field_restore(scene.fields[0], all), SAPE_ERROR_SHAPE, "3 fields", "sape/ensemble.h");
    EXPECT_ERROR(sape_trainer_restore(trainer, all), SAPE_ERROR_SHAPE, "3 fields", "sape/ensemble.h");
    EXPECT_ERROR(sape_trainer_resume(trainer, "several.safetensors"), SAPE_ERROR_SHAPE, "3 fields", "sape/ensemble.h");
    ck_assert_ptr_null(field);
    expect_state(scene.fields[0], own);
    ck_assert_int_eq(remove("several.safetensors"), 0);
    sape_trainer_free(trainer);
    sape_field_free(tiny);
    sape_safetensors_free(own);
    sape_safetensors_free(all);
    close_scene(&scene);
}
END_TEST

/* No reader takes it; the message holds both texts. */
static void expect_refused(const sape_safetensors *checkpoint, sape_status expected, const char *text1,
                           const char *text2) {
    sape_field *fields[4] = {NULL};
    sape_safetensors *member;
    size_t count = 7;
    EXPECT_ERROR(sape_ensemble_count(checkpoint, &count), expected, text1, text2);
    ck_assert_uint_eq(count, 0);
    EXPECT_ERROR(sape_ensemble_member(checkpoint, 0, &member), expected, text1, text2);
    ck_assert_ptr_null(member);
    count = 7;
    EXPECT_ERROR(sape_ensemble_from_checkpoint(checkpoint, 4, fields, &count), expected, text1, text2);
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(fields[0]);
}

static const struct {
    const char *key, *value;
    sape_status status;
    const char *text1, *text2;
} forgeries[] = {
    {"sape.fields", "0", SAPE_ERROR_FORMAT, "sape.fields is \"0\"", "2 to 256"},
    {"sape.fields", "1", SAPE_ERROR_FORMAT, "sape.fields is \"1\"", "2 to 256"},
    {"sape.fields", "257", SAPE_ERROR_FORMAT, "sape.fields is \"257\"", "2 to 256"},
    {"sape.fields", "18446744073709551615", SAPE_ERROR_FORMAT, "18446744073709551615", "2 to 256"},
    {"sape.fields", "-3", SAPE_ERROR_FORMAT, "sape.fields is \"-3\"", "2 to 256"},
    {"sape.fields", "3.0", SAPE_ERROR_FORMAT, "sape.fields is \"3.0\"", "2 to 256"},
    {"sape.fields", "", SAPE_ERROR_FORMAT, "sape.fields is \"\"", "2 to 256"},
    {"sape.fields", "4", SAPE_ERROR_FORMAT, "field 3 of the checkpoint's 4", "missing"},
    {"sape.fields", "256", SAPE_ERROR_FORMAT, "field 3 of the checkpoint's 256", "missing"},
    {"sape.fields", "2", SAPE_ERROR_FORMAT, "tensor \"2.", "none of the checkpoint's 2 fields"},
    {"sape.version", "9", SAPE_ERROR_VERSION, "version 9", "up to 1"},
    {"1.sape.encoder.domain_dim", "3", SAPE_ERROR_FORMAT, "domain_dim of field 1 is 3", "field 0 2"},
    {"2.sape.network.output_dim", "2", SAPE_ERROR_FORMAT, "output_dim of field 2 is 2", "field 0 3"},
};

START_TEST(forged_ensembles_are_refused) {
    struct scene scene = open_scene();
    sape_safetensors *all = all_of(&scene);
    sape_safetensors *forged = forged_entry(all, forgeries[_i].key, forgeries[_i].value);
    expect_refused(forged, forgeries[_i].status, forgeries[_i].text1, forgeries[_i].text2);
    sape_safetensors_free(forged);
    sape_safetensors_free(all);
    close_scene(&scene);
}
END_TEST

/* Names in the header, in place of which others are put, of the same length. */
static const struct {
    const char *from, *to, *text1, *text2;
} renamed[] = {
    {"\"1.sape.version\"", "\"1.sape.verzion\"", "field 1 of the checkpoint's 3", "missing"},
    {"\"0.sape.encoder.domain_dim\"", "\"0.sape.encoder.domain_dam\"", "domain_dim of field 0 is missing", "missing"},
    {"\"2.sape.network.output_dim\"", "\"2.sape.network.output_dam\"", "output_dim of field 2 is missing", "field 0 3"},
    {"\"0.model.model.model.0.bias\"", "\"3.model.model.model.0.bias\"", "tensor \"3.model", "3 fields"},
    {"\"0.model.model.model.0.bias\"", "\"00model.model.model.0.bias\"", "tensor \"00model", "3 fields"},
    {"\"0.model.model.model.0.bias\"", "\"a.model.model.model.0.bias\"", "tensor \"a.model", "3 fields"},
    {"\"0.model.model.model.0.bias\"", "\".0model.model.model.0.bias\"", "tensor \".0model", "3 fields"},
    {"\"0.model.model.model.0.bias\"", "\"01.odel.model.model.0.bias\"", "tensor \"01.odel", "3 fields"},
    {"\"0.model.model.model.0.bias\"", "\"99999999999999999999999999\"", "tensor \"9999", "3 fields"},
};

static sape_safetensors *with_name(const sape_safetensors *file, const char *from, const char *to) {
    size_t size;
    const void *bytes = sape_safetensors_bytes(file, &size);
    char *copy = malloc(size);
    sape_safetensors *made;
    ck_assert_ptr_nonnull(copy);
    ck_assert_uint_eq(strlen(from), strlen(to));
    memcpy(copy, bytes, size);
    char *at = memmem(copy, size, from, strlen(from));
    ck_assert_msg(at != NULL, "no %s", from);
    memcpy(at, to, strlen(to));
    CHECK_OK(sape_safetensors_parse(copy, size, &made));
    free(copy);
    return made;
}

START_TEST(damaged_ensembles_are_refused) {
    struct scene scene = open_scene();
    sape_safetensors *all = all_of(&scene), *damaged = with_name(all, renamed[_i].from, renamed[_i].to);
    expect_refused(damaged, SAPE_ERROR_FORMAT, renamed[_i].text1, renamed[_i].text2);
    sape_safetensors_free(damaged);
    sape_safetensors_free(all);
    close_scene(&scene);
}
END_TEST

/* A member that is wrong in itself is refused when it is made; those before it are not left behind. */
START_TEST(wrong_members_are_refused) {
    struct scene scene = open_scene();
    sape_safetensors *all = all_of(&scene);
    sape_safetensors *newer = forged_entry(all, "1.sape.version", "2");
    sape_safetensors *wrong = forged_entry(all, "2.sape.encoder.num_frequencies", "6000000");
    sape_safetensors *missing = with_name(all, "\"1.model.model.model.0.bias\"", "\"1.model.model.model.0.bios\"");
    sape_field *fields[3];
    size_t count;
    EXPECT_ERROR(sape_ensemble_from_checkpoint(newer, 3, fields, &count), SAPE_ERROR_VERSION, "version 2", "up to 1");
    ck_assert_ptr_null(fields[0]);
    EXPECT_ERROR(sape_ensemble_from_checkpoint(wrong, 3, fields, &count), SAPE_ERROR_FORMAT, "at least",
                 "sape_ensemble_from_checkpoint");
    ck_assert_ptr_null(fields[0]);
    ck_assert_ptr_null(fields[1]);
    EXPECT_ERROR(sape_ensemble_from_checkpoint(missing, 3, fields, &count), SAPE_ERROR_NOT_FOUND, "0.bias", "");
    ck_assert_uint_eq(count, 0);
    sape_safetensors_free(newer);
    sape_safetensors_free(wrong);
    sape_safetensors_free(missing);
    sape_safetensors_free(all);
    close_scene(&scene);
}
END_TEST

START_TEST(reading_refuses) {
    struct scene scene = open_scene();
    sape_safetensors *all = all_of(&scene), *made;
    sape_field *fields[2] = {scene.fields[0], scene.fields[1]};
    size_t count;
    EXPECT_ERROR(sape_ensemble_from_checkpoint(all, 2, fields, &count), SAPE_ERROR_SHAPE, "capacity is 2", "3 fields");
    ck_assert_ptr_null(fields[0]);
    ck_assert_uint_eq(count, 0);
    EXPECT_ERROR(sape_ensemble_from_checkpoint(NULL, 2, fields, &count), SAPE_ERROR_ARGUMENT, "checkpoint is NULL", "");
    EXPECT_ERROR(sape_ensemble_from_checkpoint(all, 2, NULL, &count), SAPE_ERROR_ARGUMENT, "fields is NULL", "");
    EXPECT_ERROR(sape_ensemble_from_checkpoint(all, 2, fields, NULL), SAPE_ERROR_ARGUMENT, "num_fields is NULL", "");
    EXPECT_ERROR(sape_ensemble_load(NULL, 2, fields, &count), SAPE_ERROR_ARGUMENT, "path is NULL", "load");
    EXPECT_ERROR(sape_ensemble_load("no such file", 2, fields, &count), SAPE_ERROR_FILE, "no such file", "load");
    EXPECT_ERROR(sape_ensemble_count(NULL, &count), SAPE_ERROR_ARGUMENT, "checkpoint is NULL", "count");
    EXPECT_ERROR(sape_ensemble_count(all, NULL), SAPE_ERROR_ARGUMENT, "num_fields is NULL", "count");
    EXPECT_ERROR(sape_ensemble_member(NULL, 0, &made), SAPE_ERROR_ARGUMENT, "checkpoint is NULL", "member");
    EXPECT_ERROR(sape_ensemble_member(all, 0, NULL), SAPE_ERROR_ARGUMENT, "out is NULL", "member");
    CHECK_OK(sape_safetensors_parse("\2\0\0\0\0\0\0\0{}", 10, &made));
    expect_refused(made, SAPE_ERROR_NOT_FOUND, "no libsape metadata", "");
    sape_safetensors_free(made);
    sape_safetensors_free(all);
    close_scene(&scene);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("ensemble");
    TCase *tests = tcase_create("ensemble");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, means_are_the_fields_means, 1, NUM_FIELDS + 1);
    tcase_add_test(tests, what_is_no_ensemble_is_refused);
    tcase_add_test(tests, fields_of_other_outputs_are_refused);
    tcase_add_loop_test(tests, ensembles_survive, 1, NUM_FIELDS + 1);
    tcase_add_test(tests, one_field_is_its_own_checkpoint);
    tcase_add_test(tests, checkpoints_join_and_part);
    tcase_add_test(tests, joining_refuses);
    tcase_add_test(tests, single_calls_refuse_several);
    tcase_add_loop_test(tests, forged_ensembles_are_refused, 0, sizeof forgeries / sizeof *forgeries);
    tcase_add_loop_test(tests, damaged_ensembles_are_refused, 0, sizeof renamed / sizeof *renamed);
    tcase_add_test(tests, wrong_members_are_refused);
    tcase_add_test(tests, reading_refuses);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
