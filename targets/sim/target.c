#include "targets/target.h"

/* The shared sections say it all, synapses included. */
static bool decode(struct arena *a, const struct image *im, struct plan *p, struct diags *d)
{
    (void)a;
    (void)im;
    (void)p;
    (void)d;
    return true;
}

/* There is no chip either. */
static bool emulate(struct arena *a, const struct image *im, struct plan *p, struct findings *found,
                    struct diags *d)
{
    (void)found;
    return decode(a, im, p, d);
}

static void put_shape(struct json *j, const char *name, const struct plan_shape *s)
{
    json_key(j, name);
    json_array(j);
    for (uint32_t i = 0; i < s->rank; i++)
        json_int(j, s->extent[i]);
    json_end_array(j);
}

/* There is no configuration: what the network consists of. */
static bool dump_json(struct arena *a, const struct image *im, const struct plan *p,
                      struct json *out, struct diags *d)
{
    (void)a;
    (void)im;
    (void)d;
    json_object(out);
    json_key(out, "target");
    json_str(out, "sim");
    json_key(out, "network");
    json_str(out, p->network);
    json_key(out, "inputs");
    json_object(out);
    for (uint32_t i = 0; i < p->input.n; i++)
        put_shape(out, p->input.data[i].name, &p->input.data[i].shape);
    json_end_object(out);
    json_key(out, "layers");
    json_object(out);
    for (uint32_t i = 0; i < p->group.n; i++)
        put_shape(out, p->group.data[i].name, &p->group.data[i].shape);
    json_end_object(out);
    json_key(out, "connections");
    json_array(out);
    for (uint32_t i = 0; i < p->projection.n; i++) {
        const struct plan_projection *j = &p->projection.data[i];
        json_object(out);
        json_key(out, "from");
        json_str(out, j->from_input ? p->input.data[j->src].name : p->group.data[j->src].name);
        json_key(out, "to");
        json_str(out, p->group.data[j->dst].name);
        json_key(out, j->conv ? "weights" : "synapses");
        json_int(out, (int64_t)(j->conv ? conv_count(j->conv) : j->row[j->n_pre]));
        json_end_object(out);
    }
    json_end_array(out);
    json_end_object(out);
    return true;
}

const struct target target_sim = {
    .name = "sim",
    .title = "simulator (this computer)",
    .decode = decode,
    .emulate = emulate,
    .dump_json = dump_json,
};
