#include "targets/dynapse2/emulate.h"
#include "targets/dynapse2/emulate_board.h"
#include <stdlib.h>
#include <string.h>

struct synapse { /* what one event of a source does to one neuron at one receptor */
    uint32_t receptor, post;
    float weight;
};

struct emulation {
    struct arena *arena; /* the plan's */
    struct arena scratch;
    const struct d2_config *config;
    struct d2_links links;
    struct d2_board board;
    struct findings *found;
    const struct d2_receptor **receptor; /* over all groups */
    uint32_t *hit;                       /* entries that one event reached */
    struct synapse *synapse;             /* what they come to */
    /* For each receptor, of the source at hand. */
    uint64_t *count;
    bool *stray;
    struct plan_projection *to; /* a copy: the plan's may move */
    uint32_t n_touched, *touched;
    uint64_t n_synapses;
};

/* ---- one event ---- */

static int ascending(const void *x, const void *y)
{
    const uint32_t *p = x, *q = y;
    return (*p > *q) - (*p < *q);
}

/* All entries that one event of a sender reaches by all of its destinations, ascending: by
 * receptor, neuron and slot. An entry that it reaches twice is there twice. */
static size_t send(struct emulation *x, const struct d2_sender *s)
{
    const struct d2_board *b = &x->board;
    size_t n = 0;
    bool sorted = true;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t key[D2_CORES], n_keys = d2_arrivals(b, s, i, key);
        for (uint32_t k = 0; k < n_keys; k++) {
            for (uint32_t h = b->start[key[k]]; h < b->start[key[k] + 1]; h++) {
                sorted = sorted && (n == 0 || x->hit[n - 1] <= b->heard[h]);
                x->hit[n++] = b->heard[h];
            }
        }
    }
    if (!sorted)
        qsort(x->hit, n, sizeof *x->hit, ascending);
    return n;
}

/* Currents that reach a neuron at one receptor add up, slot by slot, in float64; over the current
 * of a weight of 1 they are the weight, rounded once. */
static size_t weigh(struct emulation *x, size_t n_hits)
{
    const struct d2_entry *entry = x->board.entry;
    size_t n = 0;
    for (size_t i = 0, j; i < n_hits; i = j) {
        const struct d2_entry *e = &entry[x->hit[i]];
        const struct d2_receptor *r = x->receptor[e->receptor];
        double sum = 0;
        for (j = i; j < n_hits && entry[x->hit[j]].receptor == e->receptor &&
                    entry[x->hit[j]].post == e->post;
             j++)
            sum += entry[x->hit[j]].current;
        const double one = r->scale[r->n_scale == 1 ? 0 : e->post] * x->config->gain;
        const struct synapse s = {e->receptor, e->post, (float)(sum / one)};
        if (s.weight != 0)
            x->synapse[n++] = s;
    }
    return n;
}

static size_t fire(struct emulation *x, bool from_input, uint32_t src, uint32_t pre)
{
    const uint32_t id = from_input ? x->board.first_channel[src] + pre
                                   : d2_sender_of(&x->board, &x->links.home[src][pre]);
    const struct d2_sender s = d2_sender(&x->board, id);
    return weigh(x, send(x, &s));
}

/* ---- an input or group ---- */

static void count_synapses(struct emulation *x, bool from_input, uint32_t src, uint32_t n_pre)
{
    for (uint32_t pre = 0; pre < n_pre; pre++) {
        size_t n = fire(x, from_input, src, pre);
        for (size_t i = 0; i < n; i++) {
            uint32_t r = x->synapse[i].receptor;
            if (x->count[r]++ == 0)
                x->touched[x->n_touched++] = r;
        }
        x->n_synapses += n;
    }
    qsort(x->touched, x->n_touched, sizeof *x->touched, ascending);
}

static bool add_projections(struct emulation *x, bool from_input, uint32_t src, struct diags *d)
{
    bool any = false;
    for (uint32_t i = 0; i < x->n_touched; i++) {
        const uint32_t r = x->touched[i];
        const struct d2_ends e = {from_input, src, r};
        x->stray[r] = !d2_is_linked(&x->links, e);
        any = any || x->stray[r];
        const struct plan_projection *j = d2_add_link(&x->links, e, (size_t)x->count[r], d);
        if (!j)
            return false;
        x->to[r] = *j;
        x->count[r] = 0;
    }
    if (any)
        d2_stray_findings(&x->board, (struct d2_ends){from_input, src, 0}, x->stray, x->found);
    return true;
}

static void fill_projections(struct emulation *x, bool from_input, uint32_t src, uint32_t n_pre)
{
    for (uint32_t pre = 0; pre < n_pre; pre++) {
        size_t n = fire(x, from_input, src, pre);
        for (size_t i = 0; i < n; i++) {
            const struct synapse *s = &x->synapse[i];
            struct plan_projection *j = &x->to[s->receptor];
            const uint64_t at = x->count[s->receptor]++;
            j->post[at] = s->post;
            j->weight[at] = s->weight;
        }
        for (uint32_t i = 0; i < x->n_touched; i++)
            x->to[x->touched[i]].row[pre + 1] = x->count[x->touched[i]];
    }
}

/* Sends from each element twice: to count what arrives, and to keep it. */
static bool emulate_source(struct emulation *x, bool from_input, uint32_t src, uint32_t n_pre,
                           struct diags *d)
{
    x->n_touched = 0;
    count_synapses(x, from_input, src, n_pre);
    if (!add_projections(x, from_input, src, d))
        return false;
    fill_projections(x, from_input, src, n_pre);
    for (uint32_t i = 0; i < x->n_touched; i++) {
        x->count[x->touched[i]] = 0;
        x->stray[x->touched[i]] = false;
    }
    return true;
}

static void prepare(struct emulation *x)
{
    const uint32_t n = x->links.first_receptor[x->config->n_groups];
    struct arena *a = &x->scratch;
    x->receptor = ARENA_ARRAY(a, const struct d2_receptor *, n);
    for (uint32_t g = 0, r = 0; g < x->config->n_groups; g++) {
        for (uint32_t i = 0; i < x->config->group[g].n_receptors; i++)
            x->receptor[r++] = &x->config->group[g].receptor[i];
    }
    x->hit = ARENA_ARRAY(a, uint32_t, x->board.most);
    x->synapse = ARENA_ARRAY(a, struct synapse, x->board.most);
    x->count = ARENA_ARRAY(a, uint64_t, n);
    x->stray = ARENA_ARRAY(a, bool, n);
    x->to = ARENA_ARRAY(a, struct plan_projection, n);
    x->touched = ARENA_ARRAY(a, uint32_t, n);
}

/* Groups before inputs, receptors ascending: the order of connections that the network lacks. */
static bool emulate_sources(struct emulation *x, struct diags *d)
{
    const struct plan *p = x->links.plan;
    for (uint32_t g = 0; g < p->group.n; g++) {
        if (!emulate_source(x, false, g, p->group.data[g].n, d))
            return false;
    }
    for (uint32_t i = 0; i < p->input.n; i++) {
        if (!emulate_source(x, true, i, p->input.data[i].n, d))
            return false;
    }
    d2_link_rest(&x->links);
    return true;
}

/* ---- currents ---- */

/* How much a neuron uses a dendrite: the currents of all of its CAM entries there. */
static double use_of(const struct d2_neuron *x, const double *base, enum d2_dendrite dendrite)
{
    double use = 0;
    for (uint32_t m = 0; m < x->n_cam && dendrite != D2_NONE; m++) {
        double sum = 0;
        for (uint32_t k = 0; k < D2_BASES; k++)
            sum += x->cam[m].mask >> k & 1 ? base[k] : 0;
        use += x->cam[m].dendrite == dendrite ? sum : 0;
    }
    return use;
}

/* What the bias generator's currents of the neuron's core are to a parameter of its model. */
static double current_of(const struct emulation *x, const struct d2_placed *at,
                         const struct d2_bound *b)
{
    const double *core = x->board.current + (at->core - x->config->core) * D2_N_PARAMS;
    double sum = 0, weighted = 0, total = 0, first = 0;
    bool equal = true;
    if (b->latch >= 0 && !(at->neuron->latches >> b->latch & 1))
        return 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const uint32_t p = b->device[i];
        const double current = core[p];
        const double use = use_of(at->neuron, core + D2_BASE_PARAM, d2_dendrite_of(p));
        first = i == 0 ? current : first;
        equal = equal && current == first;
        sum += current;
        total += use;
        weighted += use * current;
    }
    if (equal)
        return first;
    return total > 0 ? weighted / total : sum / b->n;
}

static void set_currents(struct emulation *x)
{
    for (uint32_t g = 0; g < x->config->n_groups; g++) {
        const struct plan_group *group = &x->links.plan->group.data[g];
        for (uint32_t k = 0; k < x->config->group[g].n_bound; k++) {
            const struct d2_bound *b = &x->config->group[g].bound[k];
            struct column *to = &group->param[b->param];
            *to = (struct column){ARENA_ARRAY(x->arena, float, group->n), true};
            for (uint32_t e = 0; e < group->n; e++) {
                to->v[e] = (float)current_of(x, &x->links.home[g][e], b);
                to->uniform = to->uniform && to->v[e] == to->v[0];
            }
        }
    }
}

/* ---- the chip ---- */

static void note(struct emulation *x)
{
    const struct d2_board *b = &x->board;
    uint32_t shared = 0;
    for (uint32_t k = 0; k < b->n_keys; k++)
        shared += b->other_sender[k] != D2_NOBODY && b->start[k] < b->start[k + 1];
    x->found->note = arena_printf(x->arena,
                                  "virtual chip: %llu synapses through %u CAM entries; tags "
                                  "of several sources: %u",
                                  (unsigned long long)x->n_synapses, b->n_entries, shared);
}

bool d2_emulate(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                struct diags *d)
{
    struct d2_config c;
    struct emulation x = {.arena = a, .config = &c, .found = found};
    bool ok = d2_config_read(a, im, &c, d) && d2_link(a, p, &c, &x.links, d) &&
              d2_board_build(&x.scratch, &c, &x.links, &x.board, d);
    if (ok) {
        prepare(&x);
        ok = emulate_sources(&x, d);
    }
    if (ok) {
        set_currents(&x);
        d2_board_findings(&x.board, found);
        note(&x);
    }
    arena_free(&x.scratch);
    return ok;
}
