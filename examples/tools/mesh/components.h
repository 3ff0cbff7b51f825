/* SPDX-License-Identifier: MIT */
/* The components of a mesh: faces that hang together across edges of two faces, looking to the same side. */
#ifndef EXAMPLES_COMPONENTS_H
#define EXAMPLES_COMPONENTS_H

#include "mesh/mesh.h"

struct component {
    size_t begin;           /* where its faces begin in the list of all, the one with the lowest number first */
    size_t num_faces;       /* all of them */
    size_t num_turned;      /* those that ran against the others */
    size_t num_open;        /* edges that have not as many of its faces on one side as on the other */
    bool one_sided;         /* as a Moebius strip is; num_turned is 0 */
    double volume;          /* that it encloses, below 0 where it faces inwards; an open one is closed by a cone */
    double low[3], high[3]; /* its box */
};

struct components {
    size_t n;
    struct component *all; /* (n), in the order of their first faces */
    uint32_t *faces;       /* (num_faces) those of each component side by side */
    uint32_t *of;          /* (num_faces) the component of each face */
    bool *turned;          /* (num_faces) the face has to be turned to look as its component does */
};

/* Finds them; fails, and says so, only for want of memory. */
bool components_find(struct components *components, const struct mesh *mesh);
void components_free(struct components *components);

#endif
