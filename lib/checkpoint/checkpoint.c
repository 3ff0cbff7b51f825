/* SPDX-License-Identifier: MIT */
/* The public calls. What a checkpoint consists of, each module lists itself: see state/state.h. */
#include <sape/checkpoint.h>

#include "base/call.h"
#include "base/error.h"
#include "field/state.h"
#include "files/atomic_file.h"
#include "files/safetensors.h"
#include "state/file.h"
#include "train/trainer.h"

static sape_status add_field(const void *handle, sape_safetensors_writer *writer) {
    return sape_field_write(handle, NULL, writer);
}

static sape_status add_trainer(const void *handle, sape_safetensors_writer *writer) {
    return sape_trainer_write(handle, writer);
}

static sape_status make(sape_file_add_fn add, const void *handle, sape_safetensors **out) {
    struct sape_buffer buffer = {0};
    sape_status status = sape_file_write(add, handle, sape_buffer_append, &buffer);
    if (status == SAPE_OK) status = sape_contents_parse(buffer.bytes, buffer.size, out);
    sape_buffer_clear(&buffer);
    return status;
}

/* Straight to the file, which replaces an old one only when all of it is there. */
static sape_status save(sape_file_add_fn add, const void *handle, const char *path) {
    struct sape_atomic_file file;
    sape_status status = sape_atomic_file_begin(path, &file);
    if (status == SAPE_OK) status = sape_file_write(add, handle, sape_atomic_file_write, &file);
    if (status == SAPE_OK) status = sape_atomic_file_commit(&file);
    sape_atomic_file_end(&file);
    return status;
}

sape_status sape_field_checkpoint(const sape_field *field, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(field);
    return make(add_field, field, out);
}

sape_status sape_field_save(const sape_field *field, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(path);
    return save(add_field, field, path);
}

sape_status sape_field_from_checkpoint(const sape_safetensors *checkpoint, sape_field **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(checkpoint);
    return sape_field_from_file(checkpoint, out);
}

sape_status sape_field_load(const char *path, sape_field **out) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(path);
    sape_safetensors *checkpoint;
    SAPE_TRY(sape_contents_open(path, &checkpoint));
    const sape_status status = sape_field_from_file(checkpoint, out);
    sape_safetensors_free(checkpoint);
    return status;
}

sape_status sape_field_restore(sape_field *field, const sape_safetensors *checkpoint) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(checkpoint);
    return sape_field_read(checkpoint, field);
}

sape_status sape_trainer_checkpoint(const sape_trainer *trainer, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(trainer);
    return make(add_trainer, trainer, out);
}

sape_status sape_trainer_save(const sape_trainer *trainer, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(path);
    return save(add_trainer, trainer, path);
}

sape_status sape_trainer_restore(sape_trainer *trainer, const sape_safetensors *checkpoint) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(checkpoint);
    return sape_trainer_read(checkpoint, trainer);
}

sape_status sape_trainer_resume(sape_trainer *trainer, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(path);
    sape_safetensors *checkpoint;
    SAPE_TRY(sape_contents_open(path, &checkpoint));
    const sape_status status = sape_trainer_read(checkpoint, trainer);
    sape_safetensors_free(checkpoint);
    return status;
}
