#include "targets/dynapse2/links.h"

/* Rows of all connections together: they are dense in the plan, so that a small image could ask
 * for much memory. */
enum { MAX_ROWS = 1 << 24 };

bool d2_bad(struct diags *d, const char *what)
{
    diag_add(d, E0701, (struct span){0}, "DYNAP-SE2 configuration: %s", what);
    return false;
}

/* ---- the configuration belongs to the plan ---- */

static bool check_group(const struct plan *p, uint32_t group, const struct d2_group *g)
{
    const struct kernel *k = p->kernel.data[p->group.data[group].kernel];
    for (uint32_t i = 0; i < g->n_bound; i++) {
        if (g->bound[i].param >= k->n_params)
            return false;
    }
    for (uint32_t i = 0; i < g->n_receptors; i++) {
        uint32_t n = g->receptor[i].n_scale;
        if (n != 1 && n != p->group.data[group].n)
            return false;
    }
    return g->n_receptors == k->n_receptors;
}

static bool check_maps(const struct plan *p, const struct d2_config *c)
{
    if (c->n_groups != p->group.n || c->n_inputs != p->input.n)
        return false;
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        if (c->input[i].n != p->input.data[i].n)
            return false;
    }
    for (uint32_t i = 0; i < c->n_groups; i++) {
        if (!check_group(p, i, &c->group[i]))
            return false;
    }
    return true;
}

struct d2_placed **d2_find_placed(struct arena *a, const struct plan *p, const struct d2_config *c)
{
    uint64_t total = 0;
    for (uint32_t g = 0; g < p->group.n; g++)
        total += p->group.data[g].n;
    if (total > d2_grid_chips(c->grid) * D2_CORES * D2_NEURONS)
        return NULL;
    struct d2_placed **home = ARENA_ARRAY(a, struct d2_placed *, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++)
        home[g] = ARENA_ARRAY(a, struct d2_placed, p->group.data[g].n);
    uint64_t found = 0;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t k = 0; k < c->core[i].n_neurons; k++) {
            const struct d2_neuron *x = &c->core[i].neuron[k];
            if (x->group < 0)
                continue;
            if (x->element >= p->group.data[x->group].n || home[x->group][x->element].core)
                return NULL;
            home[x->group][x->element] = (struct d2_placed){&c->core[i], x};
            found++;
        }
    }
    return found == total ? home : NULL;
}

/* ---- projections ---- */

/* Groups have a place on the board each, so there are fewer receptors than 2^31 in any image that
 * memory holds; d2_link() checks it. */
static uint64_t key_of(struct d2_ends e)
{
    return (uint64_t)e.src << 32 | (uint64_t)e.receptor << 1 | e.from_input;
}

bool d2_link(struct arena *a, struct plan *p, const struct d2_config *c, struct d2_links *out,
             struct diags *d)
{
    if (!check_maps(p, c))
        return d2_bad(d, "section MAPS doesn't belong to this network");
    *out = (struct d2_links){.arena = a, .plan = p, .home = d2_find_placed(a, p, c)};
    if (!out->home)
        return d2_bad(d, "not every neuron of the network is on the chip once");
    uint64_t receptors = 0;
    out->first_receptor = ARENA_ARRAY(a, uint32_t, p->group.n + 1);
    for (uint32_t g = 0; g < p->group.n; g++) {
        receptors += c->group[g].n_receptors;
        if (receptors > INT32_MAX)
            return d2_bad(d, "more receptors than the tools handle");
        out->first_receptor[g + 1] = (uint32_t)receptors;
    }
    map64_init(&out->at, a);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        struct plan_projection *j = &p->projection.data[i];
        if (j->conv || j->pool[0] != 1 || j->pool[1] != 1 || j->bias)
            return d2_bad(d, "a connection that is no synapses");
        j->row = NULL;
        if (j->delay == (j->from_input ? 0 : 1))
            map64_put(&out->at,
                      key_of((struct d2_ends){j->from_input, j->src,
                                              out->first_receptor[j->dst] + j->receptor}),
                      i, NULL);
    }
    return true;
}

bool d2_is_linked(const struct d2_links *l, struct d2_ends e)
{
    uint32_t at;
    return map64_get(&l->at, key_of(e), &at);
}

uint32_t d2_group_of(const struct d2_links *l, uint32_t receptor)
{
    uint32_t begin = 0, end = l->plan->group.n; /* the last one that doesn't begin behind it */
    while (end - begin > 1) {
        uint32_t middle = begin + (end - begin) / 2;
        if (l->first_receptor[middle] <= receptor)
            begin = middle;
        else
            end = middle;
    }
    return begin;
}

struct plan_projection *d2_add_link(struct d2_links *l, struct d2_ends e, size_t n, struct diags *d)
{
    struct plan *p = l->plan;
    int fresh;
    uint32_t at = map64_put(&l->at, key_of(e), p->projection.n, &fresh);
    if (fresh) {
        uint32_t dst = d2_group_of(l, e.receptor);
        VEC_PUSH(l->arena, &p->projection,
                 ((struct plan_projection){
                     .from_input = e.from_input,
                     .src = e.src,
                     .dst = dst,
                     .receptor = e.receptor - l->first_receptor[dst],
                     .delay = e.from_input ? 0 : 1,
                     .pool = {1, 1},
                     .n_pre = e.from_input ? p->input.data[e.src].n : p->group.data[e.src].n,
                     .span = p->group.data[dst].span,
                 }));
    }
    struct plan_projection *j = &p->projection.data[at];
    l->rows += j->n_pre;
    if (l->rows > MAX_ROWS) {
        d2_bad(d, "connections need more memory than the tools allow");
        return NULL;
    }
    j->row = ARENA_ARRAY(l->arena, uint64_t, (size_t)j->n_pre + 1);
    j->post = ARENA_ARRAY(l->arena, uint32_t, n);
    j->weight = ARENA_ARRAY(l->arena, float, n);
    return j;
}

/* They share one array. */
void d2_link_rest(struct d2_links *l)
{
    struct plan *p = l->plan;
    uint32_t longest = 0;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (!j->row && j->n_pre > longest)
            longest = j->n_pre;
    }
    uint64_t *empty = ARENA_ARRAY(l->arena, uint64_t, (size_t)longest + 1);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        if (!p->projection.data[i].row)
            p->projection.data[i].row = empty;
    }
}
