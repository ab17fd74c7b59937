#include "targets/speck/flash.h"
#include "targets/speck/fields.h"
#include <string.h>

enum {
    KERNEL_MAP = 0x08, /* a byte for each core: 64 KiB block, first and last 16 KiB sector of it */
    LEAK_MAP = 0x11,   /* 64 KiB block, 4 KiB sector, half of it */
    DVS = 0x80,
    ROUTER = 0x100,
    LAYER = 0x280,
    LAYER_STEP = 0x40,
};

static const uint8_t check_bytes[] = {0x93, 0xcb, 0xa5, 0xe2};

static const uint32_t kernel_at[SPECK_CORES] = {0x10000, 0x14000, 0x18000, 0x20000, 0x28000,
                                                0x30000, 0x40000, 0x50000, 0x54000};

static uint32_t leak_at(uint32_t core)
{
    return core < 8 ? 0x1c000 + 0x800 * core : 0x58000;
}

/* ---- registers: the same description writes and reads them ---- */

struct codec {
    uint8_t *bytes;
    bool writing;
};

/* Bits [from, from + width) of the value are bits [shift, shift + width) of the byte. */
static void field(struct codec *k, uint32_t at, uint32_t shift, uint32_t width, uint32_t *value,
                  uint32_t from)
{
    uint32_t mask = (1u << width) - 1;
    if (k->writing)
        k->bytes[at] |= (uint8_t)((*value >> from & mask) << shift);
    else
        *value |= ((uint32_t)k->bytes[at] >> shift & mask) << from;
}

struct layer_codes {
    uint32_t stride_x, stride_y, pad_x, pad_y, kernel, in, out, out_x, out_y;
    uint32_t interval, decimate, balance, leak, minus_high, minus_low, no_return;
};

static void layer_registers(struct codec *k, uint32_t core, struct layer_codes *x)
{
    uint32_t r = LAYER + LAYER_STEP * core;
    field(k, r, 6, 2, &x->stride_x, 0);
    field(k, r, 3, 3, &x->pad_y, 0);
    field(k, r, 0, 3, &x->pad_x, 0);
    field(k, r + 1, 7, 1, &x->interval, 0);
    field(k, r + 1, 6, 1, &x->decimate, 0);
    field(k, r + 1, 2, 4, &x->kernel, 0);
    field(k, r + 1, 0, 2, &x->stride_y, 0);
    field(k, r + 2, 0, 8, &x->in, 0);
    field(k, r + 3, 2, 6, &x->out_x, 0);
    field(k, r + 3, 0, 2, &x->in, 8);
    field(k, r + 4, 6, 2, &x->out, 0);
    field(k, r + 4, 0, 6, &x->out_y, 0);
    field(k, r + 5, 0, 8, &x->out, 2);
    field(k, r + 6, 6, 2, &x->interval, 1);
    field(k, r + 8, 7, 1, &x->balance, 0);
    field(k, r + 8, 6, 1, &x->leak, 0);
    field(k, r + 10, 0, 8, &x->minus_high, 0);
    field(k, r + 11, 0, 8, &x->minus_high, 8);
    field(k, r + 12, 0, 8, &x->minus_low, 0);
    field(k, r + 13, 0, 8, &x->minus_low, 8);
    field(k, r + 14, 0, 1, &x->no_return, 0);
    if (k->writing) { /* the memories' timing, as after a reset */
        k->bytes[r + 6] |= 0x20;
        k->bytes[r + 7] |= 0x20;
        k->bytes[r + 8] |= 0x20;
        k->bytes[r + 9] |= 0x40;
        k->bytes[r + 14] |= 0x40;
        k->bytes[r + 15] |= 0x40;
    }
}

struct router_codes {
    uint32_t to[SPECK_DESTINATIONS], enable[SPECK_DESTINATIONS], pool[SPECK_DESTINATIONS];
    uint32_t shift[SPECK_DESTINATIONS], monitor, tag;
};

static void router_registers(struct codec *k, uint32_t core, struct router_codes *x)
{
    uint32_t r = ROUTER + 12 + 3 * core;
    field(k, ROUTER + core, 0, 4, &x->to[0], 0);
    field(k, ROUTER + core, 4, 4, &x->to[1], 0);
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++)
        field(k, ROUTER + 9 + core / 4, 2 * (core % 4) + slot, 1, &x->enable[slot], 0);
    field(k, r, 6, 2, &x->pool[0], 0);
    field(k, r, 4, 2, &x->pool[1], 0);
    field(k, r, 0, 4, &x->shift[0], 6);
    field(k, r + 1, 2, 6, &x->shift[0], 0);
    field(k, r + 1, 0, 2, &x->shift[1], 8);
    field(k, r + 2, 0, 8, &x->shift[1], 0);
    if (core < 8)
        field(k, ROUTER + 39, core, 1, &x->monitor, 0);
    else
        field(k, ROUTER + 40, 0, 1, &x->monitor, 0);
    if (core == 0)
        field(k, ROUTER + 40, 4, 4, &x->tag, 0);
    else
        field(k, ROUTER + 41 + (core - 1) / 2, (core - 1) % 2 * 4, 4, &x->tag, 0);
}

struct dvs_codes {
    uint32_t raw_monitor, monitor, enable[SPECK_DESTINATIONS], swap, polarity;
    uint32_t origin_x, origin_y, cut_x, cut_y, to[SPECK_DESTINATIONS];
    uint32_t mirror_x, mirror_y, pool_x, pool_y, pass;
};

static void dvs_registers(struct codec *k, struct dvs_codes *x)
{
    field(k, DVS, 7, 1, &x->raw_monitor, 0);
    field(k, DVS, 6, 1, &x->monitor, 0);
    field(k, DVS, 5, 1, &x->enable[1], 0);
    field(k, DVS, 4, 1, &x->enable[0], 0);
    field(k, DVS, 3, 1, &x->swap, 0);
    field(k, DVS, 0, 3, &x->polarity, 0);
    field(k, DVS + 1, 1, 7, &x->origin_x, 0);
    field(k, DVS + 2, 1, 7, &x->origin_y, 0);
    field(k, DVS + 3, 1, 7, &x->cut_x, 0);
    field(k, DVS + 4, 1, 7, &x->cut_y, 0);
    field(k, DVS + 5, 4, 4, &x->to[1], 0);
    field(k, DVS + 5, 0, 4, &x->to[0], 0);
    field(k, DVS + 6, 7, 1, &x->mirror_x, 0);
    field(k, DVS + 6, 6, 1, &x->mirror_y, 0);
    field(k, DVS + 6, 4, 2, &x->pool_x, 0);
    field(k, DVS + 6, 2, 2, &x->pool_y, 0);
    field(k, DVS + 6, 1, 1, &x->pass, 0);
}

/* ---- codes and what they mean ---- */

static uint32_t code_of(int32_t power)
{
    return speck_bits((uint64_t)power);
}

/* How a byte tells polarities apart; what merges them says no more than that. */
enum { MERGED = 0, OFF_ONLY = 1, ON_ONLY = 2, NEITHER = 3, BOTH = 4 };

static uint32_t polarity(const struct speck_dvs_layer *v)
{
    if (v->on_channel && v->off_channel)
        return v->merge ? MERGED : BOTH;
    return v->on_channel ? ON_ONLY : v->off_channel ? OFF_ONLY : NEITHER;
}

static void put_layer(struct codec *k, const struct speck_config *c, uint32_t core)
{
    const struct speck_cnn_layer *l = &c->cnn_layers[core];
    const struct speck_dimensions *d = &l->dimensions;
    struct layer_codes x = {
        .stride_x = code_of(d->stride.x),
        .stride_y = code_of(d->stride.y),
        .pad_x = (uint32_t)d->padding.x,
        .pad_y = (uint32_t)d->padding.y,
        .kernel = (uint32_t)d->kernel_size - 1,
        .in = (uint32_t)d->input_shape.feature_count,
        .out = (uint32_t)d->output_shape.feature_count - 1,
        .out_x = (uint32_t)d->output_shape.size.x,
        .out_y = (uint32_t)d->output_shape.size.y,
        .interval = (uint32_t)l->output_decimator_interval,
        .decimate = l->output_decimator_enable,
        .balance = l->input_congestion_balancer_enable,
        .leak = l->leak_enable,
        .minus_high = (uint32_t)-l->threshold_high,
        .minus_low = (uint32_t)-l->threshold_low,
        .no_return = !l->return_to_zero,
    };
    layer_registers(k, core, &x);
    struct router_codes to = {.monitor = l->monitor_enable, .tag = core};
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++) {
        to.to[slot] = (uint32_t)l->destinations[slot].layer;
        to.enable[slot] = l->destinations[slot].enable;
        to.pool[slot] = code_of(l->destinations[slot].pooling);
        to.shift[slot] = (uint32_t)l->destinations[slot].feature_shift;
    }
    router_registers(k, core, &to);
}

static void get_layer(struct codec *k, struct speck_config *c, uint32_t core)
{
    struct speck_cnn_layer *l = &c->cnn_layers[core];
    struct speck_dimensions *d = &l->dimensions;
    struct layer_codes x = {0};
    layer_registers(k, core, &x);
    d->stride = (struct speck_xy){1 << x.stride_x, 1 << x.stride_y};
    d->padding = (struct speck_xy){(int32_t)x.pad_x, (int32_t)x.pad_y};
    d->kernel_size = (int32_t)x.kernel + 1;
    d->input_shape.feature_count = x.in ? (int32_t)x.in : SPECK_MAX_FEATURES;
    d->output_shape.feature_count = (int32_t)x.out + 1;
    d->output_shape.size.x = x.out_x ? (int32_t)x.out_x : SPECK_MAX_OUTPUT;
    d->output_shape.size.y = x.out_y ? (int32_t)x.out_y : SPECK_MAX_OUTPUT;
    l->output_decimator_interval = (int32_t)x.interval;
    l->output_decimator_enable = x.decimate;
    l->input_congestion_balancer_enable = x.balance;
    l->leak_enable = x.leak;
    l->threshold_high = (uint16_t)-x.minus_high;
    l->threshold_low = -(int32_t)x.minus_low;
    l->return_to_zero = !x.no_return;
    struct router_codes to = {0};
    router_registers(k, core, &to);
    l->monitor_enable = to.monitor;
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++)
        l->destinations[slot] = (struct speck_destination){
            to.enable[slot], (int32_t)to.to[slot], 1 << to.pool[slot], (int32_t)to.shift[slot]};
}

static void put_dvs(struct codec *k, const struct speck_dvs_layer *v)
{
    struct dvs_codes x = {
        .raw_monitor = v->raw_monitor_enable,
        .monitor = v->monitor_enable,
        .swap = v->mirror_diagonal,
        .polarity = polarity(v),
        .origin_x = (uint32_t)v->origin.x,
        .origin_y = (uint32_t)v->origin.y,
        .cut_x = (uint32_t)v->cut.x,
        .cut_y = (uint32_t)v->cut.y,
        .mirror_x = v->mirror.x,
        .mirror_y = v->mirror.y,
        .pool_x = code_of(v->pooling.x),
        .pool_y = code_of(v->pooling.y),
        .pass = v->pass_sensor_events,
    };
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++) {
        x.to[slot] = (uint32_t)v->destinations[slot].layer;
        x.enable[slot] = v->destinations[slot].enable;
    }
    dvs_registers(k, &x);
}

static void get_dvs(struct codec *k, struct speck_dvs_layer *v)
{
    struct dvs_codes x = {0};
    dvs_registers(k, &x);
    v->raw_monitor_enable = x.raw_monitor;
    v->monitor_enable = x.monitor;
    v->mirror_diagonal = x.swap;
    v->merge = x.polarity == MERGED;
    v->on_channel = x.polarity != OFF_ONLY && x.polarity != NEITHER;
    v->off_channel = x.polarity != ON_ONLY && x.polarity != NEITHER;
    v->origin = (struct speck_xy){(int32_t)x.origin_x, (int32_t)x.origin_y};
    v->cut = (struct speck_xy){(int32_t)x.cut_x, (int32_t)x.cut_y};
    v->mirror.x = x.mirror_x;
    v->mirror.y = x.mirror_y;
    v->pooling = (struct speck_xy){1 << x.pool_x, 1 << x.pool_y};
    v->pass_sensor_events = x.pass;
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++)
        v->destinations[slot] = (struct speck_dvs_destination){x.enable[slot], (int32_t)x.to[slot]};
}

/* ---- memories ---- */

/* The byte of a core's kernel memory for each weight in turn; false: it was the last. */
struct tap {
    int32_t f, c, y, x;
};

static bool next_tap(const struct speck_dimensions *d, struct tap *t)
{
    if (++t->x < d->kernel_size)
        return true;
    t->x = 0;
    if (++t->y < d->kernel_size)
        return true;
    t->y = 0;
    if (++t->c < d->input_shape.feature_count)
        return true;
    t->c = 0;
    return ++t->f < d->output_shape.feature_count;
}

static void memories(struct codec *k, const struct speck_cnn_layer *l, uint32_t core)
{
    const struct speck_dimensions *d = &l->dimensions;
    struct tap t = {0};
    do {
        uint8_t *at =
            k->bytes + kernel_at[core] +
            speck_weight_address((uint32_t)d->kernel_size, (uint32_t)d->output_shape.feature_count,
                                 (uint32_t)d->input_shape.feature_count, (uint32_t)t.f,
                                 (uint32_t)t.c, (uint32_t)t.y, (uint32_t)t.x);
        int8_t *weight = &l->weights[speck_weight_at(d, t.f, t.c, t.y, t.x)];
        if (k->writing)
            *at = (uint8_t)*weight;
        else
            *weight = (int8_t)*at;
    } while (next_tap(d, &t));
    for (int32_t f = 0; f < d->output_shape.feature_count; f++) {
        uint8_t *at = k->bytes + leak_at(core) + 2 * f;
        if (k->writing) {
            at[0] = (uint8_t)l->biases[f];
            at[1] = (uint8_t)((uint16_t)l->biases[f] >> 8);
        } else {
            l->biases[f] = (int16_t)(uint16_t)(at[0] | at[1] << 8);
        }
    }
}

static void put_map(uint8_t *out)
{
    memcpy(out, check_bytes, sizeof check_bytes);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        uint32_t first = kernel_at[i], last = first + speck_core[i].kernel - 1, leak = leak_at(i);
        out[KERNEL_MAP + i] =
            (uint8_t)(first >> 16 << 4 | (first >> 14 & 3) << 2 | (last >> 14 & 3));
        out[LEAK_MAP + i] = (uint8_t)(leak >> 16 << 5 | (leak >> 12 & 15) << 1 | (leak >> 11 & 1));
    }
}

/* ---- what has no place ---- */

static void tell_unplaced(const struct speck_config *c, struct speck_faults *f)
{
    static const uint32_t without[] = {SPECK_DVS_FILTER, SPECK_READOUT_BLOCK, SPECK_FACTORY};
    const char *why = "isn't the default: the flash layout has no known place for it";
    for (uint32_t i = 0; i < sizeof without / sizeof *without; i++) {
        const struct speck_block *b = &speck_block[without[i]];
        for (uint32_t k = 0; k < b->n; k++) {
            const struct speck_field *x = &b->field[k];
            if (speck_has(c->chip, x) && speck_get(c, x) != x->fresh[c->chip])
                speck_fault_add(f, arena_printf(f->arena, "%s.%s", b->name, x->name), "%s", why);
        }
    }
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        const struct speck_cnn_layer *l = &c->cnn_layers[i];
        const char *where = arena_printf(f->arena, "cnn_layers[%u]", i);
        bool zero = true;
        for (uint64_t k = 0; k < speck_n_neurons(&l->dimensions); k++)
            zero = zero && l->neurons_initial_value[k] == 0;
        if (!zero)
            speck_fault_add(f, arena_printf(f->arena, "%s.neurons_initial_value", where), "%s",
                            why);
        if (l->leak_internal_slow_clk_enable)
            speck_fault_add(f, arena_printf(f->arena, "%s.leak_internal_slow_clk_enable", where),
                            "%s", why);
    }
    const struct speck_dvs_layer *v = &c->dvs_layer;
    if (v->merge && !(v->on_channel && v->off_channel))
        speck_fault_add(f, "dvs_layer.merge",
                        "is 1 where not both polarities pass: the registers have one or the other");
}

bool speck_flash_encode(const struct speck_config *c, uint8_t *out, struct speck_faults *f)
{
    uint32_t before = f->list.n;
    if (c->chip != SPECK_2E)
        speck_fault_add(f, speck_name[c->chip], "has no known flash layout: the manual is of a 2e");
    if (speck_config_check(c, f))
        tell_unplaced(c, f);
    if (f->list.n > before)
        return false;
    struct codec k = {out, true};
    memset(out, 0, SPECK_FLASH_SIZE);
    put_map(out);
    put_dvs(&k, &c->dvs_layer);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        put_layer(&k, c, i);
        memories(&k, &c->cnn_layers[i], i);
    }
    return true;
}

/* ---- reading ---- */

static bool gives(struct speck_layer *g, uint32_t axis, uint32_t n, int32_t output)
{
    g->map[axis] = n;
    return n >= 1 && n <= SPECK_SENSOR && speck_output(g, axis) == (uint32_t)output;
}

/* The pooled map of what feeds a core; false: nothing does. */
static bool source_map(const struct speck_config *c, uint32_t core, uint32_t map[2])
{
    const struct speck_dvs_layer *v = &c->dvs_layer;
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++) {
        if (v->destinations[slot].enable && v->destinations[slot].layer == (int32_t)core) {
            map[v->mirror_diagonal] = (uint32_t)(v->cut.y - v->origin.y + 1);
            map[!v->mirror_diagonal] = (uint32_t)(v->cut.x - v->origin.x + 1);
            return true;
        }
    }
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        const struct speck_cnn_layer *l = &c->cnn_layers[i];
        for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++) {
            const struct speck_destination *to = &l->destinations[slot];
            if (to->enable && to->layer == (int32_t)core) {
                map[0] = (uint32_t)(l->dimensions.output_shape.size.y / to->pooling);
                map[1] = (uint32_t)(l->dimensions.output_shape.size.x / to->pooling);
                return true;
            }
        }
    }
    return false;
}

static void find_input_size(struct speck_config *c, uint32_t core)
{
    struct speck_dimensions *d = &c->cnn_layers[core].dimensions;
    int32_t out[2] = {d->output_shape.size.y, d->output_shape.size.x};
    uint32_t map[2];
    struct speck_layer g = speck_geometry(&c->cnn_layers[core]);
    if (!source_map(c, core, map) || !gives(&g, 0, map[0], out[0]) ||
        !gives(&g, 1, map[1], out[1])) {
        for (uint32_t axis = 0; axis < 2; axis++) {
            uint32_t n = 1;
            while (n < SPECK_SENSOR && !gives(&g, axis, n, out[axis]))
                n++;
        }
    }
    d->input_shape.size = (struct speck_xy){(int32_t)g.map[1], (int32_t)g.map[0]};
}

/* Everything that was read makes these bytes again, or something in them means nothing known. */
static void tell_unexplained(struct bytes b, const struct speck_config *c, struct speck_faults *f)
{
    struct arena scratch = {0};
    uint8_t *again = arena_alloc(&scratch, SPECK_FLASH_SIZE);
    uint32_t n = 0, first = 0;
    if (speck_flash_encode(c, again, f)) {
        for (uint32_t i = SPECK_FLASH_SIZE; i-- > 0;) {
            if (b.data[i] != again[i]) {
                n++;
                first = i;
            }
        }
        if (n)
            speck_fault_add(f, arena_printf(f->arena, "byte 0x%05x", first),
                            "is 0x%02x where the known layout gives 0x%02x (%u such bytes)",
                            b.data[first], again[first], n);
    }
    arena_free(&scratch);
}

bool speck_flash_decode(struct arena *a, struct bytes b, struct speck_config *out,
                        struct speck_faults *f)
{
    uint32_t before = f->list.n;
    if (b.n != SPECK_FLASH_SIZE) {
        speck_fault_add(f, "the flash", "has %zu bytes, not %d", b.n, SPECK_FLASH_SIZE);
        return false;
    }
    /* A codec that reads leaves the bytes as they are. */
    struct codec k = {arena_alloc(a, b.n), false};
    memcpy(k.bytes, b.data, b.n);
    speck_config_default(a, SPECK_2E, out);
    get_dvs(&k, &out->dvs_layer);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        get_layer(&k, out, i);
        out->cnn_layers[i].biases = NULL;
    }
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        struct speck_cnn_layer *l = &out->cnn_layers[i];
        find_input_size(out, i);
        struct speck_layer g = speck_geometry(l);
        if (!(speck_candidates(speck_need(&g)) >> i & 1)) {
            speck_fault_add(f, arena_printf(f->arena, "cnn_layers[%u]", i),
                            "has a layer larger than its memories");
            return false;
        }
        if (!speck_layer_arrays(a, l)) {
            speck_fault_add(f, "the configuration", "needs more memory than there is");
            return false;
        }
        memories(&k, l, i);
    }
    if (speck_config_check(out, f))
        tell_unexplained(b, out, f);
    return f->list.n == before;
}
