/* SPDX-License-Identifier: MIT */
/* Meshes side by side in a file. */
#ifndef EXAMPLES_MESH_PICTURE_H
#define EXAMPLES_MESH_PICTURE_H

#include "mesh/mesh.h"

/* Writes directory/name, a PNG of the meshes with their captions, each size pixels wide, as render_usual_view has them.
 */
bool mesh_picture_write(size_t count, const struct mesh *const *meshes, const char *const *captions, size_t size,
                        const char *directory, const char *name);

#endif
