/* SPDX-License-Identifier: MIT */
#include "mesh/orientation.h"

#include "cli/message.h"
#include "mesh/components.h"
#include "mesh/duplicates.h"
#include "mesh/winding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Components that are named in messages, and faces by whose middles one is found to lie within another. */
enum { MAX_NAMED = 8, NUM_PROBES = 16 };

/* Where a closed component is decided to lie. */
struct place {
    uint32_t component;
    int solid;        /* the sum of the winding numbers of the closed components around it */
    bool along, turn; /* along: the innermost of those is turned */
};

struct mending {
    struct mesh *mesh; /* as it is given */
    const char *path;
    uint32_t *first;  /* (mesh->num_faces) as duplicates_find() gives it */
    struct mesh core; /* of every face once, and without pairs that face both ways; its vertices are the mesh's */
    uint32_t *place;  /* (mesh->num_faces) of a face that is its own first: where it is in the core, or UINT32_MAX */
    struct components components;
    size_t num_places;
    struct place *places; /* (num_places) the closed components, the largest first */
};

static void flip(uint32_t *corners) {
    const uint32_t kept = corners[1];
    corners[1] = corners[2];
    corners[2] = kept;
}

/* Puts a face into the core as most of its like are. */
static void add_to_core(struct mending *m, uint32_t face, int balance) {
    m->place[face] = UINT32_MAX;
    if (m->first[face] != face || balance == 0) return;
    uint32_t *corners = m->core.faces + 3 * m->core.num_faces;
    memcpy(corners, m->mesh->faces + 3 * (size_t)face, 3 * sizeof *corners);
    if (balance < 0) flip(corners);
    m->core.numbers[m->core.num_faces] = m->mesh->numbers[face];
    m->place[face] = (uint32_t)m->core.num_faces++;
}

static bool make_core(struct mending *m) {
    const size_t n = m->mesh->num_faces;
    int *balance = calloc(n, sizeof *balance);
    m->first = malloc(n * sizeof *m->first);
    m->place = malloc(n * sizeof *m->place);
    m->core = (struct mesh){.num_vertices = m->mesh->num_vertices,
                            .vertices = m->mesh->vertices,
                            .faces = malloc(3 * n * sizeof *m->core.faces),
                            .numbers = malloc(n * sizeof *m->core.numbers)};
    bool done = (balance && m->first && m->place && m->core.faces && m->core.numbers) || message_out_of_memory();
    done = done && duplicates_find(m->mesh, m->first);
    for (size_t f = 0; done && f < n; f++)
        balance[m->first[f]] += duplicates_agree(m->mesh, m->first[f], (uint32_t)f) ? 1 : -1;
    for (size_t f = 0; done && f < n; f++) add_to_core(m, (uint32_t)f, balance[f]);
    free(balance);
    return done;
}

static const struct component *component_at(const struct mending *m, size_t place) {
    return &m->components.all[m->places[place].component];
}

static bool is_closed(const struct component *component) {
    return component->num_open == 0 && !component->one_sided;
}

static int compare_volumes(const void *left, const void *right, void *all) {
    const struct component *components = all;
    const double l = fabs(components[*(const uint32_t *)left].volume);
    const double r = fabs(components[*(const uint32_t *)right].volume);
    return (l < r) - (l > r);
}

/* Lists the closed components when one of them faces inwards; otherwise there is nothing to decide. */
static bool list_places(struct mending *m) {
    bool inwards = false;
    m->places = calloc(m->components.n + 1, sizeof *m->places);
    uint32_t *order = malloc((m->components.n + 1) * sizeof *order);
    if (!order || !m->places) {
        free(order);
        return message_out_of_memory();
    }
    for (size_t c = 0; c < m->components.n; c++) {
        if (!is_closed(&m->components.all[c])) continue;
        order[m->num_places++] = (uint32_t)c;
        inwards |= m->components.all[c].volume < 0.0;
    }
    if (!inwards) m->num_places = 0;
    qsort_r(order, m->num_places, sizeof *order, compare_volumes, m->components.all);
    for (size_t i = 0; i < m->num_places; i++) m->places[i].component = order[i];
    free(order);
    return true;
}

static bool box_within(const struct component *inner, const struct component *outer) {
    for (int k = 0; k < 3; k++)
        if (inner->low[k] < outer->low[k] || inner->high[k] > outer->high[k]) return false;
    return true;
}

/* A component as a mesh, turned as most of its faces are. */
static bool extract(const struct mending *m, const struct component *component, struct mesh *part) {
    *part = m->core;
    part->num_faces = component->num_faces;
    part->faces = malloc(3 * component->num_faces * sizeof *part->faces);
    if (!part->faces) return message_out_of_memory();
    for (size_t i = 0; i < component->num_faces; i++) {
        const size_t face = m->components.faces[component->begin + i];
        memcpy(part->faces + 3 * i, m->core.faces + 3 * face, 3 * sizeof *part->faces);
        if (m->components.turned[face]) flip(part->faces + 3 * i);
    }
    return true;
}

/* Whether middles of faces all over a component lie where another one, whose winding numbers these are, winds. */
static bool lies_within(const struct mending *m, const struct component *inner, const struct winding *outer,
                        float sign) {
    float points[3 * NUM_PROBES], numbers[NUM_PROBES];
    for (size_t i = 0; i < NUM_PROBES; i++) {
        const size_t face = m->components.faces[inner->begin + i * inner->num_faces / NUM_PROBES];
        vec3_store(points + 3 * i, triangle_centroid(mesh_triangle(&m->core, face)));
    }
    winding_numbers(outer, WINDING_USUAL_ACCURACY, NUM_PROBES, points, numbers, 1);
    for (size_t i = 0; i < NUM_PROBES; i++)
        if (sign * numbers[i] < 0.5f) return false;
    return true;
}

/* Tells the smaller components within a component, which is decided, that it is around them. */
static bool surround(struct mending *m, size_t outer, const struct winding *winding) {
    const struct place *place = &m->places[outer];
    const float sign = component_at(m, outer)->volume < 0.0 ? -1.0f : 1.0f;
    const int number = (sign < 0.0f) == place->turn ? 1 : -1;
    for (size_t i = outer + 1; i < m->num_places; i++) {
        if (!box_within(component_at(m, i), component_at(m, outer))) continue;
        if (!lies_within(m, component_at(m, i), winding, sign)) continue;
        m->places[i].solid += number;
        m->places[i].along = place->turn;
    }
    return true;
}

static bool has_candidates(const struct mending *m, size_t outer) {
    for (size_t i = outer + 1; i < m->num_places; i++)
        if (box_within(component_at(m, i), component_at(m, outer))) return true;
    return false;
}

static bool look_within(struct mending *m, size_t outer) {
    struct mesh part;
    struct bvh bvh = {0};
    struct winding winding = {0};
    if (!has_candidates(m, outer)) return true;
    const bool done = extract(m, component_at(m, outer), &part) && bvh_build(&bvh, &part) &&
                      winding_build(&winding, &bvh) && surround(m, outer, &winding);
    winding_free(&winding);
    bvh_free(&bvh);
    free(part.faces);
    return done;
}

/* The rules of the header: those around a component are larger, and have been decided before. */
static bool decide(struct mending *m) {
    for (size_t i = 0; i < m->num_places; i++) {
        struct place *place = &m->places[i];
        const bool inwards = component_at(m, i)->volume < 0.0;
        place->turn = place->solid <= 0 ? inwards : !inwards && place->along;
        if (!look_within(m, i)) return false;
    }
    return true;
}

/* What is said of a component, in the order of the places; it is empty of one that is as it should be. */
static void describe(const struct component *component, const struct place *place, char *to, size_t size) {
    int length = 0;
    to[0] = '\0';
    if (component->one_sided) length += snprintf(to, size, "; it has only one side and stays unchanged");
    if (component->num_turned > 0)
        length += snprintf(to + length, size - (size_t)length, "; %zu faces faced the wrong way and are flipped",
                           component->num_turned);
    if (place && place->turn)
        length += snprintf(to + length, size - (size_t)length, "; it %s and is flipped",
                           component->volume < 0.0 ? "faced inwards" : "lies within a flipped one");
    if (!component->one_sided && component->num_open > 0)
        snprintf(to + length, size - (size_t)length, "; it is open at %zu edges%s and stays unchanged",
                 component->num_open, component->volume < 0.0 ? " and seems to face inwards" : "");
}

static void name(const struct mending *m, size_t index, const char *text) {
    const struct component *component = &m->components.all[index];
    const vec3 middle = placement_undo(m->mesh->placement, (vec3){0.5 * (component->low[0] + component->high[0]),
                                                                  0.5 * (component->low[1] + component->high[1]),
                                                                  0.5 * (component->low[2] + component->high[2])});
    message_warning("'%s': component %zu of %zu, %zu triangles around (%.8g, %.8g, %.8g), the first in face %u%s",
                    m->path, index + 1, m->components.n, component->num_faces, middle.x, middle.y, middle.z,
                    m->core.numbers[m->components.faces[component->begin]], text);
}

static bool report(const struct mending *m) {
    const struct place **places = calloc(m->components.n + 1, sizeof(struct place *));
    size_t count = 0;
    if (!places) return message_out_of_memory();
    for (size_t i = 0; i < m->num_places; i++) places[m->places[i].component] = &m->places[i];
    for (size_t c = 0; c < m->components.n; c++) {
        char text[256];
        describe(&m->components.all[c], places[c], text, sizeof text);
        if (text[0] != '\0' && count++ < MAX_NAMED) name(m, c, text);
    }
    if (count > MAX_NAMED) message_warning("'%s': %zu more components are like these", m->path, count - MAX_NAMED);
    free(places);
    return true;
}

/* A face that is there again goes with the first. */
static void apply(const struct mending *m) {
    bool *turned = m->components.turned;
    for (size_t i = 0; i < m->num_places; i++) {
        const struct component *component = component_at(m, i);
        for (size_t f = component->begin; m->places[i].turn && f < component->begin + component->num_faces; f++)
            turned[m->components.faces[f]] ^= true;
    }
    for (size_t f = 0; f < m->mesh->num_faces; f++) {
        const uint32_t place = m->place[m->first[f]];
        if (place != UINT32_MAX && turned[place]) flip(m->mesh->faces + 3 * f);
    }
}

bool orientation_mend(struct mesh *mesh, const char *path) {
    struct mending m = {.mesh = mesh, .path = path};
    const bool done =
        make_core(&m) && components_find(&m.components, &m.core) && list_places(&m) && decide(&m) && report(&m);
    if (done) apply(&m);
    components_free(&m.components);
    free(m.places);
    free(m.place);
    free(m.first);
    free(m.core.faces);
    free(m.core.numbers);
    return done;
}
