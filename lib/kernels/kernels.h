/* SPDX-License-Identifier: MIT */
/*
 * The loops that depend on the processor. One source, written with the compilers' vector types, is compiled once for
 * every instruction set; sape_kernels_find() finds them at run time.
 *
 * Samples lie in panels: a panel holds `width` samples, one row of `width` floats for every coordinate, feature or
 * unit, so that a vector always holds the same quantity of neighbouring samples. Widths are multiples of `lanes`, and
 * all arrays of panels are aligned as sape_alloc() aligns.
 */
#ifndef SAPE_KERNELS_H
#define SAPE_KERNELS_H

#include <sape/backend.h>
#include <sape/encoder.h>
#include <sape/status.h>
#include <stdbool.h>
#include <stddef.h>

/* The number of kinds of encoding that sape_encoding has. */
#define SAPE_NUM_ENCODINGS 6

/* The corners of a cell of a grid in three dimensions. */
#define SAPE_MAX_CORNERS 8

/* A level of a grid encoding. */
struct sape_level {
    /* (rows, features) */
    const float *table;
    uint32_t resolution, rows;
    /* A corner's row is the sum of i_a steps[a]; or, hashed, their exclusive or in 32 bits, whose lowest bits count. */
    bool hashed;
    uint32_t steps[3];
};

/* The parameters of an encoding, by group of features that belong to one frequency. */
struct sape_basis {
    size_t domain_dim;
    /* Number of groups: frequencies, centres, levels. */
    size_t count;
    /* (count, d). Fourier: the frequency's upper 12 bits. RBF: centres. Periodic: offsets. */
    const float *points;
    /* Fourier: (count, d), what is left of the frequency. RBF, periodic: (count) sigma. */
    const float *scales;
    /* Grid: (count), the features of each, and whether interpolation is smooth. */
    const struct sape_level *levels;
    size_t features;
    bool smooth;
};

/* Features of the first `groups` groups from x, rows of d coordinates. */
typedef void (*sape_encode_fn)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                               float *features);

/* Adds to d_x what the first `groups` groups' gradients give. */
typedef void (*sape_encode_backward_fn)(const struct sape_basis *basis, size_t groups, size_t width, const float *x,
                                        const float *d_features, float *d_x);

/* The functions that a layer may end with. */
enum sape_function {
    SAPE_FUNCTION_NONE,
    SAPE_FUNCTION_RELU,
    SAPE_FUNCTION_LEAKY_RELU,
    SAPE_FUNCTION_SINE,
    SAPE_FUNCTION_SOFTPLUS,
    SAPE_FUNCTION_GELU,
    SAPE_FUNCTION_SILU,
    SAPE_FUNCTION_TANH,
    SAPE_FUNCTION_GAUSSIAN,
    SAPE_FUNCTION_SIGMOID,
    SAPE_FUNCTION_EXP
};

/* A layer's function, and where its first and second derivatives go: laid out as the values; NULL where they are not
   wanted. NONE and RELU have no derivatives: the gradient's gate is the value itself. */
struct sape_curve {
    enum sape_function function;
    float parameter;
    float *slopes, *curvatures;
};

/* Words of a level's bits, a bit a row, and blocks of words, each with a byte that is not zero where a bit of it is. */
#define SAPE_ROW_BITS 64
#define SAPE_BLOCK_WORDS 64

/* Rows of a level's table that have a gradient: while samples are added, in bits; then as a list in ascending order.
   whole: most of them have one, and all are taken for such. */
struct sape_touched {
    uint64_t *bits;
    uint8_t *blocks;
    uint32_t *rows;
    size_t count;
    bool whole;
};

/* Adds to a level's gradient what samples give it. */
struct sape_scatter_args {
    const struct sape_basis *basis;
    size_t level;
    /* Samples, and the axis along which the features were differentiated; -1 for the features themselves. */
    size_t samples;
    int axis;
    /* Rows of coordinates, and of the features' gradient, each with its distance from one to the next. */
    const float *x, *d_features;
    size_t x_stride, d_stride;
    /* As the level's table. */
    float *gradient;
    /* NULL where nothing keeps count. */
    struct sape_touched *touched;
};

/* What happens to a block of a product when it is stored. */
enum sape_store {
    SAPE_STORE,       /* c = product */
    SAPE_STORE_ADD,   /* c += product */
    SAPE_STORE_BIAS,  /* c = product + bias of the row */
    SAPE_STORE_RELU,  /* c = max(0, product + bias of the row) */
    SAPE_STORE_CURVE, /* c = curve's function of product + bias of the row, and its derivatives */
    SAPE_STORE_GATE,  /* c = product where gate > 0, else 0 */
    SAPE_STORE_SCALE  /* c = product * gate */
};

/* For every panel, c (rows, columns) from packed a and b: the sum over p < depth of a[p, row] b[p, column]. */
struct sape_product_args {
    size_t rows, columns, depth, panels;
    /* Blocks of `block` rows, (a_depth, block) each; the same for every panel. */
    const float *a;
    size_t a_depth;
    /* (depth, columns), rows b_stride and panels b_panel apart. columns is a multiple of lanes. */
    const float *b;
    size_t b_stride, b_panel;
    float *c;
    size_t c_stride, c_panel;
    enum sape_store store;
    /* (rows) for BIAS, RELU and CURVE. */
    const float *bias;
    /* For CURVE, whose c_stride is columns. */
    const struct sape_curve *curve;
    /* Laid out as c, for GATE and SCALE. */
    const float *gate;
};

/* c (rows, columns) = or += the sum over all samples of a[row, sample] b[sample, column]. */
struct sape_gradient_args {
    size_t rows, columns, panels;
    /* Samples of every panel that count; those behind them add nothing. */
    size_t depth;
    /* Panels of rows, as they lie, a_panel apart. */
    const float *a;
    size_t a_panel;
    /* Packed by pack_rows(): blocks of `width` columns, (panels * width, width) each. columns is a multiple of lanes.
     */
    const float *b;
    float *c;
    size_t c_stride;
    bool add;
};

/* One Adam step's numbers that are the same for every parameter. */
struct sape_adam {
    float beta1, beta2, one_minus_beta1, one_minus_beta2;
    /* rate / (1 - beta1^t), 1 / sqrt(1 - beta2^t), epsilon, 1 - rate * weight_decay */
    float step, root_scale, epsilon, decay;
};

/* What a step changes, and where it leaves what was there before. SGD has no second moments. */
struct sape_stepped {
    float *parameters, *first, *second;
    float *kept_parameters, *kept_first, *kept_second;
};

/* A step of the rows of a level's table that have a gradient; what was there before is kept row after row. */
struct sape_rows_step {
    size_t features, count;
    /* The rows; NULL for the first `count`. */
    const uint32_t *rows;
    /* Set to zero where it is read. */
    float *gradient;
    /* SGD has no second moments. */
    float *parameters, *first, *second;
    float *kept_parameters, *kept_first, *kept_second;
};

struct sape_bf16_kernels;

struct sape_kernels {
    const char *name;
    /* Floats in a vector; panels are multiples of it wide. */
    size_t lanes;
    /* Samples in a panel of the packed product. */
    size_t width;
    /* Rows of the packed product's block. */
    size_t block;
    sape_encode_fn encode[SAPE_NUM_ENCODINGS];
    sape_encode_backward_fn encode_backward[SAPE_NUM_ENCODINGS];
    /* Of a grid's level: the features' derivatives along an axis; the gradient of its table; and the squared norm that
       each sample's own gradient of the table has, added to squares. */
    void (*grid_tangent)(const struct sape_basis *basis, size_t level, size_t width, const float *x, size_t axis,
                         float *tangents);
    void (*grid_scatter)(const struct sape_scatter_args *args);
    void (*grid_squares)(const struct sape_basis *basis, size_t level, size_t width, const float *x,
                         const float *d_features, float *squares);
    /* values[row] *= weights, for count rows. */
    void (*scale_rows)(size_t count, size_t width, const float *weights, float *values);
    void (*product)(const struct sape_product_args *args);
    /* values[offset ...] = the curve's function of them, for count values (a multiple of lanes), and its derivatives at
       the same places. */
    void (*apply)(const struct sape_curve *curve, size_t offset, size_t count, float *values);
    void (*gradient)(const struct sape_gradient_args *args);
    /* (rows, columns), rows from_stride apart, to blocks of sape_kernels.block columns, (depth, block) each, depth >=
       rows. What the last block has too much is zeroed. */
    void (*pack_columns)(size_t rows, size_t columns, const float *from, size_t from_stride, size_t depth, float *to);
    /* As pack_columns, of the transpose: blocks of `block` rows; columns, block and depth are multiples of 4. */
    void (*pack_rows)(size_t rows, size_t columns, const float *from, size_t from_stride, size_t block, size_t depth,
                      float *to);
    /* sums[column] = or += the sum of a column of what gradient() calls b; a multiple of lanes of columns. */
    void (*column_sums)(size_t columns, size_t depth, const float *packed, bool add, float *sums);
    /* sums[row] = or += the sum of a row. */
    void (*row_sums)(size_t rows, size_t width, const float *values, bool add, float *sums);
    /* Adam and SGD on count parameters (a multiple of 16); the gradient is the sum of num_gradients arrays. The result
       says whether all parameters and moments are finite. */
    bool (*adam)(const struct sape_adam *adam, size_t count, size_t num_gradients, const float *const *gradients,
                 const struct sape_stepped *to);
    bool (*sgd)(float rate, float momentum, float decay, size_t count, size_t num_gradients,
                const float *const *gradients, const struct sape_stepped *to);
    /* The same for rows of a table: entries whose gradient is exactly zero are left alone. */
    bool (*adam_rows)(const struct sape_adam *adam, const struct sape_rows_step *step);
    bool (*sgd_rows)(float rate, float momentum, float decay, const struct sape_rows_step *step);
    /* Products of bfloat16 without instructions for them: by emulated dot products, and by emulated tiles (bf16.h). */
    const struct sape_bf16_kernels *bf16, *bf16_tiles;
};

/* The kernels for an instruction set; NULL where the processor does not have it. */
const struct sape_kernels *sape_kernels_find(sape_instruction_set instructions);

/* The kernels that a handle uses: those the caller asks for, else the environment, else the processor's best. */
sape_status sape_kernels_choose(sape_instruction_set instructions, const struct sape_kernels **kernels);

#endif
