/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <windows.h>

#include "base/memory.h"
#include "files/descriptor.h"

/* The counts of Windows have 32 bits. */
#define MOST ((size_t)1 << 30)

wchar_t *sape_wide_path(const char *path) {
    const int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
    wchar_t *wide = length <= 0 ? NULL : sape_alloc((size_t)length, sizeof *wide);
    if (wide == NULL) {
        errno = length <= 0 ? EILSEQ : ENOMEM;
        return NULL;
    }
    MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, wide, length);
    return wide;
}

int sape_open_file(const char *path) {
    wchar_t *wide = sape_wide_path(path);
    if (wide == NULL) return -1;
    const int descriptor = _wopen(wide, _O_RDONLY | _O_BINARY | _O_NOINHERIT);
    sape_release(wide);
    return descriptor;
}

ssize_t sape_read_some(int descriptor, void *bytes, size_t size) {
    return _read(descriptor, bytes, (unsigned)(size < MOST ? size : MOST));
}

ssize_t sape_write_some(int descriptor, const void *bytes, size_t size) {
    return _write(descriptor, bytes, (unsigned)(size < MOST ? size : MOST));
}
