/* SPDX-License-Identifier: MIT */
/* fit_3d.c: fits which points lie inside a solid, a torus with a bite, and draws the result. Usage: fit_3d [FIT.ppm] */
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>

enum { SAMPLES = 100000, ITERATIONS = 800, SIDE = 128 };

/* The solid: a torus, tilted towards the viewer, minus a ball. */
static int inside(const float *p) {
    float x = p[0], y = 0.8f * p[1] - 0.6f * p[2], z = 0.6f * p[1] + 0.8f * p[2];
    float ring = sqrtf(x * x + y * y) - 0.6f;
    float bite = (x - 0.5f) * (x - 0.5f) + (y - 0.5f) * (y - 0.5f) + z * z;
    return ring * ring + z * z < 0.25f * 0.25f && bite > 0.3f * 0.3f;
}

/* The coordinate of point i along an axis of the grid. */
static float place(size_t i) {
    return -1.0f + 2.0f * (float)i / (SIDE - 1);
}

/* Trains on labels of points that fill the cube evenly: multiples of these steps, modulo 1. */
static sape_status train(sape_field *field, float (*x)[3], float *label) {
    const double step[3] = {0.8191725133961645, 0.6710436067037893, 0.5497004779019703};
    for (int i = 0; i < SAMPLES; i++) {
        for (int a = 0; a < 3; a++) x[i][a] = (float)(2.0 * fmod(i * step[a], 1.0) - 1.0);
        label[i] = inside(x[i]) ? 1.0f : 0.0f;
    }
    sape_trainer_params params;
    sape_trainer_params_init(&params, sizeof params); /* sets every default; then change what differs */
    params.loss = SAPE_LOSS_BCE;                      /* labels 0 and 1; the field's outputs are logits */
    params.batch_size = 2000;
    sape_trainer *trainer = NULL;
    sape_status status = sape_trainer_create(&params, NULL, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, SAMPLES, x[0], label);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, ITERATIONS, NULL, NULL, NULL);
    sape_trainer_free(trainer);
    return status;
}

static sape_status create_field(sape_field **field) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder);
    encoder.domain_dim = 3;
    encoder.std = 1.5; /* the bandwidth, in cycles per unit of x */
    encoder.num_frequencies = 64;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.resolution = 16; /* cells per axis */
    mask.num_blocks = 8;  /* steps from the lowest frequencies to the highest */
    mask.num_iterations = ITERATIONS;
    mask.epsilon = 1e-2; /* a cell whose loss is below this reveals nothing more */
    sape_network_params network;
    sape_network_params_init(&network, sizeof network);
    network.output_dim = 1;
    network.hidden_dim = 64;
    return sape_field_create(&encoder, &mask, &network, field);
}

/* The intersection of the solid and the fit over their union, counted on the grid; 1 is a perfect fit. */
static double intersection_over_union(const float *logits) {
    size_t both = 0, either = 0;
    for (size_t i = 0; i < SIDE * SIDE * SIDE; i++) {
        const float p[3] = {place(i / (SIDE * SIDE)), place(i / SIDE % SIDE), place(i % SIDE)};
        int solid = inside(p), fitted = logits[i] > 0.0f;
        both += solid && fitted;
        either += solid || fitted;
    }
    return (double)both / (double)either;
}

/* Draws the fit, seen along the third axis. The field's gradient at the surface is the normal; it points inwards. */
static sape_status draw(const sape_field *field, const float *logits, FILE *file) {
    fprintf(file, "P6\n%d %d\n255\n", SIDE, SIDE);
    for (size_t row = 0; row < SIDE; row++)
        for (size_t column = 0; column < SIDE; column++) {
            const float *line = logits + (column * SIDE + SIDE - 1 - row) * SIDE;
            size_t depth = 0;
            while (depth < SIDE && line[depth] <= 0.0f) depth++;
            float p[3] = {place(column), place(SIDE - 1 - row), place(depth)}, normal[3], light = 0.0f;
            if (depth < SIDE) {
                sape_status status = sape_field_jacobian(field, 1, p, NULL, normal);
                if (status != SAPE_OK) return status;
                float length = hypotf(hypotf(normal[0], normal[1]), normal[2]) + 1e-9f;
                light = 60.0f + 190.0f * fmaxf(0.0f, (0.4f * normal[0] - 0.6f * normal[1] + 0.7f * normal[2]) / length);
            }
            const unsigned char rgb[3] = {(unsigned char)light, (unsigned char)(0.8f * light),
                                          (unsigned char)(0.5f * light)};
            fwrite(rgb, 1, 3, file);
        }
    return SAPE_OK;
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "fit_3d.ppm";
    static float x[SAMPLES][3], label[SAMPLES], logits[SIDE * SIDE * SIDE];
    const size_t size[3] = {SIDE, SIDE, SIDE};
    const float low[3] = {-1.0f, -1.0f, -1.0f}, high[3] = {1.0f, 1.0f, 1.0f};
    sape_field *field = NULL;
    if (create_field(&field) != SAPE_OK || train(field, x, label) != SAPE_OK ||
        sape_field_predict_grid(field, size, low, high, logits) != SAPE_OK) {
        fprintf(stderr, "%s\n", sape_last_error());
        return 1;
    }
    printf("IoU on a grid of %d points: %.3f\n", SIDE * SIDE * SIDE, intersection_over_union(logits));
    FILE *file = fopen(path, "wb");
    if (file == NULL) return perror(path), 1;
    if (draw(field, logits, file) != SAPE_OK) return fprintf(stderr, "%s\n", sape_last_error()), 1;
    int failed = ferror(file);
    if (fclose(file) != 0 || failed) return perror(path), 1;
    sape_field_free(field);
    return 0;
}
