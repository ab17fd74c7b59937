/* Pools behind the sensor, which the chip only has in the sensor's pre-processing. */
#include "targets/speck/passes.h"

/* Axis of the sensor, before rows and columns are exchanged. The areas of the later pool must be
 * areas of pixels too, also where the first or (mirrored) the last of what was kept fill none. */
static bool absorb_axis(struct sensor *s, uint32_t axis, uint32_t pool)
{
    const uint32_t begin = s->crop[axis][0], size = s->crop[axis][1] - begin;
    const uint32_t first = begin + (s->mirror[axis] ? size % pool : 0);
    s->pool[axis] *= pool;
    s->crop[axis][0] = first / pool;
    s->crop[axis][1] = first / pool + size / pool;
    return first % pool == 0 && speck_is_pool(s->pool[axis]);
}

static bool refuse(const struct net_connection *c, struct diags *d)
{
    struct diag *g = diag_add(d, E0602, c->span,
                              "a pool of %u x %u behind the sensor: its events are pooled before "
                              "they are cut, by 1, 2 or 4 in all, and for all layers alike",
                              c->pool[0], c->pool[1]);
    diag_hint(d, g, "let `from dvs { ... }` say how events are pooled and cut");
    return false;
}

static bool absorb(struct net *n, uint32_t input, struct diags *d)
{
    struct net_input *in = &n->input.data[input];
    const struct net_connection *first = NULL;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (!c->from_input || c->src != input)
            continue;
        first = first ? first : c;
        if (c->pool[0] != first->pool[0] || c->pool[1] != first->pool[1])
            return refuse(c, d);
    }
    if (!first || (first->pool[0] == 1 && first->pool[1] == 1))
        return true;
    struct sensor *s = ARENA_NEW(n->arena, struct sensor);
    *s = *in->sensor;
    for (uint32_t a = 0; a < 2; a++)
        if (!absorb_axis(s, a, first->pool[s->swap ? 1 - a : a]))
            return refuse(first, d);
    in->sensor = s;
    sensor_map(s, in->shape.extent);
    in->n = net_shape_count(in->shape);
    for (uint32_t i = 0; i < n->connection.n; i++) {
        struct net_connection *c = &n->connection.data[i];
        if (c->from_input && c->src == input)
            c->pool[0] = c->pool[1] = 1;
    }
    return true;
}

bool speck_absorb_pools(struct net *n, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < n->input.n; i++)
        ok = (!n->input.data[i].sensor || absorb(n, i, d)) && ok;
    return ok;
}
