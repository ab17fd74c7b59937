/* Where events go: the SRAM entries of neurons, one of them for the host where it is left, and the
 * destinations of input channels.
 *
 * The host sees the tag of an event and the hops that are left of it, which tell the column of its
 * chip: chips of one column need different tags. Neurons whose spikes are wanted come first. */
#include "targets/dynapse2/route.h"

/* ---- tags for the host ---- */

enum { NO_HOST = UINT16_MAX };

struct host {
    struct d2_route *r;
    uint64_t (*used)[D2_TAGS / 64]; /* of each column */
    uint16_t *tag;                  /* of each neuron; NO_HOST: no entry */
    bool *wanted;                   /* of each layer: its spikes are recorded, or an output */
};

static uint32_t column_of(const struct host *h, uint32_t neuron)
{
    return h->r->sites.at[neuron].core->chip % h->r->grid.columns;
}

/* False: it is taken. The control tag always is. */
static bool take_tag(struct host *h, uint32_t column, uint32_t tag)
{
    uint64_t *word = &h->used[column][tag / 64], bit = (uint64_t)1 << tag % 64;
    if (tag == D2_CONTROL_TAG || (*word & bit))
        return false;
    *word |= bit;
    return true;
}

/* The one that names the neuron in its chip, and chips of neighbouring rows apart. */
static uint32_t preferred_tag(const struct host *h, struct d2_site at)
{
    uint32_t row = at.core->chip / h->r->grid.columns;
    return at.core->core * D2_NEURONS + at.neuron->index + row % 2 * D2_CORES * D2_NEURONS;
}

/* By neurons of the network or not. */
static void take_by_hand(struct host *h)
{
    const struct board *b = h->r->n->board;
    for (uint32_t i = 0; i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        for (uint32_t j = 0; j < c->neuron.n; j++) {
            const struct board_neuron *x = &c->neuron.data[j];
            for (uint32_t k = 0; (x->given & BOARD_SRAM) && k < x->sram.n; k++) {
                const struct board_sram *s = &x->sram.data[k];
                if (s->cores && s->x_hop == D2_HOST_HOP && s->y_hop == D2_HOST_HOP)
                    take_tag(h, c->chip % h->r->grid.columns, s->tag);
            }
        }
    }
}

static uint32_t n_links(const struct d2_route *r, uint32_t neuron)
{
    uint32_t s = r->same[r->rows.n_channels + neuron];
    return r->first_link[s + 1] - r->first_link[s];
}

/* The neurons that are wanted, or the others where an entry is left: their preferred tags, then
 * whatever is free in the column. */
static void choose_tags(struct host *h, bool wanted)
{
    struct d2_route *r = h->r;
    uint32_t next[D2_MAX_SIDE] = {0}; /* no lower tag is free */
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < r->rows.n_cells; i++) {
            struct d2_site at = r->sites.at[i];
            uint32_t column = column_of(h, i);
            if ((at.neuron->given & BOARD_SRAM) || h->tag[i] != NO_HOST ||
                h->wanted[at.neuron->layer] != wanted || !d2_reaches_host(r->grid, at.core->chip) ||
                (!wanted && n_links(r, i) >= D2_SRAM))
                continue;
            uint32_t tag = preferred_tag(h, at);
            bool found = take_tag(h, column, tag);
            for (; round > 0 && !found && next[column] < D2_TAGS; next[column]++)
                found = take_tag(h, column, tag = next[column]);
            if (found)
                h->tag[i] = (uint16_t)tag;
        }
    }
}

static bool speaks_to_host(const struct d2_route *r, struct d2_site at)
{
    for (uint32_t k = 0; k < at.neuron->sram.n; k++) {
        const struct board_sram *s = &at.neuron->sram.data[k];
        if (s->cores && d2_hop_target(r->grid, at.core->chip, s->x_hop, s->y_hop) == D2_HOST)
            return true;
    }
    return false;
}

/* SRAM entries by hand that leave out the host, once for each layer whose spikes are wanted. */
static void tell_silent(const struct host *h)
{
    const struct d2_route *r = h->r;
    for (uint32_t l = 0, i = 0; l < r->n->layer.n; l++) {
        uint32_t n = 0, first = 0;
        for (uint32_t e = 0; e < r->n->layer.data[l].n; e++, i++) {
            struct d2_site at = r->sites.at[i];
            if (!h->wanted[l] || !(at.neuron->given & BOARD_SRAM) || speaks_to_host(r, at))
                continue;
            first = n++ == 0 ? i : first;
        }
        if (n == 0)
            continue;
        struct diag *g = diag_add(
            r->d, W0658, r->sites.at[first].neuron->span,
            "the spikes of `%s` are wanted, but its SRAM entries by hand don't lead to the host%s",
            d2_source_name(&r->d->arena, &r->rows, r->rows.n_channels + first),
            n > 1 ? arena_printf(&r->d->arena, " (nor do those of %u more neurons of its layer)",
                                 n - 1)
                  : "");
        diag_hint(r->d, g, "an entry with cores 0b1111 and hop [%d, %d] does", D2_HOST_HOP,
                  D2_HOST_HOP);
    }
}

/* Every neuron that is wanted has a tag. */
static bool check_wanted(const struct host *h)
{
    const struct d2_route *r = h->r;
    for (uint32_t i = 0; i < r->rows.n_cells; i++) {
        struct d2_site at = r->sites.at[i];
        if ((at.neuron->given & BOARD_SRAM) || !h->wanted[at.neuron->layer] || h->tag[i] != NO_HOST)
            continue;
        const char *name = d2_source_name(&r->d->arena, &r->rows, r->rows.n_channels + i);
        struct span span = r->n->layer.data[at.neuron->layer].span;
        if (!d2_reaches_host(r->grid, at.core->chip)) {
            struct diag *g =
                diag_add(r->d, E0601, span,
                         "the spikes of `%s` on chip %u, in column %u, don't reach the host", name,
                         at.core->chip, column_of(h, i));
            diag_hint(r->d, g, "outputs and recorded layers belong in columns 0 to %d",
                      -D2_HOST_HOP - 1);
            return false;
        }
        uint32_t need = 0, column = column_of(h, i);
        for (uint32_t k = 0; k < r->rows.n_cells; k++) {
            const struct board_neuron *x = r->sites.at[k].neuron;
            need += h->wanted[x->layer] && column_of(h, k) == column;
        }
        struct diag *g = diag_add(r->d, E0601, span,
                                  "the spikes of %u neurons in column %u are wanted, `%s` among "
                                  "them: the host tells %d apart",
                                  need, column, name, D2_TAGS - 1);
        diag_hint(r->d, g, "`output` fewer layers, or a board of more columns");
        return false;
    }
    return true;
}

/* ---- entries ---- */

static bool hops_to(const struct d2_route *r, uint32_t source, uint32_t chip, int *x, int *y)
{
    uint32_t from = d2_source_chip(r, source);
    if (d2_hops(r->grid, from, chip, x, y))
        return true;
    struct diag *g = diag_add(r->d, E0601, d2_source_span(&r->rows, source),
                              "`%s` on chip %u is heard on chip %u, hop [%d, %d]: hops go from -%d "
                              "to %d",
                              d2_source_name(&r->d->arena, &r->rows, source), from, chip, *x, *y,
                              D2_MAX_HOP, D2_MAX_HOP);
    if (d2_is_channel(&r->rows, source))
        diag_hint(r->d, g, "inputs enter at chip 0: place what hears them nearer to it");
    else
        diag_hint(r->d, g, "place both nearer to each other (hop [%d, %d] is the host)%s",
                  D2_HOST_HOP, D2_HOST_HOP,
                  !r->o->split && d2_fan_out_helps(r->n) ? ", or add helper neurons: `--split`"
                                                         : "");
    return false;
}

/* Of the connections that leave a neuron the one by which it is heard on most chips. */
static const struct net_connection *widest(const struct d2_route *r, uint32_t source)
{
    const struct net_connection *best = NULL;
    uint32_t n_chips = d2_grid_chips(r->grid), most = 0;
    uint32_t *seen = ARENA_ARRAY(r->a, uint32_t, n_chips), mark = 0; /* by which connection */
    for (struct d2_row x = d2_row_of(&r->rows, source); d2_row_next(&x);) {
        uint32_t chips = 0;
        mark++;
        for (uint64_t s = x.c->row[x.pre]; s < x.c->row[x.pre + 1]; s++) {
            uint32_t chip = r->sites.at[r->sites.first[x.c->dst] + x.c->post[s]].core->chip;
            chips += seen[chip] != mark;
            seen[chip] = mark;
        }
        best = chips > most ? x.c : best;
        most = chips > most ? chips : most;
    }
    return best;
}

/* The neuron that needs the most SRAM entries, of n for which four are too few. */
static bool too_many(const struct d2_route *r, uint32_t neuron, uint32_t n, bool host)
{
    uint32_t source = r->rows.n_channels + neuron, s = r->same[source], chips = 0,
             last = UINT32_MAX;
    uint32_t need = n_links(r, neuron) + host;
    struct buf list = {0};
    for (uint32_t k = r->first_link[s]; k < r->first_link[s + 1]; k++) {
        if (r->link[k].chip == last)
            continue;
        last = r->link[k].chip;
        buf_printf(&list, "%s%u", chips++ ? ", " : "", last);
    }
    struct diag *g =
        diag_add(r->d, E0601, d2_source_span(&r->rows, source),
                 "`%s` needs %u SRAM entries, a neuron has %d: it is heard on %u chips "
                 "(%s)%s%s%s",
                 d2_source_name(&r->d->arena, &r->rows, source), need, D2_SRAM, chips, list.data,
                 need - host > chips ? ", with several tags where one isn't free" : "",
                 host ? ", and its spikes are wanted" : "",
                 n > 1 ? arena_printf(&r->d->arena, " (and %u more need too many)", n - 1) : "");
    const struct net_connection *c = widest(r, source);
    if (c)
        diag_label(r->d, g, c->span, "by which it is heard on most chips");
    diag_hint(r->d, g, "drop %u chip%s%s%s", need - D2_SRAM, need - D2_SRAM == 1 ? "" : "s",
              host ? ", or leave it out of `output` and `record`" : "",
              !r->o->split && chips + host > D2_SRAM && d2_fan_out_helps(r->n)
                  ? ", or add helper neurons: `--split`"
                  : "");
    buf_free(&list);
    return false;
}

static bool fill_neuron(const struct d2_route *r, uint32_t neuron, uint16_t host_tag)
{
    uint32_t source = r->rows.n_channels + neuron, s = r->same[source], n = 0;
    bool host = host_tag != NO_HOST;
    struct board_sram sram[D2_SRAM];
    if (host)
        sram[n++] = (struct board_sram){host_tag, 0, D2_ALL_CORES, D2_HOST_HOP, D2_HOST_HOP};
    for (uint32_t k = r->first_link[s]; k < r->first_link[s + 1]; k++, n++) {
        const struct d2_link *l = &r->link[k];
        int x, y;
        if (!hops_to(r, source, l->chip, &x, &y))
            return false;
        sram[n] = (struct board_sram){l->tag, (uint8_t)n, l->cores, (int8_t)x, (int8_t)y};
    }
    struct board_neuron *at = r->sites.at[neuron].neuron;
    at->sram.data = ARENA_ARRAY(r->n->arena, struct board_sram, n);
    at->sram.n = at->sram.cap = n;
    memcpy(at->sram.data, sram, n * sizeof *sram);
    return true;
}

bool d2_route_sram(struct d2_route *r, struct target_report *report)
{
    struct host h = {.r = r, .tag = ARENA_ARRAY(r->a, uint16_t, r->rows.n_cells)};
    h.used = arena_alloc(r->a, r->grid.columns * sizeof *h.used);
    memset(h.tag, 0xff, r->rows.n_cells * sizeof *h.tag);
    h.wanted = d2_wanted_layers(r->a, r->n);
    take_by_hand(&h);
    choose_tags(&h, true);
    choose_tags(&h, false);
    if (!check_wanted(&h))
        return false;
    tell_silent(&h);
    uint32_t n_host = 0, n_over = 0, worst = 0, most = D2_SRAM;
    for (uint32_t i = 0; i < r->rows.n_cells; i++) {
        uint32_t need = n_links(r, i) + (h.tag[i] != NO_HOST);
        n_host += h.tag[i] != NO_HOST;
        if ((r->sites.at[i].neuron->given & BOARD_SRAM) || need <= D2_SRAM)
            continue;
        n_over++;
        worst = need > most ? i : worst;
        most = need > most ? need : most;
    }
    if (n_over > 0)
        return too_many(r, worst, n_over, h.tag[worst] != NO_HOST);
    for (uint32_t i = 0; i < r->rows.n_cells; i++) {
        if (!(r->sites.at[i].neuron->given & BOARD_SRAM) && !fill_neuron(r, i, h.tag[i]))
            return false;
    }
    buf_printf(&report->text, "route: %u of %u neurons speak to the host\n", n_host,
               r->rows.n_cells);
    return true;
}

bool d2_route_inputs(struct d2_route *r)
{
    struct board *b = r->n->board, all = {0};
    uint32_t s = 0;
    for (uint32_t i = 0; i < r->n->input.n; i++) {
        for (uint32_t ch = 0; ch < r->n->input.data[i].n; ch++, s++) {
            uint32_t first = r->first_link[r->same[s]], n = r->first_link[r->same[s] + 1] - first;
            if (r->by_hand[s]) {
                VEC_PUSH(r->n->arena, &all.input, *r->by_hand[s]);
                continue;
            }
            if (n == 0)
                continue;
            struct board_input *x = VEC_ADD(r->n->arena, &all.input);
            *x = (struct board_input){.input = i, .channel = ch};
            for (uint32_t k = 0; k < n; k++) {
                const struct d2_link *l = &r->link[first + k];
                int hx, hy;
                if (!hops_to(r, s, l->chip, &hx, &hy))
                    return false;
                VEC_PUSH(r->n->arena, &x->to,
                         ((struct board_destination){l->tag, l->cores, (int8_t)hx, (int8_t)hy}));
            }
        }
    }
    memcpy(&b->input, &all.input, sizeof b->input);
    return true;
}
