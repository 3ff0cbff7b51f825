/* SPDX-License-Identifier: MIT */
/* How far a deformation of a mesh is from rigid: an energy to hold it together, and measures of its distortion. */
#ifndef EXAMPLES_RIGIDITY_H
#define EXAMPLES_RIGIDITY_H

#include "mesh/rotation.h"
#include "mesh/topology.h"

/* A mesh at rest, with what is needed to compare it with its deformations. */
struct rigidity {
    const struct mesh *rest;  /* borrowed */
    struct topology topology; /* its edges */
    double square_length;     /* of all edges together, each counted once at each of its ends */
    matrix3 *rotations;       /* (num_vertices) of the deformation that was looked at last */
};

struct distortion {
    double max_stretch, mean_stretch; /* of the edges: how many times longer or shorter than at rest, at least 1 */
    size_t num_flipped;               /* faces that look away from where the deformation round them turns them */
};

/* Prepares a mesh; fails, and says so, only for want of memory. The mesh must stay as it is. */
bool rigidity_build(struct rigidity *rigidity, const struct mesh *rest);

/* Frees what rigidity_build() allocated. */
void rigidity_free(struct rigidity *rigidity);

/*
 * The as-rigid-as-possible energy (Sorkine and Alexa 2007) of the mesh with its vertices moved to positions
 * (num_vertices, 3): every vertex has the rotation that fits its edges best, and the energy is the square of what is
 * left, summed over the edges at all vertices, over the sum of their squared lengths at rest. weight times its gradient
 * is added to gradient (num_vertices, 3).
 */
double rigidity_energy(struct rigidity *rigidity, const float *positions, double weight, double *gradient);

/* How the mesh with its vertices moved to positions (num_vertices, 3) is distorted. */
struct distortion rigidity_distortion(struct rigidity *rigidity, const float *positions);

/*
 * Mean over the edges at every vertex of the base-2 logarithm of length over length at rest, into stretch
 * (num_vertices). Every vertex must have an edge. Fails, and says so, only for want of memory.
 */
bool rigidity_vertex_stretch(const struct rigidity *rigidity, const float *positions, float *stretch);

#endif
