#include "runtime/record_npz.h"

struct shape {
    uint32_t rank;
    uint64_t extent[NPY_MAX_RANK];
};

static void push(struct shape *s, uint64_t extent)
{
    s->extent[s->rank++] = extent;
}

static void push_all(struct shape *s, const struct plan_shape *more)
{
    for (uint32_t i = 0; i < more->rank; i++)
        push(s, more->extent[i]);
}

/* ---- recorded variables ------------------------------------------------------------------------
 */

static bool write_record(struct npz_writer *w, struct arena *a, const struct plan *p,
                         const struct run_result *r, uint32_t i, bool chips)
{
    const struct run_record what = r->record[i].what;
    const struct plan_group *g = &p->group.data[what.group];
    const bool spikes = what.state < 0;
    const char *variable = spikes ? "spikes" : p->kernel.data[g->kernel]->state[what.state];
    struct shape s = {0};
    if (chips)
        push(&s, r->chips);
    push(&s, r->trials);
    push(&s, r->steps);
    push_all(&s, &g->shape);
    size_t n = (size_t)r->chips * r->trials * (size_t)r->steps * g->n;
    return npz_member(w, arena_printf(a, "%s.%s", g->name, variable), spikes ? "|u1" : "<f4",
                      s.rank, s.extent) &&
           npz_write(w, r->record[i].data, n * (spikes ? sizeof(uint8_t) : sizeof(float)));
}

/* ---- stimuli -----------------------------------------------------------------------------------
 */

static uint32_t largest_count(const struct stimulus_player *s, const struct run_result *r,
                              uint32_t input, struct stimulus_event *event)
{
    uint32_t most = 0;
    for (uint32_t t = 0; t < r->trials; t++) {
        for (uint64_t step = 0; step < r->steps; step++) {
            uint32_t n = stimulus_at(s, input, t, step, event);
            for (uint32_t i = 0; i < n; i++)
                most = event[i].count > most ? event[i].count : most;
        }
    }
    return most;
}

/* One step's counts as `size`-byte little-endian numbers. */
static void fill_row(uint8_t *row, size_t size, const struct stimulus_event *event, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        for (size_t byte = 0; byte < size; byte++)
            row[event[i].channel * size + byte] = (uint8_t)(event[i].count >> (8 * byte));
    }
}

static bool write_input(struct npz_writer *w, struct arena *a, const struct plan *p,
                        const struct stimulus_player *s, const struct run_result *r, uint32_t input)
{
    const struct plan_input *in = &p->input.data[input];
    struct stimulus_event *event = ARENA_ARRAY(a, struct stimulus_event, in->n);
    const uint32_t most = largest_count(s, r, input, event);
    const size_t size = most <= UINT8_MAX ? 1 : most <= UINT16_MAX ? 2 : 4;
    struct shape shape = {0};
    push(&shape, r->trials);
    push(&shape, r->steps);
    push_all(&shape, &in->shape);
    bool ok = npz_member(w, arena_printf(a, "input.%s", in->name),
                         size == 1   ? "|u1"
                         : size == 2 ? "<u2"
                                     : "<u4",
                         shape.rank, shape.extent);
    uint8_t *row = ARENA_ARRAY(a, uint8_t, in->n * size);
    for (uint32_t t = 0; ok && t < r->trials; t++) {
        for (uint64_t step = 0; ok && step < r->steps; step++) {
            memset(row, 0, in->n * size);
            fill_row(row, size, event, stimulus_at(s, input, t, step, event));
            ok = npz_write(w, row, in->n * size);
        }
    }
    return ok;
}

/* ---- the file ----------------------------------------------------------------------------------
 */

bool record_npz(const char *path, const struct plan *p, const struct stimulus *s,
                const struct run_result *r, bool chips, struct diags *d)
{
    struct arena scratch = {0};
    struct stimulus_player player;
    struct npz_writer *w =
        stimulus_play(&scratch, s, p->dt, &player, d) ? npz_create(path, d) : NULL;
    bool ok = w != NULL;
    for (uint32_t i = 0; ok && i < r->n_record; i++)
        ok = write_record(w, &scratch, p, r, i, chips);
    for (uint32_t i = 0; ok && i < p->input.n; i++)
        ok = write_input(w, &scratch, p, &player, r, i);
    ok = ok && npz_member(w, "dt", "<f8", 0, NULL) && npz_write(w, &r->dt, sizeof r->dt);
    if (w && !ok)
        npz_abort(w);
    ok = ok && npz_close(w);
    arena_free(&scratch);
    return ok;
}
