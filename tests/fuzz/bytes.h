/* SPDX-License-Identifier: MIT */
/* Choices taken from a fuzzer's input: every byte decides something, and none left means zero. */
#ifndef SAPE_TESTS_FUZZ_BYTES_H
#define SAPE_TESTS_FUZZ_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *next, *end;
};

static inline uint8_t take_byte(struct bytes *bytes) {
    return bytes->next < bytes->end ? *bytes->next++ : 0;
}

/* Below `limit`. */
static inline size_t take_below(struct bytes *bytes, size_t limit) {
    return take_byte(bytes) % limit;
}

/* Mostly small, so that calls get through; now and then at the edge of what can be. */
static inline size_t take_size(struct bytes *bytes) {
    static const size_t edges[] = {0, 100, 257, 65535, 65536, (size_t)1 << 32, SIZE_MAX / 4, SIZE_MAX};
    const uint8_t byte = take_byte(bytes);
    return byte < 240 ? byte % 13 : edges[byte % 8];
}

/* One, seldom two: programs with threads wait for each other more than they compute. */
static inline size_t take_threads(struct bytes *bytes) {
    return take_byte(bytes) < 224 ? 1 : 2;
}

/* A double: usual, at an edge, or any bits. */
static inline double take_double(struct bytes *bytes) {
    static const double values[] = {0.0, 1.0, 0.5, 1e-3, 0.1, -1.0, 2.0, 20.0, 1e9, 1e300, 1e-300, -0.0};
    const uint8_t byte = take_byte(bytes);
    if (byte < 240) return values[byte % 12];
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) bits = bits << 8 | take_byte(bytes);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Floats in [-1, 1], one of which may be something else. */
static inline void take_floats(struct bytes *bytes, size_t count, float *values) {
    uint32_t state = take_byte(bytes) + 1u;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
    }
    if (count > 0 && take_byte(bytes) >= 224) values[take_byte(bytes) % count] = (float)take_double(bytes);
}

#endif
