/* From a network and its board to the configuration, and to the bytes of sections CONF and MAPS.
 * Layers and inputs of the network are groups and inputs of the plan, in the same order, as are a
 * model's parameters and receptors (targets/sim/). */
#include "targets/dynapse2/passes.h"
#include "targets/dynapse2/quantize.h"

/* ---- network to configuration ---- */

static void convert_neuron(struct arena *a, const struct board_neuron *x, struct d2_neuron *out)
{
    *out = (struct d2_neuron){
        .index = x->index,
        .n_cam = (uint8_t)x->cam.n,
        .n_sram = (uint8_t)x->sram.n,
        .cam = ARENA_ARRAY(a, struct d2_cam, x->cam.n),
        .sram = ARENA_ARRAY(a, struct d2_sram, x->sram.n),
        .group = x->layer,
        .element = x->element,
    };
    for (uint32_t i = 0; i < x->latch.n; i++)
        out->latches |= (uint16_t)(1u << d2_find_latch(x->latch.data[i]));
    for (uint32_t i = 0; i < x->cam.n; i++) {
        const struct board_cam *c = &x->cam.data[i];
        out->cam[i] = (struct d2_cam){c->tag, c->slot, c->mask, c->dendrite};
    }
    for (uint32_t i = 0; i < x->sram.n; i++) {
        const struct board_sram *s = &x->sram.data[i];
        out->sram[i] = (struct d2_sram){s->slot, {s->tag, s->cores, s->x_hop, s->y_hop}};
    }
}

static void convert_core(struct arena *a, const struct board_core *c, struct d2_core *out)
{
    *out = (struct d2_core){
        .chip = (uint8_t)c->chip,
        .core = (uint8_t)c->core,
        .n_neurons = c->neuron.n,
        .neuron = ARENA_ARRAY(a, struct d2_neuron, c->neuron.n),
    };
    for (uint32_t i = 0; i < c->bias.n; i++) {
        const struct board_bias *b = &c->bias.data[i];
        int p = d2_find_param(b->name);
        out->given[p] = true;
        out->code[p] = (struct d2_code){b->coarse, b->fine};
    }
    for (uint32_t i = 0; i < c->neuron.n; i++)
        convert_neuron(a, &c->neuron.data[i], &out->neuron[i]);
}

static void convert_receptor(struct arena *a, const struct net *n, uint32_t layer, uint32_t k,
                             struct d2_receptor *out)
{
    const struct net_layer *l = &n->layer.data[layer];
    const struct model_receptor *r = &l->model->receptor.data[k];
    bool bound = r->on.target && strcmp(r->on.target, "dynapse2") == 0;
    *out = (struct d2_receptor){.n = bound ? r->on.n : 0, .n_scale = 1};
    for (uint32_t i = 0; i < out->n; i++) {
        out->dendrite[i] = (uint8_t)d2_find_dendrite(r->on.name[i]);
        out->negative[i] = out->n == 1 ? r->negative : i == 1;
    }
    struct d2_scale scale = {1, (double[]){1}};
    if (out->n)
        d2_receptor_scale(a, n, layer, k, &scale);
    out->scale = ARENA_ARRAY(a, double, l->n);
    for (uint32_t e = 0; e < l->n; e++) {
        out->scale[e] = d2_scale_of(&scale, e);
        if (out->scale[e] != out->scale[0])
            out->n_scale = l->n;
    }
}

static void convert_layer(struct arena *a, const struct net *n, uint32_t layer,
                          struct d2_group *out)
{
    const struct model *m = n->layer.data[layer].model;
    out->bound = ARENA_ARRAY(a, struct d2_bound, m->param.n);
    for (uint32_t p = 0; p < m->param.n; p++) {
        if (!d2_is_bound(&m->param.data[p]))
            continue;
        struct d2_bound *b = &out->bound[out->n_bound++];
        b->param = p;
        b->n = m->param.data[p].on.n;
        b->latch = d2_latch_of(&m->param.data[p]);
        for (uint32_t i = 0; i < b->n; i++)
            b->device[i] = (uint8_t)d2_find_param(m->param.data[p].on.name[i]);
    }
    out->n_receptors = m->receptor.n;
    out->receptor = ARENA_ARRAY(a, struct d2_receptor, m->receptor.n);
    for (uint32_t k = 0; k < m->receptor.n; k++)
        convert_receptor(a, n, layer, k, &out->receptor[k]);
}

static void convert_inputs(struct arena *a, const struct net *n, struct d2_config *out)
{
    out->n_inputs = n->input.n;
    out->input = ARENA_ARRAY(a, struct d2_input, n->input.n);
    for (uint32_t i = 0; i < n->input.n; i++) {
        out->input[i].n = n->input.data[i].n;
        out->input[i].channel = ARENA_ARRAY(a, struct d2_channel, n->input.data[i].n);
    }
    for (uint32_t i = 0; i < n->board->input.n; i++) {
        const struct board_input *x = &n->board->input.data[i];
        struct d2_channel *ch = &out->input[x->input].channel[x->channel];
        ch->n = x->to.n;
        ch->to = ARENA_ARRAY(a, struct d2_destination, x->to.n);
        for (uint32_t k = 0; k < x->to.n; k++) {
            const struct board_destination *to = &x->to.data[k];
            ch->to[k] = (struct d2_destination){to->tag, to->cores, to->x_hop, to->y_hop};
        }
    }
}

void d2_config_of_net(struct arena *a, const struct net *n, struct d2_config *out)
{
    const struct board *b = n->board;
    *out = (struct d2_config){
        .grid = d2_grid_of(b),
        .gain = b->gain,
        .n_cores = b->core.n,
        .n_groups = n->layer.n,
        .core = ARENA_ARRAY(a, struct d2_core, b->core.n),
        .group = ARENA_ARRAY(a, struct d2_group, n->layer.n),
    };
    for (uint32_t i = 0; i < b->core.n; i++)
        convert_core(a, &b->core.data[i], &out->core[i]);
    for (uint32_t l = 0; l < n->layer.n; l++)
        convert_layer(a, n, l, &out->group[l]);
    convert_inputs(a, n, out);
}

/* ---- configuration to bytes: what config.c reads ---- */

static void write_destination(struct buf *b, const struct d2_destination *x)
{
    buf_u16(b, x->tag);
    buf_u8(b, x->cores);
    buf_u8(b, (uint8_t)x->x_hop);
    buf_u8(b, (uint8_t)x->y_hop);
}

static void write_neuron(struct buf *b, const struct d2_neuron *x)
{
    buf_u16(b, x->index);
    buf_u16(b, x->latches);
    buf_u8(b, x->n_cam);
    buf_u8(b, x->n_sram);
    for (uint32_t i = 0; i < x->n_cam; i++) {
        buf_u8(b, x->cam[i].slot);
        buf_u16(b, x->cam[i].tag);
        buf_u8(b, x->cam[i].mask);
        buf_u8(b, x->cam[i].dendrite);
    }
    for (uint32_t i = 0; i < x->n_sram; i++) {
        buf_u8(b, x->sram[i].slot);
        write_destination(b, &x->sram[i].to);
    }
}

static void write_conf(struct buf *b, const struct d2_config *c)
{
    buf_u8(b, c->grid.columns);
    buf_u8(b, c->grid.rows);
    buf_u16(b, (uint16_t)c->n_cores);
    for (uint32_t i = 0; i < c->n_cores; i++) {
        const struct d2_core *k = &c->core[i];
        uint8_t n_given = 0;
        for (uint32_t p = 0; p < D2_N_PARAMS; p++)
            n_given = (uint8_t)(n_given + k->given[p]);
        buf_u8(b, k->chip);
        buf_u8(b, k->core);
        buf_u8(b, n_given);
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (!k->given[p])
                continue;
            buf_u8(b, (uint8_t)p);
            buf_u8(b, k->code[p].coarse);
            buf_u8(b, k->code[p].fine);
        }
        buf_u32(b, k->n_neurons);
        for (uint32_t j = 0; j < k->n_neurons; j++)
            write_neuron(b, &k->neuron[j]);
    }
}

static void write_group(struct buf *b, const struct d2_group *g)
{
    buf_u8(b, (uint8_t)g->n_bound);
    for (uint32_t i = 0; i < g->n_bound; i++) {
        buf_u32(b, g->bound[i].param);
        const bool latched = g->bound[i].latch != d2_own_latch(&g->bound[i]);
        buf_u8(b, (uint8_t)(g->bound[i].n | (latched ? D2_LATCHED : 0)));
        if (latched)
            buf_u8(b, (uint8_t)g->bound[i].latch);
        for (uint32_t k = 0; k < g->bound[i].n; k++)
            buf_u8(b, g->bound[i].device[k]);
    }
    buf_u32(b, g->n_receptors);
    for (uint32_t i = 0; i < g->n_receptors; i++) {
        const struct d2_receptor *r = &g->receptor[i];
        buf_u8(b, (uint8_t)r->n);
        for (uint32_t k = 0; k < r->n; k++) {
            buf_u8(b, r->dendrite[k]);
            buf_u8(b, r->negative[k]);
        }
        buf_u32(b, r->n_scale);
        for (uint32_t k = 0; k < r->n_scale; k++)
            buf_f64(b, r->scale[k]);
    }
}

static void write_maps(struct buf *b, const struct d2_config *c)
{
    buf_f64(b, c->gain);
    buf_u32(b, c->n_groups);
    for (uint32_t i = 0; i < c->n_groups; i++)
        write_group(b, &c->group[i]);
    buf_u32(b, c->n_inputs);
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        buf_u32(b, c->input[i].n);
        for (uint32_t k = 0; k < c->input[i].n; k++) {
            const struct d2_channel *ch = &c->input[i].channel[k];
            buf_u8(b, (uint8_t)ch->n);
            for (uint32_t j = 0; j < ch->n; j++)
                write_destination(b, &ch->to[j]);
        }
    }
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t j = 0; j < c->core[i].n_neurons; j++) {
            buf_u32(b, (uint32_t)(c->core[i].neuron[j].group + 1));
            buf_u32(b, c->core[i].neuron[j].element);
        }
    }
}

void d2_config_write(struct image_writer *w, const struct d2_config *c)
{
    struct buf b = {0};
    write_conf(&b, c);
    image_add(w, "CONF", &b);
    buf_clear(&b);
    write_maps(&b, c);
    image_add(w, "MAPS", &b);
    buf_free(&b);
}

bool d2_encode(struct image_writer *w, const struct net *n, const struct plan *p, struct diags *d)
{
    (void)p;
    (void)d;
    struct arena a = {0};
    struct d2_config c;
    d2_config_of_net(&a, n, &c);
    d2_config_write(w, &c);
    arena_free(&a);
    return true;
}
