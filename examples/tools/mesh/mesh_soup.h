/* SPDX-License-Identifier: MIT */
/* What a mesh file holds: vertices in double precision and polygons, as they come. */
#ifndef EXAMPLES_MESH_SOUP_H
#define EXAMPLES_MESH_SOUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mesh_soup {
    const char *path;
    uint32_t first_index; /* 1 where the file counts its vertices from 1, else 0 */
    size_t num_vertices, max_vertices;
    double *vertices; /* (num_vertices, 3) */
    size_t num_corners, max_corners;
    uint32_t *corners; /* (num_corners) vertices, counted from 0 */
    size_t num_polygons, max_polygons;
    size_t *ends; /* (num_polygons) corners up to and including each polygon's */
};

/* The functions below return false after a message. */

/* Adds a vertex; its coordinates must be finite. */
bool mesh_soup_add_vertex(struct mesh_soup *soup, const double position[3]);

/* Adds a corner to the polygon that is begun, by the index in the file, which must be a whole number. */
bool mesh_soup_add_corner(struct mesh_soup *soup, double index);

/* Ends the polygon. */
bool mesh_soup_end_polygon(struct mesh_soup *soup);

/* Checks, after the last vertex, that all corners are vertices. */
bool mesh_soup_check(const struct mesh_soup *soup);

void mesh_soup_free(struct mesh_soup *soup);

/* Readers of the four formats; text->at is where the file begins. */
struct text;
bool mesh_read_obj(struct mesh_soup *soup, struct text *text);
bool mesh_read_off(struct mesh_soup *soup, struct text *text);
bool mesh_read_ply(struct mesh_soup *soup, struct text *text);
bool mesh_read_stl(struct mesh_soup *soup, struct text *text);

#endif
