/* The same as an object of JSON: durations in seconds, rates in events a second. */
#include "runtime/base/json.h"
#include "tests/bench/bench.h"
#include <stdio.h>

static void text(struct json *j, const char *key, const char *value)
{
    json_key(j, key);
    json_str(j, value);
}

static void number(struct json *j, const char *key, double value)
{
    json_key(j, key);
    json_f64(j, value);
}

static void whole(struct json *j, const char *key, int64_t value)
{
    json_key(j, key);
    json_int(j, value);
}

static void truth(struct json *j, const char *key, bool value)
{
    json_key(j, key);
    json_bool(j, value);
}

static void put_goal(struct json *j, const struct bench_goal *g)
{
    json_object(j);
    text(j, "goal", g->text);
    text(j, "of", g->what);
    number(j, g->at_most ? "at_most" : "at_least", g->wanted);
    number(j, "measured", g->value);
    number(j, "low", g->low);
    number(j, "high", g->high);
    truth(j, "met", g->met);
    text(j, "where", g->where);
    json_end_object(j);
}

static void put_time(struct json *j, const struct bench_time *t)
{
    json_object(j);
    text(j, "part", t->part);
    text(j, "name", t->name);
    number(j, "seconds", t->median);
    number(j, "least", t->least);
    number(j, "most", t->most);
    text(j, "note", t->note);
    json_end_object(j);
}

static void put_cell(struct json *j, const struct bench_cell *c)
{
    json_object(j);
    text(j, "part", c->part);
    whole(j, "neurons", c->n);
    whole(j, "trials", c->trials);
    truth(j, "varying", c->varying);
    truth(j, "record", c->record);
    truth(j, "recurrent", c->recurrent);
    text(j, "setting", c->setting ? c->setting : "");
    json_key(j, "variants");
    json_array(j);
    for (uint32_t v = 0; v < c->n_variants; v++) {
        const struct bench_ratio r = bench_ratio(c, v, 0);
        json_object(j);
        text(j, "name", c->variant[v].name);
        number(j, "rate", c->variant[v].median);
        number(j, "spread", c->variant[v].spread);
        number(j, "ratio", r.value);
        number(j, "low", r.low);
        number(j, "high", r.high);
        json_end_object(j);
    }
    json_end_array(j);
    json_end_object(j);
}

static void put_split(struct json *j, const struct bench_split *s)
{
    json_object(j);
    text(j, "part", s->part);
    text(j, "setting", s->setting);
    number(j, "rate", s->rate);
    json_key(j, "shares");
    json_object(j);
    for (uint32_t i = 0; i < s->n; i++)
        number(j, s->share[i].name, s->share[i].share);
    json_end_object(j);
    json_end_object(j);
}

static void put_head(struct json *j, struct bench *b)
{
    const struct bench_machine m = bench_machine(&b->arena);
    text(j, "version", DYN_VERSION);
    text(j, "date", m.date);
    text(j, "cpu", m.cpu);
    whole(j, "cores", m.cores);
    json_key(j, "hz");
    m.hz > 0 ? json_f64(j, m.hz) : json_null(j);
    text(j, "compiler", m.compiler);
    text(j, "llvm", m.llvm);
    text(j, "hand", hand_best()->name);
    number(j, "spread", bench_noise(b));
    truth(j, "noisy", bench_noise(b) > BENCH_NOISY);
    number(j, "available", bench_available(b));
    whole(j, "checks", b->checks);
    whole(j, "failures", b->failures);
}

/* An array of what `v` holds, each put by `put`. */
#define PUT_ALL(j, key, v, put)                                                                    \
    do {                                                                                           \
        json_key(j, key);                                                                          \
        json_array(j);                                                                             \
        for (uint32_t i_ = 0; i_ < (v).n; i_++)                                                    \
            put(j, &(v).data[i_]);                                                                 \
        json_end_array(j);                                                                         \
    } while (0)

static void put_note(struct json *j, const char *const *note)
{
    json_str(j, *note);
}

void bench_json(struct bench *b)
{
    struct buf out = {0};
    struct json j;
    json_init(&j, &out, 1);
    json_object(&j);
    put_head(&j, b);
    PUT_ALL(&j, "goals", b->goal, put_goal);
    PUT_ALL(&j, "notes", b->note, put_note);
    PUT_ALL(&j, "times", b->time, put_time);
    PUT_ALL(&j, "rates", b->cell, put_cell);
    PUT_ALL(&j, "profile", b->split, put_split);
    json_end_object(&j);
    fwrite(out.data, 1, out.n, stdout);
    putchar('\n');
    buf_free(&out);
}
