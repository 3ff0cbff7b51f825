/* SPDX-License-Identifier: MIT */
#include "mesh_files.h"

#include <check.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char mesh_files_folder[MESH_FILES_PATH];

void mesh_files_begin(void) {
    snprintf(mesh_files_folder, sizeof mesh_files_folder, "%s/sape-mesh-XXXXXX",
             getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(mesh_files_folder));
}

void mesh_files_end(void) {
    DIR *stream = opendir(mesh_files_folder);
    ck_assert_ptr_nonnull(stream);
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            ck_assert_int_eq(unlinkat(dirfd(stream), entry->d_name, 0), 0);
    closedir(stream);
    ck_assert_int_eq(rmdir(mesh_files_folder), 0);
}

void mesh_files_path(char path[MESH_FILES_PATH], const char *name) {
    ck_assert_int_lt(snprintf(path, MESH_FILES_PATH, "%s/%s", mesh_files_folder, name), MESH_FILES_PATH);
}

void mesh_files_write(const char *name, const void *bytes, size_t size) {
    char path[MESH_FILES_PATH];
    mesh_files_path(path, name);
    FILE *stream = fopen(path, "wb");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    ck_assert_int_eq(fclose(stream), 0);
}

struct mesh mesh_files_read_back(const char *name) {
    char path[MESH_FILES_PATH];
    struct mesh mesh;
    mesh_files_path(path, name);
    ck_assert(mesh_read(&mesh, path, 0.95));
    return mesh;
}

bool mesh_files_read(const char *name, struct mesh *mesh, char message[MESH_FILES_PATH]) {
    char path[MESH_FILES_PATH];
    mesh_files_path(path, name);
    const struct quiet quiet = quiet_begin();
    const bool done = mesh_read(mesh, path, 0.95);
    quiet_end(quiet, message);
    return done;
}

struct quiet quiet_begin(void) {
    const struct quiet quiet = {tmpfile(), dup(STDERR_FILENO)};
    ck_assert(quiet.log && quiet.stderr_kept >= 0 && dup2(fileno(quiet.log), STDERR_FILENO) >= 0);
    return quiet;
}

void quiet_end(struct quiet quiet, char message[MESH_FILES_PATH]) {
    dup2(quiet.stderr_kept, STDERR_FILENO);
    close(quiet.stderr_kept);
    rewind(quiet.log);
    message[fread(message, 1, MESH_FILES_PATH - 1, quiet.log)] = '\0';
    fclose(quiet.log);
}
