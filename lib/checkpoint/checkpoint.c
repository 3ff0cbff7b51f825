/* SPDX-License-Identifier: MIT */
/* The public calls. What a checkpoint consists of, each module lists itself: see state/state.h. */
#include <sape/checkpoint.h>

#include "base/call.h"
#include "base/error.h"
#include "checkpoint/write.h"
#include "field/state.h"
#include "files/safetensors.h"
#include "train/trainer.h"

static sape_status add_field(const void *handle, sape_safetensors_writer *writer) {
    return sape_field_write(handle, NULL, writer);
}

static sape_status add_trainer(const void *handle, sape_safetensors_writer *writer) {
    return sape_trainer_write(handle, writer);
}

sape_status sape_field_checkpoint(const sape_field *field, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(field);
    return sape_checkpoint_make(add_field, field, out);
}

sape_status sape_field_save(const sape_field *field, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(path);
    return sape_checkpoint_save(add_field, field, path);
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
    return sape_checkpoint_make(add_trainer, trainer, out);
}

sape_status sape_trainer_save(const sape_trainer *trainer, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(path);
    return sape_checkpoint_save(add_trainer, trainer, path);
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
