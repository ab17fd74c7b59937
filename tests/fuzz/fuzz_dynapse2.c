/* The DYNAP-SE2 sections of an image: the length of CONF (2 bytes), CONF, MAPS. They are read,
 * decoded and emulated into plans with an input of 3 channels and a layer of 4 neurons, which must
 * become the same. */
#include "targets/dynapse2/config.h"
#include "targets/dynapse2/decode.h"
#include "targets/dynapse2/emulate.h"
#include "targets/dynapse2/export.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { CHANNELS = 3, NEURONS = 4, PARAMS = 40 };

static void make_plan(struct arena *a, struct plan *p)
{
    *p = (struct plan){.network = "n", .dt = 1e-3, .models = ""};
    struct kernel *k = ARENA_NEW(a, struct kernel);
    static const char *const receptor[] = {"drive"};
    *k = (struct kernel){.model = "m", .n_params = PARAMS, .n_receptors = 1};
    k->receptor = ARENA_ARRAY(a, const char *, 1);
    k->receptor[0] = receptor[0];
    VEC_PUSH(a, &p->kernel, k);
    struct plan_shape channels = {1, {CHANNELS}}, neurons = {1, {NEURONS}};
    VEC_PUSH(a, &p->input, ((struct plan_input){.name = "in", .n = CHANNELS, .shape = channels}));
    struct plan_group *g = VEC_ADD(a, &p->group);
    *g = (struct plan_group){.name = "exc", .n = NEURONS, .shape = neurons};
    g->param = ARENA_ARRAY(a, struct column, PARAMS);
    g->mismatch = ARENA_ARRAY(a, double, PARAMS);
    for (uint32_t i = 0; i < PARAMS; i++)
        g->param[i] = (struct column){ARENA_NEW(a, float), true};
    struct plan_projection in = {.from_input = true, .pool = {1, 1}, .n_pre = CHANNELS};
    VEC_PUSH(a, &p->projection, in);
    VEC_PUSH(a, &p->output, 0);
}

static bool same(const void *x, const void *y, size_t n)
{
    return n == 0 || memcmp(x, y, n) == 0;
}

static bool same_plan(const struct plan *x, const struct plan *y)
{
    bool ok = x->projection.n == y->projection.n;
    for (uint32_t i = 0; ok && i < x->projection.n; i++) {
        const struct plan_projection *p = &x->projection.data[i], *q = &y->projection.data[i];
        ok = p->from_input == q->from_input && p->src == q->src && p->receptor == q->receptor &&
             same(p->row, q->row, (p->n_pre + 1) * sizeof *p->row) &&
             same(p->post, q->post, p->row[p->n_pre] * sizeof *p->post) &&
             same(p->weight, q->weight, p->row[p->n_pre] * sizeof *p->weight);
    }
    for (uint32_t i = 0; ok && i < PARAMS; i++) {
        const struct column *p = &x->group.data[0].param[i], *q = &y->group.data[0].param[i];
        ok =
            p->uniform == q->uniform && same(p->v, q->v, (p->uniform ? 1 : NEURONS) * sizeof *p->v);
    }
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2)
        return 0;
    size_t conf = (size_t)(data[0] | data[1] << 8);
    if (conf > n - 2)
        conf = n - 2;
    struct image im = {
        .target = "dynapse2",
        .n = 2,
        .section = {{"CONF", {data + 2, conf}}, {"MAPS", {data + 2 + conf, n - 2 - conf}}},
    };
    struct arena a = {0};
    struct diags d = {0};
    struct plan p, emulated;
    struct findings found = {.arena = &a};
    make_plan(&a, &p);
    make_plan(&a, &emulated);
    bool ok = d2_decode(&a, &im, &p, &d);
    if (ok != (d.n_errors == 0) || d2_emulate(&a, &im, &emulated, &found, &d) != ok)
        abort();
    if (ok && !same_plan(&p, &emulated))
        abort();
    if (ok) {
        struct buf out = {0};
        struct json j;
        json_init(&j, &out, 0);
        if (!d2_dump_json(&a, &im, &p, &j, &d))
            abort();
        d2_export_samna(&a, &im, &p, NULL, &out, &d);
        buf_free(&out);
    }
    diags_free(&d);
    arena_free(&a);
    return 0;
}
