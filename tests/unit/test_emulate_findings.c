/* What the virtual chip of DYNAP-SE2 notices: boards by hand that do each wrong thing. */
#include "tests/unit/unit.h"

#include "targets/dynapse2/emulate.h"
#include "tests/unit/config_sections.h"
#include "tests/unit/make_plan.h"
#include "tests/unit/run_fixture.h"

/* ---- boards ---- */

static void add_cam(struct d2_neuron *x, uint8_t slot, uint16_t tag, uint8_t mask)
{
    x->cam[x->n_cam++] = (struct d2_cam){tag, slot, mask, D2_AMPA};
}

static void add_sram(struct d2_neuron *x, uint8_t slot, uint16_t tag, int x_hop, int y_hop)
{
    x->sram[x->n_sram++] = (struct d2_sram){slot, {tag, 1, (int8_t)x_hop, (int8_t)y_hop}};
}

/* Core 0 of a chip, with neurons 0, 3, 6, ... of these groups and elements. */
static struct d2_neuron *add_core(struct arena *a, struct d2_config *c, uint8_t chip, uint32_t n,
                                  const int32_t *group, const uint32_t *element)
{
    struct d2_core *k = &c->core[c->n_cores++];
    *k = (struct d2_core){.chip = chip, .n_neurons = n};
    k->given[D2_BASE_PARAM] = true;
    k->code[D2_BASE_PARAM] = (struct d2_code){4, 60}; /* a weight of 1.5 */
    k->neuron = ARENA_ARRAY(a, struct d2_neuron, n);
    for (uint32_t j = 0; j < n; j++) {
        k->neuron[j] = (struct d2_neuron){
            .index = (uint16_t)(3 * j), .group = group[j], .element = element[j]};
        k->neuron[j].cam = ARENA_ARRAY(a, struct d2_cam, D2_CAM);
        k->neuron[j].sram = ARENA_ARRAY(a, struct d2_sram, D2_SRAM);
    }
    return k->neuron;
}

/* A configuration for the groups of the plan, each with one receptor, and no core. */
static struct d2_config make_config(struct arena *a, const struct plan *p, struct d2_grid grid)
{
    struct d2_config c = {.grid = grid, .gain = 1, .n_groups = p->group.n};
    c.group = ARENA_ARRAY(a, struct d2_group, c.n_groups);
    for (uint32_t g = 0; g < c.n_groups; g++) {
        struct d2_receptor *r = ARENA_NEW(a, struct d2_receptor);
        *r = (struct d2_receptor){.n = 1, .dendrite = {D2_AMPA}, .n_scale = 1};
        r->scale = ARENA_NEW(a, double);
        *r->scale = 1e-8;
        c.group[g] = (struct d2_group){.n_receptors = 1, .receptor = r};
    }
    c.core = ARENA_ARRAY(a, struct d2_core, d2_grid_chips(grid));
    return c;
}

static void emulate(struct run_fixture *f, const struct d2_config *c, struct findings *found)
{
    struct image im;
    assert_true(config_sections(&f->a, c, &im));
    *found = (struct findings){.arena = &f->a};
    assert_true(d2_emulate(&f->a, &im, f->p, found, &f->d));
}

/* ---- each wrong thing ---- */

/* Input in[2], layers a[2] and b[1] with connections in -> a and a -> b, on two chips. */
static void make_faulty(struct run_fixture *f, struct d2_config *c)
{
    static const uint8_t raster[8] = {2, 0, 0, 1, 0, 0, 1, 1};
    const uint64_t extent[] = {4, 2};
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 1));
    make_input(&f->a, f->p, "in", 2);
    make_group(&f->a, f->p, "a", 2, 0, 0);
    make_group(&f->a, f->p, "b", 1, 0, 0);
    const struct plan_projection to_a = {.from_input = true, .pool = {1, 1}, .n_pre = 2},
                                 to_b = {.dst = 1, .delay = 1, .pool = {1, 1}, .n_pre = 2};
    VEC_PUSH(&f->a, &f->p->projection, to_a);
    VEC_PUSH(&f->a, &f->p->projection, to_b);
    VEC_PUSH(&f->a, &f->p->output, 0);
    VEC_PUSH(&f->a, &f->p->output, 1);
    f->s = (struct stimulus){.name = "s", .steps = 4, .trials = 1, .n_inputs = 1};
    f->s.source = ARENA_NEW(&f->a, struct stimulus_source);
    assert_true(stimulus_raster(&f->a, f->s.source, (struct stimulus_counts){.u8 = raster}, 2,
                                extent, 2, &f->d, "s", (struct span){0}));

    *c = make_config(&f->a, f->p, (struct d2_grid){2, 1});
    struct d2_neuron *a =
        add_core(&f->a, c, 0, 3, (const int32_t[]){0, 0, -1}, (const uint32_t[]){0, 1, 0});
    struct d2_neuron *b = add_core(&f->a, c, 1, 1, (const int32_t[]){1}, (const uint32_t[]){0});
    static struct d2_destination first[] = {{1, 1, 0, 0}, {9, 3, 0, 0}}, second[] = {{5, 1, 1, 0}};
    c->n_inputs = 1;
    c->input = ARENA_NEW(&f->a, struct d2_input);
    *c->input = (struct d2_input){2, ARENA_ARRAY(&f->a, struct d2_channel, 2)};
    c->input->channel[0] = (struct d2_channel){2, first};
    c->input->channel[1] = (struct d2_channel){1, second};
    add_cam(&a[0], 0, 1, 1);
    add_cam(&a[0], 4, 33, 1);
    add_cam(&a[0], 7, 1, 0);
    add_cam(&a[0], 8, 6, 1);
    add_cam(&a[1], 2, 1, 0);
    add_cam(&b[0], 0, 5, 1);
    add_sram(&a[0], 0, 0, -7, -7);
    add_sram(&a[0], 1, 5, 1, 0);
    add_sram(&a[0], 2, 5, 2, 0);
    add_sram(&a[0], 3, 0, -7, -7);
    add_sram(&a[1], 0, 0, -7, -7);
    add_sram(&a[1], 3, D2_CONTROL_TAG, -7, -7);
    add_sram(&a[2], 1, 6, 0, 0);
}

static void tells_what_is_wrong(void **state)
{
    static const char *const want[] = {
        "`a[0]` SRAM entry 2: hops [2, 0] from chip 0 lead off the board: 4 events",
        "`in[0]` destination 1: tag 9 matches no CAM entry on chip 0 core 0: 3 events",
        "`in[0]` destination 1: chip 0 core 1 has no neurons: 3 events",
        "`in[1]` destination 0 drives `b[0]`, to which the network doesn't connect it: tag 5 on "
        "chip 1 core 0 is also that of `a[0]`: 2 events",
        "`a[0]` CAM entry 4: nothing sends tag 33 to chip 0 core 0; 1 more is unused",
        "`a[1]` CAM entry 2 drives no dendrite",
        "neuron 6 of chip 0 core 0 is of no layer and never fires here, but 1 CAM entry hears it "
        "(tag 6 on chip 0 core 0)",
        "`a[0]` SRAM entry 3: the host gets each of its events again: 4 events",
        "`a[1]` SRAM entry 0: the host can't tell its events from those of `a[0]`: 4 events",
        "`a[1]` SRAM entry 3: the host takes tag 2047 for a time stamp: no events in this run",
        "`b[0]` is an output, but the host gets no events: 7 events",
    };
    enum { WANT = sizeof want / sizeof *want };
    struct run_fixture *f = *state;
    struct d2_config c;
    struct findings found;
    struct run_result run;
    make_faulty(f, &c);
    emulate(f, &c, &found);
    assert_string_equal(
        found.note, "virtual chip: 3 synapses through 4 CAM entries; tags of several sources: 1");
    assert_true(run_plan(&f->a, f->p, &f->o, &run, &f->d));
    findings_tell(&found, f->p, &f->s, &run, false, &f->d);
    for (uint32_t i = 0; i < WANT && i < f->d.list.n; i++)
        assert_string_equal(f->d.list.data[i]->message, want[i]);
    assert_int_equal(f->d.list.n, WANT);
}

/* ---- neurons of no layer ---- */

/* They never fire here, but what would become of their events on a board is told, without counting
 * any. */
static void neurons_of_no_layer(void **state)
{
    static const struct {
        enum diag_code code;
        const char *text;
    } want[] = {
        {W0751,
         "neuron 3 of chip 0 core 0 (of no layer) SRAM entry 0: hops [0, 3] from chip 0 lead "
         "off the board"},
        {W0752, "neuron 3 of chip 0 core 0 (of no layer) SRAM entry 1: tag 9 matches no CAM entry "
                "on chip 0 core 0"},
        {W0754, "neuron 3 of chip 0 core 0 (of no layer) CAM entry 5: nothing sends tag 33 to chip "
                "0 core 0; 1 more is unused"},
        {W0755, "neuron 3 of chip 0 core 0 is of no layer and never fires here, but 1 CAM entry "
                "hears it (tag 7 on chip 0 core 0)"},
        {W0755, "neuron 0 of chip 0 core 0 is of no layer and never fires here, but the host would "
                "take its events for those of `n[0]` (SRAM entry 2, tag 77)"},
        {W0755, "neuron 0 of chip 0 core 0 is of no layer and never fires here, but the host would "
                "take its events for time stamps (SRAM entry 3, tag 2047)"},
    };
    enum { WANT = sizeof want / sizeof *want };
    struct run_fixture *f = *state;
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 1));
    make_group(&f->a, f->p, "n", 1, 0, 0);
    VEC_PUSH(&f->a, &f->p->output, 0);
    struct d2_config c = make_config(&f->a, f->p, (struct d2_grid){1, 1});
    struct d2_neuron *x =
        add_core(&f->a, &c, 0, 3, (const int32_t[]){-1, -1, 0}, (const uint32_t[]){0, 0, 0});
    add_sram(&x[0], 0, 78, -7, -7); /* a tag of its own */
    add_sram(&x[0], 2, 77, -7, -7);
    add_sram(&x[0], 3, D2_CONTROL_TAG, -7, -7);
    add_sram(&x[1], 0, 7, 0, 3);
    add_sram(&x[1], 1, 9, 0, 0);
    add_sram(&x[1], 2, 7, 0, 0);
    add_cam(&x[1], 1, 7, 1);
    add_cam(&x[1], 5, 33, 1);
    add_cam(&x[1], 6, 7, 0);
    add_cam(&x[2], 0, 7, 1);
    add_sram(&x[2], 0, 77, -7, -7);
    struct findings found;
    emulate(f, &c, &found);
    assert_int_equal(found.list.n, WANT);
    for (uint32_t i = 0; i < WANT; i++) {
        bool told = false;
        for (uint32_t k = 0; k < WANT; k++) {
            const struct finding *x_k = &found.list.data[k];
            told = told || (x_k->code == want[i].code && strcmp(x_k->text, want[i].text) == 0 &&
                            x_k->n_sources == 0);
        }
        if (!told)
            print_error("not told: %s\n", want[i].text);
        assert_true(told);
    }
}

/* ---- the host ---- */

/* It sees tag and column: not the row, and nothing from beyond column 6. */
static void host_sees_the_column(void **state)
{
    /* of a grid of 8 x 2: at (0, 0), (6, 0), (7, 0), (6, 1) */
    static const uint8_t chip[] = {0, 6, 7, 14};
    static const char *const want[] = {
        "`n[2]` SRAM entry 0: hops [-7, -7] from chip 7 don't reach the host",
        "`n[3]` SRAM entry 0: the host can't tell its events from those of `n[1]`",
        "`n[2]` is an output, but the host gets no events",
    };
    struct run_fixture *f = *state;
    VEC_PUSH(&f->a, &f->p->kernel, make_counter(&f->a, 1));
    make_group(&f->a, f->p, "n", 4, 0, 0);
    VEC_PUSH(&f->a, &f->p->output, 0);
    struct d2_config c = make_config(&f->a, f->p, (struct d2_grid){8, 2});
    for (uint32_t i = 0; i < 4; i++)
        add_sram(add_core(&f->a, &c, chip[i], 1, (const int32_t[]){0}, &i), 0, 77, -7, -7);
    struct findings found;
    emulate(f, &c, &found);
    assert_int_equal(found.list.n, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_string_equal(found.list.data[i].text, want[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN_TEST(tells_what_is_wrong),
        RUN_TEST(neurons_of_no_layer),
        RUN_TEST(host_sees_the_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
