/* SPDX-License-Identifier: MIT */
/* STL, binary and ASCII. Normals follow from the corners. */
#include "mesh/mesh_soup.h"

#include "cli/message.h"
#include "cli/text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* A binary file has a header of 84 bytes, the last four of which count its faces, and 50 bytes a face. */
enum { HEADER_SIZE = 84, FACE_SIZE = 50, NORMAL_SIZE = 12 };

static uint32_t read_uint(const char *bytes) {
    const unsigned char *b = (const unsigned char *)bytes;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static double read_float(const char *bytes) {
    const uint32_t bits = read_uint(bytes);
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

/* The corners are the last three vertices. */
static bool add_facet(struct mesh_soup *soup) {
    for (size_t k = 3; k > 0; k--)
        if (!mesh_soup_add_corner(soup, (double)(soup->num_vertices - k))) return false;
    return mesh_soup_end_polygon(soup);
}

static bool read_binary(struct mesh_soup *soup, const char *bytes, size_t num_faces) {
    for (size_t f = 0; f < num_faces; f++) {
        const char *at = bytes + HEADER_SIZE + f * FACE_SIZE + NORMAL_SIZE;
        for (int k = 0; k < 3; k++, at += 12) {
            const double position[3] = {read_float(at), read_float(at + 4), read_float(at + 8)};
            if (!mesh_soup_add_vertex(soup, position)) return false;
        }
        if (!add_facet(soup)) return false;
    }
    return true;
}

static bool is(const char *word, size_t length, const char *keyword) {
    return length == strlen(keyword) && strncasecmp(word, keyword, length) == 0;
}

/* Passes over the keyword, which is expected next. */
static bool expect(struct text *text, const char *keyword) {
    size_t length;
    const char *word = text_next(text) ? text_word(text, &length) : NULL;
    return (word && is(word, length, keyword)) || text_error(text, "'%s' is missing", keyword);
}

static bool skip_to(struct text *text, const char *keyword) {
    while (text_next(text)) {
        size_t length;
        const char *word = text_word(text, &length);
        if (is(word, length, keyword)) return true;
        if (is(word, length, "facet") || is(word, length, "endfacet")) break;
    }
    return text_error(text, "'%s' is missing", keyword);
}

static bool read_corner(struct mesh_soup *soup, struct text *text) {
    double position[3];
    if (!expect(text, "vertex")) return false;
    for (size_t k = 0; k < 3; k++)
        if (!text_number(text, &position[k])) return false;
    return mesh_soup_add_vertex(soup, position);
}

/* facet normal X Y Z  outer loop  vertex X Y Z (three times)  endloop  endfacet */
static bool read_facet(struct mesh_soup *soup, struct text *text) {
    if (!skip_to(text, "loop")) return false;
    for (int k = 0; k < 3; k++)
        if (!read_corner(soup, text)) return false;
    return expect(text, "endloop") && expect(text, "endfacet") && add_facet(soup);
}

/* Solids, one after the other, each up to its "endsolid". */
static bool read_ascii(struct mesh_soup *soup, struct text *text) {
    bool open = false;
    while (text_next(text)) {
        size_t length;
        const char *word = text_word(text, &length);
        if (is(word, length, open ? "endsolid" : "solid")) {
            text_end_line(text); /* the solid's name */
            open = !open;
        } else if (open && is(word, length, "facet")) {
            if (!read_facet(soup, text)) return false;
        } else {
            return text_error(text, "'%.*s' does not belong in an STL file", (int)(length < 60 ? length : 60), word);
        }
    }
    return !open || message_error("'%s' is not a complete STL file: 'endsolid' is missing", text->path);
}

/* ASCII files begin with "solid", but so do the headers of many binary ones. */
static bool is_ascii(const struct text *text) {
    const char *begin = text->bytes + (strncmp(text->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    begin += strspn(begin, " \t\r\n");
    return strncasecmp(begin, "solid", 5) == 0 && strchr(" \t\r\n", begin[5]) && !memchr(text->bytes, '\0', text->size);
}

bool mesh_read_stl(struct mesh_soup *soup, struct text *text) {
    const size_t num_faces = text->size >= HEADER_SIZE ? read_uint(text->bytes + HEADER_SIZE - 4) : 0;
    const size_t room = text->size >= HEADER_SIZE ? (text->size - HEADER_SIZE) / FACE_SIZE : 0;
    const bool exact = text->size == HEADER_SIZE + num_faces * FACE_SIZE;
    if (!exact && is_ascii(text)) return text_begin(text) && read_ascii(soup, text);
    if (num_faces > room || (!exact && num_faces == 0))
        return message_error("'%s' is neither a complete binary nor a complete ASCII STL file", text->path);
    if (!exact) message_warning("'%s' continues after its %zu faces; the rest is ignored", text->path, num_faces);
    return read_binary(soup, text->bytes, num_faces);
}
