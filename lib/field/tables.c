/* SPDX-License-Identifier: MIT */
#include "field/tables.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* A level of at most this many rows for each corner of a batch's samples is stepped as a whole. */
#define WHOLE 4

/* Features of the tables, behind the coordinates themselves. */
static size_t num_features(const struct sape_field *field) {
    return sape_encoder_num_levels(field->encoder) * sape_encoder_level_features(field->encoder);
}

static size_t num_blocks(size_t rows) {
    const size_t block = (size_t)SAPE_ROW_BITS * SAPE_BLOCK_WORDS;
    return (rows + block - 1) / block;
}

/* Lists as long as their tables: no more of them is ever touched than a batch needs. */
static bool open_touched(const struct sape_field *field, struct sape_tables *tables) {
    for (size_t l = 0; l < tables->num_levels; l++) {
        const size_t rows = sape_encoder_level_rows(field->encoder, l);
        struct sape_touched *touched = &tables->touched[l];
        touched->rows = SAPE_NEW_ARRAY(uint32_t, rows);
        touched->bits = SAPE_NEW_ARRAY(uint64_t, num_blocks(rows) * SAPE_BLOCK_WORDS);
        touched->blocks = SAPE_NEW_ARRAY(uint8_t, num_blocks(rows));
        if (touched->rows == NULL || touched->bits == NULL || touched->blocks == NULL) return false;
    }
    return true;
}

sape_status sape_tables_open(const struct sape_field *field, const struct sape_plan *plan, bool derivatives,
                             struct sape_tables *tables) {
    const size_t d = sape_encoder_domain_dim(field->encoder), levels = sape_encoder_num_levels(field->encoder);
    *tables = (struct sape_tables){.tile_samples = plan->tile_samples,
                                   .num_tiles = plan->tiles,
                                   .stride = plan->tiles * plan->tile_samples,
                                   .num_parts = derivatives ? 1 + d : 1};
    if (levels == 0) return SAPE_OK;
    tables->d_features = SAPE_NEW_ARRAY(float, tables->num_parts *num_features(field) * tables->stride);
    tables->x = SAPE_NEW_ARRAY(float, d * tables->stride);
    tables->active = SAPE_NEW_ARRAY(size_t, plan->tiles);
    tables->first_backward = SAPE_NEW_ARRAY(float, sape_network_first_backward_size(field->network));
    tables->gradient = SAPE_NEW_ARRAY(float, sape_encoder_num_parameters(field->encoder));
    tables->touched = SAPE_NEW_ARRAY(struct sape_touched, levels);
    tables->num_levels = tables->touched == NULL ? 0 : levels;
    if (tables->d_features && tables->x && tables->active && tables->first_backward && tables->gradient &&
        tables->touched && open_touched(field, tables))
        return SAPE_OK;
    return sape_fail(SAPE_ERROR_MEMORY, "no memory for the gradient of the encoder's tables");
}

void sape_tables_close(struct sape_tables *tables) {
    for (size_t l = 0; l < tables->num_levels; l++) {
        sape_release(tables->touched[l].rows);
        sape_release(tables->touched[l].bits);
        sape_release(tables->touched[l].blocks);
    }
    sape_release(tables->touched);
    sape_release(tables->gradient);
    sape_release(tables->first_backward);
    sape_release(tables->active);
    sape_release(tables->x);
    sape_release(tables->d_features);
}

void sape_tables_begin(struct sape_tables *tables, const struct sape_field *field) {
    if (tables->num_levels == 0) return;
    sape_network_pack_first_backward(field->network, tables->first_backward);
    sape_tables_clear(tables, field);
}

/* A row of the features' gradient at a place of the batch's order. */
static float *row_at(const struct sape_tables *tables, const struct sape_field *field, size_t part, size_t row,
                     size_t place) {
    return tables->d_features + (part * num_features(field) + row) * tables->stride + place;
}

/* Of this many columns from a panel on, those that belong to the tile: a panel of CBLAS may be wider than a tile. */
static size_t columns_of(const struct sape_tables *tables, const struct sape_tile *tile, size_t panel, size_t columns) {
    const size_t rest = tables->tile_samples - panel * tile->width;
    return columns < rest ? columns : rest;
}

void sape_tables_begin_tile(struct sape_tables *tables, const struct sape_field *field,
                            const struct sape_workspace *workspace) {
    if (tables->num_levels == 0) return;
    const struct sape_tile *tile = &workspace->tile;
    const size_t d = sape_encoder_domain_dim(field->encoder), identity = sape_encoder_identity(field->encoder);
    const size_t samples = columns_of(tables, tile, 0, tile->panels * tile->width);
    tables->active[workspace->first / tables->tile_samples] = workspace->active;
    for (size_t part = 0; part < tables->num_parts; part++)
        for (size_t row = identity; row < sape_encoder_group_end(field->encoder, workspace->active); row++)
            memset(row_at(tables, field, part, row - identity, workspace->first), 0, samples * sizeof(float));
    for (size_t p = 0; p < tile->panels; p++)
        for (size_t a = 0; a < d; a++)
            memcpy(tables->x + a * tables->stride + workspace->first + p * tile->width,
                   workspace->x + (p * d + a) * tile->width, columns_of(tables, tile, p, tile->width) * sizeof(float));
}

void sape_tables_add(struct sape_tables *tables, const struct sape_field *field, const struct sape_workspace *workspace,
                     size_t panel, int axis, size_t active, const float *d_features) {
    const size_t width = workspace->tile.width, place = workspace->first + panel * width;
    const size_t identity = sape_encoder_identity(field->encoder);
    const size_t columns = columns_of(tables, &workspace->tile, panel, width);
    for (size_t row = identity; row < active; row++) {
        float *to = row_at(tables, field, (size_t)(axis + 1), row - identity, place);
        for (size_t s = 0; s < columns; s++) to[s] += d_features[row * width + s];
    }
}

/* A block's bits, which end as zero, become rows of the list. */
static void list_block(struct sape_touched *touched, size_t block) {
    for (size_t w = block * SAPE_BLOCK_WORDS; w < (block + 1) * SAPE_BLOCK_WORDS; w++) {
        for (uint64_t rest = touched->bits[w]; rest != 0; rest &= rest - 1)
            touched->rows[touched->count++] = (uint32_t)(w * SAPE_ROW_BITS) + (uint32_t)__builtin_ctzll(rest);
        touched->bits[w] = 0;
    }
    touched->blocks[block] = 0;
}

static void list_rows(struct sape_touched *touched, size_t rows) {
    for (size_t block = 0; block < num_blocks(rows); block++)
        if (touched->blocks[block] != 0) list_block(touched, block);
}

static bool has_level(const struct sape_tables *tables, const struct sape_field *field, size_t tile, size_t level) {
    return tables->active[tile] > sape_encoder_level_begin(field->encoder, level);
}

/* Whether a batch touches so much of a level that to step all of it costs less than to find the rows. */
static bool is_touched_whole(const struct sape_tables *tables, const struct sape_field *field, size_t level) {
    size_t touches = 0;
    for (size_t t = 0; t < tables->num_tiles; t++)
        if (has_level(tables, field, t, level)) touches += tables->tile_samples;
    touches <<= sape_encoder_domain_dim(field->encoder);
    return sape_encoder_level_rows(field->encoder, level) <= WHOLE * touches;
}

/* What the tasks of a pool work on. */
struct scatter {
    struct sape_tables *tables;
    const struct sape_field *field;
};

/* One level, the finest first, which takes longest: all tiles that have it, one part after the other. */
static void scatter_level(void *context, size_t index, size_t worker) {
    (void)worker;
    const struct scatter *scatter = context;
    const struct sape_field *field = scatter->field;
    struct sape_tables *tables = scatter->tables;
    const size_t level = tables->num_levels - 1 - index;
    const size_t row = level * sape_encoder_level_features(field->encoder);
    struct sape_touched *touched = &tables->touched[level];
    touched->whole = is_touched_whole(tables, field, level);
    struct sape_scatter_args args = {.level = level,
                                     .samples = tables->tile_samples,
                                     .x_stride = tables->stride,
                                     .d_stride = tables->stride,
                                     .gradient = tables->gradient + sape_encoder_level_offset(field->encoder, level),
                                     .touched = touched->whole ? NULL : touched};
    for (size_t part = 0; part < tables->num_parts; part++) {
        for (size_t t = 0; t < tables->num_tiles; t++) {
            if (!has_level(tables, field, t, level)) continue;
            args.axis = (int)part - 1;
            args.x = tables->x + t * tables->tile_samples;
            args.d_features = row_at(tables, field, part, row, t * tables->tile_samples);
            sape_encoder_scatter(field->encoder, &args);
        }
    }
    if (touched->whole)
        touched->count = sape_encoder_level_rows(field->encoder, level);
    else
        list_rows(touched, sape_encoder_level_rows(field->encoder, level));
}

void sape_tables_scatter(struct sape_tables *tables, const struct sape_field *field, struct sape_pool *pool) {
    struct scatter scatter = {tables, field};
    if (tables->num_levels > 0) sape_pool_run(pool, tables->num_levels, scatter_level, &scatter);
}

void sape_tables_find_touched(struct sape_tables *tables, const struct sape_field *field) {
    for (size_t l = 0; l < tables->num_levels; l++) {
        struct sape_touched *touched = &tables->touched[l];
        const size_t features = sape_encoder_level_features(field->encoder);
        const float *gradient = tables->gradient + sape_encoder_level_offset(field->encoder, l);
        touched->count = 0;
        touched->whole = false;
        for (size_t row = 0; row < sape_encoder_level_rows(field->encoder, l); row++) {
            bool any = false;
            for (size_t f = 0; f < features; f++) any = any || gradient[row * features + f] != 0.0f;
            if (any) touched->rows[touched->count++] = (uint32_t)row;
        }
    }
}

void sape_tables_clear(struct sape_tables *tables, const struct sape_field *field) {
    const size_t features = tables->num_levels == 0 ? 0 : sape_encoder_level_features(field->encoder);
    for (size_t l = 0; l < tables->num_levels; l++) {
        struct sape_touched *touched = &tables->touched[l];
        float *gradient = tables->gradient + sape_encoder_level_offset(field->encoder, l);
        for (size_t i = 0; i < touched->count; i++)
            memset(gradient + sape_touched_row(touched, i) * features, 0, features * sizeof *gradient);
        touched->count = 0;
    }
}
