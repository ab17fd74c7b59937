#include "targets/speck/decode.h"
#include "targets/speck/export.h"
#include <string.h>

static bool bad(struct diags *d, const char *what)
{
    diag_add(d, E0701, (struct span){0}, "Speck configuration: %s", what);
    return false;
}

/* Where the events of a projection come in: the source's destination of the same rank among its
 * projections. -1: the source has no such destination on that core. */
static int32_t shift_of(const struct plan *p, uint32_t projection, const struct speck_config *c,
                        const struct speck_maps *m)
{
    const struct plan_projection *j = &p->projection.data[projection];
    int32_t core = m->layer[j->dst].core;
    uint32_t rank = 0;
    for (uint32_t i = 0; i < projection; i++)
        rank += p->projection.data[i].from_input == j->from_input &&
                p->projection.data[i].src == j->src;
    if (!j->from_input) {
        const struct speck_cnn_layer *l = &c->cnn_layers[m->layer[j->src].core];
        const struct speck_destination *to = &l->destinations[rank];
        bool there = rank < SPECK_DESTINATIONS && to->enable && to->layer == core &&
                     (uint32_t)to->pooling == j->pool[0] && (uint32_t)to->pooling == j->pool[1];
        return there ? to->feature_shift : -1;
    }
    const struct speck_input *in = &m->input[j->src];
    if (in->n == 1 && in->to[0].layer == SPECK_DVS) {
        const struct speck_dvs_destination *to = &c->dvs_layer.destinations[rank];
        return rank < SPECK_DESTINATIONS && to->enable && to->layer == core ? 0 : -1;
    }
    const struct speck_entry *to = &in->to[rank];
    bool there =
        rank < in->n && to->layer == core && to->pool[0] == j->pool[0] && to->pool[1] == j->pool[1];
    return there ? to->feature_shift : -1;
}

static bool same_geometry(const struct conv *v, const struct speck_dimensions *x)
{
    return (int64_t)v->kernel[0] == x->kernel_size && (int64_t)v->kernel[1] == x->kernel_size &&
           (int64_t)v->stride[0] == x->stride.y && (int64_t)v->stride[1] == x->stride.x &&
           (int64_t)v->padding[0] == x->padding.y && (int64_t)v->padding[1] == x->padding.x &&
           (int64_t)v->out == x->output_shape.feature_count;
}

static bool fill_weights(struct arena *a, struct plan *p, uint32_t projection,
                         const struct speck_config *c, const struct speck_maps *m, struct diags *d)
{
    struct plan_projection *j = &p->projection.data[projection];
    if (!j->conv || j->dst >= p->group.n || j->src >= (j->from_input ? p->input.n : p->group.n))
        return bad(d, "a projection that is no convolution between its layers");
    const struct speck_cnn_layer *l = &c->cnn_layers[m->layer[j->dst].core];
    struct conv *v = j->conv;
    int32_t shift = shift_of(p, projection, c, m);
    if (shift < 0)
        return bad(d, "the source of a projection has no destination for it");
    if (!same_geometry(v, &l->dimensions) ||
        (int64_t)v->in + shift > l->dimensions.input_shape.feature_count)
        return bad(d, "a core's kernel isn't that of the layer on it");
    v->w = arena_try(a, (size_t)conv_count(v), sizeof *v->w);
    if (!v->w)
        return bad(d, "out of memory");
    size_t at = 0;
    for (int32_t f = 0; f < (int32_t)v->out; f++)
        for (int32_t i = 0; i < (int32_t)v->in; i++)
            for (int32_t y = 0; y < l->dimensions.kernel_size; y++)
                for (int32_t x = 0; x < l->dimensions.kernel_size; x++)
                    v->w[at++] = l->weights[speck_weight_at(&l->dimensions, f, i + shift, y, x)];
    return true;
}

/* The biases of a core are those of the first projection to it. */
static void fill_biases(struct arena *a, struct plan *p, uint32_t group,
                        const struct speck_cnn_layer *l)
{
    int32_t n = l->dimensions.output_shape.feature_count;
    bool any = false;
    for (int32_t i = 0; i < n; i++)
        any = any || l->biases[i] != 0;
    for (uint32_t i = 0; any && i < p->projection.n; i++) {
        struct plan_projection *j = &p->projection.data[i];
        if (j->dst != group)
            continue;
        j->bias = ARENA_ARRAY(a, float, (size_t)n);
        for (int32_t k = 0; k < n; k++)
            j->bias[k] = l->biases[k];
        return;
    }
}

static void set_param(struct arena *a, const struct plan *p, struct plan_group *g, const char *name,
                      float value)
{
    const struct kernel *k = p->kernel.data[g->kernel];
    for (uint32_t i = 0; i < k->n_params; i++) {
        if (strcmp(k->param[i].name, name) != 0)
            continue;
        g->param[i] = (struct column){ARENA_ARRAY(a, float, 1), true};
        g->param[i].v[0] = value;
    }
}

static bool fill_group(struct arena *a, struct plan *p, uint32_t group,
                       const struct speck_cnn_layer *l, struct diags *d)
{
    struct plan_group *g = &p->group.data[group];
    const struct speck_dimensions *x = &l->dimensions;
    const int32_t extent[3] = {x->output_shape.feature_count, x->output_shape.size.y,
                               x->output_shape.size.x};
    bool same = g->shape.rank == 3 && p->kernel.data[g->kernel]->n_states == 1;
    for (uint32_t i = 0; same && i < 3; i++)
        same = g->shape.extent[i] == (uint32_t)extent[i];
    if (!same)
        return bad(d, "a layer isn't the map that its core has");
    set_param(a, p, g, "threshold", (float)l->threshold_high);
    set_param(a, p, g, "v_min", (float)l->threshold_low);
    set_param(a, p, g, "reset_to_zero", l->return_to_zero);
    struct column *c = &g->init[0];
    *c = (struct column){ARENA_ARRAY(a, float, g->n), true};
    size_t at = 0;
    for (int32_t f = 0; f < extent[0]; f++)
        for (int32_t y = 0; y < extent[1]; y++)
            for (int32_t i = 0; i < extent[2]; i++, at++) {
                c->v[at] = l->neurons_initial_value[speck_neuron_at(x, f, y, i)];
                c->uniform = c->uniform && c->v[at] == c->v[0];
            }
    fill_biases(a, p, group, l);
    return true;
}

bool speck_decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d)
{
    struct speck_config c;
    struct speck_maps m;
    if (!speck_read_for(a, im, p, &c, &m, d))
        return false;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        if (!fill_weights(a, p, i, &c, &m, d))
            return false;
    }
    for (uint32_t g = 0; g < p->group.n; g++) {
        if (!fill_group(a, p, g, &c.cnn_layers[m.layer[g].core], d))
            return false;
    }
    return true;
}
