/* SPDX-License-Identifier: MIT */
/* The header of a PLY file: which elements follow, and what their rows hold. */
#ifndef EXAMPLES_PLY_HEADER_H
#define EXAMPLES_PLY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

struct text;

enum ply_format { PLY_ASCII, PLY_LITTLE_ENDIAN, PLY_BIG_ENDIAN };

enum ply_type { PLY_INT8, PLY_UINT8, PLY_INT16, PLY_UINT16, PLY_INT32, PLY_UINT32, PLY_FLOAT, PLY_DOUBLE };

/* What a property is needed for. */
enum ply_role { PLY_UNUSED, PLY_X, PLY_Y, PLY_Z, PLY_POLYGON, PLY_STRIPS };

enum ply_kind { PLY_OTHER, PLY_VERTICES, PLY_FACES, PLY_TRISTRIPS };

enum { PLY_NAME_SIZE = 64, PLY_MAX_PROPERTIES = 256, PLY_MAX_ELEMENTS = 64 };

struct ply_property {
    bool list;
    enum ply_type count_type, type; /* count_type: of a list's length */
    enum ply_role role;
};

struct ply_element {
    char name[PLY_NAME_SIZE];
    enum ply_kind kind;
    double count;
    size_t num_properties;
    struct ply_property *properties; /* (num_properties) */
};

struct ply_header {
    bool has_format; /* always, once it has been read */
    enum ply_format format;
    size_t num_elements;
    struct ply_element *elements; /* (num_elements) */
};

size_t ply_type_size(enum ply_type type);

/* Reads the header at text->at, which is then where the rows begin; false, with a message, when it is not complete. */
bool ply_header_read(struct ply_header *header, struct text *text);
void ply_header_free(struct ply_header *header);

#endif
