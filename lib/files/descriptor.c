/* SPDX-License-Identifier: MIT */
#include "files/descriptor.h"

#include <fcntl.h>
#include <unistd.h>

int sape_open_file(const char *path) {
    /* O_NONBLOCK: a pipe without a writer must not hold the caller up; regular files do not heed it. */
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

ssize_t sape_read_some(int descriptor, void *bytes, size_t size) {
    return read(descriptor, bytes, size);
}

ssize_t sape_write_some(int descriptor, const void *bytes, size_t size) {
    return write(descriptor, bytes, size);
}
