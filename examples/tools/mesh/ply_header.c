/* SPDX-License-Identifier: MIT */
#include "mesh/ply_header.h"

#include "cli/message.h"
#include "cli/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_SIZE = 1024, MAX_WORDS = 6 };

static const struct type {
    const char *name, *other_name;
    size_t size;
} types[] = {
    [PLY_INT8] = {"char", "int8", 1},      [PLY_UINT8] = {"uchar", "uint8", 1},
    [PLY_INT16] = {"short", "int16", 2},   [PLY_UINT16] = {"ushort", "uint16", 2},
    [PLY_INT32] = {"int", "int32", 4},     [PLY_UINT32] = {"uint", "uint32", 4},
    [PLY_FLOAT] = {"float", "float32", 4}, [PLY_DOUBLE] = {"double", "float64", 8},
};

size_t ply_type_size(enum ply_type type) {
    return types[type].size;
}

/* A line of the header in words; words beyond the last have no letters. */
struct line {
    char bytes[LINE_SIZE];
    const char *words[MAX_WORDS];
};

/* Ends with LF, CR LF or CR, as the first line does: data may begin with any byte. */
struct line_end {
    const char *bytes;
    size_t length;
};

static struct line_end find_line_end(const struct text *text) {
    const char *end = text->at + strcspn(text->at, "\r\n");
    if (strncmp(end, "\r\n", 2) == 0) return (struct line_end){"\r\n", 2};
    return *end == '\r' ? (struct line_end){"\r", 1} : (struct line_end){"\n", 1};
}

static bool next_line(struct line *line, struct text *text, struct line_end line_end) {
    const char *end = strstr(text->at, line_end.bytes);
    size_t length = end ? (size_t)(end - text->at) : 0, count = 0;
    if (!end || length >= LINE_SIZE) return message_error("'%s' has no complete PLY header", text->path);
    memcpy(line->bytes, text->at, length);
    line->bytes[length] = '\0';
    text->at += length + line_end.length;
    char *rest = line->bytes;
    for (char *word; count < MAX_WORDS && (word = strtok_r(rest, " \t\r", &rest)) != NULL;) line->words[count++] = word;
    while (count < MAX_WORDS) line->words[count++] = "";
    return true;
}

static bool is(const char *word, const char *keyword) {
    return strcasecmp(word, keyword) == 0;
}

static bool wrong_line(const struct text *text, const struct line *line) {
    return message_error("'%s': the PLY header's line '%.40s %.40s %.40s' is not understood", text->path,
                         line->words[0], line->words[1], line->words[2]);
}

static bool find_type(const char *word, enum ply_type *type) {
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!is(word, types[i].name) && !is(word, types[i].other_name)) continue;
        *type = (enum ply_type)i;
        return true;
    }
    return false;
}

static bool read_format(struct ply_header *header, const struct line *line) {
    static const char *const names[] = {"ascii", "binary_little_endian", "binary_big_endian"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!is(line->words[1], names[i])) continue;
        header->format = (enum ply_format)i;
        header->has_format = true;
        return is(line->words[2], "1.0");
    }
    return false;
}

static bool add_element(struct ply_header *header, const struct line *line) {
    char *end;
    const double count = strtod(line->words[2], &end);
    if (end == line->words[2] || *end != '\0' || !(count >= 0 && floor(count) == count)) return false;
    if (header->num_elements == PLY_MAX_ELEMENTS) return false;
    struct ply_element *element = &header->elements[header->num_elements++];
    *element = (struct ply_element){.count = count};
    snprintf(element->name, sizeof element->name, "%s", line->words[1]);
    element->kind = is(element->name, "vertex")      ? PLY_VERTICES
                    : is(element->name, "face")      ? PLY_FACES
                    : is(element->name, "tristrips") ? PLY_TRISTRIPS
                                                     : PLY_OTHER;
    element->properties = calloc(PLY_MAX_PROPERTIES, sizeof *element->properties);
    return element->properties || message_out_of_memory();
}

static enum ply_role role_of(const struct ply_element *element, const struct ply_property *property, const char *name) {
    if (element->kind == PLY_VERTICES && !property->list)
        return is(name, "x") ? PLY_X : is(name, "y") ? PLY_Y : is(name, "z") ? PLY_Z : PLY_UNUSED;
    if (!property->list || strncasecmp(name, "vertex_ind", 10) != 0) return PLY_UNUSED;
    return element->kind == PLY_FACES ? PLY_POLYGON : element->kind == PLY_TRISTRIPS ? PLY_STRIPS : PLY_UNUSED;
}

static bool add_property(struct ply_header *header, const struct line *line) {
    if (header->num_elements == 0) return false;
    struct ply_element *element = &header->elements[header->num_elements - 1];
    if (element->num_properties == PLY_MAX_PROPERTIES) return false;
    struct ply_property property = {.list = is(line->words[1], "list")};
    const char *name = line->words[property.list ? 4 : 2];
    if (!find_type(line->words[property.list ? 3 : 1], &property.type) ||
        (property.list && !find_type(line->words[2], &property.count_type)) || *name == '\0')
        return false;
    property.role = role_of(element, &property, name);
    element->properties[element->num_properties++] = property;
    return true;
}

static size_t count_role(const struct ply_element *element, enum ply_role role) {
    size_t count = 0;
    for (size_t p = 0; p < element->num_properties; p++) count += element->properties[p].role == role;
    return count;
}

/* Faces whose list has another name have it all the same when it is the only one. */
static void find_list(struct ply_element *element, enum ply_role role) {
    struct ply_property *list = NULL;
    size_t count = 0;
    for (size_t p = 0; p < element->num_properties; p++) {
        if (!element->properties[p].list) continue;
        list = &element->properties[p];
        count++;
    }
    if (count == 1) list->role = role;
}

static bool check_element(struct ply_element *element, const struct text *text) {
    if (element->kind == PLY_OTHER || element->count == 0) return true;
    if (element->kind == PLY_VERTICES)
        return (count_role(element, PLY_X) == 1 && count_role(element, PLY_Y) == 1 &&
                count_role(element, PLY_Z) == 1) ||
               message_error("'%s': its vertices have no x, y and z", text->path);
    const enum ply_role role = element->kind == PLY_FACES ? PLY_POLYGON : PLY_STRIPS;
    if (count_role(element, role) == 0) find_list(element, role);
    return count_role(element, role) == 1 || message_error("'%s': its faces have no list of vertices", text->path);
}

static bool read_lines(struct ply_header *header, struct text *text) {
    const struct line_end line_end = find_line_end(text);
    struct line line;
    if (!next_line(&line, text, line_end)) return false;
    if (!is(line.words[0], "ply")) return message_error("'%s' is not a PLY file", text->path);
    while (next_line(&line, text, line_end)) {
        const char *keyword = line.words[0];
        if (is(keyword, "end_header"))
            return header->has_format || message_error("'%s': the PLY header has no format", text->path);
        if (is(keyword, "") || is(keyword, "comment") || is(keyword, "obj_info")) continue;
        const bool done = is(keyword, "format")     ? read_format(header, &line)
                          : is(keyword, "element")  ? add_element(header, &line)
                          : is(keyword, "property") ? add_property(header, &line)
                                                    : false;
        if (!done) return wrong_line(text, &line);
    }
    return false;
}

bool ply_header_read(struct ply_header *header, struct text *text) {
    *header = (struct ply_header){.elements = calloc(PLY_MAX_ELEMENTS, sizeof *header->elements)};
    if (!header->elements) return message_out_of_memory();
    if (strncmp(text->at, "\xef\xbb\xbf", 3) == 0) text->at += 3;
    bool done = read_lines(header, text);
    for (size_t e = 0; done && e < header->num_elements; e++) done = check_element(&header->elements[e], text);
    if (!done) ply_header_free(header);
    return done;
}

void ply_header_free(struct ply_header *header) {
    for (size_t e = 0; e < header->num_elements; e++) free(header->elements[e].properties);
    free(header->elements);
    *header = (struct ply_header){0};
}
