#include "targets/dynapse2/passes.h"
#include <math.h>
#include <stdlib.h>

bool d2_put_bias(struct buf *out, const char *bias, uint32_t coarse, uint32_t fine)
{
    int p = d2_find_param(bias);
    if (p < 0 || coarse >= D2_COARSE || fine >= D2_FINE || !d2_has_current((uint32_t)p))
        return false;
    struct arena a = {0};
    double current = d2_current((uint32_t)p, (struct d2_code){(uint8_t)coarse, (uint8_t)fine});
    buf_puts(out, unit_text(&a, current, DIM_CURRENT));
    arena_free(&a);
    return true;
}

/* Currents outside the reach of the bias generator are told from this relative error on: between
 * neighbouring codes at the lower end it can be as large. */
static const double tolerance = 0.10;

/* What the neurons of a core want of one device parameter. */
struct wish {
    double mean;
    uint32_t layer, param; /* of the first neuron that wants it */
    uint32_t count;
};

static void add_wish(struct wish *w, double x, uint32_t layer, uint32_t param)
{
    if (w->count == 0)
        *w = (struct wish){x, layer, param, 0};
    w->count++;
    w->mean += (x - w->mean) / w->count; /* equal values leave it exact */
}

static void find_wishes(const struct net *n, const struct board_core *c,
                        struct wish wish[D2_N_PARAMS])
{
    for (uint32_t i = 0; i < c->neuron.n; i++) {
        const struct board_neuron *x = &c->neuron.data[i];
        if (x->layer < 0)
            continue;
        const struct net_layer *l = &n->layer.data[x->layer];
        for (uint32_t p = 0; p < l->model->param.n; p++) {
            const struct model_param *m = &l->model->param.data[p];
            double value = (double)d2_value(&l->param[p], x->element);
            for (uint32_t k = 0; d2_is_bound(m) && k < m->on.n; k++)
                add_wish(&wish[d2_find_param(m->on.name[k])], value, (uint32_t)x->layer, p);
        }
    }
}

/* What is given without anything that asks for it. */
static void tell_given(struct target_report *r, const struct board_core *c, uint32_t param)
{
    const struct board_bias *b = board_find_bias(c, d2_param[param].name);
    struct buf current = {0};
    buf_printf(&r->text, "bias: chip %u core %u: %s %u:%u", c->chip, c->core, b->name, b->coarse,
               b->fine);
    if (d2_put_bias(&current, b->name, b->coarse, b->fine))
        buf_printf(&r->text, " makes %s", current.data);
    buf_puts(&r->text, ", by hand\n");
    buf_free(&current);
}

static void choose(struct net *n, struct board_core *c, uint32_t device, const struct wish *w,
                   struct target_report *r, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[w->layer];
    const char *name = l->model->param.data[w->param].name, *on = d2_param[device].name;
    const struct board_bias *given = board_find_bias(c, on);
    struct d2_code code =
        given ? (struct d2_code){given->coarse, given->fine} : d2_choose(device, w->mean);
    double current = d2_current(device, code);
    double error = w->mean > 0 ? (current - w->mean) / w->mean : INFINITY;
    const char *wanted = unit_text(&d->arena, w->mean, DIM_CURRENT);
    const char *made = unit_text(&d->arena, current, DIM_CURRENT);
    buf_printf(&r->text, "bias: chip %u core %u: %s %u:%u makes %s of %s for %s", c->chip, c->core,
               on, code.coarse, code.fine, made, wanted, name);
    if (w->mean > 0)
        buf_printf(&r->text, " (%+.2f %%)", 100 * error);
    buf_puts(&r->text, given ? ", by hand\n" : "\n");
    if (given)
        return;
    board_set_bias(n->arena, c, on, code.coarse, code.fine, (struct span){0});
    bool off = w->mean == 0 && d2_latch_of(&l->model->param.data[w->param]) >= 0;
    if (!d2_out_of_reach(device, w->mean) || fabs(error) <= tolerance || off)
        return;
    double min, max;
    d2_reach(device, &min, &max);
    const char *percent = w->mean > 0 ? arena_printf(&d->arena, " (%+.0f %%)", 100 * error) : "";
    struct diag *g =
        diag_add(d, W0651, l->span, "`%s` of `%s` is %s, on chip %u core %u it becomes %s%s", name,
                 l->name, wanted, c->chip, c->core, made, percent);
    diag_hint(d, g, "`%s` reaches from %s to %s", on, unit_text(&d->arena, min, DIM_CURRENT),
              unit_text(&d->arena, max, DIM_CURRENT));
}

static int by_param(const void *x, const void *y)
{
    return d2_find_param(((const struct board_bias *)x)->name) -
           d2_find_param(((const struct board_bias *)y)->name);
}

/* ---- what hands changed ---- */

/* Parameters of a core that differ from what the network wants, because of codes by hand; or
 * because of latches by hand, which switch a current off. */
struct differing {
    uint32_t n, last; /* parameters; 1 + the last one that was counted */
    uint32_t layer, element, param;
    double wanted, made, error; /* of the one that differs most, relative */
};
enum { BY_CODE, BY_LATCH, N_WAYS };

struct hands {
    const struct net *n;
    const struct d2_config *c;
    bool (*given)[D2_N_PARAMS]; /* of each core: codes by hand */
    struct differing (*core)[N_WAYS];
    /* The last question of each device parameter, and the error that its best code leaves. */
    double asked[D2_N_PARAMS], least[D2_N_PARAMS];
};

static double least_error(struct hands *h, uint32_t device, double wanted)
{
    if (h->asked[device] != wanted) {
        h->asked[device] = wanted;
        h->least[device] = fabs(d2_current(device, d2_choose(device, wanted)) - wanted);
    }
    return h->least[device];
}

static void compare(struct hands *h, uint32_t core, const struct d2_neuron *x,
                    const struct d2_bound *b, double made)
{
    double wanted = (double)d2_value(&h->n->layer.data[x->group].param[b->param], x->element);
    double error = fabs(made - wanted), least = 0;
    if (error <= 1e-6 * wanted)
        return;
    bool by_hand = false, off = wanted > 0 && made == 0;
    for (uint32_t i = 0; i < b->n; i++) {
        by_hand = by_hand || h->given[core][b->device[i]];
        least = fmax(least, least_error(h, b->device[i], wanted));
    }
    if (!off && (!by_hand || error <= least * (1 + 1e-6)))
        return;
    struct differing *y = &h->core[core][off ? BY_LATCH : BY_CODE];
    uint32_t key = 1 + ((uint32_t)x->group << 8) + b->param;
    y->n += key != y->last;
    y->last = key;
    double relative = wanted > 0 ? error / wanted : INFINITY;
    if (relative > y->error)
        *y = (struct differing){y->n, key,     (uint32_t)x->group, x->element, b->param, wanted,
                                made, relative};
}

/* The line that gave the parameter's code, else the core's. */
static struct span span_of(const struct board_core *c, const struct model_param *m)
{
    for (uint32_t k = 0; k < m->on.n; k++) {
        const struct board_bias *b =
            board_find_bias(c, d2_param[d2_find_param(m->on.name[k])].name);
        if (b && b->span.file)
            return b->span;
    }
    return c->span;
}

static void tell_differing(const struct hands *h, uint32_t core, const struct differing *x,
                           bool by_latch, struct diags *d)
{
    const struct board_core *c = &h->n->board->core.data[core];
    const struct net_layer *l = &h->n->layer.data[x->layer];
    const struct model_param *m = &l->model->param.data[x->param];
    const char *percent = x->wanted > 0 ? arena_printf(&d->arena, " (%+.3g %%)",
                                                       100 * (x->made - x->wanted) / x->wanted)
                                        : "";
    struct diag *g =
        diag_add(d, W0658, span_of(c, m),
                 "chip %u core %u: by hand, `%s` of `%s` becomes %s, the network says %s%s",
                 c->chip, c->core, m->name, d2_neuron_name(&d->arena, h->n, x->layer, x->element),
                 unit_text(&d->arena, x->made, DIM_CURRENT),
                 unit_text(&d->arena, x->wanted, DIM_CURRENT), percent);
    diag_label(d, g, l->span, "its layer");
    if (by_latch)
        diag_hint(d, g, "the neuron's latches are given: with `latch %s;` it flows",
                  d2_latch_name[d2_latch_of(m)]);
    else if (x->n > 1)
        diag_hint(d, g, "this is the largest difference of several; -v shows all currents");
}

/* The layers' parameters become what the codes make of them. */
static void realise(struct net *n, bool (*given)[D2_N_PARAMS], struct diags *d)
{
    struct arena a = {0};
    struct d2_config c;
    d2_config_of_net(&a, n, &c);
    double **v = ARENA_ARRAY(&a, double *, n->layer.n);
    struct hands h = {.n = n, .c = &c, .given = given};
    h.core = arena_alloc(&a, c.n_cores * sizeof *h.core);
    for (uint32_t p = 0; p < D2_N_PARAMS; p++)
        h.asked[p] = -1;
    for (uint32_t l = 0; l < n->layer.n; l++)
        v[l] = ARENA_ARRAY(&a, double, (size_t)c.group[l].n_bound * n->layer.data[l].n);
    for (uint32_t i = 0; i < c.n_cores; i++) {
        for (uint32_t j = 0; j < c.core[i].n_neurons; j++) {
            const struct d2_neuron *x = &c.core[i].neuron[j];
            for (uint32_t k = 0; x->group >= 0 && k < c.group[x->group].n_bound; k++) {
                double current = d2_bound_current(&c.core[i], x, &c.group[x->group].bound[k]);
                compare(&h, i, x, &c.group[x->group].bound[k], current);
                v[x->group][(size_t)k * n->layer.data[x->group].n + x->element] =
                    (double)(float)current;
            }
        }
    }
    for (uint32_t i = 0; i < c.n_cores; i++) {
        for (int way = 0; way < N_WAYS; way++) {
            if (h.core[i][way].n > 0)
                tell_differing(&h, i, &h.core[i][way], way == BY_LATCH, d);
        }
    }
    for (uint32_t l = 0; l < n->layer.n; l++) {
        for (uint32_t k = 0; k < c.group[l].n_bound; k++)
            d2_set_column(n, l, c.group[l].bound[k].param, &v[l][(size_t)k * n->layer.data[l].n]);
    }
    arena_free(&a);
}

bool d2_bias(struct net *n, const struct target_options *o, struct target_report *r,
             struct diags *d)
{
    (void)o;
    struct arena a = {0};
    bool(*given)[D2_N_PARAMS] = arena_alloc(&a, n->board->core.n * sizeof *given);
    for (uint32_t i = 0; i < n->board->core.n; i++) {
        struct board_core *c = &n->board->core.data[i];
        struct wish wish[D2_N_PARAMS] = {0};
        find_wishes(n, c, wish);
        for (uint32_t k = 0; k < c->bias.n; k++)
            given[i][d2_find_param(c->bias.data[k].name)] = true;
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            bool base = p >= D2_BASE_PARAM && p < D2_BASE_PARAM + D2_BASES;
            if (wish[p].count > 0)
                choose(n, c, p, &wish[p], r, d);
            else if (given[i][p] && !base) /* those `quantize` tells about */
                tell_given(r, c, p);
        }
        if (c->bias.n > 1)
            qsort(c->bias.data, c->bias.n, sizeof *c->bias.data, by_param);
    }
    realise(n, given, d);
    arena_free(&a);
    return true;
}
