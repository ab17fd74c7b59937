/* Checks of times against the time step, and of currents against what a chip can make. */
#include "compiler/check_rules.h"
#include "runtime/run.h"
#include "targets/compile.h"

#include <math.h>

/* ---- values ---- */

struct model_env check_values(struct checking *c, uint32_t layer, uint32_t neuron)
{
    const struct net_layer *l = &c->n->layer.data[layer];
    const struct model *m = l->model;
    const struct plan_group *g = &c->plan.group.data[layer];
    double *param = ARENA_ARRAY(&c->arena, double, m->param.n + 1);
    double *let = ARENA_ARRAY(&c->arena, double, m->let.n + 1);
    struct column *one = ARENA_ARRAY(&c->arena, struct column, m->param.n + 1);
    struct column *lets = ARENA_ARRAY(&c->arena, struct column, m->let.n + 1);
    for (uint32_t i = 0; i < m->param.n; i++) {
        const uint32_t at = l->param[i].uniform ? 0 : neuron;
        one[i] = (struct column){&l->param[i].v[at], true};
        param[i] = (double)l->param[i].v[at];
    }
    kernel_lets(&c->arena, c->plan.kernel.data[g->kernel], 1, one, (float)c->plan.dt, lets);
    for (uint32_t i = 0; i < m->let.n; i++)
        let[i] = (double)lets[i].v[0];
    return (struct model_env){c->plan.dt, param, let};
}

/* Neurons whose values are looked at: one where all are alike, else the first CHECK_NEURONS. */
static uint32_t different(const struct net_layer *l)
{
    for (uint32_t i = 0; i < l->model->param.n; i++)
        if (!l->param[i].uniform)
            return l->n < CHECK_NEURONS ? l->n : CHECK_NEURONS;
    return 1;
}

/* Whether an expression stays as it is from step to step, and follows from parameters. */
static bool is_constant(const struct model *m, uint32_t expr, bool *follows)
{
    const struct model_expr *e = &m->expr.data[expr];
    const uint32_t operand[3] = {e->a, e->b, e->c};
    *follows |= e->op == M_PARAM || e->op == M_LET;
    if (e->op == M_STATE || e->op == M_RECEIVE || e->op == M_SPIKES || e->op == M_LOCAL ||
        e->op == M_WEIGHT || e->op == M_RANDOM || e->op == M_DT)
        return false;
    for (uint32_t i = 0; i < model_operands((enum model_op)e->op); i++)
        if (!is_constant(m, operand[i], follows))
            return false;
    return true;
}

static const char *value_name(struct checking *c, const struct model *m, uint32_t expr)
{
    const struct model_expr *e = &m->expr.data[expr];
    if (e->op == M_PARAM || e->op == M_LET)
        return arena_printf(&c->arena, "`%s` of ",
                            e->op == M_PARAM ? m->param.data[e->index].name
                                             : m->let.data[e->index].name);
    return "a time constant of ";
}

/* ---- the time step ---- */

static bool is_dt(const struct model *m, uint32_t expr)
{
    const struct model_expr *e = &m->expr.data[expr];
    return e->op == M_DT || (e->op == M_NEG && m->expr.data[e->a].op == M_DT);
}

/* A time constant: what `dt` is divided by; or 1 over what it is multiplied by. MODEL_NONE: the
 * expression is neither. */
static uint32_t time_constant(const struct model *m, uint32_t expr, bool *inverse)
{
    const struct model_expr *e = &m->expr.data[expr];
    bool follows = false;
    uint32_t x = MODEL_NONE;
    *inverse = e->op == M_MUL;
    if ((e->op == M_DIV || e->op == M_MUL) && is_dt(m, e->a))
        x = e->b;
    else if (e->op == M_MUL && is_dt(m, e->b))
        x = e->a;
    if (x == MODEL_NONE || !is_constant(m, x, &follows) || !follows)
        return MODEL_NONE;
    const struct dim d = m->expr.data[x].dim;
    return dim_eq(*inverse ? dim_div(DIM_ONE, d) : d, DIM_TIME) ? x : MODEL_NONE;
}

bool check_coarse_step(struct checking *c, uint32_t index)
{
    const struct net_layer *l = &c->n->layer.data[index];
    const struct model *m = l->model;
    double least = c->plan.dt;
    uint32_t which = MODEL_NONE, neuron = 0;
    bool is_rate = false;
    if (c->n->dt == 0 || !m->step.present)
        return false;
    for (uint32_t i = 0; i < different(l); i++) {
        struct model_env env = check_values(c, index, i);
        for (uint32_t k = 0; k < m->expr.n; k++) {
            bool inverse;
            const uint32_t x = time_constant(m, k, &inverse);
            const double v = x == MODEL_NONE ? 0 : model_eval(m, x, &env);
            const double tau = inverse && v != 0 ? 1 / v : v;
            if (tau > 0 && tau < least * (1 - 1e-6)) {
                least = tau;
                which = x;
                neuron = i;
                is_rate = inverse;
            }
        }
    }
    if (which == MODEL_NONE)
        return false;
    const char *name = arena_printf(&c->arena, "%s`%s`", value_name(c, m, which),
                                    different(l) == 1 ? l->name : check_neuron(c, index, neuron));
    const char *step = unit_text(&c->arena, c->plan.dt, DIM_TIME);
    if (is_rate) {
        check_tell(c, W0455, index, "%s is %s: that is more than one in a time step of %s", name,
                   unit_text(&c->arena, 1 / least, dim_div(DIM_ONE, DIM_TIME)), step);
        return true;
    }
    struct diag *g = check_tell(c, W0455, index, "a time step of %s is longer than %s, which is %s",
                                step, name, unit_text(&c->arena, least, DIM_TIME));
    diag_hint(c->d, g, "what decays is gone within a step: `dt` should be a fraction of it");
    return true;
}

/* ---- refractory times ---- */

/* A state that counts time down: `x - dt` stands in the step. */
static bool counts_down(const struct model *m, uint32_t state)
{
    for (uint32_t i = 0; i < m->expr.n; i++) {
        const struct model_expr *e = &m->expr.data[i];
        if (e->op == M_SUB && m->expr.data[e->a].op == M_STATE &&
            m->expr.data[e->a].index == state && m->expr.data[e->b].op == M_DT)
            return true;
    }
    return false;
}

/* The parameter or let of a time in an expression; MODEL_NONE: there is none. */
static uint32_t time_in(const struct model *m, uint32_t expr)
{
    const struct model_expr *e = &m->expr.data[expr];
    const uint32_t operand[3] = {e->a, e->b, e->c};
    if ((e->op == M_PARAM || e->op == M_LET) && !e->dim.any && dim_eq(e->dim, DIM_TIME))
        return expr;
    for (uint32_t i = 0; i < model_operands((enum model_op)e->op); i++) {
        const uint32_t x = time_in(m, operand[i]);
        if (x != MODEL_NONE)
            return x;
    }
    return MODEL_NONE;
}

static uint32_t start_of(const struct model *m, const struct model_stmt *s, uint32_t n)
{
    uint32_t x = MODEL_NONE;
    for (uint32_t i = 0; i < n && x == MODEL_NONE; i++) {
        if (s[i].kind == MODEL_ASSIGN && counts_down(m, s[i].index))
            x = time_in(m, s[i].value);
        if (x == MODEL_NONE && s[i].kind == MODEL_WHEN) {
            x = start_of(m, s[i].then.data, s[i].then.n);
            x = x == MODEL_NONE ? start_of(m, s[i].otherwise.data, s[i].otherwise.n) : x;
        }
    }
    return x;
}

/* Steps in which a time that is counted down, in float32 as the step does it, isn't over. */
static double steps_of(double time, double dt)
{
    enum { MOST = 1 << 20 };
    uint32_t n = 0;
    for (float left = (float)time; left > 0 && n < MOST; n++)
        left -= (float)dt;
    return n < MOST ? (double)n : NAN;
}

bool check_refractory(struct checking *c, uint32_t index)
{
    const struct net_layer *l = &c->n->layer.data[index];
    const struct model *m = l->model;
    const double dt = c->n->dt;
    const uint32_t x = dt > 0 ? start_of(m, m->step.stmt.data, m->step.stmt.n) : MODEL_NONE;
    for (uint32_t i = 0; x != MODEL_NONE && i < different(l); i++) {
        struct model_env env = check_values(c, index, i);
        const double time = model_eval(m, x, &env), steps = steps_of(time, dt);
        if (!(fabs(steps * dt - time) > 0.1 * dt))
            continue;
        struct diag *g = check_tell(
            c, W0456, index, "%s`%s` is %s; in time steps of %s it acts for %g of them, %s",
            value_name(c, m, x), different(l) == 1 ? l->name : check_neuron(c, index, i),
            unit_text(&c->arena, time, DIM_TIME), unit_text(&c->arena, dt, DIM_TIME), steps,
            unit_text(&c->arena, steps * dt, DIM_TIME));
        diag_hint(c->d, g, "a whole number of time steps is as it is written");
        return true;
    }
    return false;
}

/* ---- currents ---- */

bool check_bias_reach(struct checking *c, uint32_t index)
{
    enum { TOLERANCE = 10 /* per cent, as the bias pass has it */ };
    const struct net_layer *l = &c->n->layer.data[index];
    for (uint32_t i = 0; i < l->model->param.n; i++) {
        const struct model_param *p = &l->model->param.data[i];
        const struct target_compiler *t = p->on.target ? target_compiler_find(p->on.target) : NULL;
        double min, max;
        if (p->kind != MODEL_BIAS || !t || !t->reach || !t->reach(p->on.name[0], &min, &max))
            continue;
        for (uint32_t k = 0; k < (l->param[i].uniform ? 1 : l->n); k++) {
            const double x = (double)l->param[i].v[k];
            const double near = x < min ? min : x > max ? max : x;
            if (x == 0 || fabs(near - x) * 100 <= TOLERANCE * x)
                continue;
            struct diag *g =
                check_tell(c, W0651, index, "`%s` of `%s` is %s, %s makes %s at the %s", p->name,
                           l->param[i].uniform ? l->name : check_neuron(c, index, k),
                           unit_text(&c->arena, x, DIM_CURRENT), t->name,
                           unit_text(&c->arena, near, DIM_CURRENT), x < min ? "least" : "most");
            diag_hint(c->d, g, "`%s` reaches from %s to %s", p->on.name[0],
                      unit_text(&c->arena, min, DIM_CURRENT),
                      unit_text(&c->arena, max, DIM_CURRENT));
            return true; /* others are likely to follow from the same parameter */
        }
    }
    return false;
}
