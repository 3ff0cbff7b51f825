/* SPDX-License-Identifier: MIT */
/* As much of Check as the tests use, for systems that have no Check of their own. All tests of a program run in one
   process, and the first failure ends it. */
#ifndef SAPE_TESTS_PLATFORMS_CHECK_H
#define SAPE_TESTS_PLATFORMS_CHECK_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Suite Suite;
typedef struct TCase TCase;
typedef struct SRunner SRunner;
typedef void (*TFun)(int);

#define START_TEST(name) static void name(int _i __attribute__((unused)))
#define END_TEST

#ifdef __MINGW_PRINTF_FORMAT
#define CHECK_PRINTF __MINGW_PRINTF_FORMAT
#else
#define CHECK_PRINTF printf
#endif
void check_abort(const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(CHECK_PRINTF, 3, 4)));

#define ck_abort_msg(...) check_abort(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(condition, ...)                                                                                  \
    do {                                                                                                               \
        if (!(condition)) ck_abort_msg(__VA_ARGS__);                                                                   \
    } while (0)
#define ck_assert(condition) ck_assert_msg(condition, "%s", #condition)

#define CHECK_COMPARE(type, format, a, op, b)                                                                          \
    do {                                                                                                               \
        const type check_a = (type)(a), check_b = (type)(b);                                                           \
        ck_assert_msg(check_a op check_b, "%s " #op " %s fails: " format ", " format, #a, #b, check_a, check_b);       \
    } while (0)
#define ck_assert_int_eq(a, b) CHECK_COMPARE(intmax_t, "%jd", a, ==, b)
#define ck_assert_int_ne(a, b) CHECK_COMPARE(intmax_t, "%jd", a, !=, b)
#define ck_assert_int_ge(a, b) CHECK_COMPARE(intmax_t, "%jd", a, >=, b)
#define ck_assert_int_gt(a, b) CHECK_COMPARE(intmax_t, "%jd", a, >, b)
#define ck_assert_int_le(a, b) CHECK_COMPARE(intmax_t, "%jd", a, <=, b)
#define ck_assert_int_lt(a, b) CHECK_COMPARE(intmax_t, "%jd", a, <, b)
#define ck_assert_uint_eq(a, b) CHECK_COMPARE(uintmax_t, "%ju", a, ==, b)
#define ck_assert_uint_ne(a, b) CHECK_COMPARE(uintmax_t, "%ju", a, !=, b)
#define ck_assert_uint_ge(a, b) CHECK_COMPARE(uintmax_t, "%ju", a, >=, b)
#define ck_assert_uint_gt(a, b) CHECK_COMPARE(uintmax_t, "%ju", a, >, b)
#define ck_assert_uint_le(a, b) CHECK_COMPARE(uintmax_t, "%ju", a, <=, b)
#define ck_assert_uint_lt(a, b) CHECK_COMPARE(uintmax_t, "%ju", a, <, b)
#define ck_assert_double_eq(a, b) CHECK_COMPARE(double, "%.17g", a, ==, b)
#define ck_assert_double_ne(a, b) CHECK_COMPARE(double, "%.17g", a, !=, b)
#define ck_assert_double_ge(a, b) CHECK_COMPARE(double, "%.17g", a, >=, b)
#define ck_assert_double_gt(a, b) CHECK_COMPARE(double, "%.17g", a, >, b)
#define ck_assert_double_le(a, b) CHECK_COMPARE(double, "%.17g", a, <=, b)
#define ck_assert_double_lt(a, b) CHECK_COMPARE(double, "%.17g", a, <, b)
#define ck_assert_double_eq_tol(a, b, tolerance)                                                                       \
    ck_assert_msg(fabs((double)(a) - (double)(b)) < (double)(tolerance), "%s and %s differ: %.17g, %.17g", #a, #b,     \
                  (double)(a), (double)(b))
#define ck_assert_double_nan(a) ck_assert(isnan((double)(a)))
#define ck_assert_double_finite(a) ck_assert(isfinite((double)(a)))
#define ck_assert_float_eq ck_assert_double_eq
#define ck_assert_float_ne ck_assert_double_ne
#define ck_assert_float_ge ck_assert_double_ge
#define ck_assert_float_gt ck_assert_double_gt
#define ck_assert_float_le ck_assert_double_le
#define ck_assert_float_lt ck_assert_double_lt
#define ck_assert_float_eq_tol ck_assert_double_eq_tol
#define ck_assert_float_nan ck_assert_double_nan
#define ck_assert_float_finite ck_assert_double_finite
#define ck_assert_ptr_eq(a, b) ck_assert((const void *)(a) == (const void *)(b))
#define ck_assert_ptr_ne(a, b) ck_assert((const void *)(a) != (const void *)(b))
#define ck_assert_ptr_null(pointer) ck_assert((pointer) == NULL)
#define ck_assert_ptr_nonnull(pointer) ck_assert((pointer) != NULL)
#define ck_assert_mem_eq(a, b, size) ck_assert(memcmp(a, b, size) == 0)
#define ck_assert_mem_ne(a, b, size) ck_assert(memcmp(a, b, size) != 0)
#define ck_assert_str_eq(a, b)                                                                                         \
    do {                                                                                                               \
        const char *check_a = (a), *check_b = (b);                                                                     \
        ck_assert_msg(strcmp(check_a, check_b) == 0, "%s is \"%s\", not \"%s\"", #a, check_a, check_b);                \
    } while (0)
#define ck_assert_str_ne(a, b) ck_assert(strcmp(a, b) != 0)

#define CK_NORMAL 0

Suite *suite_create(const char *name);
TCase *tcase_create(const char *name);
void suite_add_tcase(Suite *suite, TCase *tcase);
void check_add_test(TCase *tcase, const char *name, TFun test, int first, int end);
void tcase_add_checked_fixture(TCase *tcase, void (*setup)(void), void (*teardown)(void));
#define tcase_add_test(tcase, test) check_add_test(tcase, #test, test, 0, 1)
#define tcase_add_loop_test(tcase, test, first, end) check_add_test(tcase, #test, test, first, end)
#define tcase_set_timeout(tcase, seconds) (void)(tcase)

/* A runner is its suite. Running says how many tests there were. */
SRunner *srunner_create(Suite *suite);
void srunner_run_all(SRunner *runner, int mode);
#define srunner_ntests_failed(runner) 0
void srunner_free(SRunner *runner);

#ifdef _WIN32
#define unsetenv(name) _putenv_s(name, "")
#define setenv(name, value, overwrite) _putenv_s(name, value)
#define sysconf(name) (1L << 30)
void *memmem(const void *text, size_t length, const void *word, size_t size);
#endif

#endif
