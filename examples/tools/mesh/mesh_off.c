/* SPDX-License-Identifier: MIT */
/* Geomview OFF, as text: a row a vertex or face. Normals, colours and texture coordinates after the three coordinates,
   and colours after a face's corners, are left out. */
#include "mesh/mesh_soup.h"

#include "cli/message.h"
#include "cli/text.h"

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The letters before OFF: ST texture coordinates, C colours, N normals; 4 and n, other dimensions, are not read. */
static bool read_keyword(struct text *text) {
    static const char *const kinds[] = {"OFF",    "COFF",    "NOFF",  "CNOFF",   "STOFF", "STCOFF",
                                        "STNOFF", "STCNOFF", "NCOFF", "STNCOFF", "off"};
    char *begin = text->at;
    size_t length;
    const char *word = text_word(text, &length);
    if (length >= 3 && strncasecmp(word + length - 3, "OFF", 3) == 0) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
            if (length == strlen(kinds[i]) && memcmp(word, kinds[i], length) == 0) return true;
        return text_error(text, "OFF files of the kind '%.*s' are not supported", (int)(length < 60 ? length : 60),
                          word);
    }
    text->at = begin; /* the keyword may be missing */
    return true;
}

/* Every row has a line, so that no file can announce more rows than it has bytes. */
static bool read_count(struct text *text, double *count) {
    if (!text_number(text, count)) return false;
    if (*count >= 0 && floor(*count) == *count && *count <= (double)text->size) return true;
    return text_error(text, "the file declares more vertices or faces than it contains: %.0f", *count);
}

static bool read_counts(struct text *text, double *num_vertices, double *num_faces) {
    if (!text_next(text) || !read_keyword(text)) return false;
    size_t length;
    char *begin;
    if (!text_next(text)) return text_error(text, "the counts of vertices and faces are missing");
    begin = text->at;
    const char *word = text_word(text, &length);
    if (length == 6 && memcmp(word, "BINARY", 6) == 0) return text_error(text, "binary OFF files are not supported");
    text->at = begin;
    if (!read_count(text, num_vertices) || !read_count(text, num_faces)) return false;
    text_end_line(text);
    return true;
}

static bool next_row(struct text *text) {
    return text_next(text) || text_error(text, "the file declares more vertices or faces than it contains");
}

static bool read_vertex(struct mesh_soup *soup, struct text *text) {
    double position[3];
    if (!next_row(text) || !text_number(text, &position[0]) || !text_number(text, &position[1]) ||
        !text_number(text, &position[2]) || !mesh_soup_add_vertex(soup, position))
        return false;
    text_end_line(text);
    return true;
}

static bool read_face(struct mesh_soup *soup, struct text *text) {
    double count, index;
    if (!next_row(text) || !text_number(text, &count)) return false;
    if (!(count >= 0 && floor(count) == count)) return text_error(text, "a face cannot have %g corners", count);
    for (; count > 0; count--)
        if (!text_number(text, &index) || !mesh_soup_add_corner(soup, index)) return false;
    text_end_line(text);
    return mesh_soup_end_polygon(soup);
}

bool mesh_read_off(struct mesh_soup *soup, struct text *text) {
    double num_vertices, num_faces;
    text->comments = true;
    if (!text_begin(text) || !read_counts(text, &num_vertices, &num_faces)) return false;
    for (; num_vertices > 0; num_vertices--)
        if (!read_vertex(soup, text)) return false;
    for (; num_faces > 0; num_faces--)
        if (!read_face(soup, text)) return false;
    if (text_next(text)) message_warning("'%s' contains more than it declares; the rest is ignored", text->path);
    return true;
}
