/* SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "files/number_text.h"
#include "suite.h"

static const struct {
    double value;
    const char *text;
} reals[] = {{0.0, "0x0.0p+0"},
             {-0.0, "-0x0.0p+0"},
             {1.0, "0x1.0000000000000p+0"},
             {-3.0, "-0x1.8000000000000p+1"},
             {0.1, "0x1.999999999999ap-4"},
             {DBL_MAX, "0x1.fffffffffffffp+1023"},
             {DBL_MIN, "0x1.0000000000000p-1022"},
             {DBL_TRUE_MIN, "0x0.0000000000001p-1022"},
             {INFINITY, "inf"},
             {-INFINITY, "-inf"}};

START_TEST(reals_survive) {
    char text[SAPE_NUMBER_TEXT];
    double value = 7.0;
    sape_real_to_text(reals[_i].value, text);
    ck_assert_str_eq(text, reals[_i].text);
    ck_assert(sape_real_from_text(text, &value));
    ck_assert_mem_eq(&value, &reals[_i].value, sizeof value);
}
END_TEST

START_TEST(any_bits_survive) {
    uint64_t bits = 1;
    for (int i = 0; i < 100000; i++) {
        char text[SAPE_NUMBER_TEXT];
        double value, again;
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        memcpy(&value, &bits, sizeof value);
        sape_real_to_text(value, text);
        if (isnan(value)) continue;
        ck_assert(sape_real_from_text(text, &again));
        ck_assert_mem_eq(&again, &value, sizeof value);
    }
}
END_TEST

START_TEST(decimals_are_short_and_exact) {
    static const struct {
        double value;
        const char *text;
    } decimals[] = {{0.0, "0"},
                    {20.0, "20"},
                    {0.001, "0.001"},
                    {0.1 + 0.2, "0.30000000000000004"},
                    {-1e300, "-1e+300"},
                    {INFINITY, "inf"},
                    {(double)0.1f, "0.10000000149011612"}};
    for (size_t i = 0; i < sizeof decimals / sizeof *decimals; i++) {
        char text[SAPE_NUMBER_TEXT];
        sape_real_to_decimal(decimals[i].value, text);
        ck_assert_str_eq(text, decimals[i].text);
    }
}
END_TEST

static const char *const wrong_reals[] = {"",
                                          "-",
                                          "nan",
                                          "1",
                                          "0.5",
                                          "+inf",
                                          "INF",
                                          "0x1p+0",
                                          "0x1,0000000000000p+0",
                                          "0x2.0000000000000p+0",
                                          "0x1.0000000000000p+1024",
                                          "0x1.0000000000000p-1023",
                                          "0x1.0000000000000p+99999",
                                          "0x1.0000000000000p+99999999999999999999",
                                          "0x1.0000000000000p0",
                                          "0x1.000000000000p+0",
                                          "0x1.00000000000000p+0",
                                          "0x1.000000000000Ap+0",
                                          " 0x1.0000000000000p+0",
                                          "0x1.0000000000000p+0 ",
                                          "--0x1.0000000000000p+0"};

START_TEST(wrong_reals_are_refused) {
    double value = 7.0;
    ck_assert_msg(!sape_real_from_text(wrong_reals[_i], &value), "\"%s\"", wrong_reals[_i]);
    ck_assert_double_eq(value, 7.0);
}
END_TEST

START_TEST(integers_survive) {
    static const char *const right[] = {"0", "1", "9007199254740993", "18446744073709551615"};
    static const char *const wrong[] = {"", "-1", "+1", "01", " 1", "1 ", "1.0", "1e3", "18446744073709551616", "0x1"};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        char text[SAPE_NUMBER_TEXT];
        uint64_t value;
        ck_assert(sape_integer_from_text(right[i], &value));
        sape_integer_to_text(value, text);
        ck_assert_str_eq(text, right[i]);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint64_t value = 7;
        ck_assert_msg(!sape_integer_from_text(wrong[i], &value), "\"%s\"", wrong[i]);
        ck_assert_uint_eq(value, 7);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("number_text");
    TCase *tests = tcase_create("number_text");
    tcase_add_loop_test(tests, reals_survive, 0, sizeof reals / sizeof *reals);
    tcase_add_test(tests, any_bits_survive);
    tcase_add_test(tests, decimals_are_short_and_exact);
    tcase_add_loop_test(tests, wrong_reals_are_refused, 0, sizeof wrong_reals / sizeof *wrong_reals);
    tcase_add_test(tests, integers_survive);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
