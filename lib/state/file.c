/* SPDX-License-Identifier: MIT */
#include "state/file.h"

#include <inttypes.h>

#include "base/error.h"
#include "files/number_text.h"

#define FORMAT_VERSION 1

sape_status sape_file_check_version(const sape_safetensors *file, bool *has) {
    const char *text = sape_safetensors_metadata(file, SAPE_VERSION_KEY);
    uint64_t version;
    *has = text != NULL;
    if (text == NULL) return SAPE_OK;
    if (!sape_integer_from_text(text, &version) || version == 0)
        return sape_fail(SAPE_ERROR_FORMAT, "the metadata's " SAPE_VERSION_KEY " is \"%s\"", text);
    if (version > FORMAT_VERSION)
        return sape_fail(SAPE_ERROR_VERSION,
                         "the checkpoint has version %" PRIu64 ", but this library reads versions up to %d", version,
                         FORMAT_VERSION);
    return SAPE_OK;
}

sape_status sape_file_has_metadata(const sape_safetensors *file, bool *has) {
    const char *several = sape_safetensors_metadata(file, SAPE_FIELDS_KEY);
    SAPE_TRY(sape_file_check_version(file, has));
    if (several == NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_SHAPE, "the checkpoint has %.20s fields; sape/ensemble.h reads it", several);
}

sape_status sape_file_add_version(sape_safetensors_writer *writer) {
    char version[SAPE_NUMBER_TEXT];
    sape_integer_to_text(FORMAT_VERSION, version);
    return sape_safetensors_writer_add_metadata(writer, SAPE_VERSION_KEY, version);
}

sape_status sape_file_write(sape_file_add_fn add, const void *handle, sape_byte_sink_fn sink, void *user) {
    sape_safetensors_writer *writer;
    SAPE_TRY(sape_safetensors_writer_create(&writer));
    sape_status status = add(handle, writer);
    if (status == SAPE_OK) status = sape_safetensors_writer_write(writer, sink, user);
    sape_safetensors_writer_free(writer);
    return status;
}
