/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sape/safetensors.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suite.h"

#ifndef FIXTURE_DIR
#define FIXTURE_DIR "tests/fixtures"
#endif

#define PREFIX 8

struct bytes {
    unsigned char *data;
    size_t size;
};

static void put_length(unsigned char *prefix, uint64_t length) {
    for (size_t i = 0; i < PREFIX; i++) prefix[i] = (unsigned char)(length >> (8 * i));
}

/* A file of that header, and data_size bytes 0, 1, 2 ... */
static struct bytes make_sized(const char *header, size_t length, size_t data_size) {
    struct bytes file = {malloc(PREFIX + length + data_size), PREFIX + length + data_size};
    ck_assert_ptr_nonnull(file.data);
    put_length(file.data, length);
    memcpy(file.data + PREFIX, header, length);
    for (size_t i = 0; i < data_size; i++) file.data[PREFIX + length + i] = (unsigned char)i;
    return file;
}

static struct bytes make(const char *header, size_t data_size) {
    return make_sized(header, strlen(header), data_size);
}

static void expect_refused(struct bytes file, const char *words) {
    sape_safetensors *parsed = (sape_safetensors *)&file;
    const sape_status status = sape_safetensors_parse(file.data, file.size, &parsed);
    ck_assert_msg(status == SAPE_ERROR_FORMAT, "status %s, expected an error with \"%s\"", sape_status_string(status),
                  words);
    ck_assert_ptr_null(parsed);
    ck_assert_msg(strstr(sape_last_error(), words) != NULL, "\"%s\" does not say \"%s\"", sape_last_error(), words);
    free(file.data);
}

static sape_safetensors *expect_parsed(struct bytes file) {
    sape_safetensors *parsed;
    const sape_status status = sape_safetensors_parse(file.data, file.size, &parsed);
    ck_assert_msg(status == SAPE_OK, "%s", sape_last_error());
    free(file.data);
    return parsed;
}

/* Every tensor that the file describes can be read. */
static void read_all(const sape_safetensors *file) {
    for (size_t i = 0; i < sape_safetensors_count(file); i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        ck_assert_int_eq(sape_safetensors_info(file, i, &info), SAPE_OK);
        double *values = malloc(info.count * sizeof *values + 1);
        ck_assert_int_eq(sape_safetensors_read_double(file, info.name, values, info.count), SAPE_OK);
        ck_assert_int_eq(sape_safetensors_read(file, info.name, (float *)values, info.count), SAPE_OK);
        free(values);
    }
}

static const char small_header[] = "{\"__metadata__\":{\"k\":\"v\",\"a\\u00e9\":\"\"},"
                                   "\"w\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[4,12]},"
                                   "\"b\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}";

START_TEST(reads_tensors_and_metadata) {
    sape_safetensors *file = expect_parsed(make(small_header, 12));
    ck_assert_uint_eq(sape_safetensors_count(file), 2);
    sape_tensor_info info = {.struct_size = sizeof info};
    ck_assert_int_eq(sape_safetensors_info(file, 0, &info), SAPE_OK);
    ck_assert_str_eq(info.name, "w");
    ck_assert_int_eq(info.dtype, SAPE_DTYPE_F32);
    ck_assert_uint_eq(info.rank, 2);
    ck_assert_uint_eq(info.shape[0], 2);
    ck_assert_uint_eq(info.shape[1], 1);
    ck_assert_uint_eq(info.count, 2);
    ck_assert_int_eq(sape_safetensors_find(file, "b", &info), SAPE_OK);
    ck_assert_uint_eq(info.rank, 0);
    ck_assert_uint_eq(info.count, 1);
    float scalar;
    ck_assert_int_eq(sape_safetensors_read(file, "b", &scalar, 1), SAPE_OK);
    ck_assert_float_eq(scalar, (float)0x03020100);
    ck_assert_str_eq(sape_safetensors_metadata(file, "k"), "v");
    ck_assert_str_eq(sape_safetensors_metadata(file, "a\xc3\xa9"), "");
    ck_assert_ptr_null(sape_safetensors_metadata(file, "none"));
    sape_safetensors_free(file);
}
END_TEST

START_TEST(reads_files_without_tensors) {
    static const char *const headers[] = {"{}",
                                          "{}      ",
                                          "{\"__metadata__\":{}}",
                                          "{\"__metadata__\":null}",
                                          "{\t\"__metadata__\"\r:\n{\"-04\":\"4e0 \\\" -0\"} }\n",
                                          "{\"e\":{\"dtype\":\"F64\",\"shape\":[0,5],\"data_offsets\":[0,0]}}"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        sape_safetensors *file = expect_parsed(make(headers[i], 0));
        read_all(file);
        ck_assert_ptr_null(sape_safetensors_metadata(file, "k"));
        sape_tensor_info info = {.struct_size = sizeof info};
        ck_assert_int_eq(sape_safetensors_find(file, "x", &info), SAPE_ERROR_NOT_FOUND);
        sape_safetensors_free(file);
    }
}
END_TEST

/* A file with one tensor "x" of count elements, whose bytes are given. */
static sape_safetensors *one_tensor(const char *dtype, size_t count, const void *data, size_t size) {
    char header[128];
    snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}", dtype, count,
             size);
    struct bytes file = make(header, size);
    memcpy(file.data + file.size - size, data, size);
    return expect_parsed(file);
}

static void expect_values(const char *dtype, const void *data, size_t size, const double *expected, size_t count) {
    sape_safetensors *file = one_tensor(dtype, count, data, size);
    double values[16];
    float floats[16];
    ck_assert_int_eq(sape_safetensors_read_double(file, "x", values, count), SAPE_OK);
    ck_assert_int_eq(sape_safetensors_read(file, "x", floats, count), SAPE_OK);
    for (size_t i = 0; i < count; i++) {
        if (isnan(expected[i])) {
            ck_assert_double_nan(values[i]);
            ck_assert_float_nan(floats[i]);
            continue;
        }
        ck_assert_double_eq(values[i], expected[i]);
        ck_assert_float_eq(floats[i], (float)expected[i]);
        ck_assert_int_eq(signbit(values[i]) != 0, signbit(expected[i]) != 0);
    }
    sape_safetensors_free(file);
}

#define EXPECT_VALUES(dtype, data, expected)                                                                           \
    expect_values(dtype, data, sizeof(data) - 1, expected, sizeof(expected) / sizeof(double))

START_TEST(converts_floats) {
    static const double half[] = {1, -2, 65504, 0x1p-14, 0x1p-24, 1023 * 0x1p-24, -0.0, INFINITY, -INFINITY, NAN};
    EXPECT_VALUES("F16", "\x00\x3c\x00\xc0\xff\x7b\x00\x04\x01\x00\xff\x03\x00\x80\x00\x7c\x00\xfc\x01\x7e", half);
    static const double brain[] = {1, -2, 0x1.fep127, 0x1p-133, -0.0, INFINITY, NAN};
    EXPECT_VALUES("BF16", "\x80\x3f\x00\xc0\x7f\x7f\x01\x00\x00\x80\x80\x7f\xc1\x7f", brain);
    static const double single[] = {1, 0x1.fffffep127, 0x1p-149, -0.0, NAN};
    EXPECT_VALUES("F32", "\x00\x00\x80\x3f\xff\xff\x7f\x7f\x01\x00\x00\x00\x00\x00\x00\x80\x00\x00\xc0\x7f", single);
    static const double twice[] = {0.1, -0.0, 0x1.fffffffffffffp1023};
    EXPECT_VALUES("F64", "\x9a\x99\x99\x99\x99\x99\xb9\x3f\0\0\0\0\0\0\0\x80\xff\xff\xff\xff\xff\xff\xef\x7f", twice);
}
END_TEST

START_TEST(converts_integers) {
    static const double bytes[] = {0, 1, 255};
    EXPECT_VALUES("U8", "\x00\x01\xff", bytes);
    static const double truths[] = {0, 1, 1};
    EXPECT_VALUES("BOOL", "\x00\x01\x02", truths);
    static const double ints[] = {1, -1, -2147483648.0};
    EXPECT_VALUES("I32", "\x01\0\0\0\xff\xff\xff\xff\0\0\0\x80", ints);
    static const double longs[] = {1, -1, 9007199254740991.0, -0x1p63};
    EXPECT_VALUES("I64",
                  "\x01\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x1f\0\0\0\0\0\0\0\0\x80",
                  longs);
}
END_TEST

static const struct {
    const char *header;
    size_t data_size;
    const char *words;
} refused[] = {
    {"", 0, "begin with {"},
    {"[]", 0, "begin with {"},
    {" {}", 0, "begin with {"},
    {"\xef\xbb\xbf{}", 0, "begin with {"},
    {"{}x", 0, "wrong JSON"},
    {"{\"x\":}", 0, "wrong JSON"},
    {"{\"x\":nan}", 0, "wrong JSON"},
    {"{\"x\":1}", 0, "\"x\": must have"},
    {"{\"x\":[1,2,3]}", 0, "\"x\": must have"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "\"x\": must have"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"y\":0}}", 4, "\"x\": must have"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"shape\":[1]}}", 4, "\"x\": must have"},
    {"{\"x\":{\"dtype\":5,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "\"x\": dtype is not a string"},
    {"{\"x\":{\"dtype\":\"F8_E4M3\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "\"x\": dtype \"F8_E4M3\" is unknown"},
    {"{\"x\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype \"f32\" is unknown"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4, "\"x\": shape is not an array"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1,1.5],\"data_offsets\":[0,4]}}", 4, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[\"1\"],\"data_offsets\":[0,4]}}", 4, "shape[0] is not an integer"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1e999],\"data_offsets\":[0,4]}}", 4, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[9007199254740993],\"data_offsets\":[0,4]}}", 4,
     "shape[0] is not an integer"},
#if SIZE_MAX > UINT32_MAX
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "overflows at axis 1"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2147483648,2147483648],\"data_offsets\":[0,0]}}", 0, "do not fill the 0"},
#else
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,0]}}", 0, "overflows at axis 1"},
#endif
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]}}", 4, "more than 8 axes"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "\"x\": 2 elements of type F32"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4, "\"x\": data_offsets are not two"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 8, "data_offsets are not two"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0.5,4.5]}}", 8, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{\"a\":0}}}", 4, "data_offsets are not two"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "\"x\": data_offsets are [4, 0]"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 4, "the file has 4 bytes of data"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8, "\"x\": gap"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5, "1 bytes after the last tensor"},
    {"{}", 1, "1 bytes after the last tensor"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[2,6]}}",
     6, "\"y\": overlap"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
     4, "overlap"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
     "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
     8, "\"x\": is there twice"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4e0],\"data_offsets\":[0,16]}}", 16, "byte 29 of the header: number that"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}}", 16, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-0,16]}}", 16, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[04],\"data_offsets\":[0,16]}}", 16, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,016]}}", 16, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[00],\"data_offsets\":[0,0]}}", 0, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4.],\"data_offsets\":[0,16]}}", 16, "number that is not"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[+4],\"data_offsets\":[0,16]}}", 16, "wrong JSON"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[4,],\"data_offsets\":[0,16]}}", 16, "wrong JSON"},
    {"{\"x\":{\"dtype\":\"F32\",\"shape\":[18446744073709551620],\"data_offsets\":[0,16]}}", 16,
     "shape[0] is not an integer"},
    {"{\"__metadata__\":{\"k\":\"a\tb\"}}", 0, "byte 23 of the header: control character"},
    {"{\"__metadata__\":{\"k\":\"a\nb\"}}", 0, "control character"},
    {"{\"__metadata__\":{\"k\\\":\": \"\r\"}}", 0, "control character"},
    {"{\"__metadata__\":{\"k\":\"v\",}}", 0, "wrong JSON"},
    {"{}/**/", 0, "wrong JSON"},
    {"{\"__metadata__\":{\"k\":\"\\udc00\"}}", 0, "wrong JSON"},
    {"{\"__metadata__\":{\"k\":\"\\ud800\\ud800\"}}", 0, "wrong JSON"},
    {"{\"__metadata__\":[]}", 0, "__metadata__ is not an object"},
    {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ is there twice"},
    {"{\"__metadata__\":{\"k\":1}}", 0, "metadata \"k\" is not a string"},
    {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", 0, "metadata \"k\" is there twice"},
    {"{\"__metadata__\":{\"k\":\"a\\u0000b\"}}", 0, "escaped zero"},
    {"{\"__metadata__\":{\"k\":\"\\uzzzz\"}}", 0, "wrong escape"},
    {"{\"__metadata__\":{\"k\":\"\\u00", 0, "wrong escape"},
    {"{\"__metadata__\":{\"k\":\"\\ud800\"}}", 0, "wrong JSON"},
    {"{\"__metadata__\":{\"k\":\"\x01\"}}", 0, "control character"},
    {"{\"__metadata__\":{\"k\":\"\xff\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xc0\xaf\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xe0\x80\xaf\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xed\xa0\x80\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xf0\x80\x80\x80\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xf4\x90\x80\x80\"}}", 0, "not UTF-8"},
    {"{\"__metadata__\":{\"k\":\"\xe2\x82", 0, "not UTF-8"},
    {"{\"\\", 0, "wrong JSON"},
};

START_TEST(refuses_wrong_headers) {
    expect_refused(make(refused[_i].header, refused[_i].data_size), refused[_i].words);
}
END_TEST

START_TEST(refuses_zero_bytes_in_the_header) {
    expect_refused(make_sized("{\"a\0b\":1}", 9, 0), "byte 3 of the header: control character");
    expect_refused(make_sized("{}\0", 3, 0), "control character");
}
END_TEST

START_TEST(refuses_wrong_lengths) {
    static const uint64_t lengths[] = {3, 17 << 20, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct bytes file = make("{}", 0);
        put_length(file.data, lengths[i]);
        expect_refused(file, "the header's length is");
    }
    /* Larger than any sensible header, though the file has that many bytes. */
    const size_t size = ((size_t)16 << 20) + 1;
    char *spaces = malloc(size);
    memset(spaces, ' ', size);
    memcpy(spaces, "{}", 2);
    expect_refused(make_sized(spaces, size, 0), "the most allowed");
    sape_safetensors_free(expect_parsed(make_sized(spaces, size - 1, 0)));
    free(spaces);
}
END_TEST

START_TEST(refuses_deep_json) {
    const size_t depth = 1000000;
    char *header = malloc(depth + 5);
    memcpy(header, "{\"x\":", 5);
    memset(header + 5, '[', depth);
    expect_refused(make_sized(header, depth + 5, 0), "wrong JSON");
    free(header);
}
END_TEST

START_TEST(messages_reach_the_fault_whatever_the_name) {
    char header[2000] = "{\"";
    memset(header + 2, 'n', 1500);
    memcpy(header + 1502, "\":1}", 5);
    expect_refused(make(header, 0), "must have dtype");
}
END_TEST

START_TEST(refuses_every_truncation) {
    struct bytes whole = make(small_header, 12);
    for (size_t size = 0; size < whole.size; size++) {
        /* A copy of its own, so that a sanitizer sees a byte read beyond it. */
        struct bytes part = {malloc(size + 1), size};
        memcpy(part.data, whole.data, size);
        expect_refused(part, "sape_safetensors_parse: bytes: ");
    }
    free(whole.data);
}
END_TEST

START_TEST(survives_every_mutation) {
    struct bytes file = make(small_header, 12);
    for (size_t at = 0; at < file.size; at++) {
        const unsigned char original = file.data[at];
        for (unsigned change = 1; change < 256; change++) {
            file.data[at] = (unsigned char)(original ^ change);
            sape_safetensors *parsed;
            const sape_status status = sape_safetensors_parse(file.data, file.size, &parsed);
            ck_assert(status == SAPE_OK || status == SAPE_ERROR_FORMAT);
            if (status == SAPE_OK) read_all(parsed);
            sape_safetensors_free(parsed);
        }
        file.data[at] = original;
    }
    free(file.data);
}
END_TEST

START_TEST(checks_arguments) {
    sape_safetensors *file = NULL;
    ck_assert_int_eq(sape_safetensors_open(NULL, &file), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_open("x", NULL), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_parse(NULL, 8, &file), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_parse("x", 1, NULL), SAPE_ERROR_ARGUMENT);
    sape_safetensors_free(NULL);
    ck_assert_uint_eq(sape_safetensors_count(NULL), 0);
    ck_assert_ptr_null(sape_safetensors_metadata(NULL, "k"));

    file = expect_parsed(make(small_header, 12));
    sape_tensor_info info = {.struct_size = sizeof info};
    float values[2];
    double doubles[2];
    ck_assert_int_eq(sape_safetensors_info(NULL, 0, &info), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_info(file, 2, &info), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_info(file, 0, NULL), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_find(NULL, "w", &info), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_find(file, NULL, &info), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_find(file, "w", NULL), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_find(file, "v", &info), SAPE_ERROR_NOT_FOUND);
    ck_assert_int_eq(sape_safetensors_read(file, "w", NULL, 2), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_read(file, "w", values, 1), SAPE_ERROR_SHAPE);
    ck_assert_int_eq(sape_safetensors_read(file, "v", values, 2), SAPE_ERROR_NOT_FOUND);
    ck_assert_int_eq(sape_safetensors_read_double(file, "w", doubles, 3), SAPE_ERROR_SHAPE);
    ck_assert_str_eq(sape_last_error(), "sape_safetensors_read_double: count is 3, w has 2 elements");
    ck_assert_ptr_null(sape_safetensors_metadata(file, NULL));
    info.struct_size = 0;
    ck_assert_int_eq(sape_safetensors_find(file, "w", &info), SAPE_ERROR_ARGUMENT);
    sape_safetensors_free(file);
}
END_TEST

static void expect_not_annotated(const sape_safetensors *file, const char *key, const char *value, const char *words) {
    const char *const keys[] = {"note", key}, *const values[] = {"", value};
    sape_safetensors *out = (sape_safetensors *)&keys;
    ck_assert_int_eq(sape_safetensors_annotate(file, 2, keys, values, &out), SAPE_ERROR_ARGUMENT);
    ck_assert_ptr_null(out);
    ck_assert_msg(strstr(sape_last_error(), words) != NULL, "%s", sape_last_error());
}

START_TEST(annotates_with_metadata) {
    static const char *const keys[] = {"k", "note \"1\"", ""}, *const values[] = {"new", "a\\b\n\x01\xc3\xa9", "x"};
    sape_safetensors *file = expect_parsed(make(small_header, 12)), *out;
    ck_assert_int_eq(sape_safetensors_annotate(file, 3, keys, values, &out), SAPE_OK);
    for (size_t i = 0; i < 3; i++) ck_assert_str_eq(sape_safetensors_metadata(out, keys[i]), values[i]);
    ck_assert_str_eq(sape_safetensors_metadata(out, "a\xc3\xa9"), "");
    ck_assert_str_eq(sape_safetensors_metadata(file, "k"), "v");
    ck_assert_uint_eq(sape_safetensors_count(out), 2);
    float values_before[2], values_after[2];
    ck_assert_int_eq(sape_safetensors_read(file, "w", values_before, 2), SAPE_OK);
    ck_assert_int_eq(sape_safetensors_read(out, "w", values_after, 2), SAPE_OK);
    ck_assert_mem_eq(values_before, values_after, sizeof values_before);
    sape_safetensors *again;
    ck_assert_int_eq(sape_safetensors_annotate(out, 0, keys, values, &again), SAPE_OK);
    size_t size, size_again;
    const void *bytes = sape_safetensors_bytes(out, &size), *bytes_again = sape_safetensors_bytes(again, &size_again);
    ck_assert_uint_eq(size, size_again);
    ck_assert_mem_eq(bytes, bytes_again, size);
    sape_safetensors_free(again);
    sape_safetensors_free(out);

    expect_not_annotated(file, "sape.version", "1", "reserved");
    expect_not_annotated(file, "note", "1", "keys[1] is \"note\", which is a duplicate");
    expect_not_annotated(file, NULL, "1", "keys[1] is NULL");
    expect_not_annotated(file, "x", NULL, "values[1] is NULL");
    expect_not_annotated(file, "\xff", "1", "UTF-8");
    expect_not_annotated(file, "x", "\xc3", "UTF-8");
    expect_not_annotated(NULL, "x", "1", "file is NULL");
    ck_assert_int_eq(sape_safetensors_annotate(file, 1, NULL, values, &out), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_annotate(file, 1, keys, NULL, &out), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(sape_safetensors_annotate(file, 1, keys, values, NULL), SAPE_ERROR_ARGUMENT);
    sape_safetensors_free(file);
}
END_TEST

/* The copy has room for a header as long as files may have, and no longer. */
START_TEST(annotates_up_to_the_longest_header) {
    enum { LONGEST = 16 << 20 };
    static char text[LONGEST + 1];
    memset(text, 'x', LONGEST);
    sape_safetensors *file = expect_parsed(make("{}", 0)), *out;
    const char *const key = "k", *const value = text;
    expect_not_annotated(file, "k", text, "longer");
    text[LONGEST - strlen("{\"__metadata__\":{\"k\":\"\"}}")] = 0;
    ck_assert_int_eq(sape_safetensors_annotate(file, 1, &key, &value, &out), SAPE_OK);
    sape_safetensors_free(out);
    sape_safetensors_free(file);
}
END_TEST

static void expect_unreadable(const char *path, const char *words) {
    sape_safetensors *file = NULL;
    ck_assert_int_eq(sape_safetensors_open(path, &file), SAPE_ERROR_FILE);
    ck_assert_ptr_null(file);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), path));
    ck_assert_ptr_nonnull(strstr(sape_last_error(), words));
}

START_TEST(opens_files_as_it_parses_bytes) {
    char directory[] = "/tmp/sape-test-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(directory));
    expect_unreadable(directory, "not a regular file");
    snprintf(path, sizeof path, "%s/file", directory);
    expect_unreadable(path, "No such file");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    expect_unreadable(path, "not a regular file");
    ck_assert_int_eq(unlink(path), 0);

    struct bytes bytes = make(small_header, 12);
    FILE *stream = fopen(path, "wb");
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.size, stream), bytes.size);
    ck_assert_int_eq(fclose(stream), 0);
    sape_safetensors *file;
    ck_assert_int_eq(sape_safetensors_open(path, &file), SAPE_OK);
    ck_assert_uint_eq(sape_safetensors_count(file), 2);
    read_all(file);
    sape_safetensors_free(file);

    for (size_t size = bytes.size; size-- > 0;) {
        ck_assert_int_eq(truncate(path, (off_t)size), 0);
        ck_assert_int_eq(sape_safetensors_open(path, &file), SAPE_ERROR_FORMAT);
        ck_assert_ptr_nonnull(strstr(sape_last_error(), path));
    }
    /* A huge file of something else costs nothing. */
    ck_assert_int_eq(truncate(path, (off_t)1 << (sizeof(size_t) > 4 ? 40 : 31)), 0);
    ck_assert_int_eq(sape_safetensors_open(path, &file), SAPE_ERROR_FORMAT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(directory), 0);
    free(bytes.data);
}
END_TEST

START_TEST(opens_every_fixture) {
    const char *directory = getenv("SAPE_FIXTURE_DIR");
    if (directory == NULL) directory = FIXTURE_DIR;
    DIR *folder = opendir(directory);
    ck_assert_ptr_nonnull(folder);
    size_t found = 0;
    for (const struct dirent *item; (item = readdir(folder)) != NULL;) {
        const char *dot = strrchr(item->d_name, '.');
        if (dot == NULL || strcmp(dot, ".safetensors") != 0) continue;
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", directory, item->d_name);
        sape_safetensors *file;
        ck_assert_msg(sape_safetensors_open(path, &file) == SAPE_OK, "%s", sape_last_error());
        ck_assert_uint_gt(sape_safetensors_count(file), 0);
        read_all(file);
        sape_safetensors_free(file);
        found++;
    }
    closedir(folder);
    ck_assert_uint_gt(found, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("safetensors");
    TCase *valid = tcase_create("valid");
    tcase_add_test(valid, reads_tensors_and_metadata);
    tcase_add_test(valid, reads_files_without_tensors);
    tcase_add_test(valid, converts_floats);
    tcase_add_test(valid, converts_integers);
    tcase_add_test(valid, checks_arguments);
    tcase_add_test(valid, annotates_with_metadata);
    tcase_add_test(valid, annotates_up_to_the_longest_header);
    tcase_add_test(valid, opens_files_as_it_parses_bytes);
    tcase_add_test(valid, opens_every_fixture);
    suite_add_tcase(suite, valid);
    TCase *hostile = tcase_create("hostile");
    tcase_set_timeout(hostile, 60);
    tcase_add_loop_test(hostile, refuses_wrong_headers, 0, sizeof refused / sizeof refused[0]);
    tcase_add_test(hostile, refuses_zero_bytes_in_the_header);
    tcase_add_test(hostile, refuses_wrong_lengths);
    tcase_add_test(hostile, refuses_deep_json);
    tcase_add_test(hostile, messages_reach_the_fault_whatever_the_name);
    tcase_add_test(hostile, refuses_every_truncation);
    tcase_add_test(hostile, survives_every_mutation);
    suite_add_tcase(suite, hostile);
    return run_suite(suite);
}
