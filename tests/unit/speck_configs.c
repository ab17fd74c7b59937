#include "tests/unit/speck_configs.h"
#include "targets/speck/fields.h"
#include "tests/unit/unit.h"

struct dice {
    uint64_t s;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
    d->s = d->s * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((d->s >> 33) % n);
}

static int32_t value_of(struct dice *d, const struct speck_field *x)
{
    static const int32_t targets[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, SPECK_READOUT};
    switch (x->kind) {
    case SPECK_POOL:
        return 1 << roll(d, 3);
    case SPECK_STRIDE:
        return 1 << roll(d, 4);
    case SPECK_TARGET:
        return targets[roll(d, 10)];
    default:
        return x->low + (int32_t)roll(d, (uint32_t)(x->high - x->low) + 1);
    }
}

static void draw_block(struct dice *d, enum speck_chip chip, void *object,
                       const struct speck_block *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        if (speck_has(chip, &b->field[i]))
            speck_set(object, &b->field[i], value_of(d, &b->field[i]));
    }
}

/* Whole layers are drawn until one fits the core: a fixed number of tries, else it stays as it is.
 */
static void draw_layer(struct arena *a, struct dice *d, enum speck_chip chip, uint32_t core,
                       struct speck_cnn_layer *out)
{
    for (uint32_t tries = 0; tries < 200; tries++) {
        struct speck_cnn_layer l = *out;
        struct speck_dimensions *m = &l.dimensions;
        draw_block(d, chip, &l, &speck_layer_block);
        m->input_shape.feature_count = 1 + (int32_t)roll(d, tries % 7 ? 40 : 1024);
        m->output_shape.feature_count = 1 + (int32_t)roll(d, tries % 7 ? 40 : 1024);
        l.biases = NULL;
        struct speck_layer g = speck_geometry(&l);
        m->output_shape.size =
            (struct speck_xy){(int32_t)speck_output(&g, 1), (int32_t)speck_output(&g, 0)};
        bool maps = m->output_shape.size.x >= 1 && m->output_shape.size.x <= SPECK_MAX_OUTPUT &&
                    m->output_shape.size.y >= 1 && m->output_shape.size.y <= SPECK_MAX_OUTPUT;
        if (!maps || !(speck_candidates(speck_need(&g)) >> core & 1))
            continue;
        *out = l;
        break;
    }
    assert_true(speck_layer_arrays(a, out));
    for (uint64_t i = 0; i < speck_n_weights(&out->dimensions); i++)
        out->weights[i] = (int8_t)roll(d, 256);
    for (int32_t i = 0; i < out->dimensions.output_shape.feature_count; i++)
        out->biases[i] = (int16_t)roll(d, 65536);
    for (uint64_t i = 0; i < speck_n_neurons(&out->dimensions); i++)
        out->neurons_initial_value[i] = (int16_t)roll(d, 65536);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++) {
        draw_block(d, chip, &out->destinations[k], &speck_destination_block);
        int32_t room = SPECK_MAX_FEATURES - out->dimensions.output_shape.feature_count;
        if (out->destinations[k].feature_shift > room)
            out->destinations[k].feature_shift = room;
    }
}

void speck_draw_config(struct arena *a, enum speck_chip chip, uint32_t seed,
                       struct speck_config *out)
{
    struct dice d = {seed};
    roll(&d, 2);
    speck_config_default(a, chip, out);
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        draw_block(&d, chip, out, &speck_block[i]);
    struct speck_dvs_layer *v = &out->dvs_layer;
    v->cut.x = v->origin.x + (int32_t)roll(&d, (uint32_t)(SPECK_SENSOR - v->origin.x));
    v->cut.y = v->origin.y + (int32_t)roll(&d, (uint32_t)(SPECK_SENSOR - v->origin.y));
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        draw_block(&d, chip, &v->destinations[k], &speck_dvs_target_block);
    if (out->dvs_filter.low_pass_mode_enable)
        out->dvs_filter.hot_pixel_filter_enable = false;
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        if (roll(&d, 2))
            draw_layer(a, &d, chip, i, &out->cnn_layers[i]);
    }
}

void speck_draw_flash(struct arena *a, uint32_t seed, struct speck_config *out)
{
    struct speck_config fresh;
    speck_config_default(a, SPECK_2E, &fresh);
    speck_draw_config(a, SPECK_2E, seed, out);
    out->dvs_filter = fresh.dvs_filter;
    out->readout = fresh.readout;
    out->factory_config = fresh.factory_config;
    out->dvs_layer.merge =
        out->dvs_layer.merge && out->dvs_layer.on_channel && out->dvs_layer.off_channel;
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        struct speck_cnn_layer *l = &out->cnn_layers[i];
        l->leak_internal_slow_clk_enable = false;
        memset(l->neurons_initial_value, 0, 2 * speck_n_neurons(&l->dimensions));
        /* The smallest input that gives the output; nothing feeds another core. */
        for (int32_t *size = &l->dimensions.input_shape.size.x, axis = 1; axis >= 0;
             size = &l->dimensions.input_shape.size.y, axis--) {
            struct speck_layer g = speck_geometry(l);
            uint32_t want = speck_output(&g, (uint32_t)axis);
            while (*size > 1) {
                --*size;
                g = speck_geometry(l);
                if (speck_output(&g, (uint32_t)axis) != want) {
                    ++*size;
                    break;
                }
            }
        }
        for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
            l->destinations[k].enable = l->destinations[k].layer == SPECK_READOUT;
    }
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        out->dvs_layer.destinations[k].enable =
            out->dvs_layer.destinations[k].layer == SPECK_READOUT;
}

static void same_block(const void *x, const void *y, const struct speck_block *b, uint32_t at)
{
    for (uint32_t i = 0; i < b->n; i++) {
        if (speck_get(x, &b->field[i]) != speck_get(y, &b->field[i]))
            fail_msg("%u: %s is %d, not %d", at, b->field[i].name, speck_get(x, &b->field[i]),
                     speck_get(y, &b->field[i]));
    }
}

void speck_same_config(const struct speck_config *x, const struct speck_config *y)
{
    assert_int_equal(x->chip, y->chip);
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++)
        same_block(x, y, &speck_block[i], i);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
        same_block(&x->dvs_layer.destinations[k], &y->dvs_layer.destinations[k],
                   &speck_dvs_target_block, k);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        const struct speck_cnn_layer *l = &x->cnn_layers[i], *m = &y->cnn_layers[i];
        same_block(l, m, &speck_layer_block, i);
        for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++)
            same_block(&l->destinations[k], &m->destinations[k], &speck_destination_block, i);
        const struct speck_dimensions *d = &l->dimensions;
        assert_memory_equal(l->weights, m->weights, speck_n_weights(d));
        assert_memory_equal(l->biases, m->biases, 2 * (size_t)d->output_shape.feature_count);
        assert_memory_equal(l->neurons_initial_value, m->neurons_initial_value,
                            2 * speck_n_neurons(d));
    }
}

/* ---- a network by hand ---- */

static void fill(struct arena *a, struct speck_cnn_layer *l, int32_t theta)
{
    assert_true(speck_layer_arrays(a, l));
    for (uint64_t i = 0; i < speck_n_weights(&l->dimensions); i++)
        l->weights[i] = (int8_t)(i * 37 % 255 - 127);
    l->threshold_high = theta;
    l->threshold_low = -theta;
}

void speck_small_network(struct arena *a, enum speck_chip chip, struct speck_network *out)
{
    *out = (struct speck_network){0};
    struct speck_config *c = &out->config;
    speck_config_default(a, chip, c);
    struct speck_cnn_layer *first = &c->cnn_layers[3], *second = &c->cnn_layers[0];
    first->dimensions = (struct speck_dimensions){.input_shape = {2, {10, 8}},
                                                  .output_shape = {4, {5, 8}},
                                                  .kernel_size = 3,
                                                  .padding = {1, 1},
                                                  .stride = {2, 1}};
    fill(a, first, 127);
    first->destinations[0] = (struct speck_destination){true, 0, 2, 6};
    first->biases[2] = -13;
    first->leak_enable = true;
    first->neurons_initial_value[speck_neuron_at(&first->dimensions, 3, 7, 4)] = 99;
    second->dimensions = (struct speck_dimensions){.input_shape = {10, {2, 4}},
                                                   .output_shape = {3, {2, 4}},
                                                   .kernel_size = 1,
                                                   .stride = {1, 1}};
    fill(a, second, 300);
    second->return_to_zero = true;
    second->monitor_enable = true;
    c->dvs_layer.destinations[0] = (struct speck_dvs_destination){true, 3};
    c->dvs_layer.cut = (struct speck_xy){9, 7};
    c->dvs_layer.pass_sensor_events = false;
    out->maps.n_layers = 2;
    out->maps.layer = ARENA_ARRAY(a, struct speck_placed, 2);
    out->maps.layer[0] = (struct speck_placed){3, 122.5f};
    out->maps.layer[1] = (struct speck_placed){0, 1};
    out->maps.n_inputs = 2;
    out->maps.input = ARENA_ARRAY(a, struct speck_input, 2);
    out->maps.input[0] = (struct speck_input){1, ARENA_ARRAY(a, struct speck_entry, 1)};
    out->maps.input[0].to[0] = (struct speck_entry){SPECK_DVS, {1, 1}, 0};
    out->maps.input[1] = (struct speck_input){1, ARENA_ARRAY(a, struct speck_entry, 1)};
    out->maps.input[1].to[0] = (struct speck_entry){0, {2, 4}, 1};
    struct plan *p = &out->plan;
    p->network = "small";
    struct plan_group *g = VEC_ADD(a, &p->group);
    *g = (struct plan_group){.name = "first", .n = 160, .shape = {3, {4, 8, 5}}};
    g = VEC_ADD(a, &p->group);
    *g = (struct plan_group){.name = "second", .n = 24, .shape = {3, {3, 4, 2}}};
    struct plan_input *in = VEC_ADD(a, &p->input);
    *in = (struct plan_input){.name = "cam", .n = 160, .shape = {3, {2, 8, 10}}};
    in = VEC_ADD(a, &p->input);
    *in = (struct plan_input){.name = "extra", .n = 320, .shape = {3, {5, 8, 8}}};
    VEC_PUSH(a, &p->output, 1);
    speck_sections(a, c, &out->maps, &out->image);
}

void speck_sections(struct arena *a, const struct speck_config *c, const struct speck_maps *m,
                    struct image *out)
{
    struct image_writer w = {0};
    struct diags d = {0};
    image_begin(&w);
    speck_config_write(&w, c, m);
    image_end(&w, speck_name[c->chip]);
    struct bytes b = {(uint8_t *)arena_alloc(a, w.out.n), w.out.n};
    memcpy((void *)b.data, w.out.data, w.out.n);
    buf_free(&w.out);
    assert_true(image_open(a, b, out, &d, "sections"));
    diags_free(&d);
}
