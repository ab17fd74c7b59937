#include "targets/dynapse2/config.h"
#include <math.h>
#include <stdlib.h>

static bool bad(struct diags *d, const char *what)
{
    diag_add(d, E0701, (struct span){0}, "DYNAP-SE2 configuration: %s", what);
    return false;
}

static bool read_destination(struct reader *r, struct d2_destination *x)
{
    x->tag = read_u16(r);
    x->cores = read_u8(r);
    x->x_hop = (int8_t)read_u8(r);
    x->y_hop = (int8_t)read_u8(r);
    return x->tag < D2_TAGS && x->cores < 1 << D2_CORES && abs(x->x_hop) <= D2_MAX_HOP &&
           abs(x->y_hop) <= D2_MAX_HOP;
}

static bool read_biases(struct reader *r, struct d2_core *c, struct diags *d)
{
    uint32_t n = read_u8(r);
    int last = -1;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t p = read_u8(r);
        struct d2_code code;
        code.coarse = read_u8(r);
        code.fine = read_u8(r);
        if (r->failed || p <= last || p >= D2_N_PARAMS || code.coarse >= D2_COARSE)
            return bad(d, "a bias out of range");
        c->given[p] = true;
        c->code[p] = code;
        last = p;
    }
    return true;
}

static bool read_neuron(struct arena *a, struct reader *r, struct d2_neuron *x, struct diags *d)
{
    x->index = read_u16(r);
    x->latches = read_u16(r);
    x->n_cam = read_u8(r);
    x->n_sram = read_u8(r);
    if (r->failed || x->index >= D2_NEURONS || x->latches >> D2_N_LATCHES || x->n_cam > D2_CAM ||
        x->n_sram > D2_SRAM)
        return bad(d, "a neuron out of range");
    x->cam = ARENA_ARRAY(a, struct d2_cam, x->n_cam);
    x->sram = ARENA_ARRAY(a, struct d2_sram, x->n_sram);
    int last = -1;
    for (uint32_t i = 0; i < x->n_cam; i++) {
        struct d2_cam *m = &x->cam[i];
        m->slot = read_u8(r);
        m->tag = read_u16(r);
        m->mask = read_u8(r);
        m->dendrite = read_u8(r);
        if (r->failed || m->slot <= last || m->slot >= D2_CAM || m->tag >= D2_TAGS ||
            m->mask >= D2_MASKS || m->dendrite >= D2_N_DENDRITES)
            return bad(d, "a CAM entry out of range");
        last = m->slot;
    }
    last = -1;
    for (uint32_t i = 0; i < x->n_sram; i++) {
        struct d2_sram *s = &x->sram[i];
        s->slot = read_u8(r);
        if (!read_destination(r, &s->to) || r->failed || s->slot <= last || s->slot >= D2_SRAM)
            return bad(d, "an SRAM entry out of range");
        last = s->slot;
    }
    return true;
}

static bool read_conf(struct arena *a, struct reader *r, struct d2_config *c, struct diags *d)
{
    c->grid.columns = read_u8(r);
    c->grid.rows = read_u8(r);
    uint32_t n_chips = d2_grid_chips(c->grid);
    if (c->grid.columns > D2_MAX_SIDE || c->grid.rows > D2_MAX_SIDE || n_chips == 0)
        return bad(d, "a grid of no size that a board can have");
    c->n_cores = read_u16(r);
    if (c->n_cores > n_chips * D2_CORES)
        return bad(d, "more cores than the board has");
    c->core = ARENA_ARRAY(a, struct d2_core, c->n_cores);
    int last = -1;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        struct d2_core *k = &c->core[i];
        k->chip = read_u8(r);
        k->core = read_u8(r);
        int id = k->chip * D2_CORES + k->core;
        if (r->failed || k->core >= D2_CORES || k->chip >= n_chips || id <= last)
            return bad(d, "a core out of range");
        last = id;
        if (!read_biases(r, k, d))
            return false;
        k->n_neurons = read_count(r, 6);
        if (k->n_neurons > D2_NEURONS)
            return bad(d, "more neurons than a core has");
        k->neuron = ARENA_ARRAY(a, struct d2_neuron, k->n_neurons);
        for (uint32_t j = 0; j < k->n_neurons; j++) {
            if (!read_neuron(a, r, &k->neuron[j], d))
                return false;
            if (j > 0 && k->neuron[j].index <= k->neuron[j - 1].index)
                return bad(d, "neurons out of order");
        }
    }
    if (r->failed || r->at != r->b.n)
        return bad(d, "section CONF has the wrong length");
    return true;
}

int d2_own_latch(const struct d2_bound *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        if (strcmp(d2_param[b->device[i]].name, "SOIF_DC_P") == 0)
            return D2_SO_DC;
    }
    return -1;
}

static bool read_bound(struct reader *r, struct d2_bound *b)
{
    b->param = read_u32(r);
    b->n = read_u8(r);
    b->latch = (b->n & D2_LATCHED) ? read_u8(r) : -1;
    b->n &= ~(uint32_t)D2_LATCHED;
    if (b->n < 1 || b->n > D2_MAX_BOUND || b->latch >= D2_N_LATCHES)
        return false;
    for (uint32_t i = 0; i < b->n; i++) {
        b->device[i] = read_u8(r);
        if (b->device[i] >= D2_N_PARAMS || !d2_has_current(b->device[i]))
            return false;
    }
    if (b->latch < 0)
        b->latch = d2_own_latch(b);
    return !r->failed;
}

static bool read_receptor(struct arena *a, struct reader *r, struct d2_receptor *x)
{
    x->n = read_u8(r);
    if (x->n > 2)
        return false;
    for (uint32_t i = 0; i < x->n; i++) {
        x->dendrite[i] = read_u8(r);
        x->negative[i] = read_u8(r) != 0;
        if (x->dendrite[i] == D2_NONE || x->dendrite[i] >= D2_N_DENDRITES)
            return false;
    }
    x->n_scale = read_count(r, 8);
    if (x->n_scale < 1)
        return false;
    x->scale = arena_try(a, x->n_scale, sizeof *x->scale);
    if (!x->scale)
        return false;
    for (uint32_t i = 0; i < x->n_scale; i++) {
        x->scale[i] = read_f64(r);
        if (!isfinite(x->scale[i]) || x->scale[i] <= 0)
            return false;
    }
    return !r->failed;
}

static bool read_groups(struct arena *a, struct reader *r, struct d2_config *c, struct diags *d)
{
    c->n_groups = read_count(r, 2);
    c->group = arena_try(a, c->n_groups, sizeof *c->group);
    if (c->n_groups && !c->group)
        return bad(d, "out of memory");
    for (uint32_t i = 0; i < c->n_groups; i++) {
        struct d2_group *g = &c->group[i];
        g->n_bound = read_u8(r);
        g->bound = ARENA_ARRAY(a, struct d2_bound, g->n_bound);
        for (uint32_t k = 0; k < g->n_bound; k++) {
            if (!read_bound(r, &g->bound[k]))
                return bad(d, "a bound current out of range");
        }
        g->n_receptors = read_count(r, 13);
        g->receptor = arena_try(a, g->n_receptors, sizeof *g->receptor);
        if (g->n_receptors && !g->receptor)
            return bad(d, "out of memory");
        for (uint32_t k = 0; k < g->n_receptors; k++) {
            if (!read_receptor(a, r, &g->receptor[k]))
                return bad(d, "a receptor out of range");
        }
    }
    return true;
}

static bool read_inputs(struct arena *a, struct reader *r, struct d2_config *c, struct diags *d)
{
    c->n_inputs = read_count(r, 4);
    c->input = arena_try(a, c->n_inputs, sizeof *c->input);
    if (c->n_inputs && !c->input)
        return bad(d, "out of memory");
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        struct d2_input *x = &c->input[i];
        x->n = read_count(r, 1);
        x->channel = arena_try(a, x->n, sizeof *x->channel);
        if (x->n && !x->channel)
            return bad(d, "out of memory");
        for (uint32_t k = 0; k < x->n; k++) {
            struct d2_channel *ch = &x->channel[k];
            ch->n = read_u8(r);
            ch->to = ARENA_ARRAY(a, struct d2_destination, ch->n);
            for (uint32_t j = 0; j < ch->n; j++) {
                if (!read_destination(r, &ch->to[j]) || r->failed)
                    return bad(d, "a destination of an input out of range");
            }
        }
    }
    return true;
}

static bool read_maps(struct arena *a, struct reader *r, struct d2_config *c, struct diags *d)
{
    c->gain = read_f64(r);
    if (r->failed || !isfinite(c->gain) || c->gain <= 0)
        return bad(d, "gain out of range");
    if (!read_groups(a, r, c, d) || !read_inputs(a, r, c, d))
        return false;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t j = 0; j < c->core[i].n_neurons; j++) {
            struct d2_neuron *x = &c->core[i].neuron[j];
            uint32_t group = read_u32(r);
            x->element = read_u32(r);
            if (group > c->n_groups)
                return bad(d, "a neuron of no group");
            x->group = (int32_t)group - 1;
        }
    }
    if (r->failed || r->at != r->b.n)
        return bad(d, "section MAPS has the wrong length");
    return true;
}

bool d2_config_read(struct arena *a, const struct image *im, struct d2_config *out, struct diags *d)
{
    *out = (struct d2_config){0};
    const struct image_section *conf = image_find(im, "CONF"), *maps = image_find(im, "MAPS");
    if (!conf || !maps)
        return bad(d, conf ? "section MAPS is missing" : "section CONF is missing");
    struct reader r = {.b = conf->bytes};
    if (!read_conf(a, &r, out, d))
        return false;
    r = (struct reader){.b = maps->bytes};
    return read_maps(a, &r, out, d);
}
