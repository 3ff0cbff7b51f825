/* SPDX-License-Identifier: MIT */
/*
 * Products. A block of BLOCK rows by COLUMN_VECTORS vectors is summed in registers over the whole depth; every step
 * loads a row of b and multiplies it by BLOCK broadcast numbers of a.
 */
#include "store.h"
#include "variant.h"

/* The depth is cut into `parts`, which lie a_part apart in a and one after the other in b. */
struct block_args {
    size_t depth, parts;
    const float *a, *b;
    size_t a_part, b_stride;
    float *c;
    size_t c_stride;
    enum sape_store store;
    const float *bias, *gate;
};

/*
 * The numbers of a for one step of the depth are A_ROW apart, those for the next step A_STEP further. The loops have
 * constant bounds, so that they unroll and the sums stay in registers.
 */
#define DEFINE_BLOCK(KIND, ROWS, VECTORS, A_ROW, A_STEP)                                                               \
    static void KIND##_##ROWS##_##VECTORS(const struct block_args *args) {                                             \
        const float *b = args->b;                                                                                      \
        vf sum[ROWS][VECTORS] = {{{0}}};                                                                               \
        for (size_t part = 0; part < args->parts; part++) {                                                            \
            const float *a = args->a + part * args->a_part;                                                            \
            for (size_t p = 0; p < args->depth; p++) {                                                                 \
                vf row[VECTORS];                                                                                       \
                _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++) row[v] = vf_load(b + v * LANES);         \
                _Pragma("GCC unroll 16") for (size_t i = 0; i < ROWS; i++) {                                           \
                    _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++) sum[i][v] += a[i * A_ROW] * row[v];  \
                }                                                                                                      \
                a += A_STEP;                                                                                           \
                b += args->b_stride;                                                                                   \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 16") for (size_t i = 0; i < ROWS; i++) {                                                   \
            _Pragma("GCC unroll 16") for (size_t v = 0; v < VECTORS; v++) {                                            \
                const size_t offset = i * args->c_stride + v * LANES;                                                  \
                vf_store(args->c + offset,                                                                             \
                         finish(args->store, args->c, args->bias, args->gate, i, offset, sum[i][v]));                  \
            }                                                                                                          \
        }                                                                                                              \
    }

/* a in blocks of rows; a in panels. */
#define DEFINE_KINDS(ROWS, VECTORS)                                                                                    \
    DEFINE_BLOCK(packed, ROWS, VECTORS, 1, BLOCK) DEFINE_BLOCK(panels, ROWS, VECTORS, WIDTH, 1)

#if COLUMN_VECTORS == 3
#define DEFINE_BLOCKS(ROWS) DEFINE_KINDS(ROWS, 1) DEFINE_KINDS(ROWS, 2) DEFINE_KINDS(ROWS, 3)
#define BLOCKS(KIND, ROWS)                                                                                             \
    { KIND##_##ROWS##_1, KIND##_##ROWS##_2, KIND##_##ROWS##_3 }
#else
#define DEFINE_BLOCKS(ROWS) DEFINE_KINDS(ROWS, 1) DEFINE_KINDS(ROWS, 2)
#define BLOCKS(KIND, ROWS)                                                                                             \
    { KIND##_##ROWS##_1, KIND##_##ROWS##_2 }
#endif

DEFINE_BLOCKS(1)
DEFINE_BLOCKS(2)
DEFINE_BLOCKS(3)
DEFINE_BLOCKS(4)
#if BLOCK >= 8
DEFINE_BLOCKS(5)
DEFINE_BLOCKS(6)
DEFINE_BLOCKS(7)
DEFINE_BLOCKS(8)
#endif
#if BLOCK >= 12
DEFINE_BLOCKS(9)
DEFINE_BLOCKS(10)
DEFINE_BLOCKS(11)
DEFINE_BLOCKS(12)
#endif

#if BLOCK == 4
#define ALL_BLOCKS(KIND) BLOCKS(KIND, 1), BLOCKS(KIND, 2), BLOCKS(KIND, 3), BLOCKS(KIND, 4)
#elif BLOCK == 8
#define ALL_BLOCKS(KIND)                                                                                               \
    BLOCKS(KIND, 1), BLOCKS(KIND, 2), BLOCKS(KIND, 3), BLOCKS(KIND, 4), BLOCKS(KIND, 5), BLOCKS(KIND, 6),              \
        BLOCKS(KIND, 7), BLOCKS(KIND, 8)
#else
#define ALL_BLOCKS(KIND)                                                                                               \
    BLOCKS(KIND, 1), BLOCKS(KIND, 2), BLOCKS(KIND, 3), BLOCKS(KIND, 4), BLOCKS(KIND, 5), BLOCKS(KIND, 6),              \
        BLOCKS(KIND, 7), BLOCKS(KIND, 8), BLOCKS(KIND, 9), BLOCKS(KIND, 10), BLOCKS(KIND, 11), BLOCKS(KIND, 12)
#endif

typedef void (*block_fn)(const struct block_args *args);

static const block_fn packed_blocks[BLOCK][COLUMN_VECTORS] = {ALL_BLOCKS(packed)};
static const block_fn panels_blocks[BLOCK][COLUMN_VECTORS] = {ALL_BLOCKS(panels)};

static size_t vectors_at(size_t column, size_t columns) {
    const size_t vectors = (columns - column) / LANES;
    return vectors < COLUMN_VECTORS ? vectors : COLUMN_VECTORS;
}

/* All columns of one panel for one block of rows. */
static void block_row(const struct sape_product_args *args, size_t first, size_t rows, size_t panel) {
    const size_t c_offset = panel * args->c_panel + first * args->c_stride;
    struct block_args block = {.depth = args->depth,
                               .parts = 1,
                               .a = args->a + first * args->a_depth,
                               .b_stride = args->b_stride,
                               .c_stride = args->c_stride,
                               .store = args->store,
                               .bias = args->bias == NULL ? NULL : args->bias + first};
    for (size_t column = 0; column < args->columns; column += WIDTH) {
        block.b = args->b + panel * args->b_panel + column;
        block.c = args->c + c_offset + column;
        block.gate = args->gate == NULL ? NULL : args->gate + c_offset + column;
        packed_blocks[rows - 1][vectors_at(column, args->columns) - 1](&block);
    }
    /* While the block is in the first cache. */
    if (args->store == SAPE_STORE_CURVE) VARIANT(apply)(args->curve, c_offset, rows * args->c_stride, args->c);
}

void VARIANT(product)(const struct sape_product_args *args) {
    /* Rows outside: a block of a stays in the first cache while all panels of b pass. */
    for (size_t first = 0; first < args->rows; first += BLOCK) {
        const size_t rows = args->rows - first < BLOCK ? args->rows - first : BLOCK;
        for (size_t panel = 0; panel < args->panels; panel++) block_row(args, first, rows, panel);
    }
}

void VARIANT(gradient)(const struct sape_gradient_args *args) {
    const size_t samples = args->panels * WIDTH;
    struct block_args block = {.depth = args->depth,
                               .parts = args->panels,
                               .a_part = args->a_panel,
                               .b_stride = WIDTH,
                               .c_stride = args->c_stride,
                               .store = args->add ? SAPE_STORE_ADD : SAPE_STORE};
    /* Columns outside: a block of b stays near while all rows of a pass. */
    for (size_t column = 0; column < args->columns; column += WIDTH) {
        block.b = args->b + column * samples;
        for (size_t first = 0; first < args->rows; first += BLOCK) {
            const size_t rows = args->rows - first < BLOCK ? args->rows - first : BLOCK;
            block.a = args->a + first * WIDTH;
            block.c = args->c + first * args->c_stride + column;
            const size_t vectors = vectors_at(column, args->columns);
            prefetch_block(block.c, rows, block.c_stride, vectors * LANES);
            panels_blocks[rows - 1][vectors - 1](&block);
        }
    }
}
