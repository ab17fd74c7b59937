#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { NAMES_SHOWN = 8 }; /* in a warning; the report has them all */

struct refined {          /* what --refine has brought, over all cores */
    double before, after; /* summed squared errors */
    uint64_t weights;
    uint32_t entries;
};

struct pass {
    struct net *n;
    const struct target_options *o;
    struct target_report *r;
    struct diags *d;
    struct arena *a; /* of the pass */
    struct d2_sites sites;
    struct d2_base_reach grid;
    uint32_t n_cores; /* those of the board, in its order */
    struct d2_weights_of_core *core;
    struct refined refined;
    bool share; /* sources with equal weights will share CAM entries */
};

void d2_core_bases(const struct board_core *c, double base[D2_BASES])
{
    for (uint32_t k = 0; k < D2_BASES; k++) {
        const struct board_bias *b = board_find_bias(c, d2_param[D2_BASE_PARAM + k].name);
        struct d2_code code = {b ? b->coarse : 0, b ? b->fine : 0};
        base[k] = d2_current(D2_BASE_PARAM + k, code);
    }
}

/* ---- names ---- */

uint32_t d2_pre_of(const struct net_connection *c, uint64_t at)
{
    uint32_t lo = 0, n = c->n_pre;
    while (n > 0) { /* the last row that begins at or before `at` */
        uint32_t half = n / 2;
        if (c->row[lo + half + 1] <= at) {
            lo += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return lo;
}

/* "noise[3] -> readout[1] (0.25)", with the weight as it was. */
static void put_synapse(struct buf *out, const struct net *n, const struct d2_synapse *s)
{
    const struct net_connection *c = &n->connection.data[s->connection];
    uint32_t pre = d2_pre_of(c, s->at);
    if (c->from_input)
        net_element_name(out, n->input.data[c->src].name, n->input.data[c->src].shape, pre);
    else
        net_element_name(out, n->layer.data[c->src].name, n->layer.data[c->src].shape, pre);
    const struct net_layer *l = &n->layer.data[c->dst];
    buf_puts(out, " -> ");
    net_element_name(out, l->name, l->shape, c->post[s->at]);
    double w = s->current / s->iscale;
    buf_printf(out, " (%.3g)", c->weight[s->at] < 0 ? -w : w);
}

/* ---- the weights of each core ---- */

static int32_t grid_index(const struct d2_base_reach *g, const struct board_bias *b)
{
    for (uint32_t i = 0; i < g->grid.n; i++)
        if (g->code[i].coarse == b->coarse && g->code[i].fine == b->fine)
            return (int32_t)i;
    return D2_FREE;
}

static void read_given(const struct pass *p, struct d2_weights_of_core *x)
{
    x->reach = 0;
    for (uint32_t k = 0; k < D2_BASES; k++) {
        const struct board_bias *b = board_find_bias(x->core, d2_param[D2_BASE_PARAM + k].name);
        x->given[k] = b ? grid_index(&p->grid, b) : D2_FREE;
        x->reach += x->given[k] == D2_FREE ? p->grid.current[p->grid.grid.n - 1]
                                           : p->grid.current[x->given[k]];
    }
}

static bool all_given(const struct d2_weights_of_core *x)
{
    for (uint32_t k = 0; k < D2_BASES; k++)
        if (x->given[k] == D2_FREE)
            return false;
    return true;
}

static struct d2_site site_of(const struct pass *p, const struct net_connection *c, uint64_t at)
{
    return p->sites.at[p->sites.first[c->dst] + c->post[at]];
}

static struct d2_weights_of_core *core_of(const struct pass *p, const struct net_connection *c,
                                          uint64_t at)
{
    return &p->core[site_of(p, c, at).core - p->n->board->core.data];
}

static bool all_placed(const struct pass *p)
{
    const struct net *n = p->n;
    for (uint32_t i = 0; i < p->sites.first[n->layer.n]; i++) {
        if (!p->sites.at[i].core) {
            diag_add(p->d, E0999, n->span, "neurons are quantized before they are placed");
            return false;
        }
    }
    return true;
}

static void add_synapse(const struct pass *p, uint32_t connection, uint64_t at, double iscale)
{
    const struct net_connection *c = &p->n->connection.data[connection];
    struct d2_weights_of_core *x = core_of(p, c, at);
    struct d2_synapse s = {.connection = connection,
                           .at = at,
                           .current = fabs((double)c->weight[at]) * iscale,
                           .iscale = iscale};
    x->iscale = fmax(x->iscale, iscale);
    s.by_hand = site_of(p, c, at).neuron->given & BOARD_CAM;
    if (all_given(x)) {
        double base[D2_BASES];
        d2_core_bases(x->core, base);
        s.keep = s.by_hand || d2_masks_of(base, c->weight[at], iscale, s.mask) == 2;
    }
    x->synapse[x->n++] = s;
}

/* Kept ones to the end. */
static void part_kept(struct d2_weights_of_core *x)
{
    for (uint32_t i = 0; i < x->n; i++) {
        if (x->synapse[i].keep)
            continue;
        struct d2_synapse s = x->synapse[i];
        x->synapse[i] = x->synapse[x->n_free];
        x->synapse[x->n_free++] = s;
    }
}

static bool few_enough(const struct pass *p)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < p->n->connection.n; i++)
        count += p->n->connection.data[i].row[p->n->connection.data[i].n_pre];
    if (count <= d2_synapse_room(p->n))
        return true;
    diag_add(p->d, E0601, p->n->span, "%llu synapses are more than the tools handle",
             (unsigned long long)count);
    return false;
}

static void collect(struct pass *p)
{
    struct net *n = p->n;
    p->n_cores = n->board->core.n;
    p->core = ARENA_ARRAY(p->a, struct d2_weights_of_core, p->n_cores);
    for (uint32_t i = 0; i < p->n_cores; i++) {
        p->core[i].core = &n->board->core.data[i];
        read_given(p, &p->core[i]);
    }
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        for (uint64_t s = 0; s < c->row[c->n_pre]; s++)
            core_of(p, c, s)->n++;
    }
    for (uint32_t i = 0; i < p->n_cores; i++) {
        p->core[i].synapse = ARENA_ARRAY(p->a, struct d2_synapse, p->core[i].n);
        p->core[i].n = 0;
    }
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        struct d2_scale scale;
        d2_receptor_scale(p->a, n, c->dst, c->receptor, &scale);
        for (uint64_t s = 0; s < c->row[c->n_pre]; s++)
            add_synapse(p, i, s, d2_scale_of(&scale, c->post[s]) * n->board->gain);
    }
    for (uint32_t i = 0; i < p->n_cores; i++)
        part_kept(&p->core[i]);
}

/* ---- quantizing one core ---- */

static double mask_error(const double base[D2_BASES], const struct d2_synapse *s,
                         const uint8_t mask[2])
{
    double made = d2_mask_current(base, mask[0]) + d2_mask_current(base, mask[1]);
    return fabs(made - s->current);
}

static double mean_square(const struct d2_weights_of_core *x, const double base[D2_BASES])
{
    double sum = 0;
    for (uint32_t i = 0; i < x->n_free; i++) {
        double e = mask_error(base, &x->synapse[i], x->synapse[i].mask) / x->synapse[i].iscale;
        sum += e * e;
    }
    return x->n_free ? sum / x->n_free : 0;
}

static void set_bases(const struct pass *p, const struct d2_weights_of_core *x,
                      const struct d2_solution *s)
{
    for (uint32_t k = 0; k < D2_BASES; k++) {
        if (x->given[k] != D2_FREE)
            continue;
        struct d2_code c = p->grid.code[s->index[k]];
        board_set_bias(p->n->arena, x->core, d2_param[D2_BASE_PARAM + k].name, c.coarse, c.fine,
                       (struct span){0});
    }
}

/* ---- --refine ---- */

struct wish { /* to use a second CAM entry */
    uint32_t synapse, neuron;
    double gain; /* by how much the squared error falls, more than by rounding */
    uint8_t mask[2];
};

/* Of one neuron those that gain the same stand together. */
static int by_gain(const void *a, const void *b)
{
    const struct wish *x = a, *y = b;
    if (x->gain != y->gain)
        return x->gain < y->gain ? 1 : -1;
    if (x->neuron != y->neuron)
        return x->neuron < y->neuron ? -1 : 1;
    return (x->synapse > y->synapse) - (x->synapse < y->synapse);
}

static uint32_t usable_cam(const struct pass *p, uint32_t neuron)
{
    struct d2_site at = p->sites.at[neuron];
    return d2_usable_cam(p->n->board, at.core->chip, at.core->core, at.neuron->index);
}

/* Whether some neuron has more synapses than CAM entries, so that sources with equal weights will
 * share some. */
static bool sources_share(const struct pass *p)
{
    uint32_t n_neurons = p->sites.first[p->n->layer.n];
    uint32_t *n = ARENA_ARRAY(p->a, uint32_t, n_neurons);
    bool share = false;
    for (uint32_t i = 0; i < p->n->connection.n; i++) {
        const struct net_connection *c = &p->n->connection.data[i];
        for (uint64_t s = 0; s < c->row[c->n_pre]; s++)
            n[p->sites.first[c->dst] + c->post[s]]++;
    }
    for (uint32_t i = 0; i < n_neurons && !share; i++)
        share = n[i] > usable_cam(p, i);
    return share;
}

/* Gives spare CAM entries to the weights that gain most; returns how many. Where sources share
 * entries, equal weights of a neuron stay equal: all of them get one, or none. */
static uint32_t refine(const struct pass *p, struct d2_weights_of_core *x,
                       const double base[D2_BASES])
{
    uint32_t *used = ARENA_ARRAY(p->a, uint32_t, p->sites.first[p->n->layer.n]);
    struct wish *wish = ARENA_ARRAY(p->a, struct wish, x->n);
    uint32_t n = 0, given = 0;
    for (uint32_t i = 0; i < x->n; i++) {
        const struct d2_synapse *s = &x->synapse[i];
        const struct net_connection *c = &p->n->connection.data[s->connection];
        uint32_t neuron = p->sites.first[c->dst] + c->post[s->at];
        used[neuron] += (s->mask[0] != 0 ? 1u : 0) + (s->mask[1] != 0 ? 1u : 0);
        if (s->keep || s->by_hand)
            continue;
        struct wish w = {.synapse = i, .neuron = neuron};
        d2_nearest_pair(base, s->current, w.mask);
        double before = mask_error(base, s, s->mask), after = mask_error(base, s, w.mask);
        w.gain = before * before - after * after;
        if (w.gain > 1e-6 * before * before)
            wish[n++] = w;
    }
    qsort(wish, n, sizeof *wish, by_gain);
    for (uint32_t i = 0, end; i < n; i = end) {
        const uint32_t neuron = wish[i].neuron, have = usable_cam(p, neuron);
        for (end = i + 1;
             p->share && end < n && wish[end].neuron == neuron && wish[end].gain == wish[i].gain;)
            end++;
        if (used[neuron] + (end - i) > have)
            continue;
        used[neuron] += end - i;
        given += end - i;
        for (uint32_t k = i; k < end; k++)
            memcpy(x->synapse[wish[k].synapse].mask, wish[k].mask, sizeof wish[k].mask);
    }
    return given;
}

/* ---- what is told ---- */

static void warn_lost(const struct pass *p, const struct d2_weights_of_core *x)
{
    struct buf names = {0};
    struct span span = {0};
    uint32_t lost = 0;
    for (uint32_t i = 0; i < x->n_free; i++) {
        const struct d2_synapse *s = &x->synapse[i];
        if (s->mask[0] || s->mask[1] || s->by_hand)
            continue;
        if (lost == 0)
            span = p->n->connection.data[s->connection].span;
        buf_printf(&p->r->text, "quantize:   becomes 0: ");
        put_synapse(&p->r->text, p->n, s);
        buf_putc(&p->r->text, '\n');
        if (lost < NAMES_SHOWN) {
            buf_puts(&names, lost ? ", " : "");
            put_synapse(&names, p->n, s);
        }
        lost++;
    }
    if (lost > NAMES_SHOWN)
        buf_printf(&names, " and %u more", lost - NAMES_SHOWN);
    if (lost > 0)
        diag_add(p->d, W0654, span, "chip %u core %u: %u of %u weights become%s 0: %s",
                 x->core->chip, x->core->core, lost, x->n, lost == 1 ? "s" : "", names.data);
    buf_free(&names);
}

/* The largest error of its weights over the largest of them, for `dyn fit`. */
static void note_error(const struct d2_weights_of_core *x, const double base[D2_BASES])
{
    double worst = 0, largest = 0;
    for (uint32_t i = 0; i < x->n; i++) {
        largest = fmax(largest, x->synapse[i].current);
        if (i < x->n_free && !x->synapse[i].by_hand)
            worst = fmax(worst, mask_error(base, &x->synapse[i], x->synapse[i].mask));
    }
    x->core->has_error = largest > 0;
    x->core->error = largest > 0 ? worst / largest : 0;
}

/* To three digits, downwards: what a hint calls enough has to be enough. */
static double round_down(double x)
{
    double unit = pow(10, floor(log10(x)) - 2);
    return floor(x / unit) * unit;
}

static void warn_saturated(const struct pass *p, const struct d2_weights_of_core *x,
                           const double base[D2_BASES])
{
    const struct d2_synapse *worst = NULL;
    uint32_t n = 0;
    for (uint32_t i = 0; i < x->n_free; i++) {
        const struct d2_synapse *s = &x->synapse[i];
        double made = d2_mask_current(base, s->mask[0]) + d2_mask_current(base, s->mask[1]);
        if (s->by_hand || s->current <= x->reach * (1 + (double)FLT_EPSILON) || made >= s->current)
            continue;
        n++;
        if (!worst || s->current > worst->current)
            worst = s;
    }
    if (!worst)
        return;
    double made = d2_mask_current(base, worst->mask[0]) + d2_mask_current(base, worst->mask[1]);
    struct buf name = {0};
    put_synapse(&name, p->n, worst);
    struct diag *g = diag_add(
        p->d, W0653, p->n->connection.data[worst->connection].span,
        "chip %u core %u: %u of %u weights are beyond the %s that four base currents make: %s "
        "needs %s and becomes %.3g (%.3g %% less)",
        x->core->chip, x->core->core, n, x->n, unit_text(&p->d->arena, x->reach, DIM_CURRENT),
        name.data, unit_text(&p->d->arena, worst->current, DIM_CURRENT), made / worst->iscale,
        100 * (1 - made / worst->current));
    diag_hint(p->d, g, "all are within reach with `gain = %.3g` in the board section, or less",
              round_down(p->n->board->gain * x->reach / worst->current));
    buf_free(&name);
}

static void report_core(const struct pass *p, const struct d2_weights_of_core *x,
                        const double base[D2_BASES], double mse, double bound, double refined)
{
    struct buf *t = &p->r->text;
    double largest = 0;
    for (uint32_t i = 0; i < x->n; i++)
        largest = fmax(largest, x->synapse[i].current / x->synapse[i].iscale);
    buf_printf(t, "quantize: chip %u core %u: %u weights, base currents", x->core->chip,
               x->core->core, x->n);
    for (uint32_t k = 0; k < D2_BASES; k++) {
        const struct board_bias *b = board_find_bias(x->core, d2_param[D2_BASE_PARAM + k].name);
        buf_printf(t, "%s %s (%u:%u%s)", k ? "," : "",
                   unit_text(&p->d->arena, base[k], DIM_CURRENT), b->coarse, b->fine,
                   x->given[k] == D2_FREE ? "" : ", given");
    }
    buf_printf(t, "\nquantize:   mean square error %.4g, root %.3g %% of the largest weight", mse,
               largest > 0 ? 100 * sqrt(mse) / largest : 0);
    /* A ratio says nothing where the bound is far below. */
    if (mse > 0 && mse < 2 * bound)
        buf_printf(t, ", at most %.3g %% above the least possible", 100 * (mse / bound - 1));
    else if (mse > 0 && largest > 0)
        buf_printf(t, ", its root at most %.3g of the largest weight above the least possible",
                   (sqrt(mse) - sqrt(bound)) / largest);
    buf_putc(t, '\n');
    if (p->o->refine)
        buf_printf(t, "quantize:   second CAM entries: mean square error %.4g, %.3g %% less\n",
                   refined, mse > 0 ? 100 * (1 - refined / mse) : 0);
}

static bool has_entries_by_hand(const struct d2_weights_of_core *x)
{
    bool any = false;
    for (uint32_t i = 0; i < x->n_free && !any; i++)
        any = x->synapse[i].by_hand;
    return any;
}

static void quantize_core(struct pass *p, struct d2_weights_of_core *x, struct d2_solved *found)
{
    double bound = found->bound / (x->iscale * x->iscale);
    if (has_entries_by_hand(x))
        d2_solve_by_hand(p->a, p->n, x, &p->sites, &p->grid.grid, &found->solution);
    if (x->n_free > 0)
        set_bases(p, x, &found->solution);
    double base[D2_BASES];
    d2_core_bases(x->core, base);
    for (uint32_t i = 0; i < x->n_free; i++)
        x->synapse[i].mask[0] = d2_nearest_mask(base, x->synapse[i].current);
    double mse = mean_square(x, base);
    if (p->o->refine)
        p->refined.entries += refine(p, x, base);
    double refined = mean_square(x, base);
    p->refined.before += mse * x->n_free;
    p->refined.after += refined * x->n_free;
    p->refined.weights += x->n_free;
    report_core(p, x, base, mse, bound, refined);
    note_error(x, base);
    warn_saturated(p, x, base);
    warn_lost(p, x);
    for (uint32_t i = 0; i < x->n_free; i++) {
        const struct d2_synapse *s = &x->synapse[i];
        if (s->by_hand)
            continue;
        float *w = &p->n->connection.data[s->connection].weight[s->at];
        *w = copysignf(d2_decode_weight(base, s->mask, 2, s->iscale), *w);
    }
}

static void report_refined(const struct pass *p)
{
    const struct refined *x = &p->refined;
    double n = x->weights ? (double)x->weights : 1;
    if (x->entries == 0)
        buf_puts(&p->r->result, "refine: no second CAM entry makes a weight more exact\n");
    else
        buf_printf(&p->r->result,
                   "refine: mean square error %.3g -> %.3g (%.3g %% less) with %u second CAM "
                   "entr%s\n",
                   x->before / n, x->after / n, 100 * (1 - x->after / x->before), x->entries,
                   x->entries == 1 ? "y" : "ies");
}

void d2_drop_zeros(struct net_connection *c)
{
    uint64_t k = 0, s = 0;
    for (uint32_t pre = 0; pre < c->n_pre; pre++) {
        for (; s < c->row[pre + 1]; s++) {
            if (c->weight[s] == 0)
                continue;
            c->post[k] = c->post[s];
            c->weight[k++] = c->weight[s];
        }
        c->row[pre + 1] = k;
    }
}

static bool resolve_gain(struct pass *p)
{
    struct board *b = p->n->board;
    double factor = d2_auto_gain(p->n, p->core, p->n_cores, &p->grid.grid, p->o->seed, p->d);
    if (factor == 0)
        return false;
    b->gain_auto = false;
    buf_printf(&p->r->text, "quantize: gain: weight currents times %.4g, gain currents over it\n",
               factor);
    if (factor != 1)
        collect(p);
    return true;
}

bool d2_quantize(struct net *n, const struct target_options *o, struct target_report *r,
                 struct diags *d)
{
    struct arena scratch = {0};
    struct pass p = {.n = n, .o = o, .r = r, .d = d, .a = &scratch};
    if (!d2_merge_connections(n, r, d))
        return false;
    d2_base_reach(&p.grid);
    p.sites = d2_sites(&scratch, n);
    bool ok = all_placed(&p) && few_enough(&p);
    if (ok) {
        collect(&p);
        ok = !n->board->gain_auto || resolve_gain(&p);
        p.share = o->refine && sources_share(&p);
    }
    if (ok) {
        struct d2_solved *solved = ARENA_ARRAY(&scratch, struct d2_solved, p.n_cores);
        d2_solve_cores(&scratch, p.core, p.n_cores, &p.grid.grid, o->seed, solved);
        for (uint32_t i = 0; i < p.n_cores; i++)
            if (p.core[i].n > 0)
                quantize_core(&p, &p.core[i], &solved[i]);
        if (o->refine)
            report_refined(&p);
        for (uint32_t i = 0; i < n->connection.n; i++)
            d2_drop_zeros(&n->connection.data[i]);
    }
    arena_free(&scratch);
    return ok;
}
