/* SPDX-License-Identifier: MIT */
/*
 * A libFuzzer target: checkpoints that contradict themselves. The input chooses a kind of trainer, changes of a valid
 * checkpoint of it, and what is done with the field or trainer that takes the result. Beside the sanitizers it watches
 * that
 * - a restore that fails leaves the trainer as it was, for all that follows;
 * - what is saved can be restored, is then saved as the same bytes, and goes on as the same bits on other threads;
 * - training ends with nothing but a divergence, weights lie in [0, 1].
 */
#include <stddef.h>
#include <stdlib.h>

#include "exact_memory.h"
#include "forgery.h"
#include "insist.h"
#include "kinds.h"
#include "state/file.h"
#include "train/trainer.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t size);

/* What is done with one trainer, and how long it trains each time. */
#define MAX_USES 4
#define ITERATIONS 2

/* What any kind's field has at most. */
#define MAX_FEATURES 32
#define MAX_OUTPUTS 2
#define MAX_PARAMETERS 256

/* Where a field is read. */
#define READ_SAMPLES 3

/* Seeds that are kept. */
#define NUM_SEEDS 2048
#define FILE_ROOM ((size_t)1 << 18)

/* A kind's trainer after its iterations, and a new one, where that has been asked for. */
struct seed {
    struct kind kind;
    sape_safetensors *trained, *fresh;
    struct sape_safetensors_header header;
    struct forgery *forgery;
};

static void train(sape_trainer *trainer, uint64_t iterations) {
    const sape_status status = sape_trainer_run(trainer, iterations, NULL, NULL, NULL);
    insist(status == SAPE_OK || status == SAPE_ERROR_DIVERGED || status == SAPE_ERROR_NOT_FINITE, "sape_trainer_run");
}

/* NULL where it says that the state cannot be saved. */
static sape_safetensors *save(const sape_trainer *trainer) {
    sape_safetensors *file;
    const sape_status status = sape_trainer_checkpoint(trainer, &file);
    insist(status == SAPE_OK || status == SAPE_ERROR_NOT_FINITE, "sape_trainer_checkpoint");
    return file;
}

/* The bytes that save() would make a file of; none where the state cannot be saved. */
static sape_status add_trainer(const void *trainer, sape_safetensors_writer *writer) {
    return sape_trainer_write(trainer, writer);
}

static struct sape_buffer state_of(const sape_trainer *trainer) {
    struct sape_buffer buffer = {.bytes = NULL};
    const sape_status status = sape_file_write(add_trainer, trainer, sape_buffer_append, &buffer);
    insist(status == SAPE_OK || status == SAPE_ERROR_NOT_FINITE, "sape_trainer_write");
    if (status != SAPE_OK) sape_buffer_clear(&buffer);
    return buffer;
}

static bool same(const void *a, size_t a_size, const void *b, size_t b_size) {
    return a_size == b_size && (a_size == 0 || memcmp(a, b, a_size) == 0);
}

static void insist_state(const sape_trainer *trainer, const sape_safetensors *expected, const char *what) {
    struct sape_buffer state = state_of(trainer);
    size_t size;
    const void *bytes = sape_safetensors_bytes(expected, &size);
    insist(same(state.bytes, state.size, bytes, size), what);
    sape_buffer_clear(&state);
}

static void insist_same_training(sape_trainer *a, sape_trainer *b, const char *what) {
    train(a, ITERATIONS);
    train(b, ITERATIONS);
    struct sape_buffer first = state_of(a), second = state_of(b);
    insist(same(first.bytes, first.size, second.bytes, second.size), what);
    sape_buffer_clear(&first);
    sape_buffer_clear(&second);
}

static void forget_seed(struct seed *seed) {
    sape_safetensors_header_clear(&seed->header);
    sape_safetensors_free(seed->trained);
    sape_safetensors_free(seed->fresh);
    free(seed->forgery);
}

static void make_seed(const struct kind *kind, struct seed *seed) {
    struct pair pair = kind_pair(kind, 1);
    size_t size;
    for (size_t i = kind->run; i < kind->iterations; i++)
        insist(sape_trainer_step(pair.trainer, NULL) == SAPE_OK, "sape_trainer_step");
    train(pair.trainer, kind->run);
    *seed = (struct seed){.kind = *kind, .trained = save(pair.trainer), .forgery = malloc(sizeof *seed->forgery)};
    pair_free(&pair);
    const unsigned char *file = sape_safetensors_bytes(seed->trained, &size);
    insist(seed->forgery != NULL && forgery_read(seed->forgery, file, size, &seed->header), "a seed");
}

static struct seed *find_seed(const struct kind *kind) {
    static struct seed seeds[NUM_SEEDS];
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof *kind; i++) hash = (hash ^ ((const uint8_t *)kind)[i]) * 16777619u;
    struct seed *seed = &seeds[hash % NUM_SEEDS];
    if (seed->forgery != NULL && memcmp(&seed->kind, kind, sizeof *kind) == 0) return seed;
    forget_seed(seed);
    make_seed(kind, seed);
    return seed;
}

/* The forged file, NULL where it is none. */
static sape_safetensors *forge(const struct seed *seed, struct bytes *bytes) {
    static struct forgery forgery;
    static unsigned char room[FILE_ROOM];
    memcpy(&forgery, seed->forgery, offsetof(struct forgery, memory));
    forgery.used = 0;
    forgery_change(&forgery, bytes);
    const size_t size = forgery_write(&forgery, room, sizeof room);
    sape_safetensors *file = NULL;
    if (size > 0) sape_safetensors_parse(room, size, &file);
    return file;
}

/* But for rounding: a weight is a sum over cells. */
static void insist_weights(const float *weights, size_t count) {
    for (size_t i = 0; i < count; i++)
        insist(weights[i] >= -1e-5f && weights[i] <= 1.00001f, "a weight outside [0, 1]");
}

/* Every way to read a field. Samples lie beyond the domain, too, and may be too far from the center in a file's units.
 */
static void read_field(const sape_field *field) {
    static float x[READ_SAMPLES * KIND_MAX_DIM], weights[READ_SAMPLES * MAX_FEATURES];
    static float outputs[READ_SAMPLES * MAX_OUTPUTS * KIND_MAX_DIM], d_parameters[MAX_PARAMETERS];
    const sape_mask *mask = sape_field_mask(field);
    const size_t d = sape_mask_domain_dim(mask), features = sape_mask_encoding_dim(mask);
    const size_t n = READ_SAMPLES;
    sape_mask_state state = {.struct_size = sizeof state};
    insist(sape_mask_get_state(mask, &state) == SAPE_OK && state.revealed >= 0.0 && state.revealed <= 1.0, "revealed");
    if (features > MAX_FEATURES || sape_network_output_dim(sape_field_network(field)) > MAX_OUTPUTS ||
        sape_field_num_parameters(field) > MAX_PARAMETERS)
        return;
    for (size_t i = 0; i < n * d; i++) x[i] = (float)(i % 5) * 0.6f - 1.3f;
    insist(sape_mask_weights(mask, n, x, weights) == SAPE_OK, "sape_mask_weights");
    insist_weights(weights, n * features);
    insist(sape_mask_revealed(mask, n, x, weights) == SAPE_OK, "sape_mask_revealed");
    insist_weights(weights, n);
    const sape_status status = sape_field_predict(field, n, x, outputs);
    insist(status == SAPE_OK || status == SAPE_ERROR_ARGUMENT, "sape_field_predict");
    if (status != SAPE_OK) return;
    insist(sape_field_jacobian(field, n, x, NULL, outputs) == SAPE_OK, "sape_field_jacobian");
    insist(sape_field_backward(field, n, x, weights, d_parameters, x) == SAPE_OK, "sape_field_backward");
}

/* As sape_mask_record() and the like are used by hand. */
static void drive_mask(sape_mask *mask, struct bytes *bytes) {
    static const float losses[] = {0.0f, 1.0f, 1e-3f, 3e38f, -1.0f, 1e30f};
    static const float x[3 * KIND_MAX_DIM] = {0.2f, -0.4f, 0.9f, 5.0f, 0.7f, -1.0f, -0.6f, 0.1f, 1e6f};
    static const float scale[KIND_MAX_DIM] = {1.0f, 3e38f, 1e-38f};
    const uint8_t which = take_byte(bytes);
    for (size_t i = 0; i < which % 4; i++)
        if (sape_mask_record(mask, 1, x, &losses[take_below(bytes, 6)]) == SAPE_OK) sape_mask_step(mask);
    if (which & 16) sape_mask_advance(mask);
    if (which & 32) sape_mask_set_domain(mask, x, scale);
    if (which & 64) sape_mask_set_signal(mask, 1, x, 1, losses);
    if (which & 128) sape_mask_set_signal(mask, 3, x, 1, losses + 3);
}

/* Changed as in a file. */
static void set_tensor(sape_field *field, struct bytes *bytes) {
    static float values[MAX_PARAMETERS];
    static struct forgery forgery;
    sape_tensor_info info = {.struct_size = sizeof info};
    const size_t index = take_below(bytes, sape_field_tensor_count(field));
    insist(sape_field_tensor_info(field, index, &info) == SAPE_OK, "sape_field_tensor_info");
    if (info.count > MAX_PARAMETERS) return;
    insist(sape_field_get_tensor(field, info.name, values, info.count) == SAPE_OK, "sape_field_get_tensor");
    forgery_change_values(&forgery, values, info.count, bytes);
    sape_field_set_tensor(field, info.name, values, info.count);
}

static void use_field(sape_field *field, struct bytes *bytes) {
    read_field(field);
    if (take_byte(bytes) & 1) set_tensor(field, bytes);
    drive_mask(sape_field_mask(field), bytes);
    read_field(field);
    sape_safetensors *file;
    sape_field *copy;
    const sape_status status = sape_field_checkpoint(field, &file);
    insist(status == SAPE_OK || status == SAPE_ERROR_NOT_FINITE, "sape_field_checkpoint");
    if (status != SAPE_OK) return;
    insist(sape_field_from_checkpoint(file, &copy) == SAPE_OK, "sape_field_from_checkpoint");
    sape_field_free(copy);
    sape_safetensors_free(file);
}

static void load_field(const sape_safetensors *file, struct bytes *bytes) {
    sape_field *field;
    if (sape_field_from_checkpoint(file, &field) != SAPE_OK) return;
    use_field(field, bytes);
    sape_field_free(field);
}

static void restore_field(const sape_safetensors *file, const struct kind *kind, struct bytes *bytes) {
    sape_safetensors *before, *after;
    sape_field *field = kind_field(kind);
    insist(sape_field_checkpoint(field, &before) == SAPE_OK, "sape_field_checkpoint");
    if (sape_field_restore(field, file) == SAPE_OK) {
        use_field(field, bytes);
    } else {
        insist(sape_field_checkpoint(field, &after) == SAPE_OK, "sape_field_checkpoint");
        size_t size, after_size;
        const void *bytes_before = sape_safetensors_bytes(before, &size);
        const void *bytes_after = sape_safetensors_bytes(after, &after_size);
        insist(same(bytes_before, size, bytes_after, after_size), "a failed restore has changed the field");
        sape_safetensors_free(after);
    }
    sape_safetensors_free(before);
    sape_field_free(field);
}

/* How a trainer goes on after it was saved: from the file, on this many threads, 0 for not at all. */
static void save_and_restore(const struct kind *kind, sape_trainer *trainer, size_t num_threads) {
    sape_safetensors *file = save(trainer);
    if (file == NULL) return;
    struct pair pair = kind_pair(kind, num_threads == 0 ? 1 : num_threads);
    insist(sape_trainer_restore(pair.trainer, file) == SAPE_OK, "what was saved is not restored");
    insist_state(pair.trainer, file, "what was restored is saved otherwise");
    if (num_threads > 0) insist_same_training(trainer, pair.trainer, "what was restored goes on otherwise");
    sape_safetensors_free(file);
    pair_free(&pair);
}

/* With validation the next iteration drops what was changed by hand at the best state, which a checkpoint cannot tell
   from the best state: then the two go different ways. */
static void use_trainer(const struct kind *kind, struct pair *pair, struct bytes *bytes) {
    bool by_hand = false;
    for (int i = 0; i < MAX_USES && bytes->next < bytes->end; i++) {
        const uint8_t use = take_byte(bytes) % 8;
        switch (use) {
        case 0:
            train(pair->trainer, take_below(bytes, 4) + 1);
            break;
        case 1:
            sape_trainer_step(pair->trainer, NULL);
            break;
        case 2:
            set_tensor(pair->field, bytes);
            break;
        case 3:
            drive_mask(sape_field_mask(pair->field), bytes);
            break;
        case 4:
            read_field(pair->field);
            break;
        case 5:
            if (kind->data != KIND_SAMPLER) insist(kind_set_data(kind, pair->trainer) == SAPE_OK, "kind_set_data");
            break;
        case 6:
            save_and_restore(kind, pair->trainer, 0);
            break;
        default:
            sape_trainer_restore(pair->trainer, find_seed(kind)->trained);
        }
        by_hand = use >= 2 && (by_hand || use <= 3);
    }
    const uint8_t last = take_byte(bytes);
    const bool compare = last % 2 == 0 && !(by_hand && kind->validation);
    save_and_restore(kind, pair->trainer, !compare ? 0 : kind->many && last % 8 == 0 ? 2 : 1);
    read_field(pair->field);
}

/* A trainer as it is before a forged file comes. */
static struct pair begin(const struct kind *kind, struct seed *seed, bool trained) {
    struct pair pair = kind_pair(kind, 1);
    if (trained) insist(sape_trainer_restore(pair.trainer, seed->trained) == SAPE_OK, "sape_trainer_restore");
    if (!trained && seed->fresh == NULL) seed->fresh = save(pair.trainer);
    return pair;
}

/* After a restore that has failed. */
static void insist_unchanged(const struct kind *kind, struct seed *seed, bool trained, sape_trainer *trainer,
                             bool train_on) {
    insist_state(trainer, trained ? seed->trained : seed->fresh, "a failed restore has changed the trainer");
    if (!train_on) return;
    struct pair other = begin(kind, seed, trained);
    insist_same_training(trainer, other.trainer, "a failed restore has left something");
    pair_free(&other);
}

static void restore_trainer(const sape_safetensors *file, const struct kind *kind, struct bytes *bytes) {
    struct seed *seed = find_seed(kind);
    const uint8_t how = take_byte(bytes);
    const bool trained = how % 4 == 1;
    struct pair pair = begin(kind, seed, trained);
    if (sape_trainer_restore(pair.trainer, file) == SAPE_OK)
        use_trainer(kind, &pair, bytes);
    else
        insist_unchanged(kind, seed, trained, pair.trainer, how / 4 % 4 == 1);
    pair_free(&pair);
}

int LLVMFuzzerTestOneInput(const unsigned char *input, size_t size) {
    struct bytes bytes = {input, input + size};
    use_exact_memory();
    struct kind kind = take_kind(&bytes);
    sape_safetensors *file = forge(find_seed(&kind), &bytes);
    if (file == NULL) return 0;
    const uint8_t how = take_byte(&bytes);
    if (how % 8 == 7) kind = take_neighbour(&bytes, &kind);
    if (how / 8 % 4 == 1)
        load_field(file, &bytes);
    else if (how / 8 % 8 == 2)
        restore_field(file, &kind, &bytes);
    else
        restore_trainer(file, &kind, &bytes);
    sape_safetensors_free(file);
    return 0;
}
