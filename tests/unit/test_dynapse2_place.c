/* Placement of whole networks over boards of several chips: what must be legal is, limits hold,
 * what can't be is told. */
#include "tests/unit/unit.h"

#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include "tests/unit/mapper_net.h"

static struct board *grid(struct d2_test *t, uint32_t columns, uint32_t rows)
{
    struct board *b = d2_test_board(t);
    b->columns = columns;
    b->rows = rows;
    return b;
}

static bool place(struct d2_test *t, uint64_t seed, double effort)
{
    const struct target_options o = {.seed = seed, .effort = effort};
    const struct target_pass *pass = target_compiler_find("dynapse2")->pass;
    net_default_outputs(t->n);
    while (strcmp(pass->name, "place") != 0)
        pass++;
    return pass->run(t->n, &o, &t->report, &t->text.diags);
}

static void passes(struct d2_test *t, const char *last)
{
    bool ok = d2_test_passes(t, last);
    if (!ok)
        d2_test_show(t);
    assert_true(ok);
}

/* 4096 neurons with 64 random synapses each, all from their own quarter, in random order: a chip
 * for each quarter. Whether SRAM, tags and CAM suffice is the route's to say. */
static void quarters_are_found(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    const struct mapper_net spec = {
        .n = 4096, .synapses = 64, .community = 1024, .shuffled = true, .seed = 5};
    grid(&t, 3, 2);
    uint32_t exc = mapper_net(&t, &spec);
    passes(&t, "place");
    uint32_t chips[4][6] = {{0}}, moved = 0;
    for (uint32_t i = 0; i < 4096; i++) {
        struct board_core *c;
        d2_test_find(&t, exc, i, &c);
        chips[mapper_community(&spec, i)][c->chip]++;
    }
    for (uint32_t q = 0; q < 4; q++) {
        uint32_t most = 0;
        for (uint32_t k = 0; k < 6; k++)
            most = chips[q][k] > most ? chips[q][k] : most;
        moved += 1024 - most;
    }
    assert_true(moved <= 16); /* the four of `out` need places too */
    d2_test_free(&t);
}

/* The same from 2048 channels: every core hears all of them. */
static void many_channels(void **state)
{
    (void)state;
    for (uint32_t channels = 2048; channels <= 2348; channels += 300) {
        struct d2_test t;
        d2_test_init(&t);
        const struct mapper_net spec = {.n = 3840, .synapses = 64, .channels = channels};
        grid(&t, 4, 1);
        uint32_t exc = mapper_net(&t, &spec);
        bool ok = place(&t, 0, 0);
        assert_int_equal(ok, channels == 2048);
        if (ok)
            assert_int_equal(t.n->layer.data[exc].n, 3840);
        else
            assert_true(d2_test_said(&t, E0601, "cores, which have 2048 tags each: "));
        d2_test_free(&t);
    }
}

/* 3000 channels that all neurons hear alike need one tag. */
static void equal_rows_count_once(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 3000), exc = d2_test_layer(&t, "exc", 300, NULL);
    d2_test_connect(&t, true, in, exc, NULL);
    passes(&t, "bias");
    struct board_core *c;
    assert_int_equal(d2_test_find(&t, exc, 299, &c)->cam.n, 1);
    assert_int_equal(t.n->board->core.n, 2);
    d2_test_free(&t);
}

/* A random recurrent network that no board can take: told with the numbers. */
static void what_can_not_be(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    const struct mapper_net spec = {.n = 4000, .synapses = 64};
    mapper_net(&t, &spec);
    assert_false(place(&t, 0, 0));
    assert_true(d2_test_said(&t, E0601, "4004 neurons hear "));
    assert_true(d2_test_said(&t, E0601, "different sources, too many for the board's 16 cores"));
    d2_test_free(&t);
}

/* The same seed and effort give the same board; every effort gives a legal one. */
static void deterministic(void **state)
{
    (void)state;
    struct d2_test t[3];
    for (uint32_t i = 0; i < 3; i++) {
        d2_test_init(&t[i]);
        const struct mapper_net spec = {.n = 1500,
                                        .synapses = 20,
                                        .community = 200,
                                        .noise = 0.05,
                                        .shuffled = true,
                                        .seed = 2};
        grid(&t[i], 2, 2);
        mapper_net(&t[i], &spec);
        assert_true(place(&t[i], 1, i < 2 ? 0.01 : 0.2));
    }
    for (uint32_t l = 0; l < 2; l++) {
        for (uint32_t e = 0; e < t[0].n->layer.data[l].n; e++) {
            struct board_core *c, *d;
            const struct board_neuron *x = d2_test_find(&t[0], l, e, &c);
            const struct board_neuron *y = d2_test_find(&t[1], l, e, &d);
            assert_true(x->index == y->index && c->chip == d->chip && c->core == d->core);
            assert_non_null(d2_test_find(&t[2], l, e, &c));
        }
    }
    for (uint32_t i = 0; i < 3; i++)
        d2_test_free(&t[i]);
}

/* ---- profiles ---- */

static struct d2_profile *profile(struct d2_test *t, uint32_t chip)
{
    struct d2_profile *p = ARENA_NEW(&t->text.arena, struct d2_profile);
    VEC_PUSH(&t->text.arena, &d2_test_board(t)->profile,
             ((struct board_profile){.chip = chip, .content = p}));
    return p;
}

static void dead_neurons_are_left_out(void **state)
{
    (void)state;
    /* 1024 less 6 usable ones of one chip; the second time each core for what it is. */
    for (uint32_t n = 1008; n <= 1019; n++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, 1, 1);
        uint32_t exc = d2_test_layer(&t, "exc", n, NULL);
        struct d2_profile *p = profile(&t, 0);
        p->dead[1][0] = 1 << 5 | 1 << 6 | 1 << 7 | 1;
        p->dead[3][3] = 3;
        bool ok = place(&t, 0, 0);
        assert_int_equal(ok, n <= 1018);
        for (uint32_t e = 0; ok && e < n; e++) {
            struct board_core *c;
            const struct board_neuron *x = d2_test_find(&t, exc, e, &c);
            assert_false(d2_neuron_is_dead(t.n->board, c->chip, c->core, x->index));
        }
        if (!ok)
            assert_true(d2_test_said(&t, E0601, "1019 neurons don't fit"));
        d2_test_free(&t);
    }
}

static void bad_entries_are_skipped(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    grid(&t, 1, 1);
    uint32_t in = d2_test_input(&t, "in", 64), exc = d2_test_layer(&t, "exc", 3, NULL);
    double w[64 * 3] = {0};
    for (uint32_t i = 0; i < 64; i++) { /* exc[0] hears 64, exc[1] 10, exc[2] 60 of them */
        w[i * 3] = 1;
        w[i * 3 + 1] = i < 10;
        w[i * 3 + 2] = i < 60;
    }
    d2_test_connect(&t, true, in, exc, w);
    struct d2_profile *p = profile(&t, 0);
    p->bad_cam[0][0] = (uint64_t)1 << 3 | 1;
    p->bad_cam[0][1] = (uint64_t)0xff << 40;
    p->bad_cam[0][2] = (uint64_t)1 << 63;
    p->bad_cam[0][3] = 1;
    passes(&t, "bias");
    for (uint32_t e = 0; e < 3; e++) {
        struct board_core *c;
        const struct board_neuron *x = d2_test_find(&t, exc, e, &c);
        assert_int_equal(x->cam.n, e == 0 ? 64 : e == 1 ? 10 : 60);
        for (uint32_t i = 0; i < x->cam.n; i++) {
            assert_false(d2_cam_is_bad(t.n->board, 0, c->core, x->index, x->cam.data[i].slot));
            assert_true(i == 0 || x->cam.data[i].slot > x->cam.data[i - 1].slot);
        }
    }
    d2_test_free(&t);

    /* No neuron of the chip has 64. */
    d2_test_init(&t);
    grid(&t, 1, 1);
    in = d2_test_input(&t, "in", 64);
    exc = d2_test_layer(&t, "exc", 1, NULL);
    d2_test_connect(&t, true, in, exc, NULL);
    d2_test_tell_apart(&t, in);
    p = profile(&t, 0);
    for (uint32_t k = 0; k < 4 * 256; k++)
        p->bad_cam[k / 256][k % 256] = 1 << 7;
    assert_false(d2_test_passes(&t, "bias"));
    assert_true(d2_test_said(
        &t, E0601, "connections after merging, by the profile of its chip it has 63 CAM entries"));
    d2_test_free(&t);
}

/* The first n neurons of a core lose their first `lost` CAM entries. */
static void damage(struct d2_profile *p, uint32_t core, uint32_t n, uint32_t lost)
{
    for (uint32_t i = 0; i < n; i++)
        p->bad_cam[core][i] = lost == 64 ? UINT64_MAX : ((uint64_t)1 << lost) - 1;
}

static void check_cam(struct d2_test *t, uint32_t layer, uint32_t n, uint32_t entries)
{
    for (uint32_t e = 0; e < n; e++) {
        struct board_core *c;
        assert_int_equal(d2_test_find(t, layer, e, &c)->cam.n, entries);
    }
}

/* Neurons go to cores with CAM entries enough: one core of a stack is damaged, three of a chip, all
 * but some neurons of a chip. */
static void faulty_cores_are_avoided(void **state)
{
    (void)state;
    for (uint32_t way = 0; way < 3; way++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, way == 0 ? 4 : 1, 1);
        uint32_t in = d2_test_input(&t, "in", 40), few = d2_test_layer(&t, "few", 256, NULL);
        uint32_t many = d2_test_layer(&t, "many", 200, NULL);
        double w[40 * 256] = {0};
        for (uint32_t i = 0; i < 20 * 256; i++)
            w[i] = 1;
        d2_test_connect(&t, true, in, few, w);
        d2_test_connect(&t, true, in, many, NULL);
        struct d2_profile *p = profile(&t, 0);
        for (uint32_t core = 0; core < (way == 0 ? 1 : way == 1 ? 3 : 4); core++)
            damage(p, core, way == 2 ? 200 : 256, 31);
        passes(&t, "bias");
        check_cam(&t, few, 256, 20);
        check_cam(&t, many, 200, 40);
        d2_test_free(&t);
    }
}

/* As many neurons of each need as have so many entries: in any order of either. */
static void every_seat_is_taken(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    grid(&t, 1, 1);
    uint32_t in = d2_test_input(&t, "in", 64), exc = d2_test_layer(&t, "exc", 256, NULL);
    double w[64 * 256] = {0};
    for (uint32_t e = 0; e < 256; e++) { /* e * 37 % 256 runs through all */
        for (uint32_t i = 0; i < 1 + e * 37 % 256 / 4; i++)
            w[i * 256 + e] = 1;
    }
    d2_test_connect(&t, true, in, exc, w);
    struct d2_profile *p = profile(&t, 0);
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t have = 1 + i * 101 % 256 / 4;
        p->bad_cam[2][i] = have == 64 ? 0 : UINT64_MAX << have;
        for (uint32_t core = 0; core < 4; core++)
            p->dead[core][i / 64] |= core == 2 ? 0 : (uint64_t)1 << i % 64;
    }
    passes(&t, "bias");
    struct board_core *c;
    for (uint32_t e = 0; e < 256; e++)
        assert_int_equal(d2_test_find(&t, exc, e, &c)->cam.n, 1 + e * 37 % 256 / 4);
    d2_test_free(&t);
}

/* The same on all cores of a chip, whose neurons with many entries are on all of them. */
static void every_seat_of_a_chip_is_taken(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    grid(&t, 1, 1);
    uint32_t in = d2_test_input(&t, "in", 64), exc = d2_test_layer(&t, "exc", 1024, NULL);
    static double w[64 * 1024];
    for (uint32_t e = 0; e < 1024; e++) { /* e * 37 % 1024 runs through all */
        for (uint32_t i = 0; i < 1 + e * 37 % 1024 / 16; i++)
            w[i * 1024 + e] = 1;
    }
    d2_test_connect(&t, true, in, exc, w);
    struct d2_profile *p = profile(&t, 0);
    for (uint32_t i = 0; i < 1024; i++) {
        uint32_t have = 1 + i * 405 % 1024 / 16;
        p->bad_cam[i / 256][i % 256] = have == 64 ? 0 : UINT64_MAX << have;
    }
    passes(&t, "bias");
    struct board_core *c;
    for (uint32_t e = 0; e < 1024; e++)
        assert_int_equal(d2_test_find(&t, exc, e, &c)->cam.n, 1 + e * 37 % 1024 / 16);
    d2_test_free(&t);
}

/* A neuron by hand where there is too little: what would help is no splitting. */
static void too_few_entries_by_hand(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 40), exc = d2_test_layer(&t, "exc", 1, NULL);
    d2_test_connect(&t, true, in, exc, NULL);
    d2_test_tell_apart(&t, in);
    struct board_core *c = board_core(&t.text.arena, d2_test_board(&t), 0, 1);
    struct board_neuron *x = board_neuron(&t.text.arena, c, 9);
    x->layer = (int32_t)exc;
    x->span = (struct span){1, 0, 1};
    damage(profile(&t, 0), 1, 10, 31);
    assert_false(d2_test_passes(&t, "bias"));
    assert_true(d2_test_said(&t, E0601,
                             "40 incoming connections after merging, by the profile of "
                             "its chip it has 33 CAM entries"));
    for (uint32_t i = 0; i < t.text.diags.list.n; i++) {
        const struct diag *g = t.text.diags.list.data[i];
        if (g->severity == DIAG_ERROR)
            assert_string_equal(g->hint, "drop 7, or place it elsewhere: 4086 neurons of the board "
                                         "have 40 usable entries or more");
    }
    d2_test_free(&t);
}

/* ---- destinations by hand ---- */

static void send(struct d2_test *t, uint32_t input, uint32_t channel, uint8_t cores, int8_t x_hop)
{
    struct board_input *x = VEC_ADD(&t->text.arena, &d2_test_board(t)->input);
    *x =
        (struct board_input){.input = input, .channel = channel, .span = {1, channel, channel + 1}};
    VEC_PUSH(&t->text.arena, &x->to,
             ((struct board_destination){(uint16_t)(9 + channel), cores, x_hop, 0}));
}

/* Neurons go where what they hear is sent by hand; other ones, of other currents too, where they
 * like. */
static void neurons_go_where_events_go(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    uint32_t in = d2_test_input(&t, "in", 3), exc = d2_test_layer(&t, "exc", 5, NULL);
    uint32_t other = d2_test_layer(&t, "other", 2, NULL);
    d2_test_set(&t, other, "Itau_mem", 2e-11);
    /* exc[0] and [1] hear a channel each, exc[2] both, exc[3] and [4] the one that is free. */
    const double w[] = {1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 1, 1}, v[] = {1, 1, 0, 0, 0, 0};
    d2_test_connect(&t, true, in, exc, w);
    d2_test_connect(&t, true, in, other, v);
    send(&t, in, 0, 6, 1);
    send(&t, in, 1, 12, 1);
    passes(&t, "bias");
    struct board_core *c;
    for (uint32_t e = 0; e < 3; e++) {
        d2_test_find(&t, exc, e, &c);
        assert_int_equal(c->chip, 1);
        assert_true((e == 1 ? 12 : e == 0 ? 6 : 4) >> c->core & 1);
    }
    struct board_core *d;
    d2_test_find(&t, other, 0, &d);
    assert_true(d->chip == 1 && d != c && (6 >> d->core & 1));
    assert_false(d2_test_said(&t, W0652, NULL));
    d2_test_free(&t);

    /* No core hears both. */
    d2_test_init(&t);
    in = d2_test_input(&t, "in", 2);
    exc = d2_test_layer(&t, "exc", 1, NULL);
    d2_test_connect(&t, true, in, exc, NULL);
    send(&t, in, 0, 1, 0);
    send(&t, in, 1, 2, 0);
    assert_false(d2_test_passes(&t, "bias"));
    assert_true(d2_test_said(&t, E0406, "doesn't reach chip 0 core 0, where it feeds `exc[0]`"));
    d2_test_free(&t);
}

/* ---- many sets of currents ---- */

/* A neuron that 40 layers of different currents hear: each on a core of its own would be on ten
 * chips. */
static void sram_makes_currents_shared(void **state)
{
    (void)state;
    struct d2_test t;
    d2_test_init(&t);
    grid(&t, 4, 4);
    uint32_t in = d2_test_input(&t, "in", 1), hub = d2_test_layer(&t, "hub", 1, NULL);
    d2_test_connect(&t, true, in, hub, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        char name[] = {'l', (char)('a' + i / 20), (char)('a' + i % 20), 0};
        uint32_t l = d2_test_layer(&t, arena_strdup(&t.text.arena, name), 3, NULL);
        d2_test_set(&t, l, "Itau_mem", 1e-12 * (5 + i));
        d2_test_connect(&t, false, hub, l, NULL);
    }
    passes(&t, "bias");
    assert_true(d2_test_said(&t, W0652, "different currents share chip"));
    struct board_core *c;
    assert_in_range(d2_test_find(&t, hub, 0, &c)->sram.n, 2, 4);
    d2_test_free(&t);
}

/* ---- what can't be ---- */

/* Told by counts, before a board of many chips is searched. */
static void counts_are_told(void **state)
{
    (void)state;
    static const struct {
        uint32_t columns, rows, neurons, fed; /* fed: by an input, or by one neuron */
        bool by_neuron, wanted;
        const char *said; /* NULL: it fits */
    } cases[] = {
        {15, 15, 14000, 0, false, true, NULL},
        {15, 15, 15000, 0, false, true,
         "the spikes of 15000 neurons are wanted: the host can hear 14329, 2047 of each column of "
         "chips from 0 to 6"},
        {10, 10, 66000, 65000, false, false, NULL},
        {10, 10, 66000, 66000, false, false,
         "66000 neurons hear inputs, which reach 65536: those on chips in columns and rows 0 to 7"},
        {4, 4, 5000, 4096, true, false, NULL},
        {4, 4, 5000, 4097, true, false,
         "`hub[0]` is heard by 4097 neurons, those of 5 chips: its SRAM entries reach 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, cases[i].columns, cases[i].rows);
        uint32_t in = d2_test_input(&t, "in", 1), hub = d2_test_layer(&t, "hub", 1, NULL);
        uint32_t l = d2_test_layer(&t, "l", cases[i].neurons, NULL);
        double *w = ARENA_ARRAY(&t.text.arena, double, cases[i].neurons);
        for (uint32_t k = 0; k < cases[i].fed; k++)
            w[k] = 1;
        if (cases[i].fed > 0)
            d2_test_connect(&t, !cases[i].by_neuron, cases[i].by_neuron ? hub : in, l, w);
        VEC_PUSH(&t.text.arena, &t.n->output, cases[i].wanted ? l : hub);
        if (cases[i].by_neuron)
            t.n->output.n = 0;
        t.n->has_output = true;
        bool ok = d2_test_passes(&t, "place");
        if (ok != (cases[i].said == NULL))
            d2_test_show(&t);
        assert_int_equal(ok, cases[i].said == NULL);
        if (!ok)
            assert_true(d2_test_said(&t, E0601, cases[i].said));
        d2_test_free(&t);
    }
}

/* Cores that don't suffice: what was found is told as that, what is sure as sure; and whether it is
 * for the tags or for the currents. */
static void cores_are_told(void **state)
{
    (void)state;
    for (uint32_t way = 0; way < 3; way++) {
        struct d2_test t;
        d2_test_init(&t);
        grid(&t, 1, 1);
        uint32_t n = way == 0 ? 9000 : way == 1 ? 7000 : 6000, m = way == 2 ? 150 : 300;
        uint32_t in = d2_test_input(&t, "in", n), a = d2_test_layer(&t, "a", m, NULL);
        double *w = ARENA_ARRAY(&t.text.arena, double, (size_t)n *m);
        for (uint32_t i = 0; i < n; i++) {
            w[(size_t)i * m + i % m] = 1 + i * 1e-4;
            if (way < 2)
                w[(size_t)i * m + (i * 7 + 1 + i / m) % m] = 1;
        }
        d2_test_connect(&t, true, in, a, w);
        if (way == 2) {
            uint32_t b = d2_test_layer(&t, "b", m, NULL);
            d2_test_set(&t, b, "Idc", 5e-9);
            d2_test_connect(&t, true, in, b, w);
        }
        assert_false(d2_test_passes(&t, "place"));
        static const char *const said[] = {
            "300 neurons hear 9000 different sources: with 2048 tags each that takes 5 cores at "
            "least, the board has 4",
            "300 neurons hear 7000 different sources, too many for the board's 4 cores, which have "
            "2048 tags each: the best way found takes ",
            "300 neurons hear 6000 different sources, too many for the board's 4 cores, which have "
            "2048 tags each: the best way found takes 6",
        };
        if (!d2_test_said(&t, E0601, said[way]))
            d2_test_show(&t);
        assert_true(d2_test_said(&t, E0601, said[way]));
        const char *hint = t.text.diags.list.data[t.text.diags.list.n - 1]->hint;
        assert_int_equal(strstr(hint, "with equal ones they would fit") != NULL, way == 2);
        d2_test_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quarters_are_found),
        cmocka_unit_test(many_channels),
        cmocka_unit_test(equal_rows_count_once),
        cmocka_unit_test(what_can_not_be),
        cmocka_unit_test(deterministic),
        cmocka_unit_test(dead_neurons_are_left_out),
        cmocka_unit_test(bad_entries_are_skipped),
        cmocka_unit_test(faulty_cores_are_avoided),
        cmocka_unit_test(every_seat_is_taken),
        cmocka_unit_test(every_seat_of_a_chip_is_taken),
        cmocka_unit_test(too_few_entries_by_hand),
        cmocka_unit_test(neurons_go_where_events_go),
        cmocka_unit_test(sram_makes_currents_shared),
        cmocka_unit_test(counts_are_told),
        cmocka_unit_test(cores_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
