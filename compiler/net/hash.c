/* The hash of a network: of what it is, field by field. What only says where something comes from
 * isn't in it: spans, whether a value was set or follows from others. */
#include "runtime/base/hash.h"
#include "compiler/net/net.h"

#include <string.h>

static void put_u64(uint64_t *h, uint64_t x)
{
    *h = hash_u64(*h ^ x) + x;
}

static void put_f64(uint64_t *h, double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_u64(h, bits);
}

static void put_f32(uint64_t *h, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    put_u64(h, bits);
}

static void put_name(uint64_t *h, const char *s)
{
    put_u64(h, s ? hash_bytes(1, s, strlen(s)) : 0);
}

static void put_u32s(uint64_t *h, const uint32_t *v, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        put_u64(h, v[i]);
}

/* ---- models ---- */

static void put_dim(uint64_t *h, struct dim d)
{
    for (int i = 0; i < DIM_N; i++)
        put_u64(h, (uint64_t)(int64_t)d.e[i]);
}

static void put_expr(uint64_t *h, const struct model *m, uint32_t expr)
{
    if (expr == MODEL_NONE) {
        put_u64(h, MODEL_NONE);
        return;
    }
    const struct model_expr *e = &m->expr.data[expr];
    const uint32_t operand[3] = {e->a, e->b, e->c};
    uint32_t n = model_operands((enum model_op)e->op);
    put_u64(h, e->op);
    if (e->op == M_NUMBER || e->op == M_BOOLEAN)
        put_f64(h, e->number);
    else if (n == 0)
        put_u64(h, e->index);
    for (uint32_t i = 0; i < n; i++)
        put_expr(h, m, operand[i]);
}

static void put_binding(uint64_t *h, const struct model_binding *on)
{
    put_name(h, on->target);
    put_u64(h, on->n);
    for (uint32_t i = 0; i < on->n; i++)
        put_name(h, on->name[i]);
    put_name(h, on->latch);
}

static void put_stmts(uint64_t *h, const struct model *m, const struct model_stmt *s, uint32_t n)
{
    put_u64(h, n);
    for (uint32_t i = 0; i < n; i++) {
        put_u64(h, s[i].kind);
        if (s[i].kind == MODEL_ASSIGN || s[i].kind == MODEL_LOCAL)
            put_u64(h, s[i].index);
        put_expr(h, m, s[i].value);
        if (s[i].kind == MODEL_WHEN) {
            put_stmts(h, m, s[i].then.data, s[i].then.n);
            put_stmts(h, m, s[i].otherwise.data, s[i].otherwise.n);
        }
    }
}

static void put_body(uint64_t *h, const struct model *m, const struct model_body *b)
{
    put_u64(h, b->present);
    if (!b->present)
        return;
    put_u64(h, b->n_locals);
    put_stmts(h, m, b->stmt.data, b->stmt.n);
}

static void put_model(uint64_t *h, const struct model *m)
{
    put_name(h, m->name);
    put_u64(h, m->param.n);
    for (uint32_t i = 0; i < m->param.n; i++) {
        const struct model_param *x = &m->param.data[i];
        put_name(h, x->name);
        put_u64(h, x->kind);
        put_u64(h, x->is_bool);
        put_dim(h, x->dim);
        put_expr(h, m, x->value);
        put_binding(h, &x->on);
    }
    put_u64(h, m->let.n);
    for (uint32_t i = 0; i < m->let.n; i++) {
        put_name(h, m->let.data[i].name);
        put_expr(h, m, m->let.data[i].value);
    }
    put_u64(h, m->receptor.n);
    for (uint32_t i = 0; i < m->receptor.n; i++) {
        const struct model_receptor *x = &m->receptor.data[i];
        put_name(h, x->name);
        put_expr(h, m, x->scale);
        put_u64(h, x->negative);
        put_binding(h, &x->on);
    }
    put_u64(h, m->state.n);
    for (uint32_t i = 0; i < m->state.n; i++) {
        const struct model_state *x = &m->state.data[i];
        put_name(h, x->name);
        put_dim(h, x->dim);
        put_expr(h, m, x->value);
    }
    put_body(h, m, &m->step);
    put_body(h, m, &m->event);
}

/* ---- inputs, layers, connections ---- */

static void put_shape(uint64_t *h, const struct net_shape *s)
{
    put_u64(h, s->rank);
    put_u32s(h, s->extent, s->rank);
}

static void put_input(uint64_t *h, const struct net_input *in)
{
    const struct sensor *s = in->sensor;
    put_name(h, in->name);
    put_shape(h, &in->shape);
    put_name(h, s ? s->from : NULL);
    if (!s)
        return;
    put_u32s(h, s->raw, 3);
    put_u64(h, (uint64_t)s->on | (uint64_t)s->off << 1 | (uint64_t)s->merge << 2 |
                   (uint64_t)s->mirror[0] << 3 | (uint64_t)s->mirror[1] << 4 |
                   (uint64_t)s->swap << 5);
    put_u32s(h, s->pool, 2);
    put_u32s(h, s->crop[0], 2);
    put_u32s(h, s->crop[1], 2);
}

/* Equal values of all neurons are one. */
static void put_column(uint64_t *h, const struct net_column *c, uint32_t n)
{
    for (uint32_t k = 0; k < n; k++)
        put_f32(h, c->v[c->uniform ? 0 : k]);
    put_u64(h, c->factor != NULL);
    for (uint32_t k = 0; c->factor && k < n; k++)
        put_f32(h, c->factor[k]);
}

static void put_layer(uint64_t *h, const struct net_layer *l)
{
    put_name(h, l->name);
    put_shape(h, &l->shape);
    put_name(h, l->model->name);
    for (uint32_t p = 0; p < l->model->param.n; p++)
        put_column(h, &l->param[p], l->n);
    for (uint32_t s = 0; s < l->model->state.n; s++)
        put_column(h, &l->init[s], l->n);
}

static void put_weights(uint64_t *h, const struct net_connection *c)
{
    if (c->conv) {
        uint64_t n = conv_count(c->conv);
        put_u64(h, c->conv->out);
        put_u64(h, c->conv->in);
        put_u32s(h, c->conv->kernel, 2);
        put_u32s(h, c->conv->stride, 2);
        put_u32s(h, c->conv->padding, 2);
        for (uint64_t k = 0; k < n; k++)
            put_f32(h, c->conv->w[k]);
        return;
    }
    for (uint32_t pre = 0; pre < c->n_pre; pre++) {
        put_u64(h, c->row[pre + 1]);
        for (uint64_t k = c->row[pre]; k < c->row[pre + 1]; k++) {
            put_u64(h, c->post[k]);
            put_f32(h, c->weight[k]);
        }
    }
}

static void put_connection(uint64_t *h, const struct net *n, const struct net_connection *c)
{
    uint32_t biases = c->conv ? c->conv->out : n->layer.data[c->dst].n;
    put_u64(h, c->from_input);
    put_u64(h, c->src);
    put_u64(h, c->dst);
    put_u64(h, c->receptor);
    put_u64(h, c->delay);
    put_u32s(h, c->pool, 2);
    put_u64(h, c->average);
    put_u64(h, c->n_pre);
    put_u64(h, c->bias != NULL);
    for (uint32_t k = 0; c->bias && k < biases; k++)
        put_f32(h, c->bias[k]);
    put_weights(h, c);
}

/* ---- boards ---- */

static void put_neuron(uint64_t *h, const struct board_neuron *x)
{
    put_u64(h, x->index);
    put_u64(h, (uint64_t)(int64_t)x->layer);
    put_u64(h, x->element);
    put_u64(h, x->given);
    put_u64(h, x->latch.n);
    for (uint32_t i = 0; i < x->latch.n; i++)
        put_name(h, x->latch.data[i]);
    put_u64(h, x->cam.n);
    for (uint32_t i = 0; i < x->cam.n; i++) {
        const struct board_cam *c = &x->cam.data[i];
        put_u64(h, (uint64_t)c->slot << 32 | (uint64_t)c->tag << 16 | (uint64_t)c->mask << 8 |
                       c->dendrite);
    }
    put_u64(h, x->sram.n);
    for (uint32_t i = 0; i < x->sram.n; i++) {
        const struct board_sram *r = &x->sram.data[i];
        put_u64(h, (uint64_t)r->slot << 40 | (uint64_t)r->tag << 24 | (uint64_t)r->cores << 16 |
                       (uint64_t)(uint8_t)r->x_hop << 8 | (uint8_t)r->y_hop);
    }
}

static void put_core(uint64_t *h, const struct board_core *c)
{
    put_u64(h, c->chip);
    put_u64(h, c->core);
    put_u64(h, c->bias.n);
    for (uint32_t i = 0; i < c->bias.n; i++) {
        put_name(h, c->bias.data[i].name);
        put_u64(h, (uint64_t)c->bias.data[i].coarse << 8 | c->bias.data[i].fine);
    }
    put_u64(h, c->neuron.n);
    for (uint32_t i = 0; i < c->neuron.n; i++)
        put_neuron(h, &c->neuron.data[i]);
}

/* One neuron after the other: how they are put together says nothing. */
static void put_place(uint64_t *h, const struct board_place *p)
{
    for (uint32_t k = 0; k < p->count; k++) {
        put_u64(h, p->layer);
        put_u64(h, p->first + k);
        put_u64(h, (uint64_t)p->chip << 32 | p->core);
    }
}

static void put_destinations(uint64_t *h, const struct board_input *x)
{
    put_u64(h, x->input);
    put_u64(h, x->channel);
    put_u64(h, x->to.n);
    for (uint32_t i = 0; i < x->to.n; i++) {
        const struct board_destination *to = &x->to.data[i];
        put_u64(h, (uint64_t)to->tag << 24 | (uint64_t)to->cores << 16 |
                       (uint64_t)(uint8_t)to->x_hop << 8 | (uint8_t)to->y_hop);
    }
}

static void put_board(uint64_t *h, const struct board *b)
{
    put_name(h, b->target);
    put_u64(h, b->columns);
    put_u64(h, b->rows);
    put_u64(h, b->gain_auto);
    put_f64(h, b->gain_auto ? 1 : b->gain);
    for (uint32_t i = 0; i < b->profile.n; i++) {
        put_u64(h, b->profile.data[i].chip);
        put_name(h, b->profile.data[i].file);
    }
    for (uint32_t i = 0; i < b->place.n; i++)
        put_place(h, &b->place.data[i]);
    put_u64(h, b->core.n);
    for (uint32_t i = 0; i < b->core.n; i++)
        put_core(h, &b->core.data[i]);
    for (uint32_t i = 0; i < b->input.n; i++)
        if (b->input.data[i].to.n > 0) /* as if it weren't there */
            put_destinations(h, &b->input.data[i]);
    put_u64(h, b->output.n);
    for (uint32_t i = 0; i < b->output.n; i++) {
        const struct board_output *x = &b->output.data[i];
        put_u64(h, x->layer);
        for (uint32_t k = 0; k < x->at.n; k++) {
            put_u64(h, (uint64_t)x->at.data[k].chip << 32 | x->at.data[k].core);
            put_u64(h, x->at.data[k].neuron);
        }
    }
}

/* ---- all of it ---- */

static void put_mismatch(uint64_t *h, const struct net_mismatch *m)
{
    put_u64(h, m->given);
    if (!m->given)
        return;
    put_f64(h, m->all);
    put_u64(h, m->seed);
    for (uint32_t i = 0; i < m->by_name.n; i++) {
        put_name(h, m->by_name.data[i].name);
        put_f64(h, m->by_name.data[i].p);
    }
}

uint64_t net_hash(const struct net *n)
{
    uint64_t h = 0;
    put_name(&h, n->name);
    put_f64(&h, n->dt);
    put_u64(&h, n->model.n);
    for (uint32_t i = 0; i < n->model.n; i++)
        put_model(&h, n->model.data[i]);
    put_u64(&h, n->input.n);
    for (uint32_t i = 0; i < n->input.n; i++)
        put_input(&h, &n->input.data[i]);
    put_u64(&h, n->layer.n);
    for (uint32_t i = 0; i < n->layer.n; i++)
        put_layer(&h, &n->layer.data[i]);
    put_u64(&h, n->connection.n);
    for (uint32_t i = 0; i < n->connection.n; i++)
        put_connection(&h, n, &n->connection.data[i]);
    put_mismatch(&h, &n->mismatch);
    put_u64(&h, n->record.n);
    for (uint32_t i = 0; i < n->record.n; i++) {
        put_u64(&h, n->record.data[i].layer);
        put_u64(&h, (uint64_t)(int64_t)n->record.data[i].state);
    }
    put_u64(&h, n->output.n);
    put_u32s(&h, n->output.data, n->output.n);
    if (n->board)
        put_board(&h, n->board);
    return h;
}
