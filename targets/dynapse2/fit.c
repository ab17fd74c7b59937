#include "targets/dynapse2/passes.h"

enum { MAX_ROWS = 6 };

struct fit {
    const struct net *n;
    struct arena *a;
    struct d2_grid grid;
    struct target_fit_row *row;
    uint32_t n_rows;
};

static void add_resource(struct fit *f, const char *resource, const char *where, double need,
                         double have)
{
    f->row[f->n_rows++] = (struct target_fit_row){resource, where, need, have};
}

static void fit_cores(struct fit *f, uint64_t total)
{
    const struct board *b = f->n->board;
    const struct board_core *fullest = NULL;
    uint32_t used = 0;
    for (uint32_t i = 0; b && i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        used += c->neuron.n > 0;
        if (!fullest || c->neuron.n > fullest->neuron.n)
            fullest = c;
    }
    uint64_t least = (total + D2_NEURONS - 1) / D2_NEURONS;
    add_resource(f, "cores", NULL, (double)(used > least ? used : least),
                 d2_grid_chips(f->grid) * D2_CORES);
    if (fullest)
        add_resource(f, "neurons of the fullest core",
                     arena_printf(f->a, "chip %u core %u", fullest->chip, fullest->core),
                     fullest->neuron.n, D2_NEURONS);
}

/* Before `route` a synapse counts as one entry. */
static void fit_cam(struct fit *f, const struct d2_sites *sites, struct arena *scratch)
{
    uint32_t most = 0, layer = 0, element = 0;
    for (uint32_t l = 0; l < f->n->layer.n; l++) {
        uint32_t *need = ARENA_ARRAY(scratch, uint32_t, f->n->layer.data[l].n);
        for (uint32_t i = 0; i < f->n->connection.n; i++) {
            const struct net_connection *c = &f->n->connection.data[i];
            for (uint64_t s = 0; c->dst == l && s < c->row[c->n_pre]; s++)
                need[c->post[s]]++;
        }
        for (uint32_t e = 0; e < f->n->layer.data[l].n; e++) {
            const struct board_neuron *x = sites->at[sites->first[l] + e].neuron;
            if (x && x->cam.n > need[e])
                need[e] = x->cam.n;
            if (need[e] > most) {
                most = need[e];
                layer = l;
                element = e;
            }
        }
    }
    if (most)
        add_resource(f, "CAM entries of the fullest neuron",
                     d2_neuron_name(f->a, f->n, layer, element), most, D2_CAM);
}

/* Where a source is heard: the cores by chip. */
struct heard {
    uint8_t *cores; /* of each chip */
    uint32_t *chip, n;
};

static void add_row(struct heard *h, const struct net_connection *c, uint32_t pre,
                    const struct d2_sites *sites)
{
    for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++) {
        const struct board_core *at = sites->at[sites->first[c->dst] + c->post[s]].core;
        if (!h->cores[at->chip])
            h->chip[h->n++] = at->chip;
        h->cores[at->chip] |= (uint8_t)(1u << at->core);
    }
}

/* A source needs a tag on every core that it reaches, and a neuron an SRAM entry for every chip and
 * one for the host. Sources that share tags count by themselves here. */
static void fit_sources(struct fit *f, const struct d2_sites *sites, struct arena *scratch)
{
    uint32_t n_chips = d2_grid_chips(f->grid), most_chips = 0, home = 0;
    uint32_t *tags = ARENA_ARRAY(scratch, uint32_t, n_chips * D2_CORES);
    struct heard h = {ARENA_ARRAY(scratch, uint8_t, n_chips),
                      ARENA_ARRAY(scratch, uint32_t, n_chips), 0};
    const char *widest = NULL;
    for (uint32_t pass = 0; pass < 2; pass++) {
        bool input = pass == 0;
        uint32_t n = input ? f->n->input.n : f->n->layer.n;
        for (uint32_t src = 0; src < n; src++) {
            uint32_t count = input ? f->n->input.data[src].n : f->n->layer.data[src].n;
            uint32_t *list = ARENA_ARRAY(scratch, uint32_t, f->n->connection.n), n_list = 0;
            for (uint32_t i = 0; i < f->n->connection.n; i++) {
                const struct net_connection *c = &f->n->connection.data[i];
                if (c->from_input == input && c->src == src)
                    list[n_list++] = i;
            }
            for (uint32_t pre = 0; pre < count; pre++) {
                for (uint32_t i = 0; i < n_list; i++)
                    add_row(&h, &f->n->connection.data[list[i]], pre, sites);
                if (!input && (!widest || h.n > most_chips)) {
                    most_chips = h.n;
                    widest = d2_neuron_name(f->a, f->n, src, pre);
                }
                for (; h.n > 0; h.n--) {
                    uint32_t chip = h.chip[h.n - 1];
                    for (uint32_t k = 0; k < D2_CORES; k++)
                        tags[chip * D2_CORES + k] += h.cores[chip] >> k & 1;
                    h.cores[chip] = 0;
                }
            }
        }
    }
    for (uint32_t k = 1; k < n_chips * D2_CORES; k++)
        home = tags[k] > tags[home] ? k : home;
    add_resource(f, "tags of the busiest core",
                 arena_printf(f->a, "chip %u core %u", home / D2_CORES, home % D2_CORES),
                 tags[home], D2_TAGS);
    if (widest)
        add_resource(f, "SRAM entries of the fullest neuron", widest, most_chips + 1, D2_SRAM);
}

static bool all_placed(const struct d2_sites *sites, uint64_t total)
{
    for (uint64_t i = 0; i < total; i++) {
        if (!sites->at[i].core)
            return false;
    }
    return true;
}

/* Others were reported by the first pass: nothing of the chip stands for them. */
static bool all_rows(const struct net *n)
{
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        if (c->conv || c->pool[0] > 1 || c->pool[1] > 1)
            return false;
    }
    return true;
}

uint32_t d2_fit(const struct net *n, struct arena *a, struct target_fit_row **out)
{
    struct fit f = {.n = n, .a = a, .row = ARENA_ARRAY(a, struct target_fit_row, MAX_ROWS)};
    f.grid = n->board ? d2_grid_of(n->board) : (struct d2_grid){D2_STACK, 1};
    uint64_t total = 0, room = (uint64_t)d2_grid_chips(f.grid) * D2_CORES * D2_NEURONS;
    for (uint32_t l = 0; l < n->layer.n; l++)
        total += n->layer.data[l].n;
    add_resource(&f, "neurons", NULL, (double)total, (double)room);
    fit_cores(&f, total);
    if (total <= room && all_rows(n)) {
        struct arena scratch = {0};
        struct d2_sites sites = d2_sites(&scratch, n);
        fit_cam(&f, &sites, &scratch);
        if (all_placed(&sites, total))
            fit_sources(&f, &sites, &scratch);
        arena_free(&scratch);
    }
    *out = f.row;
    return f.n_rows;
}
