#include "targets/dynapse2/passes.h"

enum { HOMES = D2_STACK * D2_CORES, MAX_ROWS = 6 };

struct fit {
    const struct net *n;
    struct arena *a;
    struct target_fit_row *row;
    uint32_t n_rows;
};

static void add_row(struct fit *f, const char *resource, const char *where, double need,
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
    add_row(f, "cores", NULL, (double)(used > least ? used : least), D2_OPEN_CHIPS * D2_CORES);
    if (fullest)
        add_row(f, "neurons of the fullest core",
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
        add_row(f, "CAM entries of the fullest neuron", d2_neuron_name(f->a, f->n, layer, element),
                most, D2_CAM);
}

/* A source needs a tag on every core that it reaches, and an SRAM entry for every chip. */
static void fit_sources(struct fit *f, const struct d2_sites *sites)
{
    uint32_t tags[HOMES] = {0}, most_chips = 0, home = 0;
    const char *widest = NULL;
    bool input = false;
    for (uint32_t pass = 0; pass < 2; pass++) {
        input = pass == 0;
        uint32_t n = input ? f->n->input.n : f->n->layer.n;
        for (uint32_t src = 0; src < n; src++) {
            uint32_t count = input ? f->n->input.data[src].n : f->n->layer.data[src].n;
            for (uint32_t pre = 0; pre < count; pre++) {
                uint32_t homes = 0, chips = 0;
                for (uint32_t i = 0; i < f->n->connection.n; i++) {
                    const struct net_connection *c = &f->n->connection.data[i];
                    if (c->from_input != input || c->src != src)
                        continue;
                    for (uint64_t s = c->row[pre]; s < c->row[pre + 1]; s++) {
                        const struct board_core *at =
                            sites->at[sites->first[c->dst] + c->post[s]].core;
                        if (at)
                            homes |= 1u << (at->chip * D2_CORES + at->core);
                    }
                }
                for (uint32_t h = 0; h < HOMES; h++)
                    tags[h] += homes >> h & 1;
                for (uint32_t k = 0; k < D2_STACK; k++)
                    chips += (homes >> k * D2_CORES & ((1u << D2_CORES) - 1)) != 0;
                if (!input && (!widest || chips > most_chips)) {
                    most_chips = chips;
                    widest = d2_neuron_name(f->a, f->n, src, pre);
                }
            }
        }
    }
    for (uint32_t h = 1; h < HOMES; h++)
        home = tags[h] > tags[home] ? h : home;
    add_row(f, "tags of the busiest core",
            arena_printf(f->a, "chip %u core %u", home / D2_CORES, home % D2_CORES), tags[home],
            D2_TAGS);
    if (widest)
        add_row(f, "SRAM entries of the fullest neuron", widest, most_chips + 1, D2_SRAM);
}

static bool all_placed(const struct d2_sites *sites, uint64_t total)
{
    for (uint64_t i = 0; i < total; i++) {
        if (!sites->at[i].core)
            return false;
    }
    return true;
}

uint32_t d2_fit(const struct net *n, struct arena *a, struct target_fit_row **out)
{
    struct fit f = {.n = n, .a = a, .row = ARENA_ARRAY(a, struct target_fit_row, MAX_ROWS)};
    uint64_t total = 0;
    for (uint32_t l = 0; l < n->layer.n; l++)
        total += n->layer.data[l].n;
    add_row(&f, "neurons", NULL, (double)total, D2_OPEN_CHIPS * D2_CORES * D2_NEURONS);
    fit_cores(&f, total);
    if (total <= HOMES * D2_NEURONS) {
        struct arena scratch = {0};
        struct d2_sites sites = d2_sites(&scratch, n);
        fit_cam(&f, &sites, &scratch);
        if (all_placed(&sites, total))
            fit_sources(&f, &sites);
        arena_free(&scratch);
    }
    *out = f.row;
    return f.n_rows;
}
