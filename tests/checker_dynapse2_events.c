/* Events: one is sent from every source, goes from chip to chip, and is compared with every CAM
 * entry of the cores where it arrives. What comes out must be the network's connections. */
#include "tests/checker_dynapse2_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Sources are numbered: channels, then neurons of the network; STRANGER is any other neuron. */
#define STRANGER UINT32_MAX

enum { AT_HOST = -1, LOST = -2 };

struct arrival {
    uint32_t core; /* 4 * chip + core */
    uint32_t tag, source;
    bool by_hand, used;
};

struct host_entry {
    int x_left;
    uint32_t tag, source;
    bool by_hand;
};

struct synapse {
    uint32_t source, neuron, receptor;
    double amount; /* a weight, or a current in ampere */
};

struct events {
    struct checker *k;
    VEC(struct arrival) arrival;
    VEC(struct host_entry) host;
    VEC(struct synapse) asked, heard;
};

/* ---- on their way ---- */

static int travel(struct d2_grid g, uint32_t chip, const struct d2_destination *to, int *x_left)
{
    int x = (int)(chip % g.columns), y = (int)(chip / g.columns);
    int dx = to->x_hop, dy = to->y_hop;
    while (dx != 0) {
        int step = dx > 0 ? 1 : -1;
        x += step;
        dx -= step;
        if (x < 0 && to->x_hop == -7 && to->y_hop == -7) {
            *x_left = dx;
            return AT_HOST;
        }
        if (x < 0 || x >= g.columns)
            return LOST;
    }
    while (dy != 0) {
        int step = dy > 0 ? 1 : -1;
        y += step;
        dy -= step;
        if (y < 0 || y >= g.rows)
            return LOST;
    }
    return x + y * g.columns;
}

static const char *source_name(struct checker *k, uint32_t source)
{
    if (source == STRANGER)
        return "a neuron that isn't of the network";
    if (source >= k->n_channels)
        return checker_name(k, source - k->n_channels);
    uint32_t i = 0;
    while (i + 1 < k->asked->input.n && k->first_channel[i + 1] <= source)
        i++;
    return arena_printf(&k->a, "%s[%u]", k->asked->input.data[i].name,
                        source - k->first_channel[i]);
}

static void send(struct events *e, uint32_t source, bool by_hand, uint32_t chip,
                 const struct d2_destination *to)
{
    struct checker *k = e->k;
    int x_left = 0, at = travel(k->c->grid, chip, to, &x_left);
    if (at == AT_HOST) {
        VEC_PUSH(&k->a, &e->host, ((struct host_entry){x_left, to->tag, source, by_hand}));
        if (!by_hand && (source < k->n_channels || to->cores == 0))
            checker_broken(k, "%s sends to the host, cores %u", source_name(k, source), to->cores);
    }
    if (!by_hand && (at == LOST || to->cores == 0))
        checker_broken(k, "%s on chip %u: hop [%d, %d], cores %u lead nowhere",
                       source_name(k, source), chip, to->x_hop, to->y_hop, to->cores);
    if (at < 0)
        return;
    if (!by_hand && source >= k->n_channels)
        k->counts->chip_links += (uint32_t)at != chip;
    for (uint32_t core = 0; core < 4; core++) {
        if (to->cores >> core & 1)
            VEC_PUSH(&k->a, &e->arrival,
                     ((struct arrival){(uint32_t)at * 4 + core, to->tag, source, by_hand, false}));
    }
}

static bool channel_by_hand(const struct checker *k, uint32_t input, uint32_t channel)
{
    for (uint32_t i = 0; i < k->board->input.n; i++) {
        if (k->board->input.data[i].input == input && k->board->input.data[i].channel == channel)
            return true;
    }
    return false;
}

static int by_arrival(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    if (x->core != y->core)
        return x->core < y->core ? -1 : 1;
    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return (x->source > y->source) - (x->source < y->source);
}

static void send_all(struct events *e)
{
    struct checker *k = e->k;
    for (uint32_t i = 0; i < k->c->n_inputs; i++) {
        for (uint32_t ch = 0; ch < k->c->input[i].n; ch++) {
            const struct d2_channel *x = &k->c->input[i].channel[ch];
            for (uint32_t d = 0; d < x->n; d++)
                send(e, k->first_channel[i] + ch, channel_by_hand(k, i, ch), 0, &x->to[d]);
        }
    }
    for (uint32_t i = 0; i < k->c->n_cores; i++) {
        for (uint32_t j = 0; j < k->c->core[i].n_neurons; j++) {
            const struct d2_neuron *x = &k->c->core[i].neuron[j];
            uint32_t neuron = x->group < 0 ? STRANGER : k->first[x->group] + x->element;
            bool by_hand = x->group < 0 || checker_is_by_hand(k, neuron, BOARD_SRAM);
            for (uint32_t d = 0; d < x->n_sram; d++)
                send(e, x->group < 0 ? STRANGER : k->n_channels + neuron, by_hand,
                     k->c->core[i].chip, &x->sram[d].to);
        }
    }
    if (e->arrival.n > 1)
        qsort(e->arrival.data, e->arrival.n, sizeof *e->arrival.data, by_arrival);
}

/* ---- what is heard ---- */

/* The first arrival of this tag or a later one. */
static uint32_t find_tag(const struct events *e, uint32_t core, uint32_t tag)
{
    const struct arrival key = {.core = core, .tag = tag};
    uint32_t lo = 0, hi = e->arrival.n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (by_arrival(&e->arrival.data[mid], &key) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* The receptor whose dendrite it is, and the sign of weights there. */
static bool receptor_of(const struct model *m, uint32_t dendrite, uint32_t *receptor, double *sign)
{
    for (uint32_t r = 0; r < m->receptor.n; r++) {
        const struct model_receptor *x = &m->receptor.data[r];
        for (uint32_t i = 0; x->on.target && i < x->on.n; i++) {
            if (strcmp(x->on.name[i], d2_dendrite_name[dendrite]) == 0) {
                *receptor = r;
                *sign = i == 1 || x->negative ? -1 : 1;
                return true;
            }
        }
    }
    return false;
}

static double mask_current(const struct d2_core *c, uint32_t mask)
{
    double sum = 0;
    for (uint32_t b = 0; b < D2_BASES; b++) {
        if (mask >> b & 1)
            sum += d2_current(D2_BASE_PARAM + b, c->code[D2_BASE_PARAM + b]);
    }
    return sum;
}

static void hear(struct events *e, uint32_t neuron, const struct d2_cam *m)
{
    struct checker *k = e->k;
    const struct checked_neuron *n = &k->neuron[neuron];
    const struct model *model = k->asked->layer.data[n->neuron->group].model;
    uint32_t core = n->core->chip * 4u + n->core->core, receptor = 0;
    bool by_hand = checker_is_by_hand(k, neuron, BOARD_CAM);
    double sign = 0;
    if (m->mask == 0 || m->dendrite == D2_NONE) {
        if (!by_hand)
            checker_broken(k, "%s: CAM entry %u does nothing", checker_name(k, neuron), m->slot);
        return;
    }
    if (!receptor_of(model, m->dendrite, &receptor, &sign)) {
        checker_broken(k, "%s: CAM entry %u: its model has no such dendrite",
                       checker_name(k, neuron), m->slot);
        return;
    }
    k->counts->cam++;
    uint32_t i = find_tag(e, core, m->tag), first = i;
    for (; i < e->arrival.n && e->arrival.data[i].core == core && e->arrival.data[i].tag == m->tag;
         i++) {
        struct arrival *x = &e->arrival.data[i];
        x->used = true;
        if (x->source != STRANGER)
            VEC_PUSH(&k->a, &e->heard,
                     ((struct synapse){x->source, neuron, receptor,
                                       sign * mask_current(n->core, m->mask)}));
        else if (!by_hand)
            checker_broken(k, "%s hears a neuron that isn't of the network, tag %u",
                           checker_name(k, neuron), m->tag);
    }
    if (i == first && !by_hand)
        checker_broken(k, "%s: nothing sends tag %u of CAM entry %u", checker_name(k, neuron),
                       m->tag, m->slot);
}

/* ---- against the network ---- */

static int by_ends(const void *a, const void *b)
{
    const struct synapse *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->neuron != y->neuron)
        return x->neuron < y->neuron ? -1 : 1;
    return (x->receptor > y->receptor) - (x->receptor < y->receptor);
}

static void ask(struct events *e)
{
    struct checker *k = e->k;
    for (uint32_t i = 0; i < k->asked->connection.n; i++) {
        const struct net_connection *c = &k->asked->connection.data[i];
        uint32_t first =
            c->from_input ? k->first_channel[c->src] : k->n_channels + k->first[c->src];
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++)
                VEC_PUSH(&k->a, &e->asked,
                         ((struct synapse){first + pre, k->first[c->dst] + c->post[s], c->receptor,
                                           (double)c->weight[s]}));
        }
    }
}

/* Entries with the same ends add up; the others that are there stay, in order. */
static uint32_t add_up(struct synapse *v, uint32_t n)
{
    uint32_t kept = 0;
    if (n > 1)
        qsort(v, n, sizeof *v, by_ends);
    for (uint32_t i = 0; i < n; i++) {
        if (kept > 0 && by_ends(&v[kept - 1], &v[i]) == 0)
            v[kept - 1].amount += v[i].amount;
        else
            v[kept++] = v[i];
    }
    return kept;
}

static double scale_of(const struct checker *k, uint32_t neuron, uint32_t receptor)
{
    const struct d2_neuron *x = k->neuron[neuron].neuron;
    const struct d2_receptor *r = &k->c->group[x->group].receptor[receptor];
    return r->scale[r->n_scale == 1 ? 0 : x->element] * k->c->gain;
}

/* A weight and the current that there is instead: none of the 15 sums of base currents is nearer;
 * where the neuron was given by hand it is the current. */
static void compare(struct checker *k, const struct synapse *asked, double made)
{
    double want = asked->amount * scale_of(k, asked->neuron, asked->receptor);
    double error = fabs(made - want), best = fabs(want);
    for (uint32_t mask = 1; mask < 16; mask++)
        best = fmin(best, fabs(mask_current(k->neuron[asked->neuron].core, mask) - fabs(want)));
    if (checker_is_by_hand(k, asked->neuron, BOARD_CAM))
        best = 1e-5 * fabs(want);
    if (made * want < 0 || error > best * (1 + 1e-6) + 1e-6 * fabs(want))
        checker_broken(k, "%s -> %s: %g A, %g A are wanted", source_name(k, asked->source),
                       checker_name(k, asked->neuron), made, want);
    k->counts->synapses += made != 0;
    k->counts->lost_weights += made == 0 && want != 0;
}

static void compare_all(struct events *e)
{
    struct checker *k = e->k;
    uint32_t n_asked = add_up(e->asked.data, e->asked.n),
             n_heard = add_up(e->heard.data, e->heard.n);
    uint32_t h = 0;
    for (uint32_t i = 0; i <= n_asked; i++) {
        const struct synapse *a = i < n_asked ? &e->asked.data[i] : NULL;
        for (; h < n_heard && (!a || by_ends(&e->heard.data[h], a) < 0); h++)
            checker_broken(k, "%s hears %s, to which it isn't connected",
                           checker_name(k, e->heard.data[h].neuron),
                           source_name(k, e->heard.data[h].source));
        if (!a)
            break;
        bool heard = h < n_heard && by_ends(&e->heard.data[h], a) == 0;
        compare(k, a, heard ? e->heard.data[h].amount : 0);
        h += heard;
    }
}

/* ---- the host ---- */

static int by_tag(const void *a, const void *b)
{
    const struct host_entry *x = a, *y = b;
    if (x->x_left != y->x_left)
        return x->x_left < y->x_left ? -1 : 1;
    return (x->tag > y->tag) - (x->tag < y->tag);
}

static void check_host(struct events *e)
{
    struct checker *k = e->k;
    uint32_t *entries = ARENA_ARRAY(&k->a, uint32_t, k->n_channels + k->n_neurons);
    bool *wanted = ARENA_ARRAY(&k->a, bool, k->asked->layer.n);
    for (uint32_t i = 0; i < k->asked->output.n; i++)
        wanted[k->asked->output.data[i]] = true;
    for (uint32_t i = 0; i < k->asked->record.n; i++) {
        if (k->asked->record.data[i].state < 0)
            wanted[k->asked->record.data[i].layer] = true;
    }
    if (e->host.n > 1)
        qsort(e->host.data, e->host.n, sizeof *e->host.data, by_tag);
    for (uint32_t i = 0; i < e->host.n; i++) {
        const struct host_entry *x = &e->host.data[i];
        if (x->source != STRANGER)
            entries[x->source]++;
        if (!x->by_hand && x->tag == D2_CONTROL_TAG)
            checker_broken(k, "%s has the control tag", source_name(k, x->source));
        if (i > 0 && by_tag(x, x - 1) == 0 && !(x->by_hand && x[-1].by_hand))
            checker_broken(k, "the host can't tell %s from %s", source_name(k, x->source),
                           source_name(k, x[-1].source));
    }
    for (uint32_t i = 0; i < k->n_neurons; i++) {
        if (checker_is_by_hand(k, i, BOARD_SRAM))
            continue;
        uint32_t n = entries[k->n_channels + i];
        if (n > 1 || (n == 0 && wanted[k->neuron[i].neuron->group]))
            checker_broken(k, "%s has %u entries for the host", checker_name(k, i), n);
    }
}

void checker_events(struct checker *k)
{
    struct events e = {.k = k};
    send_all(&e);
    for (uint32_t i = 0; i < k->n_neurons; i++) {
        for (uint32_t m = 0; m < k->neuron[i].neuron->n_cam; m++)
            hear(&e, i, &k->neuron[i].neuron->cam[m]);
    }
    for (uint32_t i = 0; i < e.arrival.n; i++) {
        const struct arrival *x = &e.arrival.data[i];
        if (!x->used && !x->by_hand)
            checker_broken(k, "%s goes to chip %u core %u, tag %u, in vain",
                           source_name(k, x->source), x->core / 4, x->core % 4, x->tag);
    }
    ask(&e);
    compare_all(&e);
    check_host(&e);
}
