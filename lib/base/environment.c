/* SPDX-License-Identifier: MIT */
#include "base/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/processors.h"

static const char variable[] = "SAPE_BACKEND";
static const char *const instruction_names[] = {"auto", "baseline", "avx2", "avx512", "neon"};
static const char *const product_names[] = {"auto", "packed", "cblas"};
static const char *const precision_names[] = {"auto", "fp32", "bf16x3", "bf16"};
static const char *const code_names[] = {"auto", "amx", "avx512_bf16", "emulated", "emulated_amx"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool find_name(const char *const *names, size_t count, const char *word, size_t length, size_t *index) {
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) != length || memcmp(names[i], word, length) != 0) continue;
        *index = i;
        return true;
    }
    return false;
}

static bool read_threads(const char *word, size_t length, size_t *num_threads) {
    static const char prefix[] = "threads=";
    const size_t start = sizeof prefix - 1;
    size_t value = 0;
    if (length <= start || length > start + 3 || memcmp(word, prefix, start) != 0) return false;
    for (size_t i = start; i < length; i++) {
        if (word[i] < '0' || word[i] > '9') return false;
        value = 10 * value + (size_t)(word[i] - '0');
    }
    *num_threads = value;
    return value <= SAPE_MAX_THREADS;
}

sape_status sape_environment_read(struct sape_wishes *wishes) {
    const char *word = getenv(variable);
    *wishes = (struct sape_wishes){0};
    while (word != NULL && *word != '\0') {
        const size_t length = strcspn(word, ",");
        SAPE_REQUIRE(find_name(instruction_names, COUNT(instruction_names), word, length, &wishes->instructions) ||
                         find_name(product_names, COUNT(product_names), word, length, &wishes->product) ||
                         find_name(precision_names, COUNT(precision_names), word, length, &wishes->precision) ||
                         find_name(code_names, COUNT(code_names), word, length, &wishes->code) ||
                         read_threads(word, length, &wishes->num_threads),
                     "%s: \"%.*s\" is not an instruction set, a product, a precision or threads=0 to threads=%d",
                     variable, (int)length, word, SAPE_MAX_THREADS);
        word += length;
        if (*word == ',') word++;
    }
    return SAPE_OK;
}

const char *sape_instruction_set_name(sape_instruction_set instructions) {
    return (unsigned)instructions < COUNT(instruction_names) ? instruction_names[instructions] : NULL;
}

const char *sape_product_backend_name(sape_product_backend product) {
    return (unsigned)product < COUNT(product_names) ? product_names[product] : NULL;
}

const char *sape_precision_word(unsigned precision) {
    return precision < COUNT(precision_names) ? precision_names[precision] : NULL;
}

const char *sape_bf16_code_name(size_t code) {
    return code_names[code];
}

sape_status sape_threads_resolve(size_t *num_threads) {
    SAPE_REQUIRE(*num_threads <= SAPE_MAX_THREADS, "num_threads is %zu, must be at most %d", *num_threads,
                 SAPE_MAX_THREADS);
    if (*num_threads != 0) return SAPE_OK;
    struct sape_wishes wishes;
    SAPE_TRY(sape_environment_read(&wishes));
    *num_threads = wishes.num_threads;
    if (*num_threads != 0) return SAPE_OK;
    const size_t count = sape_processors_count();
    *num_threads = count > SAPE_MAX_THREADS ? SAPE_MAX_THREADS : count;
    return SAPE_OK;
}
