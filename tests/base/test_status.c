/* SPDX-License-Identifier: MIT */
/* Statuses, messages and the version. */
#include <locale.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "support.h"

START_TEST(test_names) {
    static const char *const names[] = {"SAPE_OK",
                                        "SAPE_ERROR_ARGUMENT",
                                        "SAPE_ERROR_MEMORY",
                                        "SAPE_ERROR_SHAPE",
                                        "SAPE_ERROR_NOT_FINITE",
                                        "SAPE_ERROR_DIVERGED",
                                        "SAPE_ERROR_NOT_FOUND",
                                        "SAPE_ERROR_FILE",
                                        "SAPE_ERROR_FORMAT",
                                        "SAPE_ERROR_VERSION",
                                        "SAPE_ERROR_STATE",
                                        "SAPE_ERROR_UNSUPPORTED",
                                        "SAPE_ERROR_THREAD",
                                        "SAPE_ERROR_CALLBACK"};
    const int count = (int)(sizeof names / sizeof *names);
    for (int i = 0; i < count; i++) ck_assert_str_eq(sape_status_string((sape_status)i), names[i]);
    ck_assert_str_eq(sape_status_string((sape_status)count), "unknown sape_status");
    ck_assert_str_eq(sape_status_string((sape_status)-1), "unknown sape_status");
}
END_TEST

static void *look(void *seen) {
    sape_mask *mask;
    if (sape_last_error()[0] != '\0') return NULL;
    if (sape_mask_create(NULL, &mask) == SAPE_OK) return NULL;
    *(bool *)seen = strstr(sape_last_error(), "sape_mask_create") != NULL;
    return NULL;
}

/* Each thread has its own message; it is empty before the first failure and stays after a success. */
START_TEST(test_messages) {
    bool seen = false;
    pthread_t thread;
    sape_encoder *encoder;
    ck_assert_str_eq(sape_last_error(), "");
    ck_assert_int_eq(sape_encoder_create(NULL, NULL), SAPE_ERROR_ARGUMENT);
    ck_assert_int_eq(pthread_create(&thread, NULL, look, &seen), 0);
    pthread_join(thread, NULL);
    ck_assert(seen);
    CHECK_OK(sape_encoder_create(NULL, &encoder));
    ck_assert_ptr_nonnull(strstr(sape_last_error(), "sape_encoder_create"));
    sape_encoder_free(encoder);
}
END_TEST

/* A name of any length is safe in a message. */
START_TEST(test_long_message) {
    sape_network_params params;
    sape_network *network;
    char name[5000];
    float value;
    sape_network_params_init(&params, sizeof params);
    params.input_dim = 1;
    CHECK_OK(sape_network_create(&params, &network));
    memset(name, '%', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    EXPECT_ERROR(sape_network_get_tensor(network, name, &value, 1), SAPE_ERROR_NOT_FOUND, "sape_network_get_tensor",
                 "%%%%");
    ck_assert_uint_lt(strlen(sape_last_error()), 1000);
    sape_network_free(network);
}
END_TEST

/* A text of the character that is longer than any message, behind shift bytes; to be freed. */
static char *long_text(const char *begin, size_t shift, const char *character) {
    const size_t count = 1500, length = strlen(character), start = strlen(begin) + shift;
    char *text = calloc(start + count * length + 1, 1);
    strcpy(text, begin);
    memset(text + strlen(begin), 'x', shift);
    for (size_t i = 0; i < count; i++) memcpy(text + start + i * length, character, length);
    return text;
}

/* The message holds both ends of what is too long for it, the words, and whole characters only. */
static void expect_both_ends(const char *function, const char *words) {
    const char *message = sape_last_error();
    ck_assert_msg(strncmp(message, function, strlen(function)) == 0 && strstr(message, words) != NULL &&
                      strstr(message, "...") != NULL,
                  "\"%s\" does not say \"%s\"", message, words);
    ck_assert_uint_lt(strlen(message), 512);
    ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "C.UTF-8"));
    ck_assert_msg(mbstowcs(NULL, message, 0) != (size_t)-1, "\"%s\" is not UTF-8", message);
    setlocale(LC_CTYPE, "C");
}

static const char *const characters[] = {"a/", "\xc3\xa4/", "\xe2\x82\xac/", "\xf0\x9f\x98\x80/"};

/* The reason is in the message however long a path is, and wherever the message is cut. */
START_TEST(test_long_paths) {
    sape_field *field, *none;
    CHECK_OK(sape_field_create(NULL, NULL, NULL, &field));
    for (size_t shift = 0; shift < 5; shift++) {
        char *path = long_text("/tmp/sape-none/", shift, characters[_i]);
        path[600] = '\0';
        while ((path[strlen(path) - 1] & 0x80) != 0) path[strlen(path) - 1] = '\0';
        ck_assert_int_eq(sape_field_load(path, &none), SAPE_ERROR_FILE);
        expect_both_ends("sape_field_load: /tmp/sape-none/", ": No such file or directory");
        ck_assert_int_eq(sape_field_save(field, path), SAPE_ERROR_FILE);
        expect_both_ends("sape_field_save: /tmp/sape-none/", ": cannot open its folder: No such file or directory");
        free(path);
        path = long_text("/tmp/sape-none", shift, "/abcdef");
        ck_assert_int_eq(sape_field_load(path, &none), SAPE_ERROR_FILE);
        expect_both_ends("sape_field_load: /tmp/sape-none", ": File name too long");
        free(path);
    }
    sape_field_free(field);
}
END_TEST

/* So it is for what a file names: tensors, types, and keys of metadata. */
START_TEST(test_long_names) {
    static const struct {
        const char *before, *after, *words;
    } cases[] = {
        {"{\"", "\":1}", "\": must have dtype, shape and data_offsets"},
        {"{\"__metadata__\":{\"", "\":1}}", "\" is not a string"},
        {"{\"x\":{\"dtype\":\"", "\",\"shape\":[1],\"data_offsets\":[0,4]}}", "\" is unknown"},
    };
    const char *before = cases[_i].before, *after = cases[_i].after;
    for (size_t shift = 0; shift < 20; shift++) {
        char *text = long_text(before, shift % 5, characters[shift % 4]);
        const size_t length = strlen(text) + strlen(after);
        unsigned char *bytes = calloc(8 + length + 1, 1);
        bytes[0] = (unsigned char)length, bytes[1] = (unsigned char)(length >> 8);
        sprintf((char *)bytes + 8, "%s%s", text, after);
        sape_safetensors *none;
        ck_assert_int_eq(sape_safetensors_parse(bytes, 8 + length, &none), SAPE_ERROR_FORMAT);
        expect_both_ends("sape_safetensors_parse: bytes: ", cases[_i].words);
        free(text);
        free(bytes);
    }
}
END_TEST

START_TEST(test_version) {
    char text[64];
    ck_assert_uint_eq(sape_version(), SAPE_VERSION);
    snprintf(text, sizeof text, "%d.%d.%d", SAPE_VERSION_MAJOR, SAPE_VERSION_MINOR, SAPE_VERSION_PATCH);
    ck_assert_str_eq(sape_version_string(), text);
    ck_assert_str_eq(text, PROJECT_VERSION);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("status");
    TCase *tcase = tcase_create("status");
    tcase_add_test(tcase, test_names);
    tcase_add_test(tcase, test_messages);
    tcase_add_test(tcase, test_long_message);
    tcase_add_loop_test(tcase, test_long_paths, 0, 4);
    tcase_add_loop_test(tcase, test_long_names, 0, 3);
    tcase_add_test(tcase, test_version);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
