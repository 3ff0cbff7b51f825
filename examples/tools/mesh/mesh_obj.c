/* SPDX-License-Identifier: MIT */
/* Wavefront OBJ: vertices and faces; materials, groups, texture coordinates, lines and curves do not matter. */
#include "mesh/mesh_soup.h"

#include "cli/text.h"

#include <stdlib.h>
#include <string.h>

static bool read_vertex(struct mesh_soup *soup, struct text *text) {
    double position[3];
    /* What follows, a weight or a colour, is left out. */
    return text_number(text, &position[0]) && text_number(text, &position[1]) && text_number(text, &position[2]) &&
           mesh_soup_add_vertex(soup, position);
}

/* VERTEX, VERTEX/TEXTURE, VERTEX//NORMAL or VERTEX/TEXTURE/NORMAL; below zero they count back from the last vertex. */
static bool add_corner(struct mesh_soup *soup, const struct text *text, const char *word, size_t length) {
    char *end;
    const double index = strtod(word, &end);
    if (end == word || (end != word + length && *end != '/'))
        return text_error(text, "'%.*s' is not a vertex index", (int)(length < 60 ? length : 60), word);
    if (index < 0 && index + (double)soup->num_vertices < 0)
        return text_error(text, "index %.0f is out of range", index);
    return mesh_soup_add_corner(soup, index < 0 ? (double)soup->num_vertices + 1 + index : index);
}

static bool read_face(struct mesh_soup *soup, struct text *text) {
    const char *word;
    size_t length;
    while ((word = text_word(text, &length)) != NULL)
        if (!add_corner(soup, text, word, length)) return false;
    return mesh_soup_end_polygon(soup);
}

static bool is(const char *word, size_t length, const char *keyword) {
    return length == strlen(keyword) && strncmp(word, keyword, length) == 0;
}

bool mesh_read_obj(struct mesh_soup *soup, struct text *text) {
    text->comments = text->continued = true;
    soup->first_index = 1;
    if (!text_begin(text)) return false;
    while (text_next(text)) {
        size_t length;
        const char *word = text_word(text, &length);
        if (is(word, length, "v")) {
            if (!read_vertex(soup, text)) return false;
        } else if (is(word, length, "f") || is(word, length, "fo")) {
            if (!read_face(soup, text)) return false;
        }
        text_end_line(text);
    }
    return true;
}
