/* Events find their way by tags: a source sends its tag to cores, where every neuron whose CAM
 * holds the tag takes it. So a tag is unique among the sources that reach a core. A source has one
 * SRAM entry (a neuron) or destination (a channel) for each chip where it is heard, and there its
 * own tag. The steps: sources and those that are alike (route_sources.c), tags (route_tags.c), CAM
 * (route_cam.c), SRAM and the host (route_sram.c), latches and outputs (here); then all of it is
 * read back (route_verify.c). */
#include "targets/dynapse2/route.h"

/* A current flows where the network wants one, or hands gave the core one. */
static bool flows(const struct board_core *c, const struct net_layer *l, uint32_t param,
                  uint32_t element)
{
    const struct model_param *m = &l->model->param.data[param];
    bool on = d2_value(&l->param[param], element) > 0;
    for (uint32_t k = 0; k < m->on.n; k++) {
        const struct board_bias *given = board_find_bias(c, m->on.name[k]);
        on = on || (given && (given->coarse > 0 || given->fine > 0));
    }
    return on;
}

static void fill_latches(struct d2_route *r)
{
    for (uint32_t i = 0; i < r->rows.n_cells; i++) {
        struct board_neuron *x = r->sites.at[i].neuron;
        const struct net_layer *l = &r->n->layer.data[x->layer];
        for (uint32_t p = 0; p < l->model->param.n && !(x->given & BOARD_LATCH); p++) {
            const struct model_param *m = &l->model->param.data[p];
            const int latch = d2_is_bound(m) ? d2_latch_of(m) : -1;
            if (latch >= 0 && flows(r->sites.at[i].core, l, p, x->element))
                VEC_PUSH(r->n->arena, &x->latch, d2_latch_name[latch]);
        }
    }
}

static const struct board_output *find_output(const struct board *b, uint32_t layer)
{
    for (uint32_t i = 0; i < b->output.n; i++) {
        if (b->output.data[i].layer == layer)
            return &b->output.data[i];
    }
    return NULL;
}

static bool fill_outputs(struct d2_route *r)
{
    struct board *b = r->n->board, all = {0};
    bool ok = true;
    for (uint32_t i = 0; i < r->n->output.n; i++) {
        uint32_t layer = r->n->output.data[i];
        const struct board_output *given = find_output(b, layer);
        struct board_output *x = VEC_ADD(r->n->arena, &all.output);
        *x = (struct board_output){.layer = layer};
        for (uint32_t e = 0; e < r->n->layer.data[layer].n; e++) {
            struct d2_site at = r->sites.at[r->sites.first[layer] + e];
            struct board_address to = {at.core->chip, at.core->core, at.neuron->index};
            VEC_PUSH(r->n->arena, &x->at, to);
            if (ok && given &&
                (e >= given->at.n || memcmp(&given->at.data[e], &to, sizeof to) != 0)) {
                diag_add(r->d, E0406, given->span,
                         "the board section gives another address, but `%s` is chip %u core %u "
                         "neuron %u",
                         d2_neuron_name(&r->d->arena, r->n, layer, e), to.chip, to.core, to.neuron);
                ok = false;
            }
        }
        if (given)
            x->span = given->span;
    }
    for (uint32_t i = 0; i < b->output.n && ok; i++) {
        bool is_output = false;
        for (uint32_t k = 0; k < r->n->output.n; k++)
            is_output = is_output || r->n->output.data[k] == b->output.data[i].layer;
        if (!is_output) {
            diag_add(r->d, E0406, b->output.data[i].span, "`%s` is no output of the network",
                     r->n->layer.data[b->output.data[i].layer].name);
            ok = false;
        }
    }
    memcpy(&b->output, &all.output, sizeof b->output);
    return ok;
}

/* ---- the pass ---- */

bool d2_route(struct net *n, const struct target_options *o, struct target_report *r,
              struct diags *d)
{
    struct arena scratch = {0};
    struct d2_route x = {
        .n = n,
        .o = o,
        .d = d,
        .a = &scratch,
        .grid = d2_grid_of(n->board),
        .sites = d2_sites(&scratch, n),
    };
    bool ok = d2_route_sources(&x) && d2_route_tags(&x) && d2_route_cam(&x) &&
              d2_route_sram(&x, r) && d2_route_inputs(&x);
    if (ok) {
        fill_latches(&x);
        ok = fill_outputs(&x) && d2_route_verify(n, d);
        for (uint32_t i = 0; i < x.rows.n_cells; i++)
            x.sites.at[i].neuron->given = BOARD_ALL;
    }
    if (ok)
        buf_printf(&r->text, "route: %llu synapses\n",
                   (unsigned long long)x.first_in[x.rows.n_cells]);
    if (ok && x.n_shared)
        buf_printf(&r->text, "route: %u sources share the tags of others with equal weights\n",
                   x.n_shared);
    arena_free(&scratch);
    return ok;
}
