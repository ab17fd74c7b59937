#include "targets/dynapse2/config.h"
#include "targets/dynapse2/decode.h"

static void put_bits(struct json *j, const char *key, uint32_t bits, uint32_t n)
{
    json_key(j, key);
    json_array(j);
    for (uint32_t k = 0; k < n; k++)
        json_bool(j, bits >> k & 1);
    json_end_array(j);
}

static void put_int(struct json *j, const char *key, int64_t x)
{
    json_key(j, key);
    json_int(j, x);
}

static void put_destination(struct json *j, const struct d2_destination *x)
{
    put_int(j, "tag", x->tag);
    put_bits(j, "cores", x->cores, D2_CORES);
    put_int(j, "x_hop", x->x_hop);
    put_int(j, "y_hop", x->y_hop);
}

static bool differs(struct d2_code c)
{
    return c.coarse != 0 || c.fine != 0;
}

static void put_biases(struct json *j, const struct d2_core *c)
{
    json_key(j, "biases");
    json_object(j);
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        bool listed = differs(c->code[p]) || (d2_param[p].core && c->n_neurons > 0);
        if (!listed)
            continue;
        json_key(j, d2_param[p].name);
        json_object(j);
        put_int(j, "coarse", c->code[p].coarse);
        put_int(j, "fine", c->code[p].fine);
        json_key(j, "ampere");
        if (d2_has_current(p))
            json_f64(j, d2_core_current(c, p));
        else
            json_null(j);
        json_end_object(j);
    }
    json_end_object(j);
}

void d2_put_source(struct buf *b, const struct plan *p, const struct d2_neuron *x)
{
    const struct plan_group *g = &p->group.data[x->group];
    plan_element_name(b, g->name, &g->shape, x->element);
}

/* Null for a neuron that the network doesn't know. */
static void put_source(struct json *j, const struct plan *p, const struct d2_neuron *x)
{
    json_key(j, "source");
    if (x->group < 0) {
        json_null(j);
        return;
    }
    struct buf b = {0};
    d2_put_source(&b, p, x);
    json_str(j, b.data);
    buf_free(&b);
}

static void put_neuron(struct json *j, const struct plan *p, const struct d2_neuron *x)
{
    json_object(j);
    put_int(j, "neuron", x->index);
    put_source(j, p, x);
    json_key(j, "latches");
    json_array(j);
    for (uint32_t k = 0; k < D2_N_LATCHES; k++) {
        if (x->latches >> k & 1)
            json_str(j, d2_latch_name[k]);
    }
    json_end_array(j);
    json_key(j, "cam");
    json_array(j);
    for (uint32_t k = 0; k < x->n_cam; k++) {
        json_object(j);
        put_int(j, "slot", x->cam[k].slot);
        put_int(j, "tag", x->cam[k].tag);
        json_key(j, "dendrite");
        json_str(j, d2_dendrite_name[x->cam[k].dendrite]);
        put_bits(j, "weight", x->cam[k].mask, D2_BASES);
        json_end_object(j);
    }
    json_end_array(j);
    json_key(j, "sram");
    json_array(j);
    for (uint32_t k = 0; k < x->n_sram; k++) {
        json_object(j);
        put_int(j, "slot", x->sram[k].slot);
        put_destination(j, &x->sram[k].to);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static bool is_empty(const struct d2_core *c)
{
    bool empty = c->n_neurons == 0;
    for (uint32_t p = 0; p < D2_N_PARAMS; p++)
        empty = empty && !differs(c->code[p]);
    return empty;
}

static void put_chips(struct json *j, const struct plan *p, const struct d2_config *c)
{
    json_key(j, "chips");
    json_array(j);
    int chip = -1;
    for (uint32_t i = 0; i < c->n_cores; i++) {
        const struct d2_core *k = &c->core[i];
        if (is_empty(k))
            continue;
        if (k->chip != chip) {
            if (chip >= 0) {
                json_end_array(j);
                json_end_object(j);
            }
            chip = k->chip;
            json_object(j);
            put_int(j, "chip", chip);
            json_key(j, "cores");
            json_array(j);
        }
        json_object(j);
        put_int(j, "core", k->core);
        put_biases(j, k);
        json_key(j, "neurons");
        json_array(j);
        for (uint32_t n = 0; n < k->n_neurons; n++)
            put_neuron(j, p, &k->neuron[n]);
        json_end_array(j);
        json_end_object(j);
    }
    if (chip >= 0) {
        json_end_array(j);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_inputs(struct json *j, const struct plan *p, const struct d2_config *c)
{
    json_key(j, "inputs");
    json_object(j);
    for (uint32_t i = 0; i < c->n_inputs; i++) {
        json_key(j, p->input.data[i].name);
        json_array(j);
        for (uint32_t k = 0; k < c->input[i].n; k++) {
            json_array(j);
            for (uint32_t t = 0; t < c->input[i].channel[k].n; t++) {
                json_object(j);
                put_destination(j, &c->input[i].channel[k].to[t]);
                json_end_object(j);
            }
            json_end_array(j);
        }
        json_end_array(j);
    }
    json_end_object(j);
}

struct address {
    const struct d2_core *core;
    const struct d2_neuron *neuron;
};

static void put_output(struct json *j, const struct plan_group *g, const struct address *at)
{
    json_key(j, g->name);
    json_array(j);
    for (uint32_t e = 0; e < g->n; e++) {
        json_object(j);
        put_int(j, "chip", at[e].core->chip);
        put_int(j, "core", at[e].core->core);
        put_int(j, "neuron", at[e].neuron->index);
        const struct d2_sram *monitor = d2_monitor(at[e].neuron);
        json_key(j, "tag");
        if (monitor)
            json_int(j, monitor->to.tag);
        else
            json_null(j);
        json_end_object(j);
    }
    json_end_array(j);
}

static void put_outputs(struct json *j, const struct plan *p, const struct d2_config *c)
{
    struct arena scratch = {0};
    json_key(j, "outputs");
    json_object(j);
    for (uint32_t i = 0; i < p->output.n; i++) {
        const struct plan_group *g = &p->group.data[p->output.data[i]];
        struct address *at = ARENA_ARRAY(&scratch, struct address, g->n);
        for (uint32_t k = 0; k < c->n_cores; k++) {
            for (uint32_t n = 0; n < c->core[k].n_neurons; n++) {
                const struct d2_neuron *x = &c->core[k].neuron[n];
                if (x->group == (int32_t)p->output.data[i])
                    at[x->element] = (struct address){&c->core[k], x};
            }
        }
        put_output(j, g, at);
    }
    json_end_object(j);
    arena_free(&scratch);
}

bool d2_dump_json(struct arena *a, const struct image *im, const struct plan *p, struct json *out,
                  struct diags *d)
{
    struct d2_config c;
    if (!d2_config_read(a, im, &c, d))
        return false;
    json_object(out);
    json_key(out, "target");
    json_str(out, "dynapse2");
    put_chips(out, p, &c);
    put_inputs(out, p, &c);
    put_outputs(out, p, &c);
    json_end_object(out);
    return true;
}
