/* SPDX-License-Identifier: MIT */
#include "task/field_grid.h"

#include "cli/message.h"

#include <stdlib.h>

/* Samples an axis of a block. */
enum { BLOCK = 4 };

/* Samples that are handed to the fields at a time. */
enum { BATCH = 65536 };

struct evaluation {
    const struct field_set *fields;
    size_t size;
    float *values;
    size_t num_evaluated;
    size_t count;     /* samples that wait */
    size_t *indices;  /* (BATCH) theirs */
    float *points;    /* (BATCH, 3) */
    float *outputs;   /* (BATCH) */
    size_t blocks;    /* an axis */
    uint8_t *refined; /* (blocks, blocks, blocks) whether all samples of the block have been evaluated */
};

struct grid field_grid(size_t size, const float *values) {
    const double spacing = 2.0 / (double)(size - 1);
    return (struct grid){{size, size, size}, {-1, -1, -1}, {spacing, spacing, spacing}, values};
}

static bool flush(struct evaluation *evaluation) {
    if (!field_set_predict(evaluation->fields, evaluation->count, evaluation->points, evaluation->outputs))
        return false;
    for (size_t i = 0; i < evaluation->count; i++) evaluation->values[evaluation->indices[i]] = evaluation->outputs[i];
    evaluation->num_evaluated += evaluation->count;
    evaluation->count = 0;
    return true;
}

static bool add_sample(struct evaluation *evaluation, size_t x, size_t y, size_t z) {
    const size_t size = evaluation->size, position[3] = {x, y, z};
    float *point = evaluation->points + 3 * evaluation->count;
    for (int a = 0; a < 3; a++) point[a] = (float)(-1.0 + 2.0 * (double)position[a] / (double)(size - 1));
    evaluation->indices[evaluation->count++] = x + size * (y + size * z);
    return evaluation->count < BATCH || flush(evaluation);
}

/* A box of samples: those from begin to end - 1 on every axis. */
struct box {
    size_t begin[3], end[3];
};

/* Adds every step-th sample of the box. */
static bool add_box(struct evaluation *evaluation, const struct box *box, size_t step) {
    for (size_t z = box->begin[2]; z < box->end[2]; z += step)
        for (size_t y = box->begin[1]; y < box->end[1]; y += step)
            for (size_t x = box->begin[0]; x < box->end[0]; x += step)
                if (!add_sample(evaluation, x, y, z)) return false;
    return true;
}

static bool begin(struct evaluation *evaluation, const struct field_set *fields, size_t size, float *values) {
    *evaluation = (struct evaluation){
        .fields = fields,
        .size = size,
        .values = values,
        .indices = malloc(BATCH * sizeof *evaluation->indices),
        .points = malloc(3 * BATCH * sizeof *evaluation->points),
        .outputs = malloc(BATCH * sizeof *evaluation->outputs),
        .blocks = (size + BLOCK - 1) / BLOCK,
    };
    const size_t blocks = evaluation->blocks;
    evaluation->refined = calloc(blocks * blocks, blocks);
    return (evaluation->indices && evaluation->points && evaluation->outputs && evaluation->refined) ||
           message_out_of_memory();
}

static void end(struct evaluation *evaluation) {
    free(evaluation->indices);
    free(evaluation->points);
    free(evaluation->outputs);
    free(evaluation->refined);
}

bool field_grid_evaluate(const struct field_set *fields, size_t size, float *values) {
    static const float low[] = {-1, -1, -1}, high[] = {1, 1, 1};
    const size_t sizes[] = {size, size, size};
    if (!field_set_predict_grid(fields, sizes, low, high, values)) return false;
    /* There the last coordinate is the fastest, here the first one is. */
    for (size_t x = 0; x < size; x++) {
        for (size_t y = 0; y < size; y++) {
            for (size_t z = x + 1; z < size; z++) {
                float *a = &values[x + size * (y + size * z)], *b = &values[z + size * (y + size * x)];
                const float kept = *a;
                *a = *b;
                *b = kept;
            }
        }
    }
    return true;
}

/* The samples of a block, and as many more beyond its upper sides. */
static struct box block_box(const struct evaluation *evaluation, const size_t block[3], size_t more) {
    struct box box;
    for (int a = 0; a < 3; a++) {
        const size_t end = block[a] * BLOCK + BLOCK + more;
        box.begin[a] = block[a] * BLOCK;
        box.end[a] = end < evaluation->size ? end : evaluation->size;
    }
    return box;
}

static void fill_box(struct evaluation *evaluation, const struct box *box) {
    const size_t size = evaluation->size;
    const float value = evaluation->values[box->begin[0] + size * (box->begin[1] + size * box->begin[2])];
    for (size_t z = box->begin[2]; z < box->end[2]; z++)
        for (size_t y = box->begin[1]; y < box->end[1]; y++)
            for (size_t x = box->begin[0]; x < box->end[0]; x++) evaluation->values[x + size * (y + size * z)] = value;
}

/* Whether the surface passes between any two samples of the box. */
static bool is_crossed(const struct evaluation *evaluation, const struct box *box) {
    const size_t size = evaluation->size;
    const bool first = evaluation->values[box->begin[0] + size * (box->begin[1] + size * box->begin[2])] < 0;
    for (size_t z = box->begin[2]; z < box->end[2]; z++)
        for (size_t y = box->begin[1]; y < box->end[1]; y++)
            for (size_t x = box->begin[0]; x < box->end[0]; x++)
                if ((evaluation->values[x + size * (y + size * z)] < 0) != first) return true;
    return false;
}

/* Evaluates the blocks round a block, itself included, that have not been evaluated. */
static bool refine_round(struct evaluation *evaluation, const size_t block[3], bool *any) {
    const size_t blocks = evaluation->blocks;
    for (size_t i = 0; i < 27; i++) {
        const size_t shift[3] = {i % 3, i / 3 % 3, i / 9};
        size_t near[3];
        for (int a = 0; a < 3; a++) near[a] = block[a] + shift[a] - 1; /* wraps round to a large number below 0 */
        if (near[0] >= blocks || near[1] >= blocks || near[2] >= blocks) continue;
        uint8_t *refined = &evaluation->refined[near[0] + blocks * (near[1] + blocks * near[2])];
        if (*refined) continue;
        const struct box box = block_box(evaluation, near, 0);
        if (!add_box(evaluation, &box, 1)) return false;
        *refined = 1;
        *any = true;
    }
    return true;
}

/* Calls refine_round() for all blocks that the surface crosses; *any says whether there was anything to evaluate. */
static bool refine_crossed(struct evaluation *evaluation, bool *any) {
    const size_t blocks = evaluation->blocks;
    *any = false;
    for (size_t i = 0; i < blocks * blocks * blocks; i++) {
        const size_t block[3] = {i % blocks, i / blocks % blocks, i / (blocks * blocks)};
        const struct box box = block_box(evaluation, block, 1);
        if (is_crossed(evaluation, &box) && !refine_round(evaluation, block, any)) return false;
    }
    return flush(evaluation);
}

static bool evaluate_coarsely(struct evaluation *evaluation) {
    const size_t size = evaluation->size, blocks = evaluation->blocks;
    const struct box all = {{0, 0, 0}, {size, size, size}};
    if (!add_box(evaluation, &all, BLOCK) || !flush(evaluation)) return false;
    for (size_t i = 0; i < blocks * blocks * blocks; i++) {
        const size_t block[3] = {i % blocks, i / blocks % blocks, i / (blocks * blocks)};
        const struct box box = block_box(evaluation, block, 0);
        fill_box(evaluation, &box);
    }
    return true;
}

bool field_grid_evaluate_near_zero(const struct field_set *fields, size_t size, float *values, double *evaluated) {
    struct evaluation evaluation;
    bool done = begin(&evaluation, fields, size, values) && evaluate_coarsely(&evaluation);
    for (bool any = true; done && any;) done = refine_crossed(&evaluation, &any);
    *evaluated = (double)evaluation.num_evaluated / ((double)size * (double)size * (double)size);
    end(&evaluation);
    return done;
}

size_t field_grid_count_differences(size_t size, const float *a, const float *b) {
    const size_t strides[3] = {1, size, size * size};
    size_t count = 0;
    for (size_t i = 0; i < size * size * size; i++) {
        const size_t position[3] = {i % size, i / size % size, i / (size * size)};
        for (int axis = 0; axis < 3; axis++) {
            if (position[axis] + 1 == size) continue;
            const size_t next = i + strides[axis];
            count += ((a[i] < 0) != (a[next] < 0)) != ((b[i] < 0) != (b[next] < 0));
        }
    }
    return count;
}

bool field_grid_has_surface(size_t size, const float *values) {
    size_t inside = 0;
    for (size_t i = 0; i < size * size * size; i++) inside += values[i] < 0;
    return inside > 0 && inside < size * size * size;
}
