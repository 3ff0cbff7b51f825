/* SPDX-License-Identifier: MIT */
/* Statuses, messages and the version. */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

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
    tcase_add_test(tcase, test_version);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
