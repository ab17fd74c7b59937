/* Events find their way by tags: a source sends its tag to cores, where every neuron whose CAM
 * holds the tag takes it. A tag is unique among the sources that reach a core; sources take the
 * lowest tag that is free on all cores they reach, input channels first. Monitors (towards the
 * host) have tags of their own: 256 * core + index, unique on the chip. */
#include "targets/dynapse2/route.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include <stdlib.h>

enum { WORDS = D2_TAGS / 64, HOMES = D2_STACK * D2_CORES };

/* Sources are numbered: the channels of all inputs, then the neurons of all layers. */
struct synapse {
    uint32_t post; /* number of the neuron */
    uint32_t source, receptor, connection;
    float weight;
};

struct tags { /* a set */
    uint64_t word[WORDS];
};

struct route {
    struct net *n;
    struct diags *d;
    struct arena *a; /* as long as the pass */
    struct d2_sites sites;
    uint32_t *first_channel; /* of each input; one more: the number of channels */
    uint32_t n_channels, n_neurons;
    const struct board_input **by_hand; /* of each channel; NULL: automatic */
    uint16_t *cores;                    /* that each source must reach: bit 4 * chip + core */
    uint16_t *tag;                      /* of each automatic source with targets */
    struct tags *used;                  /* tags that are taken, of each core */
    size_t n_synapses;
    struct synapse *synapse; /* by neuron, source, receptor */
};

static uint32_t home_of(const struct board_core *c)
{
    return c->chip * D2_CORES + c->core;
}

static uint32_t source_of(const struct route *r, const struct net_connection *c, uint32_t pre)
{
    return c->from_input ? r->first_channel[c->src] + pre
                         : r->n_channels + r->sites.first[c->src] + pre;
}

static bool is_channel(const struct route *r, uint32_t source)
{
    return source < r->n_channels;
}

static const char *source_name(const struct route *r, uint32_t source)
{
    uint32_t i = 0;
    if (!is_channel(r, source)) {
        source -= r->n_channels;
        while (r->sites.first[i + 1] <= source)
            i++;
        return d2_neuron_name(&r->d->arena, r->n, i, source - r->sites.first[i]);
    }
    while (r->first_channel[i + 1] <= source)
        i++;
    struct buf b = {0};
    net_element_name(&b, r->n->input.data[i].name, r->n->input.data[i].shape,
                     source - r->first_channel[i]);
    const char *s = arena_strdup(&r->d->arena, b.data);
    buf_free(&b);
    return s;
}

/* ---- what is connected ---- */

static bool count_sources(struct route *r)
{
    uint64_t n = 0;
    r->first_channel = ARENA_ARRAY(r->a, uint32_t, r->n->input.n + 1);
    for (uint32_t i = 0; i < r->n->input.n; i++) {
        n += r->n->input.data[i].n;
        if (n > D2_MAX_CHANNELS) {
            diag_add(r->d, E0601, r->n->input.data[i].span, "the inputs have more than %d channels",
                     D2_MAX_CHANNELS);
            return false;
        }
        r->first_channel[i + 1] = (uint32_t)n;
    }
    r->n_channels = (uint32_t)n;
    r->n_neurons = r->sites.first[r->n->layer.n];
    r->by_hand = ARENA_ARRAY(r->a, const struct board_input *, r->n_channels);
    for (uint32_t i = 0; i < r->n->board->input.n; i++) {
        const struct board_input *x = &r->n->board->input.data[i];
        r->by_hand[r->first_channel[x->input] + x->channel] = x;
    }
    r->cores = ARENA_ARRAY(r->a, uint16_t, r->n_channels + r->n_neurons);
    r->tag = ARENA_ARRAY(r->a, uint16_t, r->n_channels + r->n_neurons);
    r->used = ARENA_ARRAY(r->a, struct tags, HOMES);
    return true;
}

static int by_neuron(const void *x, const void *y)
{
    const struct synapse *p = x, *q = y;
    const uint32_t a[] = {p->post, p->source, p->receptor, p->connection};
    const uint32_t b[] = {q->post, q->source, q->receptor, q->connection};
    for (size_t i = 0; i < 4; i++) {
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    }
    return 0;
}

static void find_synapses(struct route *r)
{
    for (uint32_t i = 0; i < r->n->connection.n; i++) {
        const struct net_connection *c = &r->n->connection.data[i];
        r->n_synapses += c->row[c->n_pre];
    }
    r->synapse = ARENA_ARRAY(r->a, struct synapse, r->n_synapses);
    size_t k = 0;
    for (uint32_t i = 0; i < r->n->connection.n; i++) {
        const struct net_connection *c = &r->n->connection.data[i];
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            uint32_t source = source_of(r, c, pre);
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++) {
                uint32_t post = r->sites.first[c->dst] + c->post[s];
                r->synapse[k++] = (struct synapse){post, source, c->receptor, i, c->weight[s]};
                r->cores[source] |= (uint16_t)(1u << home_of(r->sites.at[post].core));
            }
        }
    }
    qsort(r->synapse, r->n_synapses, sizeof *r->synapse, by_neuron);
}

/* ---- tags ---- */

/* Destinations that a source has by hand, one after the other; false after the last one. */
static bool hand_destination(const struct route *r, uint32_t source, uint32_t i, uint32_t *chip,
                             struct board_destination *to)
{
    if (is_channel(r, source)) {
        const struct board_input *x = r->by_hand[source];
        if (!x || i >= x->to.n)
            return false;
        *chip = 0;
        *to = x->to.data[i];
        return true;
    }
    const struct d2_site *at = &r->sites.at[source - r->n_channels];
    if (!at->neuron->by_hand || i >= at->neuron->sram.n)
        return false;
    const struct board_sram *s = &at->neuron->sram.data[i];
    *chip = at->core->chip;
    *to = (struct board_destination){s->tag, s->cores, s->x_hop, s->y_hop};
    return true;
}

static bool is_by_hand(const struct route *r, uint32_t source)
{
    return is_channel(r, source) ? r->by_hand[source] != NULL
                                 : r->sites.at[source - r->n_channels].neuron->by_hand;
}

static void take_tag(struct route *r, uint32_t homes, uint32_t tag)
{
    for (uint32_t h = 0; h < HOMES; h++) {
        if (homes >> h & 1)
            r->used[h].word[tag / 64] |= (uint64_t)1 << tag % 64;
    }
}

/* The lowest tag that is free on all of these cores; D2_TAGS: none. */
static uint32_t free_tag(const struct route *r, uint32_t homes)
{
    for (uint32_t tag = 0; tag < D2_TAGS; tag++) {
        bool taken = false;
        for (uint32_t h = 0; h < HOMES && !taken; h++)
            taken = (homes >> h & 1) && (r->used[h].word[tag / 64] >> tag % 64 & 1);
        if (!taken)
            return tag;
    }
    return D2_TAGS;
}

static bool choose_tags(struct route *r)
{
    uint32_t n_sources = r->n_channels + r->n_neurons;
    for (uint32_t s = 0; s < n_sources; s++) {
        uint32_t chip;
        struct board_destination to;
        for (uint32_t i = 0; hand_destination(r, s, i, &chip, &to); i++) {
            int target = d2_hop_target(d2_grid_of(r->n->board), chip, to.x_hop, to.y_hop);
            if (target >= 0)
                take_tag(r, (uint32_t)to.cores << target * D2_CORES, to.tag);
        }
    }
    for (uint32_t s = 0; s < n_sources; s++) {
        if (!r->cores[s] || is_by_hand(r, s))
            continue;
        uint32_t tag = free_tag(r, r->cores[s]);
        if (tag == D2_TAGS) {
            uint32_t needed = 0;
            for (uint32_t i = 0; i < n_sources; i++)
                needed += (r->cores[i] & r->cores[s]) != 0;
            struct diag *g = diag_add(r->d, E0601, r->n->span,
                                      "%u sources share cores with `%s`, a core has %d tags",
                                      needed, source_name(r, s), D2_TAGS);
            diag_hint(r->d, g,
                      "fewer input channels, or neurons that hear different inputs placed "
                      "on different cores");
            return false;
        }
        r->tag[s] = (uint16_t)tag;
        take_tag(r, r->cores[s], tag);
    }
    return true;
}

/* The tag with which a source reaches a core; false: it is given by hand and doesn't. */
static bool find_tag(const struct route *r, uint32_t source, uint32_t home, uint16_t *tag)
{
    *tag = r->tag[source];
    if (!is_by_hand(r, source))
        return true;
    uint32_t chip;
    struct board_destination to;
    for (uint32_t i = 0; hand_destination(r, source, i, &chip, &to); i++) {
        int target = d2_hop_target(d2_grid_of(r->n->board), chip, to.x_hop, to.y_hop);
        if (target == (int)(home / D2_CORES) && (to.cores >> home % D2_CORES & 1)) {
            *tag = to.tag;
            return true;
        }
    }
    return false;
}

/* ---- CAM ---- */

/* The neuron of a layer that needs the most CAM entries, where that is too many. */
struct crowded {
    uint32_t element, need, others;
    uint32_t connection, most; /* that brings the most entries */
};

static bool cam_entries(struct route *r, uint32_t layer, uint32_t element, const struct synapse *in,
                        size_t n, struct crowded *c)
{
    struct d2_site at = r->sites.at[r->sites.first[layer] + element];
    const struct model *m = r->n->layer.data[layer].model;
    double base[D2_BASES];
    d2_core_bases(at.core, base);
    uint32_t need = 0, of_connection = 0, most = 0, connection = 0;
    for (size_t i = 0; i < n; i++) {
        const struct model_receptor *rec = &m->receptor.data[in[i].receptor];
        uint32_t side = in[i].weight < 0 && rec->on.n > 1;
        double scale = d2_receptor_scale(r->n, layer, in[i].receptor, element) * r->n->board->gain;
        uint8_t mask[2];
        uint32_t n_masks = d2_masks_of(base, in[i].weight, scale, mask);
        uint16_t tag;
        if (n_masks == 0) {
            diag_add(r->d, E0999, r->n->connection.data[in[i].connection].span,
                     "weight %g of `%s` isn't made of base currents", (double)in[i].weight,
                     d2_neuron_name(&r->d->arena, r->n, layer, element));
            return false;
        }
        if (!find_tag(r, in[i].source, home_of(at.core), &tag)) {
            diag_add(r->d, E0406,
                     is_channel(r, in[i].source)
                         ? r->by_hand[in[i].source]->span
                         : r->sites.at[in[i].source - r->n_channels].neuron->span,
                     "`%s` doesn't reach chip %u core %u, where it feeds `%s`",
                     source_name(r, in[i].source), at.core->chip, at.core->core,
                     d2_neuron_name(&r->d->arena, r->n, layer, element));
            return false;
        }
        for (uint32_t k = 0; k < n_masks; k++, need++) {
            if (need < D2_CAM)
                VEC_PUSH(r->n->arena, &at.neuron->cam,
                         ((struct board_cam){.tag = tag,
                                             .slot = (uint8_t)need,
                                             .mask = mask[k],
                                             .dendrite =
                                                 (uint8_t)d2_find_dendrite(rec->on.name[side])}));
        }
        of_connection = i > 0 && in[i - 1].connection == in[i].connection ? of_connection + 1 : 1;
        if (of_connection > most) {
            most = of_connection;
            connection = in[i].connection;
        }
    }
    if (need > D2_CAM) {
        c->others++;
        if (need > c->need)
            *c = (struct crowded){element, need, c->others, connection, most};
    }
    return true;
}

static void report_crowded(struct route *r, uint32_t layer, const struct crowded *c)
{
    const struct net_layer *l = &r->n->layer.data[layer];
    const char *also = c->others > 1 ? arena_printf(&r->d->arena, " (and %u more neurons of `%s`)",
                                                    c->others - 1, l->name)
                                     : "";
    struct diag *g =
        diag_add(r->d, E0601, l->span, "`%s` needs %u CAM entries, a neuron has %d%s",
                 d2_neuron_name(&r->d->arena, r->n, layer, c->element), c->need, D2_CAM, also);
    diag_label(r->d, g, r->n->connection.data[c->connection].span, "%u of them from here", c->most);
    diag_hint(r->d, g, "every weight that isn't 0 takes an entry: at most %d sources for a neuron",
              D2_CAM);
}

static bool fill_cam(struct route *r)
{
    bool ok = true;
    size_t s = 0;
    for (uint32_t l = 0; l < r->n->layer.n; l++) {
        struct crowded c = {0};
        for (uint32_t e = 0; e < r->n->layer.data[l].n; e++) {
            uint32_t post = r->sites.first[l] + e;
            size_t begin = s;
            while (s < r->n_synapses && r->synapse[s].post == post)
                s++;
            if (!r->sites.at[post].neuron->by_hand &&
                !cam_entries(r, l, e, &r->synapse[begin], s - begin, &c))
                return false;
        }
        if (c.need) {
            report_crowded(r, l, &c);
            ok = false;
        }
    }
    return ok;
}

/* ---- destinations ---- */

/* One for each chip that `homes` touches, hops from `chip`; returns how many. */
static uint32_t destinations(uint32_t homes, uint32_t chip, uint16_t tag,
                             struct board_destination to[D2_STACK])
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < D2_STACK; k++) {
        uint32_t cores = homes >> k * D2_CORES & ((1u << D2_CORES) - 1);
        if (cores)
            to[n++] =
                (struct board_destination){tag, (uint8_t)cores, (int8_t)((int)k - (int)chip), 0};
    }
    return n;
}

static bool fill_sram(struct route *r)
{
    for (uint32_t i = 0; i < r->n_neurons; i++) {
        struct d2_site at = r->sites.at[i];
        uint32_t source = r->n_channels + i;
        if (at.neuron->by_hand)
            continue;
        struct board_destination to[D2_STACK];
        uint32_t n = destinations(r->cores[source], at.core->chip, r->tag[source], to);
        if (n + 1 > D2_SRAM) {
            struct diag *g = diag_add(r->d, E0601, r->n->layer.data[at.neuron->layer].span,
                                      "`%s` needs %u SRAM entries, a neuron has %d",
                                      source_name(r, source), n + 1, D2_SRAM);
            diag_hint(r->d, g, "one is for the host, the others reach one chip each");
            return false;
        }
        struct board_sram monitor = {
            .tag = (uint16_t)(at.core->core * D2_NEURONS + at.neuron->index),
            .cores = (1 << D2_CORES) - 1,
            .x_hop = D2_HOST_HOP,
            .y_hop = D2_HOST_HOP,
        };
        VEC_PUSH(r->n->arena, &at.neuron->sram, monitor);
        for (uint32_t k = 0; k < n; k++) {
            struct board_sram s = {to[k].tag, (uint8_t)(k + 1), to[k].cores, to[k].x_hop,
                                   to[k].y_hop};
            VEC_PUSH(r->n->arena, &at.neuron->sram, s);
        }
    }
    return true;
}

/* The direct current flows where the core makes one. */
static void fill_latches(struct route *r)
{
    for (uint32_t i = 0; i < r->n_neurons; i++) {
        struct board_neuron *x = r->sites.at[i].neuron;
        const struct net_layer *l = &r->n->layer.data[x->layer];
        for (uint32_t p = 0; p < l->model->param.n && !x->by_hand; p++) {
            const struct model_param *m = &l->model->param.data[p];
            for (uint32_t k = 0; d2_is_bound(m) && k < m->on.n; k++) {
                if (strcmp(m->on.name[k], "SOIF_DC_P") == 0 &&
                    d2_value(&l->param[p], x->element) > 0)
                    VEC_PUSH(r->n->arena, &x->latch, d2_latch_name[D2_SO_DC]);
            }
        }
    }
}

static void fill_inputs(struct route *r)
{
    struct board *b = r->n->board, all = {0};
    for (uint32_t i = 0; i < r->n->input.n; i++) {
        for (uint32_t ch = 0; ch < r->n->input.data[i].n; ch++) {
            uint32_t source = r->first_channel[i] + ch;
            if (r->by_hand[source]) {
                VEC_PUSH(r->n->arena, &all.input, *r->by_hand[source]);
            } else if (r->cores[source]) {
                struct board_input *x = VEC_ADD(r->n->arena, &all.input);
                *x = (struct board_input){.input = i, .channel = ch};
                struct board_destination to[D2_STACK];
                uint32_t n = destinations(r->cores[source], 0, r->tag[source], to);
                for (uint32_t k = 0; k < n; k++)
                    VEC_PUSH(r->n->arena, &x->to, to[k]);
            }
        }
    }
    memcpy(&b->input, &all.input, sizeof b->input);
}

static const struct board_output *find_output(const struct board *b, uint32_t layer)
{
    for (uint32_t i = 0; i < b->output.n; i++) {
        if (b->output.data[i].layer == layer)
            return &b->output.data[i];
    }
    return NULL;
}

static bool fill_outputs(struct route *r)
{
    struct board *b = r->n->board, all = {0};
    bool ok = true;
    for (uint32_t i = 0; i < r->n->output.n; i++) {
        uint32_t layer = r->n->output.data[i];
        const struct board_output *given = find_output(b, layer);
        struct board_output *x = VEC_ADD(r->n->arena, &all.output);
        *x = (struct board_output){.layer = layer};
        for (uint32_t e = 0; e < r->n->layer.data[layer].n; e++) {
            struct d2_site at = r->sites.at[r->sites.first[layer] + e];
            struct board_address to = {at.core->chip, at.core->core, at.neuron->index};
            VEC_PUSH(r->n->arena, &x->at, to);
            if (ok && given &&
                (e >= given->at.n || memcmp(&given->at.data[e], &to, sizeof to) != 0)) {
                diag_add(r->d, E0406, given->span,
                         "the board section gives another address, but `%s` is chip %u core %u "
                         "neuron %u",
                         d2_neuron_name(&r->d->arena, r->n, layer, e), to.chip, to.core, to.neuron);
                ok = false;
            }
        }
        if (given)
            x->span = given->span;
    }
    for (uint32_t i = 0; i < b->output.n && ok; i++) {
        bool is_output = false;
        for (uint32_t k = 0; k < r->n->output.n; k++)
            is_output = is_output || r->n->output.data[k] == b->output.data[i].layer;
        if (!is_output) {
            diag_add(r->d, E0406, b->output.data[i].span, "`%s` is no output of the network",
                     r->n->layer.data[b->output.data[i].layer].name);
            ok = false;
        }
    }
    memcpy(&b->output, &all.output, sizeof b->output);
    return ok;
}

/* ---- the pass ---- */

bool d2_route(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d)
{
    (void)o;
    struct arena scratch = {0};
    struct route x = {.n = n, .d = d, .a = &scratch, .sites = d2_sites(&scratch, n)};
    bool ok = count_sources(&x);
    if (ok) {
        find_synapses(&x);
        ok = choose_tags(&x) && fill_cam(&x) && fill_sram(&x);
    }
    if (ok) {
        fill_latches(&x);
        fill_inputs(&x);
        ok = fill_outputs(&x) && d2_route_verify(n, d);
    }
    if (ok)
        buf_printf(&r->text, "route: %zu synapses\n", x.n_synapses);
    arena_free(&scratch);
    return ok;
}
