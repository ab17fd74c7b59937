#include "targets/dynapse2/decode.h"
#include "targets/dynapse2/links.h"

/* ---- synapses ---- */

static bool same_projection(const struct d2_weight *w, const struct d2_weight *v)
{
    return w->from_input == v->from_input && w->src == v->src && w->dst == v->dst &&
           w->receptor == v->receptor;
}

/* Weights of one projection, sorted by row and column. */
static void fill_rows(struct plan_projection *j, const struct d2_weight *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        j->row[w[i].pre + 1]++;
        j->post[i] = w[i].post;
        j->weight[i] = w[i].weight;
    }
    for (uint32_t pre = 0; pre < j->n_pre; pre++)
        j->row[pre + 1] += j->row[pre];
}

static bool fill_projections(struct d2_links *l, const struct d2_weights *all, struct diags *d)
{
    for (size_t i = 0, end; i < all->n; i = end) {
        const struct d2_weight *w = &all->v[i];
        for (end = i; end < all->n && same_projection(w, &all->v[end]);)
            end++;
        struct plan_projection *j = d2_add_link(
            l, (struct d2_ends){w->from_input, w->src, l->first_receptor[w->dst] + w->receptor},
            end - i, d);
        if (!j)
            return false;
        fill_rows(j, w, end - i);
    }
    d2_link_rest(l);
    return true;
}

/* ---- currents ---- */

static void fill_column(struct arena *a, struct column *col, const struct d2_bound *b,
                        const struct d2_placed *home, uint32_t n)
{
    col->v = ARENA_ARRAY(a, float, n);
    col->uniform = true;
    for (uint32_t i = 0; i < n; i++) {
        col->v[i] = (float)d2_bound_current(home[i].core, home[i].neuron, b);
        col->uniform = col->uniform && col->v[i] == col->v[0];
    }
}

bool d2_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d)
{
    struct d2_config c;
    struct d2_links l;
    struct d2_weights w;
    const char *why;
    if (!d2_config_read(a, im, &c, d) || !d2_link(a, p, &c, &l, d))
        return false;
    if (!d2_weights(a, &c, &w, &why))
        return d2_bad(d, why);
    if (!fill_projections(&l, &w, d))
        return false;
    for (uint32_t g = 0; g < p->group.n; g++) {
        struct plan_group *group = &p->group.data[g];
        for (uint32_t k = 0; k < c.group[g].n_bound; k++) {
            const struct d2_bound *b = &c.group[g].bound[k];
            fill_column(a, &group->param[b->param], b, l.home[g], group->n);
        }
    }
    return true;
}
