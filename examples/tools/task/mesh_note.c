/* SPDX-License-Identifier: MIT */
#include "task/mesh_note.h"

#include <stdio.h>

void mesh_note(const struct mesh *mesh, const char *name, struct notes *notes) {
    const vec3 center = mesh->placement.center;
    char key[NOTE_KEY];
    snprintf(key, sizeof key, "%s.center", name);
    notes_set(notes, key, "%.17g %.17g %.17g", center.x, center.y, center.z);
    snprintf(key, sizeof key, "%s.scale", name);
    notes_set_real(notes, key, 1.0 / mesh->placement.scale);
}

void mesh_report(const struct mesh *mesh, cJSON *object) {
    cJSON_AddItemToObject(object, "center", cJSON_CreateDoubleArray(&mesh->placement.center.x, 3));
    cJSON_AddNumberToObject(object, "scale", 1.0 / mesh->placement.scale);
}
