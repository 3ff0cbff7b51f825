/* SPDX-License-Identifier: MIT */
#include "mesh/mesh_soup.h"

#include "cli/message.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* More would make cutting a polygon into triangles slow. */
static const size_t MAX_POLYGON = 65536;

/* Makes room for `more` elements of that size. */
static bool reserve(void **array, size_t *capacity, size_t count, size_t more, size_t size) {
    if (count + more <= *capacity) return true;
    const size_t larger = 2 * *capacity + 1024;
    void *grown = realloc(*array, larger * size);
    if (!grown) return message_out_of_memory();
    *array = grown;
    *capacity = larger;
    return true;
}

bool mesh_soup_add_vertex(struct mesh_soup *soup, const double position[3]) {
    if (!isfinite(position[0]) || !isfinite(position[1]) || !isfinite(position[2]))
        return message_error("'%s': vertex %zu is not finite: (%g, %g, %g)", soup->path, soup->num_vertices + 1,
                             position[0], position[1], position[2]);
    if (soup->num_vertices >= UINT32_MAX - 1) return message_error("'%s' has too many vertices", soup->path);
    if (!reserve((void **)&soup->vertices, &soup->max_vertices, soup->num_vertices, 1, 3 * sizeof *soup->vertices))
        return false;
    /* Adding zero turns -0 into 0. */
    for (size_t k = 0; k < 3; k++) soup->vertices[3 * soup->num_vertices + k] = position[k] + 0.0;
    soup->num_vertices++;
    return true;
}

static bool out_of_range(const struct mesh_soup *soup, size_t polygon, double index) {
    return message_error("'%s': index %.0f of face %zu is out of range", soup->path, index, polygon + 1);
}

bool mesh_soup_add_corner(struct mesh_soup *soup, double index) {
    const double place = index - soup->first_index;
    if (!(place >= 0 && place < UINT32_MAX && floor(place) == place))
        return out_of_range(soup, soup->num_polygons, index);
    if (!reserve((void **)&soup->corners, &soup->max_corners, soup->num_corners, 1, sizeof *soup->corners))
        return false;
    soup->corners[soup->num_corners++] = (uint32_t)place;
    return true;
}

bool mesh_soup_end_polygon(struct mesh_soup *soup) {
    const size_t begin = soup->num_polygons > 0 ? soup->ends[soup->num_polygons - 1] : 0;
    if (soup->num_corners - begin > MAX_POLYGON)
        return message_error("'%s': face %zu has more than %zu corners", soup->path, soup->num_polygons + 1,
                             MAX_POLYGON);
    if (!reserve((void **)&soup->ends, &soup->max_polygons, soup->num_polygons, 1, sizeof *soup->ends)) return false;
    soup->ends[soup->num_polygons++] = soup->num_corners;
    return true;
}

bool mesh_soup_check(const struct mesh_soup *soup) {
    for (size_t p = 0, i = 0; p < soup->num_polygons; p++)
        for (; i < soup->ends[p]; i++)
            if (soup->corners[i] >= soup->num_vertices)
                return out_of_range(soup, p, (double)soup->corners[i] + soup->first_index);
    return true;
}

void mesh_soup_free(struct mesh_soup *soup) {
    free(soup->vertices);
    free(soup->corners);
    free(soup->ends);
    *soup = (struct mesh_soup){0};
}
