/* SPDX-License-Identifier: MIT */
/* Reading fixtures: tensors in double precision, metadata as JSON. */
#ifndef SAPE_TESTS_FIXTURE_H
#define SAPE_TESTS_FIXTURE_H

#include <cjson/cJSON.h>
#include <sape/sape.h>
#include <stdbool.h>

struct fixture {
    sape_safetensors *file;
    const char *name;
};

struct tensor {
    size_t rank, count;
    size_t shape[SAPE_MAX_RANK];
    double *values;
    float *floats;
};

/* All of these end the test program with a message when something is missing. */
struct fixture fixture_open(const char *directory, const char *name);
void fixture_close(struct fixture *fixture);

#ifndef _WIN32 /* whose printf is another one for compilers */
__attribute__((format(printf, 2, 3)))
#endif
struct tensor
fixture_tensor(const struct fixture *fixture, const char *format, ...);
void tensor_free(struct tensor *tensor);

/* Numbers and texts of the metadata; path is KEY or KEY.FIELD. A number that is null or missing becomes other. */
double fixture_number(const struct fixture *fixture, const char *path, double other);
/* Whether the metadata's path is true. */
bool fixture_flag(const struct fixture *fixture, const char *path);
/* The text at path is copied to a buffer of the caller. */
void fixture_text(const struct fixture *fixture, const char *path, char *text, size_t size);

void fixture_check(sape_status status, const char *what);

#endif
