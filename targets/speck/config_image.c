/* Sections CONF and MAPS (README.md has their layout). */
#include "targets/speck/config.h"
#include "targets/speck/fields.h"
#include <math.h>

/* ---- writing ---- */

static void write_block(struct buf *b, const void *object, const struct speck_block *x)
{
    for (uint32_t i = 0; i < x->n; i++)
        buf_u32(b, (uint32_t)speck_get(object, &x->field[i]));
}

static void write_core(struct buf *b, const struct speck_cnn_layer *l)
{
    const struct speck_dimensions *d = &l->dimensions;
    write_block(b, l, &speck_layer_block);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        write_block(b, &l->destinations[k], &speck_destination_block);
    buf_put(b, l->weights, speck_n_weights(d));
    for (int32_t i = 0; i < d->output_shape.feature_count; i++)
        buf_u16(b, (uint16_t)l->biases[i]);
    for (uint64_t i = 0; i < speck_n_neurons(d); i++)
        buf_u16(b, (uint16_t)l->neurons_initial_value[i]);
}

static void write_maps(struct buf *b, const struct speck_maps *m)
{
    buf_u32(b, m->n_layers);
    for (uint32_t i = 0; i < m->n_layers; i++) {
        buf_u8(b, m->layer[i].core);
        buf_f32(b, m->layer[i].scale);
    }
    buf_u32(b, m->n_inputs);
    for (uint32_t i = 0; i < m->n_inputs; i++) {
        buf_u32(b, m->input[i].n);
        for (uint32_t k = 0; k < m->input[i].n; k++) {
            const struct speck_entry *to = &m->input[i].to[k];
            buf_u8(b, to->layer);
            buf_u8(b, to->pool[0]);
            buf_u8(b, to->pool[1]);
            buf_u16(b, to->feature_shift);
        }
    }
}

void speck_config_write(struct image_writer *w, const struct speck_config *c,
                        const struct speck_maps *m)
{
    struct buf b = {0};
    for (uint32_t i = 0; i < SPECK_CORES; i++)
        write_core(&b, &c->cnn_layers[i]);
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        write_block(&b, c, &speck_block[i]);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        write_block(&b, &c->dvs_layer.destinations[k], &speck_dvs_target_block);
    image_add(w, "CONF", &b);
    buf_clear(&b);
    write_maps(&b, m);
    image_add(w, "MAPS", &b);
    buf_free(&b);
}

/* ---- reading ---- */

static bool bad(struct diags *d, const char *what)
{
    diag_add(d, E0701, (struct span){0}, "Speck configuration: %s", what);
    return false;
}

static bool tell(struct diags *d, const struct speck_faults *f)
{
    for (uint32_t i = 0; i < f->list.n; i++)
        diag_add(d, E0701, (struct span){0}, "Speck configuration: %s %s", f->list.data[i].where,
                 f->list.data[i].what);
    return f->list.n == 0;
}

/* False: a switch that is neither 0 nor 1. */
static bool read_block(struct reader *r, void *object, const struct speck_block *x)
{
    bool ok = true;
    for (uint32_t i = 0; i < x->n; i++) {
        uint32_t value = read_u32(r);
        ok = ok && (x->field[i].kind != SPECK_BOOL || value <= 1);
        speck_set(object, &x->field[i], (int32_t)value);
    }
    return ok;
}

static bool read_core(struct arena *a, struct reader *r, struct speck_config *c, uint32_t core,
                      struct diags *d)
{
    struct speck_cnn_layer *l = &c->cnn_layers[core];
    struct speck_faults f = {.arena = a};
    bool ok = read_block(r, l, &speck_layer_block);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        ok = read_block(r, &l->destinations[k], &speck_destination_block) && ok;
    if (!ok)
        return bad(d, "a switch that is neither on nor off");
    if (r->failed)
        return bad(d, "section CONF has the wrong length");
    if (!speck_core_check(c, core, &f))
        return tell(d, &f);
    uint64_t weights = speck_n_weights(&l->dimensions), neurons = speck_n_neurons(&l->dimensions);
    uint64_t features = (uint64_t)l->dimensions.output_shape.feature_count;
    if (weights + 2 * (neurons + features) > r->b.n - r->at)
        return bad(d, "section CONF has the wrong length");
    if (!speck_layer_arrays(a, l))
        return bad(d, "out of memory");
    for (uint64_t i = 0; i < weights; i++)
        l->weights[i] = (int8_t)read_u8(r);
    for (uint64_t i = 0; i < features; i++)
        l->biases[i] = (int16_t)read_u16(r);
    for (uint64_t i = 0; i < neurons; i++)
        l->neurons_initial_value[i] = (int16_t)read_u16(r);
    return true;
}

static bool read_conf(struct arena *a, struct reader *r, struct speck_config *c, struct diags *d)
{
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        if (!read_core(a, r, c, i, d))
            return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        ok = read_block(r, c, &speck_block[i]) && ok;
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        ok = read_block(r, &c->dvs_layer.destinations[k], &speck_dvs_target_block) && ok;
    if (!ok)
        return bad(d, "a switch that is neither on nor off");
    if (r->failed || r->at != r->b.n)
        return bad(d, "section CONF has the wrong length");
    struct speck_faults f = {.arena = a};
    return speck_config_check(c, &f) || tell(d, &f);
}

static bool read_layers(struct arena *a, struct reader *r, struct speck_maps *m, struct diags *d)
{
    uint32_t taken = 0;
    m->n_layers = read_count(r, 5);
    if (m->n_layers > SPECK_CORES)
        return bad(d, "more layers than cores");
    m->layer = ARENA_ARRAY(a, struct speck_placed, m->n_layers);
    for (uint32_t i = 0; i < m->n_layers; i++) {
        struct speck_placed *x = &m->layer[i];
        x->core = read_u8(r);
        x->scale = read_f32(r);
        if (r->failed || x->core >= SPECK_CORES || taken >> x->core & 1)
            return bad(d, "a layer on no core, or on one that is taken");
        if (!isfinite(x->scale) || x->scale <= 0)
            return bad(d, "a layer's scale out of range");
        taken |= 1u << x->core;
    }
    return true;
}

static bool read_entry(struct reader *r, struct speck_entry *to)
{
    to->layer = read_u8(r);
    to->pool[0] = read_u8(r);
    to->pool[1] = read_u8(r);
    to->feature_shift = read_u16(r);
    bool known = to->layer < SPECK_CORES || to->layer == SPECK_READOUT || to->layer == SPECK_DVS;
    return !r->failed && known && to->pool[0] > 0 && to->pool[1] > 0 &&
           to->feature_shift <= SPECK_MAX_SHIFT;
}

static bool read_maps(struct arena *a, struct reader *r, struct speck_maps *m, struct diags *d)
{
    if (!read_layers(a, r, m, d))
        return false;
    m->n_inputs = read_count(r, 4);
    m->input = arena_try(a, m->n_inputs, sizeof *m->input);
    if (m->n_inputs && !m->input)
        return bad(d, "out of memory");
    for (uint32_t i = 0; i < m->n_inputs; i++) {
        struct speck_input *x = &m->input[i];
        x->n = read_count(r, 5);
        x->to = arena_try(a, x->n, sizeof *x->to);
        if (x->n && !x->to)
            return bad(d, "out of memory");
        for (uint32_t k = 0; k < x->n; k++) {
            if (!read_entry(r, &x->to[k]))
                return bad(d, "an input that goes nowhere");
        }
    }
    if (r->failed || r->at != r->b.n)
        return bad(d, "section MAPS has the wrong length");
    return true;
}

bool speck_config_read(struct arena *a, const struct image *im, struct speck_config *c,
                       struct speck_maps *m, struct diags *d)
{
    int chip = speck_find_chip(im->target);
    *c = (struct speck_config){.chip = chip == SPECK_2F ? SPECK_2F : SPECK_2E};
    *m = (struct speck_maps){0};
    const struct image_section *conf = image_find(im, "CONF"), *maps = image_find(im, "MAPS");
    if (chip < 0)
        return bad(d, "the image is for no Speck");
    if (!conf || !maps)
        return bad(d, conf ? "section MAPS is missing" : "section CONF is missing");
    struct reader r = {.b = conf->bytes};
    if (!read_conf(a, &r, c, d))
        return false;
    r = (struct reader){.b = maps->bytes};
    return read_maps(a, &r, m, d);
}
