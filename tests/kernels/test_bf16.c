/* SPDX-License-Identifier: MIT */
/*
 * The kernels for products of bfloat16: every one that this processor has, and the emulations in every instruction set,
 * give the bits of a plain calculation, number by number.
 */
#include "kernels/bf16.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "support.h"

#define NUM_SETS 4
#define NUM_CODES 4
#define ROWS 45
#define STEPS 3
#define COLUMNS 80
#define BLOCKS ((COLUMNS + SAPE_BF16_WIDTH - 1) / SAPE_BF16_WIDTH)
#define A_SIZE (STEPS * sape_bf16_a_step(ROWS))
#define B_BLOCK (STEPS * SAPE_BF16_STEP * SAPE_BF16_WIDTH)
#define B_SIZE (BLOCKS * B_BLOCK)

/* The kernels of an instruction set, and the code, that a loop's number stands for; NULL where they are missing. */
static const struct sape_kernels *kernels_of(int i) {
    return sape_kernels_find((sape_instruction_set)(SAPE_INSTRUCTIONS_BASELINE + i / NUM_CODES));
}

static const struct sape_bf16_kernels *bf16_of(int i) {
    const struct sape_kernels *kernels = kernels_of(i);
    return kernels == NULL ? NULL : sape_bf16_find(kernels, (enum sape_bf16_code)(SAPE_BF16_AMX + i % NUM_CODES));
}

static bool has_tiles(const struct sape_bf16_kernels *bf16) {
    return strstr(bf16->code, "amx") != NULL;
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t to_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float first_of(uint32_t word) {
    return from_bits(word << 16);
}

static float second_of(uint32_t word) {
    return from_bits(word & 0xffff0000u);
}

static float flush(float value) {
    return fabsf(value) < FLT_MIN ? copysignf(0.0f, value) : value;
}

/* a b + c rounded once. Whether a result is below the normal numbers is seen where none are: 2^90 times larger. */
static float multiply_add(float a, float b, float c) {
    const float sum = fmaf(flush(a), flush(b), flush(c));
    if (fabsf(sum) > 2.0f * FLT_MIN) return sum;
    const float large = fmaf(ldexpf(flush(a), 90), flush(b), ldexpf(flush(c), 90));
    return fabsf(large) < ldexpf(FLT_MIN, 90) ? copysignf(0.0f, sum) : sum;
}

/* What VDPBF16PS and TDPBF16PS do with the words of a step, of one row and one column. */
static float dot(float sum, const uint32_t *a, const uint32_t *b) {
    for (size_t word = 0; word < SAPE_BF16_STEP; word++) {
        sum = multiply_add(second_of(a[word]), second_of(b[word * SAPE_BF16_WIDTH]), sum);
        sum = multiply_add(first_of(a[word]), first_of(b[word * SAPE_BF16_WIDTH]), sum);
    }
    return sum;
}

static float tile(float sum, const uint32_t *a, const uint32_t *b) {
    float first = 0.0f, second = 0.0f;
    for (size_t word = 0; word < SAPE_BF16_STEP; word++) {
        first = multiply_add(first_of(a[word]), first_of(b[word * SAPE_BF16_WIDTH]), first);
        second = multiply_add(second_of(a[word]), second_of(b[word * SAPE_BF16_WIDTH]), second);
    }
    return flush(flush(sum) + flush(first + second));
}

/* Two parts: dot products take them word by word, tiles step by step; small ones first. */
static float dot_of_parts(float sum, const struct sape_bf16_parts *a, const struct sape_bf16_parts *b) {
    for (size_t word = 0; word < SAPE_BF16_STEP; word++) {
        const uint32_t *const lefts[] = {a->low, a->high, a->high}, *const rights[] = {b->high, b->low, b->high};
        for (size_t i = 0; i < 3; i++) {
            const uint32_t left = lefts[i][word], right = rights[i][word * SAPE_BF16_WIDTH];
            sum = multiply_add(second_of(left), second_of(right), sum);
            sum = multiply_add(first_of(left), first_of(right), sum);
        }
    }
    return sum;
}

static float tile_of_parts(float sum, const struct sape_bf16_parts *a, const struct sape_bf16_parts *b) {
    sum = tile(sum, a->low, b->high);
    sum = tile(sum, a->high, b->high);
    return tile(sum, a->high, b->low);
}

static float element(bool tiles, const struct sape_bf16_args *args, size_t row, size_t column) {
    float sum = 0.0f;
    for (size_t step = 0; step < args->steps; step++) {
        const size_t a = step * args->a_step + row * SAPE_BF16_STEP;
        const size_t b = column / SAPE_BF16_WIDTH * args->b_block + column % SAPE_BF16_WIDTH +
                         step * SAPE_BF16_STEP * SAPE_BF16_WIDTH;
        if (args->a.low == NULL) {
            sum = (tiles ? tile : dot)(sum, args->a.high + a, args->b.high + b);
            continue;
        }
        const struct sape_bf16_parts left = {args->a.high + a, args->a.low + a};
        const struct sape_bf16_parts right = {args->b.high + b, args->b.low + b};
        sum = (tiles ? tile_of_parts : dot_of_parts)(sum, &left, &right);
    }
    return sum;
}

/* Pairs of finite numbers whose exponents lie in a range. */
static void draw_words(uint32_t *seed, uint32_t low, uint32_t high, size_t count, uint32_t *words) {
    for (size_t i = 0; i < count; i++) {
        words[i] = 0;
        for (uint32_t shift = 0; shift <= 16; shift += 16) {
            *seed = *seed * 1664525u + 1013904223u;
            words[i] |= ((*seed >> 31) << 15 | (low + (*seed >> 8) % (high - low + 1)) << 7 | (*seed >> 24 & 0x7f))
                        << shift;
        }
    }
}

struct operands {
    uint32_t *a[2], *b[2];
    float *c;
};

static struct operands draw_operands(uint32_t seed, uint32_t low, uint32_t high) {
    struct operands o = {.c = sape_alloc(ROWS * BLOCKS * SAPE_BF16_WIDTH, sizeof(float))};
    for (size_t part = 0; part < 2; part++) {
        o.a[part] = sape_alloc(A_SIZE, sizeof(uint32_t));
        o.b[part] = sape_alloc(B_SIZE, sizeof(uint32_t));
        draw_words(&seed, low, high, A_SIZE, o.a[part]);
        draw_words(&seed, low, high, B_SIZE, o.b[part]);
    }
    return o;
}

static void free_operands(struct operands *o) {
    for (size_t part = 0; part < 2; part++) {
        sape_release(o->a[part]);
        sape_release(o->b[part]);
    }
    sape_release(o->c);
}

static struct sape_bf16_args product_of(const struct operands *o, bool two_parts) {
    return (struct sape_bf16_args){.rows = ROWS,
                                   .columns = COLUMNS,
                                   .steps = STEPS,
                                   .a = {o->a[0], two_parts ? o->a[1] : NULL},
                                   .a_step = sape_bf16_a_step(ROWS),
                                   .b = {o->b[0], two_parts ? o->b[1] : NULL},
                                   .b_block = B_BLOCK,
                                   .c = o->c,
                                   .c_stride = SAPE_BF16_WIDTH,
                                   .c_block = ROWS * SAPE_BF16_WIDTH,
                                   .store = SAPE_STORE};
}

static void check_product(const struct sape_bf16_kernels *bf16, const struct sape_bf16_args *args) {
    bf16->product(args);
    for (size_t row = 0; row < ROWS; row++) {
        for (size_t column = 0; column < COLUMNS; column++) {
            const float expected = element(has_tiles(bf16), args, row, column);
            const float value =
                args->c[column / SAPE_BF16_WIDTH * args->c_block + row * SAPE_BF16_WIDTH + column % SAPE_BF16_WIDTH];
            ck_assert_msg(to_bits(value) == to_bits(expected) || (isnan(value) && isnan(expected)),
                          "%s: row %zu, column %zu is %a, not %a", bf16->code, row, column, (double)value,
                          (double)expected);
        }
    }
}

/* Narrow exponents, all of them with subnormal and zero results, and small ones whose products are subnormal. */
static const uint32_t exponents[][2] = {{120, 130}, {0, 189}, {40, 80}, {60, 66}};

START_TEST(test_products_are_those_of_the_instructions) {
    const struct sape_bf16_kernels *bf16 = bf16_of(_i);
    if (bf16 == NULL) return;
    printf("%s: %s\n", kernels_of(_i)->name, bf16->code);
    for (uint32_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        struct operands operands = draw_operands(i + 1, exponents[i][0], exponents[i][1]);
        for (int two_parts = 0; two_parts < 2; two_parts++) {
            const struct sape_bf16_args args = product_of(&operands, two_parts != 0);
            check_product(bf16, &args);
        }
        free_operands(&operands);
    }
}
END_TEST

/* A few thousand products by the processor's own instructions and by their emulation. */
START_TEST(test_emulation_equals_the_processor) {
    const struct sape_kernels *kernels = sape_kernels_find(SAPE_INSTRUCTIONS_AUTO);
    for (int native = SAPE_BF16_AMX; native <= SAPE_BF16_AVX512_BF16; native++) {
        const struct sape_bf16_kernels *processor = sape_bf16_find(kernels, (enum sape_bf16_code)native);
        const struct sape_bf16_kernels *emulation =
            sape_bf16_find(kernels, native == SAPE_BF16_AMX ? SAPE_BF16_EMULATED_AMX : SAPE_BF16_EMULATED);
        if (processor == NULL) continue;
        for (uint32_t seed = 0; seed < 40; seed++) {
            const uint32_t *range = exponents[seed % 4];
            struct operands one = draw_operands(seed, range[0], range[1]),
                            other = draw_operands(seed, range[0], range[1]);
            struct sape_bf16_args args = product_of(&one, seed % 2 != 0);
            processor->product(&args);
            args.c = other.c;
            emulation->product(&args);
            ck_assert_mem_eq(one.c, other.c, ROWS * BLOCKS * SAPE_BF16_WIDTH * sizeof(float));
            free_operands(&one);
            free_operands(&other);
        }
    }
}
END_TEST

/* Rounded to nearest even by the definition: the nearer of both neighbours, or the even one. */
static float nearest(float value) {
    const uint32_t bits = to_bits(value), lower = bits & 0xffff0000u, rest = bits & 0xffffu;
    if (fabsf(value) < FLT_MIN) return copysignf(0.0f, value);
    if (isnan(value) || isinf(value)) return value;
    const bool up = rest > 0x8000u || (rest == 0x8000u && (lower & 0x10000u) != 0);
    return from_bits(lower + (up ? 0x10000u : 0));
}

static const float special[] = {0.0f,     -0.0f,  INFINITY, -INFINITY, NAN,       FLT_MAX,   -FLT_MAX,      FLT_MIN,
                                -FLT_MIN, 1e-40f, -1e-45f,  1.0f,      0x1.01p0f, 0x1.03p0f, 0x1.010002p0f, 3e38f};

static void check_number(float value, uint32_t high, uint32_t low, bool second) {
    const float rounded = second ? second_of(high) : first_of(high), rest = second ? second_of(low) : first_of(low);
    if (isnan(value)) {
        ck_assert(isnan(rounded) && rest == 0.0f);
        return;
    }
    ck_assert(to_bits(rounded) == to_bits(nearest(value)));
    const float left = isfinite(rounded) ? nearest(value - rounded) : 0.0f;
    ck_assert_msg(rest == left, "%a leaves %a, not %a", (double)value, (double)rest, (double)left);
}

/* Values of every size become pairs of both parts; an odd last row has zeros beside it, and so has the last step. */
START_TEST(test_joined_rows_are_rounded) {
    enum { COUNT = 35, PANEL = COUNT * SAPE_BF16_WIDTH, PAIRS = 32 * SAPE_BF16_WIDTH };
    const struct sape_bf16_kernels *bf16 = bf16_of(_i);
    if (bf16 == NULL) return;
    float *panel = sape_alloc(PANEL, sizeof *panel);
    uint32_t *high = sape_alloc(PAIRS, sizeof *high), *low = sape_alloc(PAIRS, sizeof *low);
    const struct sape_bf16_parts pairs = {high, low};
    uint32_t seed = 5;
    for (size_t i = 0; i < PANEL; i++) {
        seed = seed * 1664525u + 1013904223u;
        panel[i] = from_bits((seed >> 31) << 31 | (seed % 255) << 23 | (seed >> 8 & 0x7fffff));
    }
    memcpy(panel, special, sizeof special);
    memset(high, 0xff, PAIRS * sizeof *high);
    memset(low, 0xff, PAIRS * sizeof *low);
    bf16->join_rows(COUNT, panel, &pairs);
    for (size_t i = 0; i < PANEL; i++) {
        const size_t at = i / SAPE_BF16_WIDTH / 2 * SAPE_BF16_WIDTH + i % SAPE_BF16_WIDTH;
        check_number(panel[i], high[at], low[at], i / SAPE_BF16_WIDTH % 2 != 0);
    }
    for (size_t i = COUNT / 2 * SAPE_BF16_WIDTH; i < PAIRS; i++) {
        const uint32_t mask = i < (COUNT + 1) / 2 * SAPE_BF16_WIDTH ? 0xffff0000u : 0xffffffffu;
        ck_assert(((high[i] | low[i]) & mask) == 0);
    }
    sape_release(panel);
    sape_release(high);
    sape_release(low);
}
END_TEST

/* A value that a store of a sum leaves; the gate is that of the pair's half. */
static float stored(const struct sape_bf16_args *args, float sum, size_t row, size_t at, uint32_t gate) {
    const float biased = sum + (args->bias == NULL ? 0.0f : args->bias[row]);
    switch (args->store) {
    case SAPE_STORE_RELU:
        return biased > 0.0f ? biased : 0.0f;
    case SAPE_STORE_CURVE:
        return biased > 0.0f ? biased : 0.01f * biased;
    case SAPE_STORE_GATE:
        return (row % 2 == 0 ? first_of(gate) : second_of(gate)) > 0.0f ? sum : 0.0f;
    default:
        return sum * args->scales[at];
    }
}

enum {
    PAIRS_BLOCK = 64 / 2 * SAPE_BF16_WIDTH,
    PAIRED = BLOCKS * PAIRS_BLOCK,
    VALUES = BLOCKS * ROWS * SAPE_BF16_WIDTH
};

/* What a store must leave of all sums, in single precision, and as pairs of both parts. */
static void check_stored(const struct sape_bf16_kernels *bf16, const struct sape_bf16_args *args, const float *sums) {
    float *panel = sape_alloc(VALUES, sizeof *panel);
    uint32_t *high = sape_alloc(PAIRS_BLOCK, sizeof *high), *low = sape_alloc(PAIRS_BLOCK, sizeof *low);
    const struct sape_bf16_parts expected = {high, low};
    for (size_t at = 0; at < VALUES; at++) {
        const size_t block = at / SAPE_BF16_WIDTH / ROWS, row = at / SAPE_BF16_WIDTH % ROWS;
        const size_t pair = block * PAIRS_BLOCK + row / 2 * SAPE_BF16_WIDTH + at % SAPE_BF16_WIDTH;
        panel[at] = stored(args, sums[at], row, at, args->gate[pair]);
        if (args->c != NULL)
            ck_assert_msg(args->c[at] == panel[at], "store %d row %zu at %zu: %a, not %a", args->store, row, at,
                          (double)args->c[at], (double)panel[at]);
    }
    for (size_t block = 0; block < BLOCKS; block++) {
        bf16->join_rows(ROWS, panel + block * ROWS * SAPE_BF16_WIDTH, &expected);
        ck_assert_mem_eq(args->pairs.high + block * PAIRS_BLOCK, high, PAIRS_BLOCK * sizeof *high);
        ck_assert_mem_eq(args->pairs.low + block * PAIRS_BLOCK, low, PAIRS_BLOCK * sizeof *low);
    }
    sape_release(panel);
    sape_release(high);
    sape_release(low);
}

/* Every store leaves its values as pairs, and beside them in single precision where that is wanted. */
START_TEST(test_stores_leave_pairs) {
    static const enum sape_store stores[] = {SAPE_STORE_RELU, SAPE_STORE_CURVE, SAPE_STORE_GATE, SAPE_STORE_SCALE};
    const struct sape_bf16_kernels *bf16 = bf16_of(_i);
    if (bf16 == NULL) return;
    struct operands o = draw_operands(3, 120, 130);
    float *sums = sape_alloc(VALUES, sizeof *sums), *scales = sape_alloc(VALUES, sizeof *scales), bias[ROWS];
    uint32_t *pairs[2] = {sape_alloc(PAIRED, sizeof **pairs), sape_alloc(PAIRED, sizeof **pairs)};
    uint32_t *gate = sape_alloc(PAIRED, sizeof *gate), seed = 9;
    const struct sape_curve curve = {.function = SAPE_FUNCTION_LEAKY_RELU};
    draw_words(&seed, 120, 130, PAIRED, gate);
    for (size_t i = 0; i < ROWS; i++) bias[i] = (float)i - 20.0f;
    for (size_t i = 0; i < VALUES; i++) scales[i] = (float)(i % 7) - 3.0f;
    struct sape_bf16_args args = product_of(&o, true);
    args.columns = BLOCKS * SAPE_BF16_WIDTH;
    bf16->product(&args);
    memcpy(sums, o.c, VALUES * sizeof *sums);
    args.pairs = (struct sape_bf16_parts){pairs[0], pairs[1]};
    args.pairs_block = PAIRS_BLOCK;
    args.scales = scales;
    args.gate = gate;
    args.apply = kernels_of(_i)->apply;
    args.curve = &curve;
    for (size_t i = 0; i < 2 * sizeof stores / sizeof *stores; i++) {
        args.store = stores[i / 2];
        args.bias = args.store <= SAPE_STORE_CURVE ? bias : NULL;
        args.c = i % 2 == 0 ? o.c : NULL;
        memset(pairs[0], 0xff, PAIRED * sizeof **pairs);
        memset(pairs[1], 0xff, PAIRED * sizeof **pairs);
        bf16->product(&args);
        check_stored(bf16, &args, sums);
    }
    free_operands(&o);
    sape_release(sums);
    sape_release(scales);
    sape_release(pairs[0]);
    sape_release(pairs[1]);
    sape_release(gate);
}
END_TEST

/* Rows and columns as depth: the word of a row and a pair of columns, or the other way round. */
START_TEST(test_packed_numbers_lie_where_the_product_reads_them) {
    enum { DOWN = 37, ACROSS = 48 };
    const struct sape_bf16_kernels *bf16 = bf16_of(_i);
    if (bf16 == NULL) return;
    const size_t row_step = sape_bf16_a_step(DOWN), column_step = sape_bf16_a_step(ACROSS);
    float values[DOWN * ACROSS];
    uint32_t *rows = sape_alloc(2 * row_step, sizeof *rows), *columns = sape_alloc(2 * column_step, sizeof *columns);
    const struct sape_bf16_parts by_row = {rows, NULL}, by_column = {columns, NULL};
    /* Numbers that bfloat16 has. */
    for (size_t i = 0; i < DOWN * ACROSS; i++) values[i] = (float)(i % 251);
    bf16->pack_rows(DOWN, ACROSS - 1, values, ACROSS, row_step, &by_row);
    bf16->pack_columns(DOWN, ACROSS, values, ACROSS, column_step, &by_column);
    for (size_t row = 0; row < 64; row++) {
        for (size_t column = 0; column < 64; column++) {
            const bool inside = row < DOWN && column < ACROSS;
            const uint32_t across = rows[column / 32 * row_step + row * 16 + column % 32 / 2];
            const uint32_t down = columns[row / 32 * column_step + column * 16 + row % 32 / 2];
            const float value = inside ? values[row * ACROSS + column] : 0.0f;
            if (row < DOWN)
                ck_assert((column % 2 == 0 ? first_of(across) : second_of(across)) ==
                          (column == ACROSS - 1 ? 0.0f : value));
            if (column < ACROSS) ck_assert((row % 2 == 0 ? first_of(down) : second_of(down)) == value);
        }
    }
    sape_release(rows);
    sape_release(columns);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bf16");
    TCase *tcase = tcase_create("bf16");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, test_products_are_those_of_the_instructions, 0, NUM_SETS * NUM_CODES);
    tcase_add_loop_test(tcase, test_emulation_equals_the_processor, 0, 1);
    tcase_add_loop_test(tcase, test_joined_rows_are_rounded, 0, NUM_SETS * NUM_CODES);
    tcase_add_loop_test(tcase, test_stores_leave_pairs, 0, NUM_SETS * NUM_CODES);
    tcase_add_loop_test(tcase, test_packed_numbers_lie_where_the_product_reads_them, 0, NUM_SETS * NUM_CODES);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
