/* SPDX-License-Identifier: MIT */
#include "files/safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/call.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/params.h"
#include "base/tensor.h"
#include "files/atomic_file.h"
#include "files/byte_sink.h"
#include "files/descriptor.h"
#include "files/dtype.h"

/* Bytes of the header's length at the beginning of a file. */
#define PREFIX 8

/* Room for a hundred thousand tensors; it bounds what the JSON parser can be made to use, about 40 bytes a byte. */
#define MAX_HEADER ((size_t)16 << 20)

/* Bytes that a reading or writing callback sees at once. */
#define CHUNK ((size_t)1 << 16)

struct sape_safetensors {
    struct sape_safetensors_header header;
    /* The whole file, and in it the tensors' data. */
    unsigned char *bytes;
    size_t size;
    const unsigned char *data;
};

/* Where the bytes come from: a file, or memory when bytes is not NULL. */
struct source {
    const char *name;
    size_t size;
    const unsigned char *bytes;
    int descriptor;
};

static sape_status pull_from_file(const struct source *source, unsigned char *into, size_t size) {
    while (size > 0) {
        const ssize_t got = sape_read_some(source->descriptor, into, size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return sape_fail(SAPE_ERROR_FILE, "%s: cannot read: %s", source->name, strerror(errno));
        if (got == 0) return sape_fail(SAPE_ERROR_FILE, "%s: was truncated while being read", source->name);
        into += got;
        size -= (size_t)got;
    }
    return SAPE_OK;
}

/* Takes the next bytes, of which there are at least as many. */
static sape_status pull(struct source *source, void *into, size_t size) {
    if (source->bytes == NULL) return pull_from_file(source, into, size);
    memcpy(into, source->bytes, size);
    source->bytes += size;
    return SAPE_OK;
}

static sape_status load_prefix(struct source *source, unsigned char prefix[PREFIX], size_t *length) {
    if (source->size < PREFIX)
        return sape_fail(SAPE_ERROR_FORMAT, "%s: %zu bytes are too few for a safetensors file", source->name,
                         source->size);
    SAPE_TRY(pull(source, prefix, PREFIX));
    const uint64_t stored = sape_little_endian(prefix, PREFIX);
    const size_t rest = source->size - PREFIX;
    if (stored > rest || stored > MAX_HEADER)
        return sape_fail(SAPE_ERROR_FORMAT,
                         "%s: the header's length is %" PRIu64 ", %zu bytes follow and the most allowed is %zu",
                         source->name, stored, rest, MAX_HEADER);
    *length = (size_t)stored;
    return SAPE_OK;
}

/* The rest of the file, after its prefix and its header. */
static sape_status load_data(struct source *source, sape_safetensors *file, const unsigned char *prefix,
                             const char *text, size_t length) {
    const size_t begin = PREFIX + length;
    file->size = source->size;
    file->bytes = sape_alloc(file->size, 1);
    if (file->bytes == NULL)
        return sape_fail(SAPE_ERROR_MEMORY, "%s: no memory for %zu bytes", source->name, file->size);
    memcpy(file->bytes, prefix, PREFIX);
    memcpy(file->bytes + PREFIX, text, length);
    file->data = file->bytes + begin;
    return pull(source, file->bytes + begin, file->size - begin);
}

/* The header first, so that a file of another kind costs no memory for its data. */
static sape_status load_contents(struct source *source, sape_safetensors *file) {
    unsigned char prefix[PREFIX];
    size_t length = 0;
    SAPE_TRY(load_prefix(source, prefix, &length));
    char *text = sape_alloc(length + 1, 1);
    if (text == NULL) return sape_fail(SAPE_ERROR_MEMORY, "%s: no memory for the header", source->name);
    sape_status status = pull(source, text, length);
    if (status == SAPE_OK)
        status =
            sape_safetensors_header_parse(source->name, text, length, source->size - PREFIX - length, &file->header);
    if (status == SAPE_OK) status = load_data(source, file, prefix, text, length);
    sape_release(text);
    return status;
}

static sape_status load(struct source *source, sape_safetensors **out) {
    sape_safetensors *file = SAPE_NEW(sape_safetensors);
    if (file == NULL) return sape_fail(SAPE_ERROR_MEMORY, "%s: no memory", source->name);
    const sape_status status = load_contents(source, file);
    if (status == SAPE_OK)
        *out = file;
    else
        sape_safetensors_free(file);
    return status;
}

static sape_status open_regular(struct source *source) {
    source->descriptor = sape_open_file(source->name);
    if (source->descriptor < 0) return sape_fail(SAPE_ERROR_FILE, "%s: %s", source->name, strerror(errno));
    struct stat status;
    if (fstat(source->descriptor, &status) != 0)
        return sape_fail(SAPE_ERROR_FILE, "%s: %s", source->name, strerror(errno));
    if (!S_ISREG(status.st_mode)) return sape_fail(SAPE_ERROR_FILE, "%s: not a regular file", source->name);
    source->size = (size_t)status.st_size;
    if ((off_t)source->size != status.st_size)
        return sape_fail(SAPE_ERROR_MEMORY, "%s: too large for memory", source->name);
    return SAPE_OK;
}

sape_status sape_contents_open(const char *path, sape_safetensors **out) {
    struct source source = {.name = path, .descriptor = -1};
    sape_status status = open_regular(&source);
    if (status == SAPE_OK) status = load(&source, out);
    if (source.descriptor >= 0) close(source.descriptor);
    return status;
}

sape_status sape_contents_parse(const void *bytes, size_t size, sape_safetensors **out) {
    struct source source = {.name = "bytes", .size = size, .bytes = bytes, .descriptor = -1};
    return load(&source, out);
}

sape_status sape_contents_save(const sape_safetensors *file, const char *path) {
    struct sape_atomic_file target;
    sape_status status = sape_atomic_file_begin(path, &target);
    if (status == SAPE_OK) status = sape_atomic_file_write(&target, file->bytes, file->size);
    if (status == SAPE_OK) status = sape_atomic_file_commit(&target);
    sape_atomic_file_end(&target);
    return status;
}

sape_status sape_safetensors_open(const char *path, sape_safetensors **out) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(path);
    return sape_contents_open(path, out);
}

sape_status sape_safetensors_parse(const void *bytes, size_t size, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(bytes);
    return sape_contents_parse(bytes, size, out);
}

/* All that the callback gives, piece by piece. */
static sape_status collect(sape_read_fn read_fn, void *user, unsigned char *chunk, struct sape_buffer *buffer) {
    for (;;) {
        size_t got = 0;
        const char *name = sape_call_pause();
        const int result = read_fn(user, chunk, CHUNK, &got);
        sape_call_resume(name);
        if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, "read_fn returned %d", result);
        if (got > CHUNK)
            return sape_fail(SAPE_ERROR_CALLBACK, "read_fn gave %zu bytes, there is room for %zu", got, CHUNK);
        if (got == 0) return SAPE_OK;
        SAPE_TRY(sape_buffer_append(buffer, chunk, got));
    }
}

sape_status sape_safetensors_open_with(sape_read_fn read_fn, void *user, sape_safetensors **out) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(read_fn);
    struct sape_buffer buffer = {0};
    unsigned char *chunk = sape_alloc(CHUNK, 1);
    if (chunk == NULL) return sape_fail(SAPE_ERROR_MEMORY, "no memory for %zu bytes", CHUNK);
    sape_status status = collect(read_fn, user, chunk, &buffer);
    sape_release(chunk);
    if (status == SAPE_OK) status = sape_contents_parse(buffer.bytes, buffer.size, out);
    sape_buffer_clear(&buffer);
    return status;
}

sape_status sape_safetensors_save(const sape_safetensors *file, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(file);
    SAPE_REQUIRE_POINTER(path);
    return sape_contents_save(file, path);
}

sape_status sape_safetensors_save_with(const sape_safetensors *file, sape_write_fn write_fn, void *user) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_REQUIRE_POINTER(file);
    SAPE_REQUIRE_POINTER(write_fn);
    for (size_t at = 0; at < file->size; at += CHUNK) {
        const char *name = sape_call_pause();
        const int result = write_fn(user, file->bytes + at, file->size - at < CHUNK ? file->size - at : CHUNK);
        sape_call_resume(name);
        if (result != 0) return sape_fail(SAPE_ERROR_CALLBACK, "write_fn returned %d", result);
    }
    return SAPE_OK;
}

const void *sape_safetensors_bytes(const sape_safetensors *file, size_t *size) {
    if (size != NULL) *size = file == NULL ? 0 : file->size;
    return file == NULL ? NULL : file->bytes;
}

void sape_safetensors_free(sape_safetensors *file) {
    if (file == NULL) return;
    sape_safetensors_header_clear(&file->header);
    sape_release(file->bytes);
    sape_release(file);
}

size_t sape_safetensors_count(const sape_safetensors *file) {
    return file == NULL ? 0 : file->header.tensor_count;
}

static sape_status describe(const struct sape_stored_tensor *tensor, sape_tensor_info *info) {
    return sape_tensor_describe(info, tensor->name, tensor->dtype, tensor->rank, tensor->shape);
}

sape_status sape_safetensors_info(const sape_safetensors *file, size_t index, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(file);
    SAPE_TRY(sape_tensor_check_index(index, file->header.tensor_count, info));
    return describe(&file->header.tensors[index], info);
}

static sape_status find(const sape_safetensors *file, const char *name, const struct sape_stored_tensor **tensor) {
    if (file == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "file is NULL");
    if (name == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "name is NULL");
    *tensor = sape_safetensors_header_find(&file->header, name);
    if (*tensor != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_NOT_FOUND, "there is no tensor called \"%s\"", name);
}

sape_status sape_safetensors_find(const sape_safetensors *file, const char *name, sape_tensor_info *info) {
    SAPE_BEGIN_CALL();
    const struct sape_stored_tensor *tensor;
    SAPE_TRY(find(file, name, &tensor));
    SAPE_REQUIRE_POINTER(info);
    return describe(tensor, info);
}

const struct sape_safetensors_header *sape_contents_header(const sape_safetensors *file, const unsigned char **data) {
    *data = file->data;
    return &file->header;
}

const void *sape_contents_tensor(const sape_safetensors *file, const char *name, size_t *size) {
    const struct sape_stored_tensor *tensor = sape_safetensors_header_find(&file->header, name);
    if (tensor == NULL || tensor->dtype != SAPE_DTYPE_U8 || tensor->rank != 1) return NULL;
    *size = tensor->count;
    return file->data + tensor->begin;
}

/* Finds a tensor to be read into count values. */
static sape_status find_sized(const sape_safetensors *file, const char *name, const void *values, size_t count,
                              const struct sape_stored_tensor **tensor) {
    SAPE_TRY(find(file, name, tensor));
    if (values == NULL) return sape_fail(SAPE_ERROR_ARGUMENT, "values is NULL");
    if (count == (*tensor)->count) return SAPE_OK;
    return sape_fail(SAPE_ERROR_SHAPE, "count is %zu, %s has %zu elements", count, name, (*tensor)->count);
}

static double element(const sape_safetensors *file, const struct sape_stored_tensor *tensor, size_t index) {
    return sape_dtype_decode(tensor->dtype, file->data + tensor->begin + index * sape_dtype_size(tensor->dtype));
}

sape_status sape_safetensors_read(const sape_safetensors *file, const char *name, float *values, size_t count) {
    SAPE_BEGIN_CALL();
    const struct sape_stored_tensor *tensor;
    SAPE_TRY(find_sized(file, name, values, count, &tensor));
    for (size_t i = 0; i < count; i++) values[i] = (float)element(file, tensor, i);
    return SAPE_OK;
}

sape_status sape_safetensors_read_double(const sape_safetensors *file, const char *name, double *values, size_t count) {
    SAPE_BEGIN_CALL();
    const struct sape_stored_tensor *tensor;
    SAPE_TRY(find_sized(file, name, values, count, &tensor));
    for (size_t i = 0; i < count; i++) values[i] = element(file, tensor, i);
    return SAPE_OK;
}

const char *sape_safetensors_metadata(const sape_safetensors *file, const char *key) {
    return file == NULL || key == NULL ? NULL : sape_safetensors_header_metadata(&file->header, key);
}
