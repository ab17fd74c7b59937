#include "targets/dynapse2/config.h"
#include <stdlib.h>
#include <string.h>

const struct d2_sram *d2_monitor(const struct d2_neuron *x)
{
    for (uint32_t i = 0; i < x->n_sram; i++) {
        const struct d2_sram *s = &x->sram[i];
        if (s->to.cores && s->to.x_hop == D2_HOST_HOP && s->to.y_hop == D2_HOST_HOP)
            return s;
    }
    return NULL;
}

double d2_core_current(const struct d2_core *c, uint32_t param)
{
    return d2_current(param, c->code[param]);
}

static void core_bases(const struct d2_core *c, double base[D2_BASES])
{
    for (uint32_t k = 0; k < D2_BASES; k++)
        base[k] = d2_core_current(c, D2_BASE_PARAM + k);
}

/* ---- weights ---- */

struct source {
    bool from_input;
    uint32_t src, pre;
};

/* The sources of tag t at core k (of the board) are v[start[k * D2_TAGS + t]] and following. */
struct sources {
    size_t *start;
    struct source *v;
};

/* One source towards one destination: counted, or put into its place. */
static void add_source(struct sources *s, bool fill, struct d2_grid grid, uint32_t chip,
                       const struct d2_destination *to, struct source what)
{
    int target = d2_hop_target(grid, chip, to->x_hop, to->y_hop);
    if (target < 0)
        return;
    for (uint32_t k = 0; k < D2_CORES; k++) {
        if (!(to->cores >> k & 1))
            continue;
        size_t key = ((size_t)target * D2_CORES + k) * D2_TAGS + to->tag;
        if (fill)
            s->v[s->start[key]++] = what;
        else
            s->start[key + 1]++;
    }
}

static void add_all(struct sources *s, bool fill, const struct d2_config *c)
{
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        for (uint32_t k = 0; k < c->input[i].n; k++) {
            const struct d2_channel *ch = &c->input[i].channel[k];
            for (uint32_t j = 0; j < ch->n; j++)
                add_source(s, fill, c->grid, 0, &ch->to[j], (struct source){true, i, k});
        }
    }
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t k = 0; k < c->core[i].n_neurons; k++) {
            const struct d2_neuron *x = &c->core[i].neuron[k];
            for (uint32_t j = 0; x->group >= 0 && j < x->n_sram; j++)
                add_source(s, fill, c->grid, c->core[i].chip, &x->sram[j].to,
                           (struct source){false, (uint32_t)x->group, x->element});
        }
    }
}

static struct sources find_sources(struct arena *a, const struct d2_config *c)
{
    size_t n_keys = (size_t)d2_grid_chips(c->grid) * D2_CORES * D2_TAGS;
    struct sources s = {.start = ARENA_ARRAY(a, size_t, n_keys + 1)};
    add_all(&s, false, c);
    for (size_t i = 0; i < n_keys; i++)
        s.start[i + 1] += s.start[i];
    s.v = ARENA_ARRAY(a, struct source, s.start[n_keys]);
    add_all(&s, true, c);
    /* Filling moved every start to the next one's place. */
    memmove(s.start + 1, s.start, n_keys * sizeof *s.start);
    s.start[0] = 0;
    return s;
}

struct entry {
    struct d2_weight key; /* weight unused */
    uint32_t order;
    double current, iscale; /* signed; ampere */
};

int d2_compare_weights(const struct d2_weight *x, const struct d2_weight *y)
{
    const uint32_t p[] = {x->from_input, x->src, x->dst, x->receptor, x->pre, x->post};
    const uint32_t q[] = {y->from_input, y->src, y->dst, y->receptor, y->pre, y->post};
    for (size_t i = 0; i < sizeof p / sizeof *p; i++) {
        if (p[i] != q[i])
            return p[i] < q[i] ? -1 : 1;
    }
    return 0;
}

static int compare_entries(const void *x, const void *y)
{
    const struct entry *p = x, *q = y;
    int c = d2_compare_weights(&p->key, &q->key);
    return c ? c : (p->order > q->order) - (p->order < q->order);
}

/* The receptor that owns a dendrite and the sign of weights there. */
static bool find_receptor(const struct d2_group *g, uint8_t dendrite, uint32_t *receptor,
                          double *sign)
{
    for (uint32_t r = 0; r < g->n_receptors; r++) {
        for (uint32_t i = 0; i < g->receptor[r].n; i++) {
            if (g->receptor[r].dendrite[i] == dendrite) {
                *receptor = r;
                *sign = g->receptor[r].negative[i] ? -1 : 1;
                return true;
            }
        }
    }
    return false;
}

static bool carries(const struct d2_neuron *x, const struct d2_cam *m)
{
    return x->group >= 0 && m->mask != 0 && m->dendrite != D2_NONE;
}

static size_t key_of(const struct d2_core *k, uint16_t tag)
{
    return ((size_t)k->chip * D2_CORES + k->core) * D2_TAGS + tag;
}

static size_t count_entries(const struct d2_config *c, const struct sources *s)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        const struct d2_core *k = &c->core[i];
        for (uint32_t j = 0; j < k->n_neurons; j++) {
            const struct d2_neuron *x = &k->neuron[j];
            for (uint32_t m = 0; m < x->n_cam; m++) {
                size_t key = key_of(k, x->cam[m].tag);
                if (carries(x, &x->cam[m]))
                    n += s->start[key + 1] - s->start[key];
            }
        }
    }
    return n;
}

static bool neuron_entries(const struct d2_config *c, const struct d2_core *k,
                           const struct d2_neuron *x, const struct sources *s, struct entry *out,
                           size_t *n)
{
    const struct d2_group *g = &c->group[x->group];
    double base[D2_BASES];
    core_bases(k, base);
    for (uint32_t m = 0; m < x->n_cam; m++) {
        const struct d2_cam *cam = &x->cam[m];
        size_t key = key_of(k, cam->tag);
        if (!carries(x, cam) || s->start[key] == s->start[key + 1])
            continue;
        uint32_t r = 0;
        double sign = 1;
        if (!find_receptor(g, cam->dendrite, &r, &sign))
            return false;
        const struct d2_receptor *rec = &g->receptor[r];
        double scale = rec->scale[rec->n_scale == 1 ? 0 : x->element];
        for (size_t i = s->start[key]; i < s->start[key + 1]; i++) {
            const struct source *from = &s->v[i];
            out[*n] = (struct entry){
                .key = {.from_input = from->from_input,
                        .src = from->src,
                        .dst = (uint32_t)x->group,
                        .receptor = r,
                        .pre = from->pre,
                        .post = x->element},
                .order = (uint32_t)*n,
                .current = sign * d2_mask_current(base, cam->mask),
                .iscale = scale * c->gain,
            };
            ++*n;
        }
    }
    return true;
}

uint64_t d2_synapse_limit(const struct d2_config *c)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t j = 0; j < c->core[i].n_neurons; j++) {
            const struct d2_neuron *x = &c->core[i].neuron[j];
            n += 4 * (uint64_t)x->n_cam + (x->group >= 0 ? (uint64_t)D2_CAM : 0);
        }
    }
    return n > D2_MAX_SYNAPSES ? n : D2_MAX_SYNAPSES;
}

bool d2_weights(struct arena *a, const struct d2_config *c, struct d2_weights *out,
                const char **why)
{
    struct arena scratch = {0};
    struct sources s = find_sources(&scratch, c);
    size_t n = count_entries(c, &s);
    bool ok = n <= d2_synapse_limit(c);
    *why = "more synapses than the tools handle";
    *out = (struct d2_weights){0};
    if (ok) {
        struct entry *e = ARENA_ARRAY(&scratch, struct entry, n);
        n = 0;
        for (uint32_t i = 0; i < c->n_cores && ok; i++) {
            for (uint32_t j = 0; j < c->core[i].n_neurons && ok; j++) {
                const struct d2_neuron *x = &c->core[i].neuron[j];
                ok = x->group < 0 || neuron_entries(c, &c->core[i], x, &s, e, &n);
            }
        }
        *why = "a CAM entry uses a dendrite that no receptor of the neuron's model owns";
        if (ok) {
            qsort(e, n, sizeof *e, compare_entries);
            out->v = ARENA_ARRAY(a, struct d2_weight, n);
            for (size_t i = 0, j; i < n; i = j) {
                double current = 0;
                for (j = i; j < n && d2_compare_weights(&e[i].key, &e[j].key) == 0; j++)
                    current += e[j].current;
                struct d2_weight w = e[i].key;
                w.weight = (float)(current / e[i].iscale);
                if (w.weight != 0)
                    out->v[out->n++] = w;
            }
        }
    }
    arena_free(&scratch);
    return ok;
}

/* ---- currents ---- */

double d2_bound_current(const struct d2_core *c, const struct d2_neuron *x,
                        const struct d2_bound *b)
{
    double current[D2_MAX_BOUND], use[D2_MAX_BOUND] = {0}, base[D2_BASES];
    double total = 0, weighted = 0, sum = 0;
    bool equal = true;
    if (b->latch >= 0 && !(x->latches >> b->latch & 1))
        return 0;
    core_bases(c, base);
    for (uint32_t i = 0; i < b->n; i++) {
        uint32_t p = b->device[i];
        current[i] = d2_core_current(c, p);
        equal = equal && current[i] == current[0];
        enum d2_dendrite kind = d2_dendrite_of(p);
        for (uint32_t m = 0; kind != D2_NONE && m < x->n_cam; m++) {
            if (x->cam[m].dendrite == kind)
                use[i] += d2_mask_current(base, x->cam[m].mask);
        }
        sum += current[i];
        total += use[i];
        weighted += use[i] * current[i];
    }
    if (equal)
        return current[0];
    return total > 0 ? weighted / total : sum / b->n;
}
