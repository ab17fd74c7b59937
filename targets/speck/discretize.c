/* Pass `discretize`: every connection a convolution, every number the chip's. */
#include "targets/speck/calibrate.h"
#include "targets/speck/passes.h"
#include "targets/speck/report.h"

/* ---- connections ---- */

static bool no_memory(const struct net_layer *l, struct diags *d)
{
    diag_add(d, E0601, l->span, "there is no memory for the weights of layer `%s`", l->name);
    return false;
}

/* Pairs of neurons without a synapse, which a kernel has all the same. */
static uint64_t count_absent(const struct net_connection *c, const struct net_layer *l)
{
    return c->conv ? 0 : (uint64_t)c->n_pre * l->n - c->row[c->n_pre];
}

/* A convolution of its own, in which the pool's average is part of the weights. */
static bool convert_connection(struct net *n, struct net_connection *c, double factor,
                               struct diags *d)
{
    const struct net_layer *l = &n->layer.data[c->dst];
    struct speck_layer g = speck_geometry_of(n, c);
    if (!speck_tell_fit(n, c->dst, &g, d))
        return false;
    struct conv *v = ARENA_NEW(n->arena, struct conv);
    *v = (struct conv){.out = g.out,
                       .in = g.in,
                       .kernel = {g.kernel[0], g.kernel[1]},
                       .stride = {g.stride[0], g.stride[1]},
                       .padding = {g.padding[0], g.padding[1]}};
    size_t count = (size_t)conv_count(v);
    v->w = arena_try(n->arena, count, sizeof *v->w);
    if (!v->w)
        return no_memory(l, d);
    if (c->conv)
        memcpy(v->w, c->conv->w, count * sizeof *v->w);
    else
        speck_dense_kernel((uint32_t[]){g.in, g.map[0], g.map[1]}, g.padding, c->row, c->post,
                           c->weight, v->w);
    if (factor != 1)
        speck_multiply(v->w, count, factor);
    c->conv = v;
    c->average = false;
    c->row = NULL;
    c->post = NULL;
    c->weight = NULL;
    return true;
}

static void convert_shape(struct net_shape *s)
{
    uint32_t map[3];
    speck_map_of(s, map);
    s->rank = 3;
    memcpy(s->extent, map, sizeof map);
}

static double own_factor(const struct net_connection *c)
{
    return c->average ? speck_area_factor(c->pool[0], c->pool[1]) : 1;
}

/* What averages make of the weights: each its own, or as sinabs one for all that a layer hears. */
static double *factors(struct arena *a, const struct net *n, enum target_like like)
{
    double *own = ARENA_ARRAY(a, double, n->connection.n);
    double *factor = ARENA_ARRAY(a, double, n->connection.n);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        uint32_t m = 0;
        for (uint32_t k = 0; k < n->connection.n; k++)
            if (n->connection.data[k].dst == n->connection.data[i].dst)
                own[m++] = own_factor(&n->connection.data[k]);
        factor[i] = like == TARGET_LIKE_NONE
                        ? own_factor(&n->connection.data[i])
                        : speck_common_factor(own, m, like == TARGET_LIKE_SINABS ? 1 : 2);
    }
    return factor;
}

/* `absent`: of each connection. */
static bool convert(struct net *n, enum target_like like, uint64_t *absent, struct diags *d)
{
    struct arena scratch = {0};
    const double *factor = factors(&scratch, n, like);
    const bool absorbed = speck_absorb_pools(n, d);
    bool ok = absorbed;
    for (uint32_t i = 0; absorbed && i < n->connection.n; i++) {
        struct net_connection *c = &n->connection.data[i];
        absent[i] = count_absent(c, &n->layer.data[c->dst]);
        ok = convert_connection(n, c, factor[i], d) && ok;
    }
    arena_free(&scratch);
    for (uint32_t i = 0; i < n->input.n; i++)
        convert_shape(&n->input.data[i].shape);
    for (uint32_t i = 0; i < n->layer.n; i++)
        convert_shape(&n->layer.data[i].shape);
    return ok;
}

/* ---- numbers ---- */

struct work {
    struct arena arena; /* scratch */
    struct net *n;
    const struct target_options *o;
    uint64_t *absent;                        /* of each connection: pairs without a synapse */
    struct speck_numbers *x;                 /* of each layer */
    float *common;                           /* scale of each */
    struct speck_trial before, first, after; /* with a stimulus: as given, at common scales, now */
};

static bool round_all(struct work *k, struct diags *d)
{
    bool ok = true;
    k->x = ARENA_ARRAY(&k->arena, struct speck_numbers, k->n->layer.n);
    k->common = ARENA_ARRAY(&k->arena, float, k->n->layer.n);
    for (uint32_t i = 0; i < k->n->layer.n; i++) {
        if (!speck_gather(&k->arena, k->n, i, &k->x[i], d))
            return false;
        k->common[i] = speck_common_scale(&k->x[i], k->o->like);
        ok = speck_set_numbers(k->n, &k->x[i], k->common[i], d) && ok;
    }
    return ok;
}

static bool try_all(struct work *k, struct diags *d)
{
    const struct stimulus *s = k->o->stimulus;
    if (!s)
        return true;
    if (!speck_try(&k->arena, k->n, s, &k->first, d))
        return false;
    k->after = k->first;
    return !k->o->calibrate || speck_calibrate(&k->arena, k->n, k->x, s, &k->before, &k->after, d);
}

bool speck_discretize(struct net *n, const struct target_options *o, struct target_report *r,
                      struct diags *d)
{
    struct work k = {.n = n, .o = o};
    k.absent = ARENA_ARRAY(&k.arena, uint64_t, n->connection.n + 1);
    bool ok = speck_adopt_models(n, d) && speck_check(n, d) &&
              (!o->stimulus || speck_try(&k.arena, n, o->stimulus, &k.before, d)) &&
              convert(n, o->like, k.absent, d) && round_all(&k, d) && try_all(&k, d);
    if (ok)
        speck_tell_numbers(n,
                           &(struct speck_told){k.x, k.absent, k.common,
                                                o->stimulus ? &k.before : NULL, &k.first, &k.after,
                                                o->calibrate},
                           r, d);
    arena_free(&k.arena);
    return ok;
}
