/* SPDX-License-Identifier: MIT */
/*
 * Nearest points: a k-d tree (Bentley 1975) whose nodes know the boxes of their points. It is built in O(n log n), also
 * where points coincide or lie on a line; a query looks at O(log n) nodes, unless very many points are equally near.
 */
#ifndef SAPE_LIB_NEAREST_H
#define SAPE_LIB_NEAREST_H

#include <sape/status.h>

/* Coordinates of a point at most. */
#define SAPE_NEAREST_MAX_DIM 3

struct sape_nearest_entry {
    float at[SAPE_NEAREST_MAX_DIM];
    size_t index;
};

/* The box of a node's points. */
struct sape_nearest_box {
    float low[SAPE_NEAREST_MAX_DIM], high[SAPE_NEAREST_MAX_DIM];
};

struct sape_nearest {
    size_t dim, count;
    /* Node k has the children 2 k + 1 and 2 k + 2, which halve its entries. */
    struct sape_nearest_entry *entries;
    struct sape_nearest_box *boxes;
    const float *points;
};

/* Memory for up to `most` points of dim coordinates. A tree that is all zero can be closed. */
sape_status sape_nearest_open(struct sape_nearest *tree, size_t dim, size_t most);
void sape_nearest_close(struct sape_nearest *tree);

/* Takes in (count, dim) finite points, which must stay as they are while the tree is asked; count >= 1. */
void sape_nearest_build(struct sape_nearest *tree, size_t count, const float *points);

/*
 * The square of the distance from the query, dim finite coordinates, to the nearest point. *nearest is the index of a
 * point that is thought to be near, on return of the nearest one. visited, when not NULL, is increased by the number of
 * nodes whose boxes were looked at.
 */
double sape_nearest_find(const struct sape_nearest *tree, const float *query, size_t *nearest, size_t *visited);

#endif
