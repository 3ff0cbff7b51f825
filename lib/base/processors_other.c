/* SPDX-License-Identifier: MIT */
/* Where there is no sched_getaffinity(): the processors that there are, and no quotas. */
#ifdef _WIN32
#include <windows.h>
#else
#include <unistd.h>
#endif

#include "base/processors.h"

size_t sape_processors_quota(const char *root) {
    (void)root;
    return 0;
}

size_t sape_processors_count(void) {
#ifdef _WIN32
    DWORD_PTR own = 0, all = 0;
    if (!GetProcessAffinityMask(GetCurrentProcess(), &own, &all) || own == 0) return 1;
    size_t count = 0;
    for (; own != 0; own &= own - 1) count++;
    return count;
#else
    const long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (size_t)online : 1;
#endif
}
