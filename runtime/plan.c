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

struct plan_shape plan_stimulus_shape(const struct plan_input *in)
{
    struct plan_shape s = {.rank = 3};
    if (!in->sensor)
        return in->shape;
    memcpy(s.extent, in->sensor->raw, 3 * sizeof *s.extent);
    return s;
}

uint32_t plan_stimulus_channels(const struct plan_input *in)
{
    const struct sensor *s = in->sensor;
    return s ? s->raw[0] * s->raw[1] * s->raw[2] : in->n;
}

bool plan_source_map(const struct plan *p, const struct plan_projection *j, uint32_t whole[3],
                     uint32_t pooled[3])
{
    const struct plan_shape *s =
        j->from_input ? &p->input.data[j->src].shape : &p->group.data[j->src].shape;
    if (s->rank != 3)
        return false;
    memcpy(whole, s->extent, 3 * sizeof *whole);
    return pooled_map(whole, j->pool, pooled);
}

uint32_t plan_biases(const struct plan *p, const struct plan_projection *j)
{
    return j->conv ? j->conv->out : p->group.data[j->dst].n;
}

static const char *sensor_mistake(const struct plan_input *in)
{
    uint32_t map[3];
    const char *wrong = in->sensor ? sensor_wrong(in->sensor) : NULL;
    if (wrong || !in->sensor)
        return wrong;
    sensor_map(in->sensor, map);
    if (in->shape.rank != 3 || memcmp(map, in->shape.extent, sizeof map) != 0)
        return "an input's shape isn't what its sensor gives";
    return NULL;
}

/* Maps, pools, and how many rows there are. */
static const char *geometry_mistake(const struct plan *p, const struct plan_projection *j)
{
    const struct plan_group *dst = &p->group.data[j->dst];
    uint32_t whole[3], pooled[3], n_pre;
    if (j->conv || j->pool[0] != 1 || j->pool[1] != 1) {
        if (!plan_source_map(p, j, whole, pooled))
            return "a connection pools a source without a whole area";
        n_pre = pooled[0] * pooled[1] * pooled[2];
    } else {
        n_pre = j->from_input ? p->input.data[j->src].n : p->group.data[j->src].n;
    }
    if (j->n_pre != n_pre)
        return "a connection has the wrong number of rows";
    if (!j->conv)
        return NULL;
    if (dst->shape.rank != 3)
        return "a convolution's target is no map";
    return conv_wrong(j->conv, pooled, dst->shape.extent);
}

static bool verify_ends(const struct plan *p, const struct plan_projection *j, const char **why)
{
    if (j->src >= (j->from_input ? p->input.n : p->group.n) || j->dst >= p->group.n)
        return broken(why, "an end of a connection is out of range");
    const struct plan_group *dst = &p->group.data[j->dst];
    const struct kernel *k = p->kernel.data[dst->kernel];
    const char *wrong = geometry_mistake(p, j);
    if (wrong)
        return broken(why, wrong);
    if (j->receptor >= k->n_receptors && (j->receptor != 0 || k->step.n > 0))
        return broken(why, "a connection's receptor is out of range");
    if (!j->from_input && j->delay == 0 && k->event.n == 0)
        return broken(why, "a connection between layers has no delay");
    if (j->delay > 0 && k->event.n > 0)
        return broken(why, "a connection to an event-driven layer has a delay");
    if (j->delay > PLAN_MAX_DELAY)
        return broken(why, "a delay is over 1000000 steps");
    return true;
}

static bool all_finite(const float *v, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (!isfinite(v[i]))
            return false;
    return true;
}

static bool verify_rows(const struct plan *p, const struct plan_projection *j, const char **why)
{
    uint32_t n_post = p->group.data[j->dst].n;
    if (j->bias && !all_finite(j->bias, plan_biases(p, j)))
        return broken(why, "a bias isn't finite");
    if (j->conv) {
        if (!j->conv->w || !all_finite(j->conv->w, conv_count(j->conv)))
            return broken(why, "a weight isn't finite");
        return true;
    }
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
    if (p->semantics > PLAN_EVENT)
        return broken(why, "it runs in no known way");
    for (uint32_t i = 0; i < p->kernel.n; i++) {
        if (!kernel_verify(p->kernel.data[i], why))
            return false;
    }
    for (uint32_t i = 0; i < p->input.n; i++) {
        if (!is_name(p->input.data[i].name))
            return broken(why, "an input's name isn't a name");
        if (!shape_holds(&p->input.data[i].shape, p->input.data[i].n))
            return broken(why, "an input's shape doesn't hold its channels");
        const char *wrong = sensor_mistake(&p->input.data[i]);
        if (wrong)
            return broken(why, wrong);
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

/* ---- how it can run ----------------------------------------------------------------------------
 */

static bool is_at_once(const struct plan_projection *j)
{
    return !j->from_input && j->delay == 0;
}

/* A group on a circle of connections without delay, or behind one; UINT32_MAX: there is none. What
 * no such connection leads to is taken away, and what it leads to then, until nothing is left. */
static uint32_t in_circle(const struct plan *p)
{
    struct arena scratch = {0};
    const uint32_t n = p->group.n;
    uint32_t *in = ARENA_ARRAY(&scratch, uint32_t, n);
    uint32_t *first =
        ARENA_ARRAY(&scratch, uint32_t, n + 2); /* of group g: in `to` at first[g + 1] */
    uint32_t *to = ARENA_ARRAY(&scratch, uint32_t, p->projection.n);
    uint32_t *done = ARENA_ARRAY(&scratch, uint32_t, n), n_done = 0, found = 0;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        in[j->dst] += is_at_once(j);
        if (is_at_once(j))
            first[j->src + 1]++;
    }
    for (uint32_t g = 0; g < n; g++)
        first[g + 1] += first[g];
    first[n + 1] = first[n];
    for (uint32_t i = p->projection.n; i-- > 0;) {
        const struct plan_projection *j = &p->projection.data[i];
        if (is_at_once(j))
            to[--first[j->src + 1]] = j->dst;
    }
    for (uint32_t g = 0; g < n; g++)
        if (in[g] == 0)
            done[n_done++] = g;
    for (uint32_t k = 0; k < n_done; k++) {
        const uint32_t g = done[k];
        for (uint32_t i = first[g + 1]; i < first[g + 2]; i++)
            if (--in[to[i]] == 0)
                done[n_done++] = to[i];
    }
    while (n_done < n && in[found] == 0)
        found++;
    arena_free(&scratch);
    return n_done < n ? found : UINT32_MAX;
}

bool plan_can_run(const struct plan *p, enum plan_semantics semantics, struct diags *d)
{
    const struct span nowhere = {0};
    const bool event = semantics == PLAN_EVENT;
    if (p->device && !event) {
        struct diag *g = diag_add(d, E0806, nowhere, "the chip runs event by event, not in steps");
        diag_hint(d, g, "`dyn dump` writes the image as a source, which can be run so");
        return false;
    }
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct kernel *k = p->kernel.data[p->group.data[i].kernel];
        if ((event ? k->event.n : k->step.n) > 0)
            continue;
        diag_add(d, E0806, nowhere, "layer `%s`: model `%s` has no `%s`, so it can't be run %s",
                 p->group.data[i].name, k->model, event ? "on event" : "step",
                 event ? "event by event" : "step by step");
        return false;
    }
    if (event)
        return true;
    if (p->dt == 0) {
        struct diag *g =
            diag_add(d, E0401, nowhere, "network `%s` has no time step to run with", p->network);
        diag_hint(d, g, "give one: `--dt 1ms`");
        return false;
    }
    const uint32_t group = in_circle(p);
    if (group == UINT32_MAX)
        return true;
    struct diag *g = diag_add(d, E0806, nowhere,
                              "layer `%s` feeds itself without delay: it can't be run step by step",
                              p->group.data[group].name);
    diag_hint(d, g, "layers of models with `on event` are served in order within a step");
    return false;
}
