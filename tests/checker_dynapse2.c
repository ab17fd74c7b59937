/* Places and entries: numbers in range, nothing twice, what is given by hand as it was given. */
#include "targets/dynapse2/profile.h"
#include "tests/checker_dynapse2_parts.h"
#include <math.h>
#include <stdlib.h>

enum { TOLD = 12 };

void checker_broken(struct checker *k, const char *fmt, ...)
{
    if (k->n_broken++ >= TOLD)
        return;
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(k->out, fmt, ap);
    va_end(ap);
    buf_putc(k->out, '\n');
}

const char *checker_name(struct checker *k, uint32_t neuron)
{
    uint32_t l = 0;
    while (l + 1 < k->asked->layer.n && k->first[l + 1] <= neuron)
        l++;
    return arena_printf(&k->a, "%s[%u]", k->asked->layer.data[l].name, neuron - k->first[l]);
}

double checker_value(const struct net_layer *l, const char *param, uint32_t element)
{
    int p = model_find_param(l->model, param);
    if (p < 0)
        return (double)NAN;
    return (double)l->param[p].v[l->param[p].uniform ? 0 : element];
}

/* ---- where neurons are ---- */

static bool in_network(const struct checker *k, int32_t layer, uint32_t element)
{
    return layer >= 0 && (uint32_t)layer < k->asked->layer.n &&
           element < k->asked->layer.data[layer].n;
}

static void find_neurons(struct checker *k)
{
    for (uint32_t i = 0; i < k->c->n_cores; i++) {
        const struct d2_core *core = &k->c->core[i];
        for (uint32_t j = 0; j < core->n_neurons; j++) {
            const struct d2_neuron *x = &core->neuron[j];
            if (x->group < 0)
                continue;
            if (!in_network(k, x->group, x->element)) {
                checker_broken(k, "chip %u core %u neuron %u is none of the network", core->chip,
                               core->core, x->index);
                continue;
            }
            struct checked_neuron *n = &k->neuron[k->first[x->group] + x->element];
            if (n->neuron)
                checker_broken(k, "%s is on the board twice",
                               checker_name(k, k->first[x->group] + x->element));
            n->core = core;
            n->neuron = x;
        }
    }
    for (uint32_t i = 0; i < k->n_neurons; i++) {
        if (!k->neuron[i].neuron)
            checker_broken(k, "%s isn't on the board", checker_name(k, i));
    }
}

static void check_cores(struct checker *k)
{
    bool seen[D2_MAX_CHIPS * 4] = {false};
    uint32_t columns = k->board->columns ? k->board->columns : 4;
    uint32_t rows = k->board->columns ? k->board->rows : 1;
    if (k->c->grid.columns != columns || k->c->grid.rows != rows)
        checker_broken(k, "a grid of %u x %u", k->c->grid.columns, k->c->grid.rows);
    for (uint32_t i = 0; i < k->c->n_cores; i++) {
        const struct d2_core *core = &k->c->core[i];
        if (core->chip >= columns * rows || core->core > 3) {
            checker_broken(k, "there is no chip %u core %u", core->chip, core->core);
            continue;
        }
        if (seen[core->chip * 4 + core->core])
            checker_broken(k, "chip %u core %u is given twice", core->chip, core->core);
        seen[core->chip * 4 + core->core] = true;
        bool used[256] = {false};
        for (uint32_t j = 0; j < core->n_neurons; j++) {
            uint32_t index = core->neuron[j].index;
            if (index > 255 || used[index])
                checker_broken(k, "chip %u core %u: index %u", core->chip, core->core, index);
            else
                used[index] = true;
        }
    }
}

/* ---- entries of a neuron ---- */

static void check_entries(struct checker *k, const struct d2_core *core, const struct d2_neuron *x)
{
    const char *at =
        arena_printf(&k->a, "chip %u core %u neuron %u", core->chip, core->core, x->index);
    uint64_t slots = 0;
    for (uint32_t i = 0; i < x->n_cam; i++) {
        const struct d2_cam *m = &x->cam[i];
        if (m->slot > 63 || slots >> m->slot & 1)
            checker_broken(k, "%s: CAM entry %u", at, m->slot);
        slots |= (uint64_t)1 << m->slot % 64;
        if (m->tag > 2047 || m->mask > 15 || m->dendrite > 4)
            checker_broken(k, "%s: CAM entry %u: tag %u, weight %u, dendrite %u", at, m->slot,
                           m->tag, m->mask, m->dendrite);
    }
    slots = 0;
    for (uint32_t i = 0; i < x->n_sram; i++) {
        const struct d2_sram *s = &x->sram[i];
        if (s->slot > 3 || slots >> s->slot & 1)
            checker_broken(k, "%s: SRAM entry %u", at, s->slot);
        slots |= (uint64_t)1 << s->slot % 64;
        if (s->to.tag > 2047 || s->to.cores > 15 || abs(s->to.x_hop) > 7 || abs(s->to.y_hop) > 7)
            checker_broken(k, "%s: SRAM entry %u: tag %u, cores %u, hop [%d, %d]", at, s->slot,
                           s->to.tag, s->to.cores, s->to.x_hop, s->to.y_hop);
    }
}

/* Neither dead neurons nor bad entries are used, unless by hand. */
static void check_profile(struct checker *k, uint32_t neuron)
{
    const struct checked_neuron *n = &k->neuron[neuron];
    uint32_t chip = n->core->chip, core = n->core->core, index = n->neuron->index;
    if (!n->hand && d2_neuron_is_dead(k->board, chip, core, index))
        checker_broken(k, "%s is on chip %u core %u neuron %u, which is dead",
                       checker_name(k, neuron), chip, core, index);
    for (uint32_t i = 0; i < n->neuron->n_cam && !checker_is_by_hand(k, neuron, BOARD_CAM); i++) {
        if (d2_cam_is_bad(k->board, chip, core, index, n->neuron->cam[i].slot))
            checker_broken(k, "%s uses CAM entry %u, which is bad", checker_name(k, neuron),
                           n->neuron->cam[i].slot);
    }
}

/* ---- what is given by hand ---- */

static const struct d2_core *find_core(const struct checker *k, uint32_t chip, uint32_t core)
{
    for (uint32_t i = 0; i < k->c->n_cores; i++) {
        if (k->c->core[i].chip == chip && k->c->core[i].core == core)
            return &k->c->core[i];
    }
    return NULL;
}

static const struct d2_neuron *find_index(const struct d2_core *c, uint32_t index)
{
    for (uint32_t i = 0; i < c->n_neurons; i++) {
        if (c->neuron[i].index == index)
            return &c->neuron[i];
    }
    return NULL;
}

static bool has_cam(const struct d2_neuron *x, const struct board_cam *want)
{
    for (uint32_t i = 0; i < x->n_cam; i++) {
        if (x->cam[i].slot == want->slot)
            return x->cam[i].tag == want->tag && x->cam[i].mask == want->mask &&
                   x->cam[i].dendrite == want->dendrite;
    }
    return false;
}

static bool has_sram(const struct d2_neuron *x, const struct board_sram *want)
{
    for (uint32_t i = 0; i < x->n_sram; i++) {
        const struct d2_destination *to = &x->sram[i].to;
        if (x->sram[i].slot == want->slot)
            return to->tag == want->tag && to->cores == want->cores && to->x_hop == want->x_hop &&
                   to->y_hop == want->y_hop;
    }
    return false;
}

static void check_hand_neuron(struct checker *k, const struct board_core *core,
                              const struct board_neuron *want, const struct d2_neuron *got)
{
    const char *at =
        arena_printf(&k->a, "chip %u core %u neuron %u", core->chip, core->core, want->index);
    if (!got || got->group != want->layer || (want->layer >= 0 && got->element != want->element)) {
        checker_broken(k, "%s isn't what was given by hand", at);
        return;
    }
    bool same = (!(want->given & BOARD_CAM) || got->n_cam == want->cam.n) &&
                (!(want->given & BOARD_SRAM) || got->n_sram == want->sram.n);
    for (uint32_t i = 0; i < want->cam.n; i++)
        same = same && has_cam(got, &want->cam.data[i]);
    for (uint32_t i = 0; i < want->sram.n; i++)
        same = same && has_sram(got, &want->sram.data[i]);
    uint32_t latches = 0;
    for (uint32_t i = 0; i < want->latch.n; i++)
        latches |= 1u << d2_find_latch(want->latch.data[i]);
    if (!same || ((want->given & BOARD_LATCH) && got->latches != latches))
        checker_broken(k, "%s hasn't the entries that were given by hand", at);
}

static void check_hand_core(struct checker *k, const struct board_core *want)
{
    const struct d2_core *got = find_core(k, want->chip, want->core);
    if (!got) {
        if (want->bias.n + want->neuron.n > 0)
            checker_broken(k, "chip %u core %u, given by hand, is missing", want->chip, want->core);
        return;
    }
    for (uint32_t i = 0; i < want->bias.n; i++) {
        const struct board_bias *b = &want->bias.data[i];
        int p = d2_find_param(b->name);
        if (!got->given[p] || got->code[p].coarse != b->coarse || got->code[p].fine != b->fine)
            checker_broken(k, "chip %u core %u: %s was %u:%u by hand", want->chip, want->core,
                           b->name, b->coarse, b->fine);
    }
    for (uint32_t i = 0; i < want->neuron.n; i++)
        check_hand_neuron(k, want, &want->neuron.data[i],
                          find_index(got, want->neuron.data[i].index));
}

static bool same_destinations(const struct d2_channel *got, const struct board_input *want)
{
    if (got->n != want->to.n)
        return false;
    for (uint32_t i = 0; i < got->n; i++) {
        const struct board_destination *to = &want->to.data[i];
        if (got->to[i].tag != to->tag || got->to[i].cores != to->cores ||
            got->to[i].x_hop != to->x_hop || got->to[i].y_hop != to->y_hop)
            return false;
    }
    return true;
}

static void check_hand(struct checker *k)
{
    const struct board *b = k->board;
    if (!b->gain_auto && k->c->gain != b->gain)
        checker_broken(k, "gain %g, by hand %g", k->c->gain, b->gain);
    for (uint32_t i = 0; i < b->core.n; i++)
        check_hand_core(k, &b->core.data[i]);
    for (uint32_t i = 0; i < b->input.n; i++) {
        const struct board_input *x = &b->input.data[i];
        if (!same_destinations(&k->c->input[x->input].channel[x->channel], x))
            checker_broken(k, "input %u channel %u isn't as given by hand", x->input, x->channel);
    }
    for (uint32_t i = 0; i < b->place.n; i++) {
        const struct board_place *p = &b->place.data[i];
        for (uint32_t e = p->first; e < p->first + p->count; e++) {
            const struct checked_neuron *n = &k->neuron[k->first[p->layer] + e];
            if (n->core->chip != p->chip || n->core->core != p->core)
                checker_broken(k, "%s isn't where it was to be placed",
                               checker_name(k, k->first[p->layer] + e));
        }
    }
    for (uint32_t i = 0; i < b->output.n; i++) {
        const struct board_output *x = &b->output.data[i];
        for (uint32_t e = 0; e < x->at.n; e++) {
            const struct checked_neuron *n = &k->neuron[k->first[x->layer] + e];
            if (n->core->chip != x->at.data[e].chip || n->core->core != x->at.data[e].core ||
                n->neuron->index != x->at.data[e].neuron)
                checker_broken(k, "%s isn't where `output` says",
                               checker_name(k, k->first[x->layer] + e));
        }
    }
}

/* ---- all of it ---- */

static void begin(struct checker *k)
{
    k->first = ARENA_ARRAY(&k->a, uint32_t, k->asked->layer.n + 1);
    k->first_channel = ARENA_ARRAY(&k->a, uint32_t, k->asked->input.n + 1);
    for (uint32_t i = 0; i < k->asked->layer.n; i++) {
        k->first[i] = k->n_neurons;
        k->n_neurons += k->asked->layer.data[i].n;
    }
    for (uint32_t i = 0; i < k->asked->input.n; i++) {
        k->first_channel[i] = k->n_channels;
        k->n_channels += k->asked->input.data[i].n;
    }
    k->neuron = ARENA_ARRAY(&k->a, struct checked_neuron, k->n_neurons);
    for (uint32_t i = 0; i < k->board->core.n; i++) {
        const struct board_core *c = &k->board->core.data[i];
        for (uint32_t j = 0; j < c->neuron.n; j++) {
            const struct board_neuron *x = &c->neuron.data[j];
            if (x->layer >= 0)
                k->neuron[k->first[x->layer] + x->element].hand = x;
        }
    }
}

static bool same_counts(struct checker *k)
{
    bool same = k->c->n_groups == k->asked->layer.n && k->c->n_inputs == k->asked->input.n;
    for (uint32_t i = 0; same && i < k->c->n_inputs; i++)
        same = k->c->input[i].n == k->asked->input.data[i].n;
    if (!same)
        checker_broken(k, "other layers or inputs than the network's");
    return same;
}

uint32_t checker_dynapse2(const struct net *asked, const struct d2_config *c, struct buf *out,
                          struct checker_counts *counts)
{
    static const struct board none = {.target = "dynapse2", .gain = 1};
    *counts = (struct checker_counts){0};
    struct checker k = {.asked = asked,
                        .board = asked->board ? asked->board : &none,
                        .c = c,
                        .counts = counts,
                        .out = out};
    begin(&k);
    if (same_counts(&k)) {
        check_cores(&k);
        find_neurons(&k);
    }
    if (k.n_broken == 0) {
        for (uint32_t i = 0; i < c->n_cores; i++) {
            for (uint32_t j = 0; j < c->core[i].n_neurons; j++)
                check_entries(&k, &c->core[i], &c->core[i].neuron[j]);
        }
    }
    if (k.n_broken == 0) { /* what follows relies on it */
        for (uint32_t i = 0; i < k.n_neurons; i++)
            check_profile(&k, i);
        check_hand(&k);
        checker_currents(&k);
        checker_events(&k);
    }
    if (k.n_broken > TOLD)
        buf_printf(out, "and %u more\n", k.n_broken - TOLD);
    arena_free(&k.a);
    return k.n_broken;
}
