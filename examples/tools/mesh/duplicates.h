/* SPDX-License-Identifier: MIT */
/* Faces that a mesh has more than once. */
#ifndef EXAMPLES_DUPLICATES_H
#define EXAMPLES_DUPLICATES_H

#include "mesh/mesh.h"

/*
 * Finds, for every face, the first one that has the same corners, in whatever order; itself for most. first
 * (num_faces) receives them. Fails, and says so, only for want of memory.
 */
bool duplicates_find(const struct mesh *mesh, uint32_t *first);

/* Whether two faces of the same corners look to the same side. */
bool duplicates_agree(const struct mesh *mesh, uint32_t a, uint32_t b);

/*
 * Says how many faces are duplicates, and which the first is. When told to, drops them: of each only the first stays.
 * path names the mesh. Fails only for want of memory.
 */
bool duplicates_handle(struct mesh *mesh, const char *path, bool drop);

#endif
