#include "tests/unit/config_sections.h"

static void put_destination(struct buf *b, const struct d2_destination *to)
{
    buf_u16(b, to->tag);
    buf_u8(b, (uint8_t)to->cores);
    buf_u8(b, (uint8_t)to->x_hop);
    buf_u8(b, (uint8_t)to->y_hop);
}

static void put_neuron(struct buf *b, const struct d2_neuron *x)
{
    buf_u16(b, x->index);
    buf_u16(b, x->latches);
    buf_u8(b, (uint8_t)x->n_cam);
    buf_u8(b, (uint8_t)x->n_sram);
    for (uint32_t m = 0; m < x->n_cam; m++) {
        buf_u8(b, (uint8_t)x->cam[m].slot);
        buf_u16(b, x->cam[m].tag);
        buf_u8(b, (uint8_t)x->cam[m].mask);
        buf_u8(b, (uint8_t)x->cam[m].dendrite);
    }
    for (uint32_t s = 0; s < x->n_sram; s++) {
        buf_u8(b, (uint8_t)x->sram[s].slot);
        put_destination(b, &x->sram[s].to);
    }
}

static void put_core(struct buf *b, const struct d2_core *k)
{
    uint32_t n = 0;
    for (uint32_t p = 0; p < D2_N_PARAMS; p++)
        n += k->given[p];
    buf_u8(b, (uint8_t)k->chip);
    buf_u8(b, (uint8_t)k->core);
    buf_u8(b, (uint8_t)n);
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        if (!k->given[p])
            continue;
        buf_u8(b, (uint8_t)p);
        buf_u8(b, (uint8_t)k->code[p].coarse);
        buf_u8(b, (uint8_t)k->code[p].fine);
    }
    buf_u32(b, k->n_neurons);
    for (uint32_t j = 0; j < k->n_neurons; j++)
        put_neuron(b, &k->neuron[j]);
}

static void put_conf(struct buf *b, const struct d2_config *c)
{
    buf_u8(b, (uint8_t)c->grid.columns);
    buf_u8(b, (uint8_t)c->grid.rows);
    buf_u16(b, (uint16_t)c->n_cores);
    for (uint32_t i = 0; i < c->n_cores; i++)
        put_core(b, &c->core[i]);
}

static void put_group(struct buf *b, const struct d2_group *g)
{
    buf_u8(b, (uint8_t)g->n_bound);
    for (uint32_t i = 0; i < g->n_bound; i++) {
        buf_u32(b, g->bound[i].param);
        buf_u8(b, (uint8_t)g->bound[i].n);
        for (uint32_t k = 0; k < g->bound[i].n; k++)
            buf_u8(b, (uint8_t)g->bound[i].device[k]);
    }
    buf_u32(b, g->n_receptors);
    for (uint32_t r = 0; r < g->n_receptors; r++) {
        const struct d2_receptor *x = &g->receptor[r];
        buf_u8(b, (uint8_t)x->n);
        for (uint32_t i = 0; i < x->n; i++) {
            buf_u8(b, (uint8_t)x->dendrite[i]);
            buf_u8(b, (uint8_t)x->negative[i]);
        }
        buf_u32(b, x->n_scale);
        for (uint32_t i = 0; i < x->n_scale; i++)
            buf_f64(b, x->scale[i]);
    }
}

static void put_maps(struct buf *b, const struct d2_config *c)
{
    buf_f64(b, c->gain);
    buf_u32(b, c->n_groups);
    for (uint32_t g = 0; g < c->n_groups; g++)
        put_group(b, &c->group[g]);
    buf_u32(b, c->n_inputs);
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        buf_u32(b, c->input[i].n);
        for (uint32_t k = 0; k < c->input[i].n; k++) {
            const struct d2_channel *ch = &c->input[i].channel[k];
            buf_u8(b, (uint8_t)ch->n);
            for (uint32_t j = 0; j < ch->n; j++)
                put_destination(b, &ch->to[j]);
        }
    }
    for (uint32_t i = 0; i < c->n_cores; i++) {
        for (uint32_t j = 0; j < c->core[i].n_neurons; j++) {
            buf_u32(b, (uint32_t)(c->core[i].neuron[j].group + 1));
            buf_u32(b, c->core[i].neuron[j].element);
        }
    }
}

static struct bytes keep(struct arena *a, struct buf *b)
{
    uint8_t *copy = ARENA_ARRAY(a, uint8_t, b->n);
    memcpy(copy, b->data, b->n);
    const struct bytes x = {copy, b->n};
    buf_free(b);
    return x;
}

void config_sections(struct arena *a, const struct d2_config *c, struct image *out)
{
    struct buf conf = {0}, maps = {0};
    put_conf(&conf, c);
    put_maps(&maps, c);
    *out = (struct image){.target = "dynapse2", .n = 2};
    memcpy(out->section[0].tag, "CONF", 5);
    memcpy(out->section[1].tag, "MAPS", 5);
    out->section[0].bytes = keep(a, &conf);
    out->section[1].bytes = keep(a, &maps);
}
