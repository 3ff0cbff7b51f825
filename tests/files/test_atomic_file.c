/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/atomic_file.h"
#include "suite.h"

/*
 * The system calls of the module, in place of the C library's. One kind can be made to fail with an error a number of
 * times, after a number of calls that pass; and write can be made to take few bytes at once.
 */
static struct {
    const char *call;
    int error;
    int passes;
    int failures;
    size_t most_bytes;
} fault;

static bool must_fail(const char *call) {
    if (fault.call == NULL || strcmp(call, fault.call) != 0) return false;
    if (fault.passes-- > 0 || fault.failures-- <= 0) return false;
    errno = fault.error;
    return true;
}

ssize_t write(int descriptor, const void *bytes, size_t size) {
    if (must_fail("write")) return -1;
    if (fault.most_bytes > 0 && size > fault.most_bytes) size = fault.most_bytes;
    return syscall(SYS_write, descriptor, bytes, size);
}

int fsync(int descriptor) {
    return must_fail("fsync") ? -1 : (int)syscall(SYS_fsync, descriptor);
}

int close(int descriptor) {
    const int result = (int)syscall(SYS_close, descriptor);
    return must_fail("close") ? -1 : result;
}

int fchmod(int descriptor, mode_t mode) {
    return must_fail("fchmod") ? -1 : (int)syscall(SYS_fchmod, descriptor, mode);
}

int renameat(int old_folder, const char *old_name, int new_folder, const char *new_name) {
    return must_fail("renameat") ? -1 : (int)syscall(SYS_renameat2, old_folder, old_name, new_folder, new_name, 0);
}

static char folder[32];
static char target[64];

static void make_folder(void) {
    memset(&fault, 0, sizeof fault);
    strcpy(folder, "/tmp/sape-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(target, sizeof target, "%s/file", folder);
}

static const char *in_folder(char *path, const char *name) {
    snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

/* Removes what is in the folder, and the folder; returns how much was in it. */
static size_t empty_folder(void) {
    size_t count = 0;
    char path[PATH_MAX];
    DIR *items = opendir(folder);
    for (const struct dirent *item; (item = readdir(items)) != NULL;) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
        ck_assert_msg(strncmp(item->d_name, ".sape-", 6) != 0, "%s was left behind", item->d_name);
        ck_assert_int_eq(remove(in_folder(path, item->d_name)), 0);
        count++;
    }
    closedir(items);
    return count;
}

static void remove_folder(void) {
    memset(&fault, 0, sizeof fault);
    empty_folder();
    ck_assert_int_eq(rmdir(folder), 0);
}

static sape_status save_bytes(const char *path, const void *bytes, size_t size) {
    struct sape_atomic_file file;
    sape_status status = sape_atomic_file_begin(path, &file);
    if (status == SAPE_OK) status = sape_atomic_file_write(&file, bytes, size);
    if (status == SAPE_OK) status = sape_atomic_file_commit(&file);
    sape_atomic_file_end(&file);
    return status;
}

static sape_status save(const char *path, const char *text) {
    return save_bytes(path, text, strlen(text));
}

static void expect_saved(const char *path, const char *text) {
    ck_assert_msg(save(path, text) == SAPE_OK, "%s", sape_last_error());
}

static void expect_text(const char *path, const char *text) {
    char contents[64] = "";
    FILE *stream = fopen(path, "rb");
    ck_assert_ptr_nonnull(stream);
    const size_t size = fread(contents, 1, sizeof contents - 1, stream);
    fclose(stream);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq(contents, text);
}

static void expect_refused(const char *path, const char *words) {
    ck_assert_int_eq(save(path, "new"), SAPE_ERROR_FILE);
    ck_assert_msg(strncmp(sape_last_error(), "libsape: ", 9) == 0 && strstr(sape_last_error(), words) != NULL,
                  "\"%s\" does not say \"%s\"", sape_last_error(), words);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), path));
}

static mode_t mode_of(const char *path) {
    struct stat status;
    ck_assert_int_eq(stat(path, &status), 0);
    return status.st_mode & 07777;
}

START_TEST(makes_and_replaces_files) {
    expect_saved(target, "first");
    expect_text(target, "first");
    expect_saved(target, "second");
    expect_text(target, "second");
    ck_assert_int_eq(chdir(folder), 0);
    expect_saved("file", "third");
    expect_text(target, "third");
    expect_saved("other", "");
    ck_assert_int_eq(chdir("/"), 0);
    ck_assert_uint_eq(empty_folder(), 2);
}
END_TEST

START_TEST(nothing_changes_before_the_commit) {
    expect_saved(target, "old");
    struct sape_atomic_file file;
    ck_assert_int_eq(sape_atomic_file_begin(target, &file), SAPE_OK);
    ck_assert_int_eq(sape_atomic_file_write(&file, "new", 3), SAPE_OK);
    expect_text(target, "old");
    sape_atomic_file_end(&file);
    expect_text(target, "old");
    ck_assert_uint_eq(empty_folder(), 1);
}
END_TEST

START_TEST(keeps_permissions_and_heeds_umask) {
    const mode_t mask = umask(027);
    expect_saved(target, "x");
    ck_assert_uint_eq(mode_of(target), 0640);
    ck_assert_int_eq(chmod(target, 0606), 0);
    expect_saved(target, "y");
    ck_assert_uint_eq(mode_of(target), 0606);
    ck_assert_int_eq(chmod(target, 0400), 0);
    expect_saved(target, "z");
    ck_assert_uint_eq(mode_of(target), 0400);
    umask(mask);
}
END_TEST

/* The new file is one that the process has made: its own, of which other names of the old one know nothing. */
START_TEST(is_a_new_file) {
    char other[PATH_MAX];
    expect_saved(target, "old");
    ck_assert_int_eq(link(target, in_folder(other, "other")), 0);
    if (geteuid() == 0) ck_assert_int_eq(chown(target, 1234, 1234), 0);
    ck_assert_int_eq(chmod(target, 06755), 0);
    expect_saved(target, "new");
    expect_text(target, "new");
    expect_text(other, "old");
    struct stat status;
    ck_assert_int_eq(stat(target, &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0755);
    ck_assert_uint_eq(status.st_uid, geteuid());
    ck_assert_uint_eq(status.st_gid, getegid());
    ck_assert_uint_eq(status.st_nlink, 1);
}
END_TEST

START_TEST(follows_links) {
    char link[PATH_MAX], chain[PATH_MAX];
    ck_assert_int_eq(symlink("file", in_folder(link, "link")), 0);
    ck_assert_int_eq(symlink(link, in_folder(chain, "chain")), 0);
    expect_refused(chain, "a link to nothing");
    expect_saved(target, "old");
    expect_saved(chain, "new");
    expect_text(target, "new");
    struct stat status;
    ck_assert_int_eq(lstat(chain, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    ck_assert_int_eq(lstat(link, &status), 0);
    ck_assert(S_ISLNK(status.st_mode));
    ck_assert_int_eq(unlink(target), 0);
    ck_assert_int_eq(symlink("link", target), 0);
    expect_refused(chain, strerror(ELOOP));
}
END_TEST

START_TEST(refuses_what_is_no_file) {
    char path[PATH_MAX];
    expect_refused(folder, "not a regular file");
    expect_refused("/", "cannot");
    expect_refused("", "cannot");
    expect_refused("/dev/null", "not a regular file");
    expect_refused(in_folder(path, "none/file"), strerror(ENOENT));
    expect_refused(in_folder(path, "none/"), strerror(ENOENT));
    ck_assert_int_eq(mkfifo(in_folder(path, "pipe"), 0600), 0);
    expect_refused(path, "not a regular file");
    expect_saved(target, "old");
    expect_refused(in_folder(path, "file/x"), strerror(ENOTDIR));
    ck_assert_uint_eq(empty_folder(), 2);
}
END_TEST

START_TEST(takes_the_longest_name_and_no_longer) {
    char name[NAME_MAX + 2], path[PATH_MAX];
    memset(name, 'n', sizeof name);
    name[NAME_MAX] = 0;
    expect_saved(in_folder(path, name), "x");
    name[NAME_MAX] = 'n';
    name[NAME_MAX + 1] = 0;
    in_folder(path, name);
    ck_assert_int_eq(save(path, "x"), SAPE_ERROR_FILE);
    char *endless = malloc(2 * PATH_MAX);
    memset(endless, '/', 2 * PATH_MAX - 1);
    endless[2 * PATH_MAX - 1] = 0;
    endless[2 * PATH_MAX - 2] = 'x';
    ck_assert_int_eq(save(endless, "x"), SAPE_ERROR_FILE);
    free(endless);
}
END_TEST

static const struct {
    const char *call;
    int error;
    const char *words;
} failures[] = {{"write", ENOSPC, "cannot write"},          {"write", EIO, "cannot write"},
                {"fsync", EIO, "cannot write to the"},      {"close", EDQUOT, "cannot close"},
                {"renameat", EACCES, "cannot be replaced"}, {"fchmod", EPERM, "cannot keep its permissions"}};

START_TEST(old_file_survives_every_failure) {
    expect_saved(target, "old");
    fault.call = failures[_i].call;
    fault.error = failures[_i].error;
    fault.failures = 1;
    expect_refused(target, failures[_i].words);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), strerror(failures[_i].error)));
    expect_text(target, "old");
    ck_assert_uint_eq(empty_folder(), 1);
}
END_TEST

START_TEST(says_when_the_folder_is_not_on_the_disk) {
    expect_saved(target, "old");
    fault.call = "fsync";
    fault.error = EIO;
    fault.passes = 1;
    fault.failures = 1;
    expect_refused(target, "replaced, but");
    expect_text(target, "new");
    fault.error = EINVAL;
    fault.passes = 1;
    fault.failures = 1;
    expect_saved(target, "newer");
    ck_assert_int_eq(fault.failures, 0);
    ck_assert_uint_eq(empty_folder(), 1);
}
END_TEST

START_TEST(goes_on_after_short_writes_and_interrupts) {
    static const char *const interrupted[] = {"write", "fsync", "close"};
    fault.most_bytes = 1;
    expect_saved(target, "short writes");
    expect_text(target, "short writes");
    for (size_t i = 0; i < sizeof interrupted / sizeof interrupted[0]; i++) {
        fault.call = interrupted[i];
        fault.error = EINTR;
        fault.failures = i == 2 ? 1 : 5;
        expect_saved(target, interrupted[i]);
        ck_assert_int_lt(fault.failures, 1);
        fault.call = NULL;
        expect_text(target, interrupted[i]);
    }
}
END_TEST

START_TEST(survives_a_size_limit) {
    expect_saved(target, "old");
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const struct rlimit small = {100, limit.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    static const char zeros[1000];
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    const sape_status status = save_bytes(target, zeros, sizeof zeros);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, handler);
    ck_assert_int_eq(status, SAPE_ERROR_FILE);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), strerror(EFBIG)));
    expect_text(target, "old");
    ck_assert_uint_eq(empty_folder(), 1);
}
END_TEST

START_TEST(survives_a_full_disk) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=64k") != 0) {
        fprintf(stderr, "skipped: no full disk without the right to mount\n");
        return;
    }
    expect_saved(target, "old");
    static const char zeros[100000];
    ck_assert_int_eq(save_bytes(target, zeros, sizeof zeros), SAPE_ERROR_FILE);
    ck_assert_ptr_nonnull(strstr(sape_last_error(), strerror(ENOSPC)));
    expect_text(target, "old");
    ck_assert_uint_eq(empty_folder(), 1);
    ck_assert_int_eq(umount(folder), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("atomic_file");
    TCase *tests = tcase_create("atomic_file");
    tcase_add_checked_fixture(tests, make_folder, remove_folder);
    tcase_add_test(tests, makes_and_replaces_files);
    tcase_add_test(tests, nothing_changes_before_the_commit);
    tcase_add_test(tests, keeps_permissions_and_heeds_umask);
    tcase_add_test(tests, is_a_new_file);
    tcase_add_test(tests, follows_links);
    tcase_add_test(tests, refuses_what_is_no_file);
    tcase_add_test(tests, takes_the_longest_name_and_no_longer);
    tcase_add_loop_test(tests, old_file_survives_every_failure, 0, sizeof failures / sizeof failures[0]);
    tcase_add_test(tests, says_when_the_folder_is_not_on_the_disk);
    tcase_add_test(tests, goes_on_after_short_writes_and_interrupts);
    tcase_add_test(tests, survives_a_size_limit);
    tcase_add_test(tests, survives_a_full_disk);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
