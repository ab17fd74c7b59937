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

static const char *element_name(struct arena *a, const char *name, struct net_shape shape,
                                uint32_t element)
{
    struct buf b = {0};
    net_element_name(&b, name, shape, element);
    const char *s = arena_strdup(a, b.data);
    buf_free(&b);
    return s;
}

/* ---- structure ---- */

#define DIFFERS(...) VEC_PUSH(a, &out->structure, arena_printf(a, __VA_ARGS__))

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
            DIFFERS("layer `%s` is only in A", x->name);
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
        if (net_find_layer(na, nb->layer.data[i].name) < 0) {
            DIFFERS("layer `%s` is only in B", nb->layer.data[i].name);
        }
    }
}

/* ---- parameters ---- */

static double relative_error(float x, float y)
{
    return x == y ? 0 : x == 0 ? INFINITY : fabs((double)y - (double)x) / fabs((double)x);
}

static int larger_error(const void *x, const void *y)
{
    double ex = ((const struct diff_param *)x)->error, ey = ((const struct diff_param *)y)->error;
    return (ex < ey) - (ex > ey);
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
            double error = relative_error(va, vb);
            if (error > worst.error) {
                worst.a = va, worst.b = vb, worst.element = e, worst.error = error;
            }
        }
        out->n_params++;
        if (worst.error > 0) {
            VEC_PUSH(a, &out->param, worst);
        }
    }
}

/* ---- weights ---- */

struct synapse {
    uint32_t pre, post;
    double weight;
};

struct synapses {
    struct synapse *v;
    size_t n;
};

static int by_ends(const void *x, const void *y)
{
    const struct synapse *a = x, *b = y;
    return a->pre != b->pre ? (a->pre > b->pre) - (a->pre < b->pre)
                            : (a->post > b->post) - (a->post < b->post);
}

static const char *src_name(const struct net *n, const struct net_connection *c)
{
    return c->from_input ? n->input.data[c->src].name : n->layer.data[c->src].name;
}

static const char *receptor_name(const struct net *n, const struct net_connection *c)
{
    return n->layer.data[c->dst].model->receptor.data[c->receptor].name;
}

static bool same_ends(const struct net *na, const struct net_connection *x, const struct net *nb,
                      const struct net_connection *y)
{
    return x->from_input == y->from_input && x->delay == y->delay &&
           strcmp(src_name(na, x), src_name(nb, y)) == 0 &&
           strcmp(na->layer.data[x->dst].name, nb->layer.data[y->dst].name) == 0 &&
           strcmp(receptor_name(na, x), receptor_name(nb, y)) == 0;
}

/* All synapses of `n` between the ends of `like`; several of one pair are one with their sum. */
static struct synapses gather(struct arena *a, const struct net *n, const struct net *of,
                              const struct net_connection *like)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        total += same_ends(of, like, n, c) ? c->row[c->n_pre] : 0;
    }
    struct synapses s = {ARENA_ARRAY(a, struct synapse, total + 1), 0};
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (!same_ends(of, like, n, c)) {
            continue;
        }
        for (uint32_t pre = 0; pre < c->n_pre; pre++) {
            for (uint64_t k = c->row[pre]; k < c->row[pre + 1]; k++) {
                s.v[s.n++] = (struct synapse){pre, c->post[k], (double)c->weight[k]};
            }
        }
    }
    qsort(s.v, s.n, sizeof *s.v, by_ends);
    size_t kept = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (kept && by_ends(&s.v[kept - 1], &s.v[i]) == 0) {
            s.v[kept - 1].weight += s.v[i].weight;
        } else {
            s.v[kept++] = s.v[i];
        }
    }
    s.n = kept;
    return s;
}

/* For each neuron of each layer of `n` its row in out->core, or -1; rows are made here. NULL
 * without a board. */
static int32_t **core_rows(struct arena *a, const struct net *n, struct diff *out)
{
    if (!n->board) {
        return NULL;
    }
    int32_t **row = ARENA_ARRAY(a, int32_t *, n->layer.n + 1);
    for (uint32_t l = 0; l < n->layer.n; l++) {
        row[l] = ARENA_ARRAY(a, int32_t, n->layer.data[l].n);
        memset(row[l], -1, sizeof *row[l] * n->layer.data[l].n);
    }
    for (uint32_t c = 0; c < n->board->core.n; c++) {
        const struct board_core *core = &n->board->core.data[c];
        struct diff_weights w = {.chip = core->chip, .core = core->core};
        VEC_PUSH(a, &out->core, w);
        for (uint32_t i = 0; i < core->neuron.n; i++) {
            const struct board_neuron *x = &core->neuron.data[i];
            if (x->layer >= 0) {
                row[x->layer][x->element] = (int32_t)c;
            }
        }
    }
    return row;
}

/* One pair of weights into a row; the names only where the error is the largest so far. */
static bool count_pair(struct diff_weights *w, bool in_a, bool in_b, double x, double y)
{
    double error = fabs(x - y);
    w->n += in_a;
    w->n_union++;
    w->lost += in_a && !in_b;
    w->gained += in_b && !in_a;
    w->sum_square += error * error;
    w->scale = fabs(x) > w->scale ? fabs(x) : w->scale;
    if (error <= w->largest) {
        return false;
    }
    w->largest = error;
    w->largest_a = (float)x;
    w->largest_b = (float)y;
    return true;
}

static void diff_connection(struct arena *a, const struct net *na, const struct net *nb,
                            const struct net *of, const struct net_connection *like,
                            int32_t *const *core, struct diff *out)
{
    struct synapses sa = gather(a, na, of, like), sb = gather(a, nb, of, like);
    const struct net_layer *dst = &of->layer.data[like->dst];
    const char *src = src_name(of, like);
    struct net_shape src_shape =
        like->from_input ? of->input.data[like->src].shape : of->layer.data[like->src].shape;
    struct diff_weights *w = VEC_ADD(a, &out->connection);
    *w = (struct diff_weights){.src = src, .dst = dst->name, .receptor = receptor_name(of, like)};
    int layer_b = net_find_layer(nb, dst->name);
    for (size_t i = 0, k = 0; i < sa.n || k < sb.n;) {
        int order = i == sa.n ? 1 : k == sb.n ? -1 : by_ends(&sa.v[i], &sb.v[k]);
        bool in_a = order <= 0, in_b = order >= 0;
        struct synapse at = in_a ? sa.v[i] : sb.v[k];
        double x = in_a ? sa.v[i].weight : 0, y = in_b ? sb.v[k].weight : 0;
        int32_t c = core && layer_b >= 0 ? core[layer_b][at.post] : -1;
        struct diff_weights *row[2] = {w, c < 0 ? NULL : &out->core.data[c]};
        for (int r = 0; r < 2; r++) {
            if (row[r] && count_pair(row[r], in_a, in_b, x, y)) {
                row[r]->largest_src = element_name(a, src, src_shape, at.pre);
                row[r]->largest_dst = element_name(a, dst->name, dst->shape, at.post);
            }
        }
        i += in_a;
        k += in_b;
    }
}

/* Each set of ends once: the first connection of `n` that has them, unless `other` has them too
 * (then they were done from there). */
static bool first_with_ends(const struct net *n, uint32_t i, const struct net *other)
{
    const struct net_connection *c = &n->connection.data[i];
    for (uint32_t k = 0; k < i; k++) {
        if (same_ends(n, c, n, &n->connection.data[k])) {
            return false;
        }
    }
    for (uint32_t k = 0; other && k < other->connection.n; k++) {
        if (same_ends(n, c, other, &other->connection.data[k])) {
            return false;
        }
    }
    return true;
}

void diff_networks(struct arena *a, const struct net *na, const struct net *nb, struct diff *out)
{
    diff_inputs(a, na, nb, out);
    diff_layers(a, na, nb, out);
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
    int32_t **core = core_rows(a, nb, out);
    for (uint32_t i = 0; i < na->connection.n; i++) {
        if (first_with_ends(na, i, NULL)) {
            diff_connection(a, na, nb, na, &na->connection.data[i], core, out);
        }
    }
    for (uint32_t i = 0; i < nb->connection.n; i++) {
        if (first_with_ends(nb, i, na)) {
            diff_connection(a, na, nb, nb, &nb->connection.data[i], core, out);
        }
    }
}

/* ---- judgement ---- */

/* The largest weight of A onto a layer: what an error of any weight onto it is relative to. */
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
                                      element_name(a, l->name, l->at->shape, k), y, x,
                                      t->rate * 100));
            }
        }
    }
}
