/* SPDX-License-Identifier: MIT */
/* The public calls, and what all parts of a checkpoint share. */
#include "checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "call.h"
#include "error.h"
#include "memory.h"
#include "number_text.h"
#include "safetensors.h"

#define FORMAT_VERSION 1
#define VERSION_KEY "sape.version"

float *sape_checkpoint_add_floats(sape_safetensors_writer *writer, const char *name, size_t count) {
    float *values = SAPE_NEW_ARRAY(float, count);
    if (values == NULL || sape_safetensors_writer_keep(writer, values) != SAPE_OK) return NULL;
    return sape_safetensors_writer_add(writer, name, SAPE_DTYPE_F32, 1, &count, values) == SAPE_OK ? values : NULL;
}

sape_status sape_checkpoint_has_metadata(const char *function, const sape_safetensors *file, bool *has) {
    const char *text = sape_safetensors_metadata(file, VERSION_KEY);
    uint64_t version;
    *has = text != NULL;
    if (text == NULL) return SAPE_OK;
    if (!sape_integer_from_text(text, &version) || version == 0)
        return sape_fail(SAPE_ERROR_FORMAT, function, "the metadata's " VERSION_KEY " is \"%s\"", text);
    if (version > FORMAT_VERSION)
        return sape_fail(SAPE_ERROR_VERSION, function,
                         "the checkpoint is of version %" PRIu64 ", this library reads those up to %d", version,
                         FORMAT_VERSION);
    return SAPE_OK;
}

/* A shape as Python writes it. */
static const char *shape_text(size_t rank, const size_t *shape, char *text, size_t size) {
    size_t length = 1;
    snprintf(text, size, "(");
    for (size_t i = 0; i < rank && length < size; i++)
        length += (size_t)snprintf(text + length, size - length, i == 0 ? "%zu" : ", %zu", shape[i]);
    if (length < size) snprintf(text + length, size - length, ")");
    return text;
}

sape_status sape_checkpoint_expect(const char *function, const sape_safetensors *file, const char *name, size_t rank,
                                   const size_t *shape) {
    char stored[80], wanted[80];
    sape_tensor_info info = {.struct_size = sizeof info};
    if (sape_safetensors_find(file, name, &info) != SAPE_OK)
        return sape_fail(SAPE_ERROR_NOT_FOUND, function, "the checkpoint has no tensor called \"%s\"", name);
    if (info.rank == rank && memcmp(info.shape, shape, rank * sizeof *shape) == 0) return SAPE_OK;
    return sape_fail(SAPE_ERROR_SHAPE, function, "%s has shape %s in the checkpoint, but %s here", name,
                     shape_text(info.rank, info.shape, stored, sizeof stored),
                     shape_text(rank, shape, wanted, sizeof wanted));
}

sape_status sape_checkpoint_read_row(const char *function, const sape_safetensors *file, const char *name,
                                     float *values, size_t count) {
    SAPE_TRY(sape_checkpoint_expect(function, file, name, 1, &count));
    return sape_safetensors_read(file, name, values, count);
}

typedef sape_status (*add_fn)(const char *function, const void *handle, sape_safetensors_writer *writer);

static sape_status add_field(const char *function, const void *handle, sape_safetensors_writer *writer) {
    return sape_checkpoint_add_field(function, handle, writer);
}

static sape_status add_trainer(const char *function, const void *handle, sape_safetensors_writer *writer) {
    return sape_checkpoint_add_trainer(function, handle, writer);
}

static sape_status write_bytes(const char *function, add_fn add, const void *handle, struct sape_buffer *buffer) {
    char version[SAPE_NUMBER_TEXT];
    sape_safetensors_writer *writer;
    SAPE_TRY(sape_safetensors_writer_create(function, &writer));
    sape_integer_to_text(FORMAT_VERSION, version);
    sape_status status = sape_safetensors_writer_add_metadata(writer, VERSION_KEY, version);
    if (status == SAPE_OK) status = add(function, handle, writer);
    if (status == SAPE_OK) status = sape_safetensors_writer_write(writer, sape_buffer_append, buffer);
    sape_safetensors_writer_free(writer);
    return status;
}

static sape_status make(const char *function, add_fn add, const void *handle, sape_safetensors **out) {
    struct sape_buffer buffer = {.function = function};
    sape_status status = write_bytes(function, add, handle, &buffer);
    if (status == SAPE_OK) status = sape_contents_parse(function, buffer.bytes, buffer.size, out);
    sape_buffer_clear(&buffer);
    return status;
}

static sape_status save(const char *function, add_fn add, const void *handle, const char *path) {
    sape_safetensors *checkpoint;
    SAPE_TRY(make(function, add, handle, &checkpoint));
    const sape_status status = sape_contents_save(function, checkpoint, path);
    sape_safetensors_free(checkpoint);
    return status;
}

sape_status sape_field_checkpoint(const sape_field *field, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(field);
    return make(__func__, add_field, field, out);
}

sape_status sape_field_save(const sape_field *field, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(path);
    return save(__func__, add_field, field, path);
}

sape_status sape_field_from_checkpoint(const sape_safetensors *checkpoint, sape_field **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(checkpoint);
    return sape_checkpoint_make_field(__func__, checkpoint, out);
}

sape_status sape_field_load(const char *path, sape_field **out) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(path);
    sape_safetensors *checkpoint;
    SAPE_TRY(sape_contents_open(__func__, path, &checkpoint));
    const sape_status status = sape_checkpoint_make_field(__func__, checkpoint, out);
    sape_safetensors_free(checkpoint);
    return status;
}

sape_status sape_field_restore(sape_field *field, const sape_safetensors *checkpoint) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(field);
    SAPE_REQUIRE_POINTER(checkpoint);
    return sape_checkpoint_restore_field(__func__, checkpoint, field);
}

sape_status sape_trainer_checkpoint(const sape_trainer *trainer, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(trainer);
    return make(__func__, add_trainer, trainer, out);
}

sape_status sape_trainer_save(const sape_trainer *trainer, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(path);
    return save(__func__, add_trainer, trainer, path);
}

sape_status sape_trainer_restore(sape_trainer *trainer, const sape_safetensors *checkpoint) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(checkpoint);
    return sape_checkpoint_restore_trainer(__func__, checkpoint, trainer);
}

sape_status sape_trainer_resume(sape_trainer *trainer, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(trainer);
    SAPE_REQUIRE_POINTER(path);
    sape_safetensors *checkpoint;
    SAPE_TRY(sape_contents_open(__func__, path, &checkpoint));
    const sape_status status = sape_checkpoint_restore_trainer(__func__, checkpoint, trainer);
    sape_safetensors_free(checkpoint);
    return status;
}
