#include "compiler/net/print.h"
#include "compiler/net/derive.h"
#include <stdlib.h>

/* ---- parameters ----
 *
 * A parameter is printed in the shortest form of its float32, which as float64 isn't what the user
 * gave: what is derived from it may then differ in the last bit. So the printer derives the
 * defaults as a reader of its text will, prints those that come out otherwise as well, and gives
 * all digits of the float64 where an initial state depends on them. */

struct shown {
    bool *param; /* which are printed */
    bool wide;   /* float64 digits */
};

static bool use_given(const struct net_column *c, uint32_t k, bool wide)
{
    return wide && c->given && (float)c->given[k] == c->v[k];
}

static struct derived as_read(struct arena *a, const struct net_column *c, uint32_t n, bool wide)
{
    uint32_t count = c->uniform ? 1 : n;
    struct derived x = {ARENA_ARRAY(a, double, count), c->uniform};
    struct buf text = {0};
    for (uint32_t k = 0; k < count; k++) {
        if (use_given(c, k, wide)) {
            x.v[k] = c->given[k];
            continue;
        }
        buf_clear(&text);
        buf_f32_text(&text, c->v[k]);
        x.v[k] = strtod(text.data, NULL);
    }
    buf_free(&text);
    return x;
}

static bool rounds_to(const struct derived *x, const struct net_column *c, uint32_t n)
{
    uint32_t count = x->uniform && c->uniform ? 1 : n;
    for (uint32_t k = 0; k < count; k++) {
        float v = (float)x->v[x->uniform ? 0 : k];
        if (memcmp(&v, &c->v[c->uniform ? 0 : k], sizeof v) != 0)
            return false;
    }
    return true;
}

/* Chooses what to print; false if the initial states wouldn't come out the same. */
static bool choose(const struct net *n, const struct net_layer *l, struct shown *shown)
{
    const struct model *m = l->model;
    struct arena scratch = {0};
    struct derive d;
    derive_init(&d, &scratch, m, l->n, n->dt);
    uint32_t *order = ARENA_ARRAY(&scratch, uint32_t, m->param.n);
    model_default_order(m, &scratch, order);
    for (uint32_t i = 0; i < m->param.n; i++) {
        uint32_t p = order[i];
        const struct net_column *c = &l->param[p];
        shown->param[p] = c->set;
        if (!c->set) {
            d.param[p] = derive_expr(&d, m->param.data[p].value);
            shown->param[p] = !rounds_to(&d.param[p], c, l->n);
        }
        if (shown->param[p])
            d.param[p] = as_read(&scratch, c, l->n, shown->wide);
    }
    derive_lets(&d);
    bool same = true;
    for (uint32_t s = 0; s < m->state.n && same; s++) {
        struct derived x = derive_expr(&d, m->state.data[s].value);
        same = rounds_to(&x, &l->init[s], l->n);
    }
    arena_free(&scratch);
    return same;
}

static void put_value(struct buf *out, const struct net_column *c, uint32_t k,
                      const struct model_param *p, bool wide)
{
    if (p->is_bool)
        buf_puts(out, c->v[k] != 0 ? "true" : "false");
    else if (use_given(c, k, wide))
        unit_f64_text(out, c->given[k], p->dim);
    else
        unit_f32_text(out, c->v[k], p->dim);
}

/* How many dimensions begin (or end) at element k: its brackets. */
static uint32_t brackets(const struct net_shape *s, uint32_t k)
{
    uint32_t n = 0;
    for (uint32_t d = s->rank; d-- > 0 && k % s->extent[d] == 0; k /= s->extent[d])
        n++;
    return n;
}

static void put_column(struct text *t, const struct net_layer *l, uint32_t param, bool wide)
{
    const struct net_column *c = &l->param[param];
    const struct model_param *p = &l->model->param.data[param];
    text_begin(t);
    buf_printf(t->out, "%s = ", p->name);
    if (c->uniform)
        put_value(t->out, c, 0, p, wide);
    for (uint32_t k = 0; !c->uniform && k < l->n; k++) {
        buf_fill(&t->item, '[', brackets(&l->shape, k));
        put_value(&t->item, c, k, p, wide);
        buf_fill(&t->item, ']', brackets(&l->shape, k + 1));
        text_item(t, k == 0);
    }
    text_end(t, ";");
}

/* Equal factors of all neurons as one. */
static void put_factor(struct text *t, const struct net_layer *l, uint32_t param)
{
    const float *v = l->param[param].factor;
    uint32_t same = 1;
    while (same < l->n && v[same] == v[0])
        same++;
    text_begin(t);
    buf_printf(t->out, "factor %s = ", l->model->param.data[param].name);
    if (same == l->n)
        buf_f32_text(t->out, v[0]);
    for (uint32_t k = 0; same < l->n && k < l->n; k++) {
        buf_fill(&t->item, '[', brackets(&l->shape, k));
        buf_f32_text(&t->item, v[k]);
        buf_fill(&t->item, ']', brackets(&l->shape, k + 1));
        text_item(t, k == 0);
    }
    text_end(t, ";");
}

static void put_shape(struct buf *out, const struct net_shape *s)
{
    for (uint32_t d = 0; d < s->rank; d++)
        buf_printf(out, "%s%u", d ? ", " : "[", s->extent[d]);
    buf_putc(out, ']');
}

static void put_pair(struct buf *out, const char *name, const uint32_t pair[2])
{
    if (pair[0] == pair[1])
        buf_printf(out, "%s = %u", name, pair[0]);
    else
        buf_printf(out, "%s = [%u, %u]", name, pair[0], pair[1]);
}

static void put_setting(struct text *t, const char *text)
{
    text_begin(t);
    buf_puts(t->out, text);
    text_end(t, ";");
}

/* What differs from a sensor without settings. */
static void put_sensor(struct text *t, const struct sensor *s)
{
    const uint32_t pooled[2] = {s->raw[1] / s->pool[0], s->raw[2] / s->pool[1]};
    if (s->merge)
        put_setting(t, "merge = true");
    if (!s->on)
        put_setting(t, "on = false");
    if (!s->off)
        put_setting(t, "off = false");
    if (s->pool[0] != 1 || s->pool[1] != 1) {
        text_begin(t);
        put_pair(t->out, "pool", s->pool);
        text_end(t, ";");
    }
    if (s->crop[0][0] || s->crop[1][0] || s->crop[0][1] != pooled[0] ||
        s->crop[1][1] != pooled[1]) {
        text_begin(t);
        buf_printf(t->out, "crop = [%u:%u, %u:%u]", s->crop[0][0], s->crop[0][1], s->crop[1][0],
                   s->crop[1][1]);
        text_end(t, ";");
    }
    if (s->mirror[0] || s->mirror[1])
        put_setting(t, !s->mirror[1]   ? "mirror = [true, false]"
                       : !s->mirror[0] ? "mirror = [false, true]"
                                       : "mirror = [true, true]");
    if (s->swap)
        put_setting(t, "swap = true");
}

static bool has_settings(const struct sensor *s)
{
    const struct sensor plain = {.from = s->from,
                                 .raw = {s->raw[0], s->raw[1], s->raw[2]},
                                 .on = true,
                                 .off = true,
                                 .pool = {1, 1},
                                 .crop = {{0, s->raw[1]}, {0, s->raw[2]}}};
    return !sensor_same(s, &plain);
}

static void put_input(struct text *t, const struct net_input *in)
{
    const struct net_shape shape = net_stimulus_shape(in);
    text_begin(t);
    buf_printf(t->out, "input %s", in->name);
    put_shape(t->out, &shape);
    if (in->sensor)
        buf_printf(t->out, " from %s", in->sensor->from);
    if (!in->sensor || !has_settings(in->sensor)) {
        text_end(t, ";");
        return;
    }
    text_open(t);
    put_sensor(t, in->sensor);
    text_close(t);
}

static void put_layer(struct text *t, const struct net *n, const struct net_layer *l)
{
    struct arena scratch = {0};
    struct shown shown = {.param = ARENA_ARRAY(&scratch, bool, l->model->param.n)};
    if (!choose(n, l, &shown)) {
        shown.wide = true;
        choose(n, l, &shown);
    }
    text_begin(t);
    buf_printf(t->out, "layer %s", l->name);
    put_shape(t->out, &l->shape);
    buf_printf(t->out, ": %s", l->model->name);
    bool open = false;
    for (uint32_t p = 0; p < l->model->param.n; p++) {
        bool factor = l->param[p].factor != NULL;
        if (!shown.param[p] && !factor)
            continue;
        if (!open)
            text_open(t);
        open = true;
        if (shown.param[p])
            put_column(t, l, p, shown.wide);
        if (factor)
            put_factor(t, l, p);
    }
    if (open)
        text_close(t);
    else
        text_end(t, ";");
    arena_free(&scratch);
}

/* ---- connections ---- */

enum { SMALL_MATRIX = 64 }; /* weights that are printed as a matrix however few aren't zero */

static void put_dense(struct text *t, const struct net_connection *c, uint32_t n_post)
{
    buf_puts(t->out, "dense(");
    uint64_t k = 0;
    for (uint32_t pre = 0; pre < c->n_pre; pre++) {
        for (uint32_t post = 0; post < n_post; post++) {
            bool there = k < c->row[pre + 1] && c->post[k] == post;
            buf_puts(&t->item, post > 0 ? "" : pre > 0 ? "[" : "[[");
            buf_f32_text(&t->item, there ? c->weight[k] : 0);
            buf_puts(&t->item, post + 1 < n_post ? "" : pre + 1 < c->n_pre ? "]" : "]]");
            text_item(t, pre == 0 && post == 0);
            k += there;
        }
    }
    buf_putc(t->out, ')');
}

static void put_sparse(struct text *t, const struct net_connection *c)
{
    buf_puts(t->out, "sparse([");
    for (uint32_t pre = 0; pre < c->n_pre; pre++) {
        for (uint64_t k = c->row[pre]; k < c->row[pre + 1]; k++) {
            buf_printf(&t->item, "[%u, %u, ", pre, c->post[k]);
            buf_f32_text(&t->item, c->weight[k]);
            buf_putc(&t->item, ']');
            text_item(t, k == 0);
        }
    }
    buf_puts(t->out, "])");
}

/* Numbers with the brackets of their shape; what is in t->item already comes before the first. */
static void put_numbers(struct text *t, const float *v, const struct net_shape *s, bool first)
{
    const uint32_t n = net_shape_count(*s);
    for (uint32_t k = 0; k < n; k++) {
        buf_fill(&t->item, '[', brackets(s, k));
        buf_f32_text(&t->item, v[k]);
        buf_fill(&t->item, ']', brackets(s, k + 1));
        text_item(t, first && k == 0);
    }
}

static void put_conv(struct text *t, const struct conv *c)
{
    buf_puts(t->out, "conv2d(");
    put_numbers(t, c->w, &(struct net_shape){4, {c->out, c->in, c->kernel[0], c->kernel[1]}}, true);
    if (c->stride[0] != 1 || c->stride[1] != 1) {
        put_pair(&t->item, "stride", c->stride);
        text_item(t, false);
    }
    if (c->padding[0] || c->padding[1]) {
        put_pair(&t->item, "padding", c->padding);
        text_item(t, false);
    }
    buf_putc(t->out, ')');
}

/* To an event-driven layer a pair with a weight of 0 is another thing than no pair. */
static bool is_matrix(const struct net_connection *c, const struct net_layer *dst)
{
    const uint64_t synapses = c->row[c->n_pre], cells = (uint64_t)c->n_pre * dst->n;
    if (dst->model->event.present && synapses > 0)
        return synapses == cells;
    return cells <= SMALL_MATRIX || cells / 3 <= synapses || c->bias;
}

static void put_operator(struct text *t, const struct net_connection *c,
                         const struct net_layer *dst)
{
    if (c->conv) {
        put_conv(t, c->conv);
        return;
    }
    if (c->row[c->n_pre] == 0 && !c->bias)
        buf_puts(t->out, "all_to_all(0)");
    else if (is_matrix(c, dst))
        put_dense(t, c, dst->n);
    else
        put_sparse(t, c);
}

/* Equal biases as one. */
static void put_bias(struct text *t, const float *v, uint32_t n)
{
    uint32_t same = 1;
    while (same < n && v[same] == v[0])
        same++;
    buf_puts(&t->item, "bias = ");
    if (same < n) {
        put_numbers(t, v, &(struct net_shape){1, {n}}, false);
        return;
    }
    buf_f32_text(&t->item, v[0]);
    text_item(t, false);
}

static void put_connection(struct text *t, const struct net *n, const struct net_connection *c)
{
    const struct net_layer *dst = &n->layer.data[c->dst];
    const struct model *m = dst->model;
    text_begin(t);
    buf_printf(t->out, "%s -> %s: ",
               c->from_input ? n->input.data[c->src].name : n->layer.data[c->src].name, dst->name);
    put_operator(t, c, dst);
    if (c->average || c->pool[0] != 1 || c->pool[1] != 1) {
        put_pair(&t->item, c->average ? "average_pool" : "pool", c->pool);
        text_item(t, false);
    }
    if (c->bias)
        put_bias(t, c->bias, c->conv ? c->conv->out : dst->n);
    if (m->receptor.n > 1) {
        buf_printf(&t->item, "via = %s", m->receptor.data[c->receptor].name);
        text_item(t, false);
    }
    if (c->delay != (c->from_input || m->event.present ? 0u : 1u)) {
        buf_puts(&t->item, "delay = ");
        unit_f64_text(&t->item, c->delay * n->dt, DIM_TIME);
        text_item(t, false);
    }
    text_end(t, ";");
}

/* ---- the rest ---- */

/* `5 %` where that is exactly the number, else `0.05...`. */
static void put_percent(struct buf *out, double p)
{
    struct buf text = {0};
    buf_f64_text(&text, p * 100);
    size_t n = text.n;
    buf_puts(&text, "e-2");
    if (!memchr(text.data, 'e', n) && strtod(text.data, NULL) == p) {
        buf_put(out, text.data, n);
        buf_puts(out, " %");
    } else {
        buf_f64_text(out, p);
    }
    buf_free(&text);
}

static void put_mismatch(struct text *t, const struct net_mismatch *m)
{
    text_begin(t);
    buf_puts(t->out, "mismatch ");
    if (m->by_name.n == 0) {
        put_percent(t->out, m->all);
        buf_printf(t->out, " seed %u", m->seed);
        text_end(t, ";");
        return;
    }
    text_end(t, "{");
    t->depth++;
    text_begin(t);
    buf_puts(t->out, "all = ");
    put_percent(t->out, m->all);
    text_end(t, ";");
    for (uint32_t i = 0; i < m->by_name.n; i++) {
        text_begin(t);
        buf_printf(t->out, "%s = ", m->by_name.data[i].name);
        put_percent(t->out, m->by_name.data[i].p);
        text_end(t, ";");
    }
    text_begin(t);
    buf_printf(t->out, "seed = %u", m->seed);
    text_end(t, ";");
    text_close(t);
}

static void put_record(struct text *t, const struct net *n)
{
    text_begin(t);
    buf_puts(t->out, "record ");
    for (uint32_t i = 0; i < n->record.n; i++) {
        const struct net_record *r = &n->record.data[i];
        const struct net_layer *l = &n->layer.data[r->layer];
        buf_printf(&t->item, "%s.%s", l->name,
                   r->state < 0 ? "spikes" : l->model->state.data[r->state].name);
        text_item(t, i == 0);
    }
    text_end(t, ";");
}

static void put_outputs(struct text *t, const struct net *n)
{
    text_begin(t);
    buf_puts(t->out, "output ");
    for (uint32_t i = 0; i < n->output.n; i++) {
        buf_puts(&t->item, n->layer.data[n->output.data[i]].name);
        text_item(t, i == 0);
    }
    text_end(t, ";");
}

static void put_network(struct text *t, const struct net *n)
{
    text_begin(t);
    buf_printf(t->out, "network %s", n->name);
    text_open(t);
    if (n->dt != 0) {
        text_begin(t);
        buf_puts(t->out, "dt = ");
        unit_f64_text(t->out, n->dt, DIM_TIME);
        text_end(t, ";");
    }
    for (uint32_t i = 0; i < n->input.n; i++)
        put_input(t, &n->input.data[i]);
    for (uint32_t i = 0; i < n->layer.n; i++)
        put_layer(t, n, &n->layer.data[i]);
    for (uint32_t i = 0; i < n->connection.n; i++)
        put_connection(t, n, &n->connection.data[i]);
    if (n->mismatch.given)
        put_mismatch(t, &n->mismatch);
    if (n->has_record && n->record.n > 0)
        put_record(t, n);
    if (n->has_output && n->output.n > 0)
        put_outputs(t, n);
    text_close(t);
}

void net_print(struct buf *out, const struct net *n, const struct net_words *words)
{
    struct text t = {.out = out, .line = out->n};
    for (uint32_t i = 0; i < n->model.n; i++) {
        net_print_model(out, n->model.data[i]);
        text_blank(&t);
    }
    put_network(&t, n);
    if (n->board) {
        text_blank(&t);
        print_board(&t, n, words);
    }
    buf_free(&t.item);
}
