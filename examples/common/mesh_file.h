/* SPDX-License-Identifier: MIT */
/* What can be told about a mesh file before an importer reads it. */
#ifndef EXAMPLES_MESH_FILE_H
#define EXAMPLES_MESH_FILE_H

#include <stdbool.h>

/*
 * Finds the files that the importer would answer with a wrong mesh, or with a request for more memory than there is:
 * those that are cut short, or announce more than they hold. Says so and returns false for them, and for names that do
 * not end in .stl, .obj, .ply or .off.
 */
bool mesh_file_check(const char *path);

#endif
