/* Pass `assign`: every layer gets a core. Result: a place for each in the board section. */
#include "targets/speck/assign.h"
#include "targets/speck/passes.h"
#include "targets/speck/reasons.h"

/* What the board section has given a layer by hand; NULL: nothing. */
static const struct board_place *given(const struct net *n, uint32_t layer)
{
    for (uint32_t i = 0; n->board && i < n->board->place.n; i++)
        if (n->board->place.data[i].layer == layer)
            return &n->board->place.data[i];
    return NULL;
}

static void put_cores(struct buf *b, uint32_t cores)
{
    uint32_t n = 0;
    for (uint32_t k = 0; k < SPECK_CORES; k++)
        if (cores >> k & 1)
            buf_printf(b, "%s%u", n++ ? ", " : "", k);
}

static bool hand_is_wrong(const struct net *n, uint32_t layer, const struct board_place *p,
                          const struct speck_layer *l, uint32_t candidates, struct diags *d)
{
    const struct speck_memory need = speck_need(l), *have = &speck_core[p->core];
    struct arena scratch = {0};
    struct buf b = {0};
    put_cores(&b, candidates);
    struct diag *g = diag_add(d, E0601, p->span,
                              "layer `%s` doesn't fit core %u: it needs %u words for kernels, %u "
                              "for neurons, %u for biases, and there are %u, %u and %u",
                              n->layer.data[layer].name, p->core, need.kernel, need.neuron,
                              need.bias, have->kernel, have->neuron, have->bias);
    const char *ways = speck_ways_to_fit(&scratch, l, 1u << p->core);
    if (ways)
        diag_hint(d, g, "it fits core %s; core %u would do %s", b.data, p->core, ways);
    else
        diag_hint(d, g, "it fits core %s", b.data);
    buf_free(&b);
    arena_free(&scratch);
    return false;
}

/* The cores that can hold a layer; false: reported. */
static bool candidates_of(const struct net *n, uint32_t layer, uint32_t *out, struct diags *d)
{
    struct arena scratch = {0};
    struct speck_use use;
    const struct board_place *p = given(n, layer);
    bool ok = speck_use_of(&scratch, n, layer, &use, d) && speck_tell_fit(n, layer, &use.layer, d);
    if (ok) {
        *out = speck_candidates(speck_need(&use.layer));
        if (p && !(*out >> p->core & 1))
            ok = hand_is_wrong(n, layer, p, &use.layer, *out, d);
        else if (p)
            *out = 1u << p->core;
    }
    arena_free(&scratch);
    return ok;
}

/* How one of the layers would fit a core that isn't among `cores`. */
static void tell_way_out(struct arena *a, const struct net *n, const uint32_t *layer,
                         uint32_t count, uint32_t cores, struct diags *d, struct diag *g)
{
    for (uint32_t i = 0; i < count; i++) {
        struct speck_use use;
        if (given(n, layer[i]) || !speck_use_of(a, n, layer[i], &use, NULL))
            continue;
        const char *ways = speck_ways_to_fit(a, &use.layer, SPECK_ALL_CORES & ~cores);
        if (!ways)
            continue;
        diag_hint(d, g, "`%s` would fit another core %s", n->layer.data[layer[i]].name, ways);
        return;
    }
}

/* Layers that have fewer cores in common than they are. */
static void tell_shortage(struct arena *a, const struct net *n, const uint32_t *candidates,
                          struct diags *d)
{
    uint32_t cores, *layer = ARENA_ARRAY(a, uint32_t, n->layer.n);
    uint32_t short_of = speck_shortage(n->layer.n, candidates, layer, &cores);
    struct buf names = {0}, list = {0};
    for (uint32_t i = 0; i < short_of; i++)
        buf_printf(&names, "%s`%s`",
                   i == 0              ? ""
                   : i + 1 == short_of ? " and "
                                       : ", ",
                   n->layer.data[layer[i]].name);
    put_cores(&list, cores);
    struct diag *g = diag_add(d, E0601, n->layer.data[layer[0]].span,
                              "layers %s, %u of them, fit only these cores: %s", names.data,
                              short_of, list.data);
    for (uint32_t i = 0; i < short_of; i++) {
        const struct board_place *p = given(n, layer[i]);
        if (p)
            diag_label(d, g, p->span, "`%s` was placed by hand", n->layer.data[layer[i]].name);
        else if (i > 0)
            diag_label(d, g, n->layer.data[layer[i]].span, "`%s`", n->layer.data[layer[i]].name);
    }
    if (n->layer.n > SPECK_CORES)
        diag_hint(d, g, "the chip has %d cores, one layer each", SPECK_CORES);
    else
        tell_way_out(a, n, layer, short_of, cores, d, g);
    buf_free(&names);
    buf_free(&list);
}

static void set_places(struct net *n, const char *target, const int8_t *core)
{
    if (!n->board || strcmp(n->board->target, target) != 0) {
        n->board = ARENA_NEW(n->arena, struct board);
        *n->board = (struct board){.target = target, .gain = 1, .span = n->span};
    }
    n->board->place.n = 0;
    for (uint32_t i = 0; i < n->layer.n; i++)
        VEC_PUSH(n->arena, &n->board->place,
                 ((struct board_place){.layer = i,
                                       .count = n->layer.data[i].n,
                                       .core = (uint32_t)core[i],
                                       .span = n->layer.data[i].span}));
}

static bool assign(struct net *n, enum speck_chip chip, struct target_report *r, struct diags *d)
{
    struct arena scratch = {0};
    uint32_t *candidates = ARENA_ARRAY(&scratch, uint32_t, n->layer.n);
    int8_t *core = ARENA_ARRAY(&scratch, int8_t, n->layer.n);
    bool ok = true;
    if (n->board && strcmp(n->board->target, speck_name[chip]) != 0)
        n->board = NULL; /* another chip's */
    for (uint32_t i = 0; i < n->layer.n; i++)
        ok = candidates_of(n, i, &candidates[i], d) && ok;
    if (ok && !speck_assign(n->layer.n, candidates, core)) {
        tell_shortage(&scratch, n, candidates, d);
        ok = false;
    }
    if (ok)
        set_places(n, speck_name[chip], core);
    for (uint32_t i = 0; ok && i < n->layer.n; i++)
        buf_printf(&r->text, "assign: %s: core %d\n", n->layer.data[i].name, core[i]);
    arena_free(&scratch);
    return ok;
}

bool speck_assign_2e(struct net *n, const struct target_options *o, struct target_report *r,
                     struct diags *d)
{
    (void)o;
    return assign(n, SPECK_2E, r, d);
}

bool speck_assign_2f(struct net *n, const struct target_options *o, struct target_report *r,
                     struct diags *d)
{
    (void)o;
    return assign(n, SPECK_2F, r, d);
}
