/* What each neuron hears: its CAM entries, in ascending order of the sources. Sources that share a
 * tag share the entry. */
#include "targets/dynapse2/profile.h"
#include "targets/dynapse2/quantize.h"
#include "targets/dynapse2/route.h"
#include <math.h>

struct cam_pass {
    struct d2_route *r;
    struct d2_scale *scale; /* of each receptor of the layer in hand; v is NULL until used */
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

static bool cam_entries(struct cam_pass *p, uint32_t layer, uint32_t element, struct d2_crowded *c)
{
    struct d2_route *r = p->r;
    uint32_t neuron = r->sites.first[layer] + element, need = 0, slot = 0;
    struct d2_site at = r->sites.at[neuron];
    uint64_t bad = d2_bad_cam(r->n->board, at.core->chip, at.core->core, at.neuron->index);
    struct board_cam cam[D2_CAM];
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
        uint32_t side = in->weight < 0 && rec->on.n > 1;
        uint8_t dendrite = (uint8_t)d2_find_dendrite(rec->on.name[side]);
        for (uint32_t k = 0; k < n_masks; k++, need++, slot++) {
            while (slot < D2_CAM && bad >> slot & 1)
                slot++;
            if (slot < D2_CAM)
                cam[need] = (struct board_cam){link->tag, (uint8_t)slot, mask[k], dendrite};
        }
    }
    uint32_t have = d2_usable_cam(r->n->board, at.core->chip, at.core->core, at.neuron->index);
    const struct span *hand = at.neuron->span.file ? &at.neuron->span : NULL;
    d2_note_crowded(c, &(struct d2_crowded){layer, element, need, have, 1, hand});
    if (need > have)
        return true;
    at.neuron->cam.data = ARENA_ARRAY(r->n->arena, struct board_cam, need);
    at.neuron->cam.n = at.neuron->cam.cap = need;
    memcpy(at.neuron->cam.data, cam, need * sizeof *cam);
    return true;
}

bool d2_route_cam(struct d2_route *r)
{
    bool ok = true;
    for (uint32_t l = 0; l < r->n->layer.n; l++) {
        uint32_t n_receptors = r->n->layer.data[l].model->receptor.n;
        struct cam_pass p = {r, ARENA_ARRAY(r->a, struct d2_scale, n_receptors)};
        struct d2_crowded c = {0};
        for (uint32_t e = 0; e < r->n->layer.data[l].n; e++) {
            const struct board_neuron *x = r->sites.at[r->sites.first[l] + e].neuron;
            if (!(x->given & BOARD_CAM) && !cam_entries(&p, l, e, &c))
                return false;
        }
        if (c.n > 0) {
            d2_say_crowded(r->n, r->o, &c, r->d);
            ok = false;
        }
    }
    return ok;
}
