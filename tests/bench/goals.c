/* The goals that were set ("kernels at the limit of the machine"), and what was measured. A ratio
 * counts where it is worst among the cells that the goal is for, and against the faster of the
 * programs by hand. */
#include "tests/bench/bench.h"

/* Sizes that are large enough to fill vectors. */
static bool is_large(const struct bench_cell *c)
{
    return c->n >= 256;
}

static bool is_16(const struct bench_cell *c)
{
    return c->n == 16 && c->trials == 1;
}

static bool is_2_by_100(const struct bench_cell *c)
{
    return c->n == 2 && c->trials == 100;
}

static bool is_any(const struct bench_cell *c)
{
    return is_large(c) || is_16(c) || is_2_by_100(c);
}

static bool uniform_large(const struct bench_cell *c)
{
    return !c->varying && is_large(c);
}

static bool uniform_16(const struct bench_cell *c)
{
    return !c->varying && is_16(c);
}

static bool uniform_2_by_100(const struct bench_cell *c)
{
    return !c->varying && is_2_by_100(c);
}

static bool uniform(const struct bench_cell *c)
{
    return !c->varying && is_any(c);
}

static bool varying(const struct bench_cell *c)
{
    return c->varying && is_any(c);
}

static bool is_100_trials(const struct bench_cell *c)
{
    return c->trials == 100;
}

static bool is_event_driven(const struct bench_cell *c)
{
    (void)c;
    return true;
}

static const struct rule {
    const char *part, *text, *what;
    const char *variant, *to[2];
    double wanted;
    bool (*counts)(const struct bench_cell *);
} rules[] = {
    {"kernel", "step, N >= 256", "JIT / by hand", "jit", {"hand", "skipping"}, .95, uniform_large},
    {"kernel", "step, N = 16", "JIT / by hand", "jit", {"hand", "skipping"}, 0.85, uniform_16},
    {"kernel",
     "step, 2 x 100",
     "JIT / by hand",
     "jit",
     {"hand", "skipping"},
     .85,
     uniform_2_by_100},
    {"kernel",
     "step, N's own parameters",
     "JIT / by hand",
     "jit",
     {"hand", "skipping"},
     .9,
     varying},
    {"kernel", "step, uniform", "JIT / scalar C", "jit", {"plain"}, 8, uniform},
    {"kernel", "step, N's own parameters", "JIT / scalar C", "jit", {"plain"}, 8, varying},
    {"kernel", "step, N >= 256", "interpreter / JIT", "interp", {"jit"}, 0.2, is_large},
    {"engine", "run, N >= 256", "interpreter / JIT", "interp", {"jit"}, 0.2, is_large},
    {"engine", "run, N >= 256", "JIT / by hand", "jit", {"hand"}, 0.95, uniform_large},
    {"engine", "run, N = 16", "JIT / by hand", "jit", {"hand"}, 0.85, uniform_16},
    {"engine", "run, 2 x 100", "JIT / by hand", "jit", {"hand"}, 0.85, uniform_2_by_100},
    {"engine", "run, N's own parameters", "JIT / by hand", "jit", {"hand"}, 0.9, varying},
    {"engine", "run, N >= 256", "JIT / scalar C", "jit", {"plain"}, 8, is_large},
    {"events", "events", "JIT / by hand", "jit", {"hand"}, 0.9, is_event_driven},
    {"events", "events", "JIT / scalar C", "jit", {"plain"}, 5, is_event_driven},
    {"threads", "run, 100 trials", "two threads / one", "two", {"one"}, 1.8, is_100_trials},
};

/* The rule's ratio in a cell, to the fastest that it names; false: the cell has none. */
static bool ratio_of(const struct rule *r, const struct bench_cell *c, struct bench_ratio *out)
{
    const uint32_t v = bench_find(c, r->variant);
    uint32_t best = c->n_variants;
    for (size_t i = 0; i < 2 && r->to[i]; i++) {
        const uint32_t to = bench_find(c, r->to[i]);
        if (to < c->n_variants &&
            (best == c->n_variants || c->variant[to].median > c->variant[best].median))
            best = to;
    }
    if (v == c->n_variants || best == c->n_variants)
        return false;
    *out = bench_ratio(c, v, best);
    return true;
}

/* Which cell a goal was worst in. Where code was to be faster than C and isn't fast enough, also
 * what code by hand reaches: memory may not let it. */
static const char *where(struct bench *b, const struct rule *r, const struct bench_cell *c,
                         bool met)
{
    const char *name = bench_cell_name(&b->arena, c);
    if (met || strcmp(r->to[0], "plain") != 0)
        return name;
    struct rule by_hand = *r;
    struct bench_ratio ratio, best = {0};
    static const char *const hand[] = {"hand", "skipping"};
    for (size_t i = 0; i < 2; i++) {
        by_hand.variant = hand[i];
        if (ratio_of(&by_hand, c, &ratio) && ratio.value > best.value)
            best = ratio;
    }
    return arena_printf(&b->arena, "%s (by hand %.2f)", name, best.value);
}

static void judge(struct bench *b, const struct rule *r)
{
    const struct bench_cell *worst = NULL;
    struct bench_ratio least = {0}, ratio;
    for (uint32_t i = 0; i < b->cell.n; i++) {
        const struct bench_cell *c = &b->cell.data[i];
        if (strcmp(c->part, r->part) != 0 || !r->counts(c) || !ratio_of(r, c, &ratio))
            continue;
        if (!worst || ratio.value < least.value) {
            worst = c;
            least = ratio;
        }
    }
    if (!worst)
        return;
    const bool met = least.value >= r->wanted;
    const struct bench_goal g = {.text = r->text,
                                 .what = r->what,
                                 .wanted = r->wanted,
                                 .value = least.value,
                                 .low = least.low,
                                 .high = least.high,
                                 .met = met,
                                 .where = where(b, r, worst, met)};
    VEC_PUSH(&b->arena, &b->goal, g);
}

void bench_goals(struct bench *b)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        judge(b, &rules[i]);
    for (uint32_t i = 0; i < b->time.n; i++) {
        const struct bench_time *t = &b->time.data[i];
        if (t->goal == 0)
            continue;
        const struct bench_goal g = {.text = arena_printf(&b->arena, "%s %s", t->part, t->name),
                                     .what = "ms",
                                     .wanted = 1e3 * t->goal,
                                     .value = 1e3 * t->median,
                                     .low = 1e3 * t->least,
                                     .high = 1e3 * t->most,
                                     .at_most = true,
                                     .met = t->median <= t->goal,
                                     .where = ""};
        VEC_PUSH(&b->arena, &b->goal, g);
    }
}
