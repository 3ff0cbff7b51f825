/* SPDX-License-Identifier: MIT */
/*
 * kill_save FILE KILLS: saves a field again and again in a child process that is killed at random moments; after every
 * kill FILE must load and be one of the fields that were saved.
 *
 * Field number n has all its parameters set to n, and every process goes on from the number in the file.
 */
#include <sape/sape.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The child is killed within this time, which is enough for a few saves. */
#define LONGEST_LIFE 20000000

static void give_up(const char *what) {
    fprintf(stderr, "%s: %s\n", what, sape_last_error());
    exit(1);
}

static sape_field *make_field(void) {
    sape_encoder_params encoder;
    sape_mask_params mask;
    sape_network_params network;
    sape_field *field;
    sape_encoder_params_init(&encoder, sizeof encoder);
    sape_mask_params_init(&mask, sizeof mask);
    sape_network_params_init(&network, sizeof network);
    encoder.num_frequencies = 16;
    mask.resolution = 16;
    network.hidden_dim = 64;
    if (sape_field_create(&encoder, &mask, &network, &field) != SAPE_OK) give_up("cannot make a field");
    return field;
}

static void set_number(sape_field *field, float number) {
    sape_network *network = sape_field_network(field);
    const size_t count = sape_network_num_parameters(network);
    float *parameters = malloc(count * sizeof *parameters);
    for (size_t i = 0; parameters != NULL && i < count; i++) parameters[i] = number;
    if (sape_network_set_parameters(network, parameters, count) != SAPE_OK) give_up("cannot set the parameters");
    free(parameters);
}

/* The field's number; the program ends when its parameters are of different ones. */
static float number_of(const sape_field *field) {
    const sape_network *network = sape_field_network(field);
    const size_t count = sape_network_num_parameters(network);
    float *parameters = malloc(count * sizeof *parameters);
    if (sape_network_get_parameters(network, parameters, count) != SAPE_OK) give_up("cannot get the parameters");
    const float number = parameters[0];
    for (size_t i = 1; i < count; i++) {
        if (parameters[i] == number) continue;
        fprintf(stderr, "parameter %zu is of field %g, those before of field %g\n", i, (double)parameters[i],
                (double)number);
        exit(1);
    }
    free(parameters);
    return number;
}

static float load_number(const char *path) {
    sape_field *field;
    if (sape_field_load(path, &field) != SAPE_OK) give_up("after a kill the file does not load");
    const float number = number_of(field);
    sape_field_free(field);
    return number;
}

static void save_for_ever(sape_field *field, const char *path, float number) {
    for (;;) {
        set_number(field, number++);
        if (sape_field_save(field, path) != SAPE_OK) give_up("cannot save");
    }
}

static void wait_and_kill(pid_t child) {
    const struct timespec life = {.tv_nsec = rand() % LONGEST_LIFE};
    nanosleep(&life, NULL);
    kill(child, SIGKILL);
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) exit(1);
}

int main(int argc, char **argv) {
    if (argc != 3) return 2;
    const char *path = argv[1];
    const int kills = atoi(argv[2]);
    sape_field *field = make_field();
    float number = 0.0f;
    srand(1);
    set_number(field, number);
    if (sape_field_save(field, path) != SAPE_OK) give_up("cannot save");
    for (int i = 0; i < kills; i++) {
        const pid_t child = fork();
        if (child < 0) return 1;
        if (child == 0) save_for_ever(field, path, number + 1.0f);
        wait_and_kill(child);
        const float found = load_number(path);
        if (found < number) {
            fprintf(stderr, "field %g was in the file, now it is %g\n", (double)number, (double)found);
            return 1;
        }
        number = found;
    }
    printf("%d kills, %g fields saved\n", kills, (double)number);
    sape_field_free(field);
    return 0;
}
