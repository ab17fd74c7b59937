/* Long sources, from text in memory to a plan: time and memory must grow as the text does. */
#include "targets/sim/sim.h"
#include "tests/bench/bench.h"
#include <math.h>

enum { TIMES = 15 };

/* ---- text ---- */

/* A model of one's own, in so many lines. */
enum { MODEL_LINES = 11 };

static void write_model(struct buf *out, uint32_t i)
{
    buf_printf(out,
               "neuron lif%u {\n"
               "    param tau = %u ms;          // of the membrane\n"
               "    param threshold = 1 + %u / 10;\n"
               "    let decay = exp(-dt / tau);\n"
               "    receive drive;\n"
               "    state v = 0;\n"
               "    step {\n"
               "        let next = decay * v + drive;\n"
               "        emit if next > threshold then 1 else 0;\n"
               "        v = if next > threshold then 0 else next; }\n"
               "}\n",
               i, 5 + i % 20, i % 7);
}

/* A population with inhibition, what it is fed and what it feeds. */
enum { POPULATION_LINES = 10 };

static void write_population(struct buf *out, uint32_t i, uint32_t models)
{
    buf_printf(out,
               "\n    // population %u\n"
               "    let w%u = %u.5 / 100;\n"
               "    layer exc%u[8]: dpi { tau_mem = %u ms; Idc = 2 pA; r_gain_syn = 40 + w%u; }\n",
               i, i, i % 90, i, 10 + i % 20, i);
    if (models)
        buf_printf(out, "    layer inh%u[2]: lif%u { threshold = 2 * w%u; }\n", i, i % models, i);
    else
        buf_printf(out, "    layer inh%u[2]: dpi { tau_mem = 5 ms; }\n", i);
    buf_printf(out,
               "    in -> exc%u: all_to_all(w%u);\n"
               "    exc%u -> inh%u: dense(i, j => if i < 4 * j then w%u else 0.25);\n"
               "    inh%u -> exc%u: all_to_all(-w%u), delay = 2 ms;\n"
               "    exc%u[0:4] -> exc%u[4:8]: one_to_one(w%u * exp(-0.5));\n"
               "    exc%u -> exc%u: one_to_one(w%u), delay = %u ms;\n",
               i, i, i, i, i, i, i, i, i, i, i, i, i ? i - 1 : 0, i, 1 + i % 4);
}

/* A network in `lines` lines: a twentieth models, as many populations as there is room for. */
static void write_source(struct buf *out, uint32_t lines)
{
    enum { AROUND = 5 };
    if (lines < AROUND + POPULATION_LINES) {
        buf_puts(out, "use dynapse2; network long { dt = 1 ms; input in[4]; layer out[2]: dpi; "
                      "in -> out: all_to_all(1); }");
        return;
    }
    const uint32_t models = lines / 20 / MODEL_LINES;
    const uint32_t left = lines - models * MODEL_LINES - AROUND;
    buf_puts(out, "use dynapse2;\n");
    for (uint32_t i = 0; i < models; i++)
        write_model(out, i);
    buf_puts(out, "network long {\n    dt = 1 ms;\n    input in[4];\n");
    for (uint32_t i = 0; i < left / POPULATION_LINES; i++)
        write_population(out, i, models);
    buf_fill(out, '\n', left % POPULATION_LINES);
    buf_puts(out, "}\n");
}

/* ---- time ---- */

static double compile(struct bench *b, const struct buf *text, size_t *memory)
{
    struct arena a = {0};
    struct diags d = {0};
    struct unit u;
    struct plan p;
    const double t = bench_busy();
    unit_init(&u, &a, &d, NULL);
    struct net *net = NULL;
    if (unit_load_text(&u, "long.dyn", text->data, text->n))
        net = unit_network(&u, NULL);
    const bool good = net && sim_map(&a, net, &u.sources, &p, &d);
    const double seconds = bench_busy() - t;
    bench_check(b, good, "a source of %zu bytes: %s", text->n,
                d.list.n ? d.list.data[0]->message : "no reason");
    *memory = a.used;
    diags_free(&d);
    arena_free(&a);
    return seconds;
}

void bench_sources(struct bench *b)
{
    static const uint32_t lines[] = {1, 100, 1000, 10000, 100000};
    double least = INFINITY; /* bytes a line */
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (b->o.quick && lines[i] > 1000)
            continue;
        struct buf text = {0};
        size_t memory = 0;
        double v[TIMES];
        const uint32_t n = b->o.quick ? 2 : lines[i] >= 100000 ? 3 : lines[i] >= 10000 ? 5 : TIMES;
        write_source(&text, lines[i]);
        for (uint32_t k = 0; k < n; k++)
            v[k] = compile(b, &text, &memory);
        const double bytes = (double)memory / lines[i];
        bench_check(b, bytes < 1.2 * least, "%u lines take %.0f bytes each, shorter ones %.0f",
                    lines[i], bytes, least);
        least = bytes < least ? bytes : least;
        bench_sort(v, n);
        const char *note =
            arena_printf(&b->arena, "%.1f kB; a line: %.1f us, %.2f kB of memory",
                         1e-3 * (double)text.n, 1e6 * v[n / 2] / lines[i], 1e-3 * bytes);
        bench_keep_time(b, "compile", arena_printf(&b->arena, "%u lines", lines[i]), v, n, 0, note);
        buf_free(&text);
    }
}
