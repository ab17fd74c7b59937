#include "targets/speck/export.h"
#include "targets/speck/fields.h"
#include "targets/speck/flash.h"
#include <string.h>

/* ---- fields, nested as their names say ---- */

static const char *stem_end(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot ? dot + 1 : name;
}

/* Bytes that the objects of two names have in common: whole words with their dots. */
static size_t common(const char *x, const char *y)
{
    size_t n = 0, words = 0;
    while (x + n < stem_end(x) && y + n < stem_end(y) && x[n] == y[n]) {
        n++;
        words = x[n - 1] == '.' ? n : words;
    }
    return words;
}

static void put_block(struct json *j, const void *object, const struct speck_block *b,
                      enum speck_chip chip)
{
    const char *last = "";
    for (uint32_t i = 0; i <= b->n; i++) {
        if (i < b->n && !speck_has(chip, &b->field[i]))
            continue;
        const char *name = i < b->n ? b->field[i].name : "";
        size_t shared = common(last, name);
        for (const char *at = last + shared; at < stem_end(last); at++) {
            if (*at == '.')
                json_end_object(j);
        }
        for (const char *at = name + shared; at < stem_end(name);) {
            const char *dot = strchr(at, '.');
            char word[32] = {0};
            memcpy(word, at, (size_t)(dot - at) < sizeof word ? (size_t)(dot - at) : 0);
            json_key(j, word);
            json_object(j);
            at = dot + 1;
        }
        if (i < b->n) {
            json_key(j, stem_end(name));
            if (b->field[i].kind == SPECK_BOOL)
                json_bool(j, speck_get(object, &b->field[i]));
            else
                json_int(j, speck_get(object, &b->field[i]));
        }
        last = name;
    }
}

/* ---- arrays ---- */

static void put_array(struct json *j, const struct speck_values *v, uint32_t rank,
                      const int32_t *extent, size_t *at)
{
    json_array(j);
    for (int32_t i = 0; i < *extent; i++) {
        if (rank > 1) {
            put_array(j, v, rank - 1, extent + 1, at);
        } else {
            json_int(j, v->narrow ? v->narrow[*at] : v->wide[*at]);
            ++*at;
        }
    }
    json_end_array(j);
}

static void put_arrays(struct json *j, const struct speck_cnn_layer *l)
{
    const struct speck_dimensions *d = &l->dimensions;
    const int32_t features = d->output_shape.feature_count, k = d->kernel_size;
    const int32_t kernel[] = {features, d->input_shape.feature_count, k, k};
    const int32_t map[] = {features, d->output_shape.size.x, d->output_shape.size.y};
    size_t at = 0;
    json_key(j, "weights");
    put_array(j, &(struct speck_values){.narrow = l->weights}, 4, kernel, &at);
    at = 0;
    json_key(j, "biases");
    put_array(j, &(struct speck_values){.wide = l->biases}, 1, map, &at);
    at = 0;
    json_key(j, "neurons_initial_value");
    put_array(j, &(struct speck_values){.wide = l->neurons_initial_value}, 3, map, &at);
}

/* ---- the configuration ---- */

static void put_core(struct json *j, const struct speck_cnn_layer *l, enum speck_chip chip)
{
    json_object(j);
    put_block(j, l, &speck_layer_block, chip);
    json_key(j, "destinations");
    json_array(j);
    for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++) {
        json_object(j);
        put_block(j, &l->destinations[k], &speck_destination_block, chip);
        json_end_object(j);
    }
    json_end_array(j);
    put_arrays(j, l);
    json_end_object(j);
}

static void put_cores(struct json *j, const struct speck_config *c, const struct speck_maps *m,
                      const struct plan *p)
{
    json_key(j, "cores");
    json_array(j);
    for (uint32_t i = 0; i < SPECK_CORES; i++) {
        int layer = speck_layer_on(m, i);
        if (layer < 0 && speck_is_unused(&c->cnn_layers[i]))
            continue;
        json_object(j);
        json_key(j, "core");
        json_int(j, i);
        json_key(j, "layer");
        if (layer >= 0)
            json_str(j, p->group.data[layer].name);
        else
            json_null(j);
        json_key(j, "config");
        put_core(j, &c->cnn_layers[i], c->chip);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_part(struct json *j, const char *key, const struct speck_config *c, uint32_t part)
{
    json_key(j, key);
    json_object(j);
    put_block(j, c, &speck_block[part], c->chip);
    if (part == SPECK_DVS_LAYER) {
        json_key(j, "destinations");
        json_array(j);
        for (uint32_t k = 0; k < SPECK_DESTINATIONS; k++) {
            json_object(j);
            put_block(j, &c->dvs_layer.destinations[k], &speck_dvs_target_block, c->chip);
            json_end_object(j);
        }
        json_end_array(j);
    }
    json_end_object(j);
}

static void put_inputs(struct json *j, const struct speck_maps *m, const struct plan *p)
{
    json_key(j, "inputs");
    json_object(j);
    for (uint32_t i = 0; i < m->n_inputs; i++) {
        json_key(j, p->input.data[i].name);
        json_array(j);
        for (uint32_t k = 0; k < m->input[i].n; k++) {
            const struct speck_entry *to = &m->input[i].to[k];
            json_object(j);
            json_key(j, "layer");
            json_int(j, to->layer);
            json_key(j, "pool");
            json_array(j);
            json_int(j, to->pool[0]);
            json_int(j, to->pool[1]);
            json_end_array(j);
            json_key(j, "feature_shift");
            json_int(j, to->feature_shift);
            json_end_object(j);
        }
        json_end_array(j);
    }
    json_end_object(j);
}

static void put_all(struct json *out, const struct speck_config *c, const struct speck_maps *m,
                    const struct plan *p)
{
    json_object(out);
    json_key(out, "target");
    json_str(out, speck_name[c->chip]);
    put_cores(out, c, m, p);
    put_part(out, "dvs", c, SPECK_DVS_LAYER);
    put_part(out, "dvs_filter", c, SPECK_DVS_FILTER);
    put_part(out, "readout", c, SPECK_READOUT_BLOCK);
    put_part(out, "factory_config", c, SPECK_FACTORY);
    put_inputs(out, m, p);
    json_end_object(out);
}

bool speck_dump_json(struct arena *a, const struct image *im, const struct plan *p,
                     struct json *out, struct diags *d)
{
    struct speck_config c;
    struct speck_maps m;
    if (!speck_read_for(a, im, p, &c, &m, d))
        return false;
    put_all(out, &c, &m, p);
    return true;
}

bool speck_dump_flash(struct arena *a, struct bytes flash, const char *what, struct json *out,
                      struct diags *d)
{
    struct speck_config c;
    struct speck_faults f = {.arena = a};
    const struct speck_maps no_maps = {0};
    const struct plan no_names = {0};
    bool ok = speck_flash_decode(a, flash, &c, &f);
    for (uint32_t i = 0; i < f.list.n; i++)
        diag_add(d, E0701, (struct span){0}, "%s: %s %s", what, f.list.data[i].where,
                 f.list.data[i].what);
    if (ok)
        put_all(out, &c, &no_maps, &no_names);
    return ok;
}
