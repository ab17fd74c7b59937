#include "tests/bench/hand.h"
#include "runtime/base/cpu.h"
#include <math.h>

const struct hand_isa *hand_best(void)
{
#if defined __x86_64__
    if (cpu_level() == CPU_AVX512)
        return &hand_avx512;
    if (cpu_level() == CPU_AVX2)
        return &hand_avx2;
#endif
    return &hand_scalar;
}

float *hand_spread(struct lane_room *room, const struct column *c, uint32_t n, size_t lanes)
{
    float *v = lane_array(room, lanes);
    uint32_t i = 0;
    for (size_t lane = 0; lane < lanes; lane++) {
        v[lane] = c->v[c->uniform ? 0 : i];
        i = i + 1 < n ? i + 1 : 0;
    }
    return v;
}

struct source { /* where the values are found by name */
    const struct model *model;
    const struct column *param, *let;
};

static const struct column *find(const struct source *s, const char *name)
{
    for (uint32_t i = 0; i < s->model->param.n; i++) {
        if (strcmp(s->model->param.data[i].name, name) == 0)
            return &s->param[i];
    }
    for (uint32_t i = 0; i < s->model->let.n; i++) {
        if (strcmp(s->model->let.data[i].name, name) == 0)
            return &s->let[i];
    }
    return NULL;
}

static bool is_known(const struct model *m)
{
    static const char *const state[] = {"iahp", "imem", "isyn", "vmem", "timer_ref"};
    enum { N = sizeof state / sizeof *state };
    if (strcmp(m->name, "dpi") != 0 || m->state.n != N || m->receptor.n != 1)
        return false;
    for (uint32_t i = 0; i < N; i++) {
        if (strcmp(m->state.data[i].name, state[i]) != 0)
            return false;
    }
    return true;
}

static struct hand_folded_values fold(const struct hand_values *v, double Iscale, double dt)
{
    struct hand_folded_values f = {
        .Io = v->Io,
        .gain_mem = v->gain_mem,
        .per_Io = v->per_Io,
        .per_itm = v->per_itm,
        .Idc = v->Idc,
        .Ispkthr = v->Ispkthr,
        .f_dis = v->f_dis,
        .fa_dis = v->fa_dis,
        .itm = v->itm,
        .igm = v->igm,
        .refractory = v->refractory,
    };
    f.charge = (float)((double)v->f_ch * (double)v->gain_syn * Iscale);
    f.least = (float)((double)v->f_ch * (double)v->Io);
    f.adapt = (float)((double)v->fa_ch * (double)v->gain_ahp * (double)v->Iw_ahp);
    f.euler = (float)(dt / (double)v->charge_mem);
    f.exponent = (float)((double)v->kp * (double)v->u / (double)v->Ut / log(2));
    return f;
}

static void fold_columns(struct lane_room *room, struct hand_code *k, double dt, size_t lanes)
{
    struct { /* the same, to be filled in */
#define X(name) float *name;
        HAND_FOLDED(X)
#undef X
    } to;
#define X(name) k->folded_column.name = to.name = lane_array(room, lanes);
    HAND_FOLDED(X)
#undef X
    for (size_t i = 0; i < lanes; i++) {
        struct hand_values v;
#define X(name) v.name = k->column.name[i];
        HAND_VALUES(X)
#undef X
        struct hand_folded_values f = fold(&v, k->Iscale, dt);
#define X(name) to.name[i] = f.name;
        HAND_FOLDED(X)
#undef X
    }
}

struct hand_code *hand_code(struct arena *a, const struct model *m, const struct column *param,
                            const struct column *let, float dt, uint32_t n, size_t lanes)
{
    const struct source s = {m, param, let};
    const struct column *c = find(&s, "Iscale");
    if (!is_known(m) || !c)
        return NULL;
    struct hand_code *k = ARENA_NEW(a, struct hand_code);
    struct lane_room room = {.arena = a};
    k->Iscale = c->v[0];
#define X(name)                                                                                    \
    c = find(&s, #name);                                                                           \
    if (!c)                                                                                        \
        return NULL;                                                                               \
    k->value.name = c->v[0];                                                                       \
    k->column.name = hand_spread(&room, c, n, lanes);
    HAND_VALUES(X)
#undef X
    k->folded = fold(&k->value, (double)k->Iscale, (double)dt);
    fold_columns(&room, k, (double)dt, lanes);
    return k;
}
