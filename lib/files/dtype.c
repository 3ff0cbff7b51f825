/* SPDX-License-Identifier: MIT */
#include "files/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [SAPE_DTYPE_F32] = {"F32", 4},   [SAPE_DTYPE_F64] = {"F64", 8},   [SAPE_DTYPE_F16] = {"F16", 2},
    [SAPE_DTYPE_BF16] = {"BF16", 2}, [SAPE_DTYPE_U8] = {"U8", 1},     [SAPE_DTYPE_I32] = {"I32", 4},
    [SAPE_DTYPE_I64] = {"I64", 8},   [SAPE_DTYPE_BOOL] = {"BOOL", 1},
};

bool sape_dtype_from_name(const char *name, sape_dtype *dtype) {
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) != 0) continue;
        *dtype = (sape_dtype)i;
        return true;
    }
    return false;
}

const char *sape_dtype_name(sape_dtype dtype) {
    return (unsigned)dtype < sizeof types / sizeof *types ? types[dtype].name : NULL;
}

size_t sape_dtype_size(sape_dtype dtype) {
    return types[dtype].size;
}

uint64_t sape_little_endian(const unsigned char *bytes, size_t size) {
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

void sape_to_little_endian(unsigned char *to, const void *from, size_t size) {
    const bool little = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    for (size_t i = 0; i < size; i++) to[i] = ((const unsigned char *)from)[little ? i : size - 1 - i];
}

static double decode_single(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double decode_double(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
static double decode_half(uint32_t bits) {
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023);
    double magnitude;
    if (exponent == 31)
        magnitude = fraction == 0 ? INFINITY : NAN;
    else if (exponent == 0)
        magnitude = ldexp(fraction, -24);
    else
        magnitude = ldexp(1024 + fraction, exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
}

double sape_dtype_decode(sape_dtype dtype, const unsigned char *bytes) {
    const uint64_t bits = sape_little_endian(bytes, sape_dtype_size(dtype));
    switch (dtype) {
    case SAPE_DTYPE_F32:
        return decode_single((uint32_t)bits);
    case SAPE_DTYPE_F64:
        return decode_double(bits);
    case SAPE_DTYPE_F16:
        return decode_half((uint32_t)bits);
    case SAPE_DTYPE_BF16:
        return decode_single((uint32_t)bits << 16);
    case SAPE_DTYPE_I32:
        return (double)(int32_t)(uint32_t)bits;
    case SAPE_DTYPE_I64:
        return (double)(int64_t)bits;
    case SAPE_DTYPE_BOOL:
        return bits != 0;
    case SAPE_DTYPE_U8:
        break;
    }
    return (double)bits;
}
