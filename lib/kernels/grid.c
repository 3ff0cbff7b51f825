/* SPDX-License-Identifier: MIT */
/* Grid encodings: where the corners of a sample's cell lie, and what is read from them and added to them. */
#include "variant.h"

#define MAX_DIM 3
/* Samples whose corners are found before their rows are read. */
#define CHUNK (4 * LANES)
/* Bytes of a table from which on its rows are asked for ahead. */
#define LARGE_TABLE (1 << 18)

typedef uint32_t vu __attribute__((vector_size(4 * LANES)));

/* For a chunk of samples: each corner's row, its weight, and that weight's derivative along an axis. */
struct corners {
    uint32_t rows[SAPE_MAX_CORNERS][CHUNK];
    float weights[SAPE_MAX_CORNERS][CHUNK];
};

/* One axis of a cell: the two parts of its corners' rows, their weights, and the upper weight's derivative. */
struct axis {
    vu low, high;
    vf weights[2], slope;
};

static inline void place_axis(const struct sape_level *level, size_t a, bool smooth, vf x, struct axis *axis) {
    const float half = 0.5f * (float)level->resolution;
    const vi inside = (x >= vf_set(-1.0f)) & (x <= vf_set(1.0f));
    x = vf_select(x < vf_set(-1.0f), vf_set(-1.0f), vf_select(x > vf_set(1.0f), vf_set(1.0f), x));
    const vf scaled = x * half;
    vi cell = __builtin_convertvector(scaled + half, vi);
    const vi last = (vi){0} + (int32_t)(level->resolution - 1);
    const vi inner = cell < last;
    cell = (cell & inner) | (last & ~inner);
    /* Taken from the middle of the domain, the place in the cell has no rounding of its own. */
    const vf place = scaled + (half - __builtin_convertvector(cell, vf));
    const vf w = vf_select(place > vf_set(0.0f), place, vf_set(0.0f));
    const vf slope = vf_select(inside, vf_set(half), vf_set(0.0f));
    axis->low = (vu)cell * level->steps[a];
    axis->high = axis->low + level->steps[a];
    axis->weights[1] = smooth ? w * w * (3.0f - 2.0f * w) : w;
    axis->weights[0] = 1.0f - axis->weights[1];
    axis->slope = smooth ? slope * (6.0f * w * (1.0f - w)) : slope;
}

/* The corners of one vector of samples; along slope_axis, where there is one, derivatives stand in place of weights. */
static inline void find_corners(const struct sape_basis *basis, const struct sape_level *level, const struct axis *axes,
                                int slope_axis, size_t s, struct corners *corners) {
    const size_t d = basis->domain_dim;
    for (size_t c = 0; c < (size_t)1 << d; c++) {
        vu row = {0};
        vf weight = vf_set(1.0f);
        for (size_t a = 0; a < d; a++) {
            const size_t up = c >> a & 1;
            const vu part = up ? axes[a].high : axes[a].low;
            row = level->hashed ? row ^ part : row + part;
            weight *= (int)a != slope_axis ? axes[a].weights[up] : up ? axes[a].slope : -axes[a].slope;
        }
        if (level->hashed) row &= level->rows - 1;
        memcpy(corners->rows[c] + s, &row, sizeof row);
        vf_store(corners->weights[c] + s, weight);
    }
}

/* The corners of `count` samples, a multiple of LANES; rows of coordinates lie `stride` apart. */
static void find_chunk(const struct sape_basis *basis, const struct sape_level *level, size_t count, size_t stride,
                       const float *x, int slope_axis, struct corners *corners) {
    for (size_t s = 0; s < count; s += LANES) {
        struct axis axes[MAX_DIM];
        for (size_t a = 0; a < basis->domain_dim; a++)
            place_axis(level, a, basis->smooth, vf_load(x + a * stride + s), &axes[a]);
        find_corners(basis, level, axes, slope_axis, s, corners);
    }
}

static inline void prefetch_rows(const struct corners *corners, size_t num_corners, size_t count, size_t features,
                                 const float *table) {
    for (size_t c = 0; c < num_corners; c++)
        for (size_t s = 0; s < count; s++) __builtin_prefetch(table + (size_t)corners->rows[c][s] * features);
}

static bool is_large(const struct sape_basis *basis, const struct sape_level *level) {
    return (size_t)level->rows * basis->features * sizeof(float) >= LARGE_TABLE;
}

typedef float v2 __attribute__((vector_size(8)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v1 __attribute__((vector_size(4)));

/* A chunk's features are the weighted sums of its corners' rows. */
#define DEFINE_READ(FEATURES, CORNERS)                                                                                 \
    static void read_##FEATURES##_##CORNERS(const struct corners *corners, const float *table, size_t count,           \
                                            size_t stride, float *features) {                                          \
        for (size_t s = 0; s < count; s++) {                                                                           \
            v##FEATURES sum = {0};                                                                                     \
            _Pragma("GCC unroll 8") for (size_t c = 0; c < CORNERS; c++) {                                             \
                v##FEATURES row;                                                                                       \
                memcpy(&row, table + (size_t)corners->rows[c][s] * FEATURES, sizeof row);                              \
                sum += row * corners->weights[c][s];                                                                   \
            }                                                                                                          \
            for (size_t f = 0; f < FEATURES; f++) features[f * stride + s] = sum[f];                                   \
        }                                                                                                              \
    }

/* Rows of a gradient grow by what samples give them; samples without a gradient touch none. */
#define DEFINE_ADD(FEATURES, CORNERS)                                                                                  \
    static void add_##FEATURES##_##CORNERS(const struct corners *corners, const float *d_features, size_t count,       \
                                           size_t stride, float *gradient, struct sape_touched *touched) {             \
        uint64_t *bits = touched == NULL ? NULL : touched->bits;                                                       \
        uint8_t *blocks = touched == NULL ? NULL : touched->blocks;                                                    \
        for (size_t s = 0; s < count; s++) {                                                                           \
            v##FEATURES upstream;                                                                                      \
            bool any = false;                                                                                          \
            for (size_t f = 0; f < FEATURES; f++) {                                                                    \
                upstream[f] = d_features[f * stride + s];                                                              \
                any |= upstream[f] != 0.0f;                                                                            \
            }                                                                                                          \
            if (!any) continue;                                                                                        \
            _Pragma("GCC unroll 8") for (size_t c = 0; c < CORNERS; c++) {                                             \
                const uint32_t row = corners->rows[c][s];                                                              \
                v##FEATURES sum;                                                                                       \
                memcpy(&sum, gradient + (size_t)row * FEATURES, sizeof sum);                                           \
                sum += upstream * corners->weights[c][s];                                                              \
                memcpy(gradient + (size_t)row * FEATURES, &sum, sizeof sum);                                           \
                if (bits == NULL) continue;                                                                            \
                bits[row / SAPE_ROW_BITS] |= (uint64_t)1 << row % SAPE_ROW_BITS;                                       \
                blocks[row / (SAPE_ROW_BITS * SAPE_BLOCK_WORDS)] = 1;                                                  \
            }                                                                                                          \
        }                                                                                                              \
    }

#define DEFINE_FEATURES(FEATURES)                                                                                      \
    DEFINE_READ(FEATURES, 2)                                                                                           \
    DEFINE_READ(FEATURES, 4)                                                                                           \
    DEFINE_READ(FEATURES, 8) DEFINE_ADD(FEATURES, 2) DEFINE_ADD(FEATURES, 4) DEFINE_ADD(FEATURES, 8)
#define ALL_DIMS(KIND, FEATURES)                                                                                       \
    { KIND##_##FEATURES##_2, KIND##_##FEATURES##_4, KIND##_##FEATURES##_8 }
#define ALL_FEATURES(KIND)                                                                                             \
    { [1] = ALL_DIMS(KIND, 1), [2] = ALL_DIMS(KIND, 2), [4] = ALL_DIMS(KIND, 4), [8] = ALL_DIMS(KIND, 8) }

DEFINE_FEATURES(1)
DEFINE_FEATURES(2)
DEFINE_FEATURES(4)
DEFINE_FEATURES(8)

typedef void (*read_fn)(const struct corners *corners, const float *table, size_t count, size_t stride,
                        float *features);
typedef void (*add_fn)(const struct corners *corners, const float *d_features, size_t count, size_t stride,
                       float *gradient, struct sape_touched *touched);

static const read_fn readers[9][MAX_DIM] = ALL_FEATURES(read);
static const add_fn adders[9][MAX_DIM] = ALL_FEATURES(add);

static size_t chunk_at(size_t first, size_t samples) {
    return samples - first < CHUNK ? samples - first : CHUNK;
}

static void read_level(const struct sape_basis *basis, const struct sape_level *level, size_t width, const float *x,
                       int slope_axis, float *features) {
    const read_fn read = readers[basis->features][basis->domain_dim - 1];
    const bool large = is_large(basis, level);
    struct corners corners;
    for (size_t first = 0; first < width; first += CHUNK) {
        const size_t count = chunk_at(first, width);
        find_chunk(basis, level, count, width, x + first, slope_axis, &corners);
        if (large) prefetch_rows(&corners, (size_t)1 << basis->domain_dim, count, basis->features, level->table);
        read(&corners, level->table, count, width, features + first);
    }
}

void VARIANT(grid)(const struct sape_basis *basis, size_t groups, size_t width, const float *x, float *features) {
    for (size_t l = 0; l < groups; l++)
        read_level(basis, &basis->levels[l], width, x, -1, features + l * basis->features * width);
}

void VARIANT(grid_tangent)(const struct sape_basis *basis, size_t level, size_t width, const float *x, size_t axis,
                           float *tangents) {
    read_level(basis, &basis->levels[level], width, x, (int)axis, tangents);
}

void VARIANT(grid_backward)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                            const float *d_features, float *d_x) {
    float slopes[8 * CHUNK];
    struct corners corners;
    for (size_t l = 0; l < groups; l++) {
        const struct sape_level *level = &basis->levels[l];
        for (size_t first = 0; first < width; first += CHUNK) {
            const size_t count = chunk_at(first, width);
            for (size_t a = 0; a < basis->domain_dim; a++) {
                find_chunk(basis, level, count, width, x + first, (int)a, &corners);
                readers[basis->features][basis->domain_dim - 1](&corners, level->table, count, CHUNK, slopes);
                for (size_t f = 0; f < basis->features; f++)
                    for (size_t s = 0; s < count; s++)
                        d_x[a * width + first + s] +=
                            slopes[f * CHUNK + s] * d_features[(l * basis->features + f) * width + first + s];
            }
        }
    }
}

void VARIANT(grid_scatter)(const struct sape_scatter_args *args) {
    const struct sape_basis *basis = args->basis;
    const struct sape_level *level = &basis->levels[args->level];
    const add_fn add = adders[basis->features][basis->domain_dim - 1];
    const bool large = is_large(basis, level);
    struct corners corners;
    for (size_t first = 0; first < args->samples; first += CHUNK) {
        const size_t count = chunk_at(first, args->samples);
        find_chunk(basis, level, count, args->x_stride, args->x + first, args->axis, &corners);
        if (large) prefetch_rows(&corners, (size_t)1 << basis->domain_dim, count, basis->features, args->gradient);
        add(&corners, args->d_features + first, count, args->d_stride, args->gradient, args->touched);
    }
}

/* The sum of the squares of the weights that a sample's rows have, of which several corners may share one. */
static float square_weights(const struct corners *corners, size_t num_corners, size_t s) {
    float sum = 0.0f;
    for (size_t c = 0; c < num_corners; c++)
        for (size_t other = 0; other < num_corners; other++)
            if (corners->rows[c][s] == corners->rows[other][s])
                sum += corners->weights[c][s] * corners->weights[other][s];
    return sum;
}

void VARIANT(grid_squares)(const struct sape_basis *basis, size_t level, size_t width, const float *x,
                           const float *d_features, float *squares) {
    struct corners corners;
    for (size_t first = 0; first < width; first += CHUNK) {
        const size_t count = chunk_at(first, width);
        find_chunk(basis, &basis->levels[level], count, width, x + first, -1, &corners);
        for (size_t s = 0; s < count; s++) {
            float square = 0.0f;
            for (size_t f = 0; f < basis->features; f++)
                square += d_features[f * width + first + s] * d_features[f * width + first + s];
            squares[first + s] += square * square_weights(&corners, (size_t)1 << basis->domain_dim, s);
        }
    }
}
