#include "targets/dynapse2/load.h"
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/rows.h"
#include <stdlib.h>

struct counting {
    const struct net *n;
    struct arena *scratch;
    struct d2_load *out;
    uint32_t n_chips;
    struct d2_sites sites;
    struct d2_rows rows;
    bool *wanted;         /* of each layer */
    uint32_t *n_incoming; /* synapses of each neuron of the network */
    uint64_t *tag;        /* of each core: the tags that arrive there, a bit each */
    uint8_t *heard;       /* scratch, of each chip: the cores that a source reaches */
    uint32_t *chips;      /* scratch: the chips where that isn't 0 */
};

enum { TAG_WORDS = D2_TAGS / 64 };

static struct d2_core_load *core_at(const struct counting *c, uint32_t chip, uint32_t core)
{
    return &c->out->core[chip * D2_CORES + core];
}

/* ---- ways ---- */

static void add_way(struct counting *c, uint32_t from, uint32_t to)
{
    c->out->traffic[from * (c->n_chips + 1) + to]++;
}

static void add_hops(struct counting *c, int x, int y)
{
    uint32_t far = (uint32_t)(abs(x) > abs(y) ? abs(x) : abs(y));
    c->out->hops = far > c->out->hops ? far : c->out->hops;
}

/* A destination as the board has it; `from` is n_chips for an input, whose hops count from chip 0.
 */
static void add_destination(struct counting *c, uint32_t from, struct d2_destination to)
{
    int chip = d2_hop_target(c->out->grid, from % c->n_chips, to.x_hop, to.y_hop);
    if (chip == D2_OFF_BOARD || to.cores == 0)
        return;
    if (chip == D2_HOST) {
        add_way(c, from, c->n_chips);
        return;
    }
    add_way(c, from, (uint32_t)chip);
    add_hops(c, to.x_hop, to.y_hop);
    for (uint32_t k = 0; k < D2_CORES; k++) {
        uint64_t *word = &c->tag[((uint32_t)chip * D2_CORES + k) * TAG_WORDS + to.tag / 64];
        uint64_t bit = (uint64_t)1 << to.tag % 64;
        if (!(to.cores >> k & 1) || (*word & bit))
            continue;
        *word |= bit;
        core_at(c, (uint32_t)chip, k)->tags++;
    }
}

/* Where the network wants a source to be heard, whose tags nobody has chosen yet. Returns the
 * number of chips. */
static uint32_t add_row(struct counting *c, uint32_t from, uint32_t source)
{
    uint32_t n = 0;
    for (struct d2_row x = d2_row_of(&c->rows, source); d2_row_next(&x);) {
        for (uint64_t s = x.c->row[x.pre]; s < x.c->row[x.pre + 1]; s++) {
            const struct board_core *at = c->sites.at[c->sites.first[x.c->dst] + x.c->post[s]].core;
            if (!c->heard[at->chip])
                c->chips[n++] = at->chip;
            c->heard[at->chip] |= (uint8_t)(1u << at->core);
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t chip = c->chips[i];
        int x, y;
        d2_hops(c->out->grid, from % c->n_chips, chip, &x, &y);
        add_hops(c, x, y);
        add_way(c, from, chip);
        for (uint32_t k = 0; k < D2_CORES; k++)
            core_at(c, chip, k)->tags += c->heard[chip] >> k & 1;
        c->heard[chip] = 0;
    }
    return n;
}

/* ---- neurons ---- */

static void raise_fullest(struct d2_fullest *f, uint32_t layer, uint32_t element, uint32_t need,
                          uint32_t have)
{
    bool fuller =
        !f->known || (double)need * (f->have ? f->have : 1) > (double)f->need * (have ? have : 1);
    if (fuller)
        *f = (struct d2_fullest){true, layer, element, need, have};
}

static void count_cam(struct counting *c, const struct board_core *core,
                      const struct board_neuron *x)
{
    uint64_t bad = d2_bad_cam(c->n->board, core->chip, core->core, x->index);
    uint32_t have = d2_usable_cam(c->n->board, core->chip, core->core, x->index), need = x->cam.n;
    for (uint32_t i = 0; i < x->cam.n; i++)
        have += (uint32_t)(bad >> x->cam.data[i].slot & 1); /* by hand nevertheless */
    if (x->layer >= 0 && !(x->given & BOARD_CAM) && need == 0)
        need = c->n_incoming[c->sites.first[x->layer] + x->element];
    struct d2_core_load *load = core_at(c, core->chip, core->core);
    load->cam += need;
    load->cam_most = need > load->cam_most ? need : load->cam_most;
    if (x->layer >= 0)
        raise_fullest(&c->out->fullest_cam, (uint32_t)x->layer, x->element, need, have);
}

static void count_sram(struct counting *c, const struct board_core *core,
                       const struct board_neuron *x)
{
    uint32_t need = x->sram.n;
    for (uint32_t i = 0; i < x->sram.n; i++) {
        const struct board_sram *s = &x->sram.data[i];
        add_destination(c, core->chip,
                        (struct d2_destination){s->tag, s->cores, s->x_hop, s->y_hop});
    }
    bool wanted = x->layer >= 0 && c->wanted[x->layer];
    c->out->monitors[core->chip % c->out->grid.columns] += wanted;
    if (x->layer >= 0 && !(x->given & BOARD_SRAM) && need == 0) {
        uint32_t cell = c->rows.first_cell[x->layer] + x->element;
        need = add_row(c, core->chip, c->rows.n_channels + cell) + wanted;
        if (wanted)
            add_way(c, core->chip, c->n_chips);
    }
    core_at(c, core->chip, core->core)->sram += need;
    if (x->layer >= 0)
        raise_fullest(&c->out->fullest_sram, (uint32_t)x->layer, x->element, need, D2_SRAM);
}

static void count_inputs(struct counting *c)
{
    bool *given = ARENA_ARRAY(c->scratch, bool, c->rows.n_channels);
    for (uint32_t i = 0; i < c->n->board->input.n; i++) {
        const struct board_input *x = &c->n->board->input.data[i];
        given[c->rows.first_channel[x->input] + x->channel] = true;
        for (uint32_t k = 0; k < x->to.n; k++) {
            const struct board_destination *to = &x->to.data[k];
            add_destination(c, c->n_chips,
                            (struct d2_destination){to->tag, to->cores, to->x_hop, to->y_hop});
        }
    }
    for (uint32_t s = 0; s < c->rows.n_channels; s++) {
        if (!given[s])
            add_row(c, c->n_chips, s);
    }
}

/* ---- the board ---- */

static void count_room(struct counting *c)
{
    for (uint32_t chip = 0; chip < c->n_chips; chip++) {
        for (uint32_t k = 0; k < D2_CORES; k++) {
            struct d2_core_load *load = core_at(c, chip, k);
            load->usable = c->n->board ? d2_usable_neurons(c->n->board, chip, k) : D2_NEURONS;
            c->out->room += load->usable;
            for (uint32_t i = 0; i < D2_NEURONS; i++)
                c->out->cam_room +=
                    c->n->board ? d2_usable_cam(c->n->board, chip, k, i) : (uint32_t)D2_CAM;
        }
    }
}

static void count_neurons(struct counting *c)
{
    for (uint32_t i = 0; c->n->board && i < c->n->board->core.n; i++) {
        const struct board_core *core = &c->n->board->core.data[i];
        struct d2_core_load *load = core_at(c, core->chip, core->core);
        load->neurons = core->neuron.n;
        c->out->n_cores += core->neuron.n > 0;
        for (uint32_t k = 0; k < core->neuron.n; k++) {
            const struct board_neuron *x = &core->neuron.data[k];
            bool dead = d2_neuron_is_dead(c->n->board, core->chip, core->core, x->index);
            load->usable += dead;
            c->out->room += dead;
            c->out->n_neurons += x->layer < 0;
        }
    }
}

static bool all_placed(const struct counting *c)
{
    uint32_t n = c->sites.first[c->n->layer.n];
    for (uint32_t i = 0; i < n; i++) {
        if (!c->sites.at[i].core)
            return false;
    }
    return true;
}

/* Whether the connections are ones of the chip: others were refused by the first pass, and have no
 * rows, or other ones. */
static bool all_rows(const struct net *n)
{
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (c->conv || c->pool[0] > 1 || c->pool[1] > 1)
            return false;
    }
    return true;
}

static void count_incoming(struct counting *c, uint32_t n_cells)
{
    c->n_incoming = ARENA_ARRAY(c->scratch, uint32_t, n_cells);
    for (uint32_t i = 0; all_rows(c->n) && i < c->n->connection.n; i++) {
        const struct net_connection *x = &c->n->connection.data[i];
        for (uint64_t s = 0; s < x->row[x->n_pre]; s++)
            c->n_incoming[c->sites.first[x->dst] + x->post[s]]++;
    }
}

/* CAM entries of neurons without a place: all that is known of them. */
static void count_unplaced(struct counting *c)
{
    for (uint32_t l = 0; l < c->n->layer.n; l++) {
        for (uint32_t e = 0; e < c->n->layer.data[l].n; e++) {
            uint32_t cell = c->sites.first[l] + e;
            if (c->sites.at[cell].core)
                continue;
            c->out->cam += c->n_incoming[cell];
            raise_fullest(&c->out->fullest_cam, l, e, c->n_incoming[cell], D2_CAM);
        }
    }
}

static void count_entries(struct counting *c)
{
    struct diags none = {0};
    bool rows = c->out->placed && all_rows(c->n) && d2_rows_init(c->scratch, c->n, &c->rows, &none);
    c->wanted = d2_wanted_layers(c->scratch, c->n);
    c->tag = ARENA_ARRAY(c->scratch, uint64_t, c->n_chips * D2_CORES * TAG_WORDS);
    c->heard = ARENA_ARRAY(c->scratch, uint8_t, c->n_chips);
    c->chips = ARENA_ARRAY(c->scratch, uint32_t, c->n_chips);
    for (uint32_t i = 0; c->n->board && i < c->n->board->core.n; i++) {
        const struct board_core *core = &c->n->board->core.data[i];
        for (uint32_t k = 0; k < core->neuron.n; k++) {
            count_cam(c, core, &core->neuron.data[k]);
            if (rows)
                count_sram(c, core, &core->neuron.data[k]);
        }
    }
    if (rows && c->n->board)
        count_inputs(c);
    count_unplaced(c);
    for (uint32_t i = 0; i < c->n_chips * D2_CORES; i++) {
        c->out->cam += c->out->core[i].cam;
        c->out->sram += c->out->core[i].sram;
    }
    c->out->cam_known = true;
    c->out->sram_known = rows;
    diags_free(&none);
}

static uint64_t count_wanted(struct arena *a, const struct net *n)
{
    uint64_t sum = 0;
    const bool *wanted = d2_wanted_layers(a, n);
    for (uint32_t l = 0; l < n->layer.n; l++)
        sum += wanted[l] ? n->layer.data[l].n : 0;
    return sum;
}

struct d2_load d2_load(struct arena *a, const struct net *n)
{
    struct arena scratch = {0};
    struct d2_load x = {.grid = n->board ? d2_grid_of(n->board) : (struct d2_grid){D2_STACK, 1}};
    struct counting c = {.n = n, .scratch = &scratch, .out = &x};
    uint64_t n_cells = 0;
    c.n_chips = d2_grid_chips(x.grid);
    x.core = ARENA_ARRAY(a, struct d2_core_load, c.n_chips * D2_CORES);
    x.monitors = ARENA_ARRAY(a, uint32_t, x.grid.columns);
    x.traffic = ARENA_ARRAY(a, uint32_t, (c.n_chips + 1) * (c.n_chips + 1));
    for (uint32_t l = 0; l < n->layer.n; l++)
        n_cells += n->layer.data[l].n;
    x.n_wanted = count_wanted(&scratch, n);
    count_room(&c);
    count_neurons(&c);
    x.n_neurons += n_cells;
    if (n_cells <= D2_MAX_CHIPS * D2_CORES * D2_NEURONS) {
        c.sites = d2_sites(&scratch, n);
        x.placed = all_placed(&c);
        count_incoming(&c, (uint32_t)n_cells);
        count_entries(&c);
    }
    arena_free(&scratch);
    return x;
}
