/* SPDX-License-Identifier: MIT */
/* Metadata of the caller's own in a file's contents. */
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "files/copy.h"

/* Entries with this prefix say what libsape restores: they are its own. */
#define OWN_PREFIX "sape."

static sape_status check_entries(size_t count, const char *const *keys, const char *const *values) {
    for (size_t i = 0; i < count; i++) {
        SAPE_REQUIRE(keys[i] != NULL && values[i] != NULL, "%s[%zu] is NULL", keys[i] == NULL ? "keys" : "values", i);
        SAPE_REQUIRE(strncmp(keys[i], OWN_PREFIX, strlen(OWN_PREFIX)) != 0,
                     "keys[%zu] is \"%.80s\": \"" OWN_PREFIX "\" is reserved", i, keys[i]);
        SAPE_REQUIRE(!sape_is_among(keys[i], i, keys), "keys[%zu] is \"%.80s\", which is a duplicate", i, keys[i]);
    }
    return SAPE_OK;
}

static sape_status write_bytes(const sape_safetensors *file, size_t count, const char *const *keys,
                               const char *const *values, struct sape_buffer *buffer) {
    sape_safetensors_writer *writer;
    SAPE_TRY(sape_safetensors_writer_create(&writer));
    sape_status status = sape_contents_copy(file, "", count, keys, writer);
    for (size_t i = 0; i < count && status == SAPE_OK; i++)
        status = sape_safetensors_writer_add_metadata(writer, keys[i], values[i]);
    if (status == SAPE_OK) status = sape_safetensors_writer_write(writer, sape_buffer_append, buffer);
    sape_safetensors_writer_free(writer);
    return status;
}

sape_status sape_safetensors_annotate(const sape_safetensors *file, size_t count, const char *const *keys,
                                      const char *const *values, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(file);
    SAPE_REQUIRE_POINTER(keys);
    SAPE_REQUIRE_POINTER(values);
    SAPE_TRY(check_entries(count, keys, values));
    struct sape_buffer buffer = {0};
    sape_status status = write_bytes(file, count, keys, values, &buffer);
    if (status == SAPE_OK) status = sape_contents_parse(buffer.bytes, buffer.size, out);
    sape_buffer_clear(&buffer);
    /* The file was in order before: what is not is an entry of the caller's. */
    SAPE_REQUIRE(status != SAPE_ERROR_FORMAT, "keys and values are not UTF-8, or longer than a header may be");
    return status;
}
