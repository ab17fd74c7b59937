/* The JSON of a profile, as PROFILE.md has it. A mistake inside of an entry leaves out the entry
 * and reading goes on, so that all mistakes of a file are told; what isn't JSON ends it. */
#include "runtime/base/bits.h"
#include "runtime/base/intern.h"
#include "runtime/base/json_read.h"
#include "runtime/base/utf8.h"
#include "targets/dynapse2/profile.h"
#include <math.h>

#define FORMAT "dyn-chip-profile"

enum { VERSION = 1 };

struct reading {
    struct arena *a;
    struct diags *d;
    uint32_t file;
    struct json_reader json;
    struct json_token t; /* the current one */
    bool over;           /* no further: it isn't JSON, or no profile */
    struct d2_profile *p;
    struct d2_measured *m; /* that factors are read for */
};

/* ---- tokens and mistakes ---- */

static struct span here(const struct reading *r)
{
    return (struct span){r->file, (uint32_t)r->t.begin, (uint32_t)r->t.end};
}

/* False: there is none, which was reported. */
static bool next(struct reading *r)
{
    if (r->over)
        return false;
    if (json_next(&r->json, &r->t) != JSON_ERROR)
        return true;
    r->over = true;
    diag_add(r->d, E0503, here(r), "this isn't JSON: %s", r->t.what);
    return false;
}

/* A mistake at the current token; false. */
__attribute__((format(printf, 2, 3))) static bool wrong(struct reading *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    diag_add(r->d, E0504, here(r), "%s", arena_vprintf(&r->d->arena, fmt, ap));
    va_end(ap);
    return false;
}

static bool is(struct reading *r, enum json_kind kind, const char *what)
{
    return r->t.kind == kind ||
           wrong(r, "%s is expected here, this is %s", what, json_kind_name(r->t.kind));
}

/* Goes on to the end of what was begun above that depth. */
static void leave(struct reading *r, uint32_t depth)
{
    while (r->json.depth > depth && next(r))
        ;
}

static void skip(struct reading *r)
{
    if (r->t.kind == JSON_OBJECT || r->t.kind == JSON_ARRAY)
        leave(r, r->json.depth - 1);
}

static bool is_text(const struct json_token *t, const char *text)
{
    return t->n == strlen(text) && memcmp(t->text, text, t->n) == 0;
}

static const char *printable(struct reading *r)
{
    return utf8_printable(&r->d->arena, r->t.text, r->t.n);
}

/* ---- objects ---- */

struct key {
    const char *name;
    void (*read)(struct reading *r); /* takes the value, of which the first token is current */
};

enum { MAX_KEYS = 8 };

static const struct key *find_key(struct reading *r, const struct key *key, uint32_t n)
{
    const char *name[MAX_KEYS];
    for (uint32_t i = 0; i < n; i++) {
        if (is_text(&r->t, key[i].name))
            return &key[i];
        name[i] = key[i].name;
    }
    const char *text = printable(r), *near = nearest_name(text, name, n);
    struct diag *g = diag_add(r->d, E0504, here(r), "a profile has no key `%s` here", text);
    if (near)
        diag_hint(r->d, g, "did you mean `%s`?", near);
    return NULL;
}

/* An object with these keys, each once at most; returns those that are there, by bits. */
static uint32_t read_object(struct reading *r, const struct key *key, uint32_t n)
{
    uint32_t seen = 0;
    struct span at[MAX_KEYS];
    if (!is(r, JSON_OBJECT, "an object")) {
        skip(r);
        return 0;
    }
    while (next(r) && r->t.kind == JSON_KEY) {
        const struct key *k = find_key(r, key, n);
        uint32_t i = k ? (uint32_t)(k - key) : 0;
        bool again = k && (seen >> i & 1);
        if (again) {
            struct diag *g = diag_add(r->d, E0504, here(r), "`%s` is given twice", k->name);
            diag_label(r->d, g, at[i], "given here");
        } else if (k) {
            at[i] = here(r);
            seen |= 1u << i;
        }
        if (!next(r))
            break;
        if (k && !again)
            k->read(r);
        else
            skip(r);
    }
    return seen;
}

/* ---- numbers ---- */

/* What is numbered from 0. */
struct numbered {
    uint32_t n;
    const char *one, *all;
};

static const struct numbered cores = {D2_CORES, "a core", "cores"},
                             neurons = {D2_NEURONS, "a neuron", "neurons"},
                             slots = {D2_CAM, "a CAM entry", "CAM entries"};

static bool read_index(struct reading *r, const struct numbered *what, uint32_t *out)
{
    if (!is(r, JSON_NUMBER, what->one))
        return false;
    double x = r->t.number;
    if (!(x >= 0 && x < what->n) || x != floor(x))
        return wrong(r, "%.*s: %s are whole numbers from 0 to %u", (int)r->t.n, r->t.text,
                     what->all, what->n - 1);
    *out = (uint32_t)x;
    return true;
}

struct range { /* both inclusive */
    uint32_t first, last;
};

/* The next element of an entry: a number, or `[first, last]`. */
static bool read_range(struct reading *r, const struct numbered *what, struct range *out)
{
    if (!next(r))
        return false;
    if (r->t.kind == JSON_END_ARRAY)
        return wrong(r, "%s is missing", what->one);
    if (r->t.kind != JSON_ARRAY) {
        bool ok = read_index(r, what, &out->first);
        out->last = out->first;
        return ok;
    }
    if (!next(r) || !read_index(r, what, &out->first) || !next(r) ||
        !read_index(r, what, &out->last))
        return false;
    if (out->last < out->first)
        return wrong(r, "a range of %s goes from the lower to the higher one", what->all);
    return next(r) && is(r, JSON_END_ARRAY, "the end of the range");
}

static bool read_place(struct reading *r, struct range *core, struct range *neuron)
{
    return read_range(r, &cores, core) && read_range(r, &neurons, neuron);
}

static bool read_end(struct reading *r)
{
    return next(r) && is(r, JSON_END_ARRAY, "the end of the entry");
}

/* ---- lists ---- */

/* Of arrays, each of which `entry` reads to its end, or leaves at a mistake. */
static void read_list(struct reading *r, const char *form, void (*entry)(struct reading *r))
{
    if (!is(r, JSON_ARRAY, "a list")) {
        skip(r);
        return;
    }
    while (next(r) && r->t.kind != JSON_END_ARRAY) {
        if (!is(r, JSON_ARRAY, form)) {
            skip(r);
            continue;
        }
        uint32_t depth = r->json.depth - 1;
        entry(r);
        leave(r, depth);
    }
}

static void twice(struct reading *r, size_t begin, uint32_t core, uint32_t neuron, const char *what)
{
    struct span at = {r->file, (uint32_t)begin, (uint32_t)r->t.end};
    diag_add(r->d, E0504, at, "core %u neuron %u%s is listed twice", core, neuron, what);
}

static void read_dead(struct reading *r)
{
    size_t begin = r->t.begin;
    struct range core, neuron;
    if (!read_place(r, &core, &neuron) || !read_end(r))
        return;
    for (uint32_t c = core.first; c <= core.last; c++) {
        for (uint32_t i = neuron.first; i <= neuron.last; i++) {
            uint64_t *word = &r->p->dead[c][i / 64], bit = (uint64_t)1 << i % 64;
            if (*word & bit) {
                twice(r, begin, c, i, "");
                return;
            }
            *word |= bit;
        }
    }
}

static void read_bad_cam(struct reading *r)
{
    size_t begin = r->t.begin;
    struct range core, neuron, slot;
    if (!read_place(r, &core, &neuron) || !read_range(r, &slots, &slot) || !read_end(r))
        return;
    uint64_t mask = ~(uint64_t)0 >> (D2_CAM - 1 - (slot.last - slot.first)) << slot.first;
    for (uint32_t c = core.first; c <= core.last; c++) {
        for (uint32_t i = neuron.first; i <= neuron.last; i++) {
            uint64_t *word = &r->p->bad_cam[c][i], both = *word & mask;
            if (both) {
                twice(r, begin, c, i,
                      arena_printf(&r->d->arena, " CAM entry %u", bits_lowest(both)));
                return;
            }
            *word |= mask;
        }
    }
}

/* ---- factors ---- */

/* The current token; false: a mistake. */
static bool read_factor(struct reading *r, float *out)
{
    if (!is(r, JSON_NUMBER, "a factor"))
        return false;
    *out = (float)r->t.number;
    if (*out >= PLAN_MIN_FACTOR && *out <= PLAN_MAX_FACTOR)
        return true;
    struct diag *g =
        diag_add(r->d, E0504, here(r), "factor %.*s: factors are %g to %g", (int)r->t.n, r->t.text,
                 (double)PLAN_MIN_FACTOR, (double)PLAN_MAX_FACTOR);
    diag_hint(r->d, g, "a factor is actual / nominal: 1.05 where there is 5 %% more than asked");
    return false;
}

/* false: there is one already, which was reported. */
static bool put_factor(struct reading *r, size_t begin, uint32_t core, uint32_t neuron, float x)
{
    float *at = &r->m->factor[core * D2_NEURONS + neuron];
    if (*at != 0) {
        twice(r, begin, core, neuron, arena_printf(&r->d->arena, " of `%s`", r->m->name));
        return false;
    }
    *at = x;
    r->m->n++;
    return true;
}

/* [core, neuron, [FACTOR, ...]]: of neurons that follow each other; null where none was measured.
 */
static void read_row(struct reading *r, size_t begin, struct range core, struct range neuron)
{
    if (neuron.first != neuron.last) {
        wrong(r, "a list of factors begins at one neuron");
        return;
    }
    for (uint32_t i = neuron.first; next(r) && r->t.kind != JSON_END_ARRAY; i++) {
        float x;
        if (i == D2_NEURONS) {
            wrong(r, "this factor would be of neuron %d: neurons are 0 to %d", D2_NEURONS,
                  D2_NEURONS - 1);
            return;
        }
        if (r->t.kind == JSON_NULL)
            continue;
        if (!read_factor(r, &x)) {
            skip(r);
            continue;
        }
        for (uint32_t c = core.first; c <= core.last; c++) {
            if (!put_factor(r, begin, c, i, x))
                return;
        }
    }
    read_end(r);
}

static void read_factors_of_place(struct reading *r)
{
    size_t begin = r->t.begin;
    struct range core, neuron;
    float x;
    if (!read_place(r, &core, &neuron) || !next(r))
        return;
    if (r->t.kind == JSON_ARRAY) {
        read_row(r, begin, core, neuron);
        return;
    }
    if (!read_factor(r, &x) || !read_end(r))
        return;
    for (uint32_t c = core.first; c <= core.last; c++) {
        for (uint32_t i = neuron.first; i <= neuron.last; i++) {
            if (!put_factor(r, begin, c, i, x))
                return;
        }
    }
}

/* The device parameter that a key names; -1: reported. */
static int find_param(struct reading *r)
{
    const char *text = printable(r);
    int param = d2_find_param(text);
    if (param >= 0)
        return param;
    const char *name[D2_N_PARAMS];
    for (uint32_t i = 0; i < D2_N_PARAMS; i++)
        name[i] = d2_param[i].name;
    const char *near = nearest_name(text, name, D2_N_PARAMS);
    struct diag *g = diag_add(r->d, E0504, here(r), "DYNAP-SE2 has no parameter `%s`", text);
    if (near)
        diag_hint(r->d, g, "did you mean `%s`?", near);
    return -1;
}

static bool is_word(const struct json_token *t)
{
    bool ok = t->n > 0 && t->n < 100;
    for (size_t i = 0; i < t->n && ok; i++) {
        char c = t->text[i];
        ok = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             (i > 0 && c >= '0' && c <= '9');
    }
    return ok;
}

/* An object of names, each with its list of factors. */
static void read_measured(struct reading *r, bool layout)
{
    if (!is(r, JSON_OBJECT, "an object")) {
        skip(r);
        return;
    }
    while (next(r) && r->t.kind == JSON_KEY) {
        int param = layout ? -1 : find_param(r);
        bool ok = layout ? is_word(&r->t) || wrong(r, "`%s` is no name", printable(r)) : param >= 0;
        const char *name = layout ? arena_strndup(r->a, r->t.text, r->t.n)
                           : ok   ? d2_param[param].name
                                  : NULL;
        if (ok && d2_find_measured(r->p, param, name))
            ok = wrong(r, "`%s` is given twice", name);
        if (ok) {
            r->m = VEC_ADD(r->a, &r->p->measured);
            *r->m = (struct d2_measured){.name = name, .param = param};
            r->m->factor = ARENA_ARRAY(r->a, float, D2_CORES *D2_NEURONS);
        }
        if (!next(r))
            return;
        if (ok)
            read_list(r, "an entry `[core, neuron, factor]`", read_factors_of_place);
        else
            skip(r);
    }
}

/* ---- the keys ---- */

static void read_format(struct reading *r)
{
    if (r->t.kind == JSON_STRING && is_text(&r->t, FORMAT))
        return;
    struct diag *g = diag_add(r->d, E0504, here(r), "this isn't the profile of a chip");
    diag_hint(r->d, g, "a profile begins `{\"format\": \"" FORMAT "\", \"version\": %d, ...`",
              VERSION);
    r->over = true;
}

static void read_version(struct reading *r)
{
    if (!is(r, JSON_NUMBER, "a version")) {
        skip(r);
    } else if (r->t.number != VERSION) {
        wrong(r, "version %.*s of profiles: this program reads version %d", (int)r->t.n, r->t.text,
              VERSION);
        r->over = true;
    }
}

static void read_target(struct reading *r)
{
    if (!is(r, JSON_STRING, "a string")) {
        skip(r);
    } else if (!is_text(&r->t, "dynapse2")) {
        wrong(r, "this is the profile of a `%s`, the board is a `dynapse2`", printable(r));
        r->over = true;
    }
}

static const char *read_text(struct reading *r)
{
    if (is(r, JSON_STRING, "a string"))
        return arena_strndup(r->a, r->t.text, r->t.n);
    skip(r);
    return NULL;
}

static void read_chip(struct reading *r)
{
    r->p->chip = read_text(r);
}

static void read_note(struct reading *r)
{
    r->p->note = read_text(r);
}

static void read_dead_neurons(struct reading *r)
{
    read_list(r, "an entry `[core, neuron]`", read_dead);
}

static void read_all_bad_cam(struct reading *r)
{
    read_list(r, "an entry `[core, neuron, CAM entry]`", read_bad_cam);
}

static void read_bias(struct reading *r)
{
    read_measured(r, false);
}

static void read_layout(struct reading *r)
{
    read_measured(r, true);
}

static void read_factors(struct reading *r)
{
    static const struct key keys[] = {{"bias", read_bias}, {"layout", read_layout}};
    read_object(r, keys, sizeof keys / sizeof *keys);
}

static void read_profile(struct reading *r)
{
    enum { REQUIRED = 3 };
    static const struct key keys[] = {
        {"format", read_format},  {"version", read_version},
        {"target", read_target},  {"chip", read_chip},
        {"note", read_note},      {"dead_neurons", read_dead_neurons},
        {"factor", read_factors}, {"bad_cam", read_all_bad_cam},
    };
    if (!next(r))
        return;
    struct span start = here(r);
    if (r->t.kind != JSON_OBJECT) {
        read_format(r);
        return;
    }
    uint32_t seen = read_object(r, keys, sizeof keys / sizeof *keys);
    for (uint32_t i = 0; i < REQUIRED && !r->over; i++) {
        if (!(seen >> i & 1))
            diag_add(r->d, E0504, start, "the profile lacks its `%s`", keys[i].name);
    }
    next(r); /* the end, or what may not follow */
}

struct d2_profile *d2_profile_read(struct arena *a, const char *text, size_t n, uint32_t file,
                                   struct diags *d)
{
    uint32_t before = d->n_errors;
    struct reading r = {.a = a, .d = d, .file = file, .p = ARENA_NEW(a, struct d2_profile)};
    json_read_init(&r.json, text, n);
    read_profile(&r);
    json_read_free(&r.json);
    return d->n_errors == before ? r.p : NULL;
}
