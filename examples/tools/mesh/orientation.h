/* SPDX-License-Identifier: MIT */
/* Which way the faces of a mesh look. */
#ifndef EXAMPLES_ORIENTATION_H
#define EXAMPLES_ORIENTATION_H

#include "mesh/mesh.h"

/*
 * Turns faces so that the winding number is 1 in the solid and 0 outside, and says which. A component is what hangs
 * together across edges of two faces. Within each one the faces that run against most of the others are turned. Then
 * those components that are closed:
 *  - one that lies in empty space must enclose a positive volume, or is turned;
 *  - one that lies wholly within the solid of others is a cavity where its volume is negative, and a part of the same
 *    solid where it is positive: it stays as it is. It is turned only where it would be a cavity had the component
 *    around it not been turned: so a hollow solid that is inside out becomes a hollow solid.
 * Components that are open or have one side only are left as they are, with a warning. Faces that are there again go
 * with the first; pairs that face both ways count as nothing. Fails, and says so, only for want of memory. path names
 * the mesh.
 */
bool orientation_mend(struct mesh *mesh, const char *path);

#endif
