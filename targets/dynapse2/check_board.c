/* The board section as a whole: numbers in range, nothing twice. */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/profile.h"
#include <stdlib.h>

static bool wrong(struct diags *d, struct span at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool wrong(struct diags *d, struct span at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(d, E0406, at, "%s", arena_vprintf(&d->arena, fmt, ap));
    va_end(ap);
    return false;
}

static bool no_name(struct diags *d, struct span at, const char *what, const char *name,
                    const char *near)
{
    struct diag *g = diag_add(d, E0406, at, "DYNAP-SE2 has no %s `%s`", what, name);
    if (near)
        diag_hint(d, g, "did you mean `%s`?", near);
    return false;
}

static bool check_address(const struct board *b, uint32_t chip, uint32_t core, struct span at,
                          struct diags *d)
{
    uint32_t n_chips = d2_grid_chips(d2_grid_of(b));
    if (chip >= n_chips)
        return wrong(d, at, "chip %u: the board has chips 0 to %u", chip, n_chips - 1);
    if (core >= D2_CORES)
        return wrong(d, at, "core %u: a chip has cores 0 to %d", core, D2_CORES - 1);
    return true;
}

static bool check_index(uint32_t neuron, struct span at, struct diags *d)
{
    return neuron < D2_NEURONS ||
           wrong(d, at, "neuron %u: a core has neurons 0 to %d", neuron, D2_NEURONS - 1);
}

static bool check_destination(uint32_t tag, uint32_t cores, int x, int y, struct span at,
                              struct diags *d)
{
    if (tag >= D2_TAGS)
        return wrong(d, at, "tag %u: tags are 0 to %d", tag, D2_TAGS - 1);
    if (cores >> D2_CORES)
        return wrong(d, at, "a mask of more than %d cores", D2_CORES);
    if (abs(x) > D2_MAX_HOP || abs(y) > D2_MAX_HOP)
        return wrong(d, at, "hop [%d, %d]: hops are -%d to %d", x, y, D2_MAX_HOP, D2_MAX_HOP);
    return true;
}

static int by_cam_slot(const void *x, const void *y)
{
    return ((const struct board_cam *)x)->slot - ((const struct board_cam *)y)->slot;
}

static int by_sram_slot(const void *x, const void *y)
{
    return ((const struct board_sram *)x)->slot - ((const struct board_sram *)y)->slot;
}

static bool check_neuron(struct board_neuron *x, struct diags *d)
{
    bool ok = check_index(x->index, x->span, d);
    for (uint32_t i = 0; i < x->latch.n; i++) {
        if (d2_find_latch(x->latch.data[i]) < 0)
            ok = no_name(d, x->span, "latch", x->latch.data[i],
                         nearest_name(x->latch.data[i], d2_latch_name, D2_N_LATCHES));
    }
    if (x->cam.n > 1)
        qsort(x->cam.data, x->cam.n, sizeof *x->cam.data, by_cam_slot);
    if (x->sram.n > 1)
        qsort(x->sram.data, x->sram.n, sizeof *x->sram.data, by_sram_slot);
    for (uint32_t i = 0; i < x->cam.n; i++) {
        const struct board_cam *c = &x->cam.data[i];
        if (c->slot >= D2_CAM || (i > 0 && c->slot == c[-1].slot))
            ok = wrong(d, x->span, "cam %u: %s", c->slot,
                       c->slot >= D2_CAM ? "a neuron has entries 0 to 63" : "given twice");
        if (c->mask >= D2_MASKS)
            ok = wrong(d, x->span, "cam %u: a weight has %d bits", c->slot, D2_BASES);
        if (c->dendrite >= D2_N_DENDRITES)
            ok = wrong(d, x->span, "cam %u: no such dendrite", c->slot);
        ok = check_destination(c->tag, 0, 0, 0, x->span, d) && ok;
    }
    for (uint32_t i = 0; i < x->sram.n; i++) {
        const struct board_sram *s = &x->sram.data[i];
        if (s->slot >= D2_SRAM || (i > 0 && s->slot == s[-1].slot))
            ok = wrong(d, x->span, "sram %u: %s", s->slot,
                       s->slot >= D2_SRAM ? "a neuron has entries 0 to 3" : "given twice");
        ok = check_destination(s->tag, s->cores, s->x_hop, s->y_hop, x->span, d) && ok;
    }
    return ok;
}

static bool check_core(const struct board *b, struct board_core *c, struct diags *d)
{
    bool ok = check_address(b, c->chip, c->core, c->span, d);
    for (uint32_t i = 0; i < c->bias.n; i++) {
        struct board_bias *x = &c->bias.data[i];
        int p = d2_find_param(x->name);
        if (p < 0) {
            ok = no_name(d, x->span, "parameter", x->name, d2_nearest_param(x->name));
            continue;
        }
        x->name = d2_param[p].name; /* an alias becomes the name that is printed */
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(c->bias.data[k].name, x->name) != 0)
                continue;
            struct diag *g = diag_add(d, E0202, x->span, "bias `%s` is given twice", x->name);
            diag_label(d, g, c->bias.data[k].span, "given here");
            ok = false;
        }
        if (x->coarse >= D2_COARSE)
            ok = wrong(d, x->span, "`%s`: coarse is 0 to %d", x->name, D2_COARSE - 1);
    }
    for (uint32_t i = 0; i < c->neuron.n; i++)
        ok = check_neuron(&c->neuron.data[i], d) && ok;
    return ok;
}

static bool check_outputs(const struct board *b, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < b->output.n; i++) {
        const struct board_output *x = &b->output.data[i];
        for (uint32_t k = 0; k < x->at.n && ok; k++)
            ok = check_address(b, x->at.data[k].chip, x->at.data[k].core, x->span, d) &&
                 check_index(x->at.data[k].neuron, x->span, d);
    }
    return ok;
}

static bool check_profiles(const struct board *b, struct diags *d)
{
    bool ok = true;
    for (uint32_t i = 0; i < b->profile.n; i++)
        ok = check_address(b, b->profile.data[i].chip, 0, b->profile.data[i].span, d) && ok;
    return ok;
}

/* What is placed by hand on what is broken stays there: who writes it may know better. */
static void tell_broken(const struct board *b, const struct board_core *c, struct diags *d)
{
    for (uint32_t i = 0; i < c->neuron.n; i++) {
        const struct board_neuron *x = &c->neuron.data[i];
        if (d2_neuron_is_dead(b, c->chip, c->core, x->index))
            diag_add(d, W0655, x->span, "the profile says that chip %u core %u neuron %u is dead",
                     c->chip, c->core, x->index);
        uint32_t n_bad = 0, first = 0;
        for (uint32_t k = 0; k < x->cam.n; k++) {
            if (!d2_cam_is_bad(b, c->chip, c->core, x->index, x->cam.data[k].slot))
                continue;
            first = n_bad++ == 0 ? x->cam.data[k].slot : first;
        }
        if (n_bad > 0)
            diag_add(d, W0655, x->span,
                     "the profile says that CAM entry %u%s of chip %u core %u neuron %u is bad",
                     first,
                     n_bad > 1 ? arena_printf(&d->arena, ", as are %u others,", n_bad - 1) : "",
                     c->chip, c->core, x->index);
    }
}

/* Every neuron of the network at one place at most; there may be too many of them. */
static bool check_places(const struct net *n, struct diags *d)
{
    uint64_t total = 0;
    for (uint32_t l = 0; l < n->layer.n; l++)
        total += n->layer.data[l].n;
    if (total > d2_grid_chips(d2_grid_of(n->board)) * D2_CORES * D2_NEURONS)
        return true;
    struct arena scratch = {0};
    struct d2_sites s = d2_sites(&scratch, n);
    bool ok = true;
    for (uint32_t i = 0; i < n->board->core.n; i++) {
        const struct board_core *c = &n->board->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *x = &c->neuron.data[k];
            if (x->layer < 0 || s.at[s.first[x->layer] + x->element].neuron == x)
                continue;
            const char *name = d2_neuron_name(&d->arena, n, (uint32_t)x->layer, x->element);
            ok = wrong(d, x->span, "`%s` has two places on the board", name);
        }
    }
    arena_free(&scratch);
    return ok;
}

/* ---- what has no effect, or another one ---- */

static bool is_lost(const struct board *b, uint32_t chip, uint32_t cores, int x, int y)
{
    return cores != 0 && d2_hop_target(d2_grid_of(b), chip, x, y) == D2_OFF_BOARD;
}

static void tell_lost(const struct board *b, struct diags *d)
{
    for (uint32_t i = 0; i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        for (uint32_t k = 0; k < c->neuron.n; k++) {
            const struct board_neuron *x = &c->neuron.data[k];
            for (uint32_t j = 0; j < x->sram.n; j++) {
                const struct board_sram *s = &x->sram.data[j];
                if (is_lost(b, c->chip, s->cores, s->x_hop, s->y_hop))
                    diag_add(d, W0658, x->span,
                             "sram %u of chip %u core %u neuron %u leads off the board: hop "
                             "[%d, %d]",
                             s->slot, c->chip, c->core, x->index, s->x_hop, s->y_hop);
            }
        }
    }
    for (uint32_t i = 0; i < b->input.n; i++) {
        const struct board_input *x = &b->input.data[i];
        for (uint32_t k = 0; k < x->to.n; k++) {
            const struct board_destination *to = &x->to.data[k];
            if (is_lost(b, 0, to->cores, to->x_hop, to->y_hop))
                diag_add(d, W0658, x->span, "hop [%d, %d] from chip 0 leads off the board",
                         to->x_hop, to->y_hop);
        }
    }
}

/* The first core of those that have one value of the parameter together. */
static uint32_t owner_of(const struct board_core *c, uint32_t param)
{
    switch (d2_param[param].scope) {
    case D2_OF_PAIR:
    case D2_OF_SADC:
        return c->core / 2 * 2;
    case D2_OF_CHIP:
        return 0;
    default:
        return c->core;
    }
}

/* Cores that have a parameter together but are given different values. */
static void tell_shared(const struct board *b, struct diags *d)
{
    for (uint32_t i = 0; i < b->core.n; i++) {
        const struct board_core *c = &b->core.data[i];
        for (uint32_t k = 0; k < c->bias.n; k++) {
            const struct board_bias *x = &c->bias.data[k];
            uint32_t param = (uint32_t)d2_find_param(x->name), owner = owner_of(c, param);
            for (uint32_t j = i; j-- > 0 && b->core.data[j].chip == c->chip;) {
                const struct board_core *other = &b->core.data[j];
                const struct board_bias *y = board_find_bias(other, x->name);
                if (owner_of(other, param) != owner || !y ||
                    (y->coarse == x->coarse && y->fine == x->fine))
                    continue;
                struct diag *g = diag_add(
                    d, W0658, x->span,
                    "chip %u: cores %u and %u have one `%s` together: %u:%u and %u:%u are "
                    "given",
                    c->chip, other->core, c->core, x->name, y->coarse, y->fine, x->coarse, x->fine);
                diag_label(d, g, y->span, "the other one");
                break;
            }
        }
    }
}

bool d2_check_board(struct net *n, struct diags *d)
{
    struct board *b = n->board;
    if (b->columns > D2_MAX_SIDE || b->rows > D2_MAX_SIDE)
        return wrong(d, b->span, "a grid of %u x %u chips: hops reach over %d x %d", b->columns,
                     b->rows, D2_MAX_SIDE, D2_MAX_SIDE);
    bool ok = true;
    for (uint32_t i = 0; i < b->core.n; i++)
        ok = check_core(b, &b->core.data[i], d) && ok;
    for (uint32_t i = 0; i < b->place.n; i++) {
        const struct board_place *p = &b->place.data[i];
        ok = check_address(b, p->chip, p->core, p->span, d) && ok;
    }
    for (uint32_t i = 0; i < b->input.n; i++) {
        for (uint32_t k = 0; k < b->input.data[i].to.n; k++) {
            const struct board_destination *to = &b->input.data[i].to.data[k];
            ok = check_destination(to->tag, to->cores, to->x_hop, to->y_hop, b->input.data[i].span,
                                   d) &&
                 ok;
        }
    }
    ok = check_profiles(b, d) && ok;
    ok = check_outputs(b, d) && ok;
    for (uint32_t i = 0; ok && i < b->core.n; i++)
        tell_broken(b, &b->core.data[i], d);
    if (ok) {
        tell_lost(b, d);
        tell_shared(b, d);
    }
    return ok && check_places(n, d);
}
