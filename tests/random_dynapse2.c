#include "tests/random_dynapse2.h"
#include "runtime/base/rng.h"
#include <string.h>

enum { MOST_LAYERS = 8, MOST_INPUTS = 3, CORE = 256, CHIP = 1024, CAM = 64 };

enum model { DPI, TWO_RECEPTORS, EXCITED, N_MODELS };

static const char *const model_name[N_MODELS] = {"dpi", "two", "excited"};

static const char models[] =
    "use dynapse2;\n"
    "neuron two {\n"
    "    param Iscale = 10 nA;\n"
    "    bias Ileak = 5 pA on dynapse2 SOIF_LEAK_N;\n"
    "    bias Idc = 0 on dynapse2 SOIF_DC_P;\n"
    "    bias Itau = 10 pA on dynapse2 DEAM_ETAU_P, DENM_ETAU_P;\n"
    "    receive fast scale Iscale on dynapse2 ampa, gaba;\n"
    "    receive slow scale Iscale on dynapse2 nmda, shunt;\n"
    "    state v = 0 A;\n"
    "    step {\n"
    "        v = 0.9 * v + fast + 0.5 * slow + Idc;\n"
    "        emit if v > 60 nA then 1 else 0;\n"
    "        v = if v > 60 nA then 0 else v;\n"
    "    }\n"
    "}\n"
    "neuron excited {\n"
    "    param Iscale = 5 nA;\n"
    "    bias Ileak = 1 nA on dynapse2 SOIF_LEAK_N;\n"
    "    receive drive scale Iscale on dynapse2 ampa;\n"
    "    state v = 0 A;\n"
    "    step { v = 0.5 * v + drive - Ileak; emit if v > 30 nA then 1 else 0; }\n"
    "}\n";

struct layer {
    uint32_t n, columns; /* columns > 0: two dimensions */
    enum model model;
    uint32_t budget; /* CAM entries that its neurons have left */
    bool placed;     /* part of it, by hand */
    uint32_t kinds;  /* of rows that its neurons have; 0: any */
};

struct draw {
    const struct random_kind *k;
    uint64_t seed, at;
    struct random_network *out;
    struct layer layer[MOST_LAYERS];
    uint32_t input[MOST_INPUTS], input_kinds[MOST_INPUTS];
    uint32_t n_layers, n_inputs, columns, rows; /* columns 0: no grid is given */
    bool bases;                                 /* all of them by hand */
};

static uint32_t below(struct draw *d, uint32_t n)
{
    return (uint32_t)(rng_uniform(d->seed, d->at++) * n);
}

static uint32_t from_to(struct draw *d, uint32_t lo, uint32_t hi)
{
    return lo + below(d, hi - lo + 1);
}

static bool chance(struct draw *d, uint32_t percent)
{
    return below(d, 100) < percent;
}

/* Sizes of all orders are alike. */
static uint32_t size(struct draw *d, uint32_t most)
{
    return chance(d, 20) ? from_to(d, most - most / 8, most) : 1 + below(d, 1 + below(d, most));
}

static uint32_t chips(const struct draw *d)
{
    return d->columns ? d->columns * d->rows : 4;
}

/* ---- layers and inputs ---- */

/* One value, one of a few for each neuron, or all different ones. */
static void put_currents(struct draw *d, const struct layer *l)
{
    struct buf *b = &d->out->source;
    const char *name = "Ileak";
    const char *unit = "pA";
    if (l->model == DPI && chance(d, 60)) {
        name = chance(d, 50) ? "tau_mem" : "tau_syn";
        unit = "ms";
    } else if (l->model != EXCITED && chance(d, 70)) {
        name = "Idc";
    } else if (l->model == DPI) {
        name = "Igain_mem";
    }
    uint32_t way = below(d, 10), from = from_to(d, 4, 60);
    if (way < 5)
        buf_printf(b, " %s = %u %s;", name, from, unit);
    else if (way < 9 && l->columns == 0)
        buf_printf(b, " %s = [i: %u => (%u + 7 * mod(i, %u)) * 1 %s];", name, l->n, from,
                   from_to(d, 2, 5), unit);
    else
        buf_printf(b, " %s = uniform(%u %s, %u %s) seed %u;", name, from, unit, 2 * from, unit,
                   below(d, 1000));
    if (l->model != EXCITED && chance(d, 15))
        buf_puts(b, " Iscale = 20 nA;");
}

static uint32_t kinds_of_rows(struct draw *d)
{
    return d->k->alike > 0 && chance(d, d->k->alike) ? from_to(d, 1, 9) : 0;
}

static void put_layer(struct draw *d, uint32_t i)
{
    struct layer *l = &d->layer[i];
    struct buf *b = &d->out->source;
    *l = (struct layer){.n = size(d, d->k->neurons), .budget = d->k->fan_in};
    l->kinds = kinds_of_rows(d);
    l->model = chance(d, 70) ? DPI : (enum model)below(d, N_MODELS);
    if (chance(d, 15)) {
        l->columns = from_to(d, 1, 9);
        l->n = (l->n + l->columns - 1) / l->columns * l->columns;
        buf_printf(b, "    layer l%u[%u, %u]: %s", i, l->n / l->columns, l->columns,
                   model_name[l->model]);
    } else {
        buf_printf(b, "    layer l%u[%u]: %s", i, l->n, model_name[l->model]);
    }
    if (!chance(d, d->k->currents)) {
        buf_puts(b, ";\n");
        return;
    }
    buf_puts(b, " {");
    put_currents(d, l);
    buf_puts(b, " }\n");
}

/* ---- connections ---- */

struct ends {
    bool from_input;
    uint32_t src, dst, n_pre, n_post;
    uint32_t kinds; /* of rows; 0: any */
    bool flat;      /* both have one dimension: slices are easy */
};

static void put_weight(struct draw *d, const struct ends *e)
{
    struct buf *b = &d->out->source;
    bool may_be_negative = d->layer[e->dst].model != EXCITED;
    uint32_t way = below(d, 10), w = from_to(d, 1, 30), s = below(d, 100000);
    const char *sign = may_be_negative && chance(d, 25) ? "-" : "";
    if (way < 4)
        buf_printf(b, "%s%u", sign, w);
    else if (way < 8)
        buf_printf(b, "%s(%u + %u * bernoulli(0.4) seed %u)", sign, w, from_to(d, 1, 9), s);
    else if (may_be_negative && chance(d, 50))
        buf_printf(b, "(uniform(-%u, %u) seed %u)", w, w, s);
    else
        buf_printf(b, "%s(uniform(%u, %u) seed %u)", sign, w, 2 * w, s);
}

static void put_ends(struct draw *d, const struct ends *e)
{
    buf_printf(&d->out->source, "    %s%u -> l%u: ", e->from_input ? "in" : "l", e->src, e->dst);
}

/* Pairs that are listed; a neuron gets `most` at most. Returns how many. */
static uint32_t put_sparse(struct draw *d, const struct ends *e, uint32_t most)
{
    struct buf *b = &d->out->source;
    uint32_t n = from_to(d, 1, 12), step = from_to(d, 1, 7);
    if (n > most)
        n = most;
    put_ends(d, e);
    buf_puts(b, "sparse([");
    for (uint32_t i = 0; i < n; i++) /* pairs differ in `pre`, or there would be fewer */
        buf_printf(b, "%s[%u, %u, %u]", i ? ", " : "", i % e->n_pre, i * step % e->n_post,
                   from_to(d, 1, 40));
    buf_puts(b, "])");
    return n;
}

/* A part of both sides, all to all. */
static uint32_t put_slices(struct draw *d, const struct ends *e, uint32_t most)
{
    struct buf *b = &d->out->source;
    uint32_t n = from_to(d, 1, e->n_pre < most ? e->n_pre : most), m = from_to(d, 1, e->n_post);
    uint32_t i = below(d, e->n_pre - n + 1), k = below(d, e->n_post - m + 1);
    buf_printf(b, "    %s%u[%u:%u] -> l%u[%u:%u]: all_to_all(", e->from_input ? "in" : "l", e->src,
               i, i + n, e->dst, k, k + m);
    buf_printf(b, "%s%u)", d->layer[e->dst].model != EXCITED && chance(d, 30) ? "-" : "",
               from_to(d, 1, 20));
    return n;
}

/* Each pair with a probability, so that hardly a neuron gets more than `most`. */
static uint32_t put_random(struct draw *d, const struct ends *e, uint32_t most)
{
    struct buf *b = &d->out->source;
    double mean = most * (0.1 + 0.9 * rng_uniform(d->seed, d->at++));
    double p = mean / e->n_pre, spread = 5;
    if (mean > spread * 4)
        p *= 0.55; /* five standard deviations below `most` */
    else
        p *= 0.25;
    if (most >= e->n_pre && chance(d, 50))
        p = 1;
    uint32_t s = below(d, 100000);
    put_ends(d, e);
    buf_puts(b, "dense([i: ");
    buf_printf(b, "%u, j: %u => ", e->n_pre, e->n_post);
    if (p < 1)
        buf_printf(b, "(bernoulli(%.4f) seed %u) * ", p, s);
    put_weight(d, e);
    buf_puts(b, "])");
    return p >= 1 ? e->n_pre : most;
}

/* Sources whose numbers differ by a multiple of `kinds` are alike. */
static uint32_t put_alike(struct draw *d, const struct ends *e)
{
    struct buf *b = &d->out->source;
    put_ends(d, e);
    buf_printf(b, "dense([i: %u, j: %u => (if mod(mod(i, %u) + j, %u) == 0 then 0 else %s%u)",
               e->n_pre, e->n_post, e->kinds, from_to(d, 2, 4),
               d->layer[e->dst].model != EXCITED && chance(d, 25) ? "-" : "", from_to(d, 1, 20));
    buf_printf(b, " * (1 + 0.1 * mod(%u * mod(i, %u) + j, 7))])", from_to(d, 1, 6), e->kinds);
    return e->kinds;
}

static void put_connection(struct draw *d, struct ends e)
{
    struct buf *b = &d->out->source;
    struct layer *to = &d->layer[e.dst];
    uint32_t most = to->budget, used;
    if (most == 0)
        return;
    if (chance(d, 40))
        most = 1 + below(d, most);
    uint32_t way = below(d, 10);
    if (e.kinds > 0) {
        if (most < e.kinds)
            return;
        used = put_alike(d, &e);
    } else if (way < 2 && e.n_pre == e.n_post) {
        put_ends(d, &e);
        buf_printf(b, "one_to_one(%u)", from_to(d, 1, 30));
        used = 1;
    } else if (way < 3 && most >= e.n_pre) {
        put_ends(d, &e);
        buf_printf(b, "all_to_all(%u)", from_to(d, 1, 30));
        used = e.n_pre;
    } else if (way < 5 && e.flat) {
        used = put_slices(d, &e, most);
    } else if (way < 6 && e.n_pre >= 12) {
        used = put_sparse(d, &e, most);
    } else {
        used = put_random(d, &e, most);
    }
    if (to->model == TWO_RECEPTORS)
        buf_printf(b, ", via = %s", chance(d, 50) ? "fast" : "slow");
    buf_puts(b, ";\n");
    to->budget -= used < to->budget ? used : to->budget;
}

static void put_connections(struct draw *d)
{
    uint32_t n = from_to(d, 1, 2 * d->n_layers + 1);
    for (uint32_t i = 0; i < n; i++) {
        struct ends e = {.from_input = d->n_inputs > 0 && (i < d->n_inputs || chance(d, 40)),
                         .dst = below(d, d->n_layers)};
        e.src =
            e.from_input ? (i < d->n_inputs ? i : below(d, d->n_inputs)) : below(d, d->n_layers);
        e.n_pre = e.from_input ? d->input[e.src] : d->layer[e.src].n;
        e.n_post = d->layer[e.dst].n;
        e.kinds = e.from_input ? d->input_kinds[e.src] : d->layer[e.src].kinds;
        e.flat = d->layer[e.dst].columns == 0 && (e.from_input || d->layer[e.src].columns == 0);
        put_connection(d, e);
    }
}

static void put_network(struct draw *d)
{
    struct buf *b = &d->out->source;
    buf_puts(b, models);
    buf_puts(b, "network net {\n    dt = 1 ms;\n");
    d->n_layers = from_to(d, 1, d->k->layers);
    d->n_inputs = chance(d, 8) ? 0 : from_to(d, 1, MOST_INPUTS);
    for (uint32_t i = 0; i < d->n_inputs; i++) {
        d->input[i] = size(d, d->k->channels);
        d->input_kinds[i] = kinds_of_rows(d);
        buf_printf(b, "    input in%u[%u];\n", i, d->input[i]);
    }
    for (uint32_t i = 0; i < d->n_layers; i++)
        put_layer(d, i);
    put_connections(d);
    if (chance(d, 30))
        buf_printf(b, "    output l%u;\n", below(d, d->n_layers));
    if (chance(d, 30))
        buf_printf(b, "    record l%u.spikes;\n", below(d, d->n_layers));
    if (chance(d, 15))
        buf_printf(b, "    mismatch %u %% seed %u;\n", from_to(d, 1, 20), below(d, 100));
    buf_puts(b, "}\n");
}

/* ---- the board ---- */

static void choose_grid(struct draw *d)
{
    uint32_t neurons = 0;
    for (uint32_t i = 0; i < d->n_layers; i++)
        neurons += d->layer[i].n;
    uint32_t need = (neurons + CHIP - 1) / CHIP;
    if (need <= 4 && chance(d, 25))
        return; /* the stack */
    d->columns = d->rows = 1;
    while (d->columns * d->rows < need && d->columns * d->rows < 16)
        *(chance(d, 50) && d->columns < 4 ? &d->columns : &d->rows) += 1;
    if (chance(d, d->k->large)) {
        d->columns = from_to(d, d->columns, chance(d, 10) ? 15 : d->columns + 3);
        d->rows = from_to(d, d->rows, chance(d, 10) ? 15 : d->rows + 3);
    }
}

/* A layer, or some of its neurons, in a core of the first chips. */
static void put_places(struct draw *d)
{
    struct buf *b = &d->out->source;
    uint32_t most = chips(d) < 4 ? chips(d) : 4;
    uint32_t room[16];
    for (uint32_t i = 0; i < 16; i++)
        room[i] = CORE - 40; /* neurons by index come too */
    for (uint32_t i = 0; i < d->n_layers; i++) {
        struct layer *l = &d->layer[i];
        uint32_t core = below(d, 4 * most), n = 1 + below(d, l->n);
        if (l->columns || !chance(d, 40) || n > room[core])
            continue;
        room[core] -= n;
        l->placed = true;
        uint32_t first = below(d, l->n - n + 1);
        buf_printf(b, "    place l%u[%u:%u] on chip %u core %u;\n", i, first, first + n, core / 4,
                   core % 4);
    }
}

static void put_stranger(struct draw *d, uint32_t index)
{
    struct buf *b = &d->out->source;
    buf_printf(b, "            neuron %u {\n", index);
    if (chance(d, 50))
        buf_puts(b, "                latch so_dc;\n");
    if (chance(d, 70))
        buf_printf(b, "                cam %u = tag %u, weight %u, ampa;\n", below(d, CAM),
                   below(d, 40), from_to(d, 1, 15));
    if (chance(d, 70))
        buf_printf(b, "                sram %u = tag %u, cores %u, hop [%s];\n", below(d, 4),
                   below(d, 40), from_to(d, 1, 15), chance(d, 70) ? "0, 0" : "-7, -7");
    buf_puts(b, "            }\n");
}

static void put_core(struct draw *d, uint32_t chip, uint32_t core, bool by_hand)
{
    static const char *const device[] = {"SOIF_LEAK_N", "SYAM_W0_P", "SYAM_W2_P",
                                         "DEAM_ETAU_P", "SOIF_DC_P", "SOHO_VB_P"};
    struct buf *b = &d->out->source;
    if (!by_hand && !d->bases)
        return;
    buf_printf(b, "        core %u {\n", core);
    for (uint32_t i = 0; i < 4 && d->bases; i++)
        buf_printf(b, "            bias SYAM_W%u_P = 4:%u;\n", i, (12u << i) + below(d, 9));
    for (uint32_t i = 0; i < sizeof device / sizeof *device; i++) {
        if (by_hand && chance(d, 20) && !(d->bases && strncmp(device[i], "SYAM", 4) == 0))
            buf_printf(b, "            bias %s = %u:%u;\n", device[i], from_to(d, 1, 4),
                       below(d, 256));
    }
    uint32_t index = below(d, 60);
    for (uint32_t i = by_hand ? below(d, 6) : 0; i > 0 && index < CORE;
         i--, index += 1 + below(d, 40)) {
        uint32_t l = below(d, d->n_layers), element = chip * 4 + core + 16 * i;
        if (chance(d, 15))
            put_stranger(d, index);
        else if (!d->layer[l].placed && !d->layer[l].columns && element < d->layer[l].n)
            buf_printf(b, "            neuron %u = l%u[%u];\n", index, l, element);
    }
    buf_puts(b, "        }\n");
}

static void put_chips(struct draw *d)
{
    struct buf *b = &d->out->source;
    bool by_hand = chance(d, d->k->by_hand);
    d->bases = chips(d) <= 16 && chance(d, d->k->bases);
    if (by_hand)
        put_places(d);
    for (uint32_t chip = 0; chip < chips(d) && chip < 16; chip++) {
        bool here = by_hand && chip < 4 && chance(d, 50);
        if (!here && !d->bases)
            continue;
        buf_printf(b, "    chip %u {\n", chip);
        for (uint32_t core = 0; core < 4; core++)
            put_core(d, chip, core, here && chance(d, 40));
        buf_puts(b, "    }\n");
    }
}

static void put_board(struct draw *d)
{
    struct buf *b = &d->out->source;
    choose_grid(d);
    buf_puts(b, "board dynapse2 {\n");
    if (d->columns)
        buf_printf(b, "    grid = [%u, %u];\n", d->columns, d->rows);
    if (chance(d, 10) && d->n_layers == 1 && d->layer[0].model == DPI)
        buf_puts(b, "    gain = auto;\n");
    else if (chance(d, 30))
        buf_printf(b, "    gain = 0.%u;\n", from_to(d, 2, 9));
    put_chips(d);
    buf_puts(b, "}\n");
}

/* ---- profiles ---- */

static void put_range(struct draw *d, struct buf *b, uint32_t most, uint32_t longest)
{
    uint32_t first = below(d, most), last = first + below(d, longest);
    if (last >= most)
        last = most - 1;
    buf_printf(b, "[%u, %u]", first, last);
}

static void put_profile(struct draw *d, struct buf *b)
{
    buf_puts(b, "{\"format\": \"dyn-chip-profile\", \"version\": 1, \"target\": \"dynapse2\"");
    buf_puts(b, ", \"dead_neurons\": [");
    for (uint32_t i = 0, n = below(d, 5); i < n; i++) { /* in cores of their own: nothing twice */
        buf_printf(b, "%s[%u, ", i ? ", " : "", i);
        put_range(d, b, CORE, chance(d, 20) ? CORE : 20);
        buf_puts(b, "]");
    }
    buf_puts(b, "], \"bad_cam\": [");
    for (uint32_t i = 0, n = below(d, 5); i < n; i++) {
        buf_printf(b, "%s[%u, ", i ? ", " : "", i);
        put_range(d, b, CORE, chance(d, 40) ? CORE : 30);
        buf_puts(b, ", ");
        put_range(d, b, CAM, chance(d, 20) ? 40 : 12);
        buf_puts(b, "]");
    }
    buf_puts(b, "]}");
}

void random_network(const struct random_kind *k, uint64_t seed, struct random_network *out)
{
    *out = (struct random_network){0};
    struct draw d = {.k = k, .seed = seed, .out = out};
    put_network(&d);
    put_board(&d);
    for (uint32_t i = 0; i < 2; i++) {
        out->profile_chip[i] = i;
        if (i < chips(&d) && chance(&d, k->broken))
            put_profile(&d, &out->profile[i]);
    }
}

void random_network_free(struct random_network *x)
{
    buf_free(&x->source);
    buf_free(&x->profile[0]);
    buf_free(&x->profile[1]);
}
