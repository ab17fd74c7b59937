#include "tests/naive_chip.h"
#include <stdlib.h>
#include <string.h>

struct source {
    bool from_input;
    uint32_t src, pre;
};

struct event {
    struct source from;
    uint32_t serial; /* which of its source's events in this step */
    int x, y, x_hop, y_hop;
    bool to_host;
    uint16_t tag;
    uint8_t cores;
};

struct arrival { /* at one CAM entry */
    struct source from;
    uint32_t serial, group, element, slot;
};

struct board {
    const struct d2_config *c;
    struct arrival *list;
    size_t n, cap;
    struct naive_totals totals;
};

static bool same_source(struct source a, struct source b)
{
    return a.from_input == b.from_input && a.src == b.src && a.pre == b.pre;
}

static const struct d2_neuron *find_neuron(const struct d2_config *c, uint32_t group,
                                           uint32_t element, const struct d2_core **core)
{
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t k = 0; k < c->core[i].n_neurons; k++) {
            const struct d2_neuron *x = &c->core[i].neuron[k];
            if (x->group == (int32_t)group && x->element == element) {
                *core = &c->core[i];
                return x;
            }
        }
    }
    abort();
}

/* ---- events ---- */

static void arrive(struct board *b, const struct event *e, const struct d2_neuron *x,
                   const struct d2_cam *m)
{
    if (x->group < 0)
        return;
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 64;
        b->list = realloc(b->list, b->cap * sizeof *b->list);
        if (!b->list)
            abort();
    }
    b->list[b->n++] = (struct arrival){e->from, e->serial, (uint32_t)x->group, x->element, m->slot};
}

static void at_core(struct board *b, const struct event *e, uint32_t chip, uint32_t core)
{
    bool heard = false;
    for (uint32_t i = 0; i < b->c->n_cores; i++) {
        const struct d2_core *k = &b->c->core[i];
        if (k->chip != chip || k->core != core)
            continue;
        for (uint32_t j = 0; j < k->n_neurons; j++) {
            for (uint32_t m = 0; m < k->neuron[j].n_cam; m++) {
                if (k->neuron[j].cam[m].tag != e->tag)
                    continue;
                heard = true;
                arrive(b, e, &k->neuron[j], &k->neuron[j].cam[m]);
            }
        }
    }
    b->totals.unheard += !heard;
}

static void move(struct board *b, struct event e)
{
    for (;;) {
        if (e.x_hop > 0)
            e.x++, e.x_hop--;
        else if (e.x_hop < 0)
            e.x--, e.x_hop++;
        else if (e.y_hop > 0)
            e.y++, e.y_hop--;
        else if (e.y_hop < 0)
            e.y--, e.y_hop++;
        else
            break;
        bool on_board = e.x >= 0 && e.y >= 0 && e.x < b->c->grid.columns && e.y < b->c->grid.rows;
        if (!on_board) {
            bool west = e.x < 0 && e.to_host;
            b->totals.host += west;
            b->totals.lost += !west;
            return;
        }
    }
    for (uint32_t k = 0; k < D2_CORES; k++) {
        if (e.cores >> k & 1)
            at_core(b, &e, (uint32_t)(e.x + e.y * b->c->grid.columns), k);
    }
}

static void send(struct board *b, struct source from, uint32_t serial, uint32_t chip,
                 const struct d2_destination *to)
{
    if (to->cores == 0)
        return;
    move(b, (struct event){
                .from = from,
                .serial = serial,
                .x = (int)(chip % b->c->grid.columns),
                .y = (int)(chip / b->c->grid.columns),
                .x_hop = to->x_hop,
                .y_hop = to->y_hop,
                .to_host = to->x_hop == -7 && to->y_hop == -7,
                .tag = to->tag,
                .cores = to->cores,
            });
}

/* All copies of one event. */
static void fire(struct board *b, struct source from, uint32_t serial)
{
    if (from.from_input) {
        const struct d2_channel *ch = &b->c->input[from.src].channel[from.pre];
        for (uint32_t i = 0; i < ch->n; i++)
            send(b, from, serial, 0, &ch->to[i]);
        return;
    }
    const struct d2_core *core;
    const struct d2_neuron *x = find_neuron(b->c, from.src, from.pre, &core);
    for (uint32_t i = 0; i < x->n_sram; i++)
        send(b, from, serial, core->chip, &x->sram[i].to);
}

/* ---- currents ---- */

static double base_sum(const struct d2_core *k, uint8_t mask)
{
    double sum = 0;
    for (uint32_t i = 0; i < 4; i++) {
        if (mask & 1u << i)
            sum += d2_current(D2_BASE_PARAM + i, k->code[D2_BASE_PARAM + i]);
    }
    return sum;
}

/* +1 or -1 where the dendrite is the receptor's, else 0. */
static int sign_at(const struct d2_receptor *r, uint8_t dendrite)
{
    for (uint32_t i = 0; i < r->n; i++) {
        if (r->dendrite[i] == dendrite)
            return r->negative[i] ? -1 : 1;
    }
    return 0;
}

/* The weight with which event `serial` of a source arrived: slot by slot, copies of one event at
 * one entry one after another. */
static float weight_of(const struct board *b, struct source from, uint32_t serial, uint32_t group,
                       uint32_t element, uint32_t receptor)
{
    const struct d2_core *core;
    const struct d2_neuron *x = find_neuron(b->c, group, element, &core);
    const struct d2_receptor *r = &b->c->group[group].receptor[receptor];
    double sum = 0;
    for (uint32_t m = 0; m < x->n_cam; m++) {
        const int sign = sign_at(r, x->cam[m].dendrite);
        for (size_t i = 0; sign && i < b->n; i++) {
            const struct arrival *at = &b->list[i];
            if (same_source(at->from, from) && at->serial == serial && at->group == group &&
                at->element == element && at->slot == x->cam[m].slot)
                sum += sign * base_sum(core, x->cam[m].mask);
        }
    }
    const double scale = r->n_scale == 1 ? r->scale[0] : r->scale[element];
    return (float)(sum / (scale * b->c->gain));
}

float naive_chip_weight(const struct d2_config *c, bool from_input, uint32_t src, uint32_t pre,
                        uint32_t group, uint32_t element, uint32_t receptor)
{
    struct board b = {.c = c};
    const struct source from = {from_input, src, pre};
    fire(&b, from, 0);
    float w = weight_of(&b, from, 0, group, element, receptor);
    free(b.list);
    return w;
}

static bool belongs(const char *param, uint8_t dendrite)
{
    static const char *const block[] = {"", "DEAM", "DEGA", "DENM", "DESC"};
    return dendrite != 0 && strncmp(param, block[dendrite], 4) == 0;
}

float naive_chip_current(const struct d2_config *c, uint32_t group, uint32_t element,
                         const struct d2_bound *b)
{
    const struct d2_core *core;
    const struct d2_neuron *x = find_neuron(c, group, element, &core);
    double current[D2_MAX_BOUND], use[D2_MAX_BOUND] = {0}, all = 0, weighted = 0, sum = 0;
    bool equal = true;
    if (b->latch >= 0 && (x->latches & 1u << b->latch) == 0)
        return 0;
    for (uint32_t i = 0; i < b->n; i++) {
        const char *name = d2_param[b->device[i]].name;
        current[i] = d2_current(b->device[i], core->code[b->device[i]]);
        for (uint32_t m = 0; m < x->n_cam; m++) {
            if (belongs(name, x->cam[m].dendrite))
                use[i] += base_sum(core, x->cam[m].mask);
        }
        all += use[i];
        weighted += use[i] * current[i];
        sum += current[i];
        equal = equal && current[i] == current[0];
    }
    return (float)(equal ? current[0] : all > 0 ? weighted / all : sum / b->n);
}

/* ---- a run ---- */

struct run {
    struct board b;
    const struct naive_network *n;
    uint32_t *spikes[NAIVE_MOST]; /* of the step before */
    uint32_t *events[NAIVE_MOST]; /* of each channel in this step */
};

/* Float32, source by source in ascending order; a weight times the number of events is added. */
static void add_link(const struct run *r, const struct naive_link *l, uint32_t element, float *sum)
{
    const uint32_t n = l->from_input ? r->n->channels[l->src] : r->n->neurons[l->src];
    for (uint32_t pre = 0; pre < n; pre++) {
        const struct source from = {l->from_input, l->src, pre};
        const uint32_t count = l->from_input ? r->events[l->src][pre] : r->spikes[l->src][pre];
        if (count == 0)
            continue;
        const float w = weight_of(&r->b, from, 0, l->dst, element, l->receptor);
        for (uint32_t k = 1; k < count; k++) { /* all events of a step are alike */
            if (weight_of(&r->b, from, k, l->dst, element, l->receptor) != w)
                abort();
        }
        *sum += w * (float)count;
    }
}

static bool is_linked(const struct naive_network *n, const struct naive_link *l)
{
    for (uint32_t i = 0; i < n->n_links; i++) {
        const struct naive_link *k = &n->link[i];
        if (k->from_input == l->from_input && k->src == l->src && k->dst == l->dst &&
            k->receptor == l->receptor)
            return true;
    }
    return false;
}

/* The network's connections in their order, then those that only the board makes: from groups,
 * then from inputs. */
static float receive(const struct run *r, uint32_t group, uint32_t element, uint32_t receptor)
{
    float sum = 0;
    for (uint32_t i = 0; i < r->n->n_links; i++) {
        const struct naive_link *l = &r->n->link[i];
        if (l->dst == group && l->receptor == receptor)
            add_link(r, l, element, &sum);
    }
    for (int from_input = 0; from_input < 2; from_input++) {
        const uint32_t n = from_input ? r->n->n_inputs : r->n->n_groups;
        for (uint32_t src = 0; src < n; src++) {
            const struct naive_link l = {from_input != 0, src, group, receptor};
            if (!is_linked(r->n, &l))
                add_link(r, &l, element, &sum);
        }
    }
    return sum;
}

static void send_all(struct run *r, uint32_t step, const struct naive_model *m)
{
    r->b.n = 0;
    for (uint32_t i = 0; i < r->n->n_inputs; i++) {
        for (uint32_t ch = 0; ch < r->n->channels[i]; ch++) {
            r->events[i][ch] = m->count(m->arg, i, ch, step);
            for (uint32_t k = 0; k < r->events[i][ch]; k++)
                fire(&r->b, (struct source){true, i, ch}, k);
        }
    }
    for (uint32_t g = 0; g < r->n->n_groups; g++) {
        for (uint32_t e = 0; e < r->n->neurons[g]; e++) {
            for (uint32_t k = 0; k < r->spikes[g][e]; k++)
                fire(&r->b, (struct source){false, g, e}, k);
        }
    }
}

void naive_chip_run(const struct d2_config *c, const struct naive_network *n, uint32_t steps,
                    const struct naive_model *m, struct naive_totals *out)
{
    struct run r = {.b = {.c = c}, .n = n};
    uint32_t *fired[NAIVE_MOST];
    for (uint32_t g = 0; g < n->n_groups; g++) {
        r.spikes[g] = calloc(n->neurons[g], sizeof(uint32_t));
        fired[g] = calloc(n->neurons[g], sizeof(uint32_t));
    }
    for (uint32_t i = 0; i < n->n_inputs; i++)
        r.events[i] = calloc(n->channels[i], sizeof(uint32_t));
    for (uint32_t t = 0; t <= steps; t++) {
        send_all(&r, t, m); /* those of the last step still leave, but nothing hears them */
        if (t == steps)
            break;
        for (uint32_t g = 0; g < n->n_groups; g++) {
            for (uint32_t e = 0; e < n->neurons[g]; e++) {
                float sum[NAIVE_MOST] = {0};
                for (uint32_t k = 0; k < c->group[g].n_receptors; k++)
                    sum[k] = receive(&r, g, e, k);
                fired[g][e] = m->step(m->arg, g, e, t, sum);
            }
        }
        for (uint32_t g = 0; g < n->n_groups; g++)
            memcpy(r.spikes[g], fired[g], n->neurons[g] * sizeof(uint32_t));
    }
    *out = r.b.totals;
    free(r.b.list);
    for (uint32_t g = 0; g < n->n_groups; g++) {
        free(r.spikes[g]);
        free(fired[g]);
    }
    for (uint32_t i = 0; i < n->n_inputs; i++)
        free(r.events[i]);
}
