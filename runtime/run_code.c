/* Code for a chip's groups, shared by all that specialise in the same way. */
#include "runtime/engine.h"

enum { MANY = 8 }; /* codes of one kernel that differ in constants only */

/* Columns as code sees them: those that are uniform become constants of it. */
struct values {
    uint32_t n;
    bool *constant;
    float *value; /* 0 where it is none */
};

static struct values values_of(struct arena *a, const struct column *c, uint32_t n)
{
    const struct values v = {n, ARENA_ARRAY(a, bool, n), ARENA_ARRAY(a, float, n)};
    for (uint32_t i = 0; i < n; i++) {
        v.constant[i] = c[i].uniform;
        v.value[i] = c[i].uniform ? flush_denormal(c[i].v[0]) : 0;
    }
    return v;
}

/* Bits, so that 0 and -0 differ and NaN equals itself. */
static bool same_value(const struct values *a, const struct values *b, uint32_t i)
{
    return a->constant[i] == b->constant[i] &&
           memcmp(&a->value[i], &b->value[i], sizeof(float)) == 0;
}

static bool same_values(const struct values *a, const struct values *b)
{
    uint32_t i = 0;
    while (i < a->n && same_value(a, b, i))
        i++;
    return i == a->n;
}

/* ---- many layers of one model ------------------------------------------------------------------
 */

struct group_values {
    struct values param, let;
};

/* Of the groups of one kernel. */
struct common {
    uint32_t group[MANY]; /* whose values differ, as far as there is room */
    uint32_t n;           /* MANY + 1: more than that */
    bool *param, *let;    /* which of them are the same in all groups */
};

static void look_at(struct common *c, const struct group_values *v, uint32_t group)
{
    uint32_t i = 0;
    while (i < c->n && i < MANY &&
           !(same_values(&v[c->group[i]].param, &v[group].param) &&
             same_values(&v[c->group[i]].let, &v[group].let)))
        i++;
    if (i < c->n && i < MANY)
        return;
    if (i < MANY)
        c->group[i] = group;
    c->n = i + 1;
}

static void keep_same(bool *same, const struct values *first, const struct values *v)
{
    for (uint32_t i = 0; i < v->n; i++)
        same[i] = same[i] && same_value(first, v, i);
}

static void drop(struct values *v, const bool *same)
{
    for (uint32_t i = 0; i < v->n; i++) {
        v->constant[i] = v->constant[i] && same[i];
        v->value[i] = v->constant[i] ? v->value[i] : 0;
    }
}

static bool *all(struct arena *a, uint32_t n)
{
    bool *yes = ARENA_ARRAY(a, bool, n);
    for (uint32_t i = 0; i < n; i++)
        yes[i] = true;
    return yes;
}

/* Code is made for each set of constants, which takes longer than it gains where there are many:
 * then what differs between the layers of a model is loaded. */
static void limit_constants(const struct plan *p, struct group_values *v)
{
    struct arena a = {0};
    struct common *of = ARENA_ARRAY(&a, struct common, p->kernel.n);
    for (uint32_t g = 0; g < p->group.n; g++)
        look_at(&of[p->group.data[g].kernel], v, g);
    for (uint32_t g = 0; g < p->group.n; g++) {
        struct common *c = &of[p->group.data[g].kernel];
        if (c->n <= MANY)
            continue;
        if (!c->param) {
            c->param = all(&a, v[g].param.n);
            c->let = all(&a, v[g].let.n);
        }
        keep_same(c->param, &v[c->group[0]].param, &v[g].param);
        keep_same(c->let, &v[c->group[0]].let, &v[g].let);
    }
    for (uint32_t g = 0; g < p->group.n; g++) {
        const struct common *c = &of[p->group.data[g].kernel];
        if (c->n <= MANY)
            continue;
        drop(&v[g].param, c->param);
        drop(&v[g].let, c->let);
    }
    arena_free(&a);
}

/* ---- code --------------------------------------------------------------------------------------
 */

static bool same_array(const void *a, const void *b, size_t bytes)
{
    return bytes == 0 || memcmp(a, b, bytes) == 0;
}

static bool same_spec(const struct kernel_spec *a, const struct kernel_spec *b)
{
    const struct kernel *k = a->kernel;
    return k == b->kernel && a->dt == b->dt &&
           same_array(a->traced, b->traced, k->n_states * sizeof(bool)) &&
           same_array(a->param_uniform, b->param_uniform, k->n_params * sizeof(bool)) &&
           same_array(a->param_value, b->param_value, k->n_params * sizeof(float)) &&
           same_array(a->let_uniform, b->let_uniform, k->n_lets * sizeof(bool)) &&
           same_array(a->let_value, b->let_value, k->n_lets * sizeof(float));
}

static uint32_t find_code(const struct engine *e, const struct kernel_spec *s)
{
    uint32_t i = 0;
    while (i < e->codes.n && !same_spec(&e->codes.data[i].spec, s))
        i++;
    return i;
}

static const void *copy(struct arena *a, const void *from, size_t bytes)
{
    void *to = arena_alloc(a, bytes);
    if (bytes)
        memcpy(to, from, bytes);
    return to;
}

/* A chip's own values go with it, those of code stay. */
static struct kernel_spec kept(struct arena *a, struct kernel_spec s)
{
    const size_t params = s.kernel->n_params, lets = s.kernel->n_lets;
    s.param_uniform = copy(a, s.param_uniform, params * sizeof(bool));
    s.param_value = copy(a, s.param_value, params * sizeof(float));
    s.let_uniform = copy(a, s.let_uniform, lets * sizeof(bool));
    s.let_value = copy(a, s.let_value, lets * sizeof(float));
    return s;
}

static struct group_values *all_values(const struct engine *e, struct chip *c)
{
    const struct plan *p = e->plan;
    struct arena *a = &c->arena;
    struct group_values *v = ARENA_ARRAY(a, struct group_values, p->group.n);
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct kernel *k = e->hoisted[p->group.data[i].kernel].kernel;
        v[i].param = values_of(a, c->group[i].param, k->n_params);
        v[i].let = values_of(a, c->group[i].let, k->n_lets);
    }
    limit_constants(p, v);
    return v;
}

/* The back end makes what isn't there yet in one call. Entries of `codes` beyond `old` are the new
 * ones. */
static bool find_codes(struct engine *e, struct chip *c)
{
    const struct plan *p = e->plan;
    const struct backend *b = e->options->backend;
    const uint32_t old = e->codes.n;
    uint32_t *at = ARENA_ARRAY(&c->arena, uint32_t, p->group.n);
    const struct group_values *v = all_values(e, c);
    for (uint32_t i = 0; i < p->group.n; i++) {
        const struct kernel_spec s = {.kernel = e->hoisted[p->group.data[i].kernel].kernel,
                                      .traced = e->schedule.group[i].traced,
                                      .dt = (float)p->dt,
                                      .param_uniform = v[i].param.constant,
                                      .param_value = v[i].param.value,
                                      .let_uniform = v[i].let.constant,
                                      .let_value = v[i].let.value};
        c->group[i].param_constant = v[i].param.constant;
        c->group[i].let_constant = v[i].let.constant;
        at[i] = find_code(e, &s);
        if (at[i] == e->codes.n)
            VEC_ADD(&e->arena, &e->codes)->spec = kept(&e->arena, s);
        struct kernel_spec *used = &e->codes.data[at[i]].spec;
        const size_t lanes = padded_lanes((size_t)p->group.data[i].n * e->block);
        used->lanes = lanes > used->lanes ? lanes : used->lanes;
    }
    const uint32_t n = e->codes.n - old;
    struct kernel_spec *spec = ARENA_ARRAY(&e->arena, struct kernel_spec, n);
    struct kernel_code *code = ARENA_ARRAY(&e->arena, struct kernel_code, n);
    for (uint32_t i = 0; i < n; i++)
        spec[i] = e->codes.data[old + i].spec;
    if (n > 0 && !b->prepare(b, &e->arena, spec, n, code, e->diags)) {
        e->codes.n = old;
        return false;
    }
    for (uint32_t i = 0; i < n; i++)
        e->codes.data[old + i].code = code[i];
    for (uint32_t i = 0; i < p->group.n; i++)
        c->group[i].code = e->codes.data[at[i]].code;
    return true;
}

bool chip_find_code(struct engine *e, struct chip *c)
{
    pthread_mutex_lock(&e->lock);
    const bool ok = find_codes(e, c);
    pthread_mutex_unlock(&e->lock);
    return ok;
}
