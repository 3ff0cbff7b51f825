/* SPDX-License-Identifier: MIT */
#include "task/points.h"

#include "cli/message.h"
#include "cli/table.h"

#include <stdlib.h>

bool points_read(const char *path, struct points *points) {
    struct table table;
    *points = (struct points){0};
    if (!table_read(path, 2, &table)) return false;
    points->n = table.num_rows;
    points->x = malloc((points->n + 1) * sizeof *points->x);
    points->y = malloc((points->n + 1) * sizeof *points->y);
    const bool done = (points->x && points->y) || message_out_of_memory();
    for (size_t i = 0; done && i < points->n; i++) {
        points->x[i] = table.values[2 * i];
        points->y[i] = table.values[2 * i + 1];
    }
    table_free(&table);
    if (!done) points_free(points);
    return done;
}

void points_free(struct points *points) {
    free(points->x);
    free(points->y);
    *points = (struct points){0};
}
