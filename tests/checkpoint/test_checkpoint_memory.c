/* SPDX-License-Identifier: MIT */
/* Every allocation of every checkpoint call is made to fail in turn: the call says so, and nothing has changed. */
#include <stdbool.h>

#include "support.h"
#include "tiny.h"

/* The linker puts __wrap_sape_alloc() in the place of the library's own. */
void *__real_sape_alloc(size_t count, size_t size);
void *__wrap_sape_alloc(size_t count, size_t size);

/* Requests to be met before one fails; negative for never. */
static long requests_left = -1;

void *__wrap_sape_alloc(size_t count, size_t size) {
    return requests_left >= 0 && requests_left-- == 0 ? NULL : __real_sape_alloc(count, size);
}

/* What the calls work on: a trainer that has trained, its checkpoint, and a fresh one to restore. */
struct scene {
    sape_field *field, *fresh_field;
    sape_trainer *trainer, *fresh_trainer;
    sape_safetensors *checkpoint, *both; /* both fields' */
};

static sape_status checkpoint_field(const struct scene *scene) {
    sape_safetensors *made;
    const sape_status status = sape_field_checkpoint(scene->field, &made);
    sape_safetensors_free(made);
    return status;
}

static sape_status checkpoint_trainer(const struct scene *scene) {
    sape_safetensors *made;
    const sape_status status = sape_trainer_checkpoint(scene->trainer, &made);
    sape_safetensors_free(made);
    return status;
}

static sape_status make_field(const struct scene *scene) {
    sape_field *made;
    const sape_status status = sape_field_from_checkpoint(scene->checkpoint, &made);
    sape_field_free(made);
    return status;
}

static sape_status restore_field(const struct scene *scene) {
    return sape_field_restore(scene->fresh_field, scene->checkpoint);
}

static sape_status restore_trainer(const struct scene *scene) {
    return sape_trainer_restore(scene->fresh_trainer, scene->checkpoint);
}

static sape_status checkpoint_ensemble(const struct scene *scene) {
    sape_field *const fields[] = {scene->field, scene->fresh_field};
    sape_safetensors *made;
    const sape_status status = sape_ensemble_checkpoint(2, fields, &made);
    sape_safetensors_free(made);
    return status;
}

static sape_status make_ensemble(const struct scene *scene) {
    sape_field *fields[2];
    size_t count;
    const sape_status status = sape_ensemble_from_checkpoint(scene->both, 2, fields, &count);
    for (size_t i = 0; i < 2; i++) {
        ck_assert((fields[i] == NULL) == (status != SAPE_OK));
        sape_field_free(fields[i]);
    }
    return status;
}

static sape_status join(const struct scene *scene) {
    sape_safetensors *const parts[] = {scene->checkpoint, scene->checkpoint};
    sape_safetensors *made;
    const sape_status status = sape_ensemble_join(2, parts, &made);
    ck_assert((made == NULL) == (status != SAPE_OK));
    sape_safetensors_free(made);
    return status;
}

static sape_status predict_ensemble(const struct scene *scene) {
    sape_field *const fields[] = {scene->field, scene->fresh_field};
    float outputs[TINY_SAMPLES];
    return sape_ensemble_predict(2, fields, TINY_SAMPLES, tiny_x, outputs);
}

static sape_status (*const calls[])(const struct scene *scene) = {
    checkpoint_field,    checkpoint_trainer, make_field, restore_field,   restore_trainer,
    checkpoint_ensemble, make_ensemble,      join,       predict_ensemble};
#define NUM_CALLS ((int)(sizeof calls / sizeof *calls))

static void open_scene(struct scene *scene, sape_policy policy) {
    scene->field = tiny_field(policy, SAPE_ENCODING_FOURIER);
    scene->fresh_field = tiny_field(policy, SAPE_ENCODING_FOURIER);
    scene->trainer = tiny_trainer(scene->field, SAPE_OPTIMIZER_ADAM);
    scene->fresh_trainer = tiny_trainer(scene->fresh_field, SAPE_OPTIMIZER_ADAM);
    CHECK_OK(sape_trainer_run(scene->trainer, 5, NULL, NULL, NULL));
    CHECK_OK(sape_trainer_checkpoint(scene->trainer, &scene->checkpoint));
    sape_field *const fields[] = {scene->field, scene->fresh_field};
    CHECK_OK(sape_ensemble_checkpoint(2, fields, &scene->both));
}

static void close_scene(struct scene *scene) {
    sape_safetensors_free(scene->checkpoint);
    sape_safetensors_free(scene->both);
    sape_trainer_free(scene->trainer);
    sape_trainer_free(scene->fresh_trainer);
    sape_field_free(scene->field);
    sape_field_free(scene->fresh_field);
}

static bool same_bytes(const sape_safetensors *a, const sape_safetensors *b) {
    size_t size, other_size;
    const void *bytes = sape_safetensors_bytes(a, &size), *other_bytes = sape_safetensors_bytes(b, &other_size);
    return size == other_size && memcmp(bytes, other_bytes, size) == 0;
}

START_TEST(a_failed_request_changes_nothing) {
    struct scene scene;
    sape_safetensors *before, *after;
    sape_status status = SAPE_ERROR_MEMORY;
    open_scene(&scene, (sape_policy)(_i / NUM_CALLS));
    CHECK_OK(sape_trainer_checkpoint(scene.fresh_trainer, &before));
    long requests = 0;
    for (; status != SAPE_OK; requests++) {
        requests_left = requests;
        status = calls[_i % NUM_CALLS](&scene);
        requests_left = -1;
        if (status == SAPE_OK) break;
        ck_assert_msg(status == SAPE_ERROR_MEMORY, "%s", sape_last_error());
        CHECK_OK(sape_trainer_checkpoint(scene.fresh_trainer, &after));
        ck_assert(same_bytes(before, after));
        sape_safetensors_free(after);
    }
    ck_assert_int_ge(requests, 5);
    sape_safetensors_free(before);
    close_scene(&scene);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("checkpoint_memory");
    TCase *tests = tcase_create("checkpoint_memory");
    tcase_add_loop_test(tests, a_failed_request_changes_nothing, 0, (SAPE_POLICY_SPATIAL_FIXED + 1) * NUM_CALLS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
