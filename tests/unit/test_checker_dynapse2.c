/* The checker of DYNAP-SE2 configurations sees what is wrong: one number of a good one changed, the
 * others as they were. */
#include "tests/unit/unit.h"

#include "runtime/base/rng.h"
#include "targets/dynapse2/config.h"
#include "tests/checker_dynapse2.h"
#include "tests/unit/mapped_text.h"

enum { NETWORKS = 25 };

struct patient {
    struct mapped_text m;
    struct d2_config c;
    uint64_t seed, at;
};

static uint32_t below(struct patient *p, uint32_t n)
{
    return (uint32_t)(rng_uniform(p->seed, p->at++) * n);
}

/* One of the lowest bits. */
static void flip16(struct patient *p, uint16_t *x, uint32_t bits)
{
    *x = (uint16_t)(*x ^ 1u << below(p, bits));
}

static struct d2_core *core_of(struct patient *p, uint32_t least_neurons)
{
    for (uint32_t i = 0; i < 100; i++) {
        struct d2_core *c = &p->c.core[below(p, p->c.n_cores)];
        if (c->n_neurons >= least_neurons)
            return c;
    }
    return NULL;
}

/* One of the network's, with entries where they are asked for; NULL: none was found. */
static struct d2_neuron *neuron_of(struct patient *p, uint32_t cam, uint32_t sram)
{
    for (uint32_t i = 0; i < 200; i++) {
        struct d2_core *c = core_of(p, 1);
        struct d2_neuron *x = c ? &c->neuron[below(p, c->n_neurons)] : NULL;
        if (x && x->group >= 0 && x->n_cam >= cam && x->n_sram >= sram)
            return x;
    }
    return NULL;
}

static bool is_host(const struct d2_sram *s)
{
    return s->to.x_hop == -7 && s->to.y_hop == -7;
}

/* An entry for another neuron, or for the host. */
static struct d2_sram *sram_of(struct patient *p, bool host)
{
    for (uint32_t i = 0; i < 200; i++) {
        struct d2_neuron *x = neuron_of(p, 0, 1);
        struct d2_sram *s = x ? &x->sram[below(p, x->n_sram)] : NULL;
        if (s && is_host(s) == host)
            return s;
    }
    return NULL;
}

static struct d2_channel *channel_of(struct patient *p)
{
    for (uint32_t i = 0; i < 200 && p->c.n_inputs > 0; i++) {
        struct d2_input *in = &p->c.input[below(p, p->c.n_inputs)];
        struct d2_channel *x = &in->channel[below(p, in->n)];
        if (x->n > 0)
            return x;
    }
    return NULL;
}

/* ---- damage; false: there is nothing of the kind ---- */

static bool cam_tag(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 1, 0);
    if (x)
        flip16(p, &x->cam[below(p, x->n_cam)].tag, 11);
    return x != NULL;
}

static bool cam_gone(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 1, 0);
    if (x)
        x->n_cam--;
    return x != NULL;
}

static bool cam_slot(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 2, 0);
    if (x)
        x->cam[1].slot = x->cam[0].slot;
    return x != NULL;
}

static bool cam_dendrite(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 1, 0);
    if (x) {
        struct d2_cam *m = &x->cam[below(p, x->n_cam)];
        m->dendrite = (uint8_t)((m->dendrite + 1 + below(p, 4)) % D2_N_DENDRITES);
    }
    return x != NULL;
}

static bool cam_more(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 0, 0);
    if (!x || x->n_cam == D2_CAM)
        return false;
    struct d2_cam *all = ARENA_ARRAY(&p->m.arena, struct d2_cam, x->n_cam + 1);
    memcpy(all, x->cam, x->n_cam * sizeof *all);
    uint64_t used = 0;
    for (uint32_t i = 0; i < x->n_cam; i++)
        used |= (uint64_t)1 << x->cam[i].slot;
    uint8_t slot = 0;
    while (used >> slot & 1)
        slot++;
    all[x->n_cam++] = (struct d2_cam){(uint16_t)(1500 + below(p, 500)), slot, 1, D2_AMPA};
    x->cam = all;
    return true;
}

static bool sram_tag(struct patient *p)
{
    struct d2_sram *s = sram_of(p, false);
    if (s)
        flip16(p, &s->to.tag, 11);
    return s != NULL;
}

static bool sram_cores(struct patient *p)
{
    struct d2_sram *s = sram_of(p, false);
    if (s)
        s->to.cores = (uint8_t)(s->to.cores ^ 1u << below(p, 4));
    return s != NULL;
}

static bool sram_hop(struct patient *p)
{
    struct d2_sram *s = sram_of(p, false);
    if (s && below(p, 2))
        s->to.x_hop = (int8_t)(s->to.x_hop + (s->to.x_hop < 7 ? 1 : -1));
    else if (s)
        s->to.y_hop = (int8_t)(s->to.y_hop + (s->to.y_hop > -7 ? -1 : 1));
    return s != NULL;
}

static bool sram_range(struct patient *p)
{
    struct d2_sram *s = sram_of(p, false);
    if (s)
        s->to.x_hop = 8;
    return s != NULL;
}

static bool host_tag(struct patient *p)
{
    struct d2_sram *s = sram_of(p, true), *other = sram_of(p, true);
    if (!s)
        return false;
    if (!other || s == other || below(p, 2))
        s->to.tag = D2_CONTROL_TAG;
    else
        s->to.tag = other->to.tag; /* told apart by the column alone, perhaps */
    return s->to.tag == D2_CONTROL_TAG || p->c.grid.columns == 1;
}

static bool channel_tag(struct patient *p)
{
    struct d2_channel *x = channel_of(p);
    if (x)
        flip16(p, &x->to[below(p, x->n)].tag, 11);
    return x != NULL;
}

static bool channel_gone(struct patient *p)
{
    struct d2_channel *x = channel_of(p);
    if (x)
        x->n--;
    return x != NULL;
}

static bool bias(struct patient *p)
{
    const int leak = d2_find_param("SOIF_LEAK_N");
    struct d2_core *c = core_of(p, 1);
    if (!c || !c->given[leak])
        return false;
    c->code[leak].coarse = (uint8_t)((c->code[leak].coarse + 2) % 6);
    return true;
}

static bool bias_gone(struct patient *p)
{
    const int leak = d2_find_param("SOIF_LEAK_N");
    struct d2_core *c = core_of(p, 1);
    if (!c || !c->given[leak])
        return false;
    c->given[leak] = false;
    return true;
}

static bool latch(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 0, 0);
    if (x)
        flip16(p, &x->latches, D2_N_LATCHES);
    return x != NULL;
}

static bool same_index(struct patient *p)
{
    struct d2_core *c = core_of(p, 2);
    if (c)
        c->neuron[1].index = c->neuron[0].index;
    return c != NULL;
}

static bool neuron_gone(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 0, 0);
    if (x)
        x->group = -1;
    return x != NULL;
}

static bool neuron_twice(struct patient *p)
{
    struct d2_neuron *x = neuron_of(p, 0, 0), *y = neuron_of(p, 0, 0);
    if (!x || !y || x == y)
        return false;
    x->group = y->group;
    x->element = y->element;
    return true;
}

static bool gain(struct patient *p)
{
    p->c.gain *= 1.5;
    return true;
}

static const struct damage {
    const char *name;
    bool (*make)(struct patient *p);
} damages[] = {
    {"tag of a CAM entry", cam_tag},
    {"a CAM entry is gone", cam_gone},
    {"a slot twice", cam_slot},
    {"another dendrite", cam_dendrite},
    {"a CAM entry more", cam_more},
    {"tag of a destination", sram_tag},
    {"cores of a destination", sram_cores},
    {"hop of a destination", sram_hop},
    {"hop out of range", sram_range},
    {"tag for the host", host_tag},
    {"tag of a channel", channel_tag},
    {"destination of a channel is gone", channel_gone},
    {"another current", bias},
    {"no current", bias_gone},
    {"a latch", latch},
    {"an index twice", same_index},
    {"a neuron is gone", neuron_gone},
    {"a neuron twice", neuron_twice},
    {"another gain", gain},
};
enum { N_DAMAGES = sizeof damages / sizeof *damages };

/* ---- good networks, damaged ---- */

static bool start(struct patient *p, uint64_t seed)
{
    static const struct random_kind kind = {"damaged", 4, 20, 30, 50, 30, 40, 0, 100, 50, 0};
    struct random_network r;
    random_network(&kind, seed, &r);
    *p = (struct patient){.seed = seed};
    const struct target_options o = {0};
    bool ok = mapped_text_map(&p->m, r.source.data, &r, &o);
    if (ok)
        mapped_text_encode(&p->m);
    random_network_free(&r);
    return ok;
}

static uint32_t broken(struct patient *p, struct buf *out)
{
    struct checker_counts counts;
    return checker_dynapse2(p->m.asked, &p->c, out, &counts);
}

static void sees_every_damage(void **state)
{
    (void)state;
    uint32_t made[N_DAMAGES] = {0};
    for (uint64_t seed = 1; seed <= NETWORKS; seed++) {
        struct patient p;
        if (!start(&p, seed)) {
            mapped_text_free(&p.m);
            continue;
        }
        for (uint32_t i = 0; i < N_DAMAGES; i++) {
            struct image im;
            struct buf out = {0};
            mapped_text_open(&p.m, &im);
            assert_true(d2_config_read(&p.m.arena, &im, &p.c, &p.m.diags));
            if (broken(&p, &out) != 0)
                fail_msg("seed %d: %s", (int)seed, out.data);
            if (damages[i].make(&p)) {
                made[i]++;
                if (broken(&p, &out) == 0)
                    fail_msg("seed %d: not seen: %s", (int)seed, damages[i].name);
            }
            buf_free(&out);
        }
        mapped_text_free(&p.m);
    }
    for (uint32_t i = 0; i < N_DAMAGES; i++) {
        if (made[i] < 3)
            fail_msg("%s: made %u times", damages[i].name, made[i]);
    }
}

/* ---- no room ---- */

static void says_why_not(void **state)
{
    (void)state;
#define NET(layer, rest, board)                                                                    \
    "use dynapse2; network n { dt = 1 ms; input in[70]; " layer rest " }"                          \
    "board dynapse2 { grid = [1, 1]; " board " }"
    static const char *const cases[][2] = {
        {NET("layer a[1025]: dpi;", "", ""), "neurons: 1025 to be placed, room for 1024"},
        {NET("layer a[300]: dpi;", "", "place a[0:300] on chip 0 core 1;"),
         "neurons: 300 by hand on chip 0 core 1"},
        {NET("layer a[2]: dpi;", "in -> a: all_to_all(1);", ""), NULL}, /* they share one tag */
        {NET("layer a[72]: dpi;", "in -> a[0:2]: all_to_all(1); in -> a[2:72]: one_to_one(1);", ""),
         "CAM: neuron 0 hears 70 sources"},
        {NET("layer a[1024]: dpi;", "in -> a[0:70]: one_to_one(1);", ""), NULL},
    };
#undef NET
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mapped_text m;
        struct buf why = {0};
        const struct target_options o = {0};
        bool fits = mapped_text_map(&m, cases[i][0], NULL, &o);
        assert_non_null(m.asked);
        if (fits != (cases[i][1] == NULL))
            fail_msg("%s: %s", cases[i][0], fits ? "fits" : m.diags.list.data[0]->message);
        assert_int_equal(checker_no_room(m.asked, m.net, &why), !fits);
        if (!fits)
            assert_string_equal(why.data, cases[i][1]);
        buf_free(&why);
        mapped_text_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_every_damage),
        cmocka_unit_test(says_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
