/* SPDX-License-Identifier: MIT */
/* Small pieces of a surface that hang in the air. */
#ifndef EXAMPLES_CRUMBS_H
#define EXAMPLES_CRUMBS_H

#include "mesh/mesh.h"

/* Drops the components of a mesh that enclose less than a share of what its largest does, with their vertices.
 *num_dropped counts them. Fails, and says so, only for want of memory, and then leaves the mesh as it was. */
bool crumbs_drop(struct mesh *mesh, double share, size_t *num_dropped);

#endif
