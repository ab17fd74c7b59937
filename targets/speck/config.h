/* A Speck configuration as plain data, by the names of the vendor's library: what is written to the
 * chip, and how a network's layers and inputs are found in it.
 *
 * An image holds it in two sections. CONF is what the chip gets, complete; MAPS links it to the
 * plan. fields.h has names, defaults and ranges, config.c what goes beyond single fields,
 * config_image.c the sections (untrusted). debug_config, rgb_config and what else factory_config
 * has aren't here: nothing public says what they hold, so they stay what the library has.
 *
 * Fields, defaults and ranges: [B], the pages of both configurations. Values are wider than their
 * ranges, so that speck_config_check() can tell what is out of them. */
#ifndef SPECK_CONFIG_H
#define SPECK_CONFIG_H

#include "runtime/image.h"
#include "targets/speck/limits.h"

struct speck_xy {
    int32_t x, y;
};

struct speck_shape {
    int32_t feature_count;
    struct speck_xy size;
};

struct speck_dimensions {
    struct speck_shape input_shape, output_shape; /* output: neurons, before any pool */
    int32_t kernel_size;
    struct speck_xy padding, stride;
};

struct speck_destination {
    bool enable;
    int32_t layer, pooling, feature_shift;
};

struct speck_cnn_layer {
    struct speck_dimensions dimensions;
    int8_t *weights;                /* [feature][channel][x][y] */
    int16_t *biases;                /* [feature]; added to every neuron at each tick of the leak */
    int16_t *neurons_initial_value; /* [feature][x][y] */
    bool leak_enable, leak_internal_slow_clk_enable;
    bool return_to_zero, monitor_enable;
    int32_t threshold_high, threshold_low;
    struct speck_destination destinations[SPECK_DESTINATIONS];
    bool input_congestion_balancer_enable, output_decimator_enable;
    int32_t output_decimator_interval; /* code: speck_decimation() */
};

struct speck_dvs_destination {
    bool enable;
    int32_t layer;
};

struct speck_dvs_layer {         /* order: merge, pool, cut, mirror, swap [A] */
    struct speck_xy cut, origin; /* last and first that stay, after the pool */
    struct speck_dvs_destination destinations[SPECK_DESTINATIONS];
    bool merge; /* both polarities become feature 0. [B] has 1 on one page and 0 on the other; a
                   layer with one input feature needs 0 */
    struct {
        bool x, y;
    } mirror;
    bool mirror_diagonal; /* x and y change places */
    bool monitor_enable, raw_monitor_enable;
    bool on_channel, off_channel; /* polarity 1, polarity 0 */
    bool pass_sensor_events;
    struct speck_xy pooling;
};

struct speck_dvs_filter {
    bool enable, hot_pixel_filter_enable, internal_slow_clk;
    bool low_pass_mode_enable; /* 2f only */
    struct speck_xy filter_size;
    int32_t threshold;
};

struct speck_readout_config {
    bool enable, internal_slow_clk, low_pass_filter32_not16, low_pass_filter_disable;
    bool monitor_enable, override_threshold_max, readout_pin_monitor_enable;
    int32_t output_mode_sel, output_neuron_num, readout_configuration_sel, threshold;
};

struct speck_factory_config {
    int32_t internal_slow_clk_divider; /* the exponent of 2 */
    bool monitor_dual_channel;
};

struct speck_config {
    enum speck_chip chip;
    struct speck_cnn_layer cnn_layers[SPECK_CORES];
    struct speck_dvs_layer dvs_layer;
    struct speck_dvs_filter dvs_filter;
    struct speck_readout_config readout;
    struct speck_factory_config factory_config;
};

/* Every field's default; arrays of one zero each, in the arena. */
void speck_config_default(struct arena *a, enum speck_chip chip, struct speck_config *out);

/* Zeroed arrays of the size that dimensions say, which must be in range. False: no memory. */
bool speck_layer_arrays(struct arena *a, struct speck_cnn_layer *l);

uint64_t speck_n_weights(const struct speck_dimensions *d);
uint64_t speck_n_neurons(const struct speck_dimensions *d);

/* The weight of output feature f from input feature c at (y, x) of the kernel. */
size_t speck_weight_at(const struct speck_dimensions *d, int32_t f, int32_t c, int32_t y,
                       int32_t x);
size_t speck_neuron_at(const struct speck_dimensions *d, int32_t f, int32_t y, int32_t x);

/* The layer as limits.h sees it. */
struct speck_layer speck_geometry(const struct speck_cnn_layer *l);

/* Whether a core is as it comes: nothing was written to it. */
bool speck_is_unused(const struct speck_cnn_layer *l);

/* Every field out of its range, every core whose memories are too small for its layer, and what
 * the chip has no use for (a layer whose output isn't what its dimensions give, features shifted
 * beyond the last one). True: there is nothing. Arrays are as dimensions say. */
bool speck_config_check(const struct speck_config *c, struct speck_faults *f);
/* The fields of one core alone: with those in range its arrays have a size. */
bool speck_core_check(const struct speck_config *c, uint32_t core, struct speck_faults *f);

/* ---- how the network is found in it ---- */

struct speck_entry {        /* where the events of an input go */
    uint8_t layer;          /* a core, SPECK_READOUT or SPECK_DVS */
    uint8_t pool[2];        /* y, x: addresses are divided by it before they are sent */
    uint16_t feature_shift; /* added to the feature before it is sent */
};

struct speck_input {
    uint32_t n;
    struct speck_entry *to;
};

struct speck_placed {
    uint8_t core;
    float scale; /* a weight of 1 of the network that was compiled is this in the chip's units */
};

struct speck_maps {
    uint32_t n_layers, n_inputs;
    struct speck_placed *layer; /* of each layer of the plan; no core twice */
    struct speck_input *input;
};

/* ---- sections CONF and MAPS ---- */

void speck_config_write(struct image_writer *w, const struct speck_config *c,
                        const struct speck_maps *m);
/* The image's target says which chip it is; every number is checked. False: reported (E0701). */
bool speck_config_read(struct arena *a, const struct image *im, struct speck_config *c,
                       struct speck_maps *m, struct diags *d);

#endif
