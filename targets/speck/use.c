/* A layer of the network as a core holds it. */
#include "targets/speck/passes.h"
#include "targets/speck/reasons.h"

void speck_map_of(const struct net_shape *s, uint32_t map[3])
{
    bool is_map = s->rank == 3;
    map[0] = is_map ? s->extent[0] : net_shape_count(*s);
    map[1] = is_map ? s->extent[1] : 1;
    map[2] = is_map ? s->extent[2] : 1;
}

void speck_heard_map(const struct net *n, const struct net_connection *c, uint32_t map[3])
{
    uint32_t whole[3];
    speck_map_of(c->from_input ? &n->input.data[c->src].shape : &n->layer.data[c->src].shape,
                 whole);
    if (!pooled_map(whole, c->pool, map))
        memset(map, 0, 3 * sizeof *map); /* net_verify() lets none pass */
}

struct speck_layer speck_geometry_of(const struct net *n, const struct net_connection *c)
{
    uint32_t map[3], out[3];
    speck_heard_map(n, c, map);
    speck_map_of(&n->layer.data[c->dst].shape, out);
    struct speck_layer l = {.in = map[0], .out = out[0], .map = {map[1], map[2]}};
    speck_cover(&l);
    for (uint32_t a = 0; c->conv && a < 2; a++) {
        l.kernel[a] = c->conv->kernel[a];
        l.stride[a] = c->conv->stride[a];
        l.padding[a] = c->conv->padding[a];
    }
    return l;
}

/* Whether a core that has one layer's geometry has the other's too. */
static bool alike(const struct speck_layer *x, const struct speck_layer *y)
{
    bool same = true;
    for (uint32_t a = 0; a < 2; a++)
        same = same && x->map[a] == y->map[a] && x->kernel[a] == y->kernel[a] &&
               x->stride[a] == y->stride[a] && x->padding[a] == y->padding[a];
    return same;
}

static const char *source_name(const struct net *n, const struct net_connection *c)
{
    return c->from_input ? n->input.data[c->src].name : n->layer.data[c->src].name;
}

static bool differ(const struct net *n, const struct net_connection *x,
                   const struct net_connection *y, struct diags *d)
{
    if (!d)
        return false;
    struct diag *g = diag_add(d, E0602, y->span,
                              "layer `%s` hears `%s` and `%s` in different ways: a core has one "
                              "input map, kernel size, stride and padding",
                              n->layer.data[y->dst].name, source_name(n, x), source_name(n, y));
    if (x->span.file)
        diag_label(d, g, x->span, "heard here");
    diag_hint(d, g, "fill up kernels with zeros, and pool the larger map, until they are alike");
    return false;
}

bool speck_use_of(struct arena *a, const struct net *n, uint32_t layer, struct speck_use *out,
                  struct diags *d)
{
    *out = (struct speck_use){.connection = ARENA_ARRAY(a, uint32_t, n->connection.n),
                              .heard = ARENA_ARRAY(a, struct speck_heard, n->connection.n)};
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (c->dst != layer)
            continue;
        if (!c->conv)
            return false;
        struct speck_layer l = speck_geometry_of(n, c);
        if (out->n > 0 && !alike(&l, &out->layer))
            return differ(n, &n->connection.data[out->connection[0]], c, d);
        l.bias = out->layer.bias || c->bias;
        out->layer = l;
        out->heard[out->n] = (struct speck_heard){
            .weights = c->conv->w,
            .in = l.in,
            .fixed = c->from_input && n->input.data[c->src].sensor,
        };
        out->connection[out->n++] = i;
    }
    if (out->n == 0)
        return false;
    out->layer.in = speck_share(out->heard, out->n, out->layer.out,
                                out->layer.kernel[0] * out->layer.kernel[1]);
    if (out->layer.in == 0 && d)
        diag_add(d, E0602, n->layer.data[layer].span,
                 "layer `%s` hears the sensor twice, with different weights",
                 n->layer.data[layer].name);
    return out->layer.in > 0;
}

bool speck_tell_fit(const struct net *n, uint32_t layer, const struct speck_layer *l,
                    struct diags *d)
{
    struct arena scratch = {0};
    struct speck_faults f = {.arena = &scratch};
    const struct net_layer *x = &n->layer.data[layer];
    bool ok = speck_layer_fits(l, x->name, &f);
    for (uint32_t i = 0; i < f.list.n; i++) {
        struct diag *g = diag_add(d, E0601, x->span, "layer `%s` fits no core: %s", x->name,
                                  f.list.data[i].what);
        if (f.list.data[i].help)
            diag_hint(d, g, "%s", f.list.data[i].help);
    }
    arena_free(&scratch);
    return ok;
}
