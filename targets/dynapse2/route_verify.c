#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/route.h"
#include <math.h>
#include <stdlib.h>

static const double tolerance = 1e-6; /* relative: a few roundings of a float32 */

struct verify {
    const struct net *n;
    const struct d2_config *c;
    struct d2_sites sites;
    bool *told;                /* of each neuron: that a weight of it is wrong */
    bool *told_input;          /* of each of the board: that another one has its tag */
    struct differing *by_hand; /* of each core of the board */
    struct diags *d;
};

/* Weights of a core that CAM entries given by hand make otherwise than the best ones would. */
struct differing {
    uint32_t n;
    struct d2_weight worst;
    double wanted, error; /* relative */
};

struct wanted {
    struct d2_weight w;
    float *at; /* in its connection */
};

static int by_key(const void *x, const void *y)
{
    return d2_compare_weights(&((const struct wanted *)x)->w, &((const struct wanted *)y)->w);
}

static size_t count_synapses(const struct net *n)
{
    size_t count = 0;
    for (uint32_t i = 0; i < n->connection.n; i++)
        count += n->connection.data[i].row[n->connection.data[i].n_pre];
    return count;
}

static void find_wanted(const struct net *n, struct wanted *out)
{
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++)
                *out++ = (struct wanted){
                    {c->from_input, c->src, c->dst, c->receptor, pre, c->post[s], c->weight[s]},
                    &c->weight[s]};
        }
    }
}

static const char *source_name(const struct verify *v, const struct d2_weight *w)
{
    if (!w->from_input)
        return d2_neuron_name(&v->d->arena, v->n, w->src, w->pre);
    struct buf b = {0};
    const struct net_input *in = &v->n->input.data[w->src];
    net_element_name(&b, in->name, in->shape, w->pre);
    const char *s = arena_strdup(&v->d->arena, b.data);
    buf_free(&b);
    return s;
}

static bool sends_to(const struct verify *v, const struct board_destination *to, struct d2_site at)
{
    return d2_hop_target(v->c->grid, 0, to->x_hop, to->y_hop) == (int)at.core->chip &&
           (to->cores >> at.core->core & 1);
}

/* Another channel that sends the tag to the core; n: none does. */
static uint32_t find_rival(const struct verify *v, const struct board_input *x, struct d2_site at,
                           uint32_t *tag)
{
    const struct board *b = v->n->board;
    for (uint32_t i = 0; i < b->input.n; i++) {
        const struct board_input *y = &b->input.data[i];
        for (uint32_t k = 0; y != x && k < x->to.n; k++) {
            for (uint32_t m = 0; sends_to(v, &x->to.data[k], at) && m < y->to.n; m++) {
                *tag = x->to.data[k].tag;
                if (y->to.data[m].tag == *tag && sends_to(v, &y->to.data[m], at))
                    return i;
            }
        }
    }
    return b->input.n;
}

/* Whether the neuron hears a channel because another one has its tag there; told, once for both. */
static bool report_rivals(struct verify *v, const struct d2_weight *w, struct d2_site at)
{
    const struct board *b = v->n->board;
    uint32_t i = 0, tag = 0;
    while (w->from_input && i < b->input.n &&
           (b->input.data[i].input != w->src || b->input.data[i].channel != w->pre))
        i++;
    if (!w->from_input || i == b->input.n)
        return false;
    uint32_t rival = find_rival(v, &b->input.data[i], at, &tag);
    if (rival == b->input.n)
        return false;
    if (v->told_input[i] || v->told_input[rival])
        return true;
    v->told_input[i] = v->told_input[rival] = true;
    const struct board_input *x = &b->input.data[i > rival ? i : rival];
    const struct board_input *y = &b->input.data[i > rival ? rival : i];
    struct d2_weight names[] = {{.from_input = true, .src = x->input, .pre = x->channel},
                                {.from_input = true, .src = y->input, .pre = y->channel}};
    struct diag *g =
        diag_add(v->d, E0406, x->span,
                 "`%s` and `%s` both send tag %u to chip %u core %u, where `%s` hears "
                 "them differently",
                 source_name(v, &names[1]), source_name(v, &names[0]), tag, at.core->chip,
                 at.core->core, d2_neuron_name(&v->d->arena, v->n, w->dst, w->post));
    if (y->span.begin != x->span.begin)
        diag_label(v->d, g, y->span, "the same tag");
    diag_hint(v->d, g,
              "give them different tags, or leave the destinations of one out: they are computed");
    return true;
}

/* A weight that the board makes otherwise, once for each neuron. */
static void report(struct verify *v, const struct d2_weight *w, double wanted, double found)
{
    uint32_t post = v->sites.first[w->dst] + w->post;
    if (v->told[post])
        return;
    v->told[post] = true;
    const struct board_neuron *x = v->sites.at[post].neuron;
    if (!(x->given & BOARD_CAM) && report_rivals(v, w, v->sites.at[post]))
        return;
    struct diag *g = diag_add(
        v->d, E0406, x->span.file ? x->span : v->n->board->span,
        "`%s` on the board hears `%s` with weight %.6g, the network says %.6g",
        d2_neuron_name(&v->d->arena, v->n, w->dst, w->post), source_name(v, w), found, wanted);
    if (x->given & BOARD_CAM)
        diag_hint(v->d, g, "without `cam` entries of its own the neuron's are computed");
    else
        diag_hint(v->d, g, "without `%s` by hand its destinations are computed",
                  w->from_input ? "input" : "sram");
}

/* How far the nearest weight of a single CAM entry is. */
static double least_error(const struct verify *v, const struct d2_weight *w, double wanted)
{
    double base[D2_BASES];
    d2_core_bases(v->sites.at[v->sites.first[w->dst] + w->post].core, base);
    const struct d2_receptor *r = &v->c->group[w->dst].receptor[w->receptor];
    double iscale = r->scale[r->n_scale == 1 ? 0 : w->post] * v->c->gain;
    uint8_t mask = d2_nearest_mask(base, fabs(wanted) * iscale);
    return fabs((double)d2_decode_weight(base, &mask, 1, iscale) - fabs(wanted));
}

/* By hand stays; told if it isn't as near as could be. */
static bool is_by_hand(struct verify *v, const struct d2_weight *found, double wanted)
{
    struct d2_site at = v->sites.at[v->sites.first[found->dst] + found->post];
    double have = (double)found->weight;
    if (!(at.neuron->given & BOARD_CAM) || (have < 0) != (wanted < 0))
        return false;
    double error = fabs(have - wanted);
    if (error <= least_error(v, found, wanted) * (1 + tolerance))
        return true;
    struct differing *x = &v->by_hand[at.core - v->n->board->core.data];
    x->n++;
    if (error > x->error * fabs(wanted)) {
        x->error = error / fabs(wanted);
        x->worst = *found;
        x->wanted = wanted;
    }
    return true;
}

/* By hand: those that were found have no line. */
static bool bases_are_given(const struct board_core *c)
{
    for (uint32_t k = 0; k < D2_BASES; k++) {
        const struct board_bias *b = board_find_bias(c, d2_param[D2_BASE_PARAM + k].name);
        if (!b || b->span.file == 0)
            return false;
    }
    return true;
}

static void tell_differing(const struct verify *v)
{
    for (uint32_t i = 0; i < v->n->board->core.n; i++) {
        const struct board_core *c = &v->n->board->core.data[i];
        const struct differing *x = &v->by_hand[i];
        if (x->n == 0)
            continue;
        const struct d2_weight *w = &x->worst;
        double found = (double)w->weight;
        struct diag *g = diag_add(
            v->d, W0658, v->sites.at[v->sites.first[w->dst] + w->post].neuron->span,
            "chip %u core %u: CAM entries by hand make %u weight%s other than the network's: %s -> "
            "%s (%.4g) becomes %.4g (%+.1f %%)",
            c->chip, c->core, x->n, x->n == 1 ? "" : "s", source_name(v, w),
            d2_neuron_name(&v->d->arena, v->n, w->dst, w->post), x->wanted, found,
            100 * (found - x->wanted) / x->wanted);
        if (!bases_are_given(c))
            diag_hint(v->d, g,
                      "the core's base currents are computed: give them too, `bias %s = ...` and "
                      "so on",
                      d2_param[D2_BASE_PARAM].name);
        else if (x->n > 1)
            diag_hint(v->d, g, "this is the largest difference");
    }
}

bool d2_route_verify(struct net *n, struct diags *d)
{
    struct arena a = {0};
    struct d2_config c;
    struct d2_weights found;
    const char *why;
    uint32_t errors = d->n_errors;
    d2_config_of_net(&a, n, &c);
    if (!d2_weights(&a, &c, &found, &why)) {
        diag_add(d, E0406, n->board->span, "the board section: %s", why);
        arena_free(&a);
        return false;
    }
    size_t n_wanted = count_synapses(n), i = 0, k = 0;
    struct wanted *wanted = ARENA_ARRAY(&a, struct wanted, n_wanted);
    find_wanted(n, wanted);
    qsort(wanted, n_wanted, sizeof *wanted, by_key);
    struct verify v = {.n = n, .c = &c, .sites = d2_sites(&a, n), .d = d};
    v.told = ARENA_ARRAY(&a, bool, v.sites.first[n->layer.n]);
    v.told_input = ARENA_ARRAY(&a, bool, n->board->input.n);
    v.by_hand = ARENA_ARRAY(&a, struct differing, n->board->core.n);
    while (i < n_wanted || k < found.n) {
        int order = i == n_wanted  ? 1
                    : k == found.n ? -1
                                   : d2_compare_weights(&wanted[i].w, &found.v[k]);
        const struct d2_weight *w = order <= 0 ? &wanted[i].w : &found.v[k];
        double want = order <= 0 ? (double)wanted[i].w.weight : 0;
        double have = order >= 0 ? (double)found.v[k].weight : 0;
        if (order == 0 &&
            (fabs(want - have) <= tolerance * fabs(want) || is_by_hand(&v, &found.v[k], want)))
            *wanted[i].at = found.v[k].weight;
        else
            report(&v, w, want, have);
        i += order <= 0;
        k += order >= 0;
    }
    tell_differing(&v);
    arena_free(&a);
    return d->n_errors == errors;
}
