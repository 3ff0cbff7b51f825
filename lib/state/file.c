/* SPDX-License-Identifier: MIT */
#include "state/file.h"

#include <inttypes.h>

#include "base/error.h"
#include "files/number_text.h"

#define FORMAT_VERSION 1
#define VERSION_KEY "sape.version"

sape_status sape_file_has_metadata(const sape_safetensors *file, bool *has) {
    const char *text = sape_safetensors_metadata(file, VERSION_KEY);
    uint64_t version;
    *has = text != NULL;
    if (text == NULL) return SAPE_OK;
    if (!sape_integer_from_text(text, &version) || version == 0)
        return sape_fail(SAPE_ERROR_FORMAT, "the metadata's " VERSION_KEY " is \"%s\"", text);
    if (version > FORMAT_VERSION)
        return sape_fail(SAPE_ERROR_VERSION,
                         "the checkpoint has version %" PRIu64 ", but this library reads versions up to %d", version,
                         FORMAT_VERSION);
    return SAPE_OK;
}

sape_status sape_file_write(sape_file_add_fn add, const void *handle, sape_byte_sink_fn sink, void *user) {
    char version[SAPE_NUMBER_TEXT];
    sape_safetensors_writer *writer;
    SAPE_TRY(sape_safetensors_writer_create(&writer));
    sape_integer_to_text(FORMAT_VERSION, version);
    sape_status status = sape_safetensors_writer_add_metadata(writer, VERSION_KEY, version);
    if (status == SAPE_OK) status = add(handle, writer);
    if (status == SAPE_OK) status = sape_safetensors_writer_write(writer, sink, user);
    sape_safetensors_writer_free(writer);
    return status;
}
