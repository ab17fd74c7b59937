/* Playing a stimulus: tables are looked up, Poisson and regular events made on the spot. */
#include "runtime/base/rng.h"
#include "runtime/stimulus.h"
#include <math.h>

/* Channels of the same rate share a distribution. Of a Poisson count: the count is `low` plus the
 * number of thresholds that are <= a uniform 32-bit word. `low` counts those that are 0. */
struct distribution {
    double mean; /* events in a step */
    uint32_t low, n;
    uint32_t *threshold; /* ascending, 1 or more */
};

struct stimulus_draw {
    uint32_t *of_channel; /* index in `distribution` */
    uint32_t *first;      /* of each channel: words below it give 0 events */
    struct distribution *distribution;
};

/* ---- Poisson -----------------------------------------------------------------------------------
 */

/* Thresholds are P(X <= k) * 2^32, rounded. Probabilities come from the ratios of neighbours,
 * beginning at the mode, and are normalised at the end: only operations that IEEE 754 defines
 * exactly, so that every machine draws the same. */
static void poisson_thresholds(struct arena *a, struct distribution *x)
{
    enum { LEAST_EXPONENT = -80 }; /* what is left out is far below 2^-32 */
    const double least = ldexp(1, LEAST_EXPONENT);
    uint32_t mode = (uint32_t)x->mean, begin = mode, end = mode + 1;
    double p = 1;
    while (begin > 0 && p >= least)
        p *= begin-- / x->mean;
    for (p = 1; p >= least; end++)
        p *= x->mean / end;

    double *relative = ARENA_ARRAY(a, double, end - begin);
    relative[mode - begin] = 1;
    for (uint32_t k = mode; k > begin; k--)
        relative[k - 1 - begin] = relative[k - begin] * (k / x->mean);
    for (uint32_t k = mode + 1; k < end; k++)
        relative[k - begin] = relative[k - 1 - begin] * (x->mean / k);
    double sum = 0;
    for (uint32_t k = begin; k < end; k++)
        sum += relative[k - begin];

    x->low = begin;
    x->threshold = ARENA_ARRAY(a, uint32_t, end - begin);
    double cumulative = 0;
    for (uint32_t k = begin; k < end; k++) {
        cumulative += relative[k - begin];
        double threshold = nearbyint(cumulative / sum * 0x1p32);
        if (threshold == 0)
            x->low++;
        else if (threshold < 0x1p32)
            x->threshold[x->n++] = (uint32_t)threshold;
    }
}

static uint32_t poisson_count(const struct distribution *x, uint32_t word)
{
    enum { NEAR = 4 };              /* most counts are small, and predictable steps beat halving */
    uint32_t begin = 0, end = x->n; /* thresholds before `begin` are <= word, from `end` on above */
    while (begin < end && begin < NEAR && x->threshold[begin] <= word)
        begin++;
    while (begin >= NEAR && begin < end) {
        uint32_t middle = begin + (end - begin) / 2;
        if (x->threshold[middle] <= word)
            begin = middle + 1;
        else
            end = middle;
    }
    return x->low + begin;
}

/* Channels begin .. begin + n of word[i & 1][i / 2] that have events, ascending. Written without a
 * branch, which would be mispredicted at every event. */
static uint32_t find_events(const uint32_t *first, uint32_t n, uint32_t word[2][RNG_LANES],
                            uint8_t *hit)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < n; i++) {
        hit[hits] = (uint8_t)i;
        hits += word[i & 1][i / 2] >= first[i];
    }
    return hits;
}

static uint32_t poisson_at(const struct stimulus_source *s, const struct stimulus_draw *draw,
                           uint32_t trial, uint64_t step, struct stimulus_event *out)
{
    enum { CHANNELS = 2 * RNG_LANES }; /* at a time */
    uint32_t word[2][RNG_LANES], n = 0;
    uint8_t hit[CHANNELS];
    struct rng_key seed = {{(uint32_t)s->seed, (uint32_t)(s->seed >> 32)}}, key;
    threefry(seed, trial, (uint32_t)(step >> 32), key.k);
    for (uint32_t begin = 0; begin < s->channels; begin += CHANNELS) {
        uint32_t left = s->channels - begin;
        threefry_lanes(key, begin / 2, (uint32_t)step, word[0], word[1]);
        uint32_t hits =
            find_events(&draw->first[begin], left < CHANNELS ? left : CHANNELS, word, hit);
        for (uint32_t k = 0; k < hits; k++) {
            uint32_t i = hit[k], c = begin + i;
            uint32_t count =
                poisson_count(&draw->distribution[draw->of_channel[c]], word[i & 1][i / 2]);
            if (count)
                out[n++] = (struct stimulus_event){c, count};
        }
    }
    return n;
}

/* ---- regular -----------------------------------------------------------------------------------
 */

/* Number of events before the beginning of `step`. What is as good as a whole number is one: 0.05
 * events a step make one in step 20, not in 21. */
static double regular_before(double mean, uint64_t step)
{
    if (mean == 0 || step == 0)
        return 0;
    double x = mean * (double)step, whole = nearbyint(x);
    return fmax(1, fabs(x - whole) <= 1e-9 * whole ? whole : ceil(x)); /* the first is at 0 */
}

static uint32_t regular_at(const struct stimulus_source *s, const struct stimulus_draw *draw,
                           uint64_t step, struct stimulus_event *out)
{
    uint32_t n = 0, known = UINT32_MAX, count = 0;
    for (uint32_t c = 0; c < s->channels; c++) {
        if (draw->of_channel[c] != known) {
            known = draw->of_channel[c];
            double mean = draw->distribution[known].mean;
            count = (uint32_t)(regular_before(mean, step + 1) - regular_before(mean, step));
        }
        if (count)
            out[n++] = (struct stimulus_event){c, count};
    }
    return n;
}

/* ---- any ---------------------------------------------------------------------------------------
 */

static struct distribution new_distribution(struct arena *a, enum stimulus_kind kind, double mean)
{
    struct distribution x = {.mean = mean};
    if (kind == STIM_POISSON && mean > 0)
        poisson_thresholds(a, &x);
    return x;
}

/* False if a rate is out of range: *channel says whose. */
static bool make_draw(struct arena *a, const struct stimulus_source *s, double dt,
                      struct stimulus_draw *out, uint32_t *channel)
{
    VEC(struct distribution) all = {0};
    struct map64 known;
    map64_init(&known, a);
    out->of_channel = ARENA_ARRAY(a, uint32_t, s->channels);
    out->first = ARENA_ARRAY(a, uint32_t, s->channels);
    for (uint32_t c = 0; c < s->channels; c++) {
        double mean = s->rate[c] * dt;
        *channel = c;
        if (!(mean >= 0 && mean <= STIMULUS_MAX_MEAN))
            return false;
        uint64_t bits;
        memcpy(&bits, &mean, sizeof bits);
        int fresh;
        uint32_t i = map64_put(&known, bits, all.n, &fresh);
        if (fresh)
            VEC_PUSH(a, &all, new_distribution(a, s->kind, mean));
        const struct distribution *x = &all.data[i];
        out->of_channel[c] = i;
        out->first[c] = x->low ? 0 : x->n ? x->threshold[0] : UINT32_MAX;
    }
    out->distribution = all.data;
    return true;
}

bool stimulus_play(struct arena *a, const struct stimulus *s, double dt,
                   struct stimulus_player *out, struct diags *d)
{
    struct stimulus *tables = ARENA_NEW(a, struct stimulus);
    *out = (struct stimulus_player){s, ARENA_ARRAY(a, struct stimulus_draw *, s->n_inputs)};
    for (uint32_t i = 0; i < s->n_inputs; i++)
        if (s->source[i].kind == STIM_EVENTS)
            out->of = tables;
    if (out->of == tables && !stimulus_tables(a, s, dt, tables, d))
        return false;
    for (uint32_t i = 0; i < s->n_inputs; i++) {
        const struct stimulus_source *from = &s->source[i];
        if (from->kind != STIM_POISSON && from->kind != STIM_REGULAR)
            continue;
        uint32_t c;
        out->draw[i] = ARENA_NEW(a, struct stimulus_draw);
        if (!make_draw(a, from, dt, out->draw[i], &c)) {
            struct diag *g = diag_add(d, E0801, (struct span){0},
                                      "stimulus `%s`: channel %u of input %u has a rate of %g Hz",
                                      s->name, c, i, from->rate[c]);
            diag_hint(d, g, "rates are 0 or more, at most %d events in a step", STIMULUS_MAX_MEAN);
            return false;
        }
    }
    return true;
}

static uint32_t table_at(const struct stimulus_source *s, uint32_t trial, uint64_t step,
                         struct stimulus_event *out)
{
    if (step >= s->steps)
        return 0;
    uint64_t cell = (trial % s->trials) * s->steps + step, begin = s->row[cell];
    uint32_t n = (uint32_t)(s->row[cell + 1] - begin);
    if (n)
        memcpy(out, &s->event[begin], n * sizeof *out);
    return n;
}

uint32_t stimulus_at(const struct stimulus_player *p, uint32_t input, uint32_t trial, uint64_t step,
                     struct stimulus_event *out)
{
    const struct stimulus_source *s = &p->of->source[input];
    uint32_t n = 0;
    switch (s->kind) {
    case STIM_SILENCE:
    case STIM_EVENTS: /* is a table here */
        break;
    case STIM_TABLE:
        n = table_at(s, trial, step, out);
        break;
    case STIM_POISSON:
        n = poisson_at(s, p->draw[input], trial, step, out);
        break;
    case STIM_REGULAR:
        n = regular_at(s, p->draw[input], step, out);
        break;
    }
    for (uint32_t i = 0; p->of->one_per_step && i < n; i++)
        out[i].count = 1;
    return n;
}

double stimulus_regular_before(const struct stimulus_player *p, uint32_t input, uint32_t channel,
                               uint64_t step)
{
    const struct stimulus_draw *draw = p->draw[input];
    return regular_before(draw->distribution[draw->of_channel[channel]].mean, step);
}
