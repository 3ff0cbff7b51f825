/* SPDX-License-Identifier: MIT */
/* The state of a field: what a checkpoint stores of it, and copies of it that are kept apart from the field. */
#ifndef SAPE_LIB_FIELD_STATE_H
#define SAPE_LIB_FIELD_STATE_H

#include "field/field.h"
#include "files/byte_sink.h"

struct sape_field_copy {
    struct sape_encoder_tensors encoder;
    struct sape_mask_copy mask;
    float *parameters;
};

/* A copy of what the field is. *out is NULL when it fails. */
sape_status sape_field_copy_create(const sape_field *field, struct sape_field_copy **out);
/* NULL is fine. */
void sape_field_copy_free(const sape_field *field, struct sape_field_copy *copy);

/* The copy becomes what the field is, and the field what the copy is. */
void sape_field_copy_keep(struct sape_field_copy *copy, const sape_field *field);
void sape_field_copy_take(const struct sape_field_copy *copy, sape_field *field);

/* The copy becomes what the file says, which is checked as a whole. When that fails it is good for nothing. */
sape_status sape_field_copy_read(const sape_safetensors *file, const sape_field *field, struct sape_field_copy *copy);

/* Adds a copy of the field's state, or the field's own where there is none, to what is written. */
sape_status sape_field_write(const sape_field *field, const struct sape_field_copy *copy,
                             sape_safetensors_writer *writer);

/* The bytes of a checkpoint of the copy, to be cleared; nothing is left to clear when that fails. */
sape_status sape_field_copy_file(const sape_field *field, const struct sape_field_copy *copy,
                                 struct sape_buffer *buffer);

/* Checks the settings that tell which checkpoints fit the field: of its architecture, and of its mask. */
sape_status sape_field_match(const sape_safetensors *file, const sape_field *field);

/* Goes on with digests of what must be the same on all ranks. */
uint64_t sape_field_digest(uint64_t hash, const sape_field *field, enum sape_role role);

/* The field becomes what the file says; nothing changes when that fails. */
sape_status sape_field_read(const sape_safetensors *file, sape_field *field);

/* A field of the file's architecture and state. */
sape_status sape_field_from_file(const sape_safetensors *file, sape_field **out);

#endif
