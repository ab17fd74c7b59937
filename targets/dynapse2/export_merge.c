/* Merges a configuration onto samna's text of another one. The text is read once, token by token;
 * where a value is one that the configuration sets, the bytes up to it are copied and the new value
 * is written, so that whatever else samna has in there stays as it is, known or not. */
#include "runtime/base/json_read.h"
#include "targets/dynapse2/export.h"
#include <stdio.h>
#include <string.h>

enum { PIECE = 1 << 20 }; /* bytes that are collected before they go to the file */

struct merge {
    const struct d2_config *c;
    struct json_reader r;
    struct json_token t;
    struct bytes base;
    size_t copied; /* bytes of the base that are done with */
    struct buf buf;
    struct file_out *out;
    const char *what;
    struct diags *d;
};

/* ---- errors ---- */

__attribute__((format(printf, 2, 3))) static bool fail(struct merge *m, const char *fmt, ...)
{
    uint32_t line = 1;
    size_t start = 0;
    for (size_t i = 0; i < m->t.begin; i++) {
        if (m->base.data[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    struct diag *g = diag_add(m->d, E0904, (struct span){0}, "%s:%u:%zu: %s", m->what, line,
                              m->t.begin - start + 1, b.data);
    diag_hint(m->d, g,
              "the default is what samna.dynapse2.Dynapse2Configuration().to_json() returns");
    buf_free(&b);
    return false;
}

static bool advance(struct merge *m)
{
    return json_next(&m->r, &m->t) != JSON_ERROR || fail(m, "%s", m->t.what);
}

static bool skip(struct merge *m)
{
    return json_skip(&m->r, &m->t) || fail(m, "%s", m->t.what);
}

static bool expect(struct merge *m, enum json_kind kind, const char *what)
{
    return m->t.kind == kind || fail(m, "%s should be %s, not %s", what, json_kind_name(kind),
                                     json_kind_name(m->t.kind));
}

/* ---- values: what was before is copied, the new text takes the token's place ---- */

static bool put(struct merge *m, const char *text)
{
    buf_put(&m->buf, m->base.data + m->copied, m->t.begin - m->copied);
    buf_puts(&m->buf, text);
    m->copied = m->t.end;
    if (m->buf.n < PIECE)
        return true;
    bool ok = file_append(m->out, m->buf.data, m->buf.n);
    buf_clear(&m->buf);
    return ok;
}

static bool set_int(struct merge *m, int value)
{
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    return expect(m, JSON_NUMBER, "this") && put(m, text);
}

static bool set_bool(struct merge *m, bool value)
{
    if (m->t.kind != JSON_TRUE && m->t.kind != JSON_FALSE)
        return fail(m, "this should be true or false, not %s", json_kind_name(m->t.kind));
    return put(m, value ? "true" : "false");
}

/* ---- objects ---- */

/* The members of an object that matter. Others are copied. */
struct members {
    const char *what;        /* "a synapse" */
    const char *const *name; /* NULL: value0, value1, ..., the elements of a fixed array */
    uint32_t n;              /* at most D2_NEURONS */
    /* Deals with member k, whose value the token begins, to its end. `x` is the caller's. */
    bool (*set)(struct merge *m, uint32_t k, const void *x);
    /* Whether member k must be there; NULL: all must. */
    bool (*wanted)(const struct merge *m, uint32_t k, const void *x);
};

enum { NAME_ROOM = 32 };

static const char *member_name(const struct members *o, uint32_t k, char room[NAME_ROOM])
{
    if (o->name)
        return o->name[k];
    snprintf(room, NAME_ROOM, "value%u", k);
    return room;
}

/* -1: none of those that matter. */
static int find_member(const struct members *o, const struct json_token *key)
{
    static const char element[] = "value";
    const size_t lead = sizeof element - 1;
    if (!o->name) {
        uint32_t k = 0;
        if (key->n <= lead || key->n > lead + 3 || memcmp(key->text, element, lead) != 0)
            return -1;
        for (size_t i = lead; i < key->n; i++) {
            if (key->text[i] < '0' || key->text[i] > '9')
                return -1;
            k = 10 * k + (uint32_t)(key->text[i] - '0');
        }
        return k < o->n ? (int)k : -1;
    }
    for (uint32_t k = 0; k < o->n; k++) {
        if (strlen(o->name[k]) == key->n && memcmp(o->name[k], key->text, key->n) == 0)
            return (int)k;
    }
    return -1;
}

static bool walk(struct merge *m, const struct members *o, const void *x)
{
    bool seen[D2_NEURONS] = {false};
    char room[NAME_ROOM];
    if (!expect(m, JSON_OBJECT, o->what))
        return false;
    for (;;) {
        if (!advance(m))
            return false;
        if (m->t.kind == JSON_END_OBJECT)
            break;
        int k = find_member(o, &m->t);
        if (k >= 0 && seen[k])
            return fail(m, "`%s` of %s comes twice", member_name(o, (uint32_t)k, room), o->what);
        if (!advance(m) || !(k < 0 ? skip(m) : o->set(m, (uint32_t)k, x)))
            return false;
        if (k >= 0)
            seen[k] = true;
    }
    for (uint32_t k = 0; k < o->n; k++) {
        if (!seen[k] && (!o->wanted || o->wanted(m, k, x)))
            return fail(m, "%s has no `%s`", o->what, member_name(o, k, room));
    }
    return true;
}

/* ---- neurons ---- */

static bool set_bit(struct merge *m, uint32_t k, const void *x)
{
    return set_bool(m, *(const uint8_t *)x >> k & 1);
}
static const struct members weight = {"a weight", NULL, D2_BASES, set_bit, NULL};
static const struct members core_mask = {"a core mask", NULL, D2_CORES, set_bit, NULL};

static bool set_synapse_member(struct merge *m, uint32_t k, const void *x)
{
    const struct d2_cam *cam = x;
    if (k == 0)
        return set_int(m, d2_dendrite_code[cam->dendrite]);
    if (k == 1)
        return set_int(m, cam->tag);
    if (k == 2)
        return walk(m, &weight, &cam->mask);
    return set_bool(m, false);
}
static const char *const synapse_name[] = {"dendrite", "tag",          "weight",
                                           "stp",      "preciseDelay", "mismatchedDelay"};
static const struct members synapse = {"a synapse", synapse_name, 6, set_synapse_member, NULL};

static bool set_synapse(struct merge *m, uint32_t k, const void *x)
{
    struct d2_cam cam = d2_cam_at(x, k);
    return walk(m, &synapse, &cam);
}
static const struct members synapses = {"the list of synapses", NULL, D2_CAM, set_synapse, NULL};

static bool set_destination_member(struct merge *m, uint32_t k, const void *x)
{
    const struct d2_destination *to = x;
    if (k == 0)
        return walk(m, &core_mask, &to->cores);
    return set_int(m, k == 1 ? to->x_hop : k == 2 ? to->y_hop : to->tag);
}
static const char *const destination_name[] = {"core", "xHop", "yHop", "tag"};
static const struct members destination = {"a destination", destination_name, 4,
                                           set_destination_member, NULL};

static bool set_destination(struct merge *m, uint32_t k, const void *x)
{
    struct d2_destination to = d2_sram_at(x, k);
    return walk(m, &destination, &to);
}
static const struct members destinations = {"the list of destinations", NULL, D2_SRAM,
                                            set_destination, NULL};

static bool set_latch(struct merge *m, uint32_t k, const void *x)
{
    return set_bool(m, ((const struct d2_neuron *)x)->latches >> k & 1);
}

/* A neuron: its two lists, then the latches. */
enum { N_LISTS = 2, N_NEURON = N_LISTS + D2_N_LATCHES };

static bool set_neuron_member(struct merge *m, uint32_t k, const void *x)
{
    if (k >= N_LISTS)
        return set_latch(m, k - N_LISTS, x);
    return walk(m, k == 0 ? &synapses : &destinations, x);
}

static bool set_neuron(struct merge *m, uint32_t k, const void *x)
{
    const char *name[N_NEURON] = {"synapses", "destinations"};
    const struct d2_neuron *n = d2_find_neuron(x, k);
    memcpy(name + N_LISTS, d2_latch_key, sizeof d2_latch_key);
    const struct members neuron = {"a neuron", name, N_NEURON, set_neuron_member, NULL};
    return n ? walk(m, &neuron, n) : skip(m);
}
static bool neuron_wanted(const struct merge *m, uint32_t k, const void *x)
{
    (void)m;
    return d2_find_neuron(x, k) != NULL;
}
static const struct members neurons = {"the list of neurons", NULL, D2_NEURONS, set_neuron,
                                       neuron_wanted};

/* ---- parameters: an array of {"key": name, "value": object} ---- */

static bool set_code(struct merge *m, uint32_t k, const void *x)
{
    const struct d2_code *code = x;
    return set_int(m, k == 0 ? code->coarse : code->fine);
}
static const char *const code_name[] = {"coarseValue", "fineValue"};
static const struct members parameter = {"a parameter", code_name, 2, set_code, NULL};

/* What the configuration sets in such an array. */
struct codes {
    const char *name[D2_N_PARAMS]; /* NULL: not set */
    struct d2_code code[D2_N_PARAMS];
};

struct entry {
    const struct codes *codes;
    bool *seen; /* of each parameter */
    int param;  /* that the key named; -1: none that is set */
    bool named;
};

static bool set_entry_member(struct merge *m, uint32_t k, const void *x)
{
    struct entry *e = *(struct entry *const *)x;
    if (k == 1) {
        if (!e->named)
            return fail(m, "an entry's `key` should come before its `value`");
        return e->param < 0 ? skip(m) : walk(m, &parameter, &e->codes->code[e->param]);
    }
    if (!expect(m, JSON_STRING, "a parameter's name"))
        return false;
    e->named = true;
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        const char *name = e->codes->name[p];
        if (name && strlen(name) == m->t.n && memcmp(name, m->t.text, m->t.n) == 0) {
            if (e->seen[p])
                return fail(m, "parameter `%s` comes twice", name);
            e->seen[p] = true;
            e->param = (int)p;
        }
    }
    return true;
}
static const char *const entry_name[] = {"key", "value"};
static const struct members entry = {"an entry of the parameters", entry_name, 2, set_entry_member,
                                     NULL};

/* `what` has them: "chip 0 core 1". */
static bool set_parameters(struct merge *m, const struct codes *c, const char *what)
{
    bool seen[D2_N_PARAMS] = {false};
    if (!expect(m, JSON_ARRAY, "the map of parameters"))
        return false;
    for (;;) {
        struct entry e = {.codes = c, .seen = seen, .param = -1}, *p = &e;
        if (!advance(m))
            return false;
        if (m->t.kind == JSON_END_ARRAY)
            break;
        if (!walk(m, &entry, &p))
            return false;
    }
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        if (c->name[p] && !seen[p])
            return fail(m, "%s has no parameter `%s`", what, c->name[p]);
    }
    return true;
}

static bool set_core_parameters(struct merge *m, const struct d2_core *c)
{
    struct codes codes = {0};
    char what[NAME_ROOM];
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        codes.name[p] = d2_is_set(c, p) ? d2_core_name(p) : NULL;
        codes.code[p] = c->code[p];
    }
    snprintf(what, sizeof what, "chip %u core %u", c->chip, c->core);
    return set_parameters(m, &codes, what);
}

/* Those that cores of a chip share; whether any is set. */
static bool find_shared(const struct merge *m, uint32_t chip, enum d2_shared where,
                        struct codes *out)
{
    bool any = false;
    for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
        const struct d2_code *x = d2_shared_code(m->c, chip, where, p);
        out->name[p] = x ? d2_shared_name(where, p) : NULL;
        out->code[p] = x ? *x : (struct d2_code){0};
        any = any || x;
    }
    return any;
}

static bool set_shared(struct merge *m, uint32_t chip, enum d2_shared where)
{
    struct codes codes;
    char what[2 * NAME_ROOM];
    snprintf(what, sizeof what, "`%s` of chip %u", d2_shared_key[where], chip);
    return find_shared(m, chip, where, &codes) ? set_parameters(m, &codes, what) : skip(m);
}

/* ---- chips ---- */

static bool set_core_member(struct merge *m, uint32_t k, const void *x)
{
    return k == 0 ? walk(m, &neurons, x) : set_core_parameters(m, x);
}
static const char *const core_name[] = {"neurons", "parameters"};
static const struct members core = {"a core", core_name, 2, set_core_member, NULL};

static bool set_core(struct merge *m, uint32_t k, const void *x)
{
    const struct d2_core *c = d2_find_core(m->c, *(const uint32_t *)x, k);
    return c ? walk(m, &core, c) : skip(m);
}
static bool core_wanted(const struct merge *m, uint32_t k, const void *x)
{
    return d2_find_core(m->c, *(const uint32_t *)x, k) != NULL;
}
static const struct members cores = {"the list of cores", NULL, D2_CORES, set_core, core_wanted};

/* A chip: its cores, then what they share. */
static bool set_chip(struct merge *m, uint32_t k, const void *x)
{
    return k == 0 ? walk(m, &cores, x)
                  : set_shared(m, *(const uint32_t *)x, (enum d2_shared)(k - 1));
}
static bool chip_wanted(const struct merge *m, uint32_t k, const void *x)
{
    struct codes unused;
    return k == 0 || find_shared(m, *(const uint32_t *)x, (enum d2_shared)(k - 1), &unused);
}

static bool set_one_chip(struct merge *m, const uint32_t *index)
{
    const char *name[1 + D2_N_SHARED] = {"cores"};
    memcpy(name + 1, d2_shared_key, sizeof d2_shared_key);
    const struct members chip = {"a chip", name, 1 + D2_N_SHARED, set_chip, chip_wanted};
    return walk(m, &chip, index);
}

static bool set_chips(struct merge *m, uint32_t k, const void *x)
{
    (void)k;
    (void)x;
    uint32_t n = 0;
    if (!expect(m, JSON_ARRAY, "the list of chips"))
        return false;
    for (;; n++) {
        if (!advance(m))
            return false;
        if (m->t.kind == JSON_END_ARRAY)
            break;
        if (!set_one_chip(m, &n))
            return false;
    }
    uint32_t need = m->c->n_cores ? m->c->core[m->c->n_cores - 1].chip + 1u : 0;
    return n >= need ||
           fail(m, "the network is on chips up to %u, the default has %u", need - 1, n);
}
static const char *const config_name[] = {"chips"};
static const struct members config = {"the configuration", config_name, 1, set_chips, NULL};

static bool set_config(struct merge *m, uint32_t k, const void *x)
{
    (void)k;
    return walk(m, &config, x);
}
static const struct members whole = {"the file", NULL, 1, set_config, NULL};

bool d2_merge(const struct d2_config *c, struct bytes base, const char *what, struct file_out *out,
              struct diags *d)
{
    struct merge m = {.c = c, .base = base, .out = out, .what = what, .d = d};
    json_read_init(&m.r, base.data, base.n);
    bool ok = advance(&m) && walk(&m, &whole, NULL) && advance(&m);
    if (ok)
        buf_put(&m.buf, base.data + m.copied, base.n - m.copied);
    ok = ok && file_append(out, m.buf.data, m.buf.n);
    json_read_free(&m.r);
    buf_free(&m.buf);
    return ok;
}
