#include "targets/speck/config.h"
#include "targets/speck/fields.h"

/* ---- defaults ---- */

static void set_fresh(void *object, const struct speck_block *b, enum speck_chip chip)
{
    for (uint32_t i = 0; i < b->n; i++)
        speck_set(object, &b->field[i], b->field[i].fresh[chip]);
}

static bool is_fresh(const void *object, const struct speck_block *b)
{
    bool fresh = true;
    for (uint32_t i = 0; i < b->n; i++)
        fresh = fresh && speck_get(object, &b->field[i]) == b->field[i].fresh[0];
    return fresh;
}

void speck_config_default(struct arena *a, enum speck_chip chip, struct speck_config *out)
{
    *out = (struct speck_config){.chip = chip};
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        set_fresh(out, &speck_block[i], chip);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        set_fresh(&out->dvs_layer.destinations[k], &speck_dvs_target_block, chip);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        struct speck_cnn_layer *l = &out->cnn_layers[i];
        set_fresh(l, &speck_layer_block, chip);
        for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
            set_fresh(&l->destinations[k], &speck_destination_block, chip);
        speck_layer_arrays(a, l);
    }
}

/* Fields of a core have the same default on every chip. */
bool speck_is_unused(const struct speck_cnn_layer *l)
{
    bool unused = is_fresh(l, &speck_layer_block) && l->weights[0] == 0 && l->biases[0] == 0 &&
                  l->neurons_initial_value[0] == 0;
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        unused = unused && is_fresh(&l->destinations[k], &speck_destination_block);
    return unused;
}

/* ---- arrays ---- */

uint64_t speck_n_weights(const struct speck_dimensions *d)
{
    return (uint64_t)d->output_shape.feature_count * (uint64_t)d->input_shape.feature_count *
           (uint64_t)d->kernel_size * (uint64_t)d->kernel_size;
}

uint64_t speck_n_neurons(const struct speck_dimensions *d)
{
    return (uint64_t)d->output_shape.feature_count * (uint64_t)d->output_shape.size.x *
           (uint64_t)d->output_shape.size.y;
}

bool speck_layer_arrays(struct arena *a, struct speck_cnn_layer *l)
{
    const struct speck_dimensions *d = &l->dimensions;
    l->weights = arena_try(a, speck_n_weights(d), sizeof *l->weights);
    l->biases = arena_try(a, (size_t)d->output_shape.feature_count, sizeof *l->biases);
    l->neurons_initial_value = arena_try(a, speck_n_neurons(d), sizeof *l->neurons_initial_value);
    return l->weights && l->biases && l->neurons_initial_value;
}

size_t speck_weight_at(const struct speck_dimensions *d, int32_t f, int32_t c, int32_t y, int32_t x)
{
    size_t k = (size_t)d->kernel_size, in = (size_t)d->input_shape.feature_count;
    return (((size_t)f * in + (size_t)c) * k + (size_t)x) * k + (size_t)y;
}

size_t speck_neuron_at(const struct speck_dimensions *d, int32_t f, int32_t y, int32_t x)
{
    const struct speck_xy *size = &d->output_shape.size;
    return ((size_t)f * (size_t)size->x + (size_t)x) * (size_t)size->y + (size_t)y;
}

struct speck_layer speck_geometry(const struct speck_cnn_layer *l)
{
    const struct speck_dimensions *d = &l->dimensions;
    struct speck_layer g = {
        .in = (uint32_t)d->input_shape.feature_count,
        .out = (uint32_t)d->output_shape.feature_count,
        .map = {(uint32_t)d->input_shape.size.y, (uint32_t)d->input_shape.size.x},
        .kernel = {(uint32_t)d->kernel_size, (uint32_t)d->kernel_size},
        .stride = {(uint32_t)d->stride.y, (uint32_t)d->stride.x},
        .padding = {(uint32_t)d->padding.y, (uint32_t)d->padding.x},
    };
    for (uint32_t f = 0; l->biases && f < g.out; f++)
        g.bias = g.bias || l->biases[f] != 0;
    return g;
}

/* ---- checks ---- */

/* " is 9, not 0 to 7" for each field that is. False: some are. */
static bool check_block(enum speck_chip chip, const void *object, const struct speck_block *b,
                        const char *where, struct speck_faults *f)
{
    uint32_t before = f->list.n;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct speck_field *x = &b->field[i];
        int32_t value = speck_get(object, x);
        const char *want = speck_wrong(f->arena, x, value);
        if (!speck_has(chip, x) && value != x->fresh[chip])
            want = arena_printf(f->arena, "%d: a %s has no such field", x->fresh[chip],
                                speck_name[chip]);
        if (want)
            speck_fault_add(f, arena_printf(f->arena, "%s.%s", where, x->name), "is %d, not %s",
                            value, want);
    }
    return f->list.n == before;
}

static void check_output(struct speck_faults *f, const char *where, char axis, int32_t have,
                         uint32_t want)
{
    if ((uint32_t)have != want)
        speck_fault_add(f,
                        arena_printf(f->arena, "%s.dimensions.output_shape.size.%c", where, axis),
                        "is %d, not %u, which input, kernel, stride and padding give", have, want);
}

static void check_memory(struct speck_faults *f, const char *where, uint32_t core,
                         const struct speck_layer *l)
{
    struct speck_memory need = speck_need(l);
    const struct speck_memory *have = &speck_core[core];
    const struct {
        const char *what;
        uint32_t need, have;
    } m[] = {{"weights", need.kernel, have->kernel},
             {"neurons_initial_value", need.neuron, have->neuron},
             {"biases", need.bias, have->bias}};
    for (uint32_t i = 0; i < sizeof m / sizeof *m; i++) {
        if (m[i].need > m[i].have)
            speck_fault_add(f, arena_printf(f->arena, "%s.%s", where, m[i].what),
                            "needs %u words, core %u has %u", m[i].need, core, m[i].have);
    }
}

static void check_destination(const struct speck_config *c, const char *where,
                              const struct speck_cnn_layer *l, uint32_t slot,
                              struct speck_faults *f)
{
    const struct speck_destination *to = &l->destinations[slot];
    const char *here = arena_printf(f->arena, "%s.destinations[%u]", where, slot);
    int32_t room = SPECK_MAX_FEATURES - l->dimensions.output_shape.feature_count;
    if (check_block(c->chip, to, &speck_destination_block, here, f) && to->enable &&
        to->feature_shift > room)
        speck_fault_add(f, arena_printf(f->arena, "%s.feature_shift", here),
                        "is %d, not 0 to %d: the last feature would be above %d", to->feature_shift,
                        room, SPECK_MAX_FEATURES - 1);
}

bool speck_core_check(const struct speck_config *c, uint32_t core, struct speck_faults *f)
{
    return check_block(c->chip, &c->cnn_layers[core], &speck_layer_block,
                       arena_printf(f->arena, "cnn_layers[%u]", core), f);
}

static void check_core(const struct speck_config *c, uint32_t core, struct speck_faults *f)
{
    const struct speck_cnn_layer *l = &c->cnn_layers[core];
    const struct speck_dimensions *d = &l->dimensions;
    const char *where = arena_printf(f->arena, "cnn_layers[%u]", core);
    if (!speck_core_check(c, core, f))
        return;
    struct speck_layer g = speck_geometry(l);
    uint32_t before = f->list.n;
    check_output(f, where, 'x', d->output_shape.size.x, speck_output(&g, 1));
    check_output(f, where, 'y', d->output_shape.size.y, speck_output(&g, 0));
    if (f->list.n == before)
        check_memory(f, where, core, &g);
    for (uint32_t slot = 0; slot < SPECK_DESTINATIONS; slot++)
        check_destination(c, where, l, slot, f);
}

static void check_region(struct speck_faults *f, char axis, int32_t origin, int32_t cut)
{
    if (cut < origin)
        speck_fault_add(f, arena_printf(f->arena, "dvs_layer.cut.%c", axis),
                        "is %d, below the origin %d", cut, origin);
}

bool speck_config_check(const struct speck_config *c, struct speck_faults *f)
{
    const struct speck_dvs_layer *v = &c->dvs_layer;
    uint32_t before = f->list.n;
    for (uint32_t i = 0; i < SPECK_CORES; i++)
        check_core(c, i, f);
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        check_block(c->chip, c, &speck_block[i], speck_block[i].name, f);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        check_block(c->chip, &v->destinations[k], &speck_dvs_target_block,
                    arena_printf(f->arena, "dvs_layer.destinations[%u]", k), f);
    check_region(f, 'x', v->origin.x, v->cut.x);
    check_region(f, 'y', v->origin.y, v->cut.y);
    if (c->dvs_filter.low_pass_mode_enable && c->dvs_filter.hot_pixel_filter_enable)
        speck_fault_add(f, "dvs_filter.low_pass_mode_enable",
                        "is 1 while hot_pixel_filter_enable is: the filter has one mode");
    return f->list.n == before;
}
