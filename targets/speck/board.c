/* The board section: read from a source, and made from an image. */
#include "targets/speck/passes.h"

#include <math.h>

static bool is_wrong(struct diags *d, struct span at, const char *what)
{
    diag_add(d, E0406, at, "%s", what);
    return false;
}

static bool check_place(const struct net *n, uint32_t i, struct diags *d)
{
    const struct board_place *p = &n->board->place.data[i];
    const struct net_layer *l = &n->layer.data[p->layer];
    if (p->chip != 0)
        return is_wrong(d, p->span, "a Speck is one chip, number 0");
    if (p->core >= SPECK_CORES)
        return is_wrong(d, p->span, "a Speck has cores 0 to 8");
    if (p->count != l->n)
        return is_wrong(d, p->span, "a core has whole layers");
    for (uint32_t k = 0; k < i; k++) {
        const struct board_place *q = &n->board->place.data[k];
        if (q->layer != p->layer && q->core != p->core)
            continue;
        struct diag *g = diag_add(d, E0406, p->span,
                                  q->layer == p->layer ? "layer `%s` is placed twice"
                                                       : "`%s` is on a core that is taken",
                                  l->name);
        diag_label(d, g, q->span, "placed here");
        return false;
    }
    return true;
}

bool speck_check_board(struct net *n, struct diags *d)
{
    const struct board *b = n->board;
    if (b->columns || b->gain_auto || b->gain != 1 || b->profile.n || b->core.n || b->input.n ||
        b->output.n)
        return is_wrong(d, b->span,
                        "a Speck's board section has places only: `place L on core K;`");
    bool ok = true;
    for (uint32_t i = 0; i < b->place.n; i++)
        ok = check_place(n, i, d) && ok;
    return ok;
}

bool speck_raise_board(struct net *n, const struct image *im, struct diags *d)
{
    struct arena scratch = {0};
    struct speck_config c;
    struct speck_maps m;
    bool ok = speck_config_read(&scratch, im, &c, &m, d);
    if (ok) {
        n->board = ARENA_NEW(n->arena, struct board);
        *n->board = (struct board){.target = speck_name[c.chip], .gain = 1};
    }
    for (uint32_t i = 0; ok && i < m.n_layers && i < n->layer.n; i++) {
        n->layer.data[i].scale = m.layer[i].scale;
        VEC_PUSH(n->arena, &n->board->place,
                 ((struct board_place){
                     .layer = i, .count = n->layer.data[i].n, .core = m.layer[i].core}));
    }
    arena_free(&scratch);
    return ok;
}

/* The lowest state stands for no bound. */
float speck_undo_scale(const struct model *m, uint32_t param, float value, double scale)
{
    const struct speck_params p = speck_params_of(m);
    if (param == p.v_min && value == SPECK_MIN_STATE)
        return -INFINITY;
    return param == p.v_min || param == p.threshold ? (float)((double)value / scale) : value;
}
