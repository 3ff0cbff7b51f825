/* SPDX-License-Identifier: MIT */
/* Where a mesh lies, told to those who use a field or a report: a point p of the field stands for center + scale * p.
 */
#ifndef EXAMPLES_MESH_NOTE_H
#define EXAMPLES_MESH_NOTE_H

#include "cli/notes.h"
#include "mesh/mesh.h"

#include <cjson/cJSON.h>

/* Sets NAME.center and NAME.scale. */
void mesh_note(const struct mesh *mesh, const char *name, struct notes *notes);

/* Adds "center" and "scale" to an object. */
void mesh_report(const struct mesh *mesh, cJSON *object);

#endif
