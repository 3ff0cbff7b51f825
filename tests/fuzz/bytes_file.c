/* SPDX-License-Identifier: MIT */
#include "bytes_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/message.h"

/* The example programs' words are not wanted here. */
bool message_error(const char *format, ...) {
    (void)format;
    return false;
}

void message_warning(const char *format, ...) {
    (void)format;
}

bool message_out_of_memory(void) {
    return false;
}

static int file = -1;
static char folder[] = "/tmp/sape-fuzz-XXXXXX", link_path[64];

static void remove_folder(void) {
    unlink(link_path);
    rmdir(folder);
}

static void name_file(const char *ending) {
    char path[sizeof link_path], target[64];
    snprintf(path, sizeof path, "%s/input%s", folder, ending);
    if (strcmp(path, link_path) == 0) return;
    unlink(link_path);
    strcpy(link_path, path);
    snprintf(target, sizeof target, "/proc/self/fd/%d", file);
    if (symlink(target, link_path) != 0) abort();
}

const char *bytes_file(const unsigned char *bytes, size_t size, const char *ending) {
    if (file < 0) {
        file = memfd_create("input", 0);
        if (file < 0 || mkdtemp(folder) == NULL || atexit(remove_folder) != 0) abort();
    }
    if (ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size) abort();
    name_file(ending);
    return link_path;
}
