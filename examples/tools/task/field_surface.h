/* SPDX-License-Identifier: MIT */
/* The surface of a field: where its one output, over the cube [-1, 1]^3, is zero. */
#ifndef EXAMPLES_FIELD_SURFACE_H
#define EXAMPLES_FIELD_SURFACE_H

#include "mesh/mesh.h"

#include <sape/field.h>

/*
 * Makes the mesh round where the field is negative from its values on a grid of size^3 samples, as field_grid.h
 * evaluates them. The vertex normals are the field's own gradient. When it fails a message has been printed.
 */
bool field_surface(struct mesh *mesh, const sape_field *field, size_t size, const float *values);

#endif
