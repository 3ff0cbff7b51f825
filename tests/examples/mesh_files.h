/* SPDX-License-Identifier: MIT */
/* Files that tests write into a folder of their own and read again, and what is said about them. */
#ifndef TESTS_MESH_FILES_H
#define TESTS_MESH_FILES_H

#include "mesh/mesh.h"

#include <stdio.h>

#define MESH_FILES_PATH 512

extern char mesh_files_folder[MESH_FILES_PATH];

/* A checked fixture: makes the folder, and removes it with its files. */
void mesh_files_begin(void);
void mesh_files_end(void);

void mesh_files_path(char path[MESH_FILES_PATH], const char *name);
void mesh_files_write(const char *name, const void *bytes, size_t size);

/* Reads a mesh that must be there. */
struct mesh mesh_files_read_back(const char *name);

/* mesh_read() with stderr sent elsewhere; what was said goes into message. */
bool mesh_files_read(const char *name, struct mesh *mesh, char message[MESH_FILES_PATH]);

/* What is said between the two calls goes into message. */
struct quiet {
    FILE *log;
    int stderr_kept;
};
struct quiet quiet_begin(void);
void quiet_end(struct quiet quiet, char message[MESH_FILES_PATH]);

#endif
