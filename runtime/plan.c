#include "runtime/plan.h"
#include <math.h>

void plan_element_name(struct buf *out, const char *name, const struct plan_shape *shape,
                       uint32_t element)
{
    uint32_t index[PLAN_MAX_RANK];
    for (uint32_t i = shape->rank; i-- > 0;) {
        index[i] = element % shape->extent[i];
        element /= shape->extent[i];
    }
    buf_puts(out, name);
    for (uint32_t i = 0; i < shape->rank; i++)
        buf_printf(out, "%s%u", i ? ", " : "[", index[i]);
    buf_putc(out, ']');
}

static bool broken(const char **why, const char *text)
{
    *why = text;
    return false;
}

/* Words as the language has them, joined by dots where a layer is in a part. */
static bool is_name(const char *s)
{
    do {
        if (!(*s == '_' || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')))
            return false;
        while (*s == '_' || (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
               (*s >= '0' && *s <= '9'))
            s++;
    } while (*s == '.' && *++s);
    return *s == 0 && s[-1] != '.';
}

static bool is_finite(const struct column *c, uint32_t n)
{
    for (uint32_t i = 0; i < (c->uniform ? 1 : n); i++)
        if (!isfinite(c->v[i]))
            return false;
    return true;
}

static bool is_number(const struct column *c, uint32_t n)
{
    for (uint32_t i = 0; i < (c->uniform ? 1 : n); i++)
        if (isnan(c->v[i]))
            return false;
    return true;
}

static bool shape_holds(const struct plan_shape *s, uint32_t n)
{
    if (s->rank == 0 || s->rank > PLAN_MAX_RANK)
        return false;
    uint64_t count = 1;
    for (uint32_t i = 0; i < s->rank; i++) {
        if (s->extent[i] == 0)
            return false;
        count *= s->extent[i]; /* below 2^31 * 2^32 */
        if (count > INT32_MAX)
            return false;
    }
    return count == n;
}

static bool verify_group(const struct plan *p, const struct plan_group *g, const char **why)
{
    if (!is_name(g->name))
        return broken(why, "a layer's name isn't a name");
    if (!shape_holds(&g->shape, g->n))
        return broken(why, "a layer's shape doesn't hold its neurons");
    if (g->kernel >= p->kernel.n)
        return broken(why, "a layer's model is out of range");
    const struct kernel *k = p->kernel.data[g->kernel];
    for (uint32_t i = 0; i < k->n_params; i++) {
        if (!g->param[i].v)
            return broken(why, "a parameter has no value");
        if (!is_number(&g->param[i], g->n))
            return broken(why, "a parameter isn't a number");
        if (k->param[i].kind != K_PARAM_PLAIN && !is_finite(&g->param[i], g->n))
            return broken(why, "a parameter isn't finite");
        if (!(g->mismatch[i] >= 0 && isfinite(g->mismatch[i])))
            return broken(why, "a mismatch is negative or not finite");
        const float *factor = g->factor ? g->factor[i] : NULL;
        if (factor && k->param[i].kind == K_PARAM_PLAIN)
            return broken(why, "a plain parameter has factors");
        for (uint32_t e = 0; factor && e < g->n; e++)
            if (factor[e] != 0 && !(factor[e] >= PLAN_MIN_FACTOR && factor[e] <= PLAN_MAX_FACTOR))
                return broken(why, "a factor is out of range");
    }
    for (uint32_t i = 0; i < k->n_states; i++) {
        if (!g->init[i].v)
            return broken(why, "a state has no initial value");
        if (!is_finite(&g->init[i], g->n))
            return broken(why, "a state's initial value isn't finite");
    }
    return true;
}

static bool verify_ends(const struct plan *p, const struct plan_projection *j, const char **why)
{
    if (j->src >= (j->from_input ? p->input.n : p->group.n) || j->dst >= p->group.n)
        return broken(why, "an end of a connection is out of range");
    const struct plan_group *dst = &p->group.data[j->dst];
    uint32_t n_pre = j->from_input ? p->input.data[j->src].n : p->group.data[j->src].n;
    if (j->n_pre != n_pre)
        return broken(why, "a connection has the wrong number of rows");
    if (j->receptor >= p->kernel.data[dst->kernel]->n_receptors)
        return broken(why, "a connection's receptor is out of range");
    if (!j->from_input && j->delay == 0)
        return broken(why, "a connection between layers has no delay");
    if (j->delay > PLAN_MAX_DELAY)
        return broken(why, "a delay is over 1000000 steps");
    return true;
}

static bool verify_rows(const struct plan *p, const struct plan_projection *j, const char **why)
{
    uint32_t n_post = p->group.data[j->dst].n;
    if (!j->row || j->row[0] != 0)
        return broken(why, "a connection's rows don't begin at 0");
    for (uint32_t pre = 0; pre < j->n_pre; pre++) {
        if (j->row[pre] > j->row[pre + 1])
            return broken(why, "a connection's rows overlap");
        for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++) {
            if (j->post[s] >= n_post)
                return broken(why, "a synapse's target is out of range");
            if (s > j->row[pre] && j->post[s] < j->post[s - 1])
                return broken(why, "the targets of a row don't ascend");
            if (!isfinite(j->weight[s]))
                return broken(why, "a weight isn't finite");
        }
    }
    return true;
}

bool plan_verify_shared(const struct plan *p, const char **why)
{
    if (!is_name(p->network))
        return broken(why, "the network's name isn't a name");
    if (!(p->dt >= 0 && isfinite(p->dt)))
        return broken(why, "the time step is negative or not finite");
    for (uint32_t i = 0; i < p->kernel.n; i++) {
        if (!kernel_verify(p->kernel.data[i], why))
            return false;
    }
    for (uint32_t i = 0; i < p->input.n; i++) {
        if (!is_name(p->input.data[i].name))
            return broken(why, "an input's name isn't a name");
        if (!shape_holds(&p->input.data[i].shape, p->input.data[i].n))
            return broken(why, "an input's shape doesn't hold its channels");
    }
    for (uint32_t i = 0; i < p->group.n; i++) {
        if (!verify_group(p, &p->group.data[i], why))
            return false;
    }
    for (uint32_t i = 0; i < p->projection.n; i++) {
        if (!verify_ends(p, &p->projection.data[i], why))
            return false;
    }
    for (uint32_t i = 0; i < p->record.n; i++) {
        const struct plan_record *r = &p->record.data[i];
        if (r->group >= p->group.n)
            return broken(why, "a recorded layer is out of range");
        uint32_t n_states = p->kernel.data[p->group.data[r->group].kernel]->n_states;
        if (r->state < -1 || r->state >= (int64_t)n_states)
            return broken(why, "a recorded state is out of range");
    }
    for (uint32_t i = 0; i < p->output.n; i++) {
        if (p->output.data[i] >= p->group.n)
            return broken(why, "an output layer is out of range");
    }
    return true;
}

bool plan_verify(const struct plan *p, const char **why)
{
    if (!plan_verify_shared(p, why))
        return false;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        if (!verify_rows(p, &p->projection.data[i], why))
            return false;
    }
    return true;
}
