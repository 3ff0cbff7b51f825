/* SPDX-License-Identifier: MIT */
#include "mesh/render.h"

#include "cli/message.h"
#include "mesh/corner_normals.h"

#include <stdlib.h>

/* Samples a pixel and axis. */
#define SUPERSAMPLING 3

#define AMBIENT 0.25

const struct view render_usual_view = {.azimuth = -60.0,
                                       .elevation = 30.0,
                                       .radius = 1.0,
                                       .crease = 40.0,
                                       .color = {0.69f, 0.72f, 0.78f},
                                       .background = {1.0f, 1.0f, 1.0f}};

/* The samples, and how the mesh's space maps to them. */
struct canvas {
    vec3 right, up, back; /* the eye's axes; back points from the mesh to the eye */
    vec3 light;
    double scale; /* samples a unit */
    size_t width, height;
    float *depth; /* (height, width) along back, -INFINITY where nothing is */
    float *color; /* (height, width, 3) 0 to 1 */
};

static void aim(struct canvas *canvas, const struct view *view) {
    const double azimuth = view->azimuth * M_PI / 180.0, elevation = view->elevation * M_PI / 180.0;
    canvas->back = (vec3){cos(elevation) * cos(azimuth), cos(elevation) * sin(azimuth), sin(elevation)};
    canvas->right = (vec3){-sin(azimuth), cos(azimuth), 0.0};
    canvas->up = vec3_cross(canvas->back, canvas->right);
    /* From above the eye's left shoulder. */
    canvas->light = vec3_unit(vec3_add(canvas->back, vec3_scale(vec3_subtract(canvas->up, canvas->right), 0.5)));
    canvas->scale = 0.5 * (double)(canvas->width < canvas->height ? canvas->width : canvas->height) / view->radius;
}

/* The samples' coordinates: x to the right, y down, z towards the eye. */
static vec3 project(const struct canvas *canvas, vec3 p) {
    return (vec3){0.5 * (double)canvas->width + canvas->scale * vec3_dot(p, canvas->right),
                  0.5 * (double)canvas->height - canvas->scale * vec3_dot(p, canvas->up), vec3_dot(p, canvas->back)};
}

static double shade_of(const struct canvas *canvas, vec3 normal) {
    return AMBIENT + (1.0 - AMBIENT) * fabs(vec3_dot(vec3_unit(normal), canvas->light));
}

static size_t clamp_sample(double position, size_t size) {
    return !(position > 0.0) ? 0 : position >= (double)size ? size : (size_t)position;
}

/* Fills the samples whose middles lie in the projected triangle t; normals and colors are those of its corners. */
static void fill(struct canvas *canvas, triangle t, triangle normals, triangle colors) {
    const double area = (t.b.x - t.a.x) * (t.c.y - t.a.y) - (t.b.y - t.a.y) * (t.c.x - t.a.x);
    if (area == 0.0) return;
    const size_t left = clamp_sample(fmin(t.a.x, fmin(t.b.x, t.c.x)), canvas->width);
    const size_t right = clamp_sample(fmax(t.a.x, fmax(t.b.x, t.c.x)) + 1.0, canvas->width);
    const size_t top = clamp_sample(fmin(t.a.y, fmin(t.b.y, t.c.y)), canvas->height);
    const size_t bottom = clamp_sample(fmax(t.a.y, fmax(t.b.y, t.c.y)) + 1.0, canvas->height);
    for (size_t row = top; row < bottom; row++)
        for (size_t column = left; column < right; column++) {
            const double x = (double)column + 0.5, y = (double)row + 0.5;
            const double v = ((x - t.a.x) * (t.c.y - t.a.y) - (y - t.a.y) * (t.c.x - t.a.x)) / area;
            const double w = ((t.b.x - t.a.x) * (y - t.a.y) - (t.b.y - t.a.y) * (x - t.a.x)) / area;
            const double u = 1.0 - v - w;
            if (u < 0.0 || v < 0.0 || w < 0.0) continue;
            const float depth = (float)(u * t.a.z + v * t.b.z + w * t.c.z);
            const size_t sample = row * canvas->width + column;
            if (depth <= canvas->depth[sample]) continue;
            canvas->depth[sample] = depth;
            const double shade = shade_of(canvas, triangle_point(normals, (double[]){u, v, w}));
            vec3_store(canvas->color + 3 * sample, vec3_scale(triangle_point(colors, (double[]){u, v, w}), shade));
        }
}

static triangle load_at_vertices(const float *values, const uint32_t *corners) {
    return (triangle){vec3_load(values + 3 * (size_t)corners[0]), vec3_load(values + 3 * (size_t)corners[1]),
                      vec3_load(values + 3 * (size_t)corners[2])};
}

/* smooth: the normals of all corners, for a mesh without its own. */
static void draw_face(struct canvas *canvas, const struct mesh *mesh, const struct view *view, const float *smooth,
                      size_t face) {
    static const uint32_t in_order[] = {0, 1, 2};
    const uint32_t *corners = mesh->faces + 3 * face;
    const triangle t = mesh_triangle(mesh, face);
    const triangle normals =
        mesh->normals ? load_at_vertices(mesh->normals, corners) : load_at_vertices(smooth + 9 * face, in_order);
    const vec3 color = vec3_load(view->color);
    fill(canvas, (triangle){project(canvas, t.a), project(canvas, t.b), project(canvas, t.c)}, normals,
         mesh->colors ? load_at_vertices(mesh->colors, corners) : (triangle){color, color, color});
}

static bool draw_faces(struct canvas *canvas, const struct mesh *mesh, const struct view *view) {
    float *smooth = mesh->normals ? NULL : corner_normals(mesh, view->crease);
    if (!mesh->normals && !smooth) return false;
    for (size_t f = 0; f < mesh->num_faces; f++) draw_face(canvas, mesh, view, smooth, f);
    free(smooth);
    return true;
}

/* Averages the samples of a pixel. */
static void resolve(const struct canvas *canvas, const struct view *view, size_t x, size_t y, float pixel[3]) {
    for (int k = 0; k < 3; k++) pixel[k] = 0.0f;
    for (size_t i = 0; i < SUPERSAMPLING * SUPERSAMPLING; i++) {
        const size_t row = SUPERSAMPLING * y + i / SUPERSAMPLING, column = SUPERSAMPLING * x + i % SUPERSAMPLING;
        const size_t sample = row * canvas->width + column;
        const bool covered = canvas->depth[sample] > -INFINITY;
        for (int k = 0; k < 3; k++) {
            const float value = covered ? canvas->color[3 * sample + (size_t)k] : view->background[k];
            pixel[k] += value / (SUPERSAMPLING * SUPERSAMPLING);
        }
    }
}

bool render_mesh(const struct mesh *mesh, const struct view *view, size_t width, size_t height, float *values) {
    struct canvas canvas = {.width = SUPERSAMPLING * width, .height = SUPERSAMPLING * height};
    const size_t num_samples = canvas.width * canvas.height;
    canvas.depth = malloc(num_samples * sizeof *canvas.depth);
    canvas.color = malloc(3 * num_samples * sizeof *canvas.color);
    bool done = (canvas.depth && canvas.color) || message_out_of_memory();
    for (size_t i = 0; done && i < num_samples; i++) canvas.depth[i] = -INFINITY;
    if (done) aim(&canvas, view);
    done = done && draw_faces(&canvas, mesh, view);
    for (size_t i = 0; done && i < width * height; i++) resolve(&canvas, view, i % width, i / width, values + 3 * i);
    free(canvas.depth);
    free(canvas.color);
    return done;
}
