/* From a network and its board to the configuration, and to sections CONF and MAPS. */
#include "targets/speck/passes.h"

struct encoding {
    struct arena *a;
    const struct net *n;
    struct speck_config *c;
    uint8_t *core;           /* of each layer */
    uint32_t *shift;         /* of each connection, on its way to the core */
    uint32_t *n_to, *n_from; /* destinations used of layers; entries of inputs */
};

/* Spikes of outputs and of recorded layers reach the host; a recorded state needs none. */
static bool is_monitored(const struct net *n, uint32_t layer)
{
    bool any = false;
    for (uint32_t i = 0; i < n->output.n; i++)
        any = any || n->output.data[i] == layer;
    for (uint32_t i = 0; i < n->record.n; i++)
        any = any || (n->record.data[i].layer == layer && n->record.data[i].state < 0);
    return any;
}

static void fill_weights(const struct speck_use *u, float *joined, struct speck_cnn_layer *out)
{
    const struct speck_dimensions *d = &out->dimensions;
    uint32_t taps = u->layer.kernel[0] * u->layer.kernel[1];
    speck_join_kernels(u->heard, u->n, u->layer.out, u->layer.in, taps, joined);
    for (int32_t f = 0; f < d->output_shape.feature_count; f++)
        for (int32_t c = 0; c < d->input_shape.feature_count; c++)
            for (int32_t y = 0; y < d->kernel_size; y++)
                for (int32_t x = 0; x < d->kernel_size; x++)
                    out->weights[speck_weight_at(d, f, c, y, x)] = (int8_t)*joined++;
}

static void fill_state(const struct net_layer *l, struct speck_cnn_layer *out)
{
    const struct speck_dimensions *d = &out->dimensions;
    size_t at = 0;
    for (int32_t f = 0; f < d->output_shape.feature_count; f++)
        for (int32_t y = 0; y < d->output_shape.size.y; y++)
            for (int32_t x = 0; x < d->output_shape.size.x; x++, at++)
                out->neurons_initial_value[speck_neuron_at(d, f, y, x)] =
                    (int16_t)l->init[0].v[l->init[0].uniform ? 0 : at];
}

static bool encode_layer(struct encoding *e, uint32_t layer, struct diags *d)
{
    const struct net_layer *l = &e->n->layer.data[layer];
    struct speck_cnn_layer *out = &e->c->cnn_layers[e->core[layer]];
    struct speck_params p = speck_params_of(l->model);
    struct speck_use u;
    if (!speck_use_of(e->a, e->n, layer, &u, d))
        return false;
    out->dimensions = (struct speck_dimensions){
        .input_shape = {(int32_t)u.layer.in, {(int32_t)u.layer.map[1], (int32_t)u.layer.map[0]}},
        .output_shape = {(int32_t)u.layer.out,
                         {(int32_t)speck_output(&u.layer, 1), (int32_t)speck_output(&u.layer, 0)}},
        .kernel_size = (int32_t)u.layer.kernel[0],
        .padding = {(int32_t)u.layer.padding[1], (int32_t)u.layer.padding[0]},
        .stride = {(int32_t)u.layer.stride[1], (int32_t)u.layer.stride[0]},
    };
    float *joined = arena_try(e->a, (size_t)speck_n_weights(&out->dimensions), sizeof *joined);
    if (!joined || !speck_layer_arrays(e->a, out)) {
        diag_add(d, E0601, l->span, "there is no memory for the configuration of layer `%s`",
                 l->name);
        return false;
    }
    fill_weights(&u, joined, out);
    fill_state(l, out);
    for (uint32_t i = 0; i < u.n; i++) {
        const struct net_connection *c = &e->n->connection.data[u.connection[i]];
        e->shift[u.connection[i]] = u.heard[i].shift;
        for (uint32_t k = 0; c->bias && k < u.layer.out; k++)
            out->biases[k] = (int16_t)(out->biases[k] + (int16_t)c->bias[k]);
        out->leak_enable = out->leak_enable || c->bias;
    }
    out->return_to_zero = l->param[p.reset_to_zero].v[0] != 0;
    out->threshold_high = (int32_t)l->param[p.threshold].v[0];
    out->threshold_low = (int32_t)l->param[p.v_min].v[0];
    out->monitor_enable = is_monitored(e->n, layer);
    return true;
}

/* Destinations in the order of the source's connections, which decode relies on. */
static void encode_connection(struct encoding *e, uint32_t i, struct speck_maps *m)
{
    const struct net_connection *c = &e->n->connection.data[i];
    uint8_t core = e->core[c->dst];
    if (!c->from_input) {
        e->c->cnn_layers[e->core[c->src]].destinations[e->n_to[c->src]++] =
            (struct speck_destination){true, core, (int32_t)c->pool[0], (int32_t)e->shift[i]};
    } else if (e->n->input.data[c->src].sensor) {
        e->c->dvs_layer.destinations[e->n_from[c->src]++] =
            (struct speck_dvs_destination){true, core};
    } else {
        struct speck_input *in = &m->input[c->src];
        in->to[in->n++] = (struct speck_entry){
            core, {(uint8_t)c->pool[0], (uint8_t)c->pool[1]}, (uint16_t)e->shift[i]};
    }
}

/* One polarity alone is feature 0 as it is: the chip merges both or none. */
static void encode_sensor(const struct sensor *s, struct speck_dvs_layer *v)
{
    v->origin = (struct speck_xy){(int32_t)s->crop[1][0], (int32_t)s->crop[0][0]};
    v->cut = (struct speck_xy){(int32_t)s->crop[1][1] - 1, (int32_t)s->crop[0][1] - 1};
    v->merge = s->merge && s->on && s->off;
    v->mirror.x = s->mirror[1];
    v->mirror.y = s->mirror[0];
    v->mirror_diagonal = s->swap;
    v->on_channel = s->on;
    v->off_channel = s->off;
    v->pass_sensor_events = true;
    v->pooling = (struct speck_xy){(int32_t)s->pool[1], (int32_t)s->pool[0]};
}

static void encode_inputs(struct encoding *e, struct speck_maps *m)
{
    e->c->dvs_layer.pass_sensor_events = false;
    for (uint32_t i = 0; i < e->n->input.n; i++) {
        struct speck_input *in = &m->input[i];
        const struct sensor *s = e->n->input.data[i].sensor;
        in->to = ARENA_ARRAY(e->a, struct speck_entry, e->n->connection.n + 1);
        if (!s)
            continue;
        in->to[in->n++] = (struct speck_entry){SPECK_DVS, {1, 1}, 0};
        encode_sensor(s, &e->c->dvs_layer);
    }
    for (uint32_t i = 0; i < e->n->connection.n; i++)
        encode_connection(e, i, m);
}

static bool encode(struct encoding *e, struct speck_maps *m, struct diags *d)
{
    const struct net *n = e->n;
    for (uint32_t i = 0; i < n->board->place.n; i++) {
        const struct board_place *p = &n->board->place.data[i];
        e->core[p->layer] = (uint8_t)p->core;
        m->layer[p->layer] = (struct speck_placed){(uint8_t)p->core, n->layer.data[p->layer].scale};
    }
    bool ok = true;
    for (uint32_t i = 0; i < n->layer.n; i++)
        ok = encode_layer(e, i, d) && ok;
    if (!ok)
        return false;
    encode_inputs(e, m);
    struct speck_faults f = {.arena = e->a};
    speck_config_check(e->c, &f);
    for (uint32_t i = 0; i < f.list.n; i++)
        diag_add(d, E0601, n->span, "the configuration isn't one of the chip: %s %s",
                 f.list.data[i].where, f.list.data[i].what);
    return f.list.n == 0;
}

bool speck_encode(struct image_writer *w, const struct net *n, const struct plan *p,
                  struct diags *d)
{
    (void)p;
    struct arena a = {0};
    struct speck_config c;
    speck_config_default(&a, (enum speck_chip)speck_find_chip(n->board->target), &c);
    struct speck_maps m = {.n_layers = n->layer.n,
                           .n_inputs = n->input.n,
                           .layer = ARENA_ARRAY(&a, struct speck_placed, n->layer.n),
                           .input = ARENA_ARRAY(&a, struct speck_input, n->input.n)};
    struct encoding e = {.a = &a,
                         .n = n,
                         .c = &c,
                         .core = ARENA_ARRAY(&a, uint8_t, n->layer.n),
                         .shift = ARENA_ARRAY(&a, uint32_t, n->connection.n),
                         .n_to = ARENA_ARRAY(&a, uint32_t, n->layer.n),
                         .n_from = ARENA_ARRAY(&a, uint32_t, n->input.n)};
    bool ok = encode(&e, &m, d);
    if (ok)
        speck_config_write(w, &c, &m);
    arena_free(&a);
    return ok;
}
