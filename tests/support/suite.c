/* SPDX-License-Identifier: MIT */
#include "suite.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int remove_entry(const char *path, const struct stat *entry, int kind, struct FTW *place) {
    (void)entry;
    (void)kind;
    (void)place;
    return remove(path);
}

int run_suite(Suite *suite) {
    char folder[] = "/tmp/sape-test-XXXXXX";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return failed == 0 ? 0 : 1;
}
