/* SPDX-License-Identifier: MIT */
/* Checkpoints of several fields: each field's own, with its number before all names. */
#include <sape/ensemble.h>
#include <stdio.h>
#include <string.h>

#include "base/call.h"
#include "base/error.h"
#include "checkpoint/write.h"
#include "field/ensemble.h"
#include "field/state.h"
#include "files/copy.h"
#include "files/number_text.h"

/* Room for a member's number and a key. */
#define KEY_SIZE 64

/* What all members have in common, as their metadata say it. */
static const char *const common[] = {"sape.encoder.domain_dim", "sape.network.output_dim"};
#define NUM_COMMON (sizeof common / sizeof *common)

static void prefix_of(size_t index, char prefix[SAPE_MAX_PREFIX]) {
    snprintf(prefix, SAPE_MAX_PREFIX, "%zu.", index);
}

/* Several checkpoints or fields, to be written as one. */
struct parts {
    size_t count;
    sape_field *const *fields;
    sape_safetensors *const *checkpoints;
};

static sape_status add_part(const struct parts *parts, size_t index, sape_safetensors_writer *writer) {
    if (parts->fields != NULL) return sape_field_write(parts->fields[index], NULL, writer);
    return sape_contents_copy(parts->checkpoints[index], "", 0, NULL, writer);
}

static sape_status add_parts(const void *handle, sape_safetensors_writer *writer) {
    const struct parts *parts = handle;
    char number[SAPE_NUMBER_TEXT], prefix[SAPE_MAX_PREFIX];
    if (parts->count == 1) return add_part(parts, 0, writer);
    sape_integer_to_text(parts->count, number);
    SAPE_TRY(sape_file_add_version(writer));
    SAPE_TRY(sape_safetensors_writer_add_metadata(writer, SAPE_FIELDS_KEY, number));
    for (size_t i = 0; i < parts->count; i++) {
        prefix_of(i, prefix);
        sape_safetensors_writer_set_prefix(writer, prefix);
        SAPE_TRY(add_part(parts, i, writer));
    }
    return SAPE_OK;
}

sape_status sape_ensemble_checkpoint(size_t num_fields, sape_field *const *fields, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_TRY(sape_ensemble_check(num_fields, fields));
    const struct parts parts = {.count = num_fields, .fields = fields};
    return sape_checkpoint_make(add_parts, &parts, out);
}

sape_status sape_ensemble_save(size_t num_fields, sape_field *const *fields, const char *path) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(sape_ensemble_check(num_fields, fields));
    SAPE_REQUIRE_POINTER(path);
    const struct parts parts = {.count = num_fields, .fields = fields};
    return sape_checkpoint_save(add_parts, &parts, path);
}

/* Whether a tensor's name begins with the number of one of so many members. */
static bool has_owner(const char *name, size_t count) {
    size_t index = 0, length = 0;
    for (; name[length] >= '0' && name[length] <= '9' && index < count; length++)
        index = 10 * index + (size_t)(name[length] - '0');
    return length > 0 && name[length] == '.' && index < count && (length == 1 || name[0] != '0');
}

static sape_status check_tensors(const sape_safetensors *file, size_t count) {
    const unsigned char *data;
    const struct sape_safetensors_header *header = sape_contents_header(file, &data);
    for (size_t i = 0; i < header->tensor_count; i++)
        if (!has_owner(header->tensors[i].name, count))
            return sape_fail(SAPE_ERROR_FORMAT, "tensor \"%.80s\" belongs to none of the checkpoint's %zu fields",
                             header->tensors[i].name, count);
    return SAPE_OK;
}

/* A member's entry of that key; NULL when there is none. */
static const char *entry_of(const sape_safetensors *file, size_t index, const char *key) {
    char name[KEY_SIZE];
    snprintf(name, sizeof name, "%zu.%s", index, key);
    return sape_safetensors_metadata(file, name);
}

static sape_status check_members(const sape_safetensors *file, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (entry_of(file, i, SAPE_VERSION_KEY) == NULL)
            return sape_fail(SAPE_ERROR_FORMAT, "field %zu of the checkpoint's %zu is missing", i, count);
        for (size_t k = 0; k < NUM_COMMON; k++) {
            const char *text = entry_of(file, i, common[k]), *first = entry_of(file, 0, common[k]);
            if (text == NULL || strcmp(text, first) != 0)
                return sape_fail(SAPE_ERROR_FORMAT, "%s of field %zu is %.20s, of field 0 %.20s", common[k], i,
                                 text == NULL ? "missing" : text, first == NULL ? "missing" : first);
        }
    }
    return check_tensors(file, count);
}

static sape_status read_count(const sape_safetensors *file, size_t *count) {
    const char *text = sape_safetensors_metadata(file, SAPE_FIELDS_KEY);
    uint64_t number = 1;
    bool metadata;
    SAPE_TRY(sape_file_check_version(file, &metadata));
    if (!metadata) return sape_fail(SAPE_ERROR_NOT_FOUND, "the checkpoint has no libsape metadata");
    if (text != NULL) {
        if (!sape_integer_from_text(text, &number) || number < 2 || number > SAPE_MAX_FIELDS)
            return sape_fail(SAPE_ERROR_FORMAT, "the metadata's " SAPE_FIELDS_KEY " is \"%.80s\", must be 2 to %d",
                             text, SAPE_MAX_FIELDS);
        SAPE_TRY(check_members(file, (size_t)number));
    }
    *count = (size_t)number;
    return SAPE_OK;
}

sape_status sape_ensemble_count(const sape_safetensors *checkpoint, size_t *num_fields) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(num_fields);
    *num_fields = 0;
    SAPE_REQUIRE_POINTER(checkpoint);
    return read_count(checkpoint, num_fields);
}

/* One member of a file. */
struct member {
    const sape_safetensors *file;
    size_t count, index;
};

static sape_status add_member(const void *handle, sape_safetensors_writer *writer) {
    const struct member *member = handle;
    char prefix[SAPE_MAX_PREFIX] = "";
    if (member->count > 1) prefix_of(member->index, prefix);
    return sape_contents_copy(member->file, prefix, 0, NULL, writer);
}

static sape_status copy_member(const struct member *member, sape_safetensors **out) {
    return sape_checkpoint_make(add_member, member, out);
}

sape_status sape_ensemble_member(const sape_safetensors *checkpoint, size_t index, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(checkpoint);
    struct member member = {.file = checkpoint, .index = index};
    SAPE_TRY(read_count(checkpoint, &member.count));
    SAPE_REQUIRE(index < member.count, "index is %zu, the checkpoint has %zu fields", index, member.count);
    return copy_member(&member, out);
}

static sape_status make_field(const struct member *member, sape_field **out) {
    sape_safetensors *own;
    if (member->count == 1) return sape_field_from_file(member->file, out);
    SAPE_TRY(copy_member(member, &own));
    const sape_status status = sape_field_from_file(own, out);
    sape_safetensors_free(own);
    return status;
}

static sape_status make_fields(const sape_safetensors *file, size_t capacity, sape_field **fields, size_t *num_fields) {
    struct member member = {.file = file};
    SAPE_TRY(read_count(file, &member.count));
    if (member.count > capacity)
        return sape_fail(SAPE_ERROR_SHAPE, "capacity is %zu, the checkpoint has %zu fields", capacity, member.count);
    sape_status status = SAPE_OK;
    for (; member.index < member.count && status == SAPE_OK; member.index++)
        status = make_field(&member, &fields[member.index]);
    if (status == SAPE_OK) *num_fields = member.count;
    for (size_t i = 0; i < member.count && status != SAPE_OK; i++) {
        sape_field_free(fields[i]);
        fields[i] = NULL;
    }
    return status;
}

/* Checks where fields are to go, and clears it. */
static sape_status clear_room(size_t capacity, sape_field **fields, size_t *num_fields) {
    SAPE_REQUIRE_POINTER(num_fields);
    *num_fields = 0;
    SAPE_REQUIRE_POINTER(fields);
    for (size_t i = 0; i < capacity; i++) fields[i] = NULL;
    return SAPE_OK;
}

sape_status sape_ensemble_from_checkpoint(const sape_safetensors *checkpoint, size_t capacity, sape_field **fields,
                                          size_t *num_fields) {
    SAPE_BEGIN_CALL();
    SAPE_TRY(clear_room(capacity, fields, num_fields));
    SAPE_REQUIRE_POINTER(checkpoint);
    return make_fields(checkpoint, capacity, fields, num_fields);
}

sape_status sape_ensemble_load(const char *path, size_t capacity, sape_field **fields, size_t *num_fields) {
    SAPE_BEGIN_LONG_CALL();
    SAPE_TRY(clear_room(capacity, fields, num_fields));
    SAPE_REQUIRE_POINTER(path);
    sape_safetensors *file;
    SAPE_TRY(sape_contents_open(path, &file));
    const sape_status status = make_fields(file, capacity, fields, num_fields);
    sape_safetensors_free(file);
    return status;
}

static sape_status check_part(size_t index, sape_safetensors *const *checkpoints) {
    size_t count = 0;
    SAPE_REQUIRE(checkpoints[index] != NULL, "checkpoints[%zu] is NULL", index);
    SAPE_TRY(read_count(checkpoints[index], &count));
    if (count > 1) return sape_fail(SAPE_ERROR_SHAPE, "checkpoints[%zu] has %zu fields, must have 1", index, count);
    for (size_t k = 0; k < NUM_COMMON; k++) {
        const char *text = sape_safetensors_metadata(checkpoints[index], common[k]);
        const char *first = sape_safetensors_metadata(checkpoints[0], common[k]);
        if (text == NULL) return sape_fail(SAPE_ERROR_FORMAT, "checkpoints[%zu] has no %s", index, common[k]);
        if (strcmp(text, first) != 0)
            return sape_fail(SAPE_ERROR_SHAPE, "%s of checkpoints[%zu] is %.20s, of checkpoints[0] %.20s", common[k],
                             index, text, first);
    }
    return SAPE_OK;
}

sape_status sape_ensemble_join(size_t count, sape_safetensors *const *checkpoints, sape_safetensors **out) {
    SAPE_BEGIN_CALL();
    SAPE_REQUIRE_POINTER(out);
    *out = NULL;
    SAPE_REQUIRE_POINTER(checkpoints);
    SAPE_REQUIRE(count >= 1 && count <= SAPE_MAX_FIELDS, "count is %zu, must be 1 to %d", count, SAPE_MAX_FIELDS);
    for (size_t i = 0; i < count; i++) SAPE_TRY(check_part(i, checkpoints));
    const struct parts parts = {.count = count, .checkpoints = checkpoints};
    const sape_status status = sape_checkpoint_make(add_parts, &parts, out);
    /* Each was in order by itself. */
    SAPE_REQUIRE(status != SAPE_ERROR_FORMAT, "the checkpoints' names and metadata are longer than a header may be");
    return status;
}
