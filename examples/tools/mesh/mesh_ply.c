/* SPDX-License-Identifier: MIT */
/* PLY, ASCII and binary of either byte order: the vertices' x, y and z, and the faces or triangle strips. Whatever else
   the header announces is passed over. */
#include "mesh/ply_header.h"

#include "cli/message.h"
#include "cli/text.h"
#include "mesh/mesh_soup.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Where the rows come from. */
struct source {
    struct text *text;
    enum ply_format format;
    const char *end; /* of the bytes */
};

static double read_binary(const char *at, enum ply_type type, bool big_endian) {
    const size_t size = ply_type_size(type);
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++) bits |= (uint64_t)(unsigned char)at[big_endian ? size - 1 - i : i] << 8 * i;
    const uint32_t low = (uint32_t)bits;
    double wide;
    float narrow;
    switch (type) {
    case PLY_INT8:
        return (int8_t)bits;
    case PLY_INT16:
        return (int16_t)bits;
    case PLY_INT32:
        return (int32_t)low;
    case PLY_FLOAT:
        memcpy(&narrow, &low, sizeof narrow);
        return (double)narrow;
    case PLY_DOUBLE:
        memcpy(&wide, &bits, sizeof wide);
        return wide;
    default:
        return (double)bits;
    }
}

static bool is_cut_short(const struct source *source) {
    return message_error("'%s' declares more vertices or faces than it contains", source->text->path);
}

/* The next number. Of an ASCII file it may be anything where it does not matter: many write "nan" in odd ways. */
static bool next_value(struct source *source, enum ply_type type, bool matters, double *value) {
    struct text *text = source->text;
    if (source->format == PLY_ASCII) {
        size_t length;
        if (matters) return text_number(text, value);
        return text_word(text, &length) || text_error(text, "a number is missing");
    }
    const size_t size = ply_type_size(type);
    if ((size_t)(source->end - text->at) < size) return is_cut_short(source);
    *value = read_binary(text->at, type, source->format == PLY_BIG_ENDIAN);
    text->at += size;
    return true;
}

static bool next_count(struct source *source, enum ply_type type, double *count) {
    if (!next_value(source, type, true, count)) return false;
    return (*count >= 0 && floor(*count) == *count) ||
           message_error("'%s' has a list of %g numbers", source->text->path, *count);
}

static bool pass_over(struct source *source, const struct ply_property *property) {
    double count = 1, unused;
    if (property->list && !next_count(source, property->count_type, &count)) return false;
    for (; count > 0; count--)
        if (!next_value(source, property->type, false, &unused)) return false;
    return true;
}

/* A polygon's corners. */
static bool read_polygon(struct mesh_soup *soup, struct source *source, const struct ply_property *property) {
    double count, index;
    if (!next_count(source, property->count_type, &count)) return false;
    for (; count > 0; count--)
        if (!next_value(source, property->type, true, &index) || !mesh_soup_add_corner(soup, index)) return false;
    return mesh_soup_end_polygon(soup);
}

/* Every corner of a strip makes a triangle with the two before it, turned over every other time; -1 begins anew. */
static bool read_strips(struct mesh_soup *soup, struct source *source, const struct ply_property *property) {
    double count, last[3] = {0};
    size_t length = 0;
    if (!next_count(source, property->count_type, &count)) return false;
    for (; count > 0; count--) {
        double *corner = &last[length < 2 ? length : 2];
        if (!next_value(source, property->type, true, corner)) return false;
        if (*corner == -1) {
            length = 0;
            continue;
        }
        if (++length < 3) continue;
        /* Strips are joined by triangles without an area. */
        if (last[0] != last[1] && last[1] != last[2] && last[2] != last[0]) {
            const bool odd = length % 2 == 0;
            if (!mesh_soup_add_corner(soup, last[odd]) || !mesh_soup_add_corner(soup, last[!odd]) ||
                !mesh_soup_add_corner(soup, last[2]) || !mesh_soup_end_polygon(soup))
                return false;
        }
        last[0] = last[1];
        last[1] = last[2];
    }
    return true;
}

static bool read_row(struct mesh_soup *soup, struct source *source, const struct ply_element *element) {
    double position[3] = {0};
    for (size_t p = 0; p < element->num_properties; p++) {
        const struct ply_property *property = &element->properties[p];
        bool done;
        switch (property->role) {
        case PLY_X:
        case PLY_Y:
        case PLY_Z:
            done = next_value(source, property->type, true, &position[property->role - PLY_X]);
            break;
        case PLY_POLYGON:
            done = read_polygon(soup, source, property);
            break;
        case PLY_STRIPS:
            done = read_strips(soup, source, property);
            break;
        default:
            done = pass_over(source, property);
        }
        if (!done) return false;
    }
    return element->kind != PLY_VERTICES || mesh_soup_add_vertex(soup, position);
}

/* A row of an ASCII file has a line of its own. */
static bool read_line(struct mesh_soup *soup, struct source *source, const struct ply_element *element) {
    size_t length;
    if (!text_next(source->text)) return is_cut_short(source);
    return read_row(soup, source, element) &&
           (!text_word(source->text, &length) ||
            text_error(source->text, "the row has more values than the header declares for '%s'", element->name));
}

/* A row has at least a byte for every property; without properties there is nothing to be read. */
static bool read_element(struct mesh_soup *soup, struct source *source, const struct ply_element *element) {
    const double room = (double)(source->end - source->text->at) + 1;
    if (element->count * (double)(element->num_properties > 0 ? element->num_properties : 1) > room)
        return is_cut_short(source);
    if (element->num_properties == 0) return true;
    for (double i = 0; i < element->count; i++)
        if (!(source->format == PLY_ASCII ? read_line : read_row)(soup, source, element)) return false;
    return true;
}

bool mesh_read_ply(struct mesh_soup *soup, struct text *text) {
    struct ply_header header;
    if (!ply_header_read(&header, text)) return false;
    struct source source = {text, header.format, text->bytes + text->size};
    bool done = header.format != PLY_ASCII || text_begin(text);
    for (size_t e = 0; done && e < header.num_elements; e++) done = read_element(soup, &source, &header.elements[e]);
    if (done && (header.format == PLY_ASCII ? text_next(text) : text->at < source.end))
        message_warning("'%s' contains more than it declares; the rest is ignored", text->path);
    ply_header_free(&header);
    return done;
}
