/* SPDX-License-Identifier: MIT */
#include "base/sort.h"

#include <string.h>

struct array {
    unsigned char *base;
    size_t size;
    int (*compare)(const void *a, const void *b);
};

static unsigned char *element(const struct array *array, size_t i) {
    return array->base + i * array->size;
}

static void swap(const struct array *array, size_t i, size_t j) {
    unsigned char kept[SAPE_SORT_SIZE];
    memcpy(kept, element(array, i), array->size);
    memcpy(element(array, i), element(array, j), array->size);
    memcpy(element(array, j), kept, array->size);
}

/* Lets an element sink in the heap of the first `count`. */
static void sink(const struct array *array, size_t i, size_t count) {
    for (size_t child = 2 * i + 1; child < count; child = 2 * i + 1) {
        if (child + 1 < count && array->compare(element(array, child), element(array, child + 1)) < 0) child++;
        if (array->compare(element(array, i), element(array, child)) >= 0) return;
        swap(array, i, child);
        i = child;
    }
}

void sape_sort(void *base, size_t count, size_t size, int (*compare)(const void *a, const void *b)) {
    const struct array array = {base, size, compare};
    for (size_t i = count / 2; i-- > 0;) sink(&array, i, count);
    for (size_t end = count; end-- > 1;) {
        swap(&array, 0, end);
        sink(&array, 0, end);
    }
}

int sape_compare_floats(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}
