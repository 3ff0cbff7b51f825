/* SPDX-License-Identifier: MIT */
/* How many processors count: the affinity mask of a machine of any size, and quotas of control groups. */
#include "base/processors.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "support.h"

/* The processors of a machine that is put in the real one's place, all of which the process may use; 0 for none. */
static size_t machine;

int __real_sched_getaffinity(pid_t process, size_t size, cpu_set_t *set);
int __wrap_sched_getaffinity(pid_t process, size_t size, cpu_set_t *set);

int __wrap_sched_getaffinity(pid_t process, size_t size, cpu_set_t *set) {
    if (machine == 0) return __real_sched_getaffinity(process, size, set);
    if (size * 8 < machine) {
        errno = EINVAL;
        return -1;
    }
    CPU_ZERO_S(size, set);
    for (size_t i = 0; i < machine; i++) CPU_SET_S(i, size, set);
    return 0;
}

START_TEST(machines_of_many_processors) {
    const size_t machines[] = {1, 64, 1024, 1025, 4096, 8192};
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        machine = machines[i];
        const size_t quota = sape_processors_quota(""), count = sape_processors_count();
        ck_assert_uint_eq(count, quota == 0 || machine < quota ? machine : quota);
        sape_description description = {.struct_size = sizeof description};
        CHECK_OK(sape_describe(&description));
        ck_assert_uint_eq(description.num_threads, count < 256 ? count : 256);
    }
}
END_TEST

/* Writes a file below a root of its own, with the folders that lead there. */
static void put(const char *path, const char *text) {
    char whole[500] = "tree";
    strcat(whole, path);
    for (char *slash = strchr(whole, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(whole, 0755);
        *slash = '/';
    }
    FILE *file = fopen(whole, "w");
    ck_assert_msg(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, "%s", whole);
}

#define V2_MOUNT "35 24 0:29 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT "36 24 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define OTHERS                                                                                                         \
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"                                                          \
    "37 24 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"                                                \
    "38 24 0:32 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"

static void no_tree(void) {
    ck_assert_int_eq(system("rm -rf tree"), 0);
}

static void mounts(const char *lines) {
    put("/proc/self/mountinfo", lines);
}

static void group(const char *lines) {
    put("/proc/self/cgroup", lines);
}

static void expect(size_t quota) {
    ck_assert_uint_eq(sape_processors_quota("tree"), quota);
}

START_TEST(without_control_groups) {
    expect(0);
    mounts(OTHERS);
    expect(0);
    group("0::/\n");
    expect(0);
    mounts(OTHERS V2_MOUNT V1_MOUNT);
    expect(0);
}
END_TEST

/* A container sees its own group as the root. */
START_TEST(version_2_in_a_container) {
    mounts(OTHERS V2_MOUNT);
    group("0::/\n");
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    expect(0);
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    expect(2);
    put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
    expect(2);
    put("/sys/fs/cgroup/cpu.max", "1000 100000\n");
    expect(1);
    put("/sys/fs/cgroup/cpu.max", "9223372036854775807 1\n");
    expect((size_t)9223372036854775807);
}
END_TEST

START_TEST(the_smallest_of_all_above) {
    mounts(V2_MOUNT);
    group("0::/user.slice/job.scope/step\n");
    put("/sys/fs/cgroup/user.slice/cpu.max", "300000 100000\n");
    expect(3);
    put("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "800000 100000\n");
    put("/sys/fs/cgroup/user.slice/job.scope/step/cpu.max", "max 100000\n");
    put("/sys/fs/cgroup/user.slice/other/cpu.max", "100000 100000\n");
    expect(3);
    put("/sys/fs/cgroup/user.slice/job.scope/cpu.max", "100000 50000\n");
    expect(2);
    group("0::/no/longer/there (deleted)\n");
    expect(0);
}
END_TEST

START_TEST(version_1) {
    mounts(OTHERS V1_MOUNT);
    group("9:memory:/a\n5:cpuset:/\n4:cpu,cpuacct:/docker/a:b\n0::/elsewhere\n");
    put("/sys/fs/cgroup/cpu,cpuacct/docker/a:b/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/docker/a:b/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "100000\n");
    put("/sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\n");
    expect(0);
    put("/sys/fs/cgroup/cpu,cpuacct/docker/a:b/cpu.cfs_quota_us", "250000\n");
    expect(3);
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    expect(3);
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n");
    expect(1);
}
END_TEST

/* The mount shows a group as its root; paths are those of the host. */
START_TEST(a_group_that_is_mounted) {
    mounts("36 24 0:30 /docker/a /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpuacct,cpu\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "400000\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    put("/sys/fs/cgroup/cpu/in/cpu.cfs_quota_us", "200000\n");
    put("/sys/fs/cgroup/cpu/in/cpu.cfs_period_us", "100000\n");
    const char *const groups[] = {"4:cpu,cpuacct:/docker/a\n", "4:cpu,cpuacct:/docker/ab/in\n", "4:cpu:/../other/in\n",
                                  "4:cpu:/docker/a/in\n"};
    for (size_t i = 0; i < 4; i++) {
        group(groups[i]);
        expect(i == 3 ? 2 : 4);
    }
}
END_TEST

START_TEST(places_with_spaces) {
    mounts("35 24 0:29 / /control\\040groups rw - cgroup2 none rw\n");
    group("0::/a\\b c\n");
    put("/control groups/a\\b c/cpu.max", "700000 100000\n");
    expect(7);
}
END_TEST

/* Both versions at once: the smaller one of their quotas. */
START_TEST(both_versions) {
    mounts(V1_MOUNT V2_MOUNT);
    group("4:cpu,cpuacct:/\n0::/\n");
    put("/sys/fs/cgroup/cpu.max", "500000 100000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "600000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    expect(5);
}
END_TEST

START_TEST(garbage) {
    static const char *const quotas[] = {"",    "\n",     "maximum",  "100000",           "0 100000", "100000 0",
                                         "a b", "-5 100", "100 -100", "100000\n100000\n", "\xff\xfe"};
    static const char *const lists[] = {
        "", "\n\n", " - ", "a b c d e - cgroup2", "- - - - - - - -", "1 2 3 - cgroup2 c rw\n"};
    static const char *const groups[] = {"", "\n", ":", "0:", "::", "0::relative\n", "cpu", "0::"};
    mounts(OTHERS V2_MOUNT);
    group("0::/\n");
    for (size_t i = 0; i < sizeof quotas / sizeof *quotas; i++) {
        put("/sys/fs/cgroup/cpu.max", quotas[i]);
        expect(0);
    }
    put("/sys/fs/cgroup/cpu.max", "200000 100000");
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        group(groups[i]);
        ck_assert_uint_le(sape_processors_quota("tree"), 2);
    }
    group("0::/\n");
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        mounts(lists[i]);
        expect(0);
    }
}
END_TEST

/* A line longer than there is room for, before one that matters, and a path that is. */
START_TEST(long_lines) {
    static char lines[20000], path[3000];
    memset(lines, 'x', 10000);
    strcpy(lines + 10000, "\n" V2_MOUNT);
    mounts(lines);
    put("/sys/fs/cgroup/cpu.max", "200000 100000");
    group("0::/\n");
    expect(2);
    memset(path, 'y', sizeof path - 2);
    memcpy(path, "0::/", 4);
    path[sizeof path - 2] = '\n';
    group(path);
    expect(0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("processors");
    TCase *tests = tcase_create("processors");
    tcase_add_checked_fixture(tests, no_tree, NULL);
    tcase_add_test(tests, machines_of_many_processors);
    tcase_add_test(tests, without_control_groups);
    tcase_add_test(tests, version_2_in_a_container);
    tcase_add_test(tests, the_smallest_of_all_above);
    tcase_add_test(tests, version_1);
    tcase_add_test(tests, a_group_that_is_mounted);
    tcase_add_test(tests, places_with_spaces);
    tcase_add_test(tests, both_versions);
    tcase_add_test(tests, garbage);
    tcase_add_test(tests, long_lines);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
