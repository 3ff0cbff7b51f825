/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void fixture_check(sape_status status, const char *what) {
    if (status != SAPE_OK) give_up(what, sape_last_error());
}

struct fixture fixture_open(const char *folder, const char *name) {
    struct fixture fixture = {.name = name};
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fixture_check(sape_safetensors_open(path, &fixture.file), name);
    return fixture;
}

void fixture_close(struct fixture *fixture) {
    sape_safetensors_free(fixture->file);
}

struct tensor fixture_tensor(const struct fixture *fixture, const char *format, ...) {
    char name[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    sape_tensor_info info = {.struct_size = sizeof info};
    fixture_check(sape_safetensors_find(fixture->file, name, &info), fixture->name);
    struct tensor tensor = {.rank = info.rank, .count = info.count};
    memcpy(tensor.shape, info.shape, sizeof tensor.shape);
    tensor.values = malloc((info.count + 1) * sizeof *tensor.values);
    tensor.floats = malloc((info.count + 1) * sizeof *tensor.floats);
    if (tensor.values == NULL || tensor.floats == NULL) give_up(name, "no memory");
    fixture_check(sape_safetensors_read_double(fixture->file, name, tensor.values, info.count), name);
    fixture_check(sape_safetensors_read(fixture->file, name, tensor.floats, info.count), name);
    return tensor;
}

void tensor_free(struct tensor *tensor) {
    free(tensor->values);
    free(tensor->floats);
}

/* The metadata value at a path, with the document it belongs to. */
static cJSON *find(const struct fixture *fixture, const char *path, cJSON **document) {
    char key[128];
    snprintf(key, sizeof key, "%s", path);
    char *field = strchr(key, '.');
    if (field != NULL) *field++ = '\0';
    const char *text = sape_safetensors_metadata(fixture->file, key);
    *document = text == NULL ? NULL : cJSON_Parse(text);
    return field == NULL ? *document : cJSON_GetObjectItemCaseSensitive(*document, field);
}

double fixture_number(const struct fixture *fixture, const char *path, double other) {
    cJSON *document;
    const cJSON *item = find(fixture, path, &document);
    const double value = cJSON_IsNumber(item) ? item->valuedouble : other;
    cJSON_Delete(document);
    return value;
}

bool fixture_flag(const struct fixture *fixture, const char *path) {
    cJSON *document;
    const bool value = cJSON_IsTrue(find(fixture, path, &document));
    cJSON_Delete(document);
    return value;
}

void fixture_text(const struct fixture *fixture, const char *path, char *text, size_t size) {
    cJSON *document;
    const cJSON *item = find(fixture, path, &document);
    if (!cJSON_IsString(item)) give_up(fixture->name, path);
    snprintf(text, size, "%s", item->valuestring);
    cJSON_Delete(document);
}
