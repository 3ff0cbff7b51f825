/* SPDX-License-Identifier: MIT */
#include "output.h"

#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_one(const char *path) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return true;
    return message_error("cannot create the directory '%s': %s", path, strerror(errno));
}

bool output_make_directory(const char *path) {
    char *part = strdup(path);
    if (!part) return message_out_of_memory();
    bool made = true;
    for (char *slash = strchr(part + 1, '/'); slash && made; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = make_one(part);
        *slash = '/';
    }
    made = made && make_one(part);
    free(part);
    if (!made) return false;
    struct stat status;
    if (stat(path, &status) == 0 && !S_ISDIR(status.st_mode))
        return message_error("cannot write to '%s': it is not a directory", path);
    if (access(path, W_OK | X_OK) != 0)
        return message_error("cannot write to the directory '%s': %s", path, strerror(errno));
    return true;
}

static bool write_file(const char *path, const void *data, size_t size) {
    FILE *stream = fopen(path, "wb");
    if (!stream) return false;
    const bool written = fwrite(data, 1, size, stream) == size;
    const int saved = errno;
    const bool closed = fclose(stream) == 0;
    if (!written) errno = saved;
    return written && closed;
}

bool output_write(const char *directory, const char *name, const void *data, size_t size) {
    char *path = NULL, *temporary = NULL;
    if (asprintf(&path, "%s/%s", directory, name) < 0) return message_out_of_memory();
    if (asprintf(&temporary, "%s.%ld.part", path, (long)getpid()) < 0) {
        free(path);
        return message_out_of_memory();
    }
    const bool done = write_file(temporary, data, size) && rename(temporary, path) == 0;
    if (!done) {
        message_error("cannot write '%s': %s", path, strerror(errno));
        unlink(temporary);
    }
    free(temporary);
    free(path);
    return done;
}

void output_print_location(const char *directory, const char *files) {
    char *absolute = realpath(directory, NULL);
    printf("%s: %s\n", absolute ? absolute : directory, files);
    free(absolute);
}
