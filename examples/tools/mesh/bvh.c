/* SPDX-License-Identifier: MIT */
#include "mesh/bvh.h"

#include "cli/message.h"

#include <stdlib.h>

#define LEAF_SIZE 4

struct item {
    double center[3];
    uint32_t face;
};

struct builder {
    struct bvh *bvh;
    struct item *items;
};

static void swap_items(struct item *a, struct item *b) {
    const struct item saved = *a;
    *a = *b;
    *b = saved;
}

/* Reorders items so that none before the middle has a greater center, along the axis, than any after it (Hoare). */
static void split_at_middle(struct item *items, size_t count, int axis) {
    const size_t middle = count / 2;
    size_t low = 0, high = count - 1;
    while (low < high) {
        const double pivot = items[low + (high - low) / 2].center[axis];
        size_t i = low, j = high;
        for (;;) {
            while (items[i].center[axis] < pivot) i++;
            while (items[j].center[axis] > pivot) j--;
            if (i >= j) break;
            swap_items(&items[i++], &items[j--]);
        }
        /* Now all before i are at most the pivot, and all after j at least. */
        if (middle <= j && j < high)
            high = j;
        else if (middle >= i && i > low)
            low = i;
        else
            return;
    }
}

static int widest_axis(const struct item *items, size_t count) {
    double extent[3];
    for (int axis = 0; axis < 3; axis++) {
        double min = items[0].center[axis], max = min;
        for (size_t i = 1; i < count; i++) {
            min = fmin(min, items[i].center[axis]);
            max = fmax(max, items[i].center[axis]);
        }
        extent[axis] = max - min;
    }
    const int widest = extent[1] > extent[0] ? 1 : 0;
    return extent[2] > extent[widest] ? 2 : widest;
}

static uint32_t build_node(struct builder *builder, size_t first, size_t count) {
    struct bvh *bvh = builder->bvh;
    const uint32_t index = (uint32_t)bvh->num_nodes++;
    uint32_t right = 0;
    if (count > LEAF_SIZE) {
        split_at_middle(builder->items + first, count, widest_axis(builder->items + first, count));
        build_node(builder, first, count / 2);
        right = build_node(builder, first + count / 2, count - count / 2);
    }
    bvh->nodes[index] = (struct bvh_node){.first = (uint32_t)first, .count = (uint32_t)count, .right = right};
    return index;
}

static vec3 lower(vec3 a, vec3 b) {
    return (vec3){fmin(a.x, b.x), fmin(a.y, b.y), fmin(a.z, b.z)};
}

static vec3 upper(vec3 a, vec3 b) {
    return (vec3){fmax(a.x, b.x), fmax(a.y, b.y), fmax(a.z, b.z)};
}

static void enclose_triangles(struct bvh_node *node, const triangle *triangles) {
    node->min = node->max = triangles[0].a;
    for (size_t i = 0; i < node->count; i++) {
        const triangle *t = &triangles[i];
        node->min = lower(node->min, lower(t->a, lower(t->b, t->c)));
        node->max = upper(node->max, upper(t->a, upper(t->b, t->c)));
    }
}

/* From the last node to the root, so that children come before their parents. */
static void enclose_nodes(struct bvh *bvh) {
    for (size_t i = bvh->num_nodes; i-- > 0;) {
        struct bvh_node *node = &bvh->nodes[i];
        if (node->right == 0) {
            enclose_triangles(node, bvh->triangles + node->first);
        } else {
            node->min = lower(bvh->nodes[i + 1].min, bvh->nodes[node->right].min);
            node->max = upper(bvh->nodes[i + 1].max, bvh->nodes[node->right].max);
        }
    }
}

static void list_items(struct item *items, const struct mesh *mesh) {
    for (size_t f = 0; f < mesh->num_faces; f++) {
        const vec3 center = triangle_centroid(mesh_triangle(mesh, f));
        items[f] = (struct item){{center.x, center.y, center.z}, (uint32_t)f};
    }
}

bool bvh_build(struct bvh *bvh, const struct mesh *mesh) {
    const size_t count = mesh->num_faces;
    *bvh = (struct bvh){.num_triangles = count};
    if (count == 0) return message_error("the mesh has no faces");
    struct builder builder = {bvh, malloc(count * sizeof *builder.items)};
    bvh->nodes = malloc(2 * count * sizeof *bvh->nodes);
    bvh->triangles = malloc(count * sizeof *bvh->triangles);
    bvh->faces = malloc(count * sizeof *bvh->faces);
    if (!builder.items || !bvh->nodes || !bvh->triangles || !bvh->faces) {
        free(builder.items);
        bvh_free(bvh);
        return message_out_of_memory();
    }
    list_items(builder.items, mesh);
    build_node(&builder, 0, count);
    for (size_t i = 0; i < count; i++) {
        bvh->faces[i] = builder.items[i].face;
        bvh->triangles[i] = mesh_triangle(mesh, bvh->faces[i]);
    }
    free(builder.items);
    enclose_nodes(bvh);
    return true;
}

void bvh_free(struct bvh *bvh) {
    free(bvh->nodes);
    free(bvh->triangles);
    free(bvh->faces);
    *bvh = (struct bvh){0};
}
