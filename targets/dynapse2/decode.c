#include "targets/dynapse2/decode.h"
#include "targets/dynapse2/config.h"
#include <string.h>

/* Rows of all connections together: they are dense in the source, so that a small image could ask
 * for much memory. */
enum { MAX_ROWS = 1 << 24 };

static bool bad(struct diags *d, const char *what)
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
    struct d2_placed **site = ARENA_ARRAY(a, struct d2_placed *, p->group.n);
    for (uint32_t g = 0; g < p->group.n; g++)
        site[g] = ARENA_ARRAY(a, struct d2_placed, p->group.data[g].n);
    uint64_t found = 0;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t k = 0; k < c->core[i].n_neurons; k++) {
            const struct d2_neuron *x = &c->core[i].neuron[k];
            if (x->group < 0)
                continue;
            if (x->element >= p->group.data[x->group].n || site[x->group][x->element].core)
                return NULL;
            site[x->group][x->element] = (struct d2_placed){&c->core[i], x};
            found++;
        }
    }
    return found == total ? site : NULL;
}

/* ---- synapses ---- */

static bool same_projection(const struct d2_weight *w, const struct d2_weight *v)
{
    return w->from_input == v->from_input && w->src == v->src && w->dst == v->dst &&
           w->receptor == v->receptor;
}

/* The plan's projection with these ends, receptor and the chip's delay; appended if there is none.
 */
static uint32_t find_projection(struct arena *a, struct plan *p, const struct d2_weight *w)
{
    uint32_t delay = w->from_input ? 0 : 1;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (j->from_input == w->from_input && j->src == w->src && j->dst == w->dst &&
            j->receptor == w->receptor && j->delay == delay)
            return i;
    }
    struct plan_projection j = {
        .from_input = w->from_input,
        .src = w->src,
        .dst = w->dst,
        .receptor = w->receptor,
        .delay = delay,
        .n_pre = w->from_input ? p->input.data[w->src].n : p->group.data[w->src].n,
        .span = p->group.data[w->dst].span,
    };
    VEC_PUSH(a, &p->projection, j);
    return p->projection.n - 1;
}

/* Weights that are sorted by row and column, of one projection. */
static void fill_rows(struct arena *a, struct plan_projection *j, const struct d2_weight *w,
                      size_t n)
{
    j->row = ARENA_ARRAY(a, uint64_t, (size_t)j->n_pre + 1);
    j->post = ARENA_ARRAY(a, uint32_t, n);
    j->weight = ARENA_ARRAY(a, float, n);
    for (size_t i = 0; i < n; i++) {
        j->row[w[i].pre + 1]++;
        j->post[i] = w[i].post;
        j->weight[i] = w[i].weight;
    }
    for (uint32_t pre = 0; pre < j->n_pre; pre++)
        j->row[pre + 1] += j->row[pre];
}

static bool fill_projections(struct arena *a, struct plan *p, const struct d2_weights *all,
                             struct diags *d)
{
    uint64_t rows = 0;
    for (size_t i = 0, end; i < all->n; i = end) {
        for (end = i; end < all->n && same_projection(&all->v[i], &all->v[end]);)
            end++;
        uint32_t at = find_projection(a, p, &all->v[i]); /* may move the projections */
        struct plan_projection *j = &p->projection.data[at];
        rows += j->n_pre;
        if (rows > MAX_ROWS)
            return bad(d, "connections need more memory than the tools allow");
        fill_rows(a, j, &all->v[i], end - i);
    }
    /* Those without a synapse share one array of empty rows. */
    uint32_t longest = 0;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        if (!j->row && j->n_pre > longest)
            longest = j->n_pre;
    }
    uint64_t *empty = ARENA_ARRAY(a, uint64_t, (size_t)longest + 1);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        if (!p->projection.data[i].row)
            p->projection.data[i].row = empty;
    }
    return true;
}

/* ---- currents ---- */

static void fill_column(struct arena *a, struct column *col, const struct d2_bound *b,
                        const struct d2_placed *site, uint32_t n)
{
    col->v = ARENA_ARRAY(a, float, n);
    col->uniform = true;
    for (uint32_t i = 0; i < n; i++) {
        col->v[i] = (float)d2_bound_current(site[i].core, site[i].neuron, b);
        col->uniform = col->uniform && col->v[i] == col->v[0];
    }
}

bool d2_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d)
{
    struct d2_config c;
    if (!d2_config_read(a, im, &c, d))
        return false;
    if (!check_maps(p, &c))
        return bad(d, "section MAPS doesn't belong to this network");
    struct d2_placed **site = d2_find_placed(a, p, &c);
    if (!site)
        return bad(d, "not every neuron of the network is on the chip once");
    struct d2_weights w;
    const char *why;
    if (!d2_weights(a, &c, &w, &why))
        return bad(d, why);
    for (uint32_t i = 0; i < p->projection.n; i++)
        p->projection.data[i].row = NULL;
    if (!fill_projections(a, p, &w, d))
        return false;
    for (uint32_t g = 0; g < p->group.n; g++) {
        struct plan_group *group = &p->group.data[g];
        for (uint32_t k = 0; k < c.group[g].n_bound; k++) {
            const struct d2_bound *b = &c.group[g].bound[k];
            fill_column(a, &group->param[b->param], b, site[g], group->n);
        }
    }
    return true;
}
