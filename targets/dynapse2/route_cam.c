/* What each neuron hears: its CAM entries, in ascending order of the sources. Sources that share a
 * tag share the entry: each of its events is one of the entry, whoever sent it. So where a neuron
 * has too few entries, those of its sources that are alike share tags. */
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/route.h"
#include <math.h>

/* A neuron that needs more CAM entries than it has, of those of its layer the one that lacks most.
 */
struct crowded {
    uint32_t layer, element, need, have;
    uint32_t n; /* neurons of the layer that need too many */
};

struct cam_pass {
    struct d2_route *r;
    struct d2_scale *scale; /* of each receptor of the layer in hand; v is NULL until used */
    struct crowded worst;   /* of the layer in hand */
};

/* The weights that single masks make in the core in hand, at the last scale met there. */
struct made {
    double base[D2_BASES], iscale;
    float weight[D2_MASKS];
};

static void make_weights(struct made *m, double iscale)
{
    m->iscale = iscale;
    for (uint8_t k = 1; k < D2_MASKS; k++)
        m->weight[k] = d2_decode_weight(m->base, &k, 1, iscale);
}

static uint32_t find_masks(struct made *m, float weight, double iscale, uint8_t mask[2])
{
    if (iscale != m->iscale)
        make_weights(m, iscale);
    for (uint8_t k = 1; k < D2_MASKS; k++) {
        if (m->weight[k] == fabsf(weight)) {
            mask[0] = k;
            return 1;
        }
    }
    return d2_masks_of(m->base, weight, iscale, mask);
}

static bool no_link(const struct d2_route *r, const struct d2_incoming *in, struct d2_site at,
                    const char *name)
{
    struct span span = d2_is_channel(&r->rows, in->source)
                           ? r->by_hand[in->source]->span
                           : r->sites.at[in->source - r->rows.n_channels].neuron->span;
    struct diag *g = diag_add(
        r->d, E0406, span, "`%s` doesn't reach chip %u core %u, where it feeds `%s`",
        d2_source_name(&r->d->arena, &r->rows, in->source), at.core->chip, at.core->core, name);
    diag_hint(r->d, g, "place `%s` where it goes, or leave its destinations out: they are computed",
              name);
    return false;
}

struct made_entry { /* which synapse a CAM entry is of */
    uint32_t source, receptor;
    float weight;
};

/* Whether the n entries have those of another source that are the synapse already, because hands
 * gave both the tag. */
static bool is_made(const struct d2_route *r, const struct board_cam *cam,
                    const struct made_entry *of, uint32_t n, uint16_t tag,
                    const struct made_entry *synapse)
{
    bool made = false;
    for (uint32_t i = 0; i < n && !made && d2_is_by_hand(r, synapse->source); i++)
        made = cam[i].tag == tag && of[i].source != synapse->source &&
               of[i].receptor == synapse->receptor && of[i].weight == synapse->weight;
    return made;
}

/* Its entries, if it has enough; else `worst` counts it, and *few. */
static bool cam_entries(struct cam_pass *p, uint32_t layer, uint32_t element, bool *few)
{
    struct d2_route *r = p->r;
    uint32_t neuron = r->sites.first[layer] + element, need = 0, slot = 0, n = 0;
    struct d2_site at = r->sites.at[neuron];
    uint64_t bad = d2_bad_cam(r->n->board, at.core->chip, at.core->core, at.neuron->index);
    struct board_cam cam[D2_CAM];
    struct made_entry of[D2_CAM];
    struct made made = {0};
    d2_core_bases(at.core, made.base);
    for (uint64_t i = r->first_in[neuron]; i < r->first_in[neuron + 1]; i++) {
        const struct d2_incoming *in = &r->in[i];
        if (r->same[in->source] != in->source)
            continue; /* the other one's entry is its entry */
        uint32_t receptor = r->n->connection.data[in->connection].receptor;
        const struct model_receptor *rec = &r->n->layer.data[layer].model->receptor.data[receptor];
        if (!p->scale[receptor].v)
            d2_receptor_scale(r->a, r->n, layer, receptor, &p->scale[receptor]);
        double scale = d2_scale_of(&p->scale[receptor], element) * r->n->board->gain;
        uint8_t mask[2];
        uint32_t n_masks = find_masks(&made, in->weight, scale, mask);
        if (n_masks == 0) {
            diag_add(r->d, E0999, r->n->connection.data[in->connection].span,
                     "weight %g of `%s` isn't made of base currents", (double)in->weight,
                     d2_neuron_name(&r->d->arena, r->n, layer, element));
            return false;
        }
        const struct d2_link *link = d2_find_link(r, in->source, at.core->chip, at.core->core);
        if (!link)
            return no_link(r, in, at, d2_neuron_name(&r->d->arena, r->n, layer, element));
        const struct made_entry synapse = {in->source, receptor, in->weight};
        if (is_made(r, cam, of, n, link->tag, &synapse))
            continue;
        uint32_t side = in->weight < 0 && rec->on.n > 1;
        uint8_t dendrite = (uint8_t)d2_find_dendrite(rec->on.name[side]);
        for (uint32_t k = 0; k < n_masks; k++, need++, slot++) {
            while (slot < D2_CAM && bad >> slot & 1)
                slot++;
            if (slot < D2_CAM) {
                cam[n] = (struct board_cam){link->tag, (uint8_t)slot, mask[k], dendrite};
                of[n++] = synapse;
            }
        }
    }
    uint32_t have = d2_usable_cam(r->n->board, at.core->chip, at.core->core, at.neuron->index);
    *few = need > have;
    if (*few) {
        struct crowded *w = &p->worst;
        if (w->n == 0 || need - have > w->need - w->have)
            *w = (struct crowded){layer, element, need, have, w->n};
        w->n++;
        return true;
    }
    at.neuron->cam.data = ARENA_ARRAY(r->n->arena, struct board_cam, need);
    at.neuron->cam.n = at.neuron->cam.cap = need;
    memcpy(at.neuron->cam.data, cam, need * sizeof *cam);
    return true;
}

/* The entries of all neurons; the worst of each layer, and which have too few, by hand or not. */
static bool fill_cam(struct d2_route *r, struct crowded *worst, bool *few)
{
    for (uint32_t l = 0; l < r->n->layer.n; l++) {
        uint32_t n_receptors = r->n->layer.data[l].model->receptor.n;
        struct cam_pass p = {r, ARENA_ARRAY(r->a, struct d2_scale, n_receptors), {0}};
        for (uint32_t e = 0; e < r->n->layer.data[l].n; e++) {
            uint32_t neuron = r->sites.first[l] + e;
            const struct board_neuron *x = r->sites.at[neuron].neuron;
            if (x->given & BOARD_CAM)
                few[neuron] = r->first_in[neuron + 1] - r->first_in[neuron] > x->cam.n;
            else if (!cam_entries(&p, l, e, &few[neuron]))
                return false;
        }
        worst[l] = p.worst;
    }
    return true;
}

/* ---- too few entries ---- */

/* Usable neurons of the board with so many usable CAM entries. */
static uint32_t count_neurons(const struct board *b, uint32_t cam)
{
    uint32_t n = 0;
    for (uint32_t home = 0; home < d2_grid_chips(d2_grid_of(b)) * D2_CORES; home++) {
        uint32_t chip = home / D2_CORES, core = home % D2_CORES;
        for (uint32_t i = 0; i < D2_NEURONS; i++)
            n += !d2_neuron_is_dead(b, chip, core, i) && d2_usable_cam(b, chip, core, i) >= cam;
    }
    return n;
}

/* The connection that most of the neuron's entries come from. (Those of equal ends are joined, so
 * its place is that of the first of them.) */
static const struct net_connection *main_connection(const struct d2_route *r, uint32_t neuron,
                                                    uint32_t *most)
{
    uint32_t *count = ARENA_ARRAY(r->a, uint32_t, r->n->connection.n), best = 0;
    for (uint64_t i = r->first_in[neuron]; i < r->first_in[neuron + 1]; i++) {
        const struct d2_incoming *in = &r->in[i];
        count[in->connection] += r->same[in->source] == in->source;
        best = count[in->connection] > count[best] ? in->connection : best;
    }
    *most = count[best];
    return &r->n->connection.data[best];
}

static void say_crowded(const struct d2_route *r, const struct crowded *c)
{
    const struct net_layer *l = &r->n->layer.data[c->layer];
    const struct d2_site at = r->sites.at[r->sites.first[c->layer] + c->element];
    uint32_t most;
    const struct net_connection *from =
        main_connection(r, r->sites.first[c->layer] + c->element, &most);
    struct diag *g = diag_add(
        r->d, E0601, l->span, "`%s` has %u incoming connections after merging, %s %u CAM entries%s",
        d2_neuron_name(&r->d->arena, r->n, c->layer, c->element), c->need,
        c->have == D2_CAM ? "a neuron has" : "by the profile of its chip it has", c->have,
        c->n > 1
            ? arena_printf(&r->d->arena, " (and %u more of `%s` have too many)", c->n - 1, l->name)
            : "");
    diag_label(r->d, g, from->span, "%u of them from `%s`", most,
               from->from_input ? r->n->input.data[from->src].name
                                : r->n->layer.data[from->src].name);
    if (c->need > D2_CAM) {
        diag_hint(r->d, g, "drop %u%s", c->need - c->have,
                  !r->o->split && d2_split_helps(r->n) ? ", or split the neuron: `--split`" : "");
        return;
    }
    const bool hand = at.neuron->span.file != 0;
    if (hand)
        diag_label(r->d, g, at.neuron->span, "its place");
    diag_hint(r->d, g, "drop %u%s: %u neurons of the board have %u usable entries or more",
              c->need - c->have, hand ? ", or place it elsewhere" : "",
              count_neurons(r->n->board, c->need), c->need);
}

bool d2_route_cam(struct d2_route *r)
{
    struct crowded *worst = ARENA_ARRAY(r->a, struct crowded, r->n->layer.n);
    bool *few = ARENA_ARRAY(r->a, bool, r->rows.n_cells), any = false, ok = true;
    if (!fill_cam(r, worst, few))
        return false;
    for (uint32_t i = 0; i < r->rows.n_cells; i++)
        any = any || few[i];
    if (any && r->n_shared == 0 && d2_share_rows(r, few) &&
        !(d2_route_tags(r) && fill_cam(r, worst, few)))
        return false;
    for (uint32_t l = 0; l < r->n->layer.n; l++) {
        if (worst[l].n > 0)
            say_crowded(r, &worst[l]);
        ok = ok && worst[l].n == 0;
    }
    return ok;
}
