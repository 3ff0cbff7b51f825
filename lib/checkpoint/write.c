/* SPDX-License-Identifier: MIT */
#include "checkpoint/write.h"

#include "files/atomic_file.h"
#include "files/safetensors.h"

sape_status sape_checkpoint_make(sape_file_add_fn add, const void *handle, sape_safetensors **out) {
    struct sape_buffer buffer = {0};
    sape_status status = sape_file_write(add, handle, sape_buffer_append, &buffer);
    if (status == SAPE_OK) status = sape_contents_parse(buffer.bytes, buffer.size, out);
    sape_buffer_clear(&buffer);
    return status;
}

sape_status sape_checkpoint_save(sape_file_add_fn add, const void *handle, const char *path) {
    struct sape_atomic_file file;
    sape_status status = sape_atomic_file_begin(path, &file);
    if (status == SAPE_OK) status = sape_file_write(add, handle, sape_atomic_file_write, &file);
    if (status == SAPE_OK) status = sape_atomic_file_commit(&file);
    sape_atomic_file_end(&file);
    return status;
}
