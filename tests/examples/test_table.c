/* SPDX-License-Identifier: MIT */
/* Tables as other programs write them: read right, or refused with the reason. */
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "mesh_files.h"
#include "suite.h"

static void expect_rows(const char *text, size_t num_rows) {
    char path[MESH_FILES_PATH];
    struct table table;
    mesh_files_write("a.csv", text, strlen(text));
    mesh_files_path(path, "a.csv");
    ck_assert_msg(table_read(path, 2, &table), "%s", text);
    ck_assert_msg(table.num_rows == num_rows, "%zu rows of %s", table.num_rows, text);
    for (size_t i = 0; i < 2 * num_rows; i++) ck_assert_double_eq(table.values[i], (double)(i + 1) / 2);
    table_free(&table);
}

START_TEST(tables_are_read) {
    static const char *const texts[] = {
        "0.5,1\n1.5,2\n",
        "\357\273\2770.5,1\n1.5,2\n",
        "0.5,1\r\n1.5,2\r\n",
        "0.5,1\r1.5,2",
        "\n# c\n\n0.5 , 1\n#\n 1.5,\t2\n\n",
        "0.5;1\n1.5 ; 2\n",
        "0.5\t1\n1.5\t\t2\t\n",
        "0.5 1\n  1.5   2  \n",
        "Temperature at 20 C\tvalue 3\n0.5 \t1\n1.5 2\t\n",
        "\"0.5\",\"1\"\n\"1.5\",\"2\"\n",
        ".5,1.\n+1.5e0,0.2E+1\n",
    };
    static const char *const headings[] = {"x,y\n",           "nanometers,absorbance\n",
                                           "infra,red\n",     "\"x, m\",\"y\"\n",
                                           "2theta,counts\n", "# c\nTemperature at 20 C,value 3\n",
                                           "sep=;\n",         "\xef\xbb\xbfx;y\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) expect_rows(texts[i], 2);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        char text[128];
        snprintf(text, sizeof text, "%s%s", headings[i], texts[0]);
        expect_rows(text, 2);
    }
    expect_rows("", 0);
}
END_TEST

static void expect_reason(const char *path, size_t num_columns, const char *reason) {
    struct table table;
    char message[MESH_FILES_PATH];
    const struct quiet quiet = quiet_begin();
    const bool done = table_read(path, num_columns, &table);
    quiet_end(quiet, message);
    ck_assert_msg(!done && strstr(message, reason) != NULL, "%s: '%s' does not say '%s'", path, message, reason);
}

START_TEST(other_tables_are_refused) {
    static const struct {
        const char *text;
        size_t num_columns;
        const char *reason;
    } tables[] = {{"0,5;1,25\n", 2, ":1: expected 2 finite numbers, not '0,5;1,25'; use decimal points"},
                  {"0,5;1,2;3,4\n", 6, "decimal points"},
                  {"0,5 1,2 3,4\n", 6, "decimal points"},
                  {"0,5\t1,25\n", 2, "decimal points"},
                  {"\"0,5\",\"1,2\"\n", 2, "decimal points"},
                  {"nan,nan\n1,2\n", 2, ":1:"},
                  {"inf,-inf\n1,2\n", 2, ":1:"},
                  {"x,1\n1,2\n", 2, ":1:"},
                  {"1,2\nx,y\n", 2, ":2:"},
                  {"1,2\r3,4,5\r", 2, ":2:"},
                  {"1,,2\n", 2, ":1:"},
                  {"1,2,\n", 2, ":1:"},
                  {"2020-01-01,2\n", 2, ":1:"},
                  {"\342\210\2221,2\n", 2, ":1:"},
                  {"\377\3761,2", 2, "UTF-16"}};
    char path[MESH_FILES_PATH];
    mesh_files_path(path, "a.csv");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        mesh_files_write("a.csv", tables[i].text, strlen(tables[i].text));
        expect_reason(path, tables[i].num_columns, tables[i].reason);
    }
    char *line = malloc(70000);
    memset(line, '1', 70000);
    mesh_files_write("a.csv", line, 70000);
    expect_reason(path, 2, "longer than");
    free(line);
    mesh_files_write("a.csv", "1,2\0\n", 5);
    expect_reason(path, 2, "zero byte");
    expect_reason("/dev/zero", 2, "zero byte");
    expect_reason("/dev/urandom", 2, "is not text");
}
END_TEST

int main(void) {
    TCase *tables = tcase_create("tables");
    tcase_add_checked_fixture(tables, mesh_files_begin, mesh_files_end);
    tcase_add_test(tables, tables_are_read);
    tcase_add_test(tables, other_tables_are_refused);
    Suite *suite = suite_create("table");
    suite_add_tcase(suite, tables);
    return run_suite(suite);
}
