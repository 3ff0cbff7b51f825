/* SPDX-License-Identifier: MIT */
/* As much of Check as the kernels' tests use, for an emulated processor that has no Check of its own. */
#ifndef SAPE_TESTS_NEON_CHECK_H
#define SAPE_TESTS_NEON_CHECK_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Suite Suite;
typedef struct TCase TCase;
typedef struct SRunner SRunner;

#define START_TEST(name) static void name(int _i __attribute__((unused)))
#define END_TEST

#define ck_assert_msg(condition, ...)                                                                                  \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            printf(__VA_ARGS__);                                                                                       \
            printf(" (%s:%d)\n", __FILE__, __LINE__);                                                                  \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)
#define ck_assert(condition) ck_assert_msg(condition, "%s", #condition)
#define ck_assert_mem_eq(a, b, size) ck_assert(memcmp(a, b, size) == 0)
#define ck_assert_ptr_nonnull(pointer) ck_assert((pointer) != NULL)
#define ck_assert_double_le(a, b) ck_assert_msg((a) <= (b), "%s is %g, above %g", #a, (double)(a), (double)(b))

#define suite_create(name) NULL
#define tcase_create(name) NULL
#define tcase_set_timeout(tcase, seconds) (void)(tcase)
#define suite_add_tcase(suite, tcase) (void)(suite)
#define tcase_add_loop_test(tcase, test, first, end)                                                                   \
    for (int i = (first); i < (end); i++) test(i)
#define CK_NORMAL 0
#define srunner_create(suite) ((void)(suite), (SRunner *)NULL)
#define srunner_run_all(runner, mode) (void)(runner)
#define srunner_ntests_failed(runner) 0
#define srunner_free(runner) (void)(runner)

#endif
