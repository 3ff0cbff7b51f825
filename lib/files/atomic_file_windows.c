/* SPDX-License-Identifier: MIT */
#define _CRT_RAND_S
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <wchar.h>
#include <windows.h>

#include "base/error.h"
#include "base/memory.h"
#include "files/atomic_file.h"
#include "files/descriptor.h"

/* How many names to try for the new file. */
#define ATTEMPTS 100
/* The new file's own name, behind that of its folder. */
#define NAME_LENGTH 24

static sape_status fail(const struct sape_atomic_file *file, const char *what, int error) {
    return sape_fail(SAPE_ERROR_FILE, "%s: %s: %s", file->path, what, strerror(error));
}

static sape_status fail_by_system(const struct sape_atomic_file *file, const char *what) {
    return sape_fail(SAPE_ERROR_FILE, "%s: %s: error %lu of Windows", file->path, what, GetLastError());
}

/* The length of the path of the folder that the file is in, with its last slash. */
static size_t folder_length(const wchar_t *path) {
    size_t length = wcslen(path);
    while (length > 0 && wcschr(L"/\\:", path[length - 1]) == NULL) length--;
    return length;
}

/* Creates the new file beside the old one, under a name that nobody has. */
static sape_status create(struct sape_atomic_file *file) {
    const size_t folder = folder_length(file->target), room = folder + NAME_LENGTH;
    wchar_t *name = sape_alloc(room, sizeof *name);
    if (name == NULL) return fail(file, "cannot be created", ENOMEM);
    file->temporary = name;
    memcpy(name, file->target, folder * sizeof *name);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        unsigned random[2];
        if (rand_s(&random[0]) != 0 || rand_s(&random[1]) != 0) return fail(file, "no random name", EIO);
        swprintf(name + folder, NAME_LENGTH, L".sape-%08x%08x", random[0], random[1]);
        file->descriptor =
            _wopen(name, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE);
        file->created = file->descriptor >= 0;
        if (file->created) return SAPE_OK;
        if (errno != EEXIST) break;
    }
    return fail(file, "cannot create a file beside it", errno);
}

sape_status sape_atomic_file_begin(const char *path, struct sape_atomic_file *file) {
    *file = (struct sape_atomic_file){.path = path, .descriptor = -1, .target = sape_wide_path(path)};
    if (file->target == NULL) return fail(file, "cannot be found", errno);
    if (file->target[folder_length(file->target)] == 0) return fail(file, "cannot be created", ENOENT);
    const DWORD attributes = GetFileAttributesW(file->target);
    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_DEVICE)) != 0)
        return sape_fail(SAPE_ERROR_FILE, "%s: not a regular file", path);
    return create(file);
}

sape_status sape_atomic_file_write(void *user, const void *bytes, size_t size) {
    struct sape_atomic_file *file = user;
    const unsigned char *rest = bytes;
    while (size > 0) {
        const ssize_t done = sape_write_some(file->descriptor, rest, size);
        if (done < 0) return fail(file, "cannot write", errno);
        rest += done;
        size -= (size_t)done;
    }
    return SAPE_OK;
}

sape_status sape_atomic_file_commit(struct sape_atomic_file *file) {
    if (_commit(file->descriptor) != 0) return fail(file, "cannot write to the disk", errno);
    const int closed = _close(file->descriptor);
    file->descriptor = -1;
    if (closed != 0) return fail(file, "cannot close", errno);
    if (!MoveFileExW(file->temporary, file->target, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        return fail_by_system(file, "cannot be replaced");
    file->created = false;
    return SAPE_OK;
}

void sape_atomic_file_end(struct sape_atomic_file *file) {
    if (file->descriptor >= 0) _close(file->descriptor);
    if (file->created) _wunlink(file->temporary);
    sape_release(file->temporary);
    sape_release(file->target);
}
