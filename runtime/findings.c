#include "runtime/findings.h"
#include <inttypes.h>

static const struct span nowhere;

/* ---- making ------------------------------------------------------------------------------------
 */

struct finding *findings_add(struct findings *f, enum diag_code code, const char *fmt, ...)
{
    struct finding *x = VEC_ADD(f->arena, &f->list);
    *x = (struct finding){.code = code};
    if (f->n[code]++ < FINDINGS_KEPT) {
        va_list ap;
        va_start(ap, fmt);
        x->text = arena_vprintf(f->arena, fmt, ap);
        va_end(ap);
    }
    return x;
}

void finding_concerns(struct finding *x, struct finding_source s)
{
    x->source[x->n_sources++] = s;
}

void finding_tallied(struct finding *x, uint32_t tally)
{
    x->tallied = true;
    x->tally = tally;
}

/* ---- events of a run ---------------------------------------------------------------------------
 */

struct events {
    const uint64_t *tally;
    uint64_t **input, **group; /* of each channel and each neuron, in all chips and trials */
};

static bool concerns_inputs(const struct findings *f)
{
    for (uint32_t i = 0; i < f->list.n; i++) {
        const struct finding *x = &f->list.data[i];
        for (uint32_t k = 0; k < x->n_sources; k++) {
            if (x->source[k].from_input)
                return true;
        }
    }
    return false;
}

static void count_inputs(struct arena *a, const struct plan *p, const struct stimulus *s,
                         const struct run_result *r, struct events *out, struct diags *d)
{
    struct stimulus_player player;
    uint32_t widest = 0;
    for (uint32_t i = 0; i < p->input.n; i++) {
        const uint32_t n = plan_stimulus_channels(&p->input.data[i]);
        out->input[i] = ARENA_ARRAY(a, uint64_t, n);
        widest = n > widest ? n : widest;
    }
    if (!stimulus_play(a, s, p->dt, &player, d)) /* the run could, so this can */
        return;
    struct stimulus_event *room = ARENA_ARRAY(a, struct stimulus_event, widest);
    for (uint32_t i = 0; i < p->input.n; i++) {
        for (uint32_t trial = 0; trial < r->trials; trial++) {
            for (uint64_t step = 0; step < r->steps; step++) {
                uint32_t n = stimulus_at(&player, i, trial, step, room);
                for (uint32_t k = 0; k < n; k++)
                    out->input[i][room[k].channel] += (uint64_t)room[k].count * r->chips;
            }
        }
    }
}

static void count_spikes(struct arena *a, const struct plan *p, const struct run_result *r,
                         struct events *out)
{
    const size_t runs = (size_t)r->chips * r->trials;
    for (uint32_t g = 0; g < p->group.n; g++) {
        const uint32_t n = p->group.data[g].n;
        out->group[g] = ARENA_ARRAY(a, uint64_t, n);
        for (size_t i = 0; i < runs * n; i++)
            out->group[g][i % n] += r->count[g][i];
    }
}

static uint64_t events_of(const struct events *e, const struct finding *x)
{
    uint64_t sum = x->tallied ? e->tally[x->tally] : 0;
    for (uint32_t i = 0; i < x->n_sources; i++) {
        const struct finding_source *s = &x->source[i];
        sum += (s->from_input ? e->input : e->group)[s->src][s->index];
    }
    return sum;
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static const char *events_text(struct arena *a, const struct finding *x, uint64_t n)
{
    if (x->n_sources == 0 && !x->tallied)
        return "";
    if (n == 0)
        return ": no events in this run";
    return arena_printf(a, ": %" PRIu64 " event%s", n, n == 1 ? "" : "s");
}

static void tell_code(struct arena *a, const struct findings *f, enum diag_code code,
                      const struct events *e, bool all, struct diags *d)
{
    uint32_t told = 0, more = 0;
    uint64_t events = 0;
    struct finding rest = {0};
    for (uint32_t i = 0; i < f->list.n; i++) {
        const struct finding *x = &f->list.data[i];
        if (x->code != code || (x->tallied && events_of(e, x) == 0))
            continue;
        if (x->text && (all || told < FINDINGS_TOLD)) {
            diag_add(d, code, nowhere, "%s%s", x->text, events_text(a, x, events_of(e, x)));
            told++;
        } else {
            events += events_of(e, x);
            rest.n_sources |= x->n_sources;
            rest.tallied = rest.tallied || x->tallied;
            more++;
        }
    }
    if (more) {
        struct diag *g =
            diag_add(d, code, nowhere, "and %u more%s", more, events_text(a, &rest, events));
        if (!all)
            diag_hint(d, g, "`-v` lists them");
    }
}

void findings_tell(const struct findings *f, const struct plan *p, const struct stimulus *s,
                   const struct run_result *r, bool all, struct diags *d)
{
    if (f->list.n == 0)
        return;
    struct arena a = {0};
    struct events e = {r->tally, ARENA_ARRAY(&a, uint64_t *, p->input.n),
                       ARENA_ARRAY(&a, uint64_t *, p->group.n)};
    count_spikes(&a, p, r, &e);
    if (concerns_inputs(f))
        count_inputs(&a, p, s, r, &e, d);
    for (int code = 0; code < DIAG_N_CODES; code++) {
        if (f->n[code])
            tell_code(&a, f, (enum diag_code)code, &e, all, d);
    }
    arena_free(&a);
}
