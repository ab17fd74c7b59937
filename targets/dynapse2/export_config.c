/* The configuration as samna's text: the layout of its serializer (fixed arrays are objects with
 * members value0, value1, ..., maps are arrays of key and value), one chip after the other, written
 * while it is made. */
#include "targets/dynapse2/export.h"
#include <stdio.h>

enum { PIECE = 1 << 20 }; /* bytes that are collected before they go to the file */

struct text {
    struct json j;
    struct buf buf;
    struct file_out *out;
    bool ok;
};

static void pour(struct text *t, size_t least)
{
    if (t->buf.n > least) {
        t->ok = t->ok && file_append(t->out, t->buf.data, t->buf.n);
        buf_clear(&t->buf);
    }
}

static void put_int(struct json *j, const char *key, int64_t x)
{
    json_key(j, key);
    json_int(j, x);
}

static void put_bool(struct json *j, const char *key, bool x)
{
    json_key(j, key);
    json_bool(j, x);
}

static void put_array(struct json *j, const char *key)
{
    json_key(j, key);
    json_array(j);
    json_end_array(j);
}

static void put_object(struct json *j, const char *key)
{
    json_key(j, key);
    json_object(j);
}

/* The key of a fixed array's element. */
static void put_index(struct json *j, uint32_t index)
{
    char key[24];
    snprintf(key, sizeof key, "value%u", index);
    json_key(j, key);
}

static void put_element(struct json *j, uint32_t index)
{
    put_index(j, index);
    json_object(j);
}

static void put_bits(struct json *j, const char *key, uint32_t bits, uint32_t n)
{
    put_object(j, key);
    for (uint32_t k = 0; k < n; k++) {
        put_index(j, k);
        json_bool(j, bits >> k & 1);
    }
    json_end_object(j);
}

/* ---- neurons ---- */

static void put_synapse(struct json *j, struct d2_cam x)
{
    put_int(j, "dendrite", d2_dendrite_code[x.dendrite]);
    put_bool(j, "stp", false);
    put_bits(j, "weight", x.mask, D2_BASES);
    put_bool(j, "preciseDelay", false);
    put_bool(j, "mismatchedDelay", false);
    put_int(j, "tag", x.tag);
}

static void put_neuron(struct json *j, const struct d2_neuron *x)
{
    static const struct d2_neuron unused;
    if (!x)
        x = &unused;
    put_object(j, "synapses");
    for (uint32_t k = 0; k < D2_CAM; k++) {
        put_element(j, k);
        put_synapse(j, d2_cam_at(x, k));
        json_end_object(j);
    }
    json_end_object(j);
    put_object(j, "destinations");
    for (uint32_t k = 0; k < D2_SRAM; k++) {
        struct d2_destination to = d2_sram_at(x, k);
        put_element(j, k);
        put_bits(j, "core", to.cores, D2_CORES);
        put_int(j, "xHop", to.x_hop);
        put_int(j, "yHop", to.y_hop);
        put_int(j, "tag", to.tag);
        json_end_object(j);
    }
    json_end_object(j);
    for (uint32_t k = 0; k < D2_N_LATCHES; k++)
        put_bool(j, d2_latch_key[k], x->latches >> k & 1);
}

/* ---- cores ---- */

static void put_parameter(struct json *j, uint32_t param, const struct d2_code *x)
{
    json_object(j);
    json_key(j, "key");
    json_str(j, d2_script_name(param));
    put_object(j, "value");
    put_int(j, "type", d2_param[param].type);
    put_int(j, "coarseValue", x ? x->coarse : 0);
    put_int(j, "fineValue", x ? x->fine : 0);
    put_int(j, "_address", 0);
    put_int(j, "_cookie", 0);
    put_int(j, "_initialType", d2_param[param].type == 'N');
    put_bool(j, "_switchableType", false);
    json_end_object(j);
    json_end_object(j);
}

static void put_parameters(struct json *j, const struct d2_core *c)
{
    json_key(j, "parameters");
    json_array(j);
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        if (d2_core_name(p))
            put_parameter(j, p, c ? &c->code[p] : NULL);
    }
    json_end_array(j);
}

static void put_shared(struct json *j, const struct d2_config *c, uint32_t chip,
                       enum d2_shared where)
{
    json_key(j, d2_shared_key[where]);
    json_array(j);
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        if (d2_shared_name(where, p))
            put_parameter(j, p, d2_shared_code(c, chip, where, p));
    }
    json_end_array(j);
}

static void put_all_off(struct json *j, const char *key, const char *const *name, uint32_t n)
{
    put_object(j, key);
    for (uint32_t i = 0; i < n; i++)
        put_bool(j, name[i], false);
    json_end_object(j);
}

static void put_core(struct text *t, const struct d2_core *c)
{
    static const char *const sadc[] = {
        "SoifMem",  "SoifRefectory", "SoadDpi",  "SocaDpi", "DeamEdpi", "DeamIdpi",   "DenmEdpi",
        "DenmIdpi", "DegaIdpi",      "DescIdpi", "SyW42",   "SyW21",    "SohoSogain", "SohoDegain",
    };
    struct json *j = &t->j;
    put_object(j, "neurons");
    for (uint32_t n = 0; n < D2_NEURONS; n++) {
        put_element(j, n);
        put_neuron(j, d2_find_neuron(c, n));
        json_end_object(j);
        pour(t, PIECE);
    }
    json_end_object(j);
    put_bool(j, "neuronMonitoringOn", false);
    put_int(j, "monitoredNeuron", 0);
    put_parameters(j, c);
    put_all_off(j, "sadcEnables", sadc, sizeof sadc / sizeof *sadc);
    put_bool(j, "enableSyawStdbufAn", false);
    put_bool(j, "enablePulseExtenderMonitor1", false);
    put_bool(j, "enablePulseExtenderMonitor2", false);
    put_int(j, "_id", 0);
    put_int(j, "_cookie", 0);
}

/* ---- the rest of a chip: nothing is known of its values, and of its maps not even the names ----
 */

static void put_maps(struct json *j, const char *key, uint32_t n)
{
    put_object(j, key);
    for (uint32_t i = 0; i < n; i++) {
        put_index(j, i);
        json_array(j);
        json_end_array(j);
    }
    json_end_object(j);
}

static void put_pair(struct json *j, const char *key)
{
    put_object(j, key);
    put_int(j, "x", 0);
    put_int(j, "y", 0);
    json_end_object(j);
}

static void put_dvs(struct json *j)
{
    put_object(j, "dvsIf");
    put_bool(j, "dropEvents", false);
    put_int(j, "dvsMode", 0);
    put_bool(j, "offEvents", false);
    put_bool(j, "onEvents", false);
    put_pair(j, "poolingShift");
    put_bool(j, "copyEvents", false);
    put_pair(j, "copyHop");
    put_int(j, "davisReqAckBugfixDelay_ns", 0);
    put_pair(j, "origin");
    put_pair(j, "max");
    put_maps(j, "pixelDestinations", 0);
    put_array(j, "filter");
    json_end_object(j);
}

static void put_bioamps(struct json *j)
{
    enum { CHANNELS = 8 };
    static const char *const monitor[] = {"Thuc", "Thdc", "Qfruc", "Oruc", "Osuc", "Oauc"};
    put_object(j, "bioamps");
    put_array(j, "commonParameters");
    put_maps(j, "channelParameters", CHANNELS);
    put_bool(j, "paramGen2Powerdown", false);
    put_int(j, "gain", 0);
    put_bool(j, "separateParameters", false);
    for (size_t i = 0; i < sizeof monitor / sizeof *monitor; i++) {
        char key[40];
        snprintf(key, sizeof key, "monitorChannel%s", monitor[i]);
        put_bool(j, key, false);
    }
    put_maps(j, "route", 0);
    json_end_object(j);
}

static void put_chip(struct text *t, const struct d2_config *c, uint32_t chip)
{
    static const char *const sadc[] = {
        "NccfExtinViGroup0Pg1",     "NccfCalRefbiasVGroup1Pg1", "NccfCalRefbiasVGroup2Pg1",
        "NccfExtinViGroup2Pg1",     "NccfExtinViGroup0Pg0",     "NccfCalRefbiasVGroup1Pg0",
        "NccfCalRefbiasVGroup2Pg0", "NccfExtinViGroup2Pg0",
    };
    enum { GROUPS = 3 };
    struct json *j = &t->j;
    put_object(j, "cores");
    for (uint32_t k = 0; k < D2_CORES; k++) {
        put_element(j, k);
        put_core(t, d2_find_core(c, chip, k));
        json_end_object(j);
    }
    json_end_object(j);
    for (enum d2_shared where = D2_GLOBAL; where < D2_N_SHARED; where++)
        put_shared(j, c, chip, where);
    put_maps(j, "sadcGroupParameters01", GROUPS);
    put_maps(j, "sadcGroupParameters23", GROUPS);
    put_all_off(j, "sadcEnables", sadc, sizeof sadc / sizeof *sadc);
    put_dvs(j);
    put_bioamps(j);
    put_bool(j, "enablePg0ReferenceMonitor", false);
    put_bool(j, "enablePg1ReferenceMonitor", false);
    put_bool(j, "paramGen0Powerdown", false);
    put_bool(j, "paramGen1Powerdown", false);
}

static bool put_all(const struct d2_config *c, struct file_out *out)
{
    struct text t = {.out = out, .ok = true};
    struct json *j = &t.j;
    json_init(j, &t.buf, 4);
    json_object(j);
    put_object(j, "value0");
    json_key(j, "chips");
    json_array(j);
    for (uint32_t chip = 0; t.ok && chip < d2_grid_chips(c->grid); chip++) {
        json_object(j);
        put_chip(&t, c, chip);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
    json_end_object(j);
    buf_putc(&t.buf, '\n');
    pour(&t, 0);
    buf_free(&t.buf);
    return t.ok;
}

bool d2_export_config(struct arena *a, const struct image *im, struct bytes base, const char *what,
                      struct file_out *out, struct diags *d)
{
    struct d2_config c;
    if (!d2_config_read(a, im, &c, d) || !d2_exportable(&c, d))
        return false;
    if (base.data)
        return d2_merge(&c, base, what, out, d);
    struct diag *g = diag_add(d, W0951, (struct span){0},
                              "what the network doesn't set is 0 in the configuration, addresses "
                              "of parameters too: not for a chip");
    diag_hint(d, g,
              "--default FILE merges onto what samna.dynapse2.Dynapse2Configuration().to_json() "
              "wrote");
    return put_all(&c, out);
}
