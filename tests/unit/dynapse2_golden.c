#include "tests/unit/dynapse2_golden.h"

#include "runtime/base/npy.h"
#include "tests/unit/unit.h"

const char *const golden_currents[GOLDEN_CURRENTS] = {
    "Idc",  "If_nmda", "Igain_ahp", "Igain_mem", "Igain_syn", "Ipulse_ahp", "Ipulse",
    "Iref", "Ispkthr", "Itau_ahp",  "Itau_mem",  "Itau_syn",  "Iw_ahp",
};
const char *const golden_layouts[GOLDEN_LAYOUTS] = {
    "C_ahp", "C_syn",   "C_pulse_ahp", "C_pulse", "C_ref", "C_mem",
    "Io",    "kappa_n", "kappa_p",     "Ut",      "Vth",
};
/* A unicode array in the files, which npy.c doesn't read; Rockpool's order is alphabetic. */
const char *const golden_biases[GOLDEN_BIASES] = {
    "DEAM_EGAIN_P", "DEAM_ETAU_P",  "DEGA_IGAIN_P", "DEGA_ITAU_P", "DENM_EGAIN_P", "DENM_ETAU_P",
    "DENM_NMREV_N", "DESC_IGAIN_P", "DESC_ITAU_P",  "SOAD_GAIN_P", "SOAD_PWTAU_N", "SOAD_TAU_P",
    "SOAD_W_N",     "SOIF_DC_P",    "SOIF_GAIN_N",  "SOIF_LEAK_N", "SOIF_REFR_N",  "SOIF_SPKTHR_P",
    "SYAM_W0_P",    "SYAM_W1_P",    "SYAM_W2_P",    "SYAM_W3_P",   "SYPD_EXT_N",
};

struct golden_array golden_load(const struct golden *g, const char *member)
{
    struct diags d = {0};
    struct npy x;
    struct golden_array out = {0};
    if (npy_load(g->a, g->path, member, &x, &d, E0501, (struct span){0})) {
        out.rows = x.rank ? x.extent[0] : 1;
        out.columns = out.rows ? x.count / out.rows : 0;
        out.v = ARENA_ARRAY(g->a, double, x.count);
        npy_to_f64(&x, out.v);
    }
    diags_free(&d);
    return out;
}

/* Unless all are what the model says anyway: that would be printed, but isn't kept in an image. */
static void set(struct golden *g, const char *param)
{
    struct golden_array v = golden_load(g, arena_printf(g->a, "p_%s", param));
    uint32_t p = (uint32_t)model_find_param(g->t.dpi, param);
    const struct net_column *c = &g->t.n->layer.data[0].param[p];
    bool other = false;
    assert_int_equal(v.rows, g->n);
    for (uint32_t i = 0; i < g->n; i++)
        other = other || (float)v.v[i] != c->v[c->uniform ? 0 : i];
    if (other)
        net_layer_set(g->t.n, 0, p, v.v, false);
}

void golden_start(struct golden *g, const char *name, const char *prefix)
{
    *g = (struct golden){0};
    d2_test_init(&g->t);
    g->a = &g->t.text.arena;
    g->path = arena_printf(g->a, "tests/golden/dynapse2/%s.npz", name);
    g->w_in = golden_load(g, arena_printf(g->a, "%sin", prefix));
    g->w_rec = golden_load(g, arena_printf(g->a, "%srec", prefix));
    g->n_in = (uint32_t)g->w_in.rows;
    g->n = (uint32_t)(g->n_in ? g->w_in.columns : g->w_rec.columns);
    assert_true(g->n > 0);
    g->t.n->dt = golden_load(g, "dt").v[0];
    if (g->n_in)
        d2_test_input(&g->t, "in", g->n_in);
    net_add_layer(g->t.n, "out", (struct net_shape){1, {g->n}}, g->t.dpi, (struct span){0});
    net_layer_defaults(g->t.n, 0);
    for (size_t i = 0; i < GOLDEN_LAYOUTS; i++)
        set(g, golden_layouts[i]);
    net_layer_defaults(g->t.n, 0); /* currents follow from layouts */
    for (size_t i = 0; i < GOLDEN_CURRENTS; i++)
        set(g, golden_currents[i]);
    net_layer_defaults(g->t.n, 0);
}

void golden_connect(struct golden *g)
{
    if (g->n_in)
        d2_test_connect(&g->t, true, 0, 0, g->w_in.v);
    if (g->w_rec.rows)
        d2_test_connect(&g->t, false, 0, 0, g->w_rec.v);
}

void golden_place(struct golden *g)
{
    struct golden_array core = golden_load(g, "spec_core_map");
    assert_int_equal(core.rows, g->n);
    for (uint32_t i = 0; i < g->n; i++)
        VEC_PUSH(g->a, &d2_test_board(&g->t)->place,
                 ((struct board_place){.first = i, .count = 1, .core = (uint32_t)core.v[i]}));
}

void golden_bases(struct golden *g)
{
    struct golden_array coarse = golden_load(g, "cfg_coarse"), fine = golden_load(g, "cfg_fine");
    for (uint32_t i = 0; i < coarse.rows; i++) {
        struct board_core *c = board_core(g->a, d2_test_board(&g->t), 0, i);
        for (uint32_t k = 0; k < GOLDEN_BIASES; k++) {
            if (strncmp(golden_biases[k], "SYAM_W", 6) == 0)
                board_set_bias(g->a, c, golden_biases[k], (uint8_t)golden_at(&coarse, i, k),
                               (uint8_t)golden_at(&fine, i, k), (struct span){0});
        }
    }
}

/* Every weight of the matrix, and none but those. */
static void compare_weights(const struct plan *p, bool from_input, const struct golden_array *w)
{
    double *found = calloc(w->rows * w->columns + 1, sizeof *found);
    uint64_t synapses = 0, wanted = 0;
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        for (uint32_t pre = 0; j->from_input == from_input && pre < j->n_pre; pre++) {
            for (uint64_t s = j->row[pre]; s < j->row[pre + 1]; s++) {
                found[pre * w->columns + j->post[s]] = (double)j->weight[s];
                synapses++;
            }
        }
    }
    for (uint64_t i = 0; i < w->rows * w->columns; i++) {
        wanted += w->v[i] != 0;
        if (found[i] != w->v[i])
            fail_msg("weight %u: %.9g, Rockpool has %.9g", (unsigned)i, found[i], w->v[i]);
    }
    assert_int_equal(synapses, wanted);
    free(found);
}

static void compare_currents(const struct golden *g, const struct plan *p)
{
    for (uint32_t k = 0; k < GOLDEN_CURRENTS; k++) {
        struct golden_array v = golden_load(g, arena_printf(g->a, "dq_p_%s", golden_currents[k]));
        const struct column *c =
            &p->group.data[0].param[model_find_param(g->t.dpi, golden_currents[k])];
        assert_int_equal(v.rows, g->n);
        for (uint32_t e = 0; e < g->n; e++)
            assert_true(c->v[c->uniform ? 0 : e] == (float)v.v[e]);
    }
}

void golden_compare(const struct golden *g, const struct plan *p)
{
    compare_weights(p, true, &g->w_in);
    compare_weights(p, false, &g->w_rec);
    compare_currents(g, p);
}
