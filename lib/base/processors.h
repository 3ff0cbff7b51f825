/* SPDX-License-Identifier: MIT */
/* How many processors the process may really use. */
#ifndef SAPE_LIB_PROCESSORS_H
#define SAPE_LIB_PROCESSORS_H

#include <stddef.h>

/* Those it may run on, but no more than its processor quota was worth when it was first asked for; at least 1. */
size_t sape_processors_count(void);

/* The processors that the quotas of the process's control group and of those above it (cgroup version 1 and 2) are
   worth, rounded up; 0 where there is no quota. Files are looked up below root: "" for those of the system. */
size_t sape_processors_quota(const char *root);

#endif
