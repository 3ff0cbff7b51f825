/* SPDX-License-Identifier: MIT */
#include <sape/safetensors.h>
#include <string.h>

#include "base/error.h"
#include "files/byte_sink.h"
#include "files/safetensors_writer.h"
#include "suite.h"

static sape_safetensors_writer *new_writer(void) {
    sape_safetensors_writer *writer;
    ck_assert_int_eq(sape_safetensors_writer_create(&writer), SAPE_OK);
    return writer;
}

static void add(sape_safetensors_writer *writer, const char *name, sape_dtype dtype, size_t count, const void *data) {
    ck_assert_int_eq(sape_safetensors_writer_add(writer, name, dtype, 1, &count, data), SAPE_OK);
}

static void add_metadata(sape_safetensors_writer *writer, const char *key, const char *value) {
    ck_assert_int_eq(sape_safetensors_writer_add_metadata(writer, key, value), SAPE_OK);
}

static struct sape_buffer write_to_memory(sape_safetensors_writer *writer) {
    struct sape_buffer buffer = {.bytes = NULL};
    ck_assert_int_eq(sape_safetensors_writer_write(writer, sape_buffer_append, &buffer), SAPE_OK);
    return buffer;
}

/* Frees the writer and the bytes. */
static sape_safetensors *read_back(sape_safetensors_writer *writer) {
    struct sape_buffer buffer = write_to_memory(writer);
    sape_safetensors_writer_free(writer);
    sape_safetensors *file;
    ck_assert_msg(sape_safetensors_parse(buffer.bytes, buffer.size, &file) == SAPE_OK, "%s", sape_last_error());
    sape_buffer_clear(&buffer);
    return file;
}

static void expect_bytes(sape_safetensors_writer *writer, const char *bytes, size_t size) {
    struct sape_buffer buffer = write_to_memory(writer);
    ck_assert_uint_eq(buffer.size, size);
    ck_assert_mem_eq(buffer.bytes, bytes, size);
    sape_buffer_clear(&buffer);
    sape_safetensors_writer_free(writer);
}

static const float singles[] = {1, -2};
static const unsigned char octets[] = {1, 2, 3};
static const double doubles[] = {0.1};
static const int64_t longs[] = {-1};

START_TEST(writes_exactly_these_bytes) {
    static const char expected[] = "\x38\x01\0\0\0\0\0\0"
                                   "{\"__metadata__\":{\"k\":\"v\",\"z\":\"\"},"
                                   "\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                                   "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[8,16]},"
                                   "\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[16,20]},"
                                   "\"f\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[20,28]},"
                                   "\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[28,31]}}       "
                                   "\xff\xff\xff\xff\xff\xff\xff\xff\x9a\x99\x99\x99\x99\x99\xb9\x3f\0\0\x80\x3f\0\0"
                                   "\x80\x3f\0\0\0\xc0\x01\x02\x03";
    sape_safetensors_writer *writer = new_writer();
    add_metadata(writer, "z", "");
    add(writer, "b", SAPE_DTYPE_U8, 3, octets);
    static const size_t shape[] = {2, 1};
    ck_assert_int_eq(sape_safetensors_writer_add(writer, "f", SAPE_DTYPE_F32, 2, shape, singles), SAPE_OK);
    ck_assert_int_eq(sape_safetensors_writer_add(writer, "a", SAPE_DTYPE_F32, 0, NULL, singles), SAPE_OK);
    add(writer, "d", SAPE_DTYPE_F64, 1, doubles);
    add_metadata(writer, "k", "v");
    add(writer, "l", SAPE_DTYPE_I64, 1, longs);
    expect_bytes(writer, expected, sizeof expected - 1);
}
END_TEST

START_TEST(writes_nothing_as_an_empty_file) {
    expect_bytes(new_writer(), "\x08\0\0\0\0\0\0\0{}      ", 16);
}
END_TEST

START_TEST(does_not_depend_on_the_order) {
    sape_safetensors_writer *one = new_writer(), *other = new_writer();
    add(one, "x", SAPE_DTYPE_F32, 2, singles);
    add(one, "y", SAPE_DTYPE_F32, 2, singles);
    add(one, "b", SAPE_DTYPE_U8, 3, octets);
    add_metadata(one, "k", "1");
    add_metadata(one, "l", "2");
    add(other, "b", SAPE_DTYPE_U8, 3, octets);
    add_metadata(other, "l", "2");
    add(other, "y", SAPE_DTYPE_F32, 2, singles);
    add_metadata(other, "k", "1");
    add(other, "x", SAPE_DTYPE_F32, 2, singles);
    struct sape_buffer bytes = write_to_memory(one), again = write_to_memory(one);
    ck_assert_uint_eq(bytes.size, again.size);
    ck_assert_mem_eq(bytes.bytes, again.bytes, bytes.size);
    expect_bytes(other, (const char *)bytes.bytes, bytes.size);
    sape_buffer_clear(&bytes);
    sape_buffer_clear(&again);
    sape_safetensors_writer_free(one);
}
END_TEST

START_TEST(reader_gives_back_what_was_written) {
    enum { COUNT = 20000 };
    static float floats[COUNT], float_values[COUNT];
    static double numbers[COUNT], number_values[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        floats[i] = 1 / (float)(i + 3);
        numbers[i] = -1 / (double)(i + 7);
    }
    sape_safetensors_writer *writer = new_writer();
    add(writer, "floats", SAPE_DTYPE_F32, COUNT, floats);
    add(writer, "numbers", SAPE_DTYPE_F64, COUNT, numbers);
    add(writer, "none", SAPE_DTYPE_F32, 0, floats);
    add(writer, "octets", SAPE_DTYPE_U8, 3, octets);
    sape_safetensors *file = read_back(writer);
    ck_assert_uint_eq(sape_safetensors_count(file), 4);
    ck_assert_int_eq(sape_safetensors_read(file, "floats", float_values, COUNT), SAPE_OK);
    ck_assert_mem_eq(float_values, floats, sizeof floats);
    ck_assert_int_eq(sape_safetensors_read_double(file, "numbers", number_values, COUNT), SAPE_OK);
    ck_assert_mem_eq(number_values, numbers, sizeof numbers);
    ck_assert_int_eq(sape_safetensors_read(file, "octets", float_values, 3), SAPE_OK);
    ck_assert_float_eq(float_values[2], 3);
    sape_tensor_info info = {.struct_size = sizeof info};
    ck_assert_int_eq(sape_safetensors_find(file, "none", &info), SAPE_OK);
    ck_assert_uint_eq(info.count, 0);
    sape_safetensors_free(file);
}
END_TEST

START_TEST(any_text_survives) {
    static const char *const texts[] = {"\"quoted\"",           "back\\slash",    "line\nand\ttab\x01\x1f\x7f",
                                        "\xc3\xa9\xe2\x82\xac", "{\"json\":[1]}", ""};
    sape_safetensors_writer *writer = new_writer();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        add(writer, texts[i], SAPE_DTYPE_U8, 3, octets);
        add_metadata(writer, texts[i], texts[i]);
    }
    sape_safetensors *file = read_back(writer);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sape_tensor_info info = {.struct_size = sizeof info};
        ck_assert_int_eq(sape_safetensors_find(file, texts[i], &info), SAPE_OK);
        ck_assert_str_eq(sape_safetensors_metadata(file, texts[i]), texts[i]);
    }
    sape_safetensors_free(file);
}
END_TEST

static sape_status refuse_later(void *user, const void *bytes, size_t size) {
    (void)bytes;
    (void)size;
    size_t *calls_left = user;
    if (*calls_left == 0) return sape_fail(SAPE_ERROR_CALLBACK, "enough");
    (*calls_left)--;
    return SAPE_OK;
}

START_TEST(hands_on_what_the_sink_says) {
    sape_safetensors_writer *writer = new_writer();
    add(writer, "x", SAPE_DTYPE_F32, 2, singles);
    add(writer, "y", SAPE_DTYPE_F32, 2, singles);
    for (size_t calls = 0; calls < 3; calls++) {
        size_t calls_left = calls;
        ck_assert_int_eq(sape_safetensors_writer_write(writer, refuse_later, &calls_left), SAPE_ERROR_CALLBACK);
        ck_assert_uint_eq(calls_left, 0);
        ck_assert_str_eq(sape_last_error(), "libsape: enough");
    }
    size_t calls_left = 3;
    ck_assert_int_eq(sape_safetensors_writer_write(writer, refuse_later, &calls_left), SAPE_OK);
    sape_safetensors_writer_free(writer);
    sape_safetensors_writer_free(NULL);
}
END_TEST

START_TEST(buffer_refuses_what_memory_cannot_hold) {
    struct sape_buffer buffer = {.bytes = NULL};
    ck_assert_int_eq(sape_buffer_append(&buffer, "abc", 3), SAPE_OK);
    ck_assert_int_eq(sape_buffer_append(&buffer, "", SIZE_MAX), SAPE_ERROR_MEMORY);
    ck_assert_int_eq(sape_buffer_append(&buffer, "", SIZE_MAX - 3), SAPE_ERROR_MEMORY);
    ck_assert_uint_eq(buffer.size, 3);
    ck_assert_mem_eq(buffer.bytes, "abc", 3);
    sape_buffer_clear(&buffer);
    ck_assert_ptr_null(buffer.bytes);
    ck_assert_uint_eq(buffer.size, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("safetensors_writer");
    TCase *tests = tcase_create("writer");
    tcase_add_test(tests, writes_exactly_these_bytes);
    tcase_add_test(tests, writes_nothing_as_an_empty_file);
    tcase_add_test(tests, does_not_depend_on_the_order);
    tcase_add_test(tests, reader_gives_back_what_was_written);
    tcase_add_test(tests, any_text_survives);
    tcase_add_test(tests, hands_on_what_the_sink_says);
    tcase_add_test(tests, buffer_refuses_what_memory_cannot_hold);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
