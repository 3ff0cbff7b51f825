/* SPDX-License-Identifier: MIT */
/* Bringing operands of bfloat16 products into the order in which the product reads them. */
#include "bf16_variant.h"
#include "bf16_vector.h"

void VARIANT(bf16_join_rows)(size_t rows, const float *panel, const struct sape_bf16_parts *pairs) {
    for (size_t row = 0; row < rows; row += 2) {
        const float *first = panel + row * SAPE_BF16_WIDTH, *second = first + SAPE_BF16_WIDTH;
        for (size_t s = 0; s < SAPE_BF16_WIDTH; s += LANES)
            bf16_split(vf_load(first + s), row + 1 < rows ? vf_load(second + s) : vf_set(0.0f), pairs,
                       row / 2 * SAPE_BF16_WIDTH + s);
    }
    bf16_fill(rows, pairs, 0);
}

void VARIANT(bf16_turn)(size_t rows, const uint32_t *pairs, uint32_t *turned) {
    for (size_t row = 0; row < rows; row += 2) {
        uint32_t *to = turned + row * SAPE_BF16_STEP;
        for (size_t s = 0; s < SAPE_BF16_STEP; s += LANES) {
            const vi near = vi_load(pairs + s), far = vi_load(pairs + SAPE_BF16_STEP + s);
            vi_store(to + s, (near & 0xffff) | (vi)((vu)far << 16));
            vi_store(to + SAPE_BF16_STEP + s, (vi)((vu)near >> 16) | (far & UPPER_HALF));
        }
        pairs += SAPE_BF16_WIDTH;
    }
}

/* A step of a row: words of neighbouring columns; what is behind the last column is zero. */
static void pack_step(const float *row, size_t columns, const struct sape_bf16_parts *a, size_t offset) {
    float first[SAPE_BF16_STEP] = {0}, second[SAPE_BF16_STEP] = {0};
    for (size_t word = 0; word < SAPE_BF16_STEP && 2 * word < columns; word++) {
        first[word] = row[2 * word];
        second[word] = 2 * word + 1 < columns ? row[2 * word + 1] : 0.0f;
    }
    for (size_t word = 0; word < SAPE_BF16_STEP; word += LANES)
        bf16_split(vf_load(first + word), vf_load(second + word), a, offset + word);
}

void VARIANT(bf16_pack_rows)(size_t rows, size_t columns, const float *from, size_t stride, size_t a_step,
                             const struct sape_bf16_parts *a) {
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column += 2 * SAPE_BF16_STEP)
            pack_step(from + row * stride + column, columns - column, a,
                      column / (2 * SAPE_BF16_STEP) * a_step + row * SAPE_BF16_STEP);
}

/* Rows of 16 words become columns. */
static void transpose(const uint32_t *from, uint32_t *to) {
    for (size_t row = 0; row < SAPE_BF16_STEP; row++)
        for (size_t word = 0; word < SAPE_BF16_STEP; word++)
            to[word * SAPE_BF16_STEP + row] = from[row * SAPE_BF16_STEP + word];
}

/* Sixteen columns of up to 32 rows. */
static void pack_square(size_t rows, const float *from, size_t stride, const struct sape_bf16_parts *a, size_t offset) {
    uint32_t high[SAPE_BF16_STEP * SAPE_BF16_STEP] = {0}, low[SAPE_BF16_STEP * SAPE_BF16_STEP] = {0};
    const struct sape_bf16_parts words = {high, a->low == NULL ? NULL : low};
    for (size_t row = 0; row < rows; row += 2)
        for (size_t column = 0; column < SAPE_BF16_STEP; column += LANES)
            bf16_split(vf_load(from + row * stride + column),
                       row + 1 < rows ? vf_load(from + (row + 1) * stride + column) : vf_set(0.0f), &words,
                       row / 2 * SAPE_BF16_STEP + column);
    transpose(high, a->high + offset);
    if (a->low != NULL) transpose(low, a->low + offset);
}

void VARIANT(bf16_pack_columns)(size_t rows, size_t columns, const float *from, size_t stride, size_t a_step,
                                const struct sape_bf16_parts *a) {
    for (size_t row = 0; row < rows; row += 2 * SAPE_BF16_STEP) {
        const size_t rest = rows - row, count = rest < 2 * SAPE_BF16_STEP ? rest : 2 * SAPE_BF16_STEP;
        for (size_t column = 0; column < columns; column += SAPE_BF16_STEP)
            pack_square(count, from + row * stride + column, stride, a,
                        row / (2 * SAPE_BF16_STEP) * a_step + column * SAPE_BF16_STEP);
    }
}

static vf add_words(vf sum, const uint32_t *words) {
    const vi pair = vi_load(words);
    return sum + (bf16_first(pair) + bf16_second(pair));
}

void VARIANT(bf16_column_sums)(size_t columns, size_t depth, const struct sape_bf16_parts *b, bool add, float *sums) {
    for (size_t column = 0; column < columns; column += LANES) {
        size_t at = column / SAPE_BF16_WIDTH * SAPE_BF16_WIDTH * depth + column % SAPE_BF16_WIDTH;
        vf sum = vf_set(0.0f);
        for (size_t word = 0; word < depth; word++, at += SAPE_BF16_WIDTH) {
            if (b->low != NULL) sum = add_words(sum, b->low + at);
            sum = add_words(sum, b->high + at);
        }
        vf_store(sums + column, add ? vf_load(sums + column) + sum : sum);
    }
}
