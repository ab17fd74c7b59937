#include "targets/dynapse2/emulate_board.h"
#include <string.h>

/* ---- travelling ---- */

struct d2_landing d2_travel(struct d2_grid g, uint32_t chip, const struct d2_destination *to)
{
    int x = (int)(chip % g.columns), y = (int)(chip / g.columns);
    int x_left = to->x_hop, y_left = to->y_hop;
    const bool for_host = to->x_hop == D2_HOST_HOP && to->y_hop == D2_HOST_HOP;
    while (x_left != 0) {
        const int step = x_left > 0 ? 1 : -1;
        x += step;
        x_left -= step;
        if (x < 0 && for_host)
            return (struct d2_landing){.where = D2_AT_HOST, .x_left = (int8_t)x_left};
        if (x < 0 || x == g.columns)
            return (struct d2_landing){.where = D2_LOST};
    }
    while (y_left != 0) {
        const int step = y_left > 0 ? 1 : -1;
        y += step;
        y_left -= step;
        if (y < 0 || y == g.rows)
            return (struct d2_landing){.where = D2_LOST};
    }
    return (struct d2_landing){.where = D2_AT_CHIP, .chip = (uint32_t)(y * g.columns + x)};
}

/* ---- senders ---- */

/* The last of `first` that isn't above `id`. */
static uint32_t find(const uint32_t *first, uint32_t n, uint32_t id)
{
    uint32_t begin = 0, end = n;
    while (end - begin > 1) {
        uint32_t middle = begin + (end - begin) / 2;
        if (first[middle] <= id)
            begin = middle;
        else
            end = middle;
    }
    return begin;
}

struct d2_sender d2_sender(const struct d2_board *b, uint32_t id)
{
    const struct d2_config *c = b->config;
    if (id < b->n_channels) {
        uint32_t i = find(b->first_channel, c->n_inputs, id), k = id - b->first_channel[i];
        const struct d2_channel *ch = &c->input[i].channel[k];
        return (struct d2_sender){.id = id,
                                  .from_input = true,
                                  .src = (int32_t)i,
                                  .index = k,
                                  .n = ch->n,
                                  .channel = ch->to};
    }
    uint32_t i = find(b->first_neuron, c->n_cores, id);
    const struct d2_core *core = &c->core[i];
    const struct d2_neuron *x = &core->neuron[id - b->first_neuron[i]];
    return (struct d2_sender){.id = id,
                              .src = x->group,
                              .index = x->element,
                              .chip = core->chip,
                              .n = x->n_sram,
                              .sram = x->sram,
                              .core = core,
                              .neuron = x};
}

uint32_t d2_sender_of(const struct d2_board *b, const struct d2_placed *x)
{
    return b->first_neuron[x->core - b->config->core] + (uint32_t)(x->neuron - x->core->neuron);
}

const struct d2_destination *d2_destination(const struct d2_sender *s, uint32_t i)
{
    return s->channel ? &s->channel[i] : &s->sram[i].to;
}

uint32_t d2_arrivals(const struct d2_board *b, const struct d2_sender *s, uint32_t i,
                     uint32_t key[D2_CORES])
{
    const struct d2_destination *to = d2_destination(s, i);
    const struct d2_landing at = d2_travel(b->config->grid, s->chip, to);
    uint32_t n = 0;
    for (uint32_t k = 0; at.where == D2_AT_CHIP && k < D2_CORES; k++) {
        int32_t core = b->core_at[at.chip * D2_CORES + k];
        if ((to->cores >> k & 1) && core >= 0)
            key[n++] = (uint32_t)core * D2_TAGS + to->tag;
    }
    return n;
}

static bool number_senders(struct arena *a, struct d2_board *b, struct diags *d)
{
    const struct d2_config *c = b->config;
    uint64_t n = 0;
    b->first_channel = ARENA_ARRAY(a, uint32_t, c->n_inputs);
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        b->first_channel[i] = (uint32_t)n;
        n += c->input[i].n;
        if (n > INT32_MAX)
            return d2_bad(d, "more channels than the tools handle");
    }
    b->n_channels = (uint32_t)n;
    b->first_neuron = ARENA_ARRAY(a, uint32_t, c->n_cores);
    for (uint32_t i = 0; i < c->n_cores; i++) {
        b->first_neuron[i] = (uint32_t)n;
        n += c->core[i].n_neurons; /* few: 900 cores of 256 */
    }
    b->n_senders = (uint32_t)n;
    return true;
}

/* ---- CAM ---- */

struct dendrite { /* what it is to the neurons of a group */
    uint32_t receptor;
    double sign;
};

static void find_dendrites(const struct d2_board *b, uint32_t group,
                           struct dendrite out[D2_N_DENDRITES])
{
    const struct d2_group *g = &b->config->group[group];
    const uint32_t *first = b->links->first_receptor, none = first[b->config->n_groups];
    for (uint32_t k = 0; k < D2_N_DENDRITES; k++)
        out[k] = (struct dendrite){none, 1};
    for (uint32_t r = 0; r < g->n_receptors; r++) {
        for (uint32_t i = 0; i < g->receptor[r].n; i++) {
            struct dendrite *x = &out[g->receptor[r].dendrite[i]];
            if (x->receptor == none) /* the first owner counts */
                *x = (struct dendrite){first[group] + r, g->receptor[r].negative[i] ? -1 : 1};
        }
    }
}

/* Each entry that acts with its key: counted by receptor, or put into its place. */
static void visit_cam(struct d2_board *b, uint32_t *place, uint32_t *key)
{
    for (uint32_t g = 0; g < b->config->n_groups; g++) {
        struct dendrite dendrite[D2_N_DENDRITES];
        find_dendrites(b, g, dendrite);
        for (uint32_t e = 0; e < b->links->plan->group.data[g].n; e++) {
            const struct d2_placed *x = &b->links->home[g][e];
            const uint32_t core = (uint32_t)(x->core - b->config->core);
            const double *base = b->current + core * D2_N_PARAMS + D2_BASE_PARAM;
            for (uint32_t m = 0; m < x->neuron->n_cam; m++) {
                const struct d2_cam *cam = &x->neuron->cam[m];
                const struct dendrite *to = &dendrite[cam->dendrite];
                if (cam->mask == 0 || cam->dendrite == D2_NONE)
                    continue;
                if (!key) {
                    place[to->receptor + 1]++;
                    continue;
                }
                double sum = 0;
                for (uint32_t k = 0; k < D2_BASES; k++)
                    sum += cam->mask >> k & 1 ? base[k] : 0;
                const uint32_t at = place[to->receptor]++;
                b->entry[at] = (struct d2_entry){to->receptor, e, to->sign * sum};
                key[at] = core * D2_TAGS + cam->tag;
            }
        }
    }
}

/* Entries in the order of (receptor, post, slot), and lists of them for each key. */
static void index_cam(struct arena *a, struct d2_board *b)
{
    struct arena scratch = {0};
    const uint32_t n_receptors = b->links->first_receptor[b->config->n_groups];
    uint32_t *place = ARENA_ARRAY(&scratch, uint32_t, (size_t)n_receptors + 2);
    visit_cam(b, place, NULL);
    for (uint32_t r = 0; r <= n_receptors; r++)
        place[r + 1] += place[r];
    b->n_entries = place[n_receptors + 1];
    b->entry = ARENA_ARRAY(a, struct d2_entry, b->n_entries);
    uint32_t *key = ARENA_ARRAY(&scratch, uint32_t, b->n_entries);
    visit_cam(b, place, key);

    b->start = ARENA_ARRAY(a, uint32_t, b->n_keys + 1);
    b->heard = ARENA_ARRAY(a, uint32_t, b->n_entries);
    for (uint32_t i = 0; i < b->n_entries; i++)
        b->start[key[i] + 1]++;
    for (uint32_t k = 0; k < b->n_keys; k++)
        b->start[k + 1] += b->start[k];
    uint32_t *next = ARENA_ARRAY(&scratch, uint32_t, b->n_keys);
    memcpy(next, b->start, b->n_keys * sizeof *next);
    for (uint32_t i = 0; i < b->n_entries; i++)
        b->heard[next[key[i]]++] = i;

    b->in_cam = ARENA_ARRAY(a, bool, b->n_keys);
    for (uint32_t i = 0; i < b->config->n_cores; i++) {
        const struct d2_core *core = &b->config->core[i];
        for (uint32_t j = 0; j < core->n_neurons; j++) {
            for (uint32_t m = 0; m < core->neuron[j].n_cam; m++)
                b->in_cam[i * D2_TAGS + core->neuron[j].cam[m].tag] = true;
        }
    }
    arena_free(&scratch);
}

/* ---- who sends where ---- */

/* Notes the sender at the keys that it reaches; the acting entries that one of its events finds. */
static size_t note_sender(struct d2_board *b, const struct d2_sender *s, bool *unowned)
{
    const uint32_t n_receptors = b->links->first_receptor[b->config->n_groups];
    size_t reached = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t key[D2_CORES], n = d2_arrivals(b, s, i, key);
        for (uint32_t k = 0; k < n; k++) {
            const uint32_t at = key[k], end = b->start[at + 1];
            reached += end - b->start[at];
            *unowned = *unowned ||
                       (end > b->start[at] && b->entry[b->heard[end - 1]].receptor == n_receptors);
            if (b->sender[at] == D2_NOBODY)
                b->sender[at] = s->id;
            else if (b->sender[at] != s->id && b->other_sender[at] == D2_NOBODY)
                b->other_sender[at] = s->id;
        }
    }
    return reached;
}

/* Senders that fire come first, so that one of no layer is named only where it is alone. */
static bool note_senders(struct arena *a, struct d2_board *b, struct diags *d)
{
    b->sender = ARENA_ARRAY(a, uint32_t, b->n_keys);
    b->other_sender = ARENA_ARRAY(a, uint32_t, b->n_keys);
    memset(b->sender, 0xff, b->n_keys * sizeof *b->sender);
    memset(b->other_sender, 0xff, b->n_keys * sizeof *b->other_sender);
    uint64_t all = 0;
    bool unowned = false, ignored = false;
    for (uint32_t id = 0; id < b->n_senders; id++) {
        const struct d2_sender s = d2_sender(b, id);
        if (s.src < 0)
            continue;
        size_t n = note_sender(b, &s, &unowned);
        all += n;
        b->most = n > b->most ? n : b->most;
    }
    if (all > d2_synapse_limit(b->config))
        return d2_bad(d, "more synapses than the tools handle");
    if (unowned)
        return d2_bad(d, "a CAM entry uses a dendrite that no receptor of the neuron's model owns");
    for (uint32_t id = b->n_channels; id < b->n_senders; id++) {
        const struct d2_sender s = d2_sender(b, id);
        if (s.src < 0)
            note_sender(b, &s, &ignored);
    }
    return true;
}

/* ---- the board ---- */

bool d2_board_build(struct arena *a, const struct d2_config *c, const struct d2_links *l,
                    struct d2_board *out, struct diags *d)
{
    *out = (struct d2_board){.config = c, .links = l, .n_keys = c->n_cores * D2_TAGS};
    memset(out->core_at, 0xff, sizeof out->core_at);
    out->current = ARENA_ARRAY(a, double, c->n_cores *D2_N_PARAMS);
    for (uint32_t i = 0; i < c->n_cores; i++) {
        out->core_at[c->core[i].chip * D2_CORES + c->core[i].core] = (int32_t)i;
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (d2_has_current(p))
                out->current[i * D2_N_PARAMS + p] = d2_current(p, c->core[i].code[p]);
        }
    }
    if (!number_senders(a, out, d))
        return false;
    index_cam(a, out);
    return note_senders(a, out, d);
}
