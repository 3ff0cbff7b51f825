/* SPDX-License-Identifier: MIT */
/* The surface of fields: where the mean of their one output, over the cube [-1, 1]^3, is zero. */
#ifndef EXAMPLES_FIELD_SURFACE_H
#define EXAMPLES_FIELD_SURFACE_H

#include "mesh/mesh.h"
#include "task/field_set.h"

/*
 * Makes the mesh round where the mean is negative from its values on a grid of size^3 samples, as field_grid.h
 * evaluates them. The vertex normals are its own gradient or, for grids, the means of the faces around. When it fails
 * a message has been printed.
 */
bool field_surface(struct mesh *mesh, const struct field_set *fields, size_t size, const float *values);

#endif
