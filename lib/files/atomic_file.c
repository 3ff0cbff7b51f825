/* SPDX-License-Identifier: MIT */
#include "files/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "files/descriptor.h"

/* How many names to try for the new file. */
#define ATTEMPTS 100

static sape_status fail(const struct sape_atomic_file *file, const char *what, int error) {
    return sape_fail(SAPE_ERROR_FILE, "%s: %s: %s", file->path, what, strerror(error));
}

/* The path without links, in PATH_MAX bytes. */
static sape_status resolve(const struct sape_atomic_file *file, char *resolved) {
    if (realpath(file->path, resolved) != NULL) return SAPE_OK;
    if (errno != ENOENT) return fail(file, "cannot be found", errno);
    struct stat status;
    if (lstat(file->path, &status) == 0) return fail(file, "a link to nothing", ENOENT);
    if (strlen(file->path) >= PATH_MAX) return fail(file, "cannot be created", ENAMETOOLONG);
    strcpy(resolved, file->path);
    return SAPE_OK;
}

/* Opens the folder and keeps the name in it. */
static sape_status open_folder(struct sape_atomic_file *file) {
    char path[PATH_MAX];
    SAPE_TRY(resolve(file, path));
    char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (strlen(name) > NAME_MAX) return fail(file, "cannot be created", ENAMETOOLONG);
    strcpy(file->name, name);
    if (slash != NULL) slash[slash == path] = 0;
    file->folder = open(slash == NULL ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return file->folder < 0 ? fail(file, "cannot open its folder", errno) : SAPE_OK;
}

/* Creates the new file under a name that nobody has; umask takes its part of the mode. */
static sape_status create(struct sape_atomic_file *file, mode_t mode) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        uint64_t random;
        if (getentropy(&random, sizeof random) != 0) return fail(file, "no random name", errno);
        snprintf(file->temporary, sizeof file->temporary, ".sape-%016" PRIx64, random);
        file->descriptor = openat(file->folder, file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (file->descriptor >= 0) return SAPE_OK;
        if (errno != EEXIST) break;
    }
    file->temporary[0] = 0;
    return fail(file, "cannot create a file beside it", errno);
}

sape_status sape_atomic_file_begin(const char *path, struct sape_atomic_file *file) {
    *file = (struct sape_atomic_file){.path = path, .folder = -1, .descriptor = -1};
    SAPE_TRY(open_folder(file));
    struct stat old;
    const bool exists = fstatat(file->folder, file->name, &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!exists && errno != ENOENT) return fail(file, "cannot be found", errno);
    if (file->name[0] == 0) return fail(file, "cannot be created", EISDIR);
    if (exists && !S_ISREG(old.st_mode)) return sape_fail(SAPE_ERROR_FILE, "%s: not a regular file", path);
    const mode_t mode = exists ? old.st_mode & 0777 : 0666;
    SAPE_TRY(create(file, mode));
    if (exists && fchmod(file->descriptor, mode) != 0) return fail(file, "cannot keep its permissions", errno);
    return SAPE_OK;
}

sape_status sape_atomic_file_write(void *user, const void *bytes, size_t size) {
    struct sape_atomic_file *file = user;
    const unsigned char *rest = bytes;
    while (size > 0) {
        const ssize_t done = sape_write_some(file->descriptor, rest, size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return fail(file, "cannot write", errno);
        rest += done;
        size -= (size_t)done;
    }
    return SAPE_OK;
}

static int sync_uninterrupted(int descriptor) {
    int result;
    do result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result;
}

sape_status sape_atomic_file_commit(struct sape_atomic_file *file) {
    if (sync_uninterrupted(file->descriptor) != 0) return fail(file, "cannot write to the disk", errno);
    const int closed = close(file->descriptor);
    file->descriptor = -1;
    /* After EINTR the file is closed all the same, and it was on the disk before. */
    if (closed != 0 && errno != EINTR) return fail(file, "cannot close", errno);
    if (renameat(file->folder, file->temporary, file->folder, file->name) != 0)
        return fail(file, "cannot be replaced", errno);
    file->temporary[0] = 0;
    /* EINVAL: a file system whose folders need no fsync. */
    if (sync_uninterrupted(file->folder) != 0 && errno != EINVAL)
        return fail(file, "replaced, but its folder cannot be written to the disk", errno);
    return SAPE_OK;
}

void sape_atomic_file_end(struct sape_atomic_file *file) {
    if (file->descriptor >= 0) close(file->descriptor);
    if (file->temporary[0] != 0) unlinkat(file->folder, file->temporary, 0);
    if (file->folder >= 0) close(file->folder);
}
