/* SPDX-License-Identifier: MIT */
#include "../support/suite.h"

#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef _WIN32
#define make_folder(name) mkdir(name)
#else
#define make_folder(name) mkdir(name, 0777)
#endif

#define MAX_TESTS 200
#define MAX_CASES 8

struct entry {
    const char *name;
    TFun test;
    int first, end;
};

struct TCase {
    struct entry entries[MAX_TESTS];
    size_t count;
    void (*setup)(void), (*teardown)(void);
};

struct Suite {
    const char *name;
    TCase *cases[MAX_CASES];
    size_t count;
};

static const char *running = "";

void check_abort(const char *file, int line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: %s: ", file, line, running);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    exit(1);
}

static void *new_zeros(size_t size) {
    void *memory = calloc(1, size);
    if (memory == NULL) abort();
    return memory;
}

Suite *suite_create(const char *name) {
    Suite *suite = new_zeros(sizeof *suite);
    suite->name = name;
    return suite;
}

TCase *tcase_create(const char *name) {
    (void)name;
    return new_zeros(sizeof(TCase));
}

void suite_add_tcase(Suite *suite, TCase *tcase) {
    if (suite->count == MAX_CASES) abort();
    suite->cases[suite->count++] = tcase;
}

void check_add_test(TCase *tcase, const char *name, TFun test, int first, int end) {
    if (tcase->count == MAX_TESTS) abort();
    tcase->entries[tcase->count++] = (struct entry){name, test, first, end};
}

void tcase_add_checked_fixture(TCase *tcase, void (*setup)(void), void (*teardown)(void)) {
    tcase->setup = setup;
    tcase->teardown = teardown;
}

static int run_case(const TCase *tcase) {
    int count = 0;
    for (size_t i = 0; i < tcase->count; i++) {
        const struct entry *entry = &tcase->entries[i];
        running = entry->name;
        for (int round = entry->first; round < entry->end; round++, count++) {
            if (tcase->setup != NULL) tcase->setup();
            entry->test(round);
            if (tcase->teardown != NULL) tcase->teardown();
        }
    }
    return count;
}

static void remove_files(void) {
    DIR *folder = opendir(".");
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) remove(entry->d_name);
    if (folder != NULL) closedir(folder);
}

SRunner *srunner_create(Suite *suite) {
    return (SRunner *)suite;
}

void srunner_run_all(SRunner *runner, int mode) {
    const Suite *suite = (const Suite *)runner;
    int count = 0;
    (void)mode;
    for (size_t i = 0; i < suite->count; i++) count += run_case(suite->cases[i]);
    printf("%s: %d tests passed\n", suite->name, count);
}

void srunner_free(SRunner *runner) {
    Suite *suite = (Suite *)runner;
    for (size_t i = 0; i < suite->count; i++) free(suite->cases[i]);
    free(suite);
}

/* In a folder of its own below the working directory. */
int run_suite(Suite *suite) {
    char folder[64];
    snprintf(folder, sizeof folder, "sape-test-%s-%ld", suite->name, (long)getpid());
    if (make_folder(folder) != 0 || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    srunner_free(runner);
    remove_files();
    return chdir("..") == 0 && rmdir(folder) == 0 ? 0 : 1;
}

#ifdef _WIN32
void *memmem(const void *text, size_t length, const void *word, size_t size) {
    for (size_t i = 0; i + size <= length; i++)
        if (memcmp((const char *)text + i, word, size) == 0) return (char *)text + i;
    return NULL;
}
#endif
