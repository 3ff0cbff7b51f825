/* SPDX-License-Identifier: MIT */
/* The layers' products by CBLAS, on tiles of one wide panel. */
#include <pthread.h>

#include "network/product.h"

#ifdef SAPE_BLIS
#include SAPE_CBLAS_HEADER
void bli_thread_set_num_threads(long threads);
long bli_thread_get_num_threads(void);
#define get_num_threads() ((int)bli_thread_get_num_threads())
#define set_num_threads(threads) bli_thread_set_num_threads(threads)
const char *bli_info_get_version_str(void);
int bli_arch_query_id(void);
const char *bli_arch_string(int id);

void sape_cblas_describe(const char **library, const char **kernel) {
    *library = bli_info_get_version_str();
    *kernel = bli_arch_string(bli_arch_query_id());
}
#else
#include <cblas.h>
#define get_num_threads() openblas_get_num_threads()
#define set_num_threads(threads) openblas_set_num_threads(threads)

void sape_cblas_describe(const char **library, const char **kernel) {
    *library = openblas_get_config();
    *kernel = openblas_get_corename();
}
#endif

static pthread_mutex_t users_mutex = PTHREAD_MUTEX_INITIALIZER;
static size_t users;
static int threads_found;

void sape_product_enter(const struct sape_product *product) {
    if (product != sape_product_cblas) return;
    pthread_mutex_lock(&users_mutex);
    if (users++ == 0) {
        threads_found = get_num_threads();
        set_num_threads(1);
    }
    pthread_mutex_unlock(&users_mutex);
}

void sape_product_leave(const struct sape_product *product) {
    if (product != sape_product_cblas) return;
    pthread_mutex_lock(&users_mutex);
    if (--users == 0) set_num_threads(threads_found);
    pthread_mutex_unlock(&users_mutex);
}

/* CBLAS counts in int: a tile's sizes fit. */
static int narrow(size_t size) {
    return (int)size;
}

static struct sape_tile cblas_tile(const struct sape_kernels *kernels, size_t samples) {
    (void)kernels;
    return (struct sape_tile){samples, sape_round_up(samples, SAPE_STRIDE), 1};
}

static size_t no_size(const struct sape_kernels *kernels, const struct sape_layer *layer) {
    (void)kernels;
    (void)layer;
    return 0;
}

static size_t no_scratch(const struct sape_kernels *kernels, const struct sape_layer *layer,
                         const struct sape_tile *tile) {
    (void)tile;
    return no_size(kernels, layer);
}

static void no_packing(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters) {
    (void)kernels;
    (void)layer;
    (void)parameters;
}

static void forward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                    const struct sape_tile *tile, size_t active, const struct sape_curve *curve,
                    const struct sape_values *from, const struct sape_values *to) {
    const int width = narrow(tile->width);
    for (size_t row = 0; row < layer->outputs; row++)
        for (size_t s = 0; s < tile->width; s++) to->single[row * tile->width + s] = parameters[layer->bias + row];
    if (active > 0)
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, narrow(layer->outputs), width, narrow(active), 1.0f,
                    parameters + layer->weight, narrow(layer->stride), from->single, width, 1.0f, to->single, width);
    if (curve->function != SAPE_FUNCTION_NONE) kernels->apply(curve, 0, layer->outputs * tile->width, to->single);
}

static void backward(const struct sape_kernels *kernels, const struct sape_layer *layer, const float *parameters,
                     const struct sape_tile *tile, size_t active, const struct sape_values *d_to,
                     const struct sape_gate *gate, const struct sape_values *d_from) {
    (void)kernels;
    const int width = narrow(tile->width);
    if (active == 0) return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, narrow(active), width, narrow(layer->outputs), 1.0f,
                parameters + layer->weight, narrow(layer->stride), d_to->single, width, 0.0f, d_from->single, width);
    float *gradient = d_from->single;
    for (size_t i = 0; gate->store == SAPE_STORE_SCALE && i < active * tile->width; i++) gradient[i] *= gate->slopes[i];
    for (size_t i = 0; gate->store == SAPE_STORE_GATE && i < active * tile->width; i++)
        gradient[i] = gate->values.single[i] > 0.0f ? gradient[i] : 0.0f;
}

static void weight_gradient(const struct sape_kernels *kernels, const struct sape_layer *layer,
                            const struct sape_tile *tile, size_t active, const struct sape_values *from,
                            const struct sape_values *d_to, bool add, float *gradient, float *scratch) {
    (void)scratch;
    const int width = narrow(tile->width);
    if (active > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, narrow(active), narrow(layer->outputs), width, 1.0f,
                    from->single, width, d_to->single, width, add ? 1.0f : 0.0f, gradient + layer->weight,
                    narrow(layer->stride));
    kernels->row_sums(layer->outputs, tile->width, d_to->single, add, gradient + layer->bias);
}

static const struct sape_product cblas_product = {
    .name = "cblas",
    .tile = cblas_tile,
    .forward_size = no_size,
    .backward_size = no_size,
    .scratch_size = no_scratch,
    .pack_forward = no_packing,
    .pack_backward = no_packing,
    .forward = forward,
    .backward = backward,
    .weight_gradient = weight_gradient,
};

const struct sape_product *const sape_product_cblas = &cblas_product;
