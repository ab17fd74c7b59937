#include "compiler/net/net.h"
#include "compiler/net/derive.h"

struct net *net_new(struct arena *a, const char *name)
{
    struct net *n = ARENA_NEW(a, struct net);
    n->arena = a;
    n->name = name;
    return n;
}

uint32_t net_shape_count(struct net_shape s)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < s.rank; i++) {
        n *= s.extent[i];
        if (n > INT32_MAX)
            return UINT32_MAX;
    }
    return (uint32_t)n;
}

uint32_t net_add_input(struct net *n, const char *name, struct net_shape shape, struct span span)
{
    struct net_input x = {.name = name, .shape = shape, .n = net_shape_count(shape), .span = span};
    VEC_PUSH(n->arena, &n->input, x);
    return n->input.n - 1;
}

struct net_shape net_stimulus_shape(const struct net_input *in)
{
    struct net_shape s = {.rank = 3};
    if (!in->sensor)
        return in->shape;
    memcpy(s.extent, in->sensor->raw, 3 * sizeof *s.extent);
    return s;
}

uint32_t net_add_layer(struct net *n, const char *name, struct net_shape shape, struct model *model,
                       struct span span)
{
    uint32_t k = 0;
    while (k < n->model.n && n->model.data[k] != model)
        k++;
    if (k == n->model.n)
        VEC_PUSH(n->arena, &n->model, model);
    struct net_layer x = {
        .name = name,
        .shape = shape,
        .n = net_shape_count(shape),
        .model = model,
        .param = ARENA_ARRAY(n->arena, struct net_column, model->param.n),
        .init = ARENA_ARRAY(n->arena, struct net_column, model->state.n),
        .span = span,
    };
    VEC_PUSH(n->arena, &n->layer, x);
    return n->layer.n - 1;
}

/* Equal to the bit, so that -0 and 0 stay apart. */
static bool all_equal(const double *v, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        if (memcmp(&v[i], &v[0], sizeof *v) != 0)
            return false;
    }
    return true;
}

static void column_round(struct arena *a, struct net_column *c, const double *v, uint32_t n,
                         bool uniform)
{
    c->uniform = uniform || all_equal(v, n);
    uint32_t count = c->uniform ? 1 : n;
    c->v = ARENA_ARRAY(a, float, count);
    for (uint32_t i = 0; i < count; i++)
        c->v[i] = (float)v[i];
}

void net_layer_set(struct net *n, uint32_t layer, uint32_t param, const double *v, bool uniform)
{
    struct net_layer *l = &n->layer.data[layer];
    struct net_column *c = &l->param[param];
    column_round(n->arena, c, v, l->n, uniform);
    uint32_t count = c->uniform ? 1 : l->n;
    c->given = ARENA_ARRAY(n->arena, double, count);
    memcpy(c->given, v, count * sizeof *v);
    c->set = true;
}

void net_layer_factor(struct net *n, uint32_t layer, uint32_t param, const double *v, bool uniform)
{
    struct net_layer *l = &n->layer.data[layer];
    float *factor = ARENA_ARRAY(n->arena, float, l->n);
    bool any = false;
    for (uint32_t i = 0; i < l->n; i++) {
        factor[i] = (float)v[uniform ? 0 : i];
        any = any || factor[i] != 0;
    }
    l->param[param].factor = any ? factor : NULL;
}

void net_layer_defaults(struct net *n, uint32_t layer)
{
    struct net_layer *l = &n->layer.data[layer];
    const struct model *m = l->model;
    struct arena scratch = {0};
    struct derive d;
    derive_init(&d, &scratch, m, l->n, n->dt);
    uint32_t *order = ARENA_ARRAY(&scratch, uint32_t, m->param.n);
    model_default_order(m, &scratch, order);
    for (uint32_t i = 0; i < m->param.n; i++) {
        uint32_t p = order[i];
        struct net_column *c = &l->param[p];
        if (c->set) {
            d.param[p] = (struct derived){c->given, c->uniform};
        } else {
            d.param[p] = derive_expr(&d, m->param.data[p].value);
            column_round(n->arena, c, d.param[p].v, l->n, d.param[p].uniform);
        }
    }
    derive_lets(&d);
    for (uint32_t s = 0; s < m->state.n; s++) {
        struct derived x = derive_expr(&d, m->state.data[s].value);
        column_round(n->arena, &l->init[s], x.v, l->n, x.uniform);
    }
    arena_free(&scratch);
}

struct net_connection *net_add_connection(struct net *n, bool from_input, uint32_t src,
                                          uint32_t dst, uint32_t receptor, uint32_t delay,
                                          uint32_t n_pre, uint64_t n_synapses, struct span span)
{
    struct net_connection c = {
        .from_input = from_input,
        .src = src,
        .dst = dst,
        .receptor = receptor,
        .delay = delay,
        .pool = {1, 1},
        .n_pre = n_pre,
        .row = arena_try(n->arena, (size_t)n_pre + 1, sizeof *c.row),
        .span = span,
    };
    if (n_synapses > SIZE_MAX / sizeof *c.post)
        return NULL;
    c.post = arena_try(n->arena, (size_t)n_synapses, sizeof *c.post);
    c.weight = arena_try(n->arena, (size_t)n_synapses, sizeof *c.weight);
    if (!c.row || !c.post || !c.weight)
        return NULL;
    VEC_PUSH(n->arena, &n->connection, c);
    return &n->connection.data[n->connection.n - 1];
}

struct net_connection *net_add_conv(struct net *n, bool from_input, uint32_t src, uint32_t dst,
                                    uint32_t receptor, uint32_t delay, struct conv *conv,
                                    uint32_t n_pre, struct span span)
{
    struct net_connection c = {
        .from_input = from_input,
        .src = src,
        .dst = dst,
        .receptor = receptor,
        .delay = delay,
        .pool = {1, 1},
        .conv = conv,
        .n_pre = n_pre,
        .span = span,
    };
    VEC_PUSH(n->arena, &n->connection, c);
    return &n->connection.data[n->connection.n - 1];
}

struct net_connection *net_add_dense(struct net *n, bool from_input, uint32_t src, uint32_t dst,
                                     uint32_t receptor, uint32_t delay, const double *w,
                                     uint32_t n_pre, uint32_t n_post, struct span span)
{
    size_t count = (size_t)n_pre * n_post;
    uint64_t n_synapses = 0;
    for (size_t i = 0; i < count; i++)
        n_synapses += (float)w[i] != 0;
    struct net_connection *c =
        net_add_connection(n, from_input, src, dst, receptor, delay, n_pre, n_synapses, span);
    if (!c)
        return NULL;
    uint64_t k = 0;
    for (uint32_t pre = 0; pre < n_pre; pre++) {
        for (uint32_t post = 0; post < n_post; post++) {
            float x = (float)w[(size_t)pre * n_post + post];
            if (x == 0)
                continue;
            c->post[k] = post;
            c->weight[k] = x;
            k++;
        }
        c->row[pre + 1] = k;
    }
    return c;
}

static uint64_t hash_name(const char *name)
{
    return hash_bytes(0, name, strlen(name));
}

int net_find_layer(const struct net *n, const char *name)
{
    for (uint32_t i = 0; i < n->layer.n; i++) {
        if (strcmp(n->layer.data[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

int net_find_input(const struct net *n, const char *name)
{
    for (uint32_t i = 0; i < n->input.n; i++) {
        if (strcmp(n->input.data[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

void net_names_init(struct net_names *names, struct arena *a, const struct net *n)
{
    names->n = n;
    map64_init(&names->layer, a);
    map64_init(&names->input, a);
    for (uint32_t i = 0; i < n->layer.n; i++)
        map64_put(&names->layer, hash_name(n->layer.data[i].name), i, NULL);
    for (uint32_t i = 0; i < n->input.n; i++)
        map64_put(&names->input, hash_name(n->input.data[i].name), i, NULL);
}

/* Two names may have one hash: then the list has the last word. */
int net_names_layer(const struct net_names *names, const char *name)
{
    uint32_t i;
    if (!map64_get(&names->layer, hash_name(name), &i))
        return -1;
    return strcmp(names->n->layer.data[i].name, name) == 0 ? (int)i
                                                           : net_find_layer(names->n, name);
}

int net_names_input(const struct net_names *names, const char *name)
{
    uint32_t i;
    if (!map64_get(&names->input, hash_name(name), &i))
        return -1;
    return strcmp(names->n->input.data[i].name, name) == 0 ? (int)i
                                                           : net_find_input(names->n, name);
}

const char *net_helper_name(const struct net *n, const char *prefix, const char *helped)
{
    const char *s = arena_printf(n->arena, "%s.%s", prefix, helped);
    for (uint32_t i = 2; net_find_layer(n, s) >= 0 || net_find_input(n, s) >= 0; i++)
        s = arena_printf(n->arena, "%s%u.%s", prefix, i, helped);
    return s;
}

int net_helped_layer(const struct net *n, uint32_t layer)
{
    static const char *const prefix[] = {"split", "relay"};
    const char *name = n->layer.data[layer].name;
    for (uint32_t i = 0; i < sizeof prefix / sizeof prefix[0]; i++) {
        size_t k = strlen(prefix[i]);
        if (strncmp(name, prefix[i], k) != 0)
            continue;
        k += strspn(name + k, "0123456789");
        return name[k] == '.' ? net_find_layer(n, name + k + 1) : -1;
    }
    return -1;
}

void net_element_name(struct buf *out, const char *name, struct net_shape shape, uint32_t element)
{
    uint32_t index[NET_MAX_RANK];
    for (uint32_t d = shape.rank; d-- > 0;) {
        index[d] = element % shape.extent[d];
        element /= shape.extent[d];
    }
    buf_puts(out, name);
    for (uint32_t d = 0; d < shape.rank; d++)
        buf_printf(out, "%s%u", d ? ", " : "[", index[d]);
    buf_putc(out, ']');
}

bool net_is_event_driven(const struct net *n)
{
    bool event = n->layer.n > 0;
    for (uint32_t i = 0; i < n->layer.n; i++)
        event = event && n->layer.data[i].model->event.present;
    return event;
}

void net_default_outputs(struct net *n)
{
    if (n->has_output)
        return;
    struct arena scratch = {0};
    bool *feeds = ARENA_ARRAY(&scratch, bool, n->layer.n), all = true;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (!c->from_input && c->src != c->dst)
            feeds[c->src] = true;
    }
    for (uint32_t l = 0; l < n->layer.n; l++)
        all = all && feeds[l];
    n->output.n = 0;
    for (uint32_t l = 0; l < n->layer.n; l++) {
        if (all || !feeds[l])
            VEC_PUSH(n->arena, &n->output, l);
    }
    arena_free(&scratch);
}
