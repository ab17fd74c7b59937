#include "compiler/diff.h"

#include <math.h>
#include <stdlib.h>

bool tolerance_parse(const char *s, struct tolerance *out)
{
    char *end;
    double x = strtod(s, &end);
    if (end != s && *end == 0) {
        *out = (struct tolerance){x, x, x};
        return x >= 0;
    }
    while (*s) {
        double *field = strncmp(s, "param=", 6) == 0    ? &out->param
                        : strncmp(s, "weight=", 7) == 0 ? &out->weight
                        : strncmp(s, "rate=", 5) == 0   ? &out->rate
                                                        : NULL;
        if (!field) {
            return false;
        }
        s = strchr(s, '=') + 1;
        *field = strtod(s, &end);
        if (end == s || (*end && *end != ',') || !(*field >= 0)) {
            return false;
        }
        s = end + (*end == ',');
    }
    return true;
}

const char *diff_element_name(struct arena *a, const char *name, struct net_shape shape,
                              uint32_t element)
{
    struct buf b = {0};
    net_element_name(&b, name, shape, element);
    const char *s = arena_strdup(a, b.data);
    buf_free(&b);
    return s;
}

/* ---- structure ---- */

#define DIFFERS(...) DIFF_STRUCTURE(a, out, __VA_ARGS__)

static void diff_inputs(struct arena *a, const struct net *na, const struct net *nb,
                        struct diff *out)
{
    for (uint32_t i = 0; i < na->input.n; i++) {
        const struct net_input *x = &na->input.data[i];
        int k = net_find_input(nb, x->name);
        if (k < 0) {
            DIFFERS("input `%s` is only in A", x->name);
        } else if (nb->input.data[k].n != x->n) {
            DIFFERS("input `%s` has %u channels in A, %u in B", x->name, x->n, nb->input.data[k].n);
        } else if (!sensor_same(x->sensor, nb->input.data[k].sensor)) {
            DIFFERS("input `%s` is another sensor, or has other settings, in B", x->name);
        }
    }
    for (uint32_t i = 0; i < nb->input.n; i++) {
        if (net_find_input(na, nb->input.data[i].name) < 0) {
            DIFFERS("input `%s` is only in B", nb->input.data[i].name);
        }
    }
}

static void diff_layers(struct arena *a, const struct net *na, const struct net *nb,
                        struct diff *out)
{
    if (na->dt != nb->dt) {
        DIFFERS("dt is %.9g ms in A, %.9g ms in B", na->dt * 1e3, nb->dt * 1e3);
    }
    for (uint32_t i = 0; i < na->layer.n; i++) {
        const struct net_layer *x = &na->layer.data[i];
        int k = net_find_layer(nb, x->name);
        if (k < 0) {
            if (!diff_is_helper(out, x->name)) {
                DIFFERS("layer `%s` is only in A", x->name);
            }
            continue;
        }
        const struct net_layer *y = &nb->layer.data[k];
        if (y->n != x->n) {
            DIFFERS("layer `%s` has %u neurons in A, %u in B", x->name, x->n, y->n);
        }
        if (strcmp(x->model->name, y->model->name) != 0) {
            DIFFERS("layer `%s` is of model `%s` in A, `%s` in B", x->name, x->model->name,
                    y->model->name);
        }
    }
    for (uint32_t i = 0; i < nb->layer.n; i++) {
        const char *name = nb->layer.data[i].name;
        if (net_find_layer(na, name) < 0 && !diff_is_helper(out, name)) {
            DIFFERS("layer `%s` is only in B", name);
        }
    }
}

static bool is_output(const struct net *n, uint32_t layer)
{
    for (uint32_t i = 0; i < n->output.n; i++) {
        if (n->output.data[i] == layer) {
            return true;
        }
    }
    return false;
}

/* Of the layers that both have: of any other is told already. */
static void diff_outputs(struct arena *a, const struct net *na, const struct net *nb,
                         struct diff *out)
{
    for (uint32_t i = 0; i < na->layer.n; i++) {
        int k = net_find_layer(nb, na->layer.data[i].name);
        bool in_a = is_output(na, i), in_b = k >= 0 && is_output(nb, (uint32_t)k);
        if (k >= 0 && in_a != in_b) {
            DIFFERS("layer `%s` is an output only in %s", na->layer.data[i].name, in_a ? "A" : "B");
        }
    }
}

static double deviation(const struct net_mismatch *m, const char *param)
{
    for (uint32_t i = 0; i < m->by_name.n; i++) {
        if (strcmp(m->by_name.data[i].name, param) == 0) {
            return m->by_name.data[i].p;
        }
    }
    return m->all;
}

/* Whether any neuron deviates: what is given may be 0 %, or be for no parameter. */
static bool deviates(const struct net *n)
{
    for (uint32_t i = 0; i < n->layer.n; i++) {
        const struct model *m = n->layer.data[i].model;
        for (uint32_t k = 0; k < m->param.n; k++) {
            if (m->param.data[k].kind != MODEL_PARAM &&
                deviation(&n->mismatch, m->param.data[k].name) > 0) {
                return true;
            }
        }
    }
    return false;
}

/* By what it comes to for each parameter, not by how it is written: an image keeps only that. */
static bool same_deviations(const struct net *na, const struct net *nb)
{
    for (uint32_t i = 0; i < na->layer.n; i++) {
        const struct model *x = na->layer.data[i].model;
        int k = net_find_layer(nb, na->layer.data[i].name);
        for (uint32_t p = 0; k >= 0 && p < x->param.n; p++) {
            const char *name = x->param.data[p].name;
            if (x->param.data[p].kind != MODEL_PARAM &&
                model_find_param(nb->layer.data[k].model, name) >= 0 &&
                deviation(&na->mismatch, name) != deviation(&nb->mismatch, name)) {
                return false;
            }
        }
    }
    return true;
}

/* "5 %, `some_bias` 10 % (seed 4)" */
static const char *mismatch_text(struct arena *a, const struct net_mismatch *m)
{
    struct buf b = {0};
    buf_printf(&b, "%.9g %%", m->all * 100);
    for (uint32_t i = 0; i < m->by_name.n; i++) {
        buf_printf(&b, ", `%s` %.9g %%", m->by_name.data[i].name, m->by_name.data[i].p * 100);
    }
    buf_printf(&b, " (seed %u)", m->seed);
    const char *s = arena_strdup(a, b.data);
    buf_free(&b);
    return s;
}

static void diff_mismatch(struct arena *a, const struct net *na, const struct net *nb,
                          struct diff *out)
{
    bool in_a = deviates(na), in_b = deviates(nb);
    if (in_a != in_b) {
        DIFFERS("mismatch is %s in %s, none in %s",
                mismatch_text(a, in_a ? &na->mismatch : &nb->mismatch), in_a ? "A" : "B",
                in_a ? "B" : "A");
    } else if (in_a && (na->mismatch.seed != nb->mismatch.seed || !same_deviations(na, nb))) {
        DIFFERS("mismatch is %s in A, %s in B", mismatch_text(a, &na->mismatch),
                mismatch_text(a, &nb->mismatch));
    }
}

/* ---- parameters ---- */

double diff_relative_error(double x, double y)
{
    return x == y ? 0 : fabs(y - x) / fmax(fabs(x), fabs(y));
}

static int larger_error(const void *x, const void *y)
{
    double ex = ((const struct diff_param *)x)->error, ey = ((const struct diff_param *)y)->error;
    return (ex < ey) - (ex > ey);
}

/* What was measured of a parameter; where nothing was, it is as good as nominal. */
static void diff_factors(struct arena *a, const struct net_layer *x, uint32_t i,
                         const struct net_layer *y, uint32_t k, struct diff *out)
{
    const float *fx = x->param[i].factor, *fy = y->param[k].factor;
    struct diff_param worst = {.layer = x->name, .dim = DIM_ONE, .at = x};
    for (uint32_t e = 0; (fx || fy) && e < (x->n < y->n ? x->n : y->n); e++) {
        float va = fx && fx[e] != 0 ? fx[e] : 1, vb = fy && fy[e] != 0 ? fy[e] : 1;
        double error = diff_relative_error((double)va, (double)vb);
        if (error > worst.error) {
            worst.a = va, worst.b = vb, worst.element = e, worst.error = error;
        }
    }
    out->n_params += fx || fy;
    if (worst.error > 0) {
        worst.param = arena_printf(a, "%s (measured)", x->model->param.data[i].name);
        VEC_PUSH(a, &out->param, worst);
    }
}

static void diff_layer_params(struct arena *a, const struct net_layer *x, const struct net_layer *y,
                              const struct diff_gain *gain, struct diff *out)
{
    for (uint32_t i = 0; i < x->model->param.n; i++) {
        const struct model_param *m = &x->model->param.data[i];
        int k = model_find_param(y->model, m->name);
        if (k < 0) {
            DIFFERS("parameter `%s.%s` is only in A", x->name, m->name);
            continue;
        }
        const struct net_column *cx = &x->param[i], *cy = &y->param[k];
        struct diff_param worst = {.layer = x->name,
                                   .param = m->name,
                                   .dim = m->dim,
                                   .everywhere = cx->uniform && cy->uniform,
                                   .error = -1,
                                   .at = x};
        uint32_t n = worst.everywhere ? 1 : x->n < y->n ? x->n : y->n;
        for (uint32_t e = 0; e < n; e++) {
            float va = cx->v[cx->uniform ? 0 : e];
            float vb = diff_undo_gain(gain, (uint32_t)k, e, cy->v[cy->uniform ? 0 : e]);
            double error = diff_relative_error((double)va, (double)vb);
            if (error > worst.error) {
                worst.a = va, worst.b = vb, worst.element = e, worst.error = error;
            }
        }
        out->n_params++;
        if (worst.error > 0) {
            VEC_PUSH(a, &out->param, worst);
        }
        diff_factors(a, x, i, y, (uint32_t)k, out);
    }
}

void diff_networks(struct arena *a, const struct net *na, const struct net *nb, struct diff *out)
{
    const struct net *whole = na;
    na = diff_fold(a, na, nb, "A", out);
    nb = diff_fold(a, nb, whole, "B", out);
    diff_undo_scales(a, &na, &nb, out);
    diff_inputs(a, na, nb, out);
    diff_layers(a, na, nb, out);
    diff_outputs(a, na, nb, out);
    diff_mismatch(a, na, nb, out);
    for (uint32_t i = 0; i < na->layer.n; i++) {
        int k = net_find_layer(nb, na->layer.data[i].name);
        if (k < 0) {
            continue;
        }
        const struct net_layer *x = &na->layer.data[i];
        struct diff_gain gain;
        bool has_gain = diff_find_gain(a, na, x, nb, (uint32_t)k, &gain);
        if (has_gain) {
            VEC_PUSH(a, &out->gain, gain);
        }
        diff_layer_params(a, x, &nb->layer.data[k], has_gain ? &gain : NULL, out);
    }
    if (out->param.n) {
        qsort(out->param.data, out->param.n, sizeof *out->param.data, larger_error);
    }
    diff_connections(a, na, nb, out);
}

/* ---- judgement ---- */

/* The largest weight of either onto a layer: what an error of any weight onto it is relative to. */
static double layer_scale(const struct diff *d, const char *layer)
{
    double scale = 0;
    for (uint32_t i = 0; i < d->connection.n; i++) {
        const struct diff_weights *w = &d->connection.data[i];
        scale = strcmp(w->dst, layer) == 0 ? fmax(scale, w->scale) : scale;
    }
    return scale > 0 ? scale : 1;
}

void diff_judge(struct arena *a, const struct tolerance *t, struct diff *out)
{
    for (uint32_t i = 0; i < out->structure.n; i++) {
        VEC_PUSH(a, &out->beyond, out->structure.data[i]);
    }
    for (uint32_t i = 0; i < out->param.n; i++) {
        const struct diff_param *p = &out->param.data[i];
        if (p->error > t->param) {
            VEC_PUSH(a, &out->beyond,
                     arena_printf(a, "%s.%s differs by %.3g %% (tolerance %.3g %%)", p->layer,
                                  p->param, p->error * 100, t->param * 100));
        }
    }
    for (uint32_t i = 0; i < out->connection.n; i++) {
        const struct diff_weights *w = &out->connection.data[i];
        double scale = layer_scale(out, w->dst);
        if (w->largest > t->weight * scale) {
            VEC_PUSH(a, &out->beyond,
                     arena_printf(a,
                                  "%s -> %s: a weight differs by %.3g %% of the layer's largest "
                                  "(tolerance %.3g %%)",
                                  w->largest_src, w->largest_dst, w->largest / scale * 100,
                                  t->weight * 100));
        }
    }
    for (uint32_t i = 0; i < out->layer.n; i++) {
        const struct diff_layer *l = &out->layer.data[i];
        for (uint32_t k = 0; k < l->n; k++) {
            double x = l->count_a[k], y = l->count_b[k], error = fabs(x - y);
            if (error > 1 && error > t->rate * fmax(x, y)) {
                VEC_PUSH(a, &out->beyond,
                         arena_printf(a,
                                      "%s fires %.4g times a trial instead of %.4g "
                                      "(tolerance %.3g %%)",
                                      diff_element_name(a, l->name, l->at->shape, k), y, x,
                                      t->rate * 100));
            }
        }
    }
}
