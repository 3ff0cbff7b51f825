/* SPDX-License-Identifier: MIT */
#include "base/processors.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Room for 65536 processors; a single cpu_set_t has 1024, and the kernel refuses one that is too small. */
#define NUM_SETS 64
/* Longer lines are passed over, and longer paths: there may be little stack. */
#define MAX_LINE 4096
#define MAX_PATH 1024

/* A text file, line by line and without an allocation. */
struct text {
    int file;
    size_t begin, end;
    char buffer[MAX_LINE + 1];
};

static bool text_open(struct text *text, const char *root, const char *path) {
    char whole[2 * MAX_PATH];
    if (snprintf(whole, sizeof whole, "%s%s", root, path) >= (int)sizeof whole) return false;
    text->file = open(whole, O_RDONLY | O_CLOEXEC);
    text->begin = text->end = 0;
    return text->file >= 0;
}

/* Reads on behind what is there; what does not fit is dropped. Whether there was more. */
static bool text_fill(struct text *text, bool *dropped) {
    if (text->begin == 0 && text->end == MAX_LINE) {
        text->end = 0;
        *dropped = true;
    }
    memmove(text->buffer, text->buffer + text->begin, text->end - text->begin);
    text->end -= text->begin;
    text->begin = 0;
    const ssize_t got = read(text->file, text->buffer + text->end, MAX_LINE - text->end);
    if (got > 0) text->end += (size_t)got;
    return got > 0;
}

/* The next line, which ends in a zero; NULL at the end. */
static char *text_line(struct text *text) {
    bool dropped = false, more = true;
    while (more || text->begin < text->end) {
        char *line = text->buffer + text->begin;
        char *end = memchr(line, '\n', text->end - text->begin);
        if (end == NULL && more) {
            more = text_fill(text, &dropped);
            continue;
        }
        if (end == NULL) end = text->buffer + text->end;
        *end = 0;
        text->begin = end < text->buffer + text->end ? (size_t)(end + 1 - text->buffer) : text->end;
        if (!dropped) return line;
        dropped = false;
    }
    return NULL;
}

/* A file's first numbers. */
static int read_numbers(const char *folder, const char *name, long long *first, long long *second) {
    struct text text;
    if (!text_open(&text, folder, name)) return 0;
    const char *line = text_line(&text);
    const int count = line == NULL ? 0 : sscanf(line, "%lld %lld", first, second);
    close(text.file);
    return count;
}

/* The processors that a group's own quota is worth; 0 for none. */
static size_t group_quota(const char *folder, bool unified) {
    long long quota = 0, period = 0, none;
    const bool read = unified ? read_numbers(folder, "/cpu.max", &quota, &period) == 2
                              : read_numbers(folder, "/cpu.cfs_quota_us", &quota, &none) >= 1 &&
                                    read_numbers(folder, "/cpu.cfs_period_us", &period, &none) >= 1;
    if (!read || quota <= 0 || period <= 0) return 0;
    return (size_t)(quota / period + (quota % period != 0));
}

static void take_smaller(size_t *least, size_t quota) {
    if (quota != 0 && (*least == 0 || quota < *least)) *least = quota;
}

/* A group and all above it, up to the folder's first `top` characters. */
static void walk_up(char *folder, size_t top, bool unified, size_t *least) {
    for (;;) {
        take_smaller(least, group_quota(folder, unified));
        char *slash = strrchr(folder, '/');
        if (slash == NULL || (size_t)(slash - folder) < top) return;
        *slash = 0;
    }
}

/* Whether a list between commas has the word. */
static bool has_word(const char *list, const char *word) {
    const size_t length = strlen(word);
    for (; *list != 0; list += strcspn(list, ","), list += *list == ',')
        if (strncmp(list, word, length) == 0 && (list[length] == ',' || list[length] == 0)) return true;
    return false;
}

/* The process's own group: lines are NUMBER:CONTROLLERS:PATH, without controllers in version 2. */
static bool find_group(const char *root, bool unified, char group[MAX_PATH]) {
    struct text text;
    bool found = false;
    if (!text_open(&text, root, "/proc/self/cgroup")) return false;
    for (char *line; !found && (line = text_line(&text)) != NULL;) {
        char *controllers = strchr(line, ':'), *path = controllers == NULL ? NULL : strchr(controllers + 1, ':');
        if (path == NULL || strlen(path + 1) >= MAX_PATH) continue;
        *path = 0;
        found = unified ? controllers[1] == 0 : has_word(controllers + 1, "cpu");
        if (found) strcpy(group, path + 1);
    }
    close(text.file);
    return found;
}

/* Characters such as spaces stand as \040 in the list of mounts. */
static void unescape(char *path) {
    char *to = path;
    for (const char *from = path; *from != 0; to++) {
        unsigned code;
        const bool escaped = *from == '\\' && sscanf(from + 1, "%3o", &code) == 1;
        *to = escaped ? (char)code : *from;
        from += escaped ? 4 : 1;
    }
    *to = 0;
}

/* The part of a group's path below the one that is mounted; "" for a group that is not in there. */
static const char *below(const char *group, const char *mounted) {
    const size_t length = strcmp(mounted, "/") == 0 ? 0 : strlen(mounted);
    if (strncmp(group, mounted, length) != 0 || group[length] != '/' || strstr(group, "/..") != NULL) return "";
    return group[length + 1] == 0 ? "" : group + length;
}

/* A line of the list of mounts: NUMBER NUMBER DEVICE MOUNTED PLACE OPTIONS... - KIND SOURCE OPTIONS. */
struct mount {
    char *mounted, *place;
    const char *kind, *options;
};

static bool parse_mount(char *line, struct mount *mount) {
    char *rest = strstr(line, " - "), *words[5] = {NULL}, *place;
    if (rest == NULL) return false;
    *rest = 0;
    words[0] = strtok_r(line, " ", &place);
    for (size_t i = 1; i < 5 && words[i - 1] != NULL; i++) words[i] = strtok_r(NULL, " ", &place);
    mount->mounted = words[3];
    mount->place = words[4];
    mount->kind = strtok_r(rest + 3, " ", &place);
    const char *source = mount->kind == NULL ? NULL : strtok_r(NULL, " ", &place);
    mount->options = source == NULL ? NULL : strtok_r(NULL, " ", &place);
    return mount->place != NULL && mount->options != NULL;
}

static void read_mount(const char *root, char *line, size_t *least) {
    struct mount mount;
    char group[MAX_PATH], folder[2 * MAX_PATH];
    if (!parse_mount(line, &mount)) return;
    const bool unified = strcmp(mount.kind, "cgroup2") == 0;
    if (!unified && !(strcmp(mount.kind, "cgroup") == 0 && has_word(mount.options, "cpu"))) return;
    if (!find_group(root, unified, group)) return;
    unescape(mount.mounted);
    unescape(mount.place);
    const int top = snprintf(folder, sizeof folder, "%s%s", root, mount.place);
    const int length = snprintf(folder, sizeof folder, "%s%s%s", root, mount.place, below(group, mount.mounted));
    if (length < (int)sizeof folder) walk_up(folder, (size_t)top, unified, least);
}

size_t sape_processors_quota(const char *root) {
    struct text mounts;
    size_t least = 0;
    if (!text_open(&mounts, root, "/proc/self/mountinfo")) return 0;
    for (char *line; (line = text_line(&mounts)) != NULL;) read_mount(root, line, &least);
    close(mounts.file);
    return least;
}

static size_t count_allowed(void) {
    cpu_set_t sets[NUM_SETS];
    if (sched_getaffinity(0, sizeof sets, sets) == 0) return (size_t)CPU_COUNT_S(sizeof sets, sets);
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
}

/* It takes several files to find the quota: it is looked up once a process. */
static size_t known_quota(void) {
    static atomic_bool known;
    static atomic_size_t quota;
    if (!atomic_load(&known)) {
        atomic_store(&quota, sape_processors_quota(""));
        atomic_store(&known, true);
    }
    return atomic_load(&quota);
}

size_t sape_processors_count(void) {
    size_t count = count_allowed();
    if (count > 1) take_smaller(&count, known_quota());
    return count;
}
