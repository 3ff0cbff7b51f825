/* SPDX-License-Identifier: MIT */
#include "signal/nearest.h"

#include "base/error.h"
#include "base/memory.h"

/* Nodes of at most this many points are not halved. */
#define LEAF 8

/* Nodes of a tree whose largest leaf has at most LEAF of n points. */
static size_t nodes_for(size_t n) {
    size_t leaves = 1;
    for (; n > LEAF; n -= n / 2) leaves *= 2;
    return 2 * leaves - 1;
}

sape_status sape_nearest_open(struct sape_nearest *tree, size_t dim, size_t most) {
    *tree = (struct sape_nearest){.dim = dim,
                                  .entries = SAPE_NEW_ARRAY(struct sape_nearest_entry, most),
                                  .boxes = SAPE_NEW_ARRAY(struct sape_nearest_box, nodes_for(most))};
    if (tree->entries != NULL && tree->boxes != NULL) return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for the index of %zu points", most);
}

void sape_nearest_close(struct sape_nearest *tree) {
    sape_release(tree->entries);
    sape_release(tree->boxes);
    *tree = (struct sape_nearest){.dim = 0};
}

/* The entries of a node: begin .. end - 1. */
struct range {
    size_t node, begin, end;
};

static struct range child_of(struct range parent, size_t which) {
    const size_t middle = parent.begin + (parent.end - parent.begin) / 2;
    return (struct range){2 * parent.node + 1 + which, which == 0 ? parent.begin : middle,
                          which == 0 ? middle : parent.end};
}

static struct sape_nearest_box box_of(const struct sape_nearest *tree, struct range range) {
    struct sape_nearest_box box = {{0}, {0}};
    for (size_t a = 0; a < tree->dim; a++) {
        box.low[a] = box.high[a] = tree->entries[range.begin].at[a];
        for (size_t i = range.begin + 1; i < range.end; i++) {
            const float value = tree->entries[i].at[a];
            if (value < box.low[a]) box.low[a] = value;
            if (value > box.high[a]) box.high[a] = value;
        }
    }
    return box;
}

static size_t longest_axis(const struct sape_nearest *tree, const struct sape_nearest_box *box) {
    size_t longest = 0;
    for (size_t a = 1; a < tree->dim; a++)
        if ((double)box->high[a] - (double)box->low[a] > (double)box->high[longest] - (double)box->low[longest])
            longest = a;
    return longest;
}

/*
 * Orders the range so that what lies before `middle` is along the axis not above what lies behind (Hoare's selection).
 * Pivots are drawn, so that no order of the points is slow; equal ones are shared out, so that many are not either.
 */
static void select_middle(struct sape_nearest_entry *entries, struct range range, size_t middle, size_t axis) {
    size_t begin = range.begin, end = range.end;
    uint64_t draw = 0x9E3779B97F4A7C15u;
    while (end - begin > 1) {
        draw = draw * 6364136223846793005u + 1442695040888963407u;
        const float pivot = entries[begin + (size_t)(draw >> 33) % (end - begin)].at[axis];
        size_t i = begin, j = end;
        for (;;) {
            while (entries[i].at[axis] < pivot) i++;
            while (entries[j - 1].at[axis] > pivot) j--;
            if (i + 1 >= j) break;
            const struct sape_nearest_entry kept = entries[i];
            entries[i++] = entries[--j];
            entries[j] = kept;
        }
        /* Up to i - 1 nothing is above the pivot, from j on nothing below it; what may lie between is the pivot. */
        if (middle < i)
            end = i;
        else if (middle >= j)
            begin = j;
        else
            return;
    }
}

static void build(struct sape_nearest *tree, struct range range) {
    struct sape_nearest_box *box = &tree->boxes[range.node];
    *box = box_of(tree, range);
    if (range.end - range.begin <= LEAF) return;
    select_middle(tree->entries, range, child_of(range, 0).end, longest_axis(tree, box));
    for (size_t which = 0; which < 2; which++) build(tree, child_of(range, which));
}

void sape_nearest_build(struct sape_nearest *tree, size_t count, const float *points) {
    tree->count = count;
    tree->points = points;
    for (size_t i = 0; i < count; i++) {
        tree->entries[i].index = i;
        for (size_t a = 0; a < tree->dim; a++) tree->entries[i].at[a] = points[i * tree->dim + a];
    }
    build(tree, (struct range){0, 0, count});
}

static double square_to_point(size_t dim, const float *query, const float *point) {
    double sum = 0.0;
    for (size_t a = 0; a < dim; a++) {
        const double difference = (double)query[a] - (double)point[a];
        sum += difference * difference;
    }
    return sum;
}

static double square_to_box(size_t dim, const float *query, const struct sape_nearest_box *box) {
    double sum = 0.0;
    for (size_t a = 0; a < dim; a++) {
        double outside = 0.0;
        if (query[a] < box->low[a]) outside = (double)box->low[a] - (double)query[a];
        if (query[a] > box->high[a]) outside = (double)query[a] - (double)box->high[a];
        sum += outside * outside;
    }
    return sum;
}

/* A query under way, and the best so far. */
struct search {
    const struct sape_nearest *tree;
    const float *query;
    size_t nearest;
    double square;
    size_t visited;
};

/* Looks at a node whose box is nearer than the best so far. */
static void descend(struct search *search, struct range range) {
    const struct sape_nearest *tree = search->tree;
    if (range.end - range.begin <= LEAF) {
        for (size_t i = range.begin; i < range.end; i++) {
            const double square = square_to_point(tree->dim, search->query, tree->entries[i].at);
            if (square >= search->square) continue;
            search->square = square;
            search->nearest = tree->entries[i].index;
        }
        return;
    }
    const struct range children[] = {child_of(range, 0), child_of(range, 1)};
    const double squares[] = {square_to_box(tree->dim, search->query, &tree->boxes[children[0].node]),
                              square_to_box(tree->dim, search->query, &tree->boxes[children[1].node])};
    const size_t nearer = squares[1] < squares[0];
    search->visited += 2;
    if (squares[nearer] < search->square) descend(search, children[nearer]);
    if (squares[1 - nearer] < search->square) descend(search, children[1 - nearer]);
}

double sape_nearest_find(const struct sape_nearest *tree, const float *query, size_t *nearest, size_t *visited) {
    struct search search = {.tree = tree,
                            .query = query,
                            .nearest = *nearest,
                            .square = square_to_point(tree->dim, query, tree->points + *nearest * tree->dim),
                            .visited = 1};
    if (search.square > 0.0) descend(&search, (struct range){0, 0, tree->count});
    *nearest = search.nearest;
    if (visited != NULL) *visited += search.visited;
    return search.square;
}
