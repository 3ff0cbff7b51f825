/* SPDX-License-Identifier: MIT */
#include "cli/output.h"

#include "cli/message.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_one(const char *path) {
    if (mkdir(path, 0777) == 0 || errno == EEXIST) return true;
    /* On a read-only file system mkdir() need not look whether it is there. */
    const int error = errno;
    struct stat status;
    if (stat(path, &status) == 0) return true;
    return message_error("cannot create the directory '%s': %s", path, strerror(error));
}

static bool make_directory(const char *path) {
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
    return true;
}

static bool cannot_write(const char *path, int error) {
    return message_error("cannot write '%s': %s", path, strerror(error));
}

/* Whether a new file of that name can be written and hold this many bytes; it is removed again. Permissions alone do
   not tell: not those of the superuser, nor of a disk that is full. */
static bool try_file(const char *path, const char *temporary, size_t size) {
    const int file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) return cannot_write(path, errno);
    const int error = posix_fallocate(file, 0, (off_t)size);
    close(file);
    unlink(temporary);
    return error == 0 || cannot_write(path, error);
}

/* The path and the name under which it is written at first. */
struct names {
    char *path, *temporary;
};

static void free_names(struct names names) {
    free(names.path);
    free(names.temporary);
}

static bool make_names(const char *directory, size_t length, const char *name, struct names *names) {
    if (asprintf(&names->path, "%s/%.*s", directory, (int)length, name) < 0) return message_out_of_memory();
    if (asprintf(&names->temporary, "%s.%ld.part", names->path, (long)getpid()) >= 0) return true;
    free(names->path);
    return message_out_of_memory();
}

static bool try_result(const char *directory, size_t length, const char *name) {
    struct names names;
    struct stat status;
    if (!make_names(directory, length, name, &names)) return false;
    const bool taken = lstat(names.path, &status) == 0 && S_ISDIR(status.st_mode);
    const bool good = taken ? cannot_write(names.path, EISDIR) : try_file(names.path, names.temporary, 1);
    free_names(names);
    return good;
}

bool output_prepare(const char *directory, const char *files) {
    bool good = make_directory(directory);
    while (good && *files) {
        const size_t length = strcspn(files, ",");
        good = try_result(directory, length, files);
        files += length;
        files += strspn(files, ", ");
    }
    return good;
}

/* A link is followed to the file that will be replaced; what is there already must be a file. */
static bool resolve(const char *path, char *resolved) {
    struct stat status;
    if (realpath(path, resolved)) {
        if (stat(resolved, &status) != 0) return cannot_write(path, errno);
        return S_ISREG(status.st_mode) || message_error("cannot write '%s': it is not a regular file", path);
    }
    const int error = errno;
    if (error != ENOENT || lstat(path, &status) == 0) return cannot_write(path, error);
    const size_t length = strlen(path);
    if (length >= PATH_MAX) return cannot_write(path, ENAMETOOLONG);
    if (path[length - 1] == '/') return cannot_write(path, EISDIR);
    memcpy(resolved, path, length + 1);
    return true;
}

bool output_check_checkpoint(const char *path, size_t size) {
    char resolved[PATH_MAX], *temporary;
    if (!resolve(path, resolved)) return false;
    const char *slash = strrchr(resolved, '/');
    const int folder = slash ? (int)(slash - resolved) + 1 : 0;
    if (strlen(resolved + folder) > NAME_MAX) return cannot_write(path, ENAMETOOLONG);
    if (asprintf(&temporary, "%.*s.sape-try-%ld", folder, resolved, (long)getpid()) < 0) return message_out_of_memory();
    const bool good = try_file(path, temporary, size);
    free(temporary);
    return good;
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
    struct names names;
    if (!make_names(directory, strlen(name), name, &names)) return false;
    const bool done = write_file(names.temporary, data, size) && rename(names.temporary, names.path) == 0;
    if (!done) {
        cannot_write(names.path, errno);
        unlink(names.temporary);
    }
    free_names(names);
    return done;
}

void output_print_location(const char *directory, const char *files) {
    char *absolute = realpath(directory, NULL);
    printf("%s: %s\n", absolute ? absolute : directory, files);
    free(absolute);
}
