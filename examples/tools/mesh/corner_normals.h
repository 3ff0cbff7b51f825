/* SPDX-License-Identifier: MIT */
/* Normals that make a mesh of flat faces look as smooth as it is meant. */
#ifndef EXAMPLES_CORNER_NORMALS_H
#define EXAMPLES_CORNER_NORMALS_H

#include "mesh/mesh.h"

/*
 * The unit normals (num_faces, 3 corners, 3) of the faces' corners: the mean of the faces that meet at the corner's
 * vertex and lean by at most crease degrees against this one, each weighted by its angle there (Thuermer and Wuethrich
 * 1998). So edges that are sharper stay edges. NULL, with a message, without memory.
 */
float *corner_normals(const struct mesh *mesh, double crease);

#endif
