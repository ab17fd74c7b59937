#include "targets/speck/fields.h"
#include <stddef.h>

#define AT(T, member) (uint32_t) offsetof(struct T, member)
#define BOTH(value)                                                                                \
    {                                                                                              \
        value, value                                                                               \
    }
#define INT(T, name, value, low, high)                                                             \
    {                                                                                              \
#name, SPECK_INT, AT(T, name), BOTH(value), low, high, false                               \
    }
#define BOOL(T, name, value)                                                                       \
    {                                                                                              \
#name, SPECK_BOOL, AT(T, name), BOTH(value), 0, 1, false                                   \
    }
#define COUNT(list) (uint32_t)(sizeof list / sizeof *list)

/* clang-format off */
static const struct speck_field layer_field[] = {
#define L speck_cnn_layer
    INT(L, dimensions.input_shape.feature_count, 1, 1, SPECK_MAX_FEATURES),
    INT(L, dimensions.input_shape.size.x, 1, 1, SPECK_SENSOR),
    INT(L, dimensions.input_shape.size.y, 1, 1, SPECK_SENSOR),
    INT(L, dimensions.output_shape.feature_count, 1, 1, SPECK_MAX_FEATURES),
    INT(L, dimensions.output_shape.size.x, 1, 1, SPECK_MAX_OUTPUT),
    INT(L, dimensions.output_shape.size.y, 1, 1, SPECK_MAX_OUTPUT),
    INT(L, dimensions.kernel_size, 1, 1, SPECK_MAX_KERNEL),
    INT(L, dimensions.padding.x, 0, 0, SPECK_MAX_PADDING),
    INT(L, dimensions.padding.y, 0, 0, SPECK_MAX_PADDING),
    {"dimensions.stride.x", SPECK_STRIDE, AT(L, dimensions.stride.x), BOTH(1), 0, 0, false},
    {"dimensions.stride.y", SPECK_STRIDE, AT(L, dimensions.stride.y), BOTH(1), 0, 0, false},
    BOOL(L, leak_enable, 0),
    BOOL(L, leak_internal_slow_clk_enable, 0),
    BOOL(L, return_to_zero, 0),
    INT(L, threshold_high, 0, 0, SPECK_MAX_STATE),
    INT(L, threshold_low, -1, SPECK_MIN_STATE, -1),
    BOOL(L, monitor_enable, 0),
    BOOL(L, input_congestion_balancer_enable, 0),
    BOOL(L, output_decimator_enable, 0),
    INT(L, output_decimator_interval, 0, 0, 7),
#undef L
};

static const struct speck_field destination_field[] = {
    BOOL(speck_destination, enable, 0),
    {"layer", SPECK_TARGET, AT(speck_destination, layer), BOTH(0), 0, 0, false},
    {"pooling", SPECK_POOL, AT(speck_destination, pooling), BOTH(1), 0, 0, false},
    INT(speck_destination, feature_shift, 0, 0, SPECK_MAX_SHIFT),
};

static const struct speck_field dvs_target_field[] = {
    BOOL(speck_dvs_destination, enable, 0),
    {"layer", SPECK_TARGET, AT(speck_dvs_destination, layer), BOTH(0), 0, 0, false},
};

#define IN(part, name)                   AT(speck_config, part.name)
#define PART_INT(part, name, value, low, high)                                                     \
    {#name, SPECK_INT, IN(part, name), BOTH(value), low, high, false}
#define PART_BOOL(part, name, value) {#name, SPECK_BOOL, IN(part, name), BOTH(value), 0, 1, false}

/* [B] has sensor events of a fresh 2e mirrored, swapped and passed on, of a 2f not. */
static const struct speck_field dvs_field[] = {
    PART_INT(dvs_layer, cut.x, SPECK_SENSOR - 1, 0, SPECK_SENSOR - 1),
    PART_INT(dvs_layer, cut.y, SPECK_SENSOR - 1, 0, SPECK_SENSOR - 1),
    PART_INT(dvs_layer, origin.x, 0, 0, SPECK_SENSOR - 1),
    PART_INT(dvs_layer, origin.y, 0, 0, SPECK_SENSOR - 1),
    PART_BOOL(dvs_layer, merge, 0),
    {"mirror.x", SPECK_BOOL, IN(dvs_layer, mirror.x), {1, 0}, 0, 1, false},
    PART_BOOL(dvs_layer, mirror.y, 0),
    {"mirror_diagonal", SPECK_BOOL, IN(dvs_layer, mirror_diagonal), {1, 0}, 0, 1, false},
    PART_BOOL(dvs_layer, monitor_enable, 0),
    PART_BOOL(dvs_layer, raw_monitor_enable, 0),
    PART_BOOL(dvs_layer, on_channel, 1),
    PART_BOOL(dvs_layer, off_channel, 1),
    {"pass_sensor_events", SPECK_BOOL, IN(dvs_layer, pass_sensor_events), {1, 0}, 0, 1, false},
    {"pooling.x", SPECK_POOL, IN(dvs_layer, pooling.x), BOTH(1), 0, 0, false},
    {"pooling.y", SPECK_POOL, IN(dvs_layer, pooling.y), BOTH(1), 0, 0, false},
};

/* [?] how large the window and the threshold may be: nothing says more than that they are numbers. */
static const struct speck_field filter_field[] = {
    PART_BOOL(dvs_filter, enable, 0),
    PART_INT(dvs_filter, filter_size.x, 1, 0, SPECK_SENSOR),
    PART_INT(dvs_filter, filter_size.y, 1, 0, SPECK_SENSOR),
    PART_BOOL(dvs_filter, hot_pixel_filter_enable, 1),
    PART_BOOL(dvs_filter, internal_slow_clk, 0),
    PART_INT(dvs_filter, threshold, 5, 0, UINT16_MAX),
    {"low_pass_mode_enable", SPECK_BOOL, IN(dvs_filter, low_pass_mode_enable), BOTH(0), 0, 1, true},
};

static const struct speck_field readout_field[] = {
    PART_BOOL(readout, enable, 0),
    PART_BOOL(readout, internal_slow_clk, 0),
    PART_BOOL(readout, low_pass_filter32_not16, 0),
    PART_BOOL(readout, low_pass_filter_disable, 0),
    PART_BOOL(readout, monitor_enable, 0),
    PART_INT(readout, output_mode_sel, 0, 0, 3),
    PART_INT(readout, output_neuron_num, 0, 0, SPECK_READOUT_CLASSES),
    PART_BOOL(readout, override_threshold_max, 0),
    PART_INT(readout, readout_configuration_sel, 0, 0, 3),
    PART_BOOL(readout, readout_pin_monitor_enable, 0),
    PART_INT(readout, threshold, 0, 0, UINT16_MAX),
};

static const struct speck_field factory_field[] = {
    PART_INT(factory_config, internal_slow_clk_divider, 17, 14, 17),
    PART_BOOL(factory_config, monitor_dual_channel, 0),
};
/* clang-format on */

const struct speck_block speck_layer_block = {NULL, COUNT(layer_field), layer_field};
const struct speck_block speck_destination_block = {NULL, COUNT(destination_field),
                                                    destination_field};
const struct speck_block speck_dvs_target_block = {NULL, COUNT(dvs_target_field), dvs_target_field};
const struct speck_block speck_block[SPECK_BLOCKS] = {
    [SPECK_DVS_LAYER] = {"dvs_layer", COUNT(dvs_field), dvs_field},
    [SPECK_DVS_FILTER] = {"dvs_filter", COUNT(filter_field), filter_field},
    [SPECK_READOUT_BLOCK] = {"readout", COUNT(readout_field), readout_field},
    [SPECK_FACTORY] = {"factory_config", COUNT(factory_field), factory_field},
};

int32_t speck_get(const void *object, const struct speck_field *x)
{
    const char *at = (const char *)object + x->offset;
    return x->kind == SPECK_BOOL ? *(const bool *)at : *(const int32_t *)(const void *)at;
}

void speck_set(void *object, const struct speck_field *x, int32_t value)
{
    char *at = (char *)object + x->offset;
    if (x->kind == SPECK_BOOL)
        *(bool *)at = value != 0;
    else
        *(int32_t *)(void *)at = value;
}

bool speck_has(enum speck_chip chip, const struct speck_field *x)
{
    return !x->only_2f || chip == SPECK_2F;
}

const char *speck_wrong(struct arena *a, const struct speck_field *x, int32_t value)
{
    switch (x->kind) {
    case SPECK_POOL:
        return speck_is_pool(value) ? NULL : "1, 2 or 4";
    case SPECK_STRIDE:
        return speck_is_stride(value) ? NULL : "1, 2, 4 or 8";
    case SPECK_TARGET:
        return value == SPECK_READOUT || (value >= 0 && value < SPECK_CORES) ? NULL
                                                                             : "0 to 8 or 12";
    default:
        return value >= x->low && value <= x->high ? NULL
                                                   : arena_printf(a, "%d to %d", x->low, x->high);
    }
}
