/* SPDX-License-Identifier: MIT */
/* Changes of a checkpoint that somebody may make who knows what its entries mean. */
#include <math.h>
#include <stdlib.h>

#include "files/dtype.h"
#include "files/number_text.h"
#include "files/safetensors_header.h"
#include "forgery.h"

/* Changes of a checkpoint, and of one in it. */
#define MAX_CHANGES 6

/* Extreme values, names of choices, and numbers that other entries are likely to have. */
static const char *const texts[] = {
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "8",
    "9",
    "10",
    "18446744073709551615",
    "18446744073709551614",
    "9223372036854775807",
    "9223372036854775808",
    "4294967295",
    "4294967296",
    "65535",
    "65536",
    "1000000",
    "0x0.0p+0",
    "-0x0.0p+0",
    "inf",
    "-inf",
    "nan",
    "0x1.fffffffffffffp+1023",
    "-0x1.fffffffffffffp+1023",
    "0x0.0000000000001p-1022",
    "0x1.fffffe0000000p+127",
    "-0x1.fffffe0000000p+127",
    "0x1.0000000000000p-149",
    "0x1.0000000000000p+0",
    "-0x1.0000000000000p+0",
    "0x1.0000000000000p-1",
    "0x1.93e5939a08ceap+99",
    "",
    "none",
    "global",
    "spatial",
    "spatial_fixed",
    "variance",
    "identity",
    "fourier",
    "positional",
    "rbf",
    "periodic_rbf",
    "adam",
    "sgd",
    "constant",
    "exponential",
    "cosine",
    "mse",
    "bce",
    "custom",
    "chamfer",
    "custom_jacobian",
    "linear",
    "replicate",
    "periodic",
};

static const double numbers[] = {
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    3.0,
    1.5,
    10.0,
    40.0,
    255.0,
    1e-45,
    1e-30,
    1e9,
    1e18,
    3e38,
    -3e38,
    1e300,
    (double)NAN,
    (double)INFINITY,
    (double)-INFINITY,
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A value near another one. */
static double near(struct bytes *bytes, double value) {
    switch (take_byte(bytes) % 8) {
    case 0:
        return value + 1.0;
    case 1:
        return value - 1.0;
    case 2:
        return 2.0 * value;
    case 3:
        return 0.5 * value;
    case 4:
        return nextafter(value, (double)INFINITY);
    case 5:
        return nextafter(value, (double)-INFINITY);
    case 6:
        return -value;
    default:
        return (double)nextafterf((float)value, 1e30f);
    }
}

static uint64_t near_integer(struct bytes *bytes, uint64_t value) {
    switch (take_byte(bytes) % 4) {
    case 0:
        return value + 1;
    case 1:
        return value - 1;
    case 2:
        return 2 * value;
    default:
        return value / 2;
    }
}

static const char *near_text(struct forgery *forgery, struct bytes *bytes, const char *text) {
    char near_value[SAPE_NUMBER_TEXT];
    uint64_t integer;
    double real;
    if (sape_integer_from_text(text, &integer))
        sape_integer_to_text(near_integer(bytes, integer), near_value);
    else if (sape_real_from_text(text, &real))
        sape_real_to_text(near(bytes, real), near_value);
    else
        return texts[take_below(bytes, COUNT(texts))];
    return forgery_text(forgery, near_value);
}

static const char *small_text(struct forgery *forgery, struct bytes *bytes) {
    char text[SAPE_NUMBER_TEXT];
    sape_integer_to_text(take_byte(bytes), text);
    return forgery_text(forgery, text);
}

static void drop_entry(struct forgery *forgery, size_t i) {
    forgery->entries[i] = forgery->entries[--forgery->num_entries];
}

static void change_entry(struct forgery *forgery, struct bytes *bytes) {
    if (forgery->num_entries == 0) return;
    const size_t i = take_below(bytes, forgery->num_entries), other = take_below(bytes, forgery->num_entries);
    struct forged_entry *entry = &forgery->entries[i], *from = &forgery->entries[other];
    const char *value = entry->value;
    switch (take_byte(bytes) % 8) {
    case 0:
    case 1:
        value = texts[take_below(bytes, COUNT(texts))];
        break;
    case 2:
    case 3:
        value = near_text(forgery, bytes, entry->value);
        break;
    case 4:
        value = small_text(forgery, bytes);
        break;
    case 5:
        value = from->value;
        from->value = entry->value;
        break;
    case 6:
        value = near_text(forgery, bytes, from->value);
        break;
    default:
        drop_entry(forgery, i);
        return;
    }
    if (value != NULL) entry->value = value;
}

/* An element of a number's value, as far as its type can hold it. */
static void encode(sape_dtype dtype, double value, unsigned char *to) {
    const float single = (float)value;
    const int64_t integer = value > -0x1p62 && value < 0x1p62 ? (int64_t)value : INT64_MIN;
    uint32_t bits;
    memcpy(&bits, &single, sizeof bits);
    const uint16_t upper = (uint16_t)(bits >> 16);
    const void *const from = dtype == SAPE_DTYPE_F32    ? (const void *)&single
                             : dtype == SAPE_DTYPE_F64  ? (const void *)&value
                             : dtype == SAPE_DTYPE_BF16 ? (const void *)&upper
                                                        : (const void *)&integer;
    sape_to_little_endian(to, from, sape_dtype_size(dtype));
}

/* The tensor's elements in memory that may be changed, in another type and number; missing ones repeat. NULL when there
   is no room. */
static unsigned char *copy_data(struct forgery *forgery, struct forged_tensor *tensor, sape_dtype dtype, size_t count) {
    const size_t size = sape_dtype_size(dtype), old = sape_dtype_size(tensor->dtype);
    unsigned char *data = forgery_take(forgery, count * size);
    if (data == NULL) return NULL;
    if (dtype == tensor->dtype && count <= tensor->count)
        memcpy(data, tensor->data, count * size);
    else
        for (size_t i = 0; i < count; i++) {
            const size_t from = tensor->count > 0 ? i % tensor->count : 0;
            encode(dtype, tensor->count > 0 ? sape_dtype_decode(tensor->dtype, tensor->data + from * old) : 0.0,
                   data + i * size);
        }
    tensor->data = data;
    tensor->dtype = dtype;
    tensor->count = count;
    return data;
}

static double new_number(struct bytes *bytes, double value) {
    const uint8_t how = take_byte(bytes) % 4;
    if (how == 0) return near(bytes, value);
    if (how == 1) return (double)take_byte(bytes);
    return numbers[take_below(bytes, COUNT(numbers))];
}

/* One element, or all of them. */
static void change_elements(struct forgery *forgery, struct forged_tensor *tensor, struct bytes *bytes, int all) {
    const size_t size = sape_dtype_size(tensor->dtype);
    unsigned char *data = copy_data(forgery, tensor, tensor->dtype, tensor->count);
    if (data == NULL || tensor->count == 0) return;
    const size_t place = (take_byte(bytes) * (size_t)257 + take_byte(bytes)) % tensor->count;
    const double value = new_number(bytes, sape_dtype_decode(tensor->dtype, data + place * size));
    encode(tensor->dtype, value, data + place * size);
    for (size_t i = 0; all && i < tensor->count; i++) memcpy(data + i * size, data + place * size, size);
}

static void swap_elements(struct forgery *forgery, struct forged_tensor *tensor, struct bytes *bytes) {
    const size_t size = sape_dtype_size(tensor->dtype);
    unsigned char *data = copy_data(forgery, tensor, tensor->dtype, tensor->count), kept[8];
    if (data == NULL || tensor->count == 0) return;
    unsigned char *a = data + take_below(bytes, tensor->count) * size;
    unsigned char *b = data + take_below(bytes, tensor->count) * size;
    memcpy(kept, a, size);
    memcpy(a, b, size);
    memcpy(b, kept, size);
}

void forgery_change_values(struct forgery *forgery, float *values, size_t count, struct bytes *bytes) {
    struct forged_tensor tensor = {.dtype = SAPE_DTYPE_F32, .count = count, .data = (const unsigned char *)values};
    forgery->used = 0;
    change_elements(forgery, &tensor, bytes, take_byte(bytes) & 1);
    memcpy(values, tensor.data, count * sizeof *values);
}

/* One row more or fewer, another rank, or a shape that contradicts the data. */
static void change_shape(struct forgery *forgery, struct forged_tensor *tensor, struct bytes *bytes) {
    size_t row = 1;
    for (size_t i = 1; i < tensor->rank; i++) row *= tensor->shape[i];
    switch (take_byte(bytes) % 5) {
    case 0:
        if (tensor->rank == 0 || tensor->count < row || tensor->shape[0] == 0) return;
        if (copy_data(forgery, tensor, tensor->dtype, tensor->count - row) != NULL) tensor->shape[0]--;
        return;
    case 1:
        if (tensor->rank > 0 && copy_data(forgery, tensor, tensor->dtype, tensor->count + row) != NULL)
            tensor->shape[0]++;
        return;
    case 2:
        if (tensor->rank == SAPE_MAX_RANK) return;
        tensor->shape[tensor->rank++] = 1;
        return;
    case 3:
        tensor->rank = 1;
        tensor->shape[0] = tensor->count;
        return;
    default:
        if (tensor->rank > 0) tensor->shape[0] = take_byte(bytes);
    }
}

static void change_type(struct forgery *forgery, struct forged_tensor *tensor, struct bytes *bytes) {
    static const sape_dtype types[] = {SAPE_DTYPE_F32, SAPE_DTYPE_F64, SAPE_DTYPE_BF16, SAPE_DTYPE_U8,
                                       SAPE_DTYPE_I32, SAPE_DTYPE_I64, SAPE_DTYPE_BOOL};
    copy_data(forgery, tensor, types[take_below(bytes, COUNT(types))], tensor->count);
}

/* The other one's data, name, or both. */
static void mix_tensors(struct forged_tensor *tensor, struct forged_tensor *other, struct bytes *bytes) {
    const struct forged_tensor kept = *tensor;
    switch (take_byte(bytes) % 4) {
    case 0:
        tensor->name = other->name;
        other->name = kept.name;
        return;
    case 1:
        if (tensor->count != other->count) return;
        *tensor = *other;
        tensor->name = kept.name;
        return;
    case 2:
        tensor->name = other->name;
        return;
    default:
        *tensor = *other;
        *other = kept;
    }
}

static void add_tensor(struct forgery *forgery, const struct forged_tensor *tensor, struct bytes *bytes) {
    static const char *const names[] = {"sape.validation.best", "sape.validation.latest", "sape.epoch",
                                        "sape.mask.ramp",       "sape.rate.log",          "more"};
    if (forgery->num_tensors == FORGERY_TENSORS) return;
    struct forged_tensor *added = &forgery->tensors[forgery->num_tensors++];
    *added = *tensor;
    added->name = names[take_below(bytes, COUNT(names))];
}

static void change_tensor(struct forgery *forgery, struct bytes *bytes) {
    if (forgery->num_tensors == 0) return;
    struct forged_tensor *tensor = &forgery->tensors[take_below(bytes, forgery->num_tensors)];
    const uint8_t how = take_byte(bytes) % 16;
    if (how < 8)
        change_elements(forgery, tensor, bytes, how < 3);
    else if (how < 10)
        swap_elements(forgery, tensor, bytes);
    else if (how == 10)
        change_shape(forgery, tensor, bytes);
    else if (how == 11)
        change_type(forgery, tensor, bytes);
    else if (how < 14)
        mix_tensors(tensor, &forgery->tensors[take_below(bytes, forgery->num_tensors)], bytes);
    else if (how == 14)
        add_tensor(forgery, tensor, bytes);
    else
        *tensor = forgery->tensors[--forgery->num_tensors];
}

static void change_flat(struct forgery *forgery, struct bytes *bytes) {
    if (take_byte(bytes) & 1)
        change_entry(forgery, bytes);
    else
        change_tensor(forgery, bytes);
}

static struct forged_tensor *find_nested(struct forgery *forgery) {
    for (size_t i = 0; i < forgery->num_tensors; i++)
        if (strncmp(forgery->tensors[i].name, "sape.validation.", 16) == 0 &&
            forgery->tensors[i].dtype == SAPE_DTYPE_U8)
            return &forgery->tensors[i];
    return NULL;
}

/* The checkpoint in the checkpoint: the field at its best, or as training has left it. */
static void change_nested(struct forgery *forgery, struct bytes *bytes) {
    static struct forgery inner;
    static unsigned char file[FORGERY_MEMORY];
    struct sape_safetensors_header header;
    struct forged_tensor *tensor = find_nested(forgery);
    if (tensor == NULL) {
        change_flat(forgery, bytes);
        return;
    }
    if (forgery_read(&inner, tensor->data, tensor->count, &header)) {
        for (size_t changes = take_below(bytes, 3) + 1; changes > 0; changes--) change_flat(&inner, bytes);
        const size_t size = forgery_write(&inner, file, sizeof file);
        unsigned char *copy = size == 0 ? NULL : forgery_take(forgery, size);
        if (copy != NULL) {
            memcpy(copy, file, size);
            tensor->data = copy;
            tensor->count = tensor->shape[0] = size;
        }
    }
    sape_safetensors_header_clear(&header);
}

void forgery_change(struct forgery *forgery, struct bytes *bytes) {
    for (size_t changes = take_below(bytes, MAX_CHANGES); changes > 0; changes--)
        if (take_byte(bytes) % 8 == 0)
            change_nested(forgery, bytes);
        else
            change_flat(forgery, bytes);
}
