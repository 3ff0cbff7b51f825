/* SPDX-License-Identifier: MIT */
#include "mesh_file.h"

#include "message.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define END_SIZE 16384

struct file {
    size_t size, num_lines;
    char head[END_SIZE + 1], tail[END_SIZE + 1]; /* the start and the end, as strings */
};

static size_t count_newlines(const char *bytes, size_t size) {
    size_t count = 0;
    for (size_t i = 0; i < size; i++) count += bytes[i] == '\n';
    return count;
}

/* Reads the file block by block; the tail is put together from the last two blocks. */
static bool scan(struct file *file, FILE *stream) {
    char blocks[2 * END_SIZE];
    size_t length, kept = 0;
    while ((length = fread(blocks + kept, 1, END_SIZE, stream)) > 0) {
        if (file->size == 0) memcpy(file->head, blocks, length);
        file->size += length;
        file->num_lines += count_newlines(blocks + kept, length);
        const size_t held = kept + length;
        kept = held < END_SIZE ? held : END_SIZE;
        memmove(blocks, blocks + held - kept, kept);
    }
    memcpy(file->tail, blocks, kept);
    /* The last line needs no newline. */
    if (kept > 0 && blocks[kept - 1] != '\n') file->num_lines++;
    return !ferror(stream);
}

static bool read_file(struct file *file, const char *path) {
    struct stat status;
    FILE *stream = fopen(path, "rb");
    if (!stream) return message_error("cannot open '%s'", path);
    *file = (struct file){0};
    const bool done = fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode) && scan(file, stream);
    fclose(stream);
    return done || message_error("cannot read '%s'", path);
}

/* A binary file has a header of 84 bytes, the last four of which count its faces, and 50 bytes a face. */
static bool is_binary_stl(const struct file *file) {
    const unsigned char *count = (const unsigned char *)file->head + 80;
    const uint64_t num_faces = count[0] | (uint64_t)count[1] << 8 | (uint64_t)count[2] << 16 | (uint64_t)count[3] << 24;
    return file->size >= 84 && file->size == 84 + 50 * num_faces;
}

static bool check_stl(const struct file *file, const char *path) {
    return is_binary_stl(file) || strstr(file->tail, "endsolid") ||
           message_error("'%s' is neither a complete binary nor a complete ASCII STL file", path);
}

/* The sum of what the header's lines "element NAME COUNT" announce. */
static double announced(const char *header, const char *end) {
    double sum = 0.0, count;
    for (const char *line = header; line < end; line += strcspn(line, "\n") + 1)
        if (sscanf(line, " element %*s %lf", &count) == 1 && count > 0.0) sum += count;
    return sum;
}

/* Every vertex and face has a line of its own in an ASCII file, and at least a byte in a binary one. */
static bool check_ply(const struct file *file, const char *path) {
    static const char last_line[] = "\nend_header";
    const char *end = strstr(file->head, last_line);
    /* Assimp 5.2 looks for a line of these words, and never stops where there is none. */
    if (!end || !isspace((unsigned char)end[sizeof last_line - 1]))
        return message_error("'%s' has no complete PLY header", path);
    const size_t header_lines = count_newlines(file->head, (size_t)(end - file->head)) + 2;
    const size_t room = strstr(file->head, "format ascii") ? file->num_lines - header_lines : file->size;
    return announced(file->head, end) <= (double)room ||
           message_error("'%s' announces more vertices or faces than it holds", path);
}

/* The counts of vertices and faces are the first two numbers that are not in a comment. */
static bool check_off(const struct file *file, const char *path) {
    const char *text = file->head;
    for (int found = 0; found < 2;) {
        text += strcspn(text, "#0123456789");
        if (*text == '\0') return true;
        if (*text == '#') {
            text += strcspn(text, "\n");
            continue;
        }
        char *end;
        if (strtod(text, &end) > (double)file->num_lines)
            return message_error("'%s' announces more vertices or faces than it holds", path);
        text = end;
        found++;
    }
    return true;
}

static const struct format {
    const char *extension;
    bool (*check)(const struct file *file, const char *path); /* NULL: announces nothing */
} formats[] = {{".stl", check_stl}, {".obj", NULL}, {".ply", check_ply}, {".off", check_off}};

static const struct format *find_format(const char *path) {
    const char *extension = strrchr(path, '.');
    for (size_t i = 0; extension && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(extension, formats[i].extension) == 0) return &formats[i];
    message_error("'%s' is no mesh: its name must end in .stl, .obj, .ply or .off", path);
    return NULL;
}

bool mesh_file_check(const char *path) {
    const struct format *format = find_format(path);
    struct file file;
    if (!format || !read_file(&file, path)) return false;
    if (file.size == 0) return message_error("'%s' is empty", path);
    return !format->check || format->check(&file, path);
}
