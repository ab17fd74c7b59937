/* A program for samna: the configuration as assignments, and samna.py, the text around them. */
#include "targets/speck/export.h"
#include "targets/speck/fields.h"
#include <stdio.h>
#include <string.h>

extern const char speck_samna_text[]; /* samna.py, made a C string by the Makefile */

enum { COLUMNS = 100 };

/* Text from outside as a literal: JSON's escapes are Python's. */
static void put_quoted(struct buf *b, const char *text)
{
    struct json j;
    json_init(&j, b, 0);
    json_str(&j, text);
}

static void put_block(struct buf *b, const char *object, const void *at,
                      const struct speck_block *block, enum speck_chip chip)
{
    for (uint32_t i = 0; i < block->n; i++) {
        const struct speck_field *x = &block->field[i];
        int32_t value = speck_get(at, x);
        if (!speck_has(chip, x))
            continue;
        buf_printf(b, "    %s.%s = ", object, x->name);
        if (x->kind == SPECK_BOOL)
            buf_puts(b, value ? "True\n" : "False\n");
        else
            buf_printf(b, "%d\n", value);
    }
}

/* ---- lists, in lines of at most COLUMNS ---- */

static void put_list(struct buf *b, const struct speck_values *v, uint64_t n)
{
    size_t line = b->n;
    buf_puts(b, "        [");
    for (uint64_t i = 0; i < n; i++) {
        char text[16];
        int len = snprintf(text, sizeof text, "%d", v->narrow ? v->narrow[i] : v->wide[i]);
        if (b->n - line + (size_t)len + strlen(" ,],") > COLUMNS) {
            buf_puts(b, "\n         ");
            line = b->n - strlen("         ");
        } else if (i > 0) {
            buf_putc(b, ' ');
        }
        buf_printf(b, i + 1 < n ? "%s," : "%s", text);
    }
    buf_puts(b, "],\n");
}

static void put_arrays(struct buf *b, const struct speck_cnn_layer *l)
{
    const struct speck_dimensions *d = &l->dimensions;
    const struct speck_xy *size = &d->output_shape.size;
    const int32_t features = d->output_shape.feature_count, k = d->kernel_size;
    uint64_t n_neurons = speck_n_neurons(d);
    bool zero = true;
    for (uint64_t i = 0; i < n_neurons; i++)
        zero = zero && l->neurons_initial_value[i] == 0;
    buf_puts(b, "    layer.weights = shaped(  # feature, channel, x, y\n");
    put_list(b, &(struct speck_values){.narrow = l->weights}, speck_n_weights(d));
    buf_printf(b, "        %d, %d, %d, %d,\n    )\n", features, d->input_shape.feature_count, k, k);
    buf_puts(b, "    layer.biases = shaped(\n");
    put_list(b, &(struct speck_values){.wide = l->biases}, (uint64_t)features);
    buf_printf(b, "        %d,\n    )\n", features);
    if (zero) {
        buf_printf(b, "    layer.neurons_initial_value = zeros(%d, %d, %d)\n", features, size->x,
                   size->y);
    } else {
        buf_puts(b, "    layer.neurons_initial_value = shaped(  # feature, x, y\n");
        put_list(b, &(struct speck_values){.wide = l->neurons_initial_value}, n_neurons);
        buf_printf(b, "        %d, %d, %d,\n    )\n", features, size->x, size->y);
    }
}

/* ---- the tables and functions of one network ---- */

static bool is_set(const struct speck_config *c, const struct speck_maps *m, uint32_t core)
{
    return speck_layer_on(m, core) >= 0 || !speck_is_unused(&c->cnn_layers[core]);
}

static void put_core(struct buf *b, const struct speck_config *c, const struct speck_maps *m,
                     const struct plan *p, uint32_t core)
{
    const struct speck_cnn_layer *l = &c->cnn_layers[core];
    int layer = speck_layer_on(m, core);
    buf_printf(b, "\n\ndef core%u(layer):", core);
    if (layer >= 0) {
        buf_puts(b, "  # ");
        put_quoted(b, p->group.data[layer].name);
    }
    buf_putc(b, '\n');
    put_block(b, "layer", l, &speck_layer_block, c->chip);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++) {
        const char *object = k ? "layer.destinations[1]" : "layer.destinations[0]";
        put_block(b, object, &l->destinations[k], &speck_destination_block, c->chip);
    }
    put_arrays(b, l);
}

static void put_rest(struct buf *b, const struct speck_config *c)
{
    buf_puts(b, "\n\ndef set_rest(config):\n");
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++) {
        const char *object =
            k ? "config.dvs_layer.destinations[1]" : "config.dvs_layer.destinations[0]";
        put_block(b, object, &c->dvs_layer.destinations[k], &speck_dvs_target_block, c->chip);
    }
    /* samna lets sensor events pass when a monitor is enabled; the table has that switch behind
     * them. */
    for (uint32_t i = 0; i < SPECK_BLOCKS; i++) {
        char object[32];
        snprintf(object, sizeof object, "config.%s", speck_block[i].name);
        put_block(b, object, c, &speck_block[i], c->chip);
    }
}

static void put_network(struct buf *b, const struct speck_config *c, const struct speck_maps *m,
                        const struct plan *p)
{
    buf_puts(b, "\n# LAYERS[name] = its core.\nLAYERS = {\n");
    for (uint32_t i = 0; i < m->n_layers; i++) {
        if (!c->cnn_layers[m->layer[i].core].monitor_enable)
            continue;
        buf_puts(b, "    ");
        put_quoted(b, p->group.data[i].name);
        buf_printf(b, ": %u,\n", m->layer[i].core);
    }
    buf_puts(b,
             "}\n\n# INPUTS[name] = [(layer, pool y, pool x, feature shift), ...]: where its "
             "events go;\n# addresses are divided before they are sent.\nDVS = 13\nINPUTS = {\n");
    for (uint32_t i = 0; i < m->n_inputs; i++) {
        buf_puts(b, "    ");
        put_quoted(b, p->input.data[i].name);
        buf_puts(b, ": [");
        for (uint32_t k = 0; k < m->input[i].n; k++) {
            const struct speck_entry *to = &m->input[i].to[k];
            buf_printf(b, "%s(%u, %u, %u, %u)", k ? ", " : "", to->layer, to->pool[0], to->pool[1],
                       to->feature_shift);
        }
        buf_puts(b, "],\n");
    }
    buf_puts(b, "}\n");
}

static void put_head(struct buf *b, const struct speck_config *c, const struct provenance *from,
                     const char *stimulus)
{
    const char *chip = speck_name[c->chip];
    buf_printf(b, "import samna.%s as speck\n\n# Made by ", chip);
    put_quoted(b, from->compiler);
    buf_puts(b, " from ");
    put_quoted(b, from->source);
    buf_printf(
        b, ".\nBOARD = \"S%s\"  # how the type names of its boards begin\nSTIMULUS = ", chip + 1);
    if (stimulus)
        put_quoted(b, stimulus);
    else
        buf_puts(b, "None");
    buf_puts(b, "  # a file beside this program\n");
}

/* ---- what doesn't come back ---- */

static void check_heard(const struct speck_config *c, const struct speck_maps *m,
                        const struct plan *p, struct diags *d)
{
    for (uint32_t i = 0; i < p->output.n; i++) {
        uint32_t layer = p->output.data[i];
        const char *why = c->readout.monitor_enable ? "the readout's monitor hides those of cores"
                          : !c->cnn_layers[m->layer[layer].core].monitor_enable
                              ? "its core has no monitor"
                              : NULL;
        if (why)
            diag_add(d, W0952, (struct span){0}, "layer `%s`: its spikes don't reach the host: %s",
                     p->group.data[layer].name, why);
    }
}

bool speck_export_samna(struct arena *a, const struct image *im, const struct plan *p,
                        const char *stimulus, struct buf *out, struct diags *d)
{
    struct speck_config c;
    struct speck_maps m;
    struct provenance from;
    if (!speck_read_for(a, im, p, &c, &m, d))
        return false;
    if (!provenance_read(a, im, &from))
        from = (struct provenance){.compiler = "dyn", .source = p->network};
    check_heard(&c, &m, p, d);
    const char *tables = strstr(speck_samna_text, "@tables@\n");
    buf_put(out, speck_samna_text, (size_t)(tables - speck_samna_text));
    put_head(out, &c, &from, stimulus);
    put_network(out, &c, &m, p);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        if (is_set(&c, &m, i))
            put_core(out, &c, &m, p, i);
    }
    put_rest(out, &c);
    buf_puts(out, "\n\nCORES = {");
    bool first = true;
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        if (is_set(&c, &m, i)) {
            buf_printf(out, "%s%u: core%u", first ? "" : ", ", i, i);
            first = false;
        }
    }
    buf_puts(out, "}\n");
    buf_puts(out, tables + strlen("@tables@\n"));
    return true;
}
