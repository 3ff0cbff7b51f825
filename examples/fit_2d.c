/* SPDX-License-Identifier: MIT */
/* fit_2d.c: fits a picture from a quarter of its pixels. Usage: fit_2d [PICTURE.ppm [FIT.ppm]] */
#include <ctype.h>
#include <math.h>
#include <sape/sape.h>
#include <stdio.h>
#include <stdlib.h>

enum { ITERATIONS = 600, DRAWN = 128 };

static size_t height, width;
static unsigned char *pixels; /* (height, width, 3) */

/* Reads the next number of a PPM header; 0 if there is none. Comments run from # to the end of their line. */
static size_t header_number(FILE *file) {
    unsigned number = 0;
    int c = fgetc(file);
    for (int comment = 0; c != EOF && (comment || c == '#' || isspace(c)); c = fgetc(file))
        comment = c == '#' || (comment && c != '\n');
    ungetc(c, file);
    return fscanf(file, "%4u", &number) == 1 ? number : 0;
}

static int read_ppm(const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return 0;
    int good = fgetc(file) == 'P' && fgetc(file) == '6';
    width = header_number(file);
    height = header_number(file);
    good = good && header_number(file) == 255 && fgetc(file) != EOF;
    size_t size = good ? height * width * 3 : 0;
    if (size > 0) pixels = malloc(size);
    good = pixels != NULL && fread(pixels, 1, size, file) == size;
    fclose(file);
    return good;
}

/* The coordinate of a row's or column's centre. The longer axis spans [-1, 1], and pixels stay square. */
static float centre(size_t index, size_t size) {
    return (2.0f * (float)index + 1.0f - (float)size) / (float)(height > width ? height : width);
}

/* Draws a striped ball in front of a smooth sky: fine detail in one place only. */
static int draw(void) {
    static unsigned char drawn[3 * DRAWN * DRAWN];
    height = width = DRAWN;
    pixels = drawn;
    for (size_t i = 0; i < DRAWN * DRAWN; i++) {
        float u = centre(i % DRAWN, DRAWN), v = centre(i / DRAWN, DRAWN), depth = 0.4f - u * u - v * v;
        float light = 0.4f + 0.9f * sqrtf(fmaxf(depth, 0.0f)), stripe = 0.5f + 0.5f * sinf(35.0f * (u + v * v));
        const float ball[3] = {light, light * stripe, 0.2f}, sky[3] = {0.3f - 0.2f * v, 0.5f - 0.2f * v, 0.8f};
        for (size_t c = 0; c < 3; c++) pixels[3 * i + c] = (unsigned char)(255.0f * (depth > 0.0f ? ball : sky)[c]);
    }
    return 1;
}

/* Trains on n pixels, then predicts all of them. */
static sape_status fit(size_t n, const float *x, const float *rgb, float *outputs) {
    sape_encoder_params encoder;
    sape_encoder_params_init(&encoder, sizeof encoder); /* the default has two coordinates */
    encoder.std = 5.0;                                  /* the bandwidth, in cycles per unit of x */
    encoder.num_frequencies = 128;
    sape_mask_params mask;
    sape_mask_params_init(&mask, sizeof mask);
    mask.resolution = 32; /* cells per axis */
    mask.num_blocks = 16; /* steps from the lowest frequencies to the highest */
    mask.num_iterations = ITERATIONS;
    sape_network_params network;
    sape_network_params_init(&network, sizeof network); /* the default has three outputs */
    network.hidden_dim = 128;
    sape_trainer_params training;
    sape_trainer_params_init(&training, sizeof training);
    training.batch_size = 1024;

    sape_field *field = NULL;
    sape_trainer *trainer = NULL;
    const size_t size[2] = {height, width};
    const float low[2] = {centre(0, height), centre(0, width)}, high[2] = {-low[0], -low[1]};
    sape_status status = sape_field_create(&encoder, &mask, &network, &field);
    if (status == SAPE_OK) status = sape_trainer_create(&training, NULL, field, &trainer);
    if (status == SAPE_OK) status = sape_trainer_set_data(trainer, n, x, rgb);
    if (status == SAPE_OK) status = sape_trainer_run(trainer, ITERATIONS, NULL, NULL, NULL);
    if (status == SAPE_OK) status = sape_field_predict_grid(field, size, low, high, outputs);
    sape_trainer_free(trainer);
    sape_field_free(field);
    return status;
}

int main(int argc, char **argv) {
    const char *target = argc > 1 ? argv[1] : "", *result = argc > 2 ? argv[2] : "fit_2d.ppm";
    if (!(argc > 1 ? read_ppm(target) : draw()))
        return fprintf(stderr, "%s: not a readable PPM file (P6, 8 bits per channel)\n", target), 1;
    size_t values = 3 * height * width, n = 0;
    float *x = malloc(values * sizeof *x), *rgb = malloc(values * sizeof *rgb), *outputs = malloc(values * sizeof *rgb);
    if (x == NULL || rgb == NULL || outputs == NULL) return fputs("not enough memory\n", stderr), 1;

    for (size_t row = 0; row < height; row += 2)
        for (size_t column = 0; column < width; column += 2, n++) {
            x[2 * n] = centre(row, height);
            x[2 * n + 1] = centre(column, width);
            for (size_t c = 0; c < 3; c++) rgb[3 * n + c] = (float)pixels[3 * (row * width + column) + c] / 255.0f;
        }
    if (fit(n, x, rgb, outputs) != SAPE_OK) return fprintf(stderr, "%s\n", sape_last_error()), 1;

    double error = 0.0;
    for (size_t i = 0; i < values; i++) {
        double value = fmin(fmax((double)outputs[i], 0.0), 1.0);
        error += pow(value - pixels[i] / 255.0, 2.0) / (double)values;
        pixels[i] = (unsigned char)lrint(255.0 * value);
    }
    printf("PSNR over all %zu pixels: %.1f dB, from %zu of them\n", height * width, -10.0 * log10(error), n);

    FILE *file = fopen(result, "wb");
    if (file == NULL) return perror(result), 1;
    fprintf(file, "P6\n%zu %zu\n255\n", width, height);
    int written = fwrite(pixels, 3, height * width, file) == height * width;
    if (fclose(file) != 0 || !written) return perror(result), 1;
    free(x), free(rgb), free(outputs);
    return 0;
}
