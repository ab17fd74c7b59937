/* What a profile says, in short: for people and as JSON. */
#include "runtime/base/bits.h"
#include "targets/dynapse2/profile.h"

struct core_summary {
    uint32_t dead, bad_cam;
    uint32_t worst, worst_bad; /* the living neuron that lost the most CAM entries; how many */
};

static struct core_summary summarise_core(const struct d2_profile *p, uint32_t core)
{
    struct core_summary s = {0};
    for (uint32_t i = 0; i < D2_NEURONS; i++) {
        bool dead = p->dead[core][i / 64] >> i % 64 & 1;
        uint32_t bad = bits_count(p->bad_cam[core][i]);
        s.dead += dead;
        s.bad_cam += bad;
        if (!dead && bad > s.worst_bad) {
            s.worst = i;
            s.worst_bad = bad;
        }
    }
    return s;
}

struct factor_summary {
    float min, max;
    double mean;
};

static struct factor_summary summarise_factor(const struct d2_measured *m)
{
    struct factor_summary s = {0};
    uint32_t n = 0;
    for (uint32_t i = 0; i < D2_CORES * D2_NEURONS; i++) {
        float x = m->factor[i];
        if (x == 0)
            continue;
        s.min = n == 0 || x < s.min ? x : s.min;
        s.max = n == 0 || x > s.max ? x : s.max;
        s.mean += ((double)x - s.mean) / ++n;
    }
    return s;
}

static void put_text(struct buf *out, const void *content)
{
    const struct d2_profile *p = content;
    uint32_t dead = 0, bad_cam = 0;
    buf_printf(out, "DYNAP-SE2%s%s%s%s\n", p->chip ? ", chip " : "", p->chip ? p->chip : "",
               p->note ? ": " : "", p->note ? p->note : "");
    buf_puts(out, "core  neurons: dead  usable  CAM entries: bad  most of a usable neuron\n");
    for (uint32_t c = 0; c < D2_CORES; c++) {
        struct core_summary s = summarise_core(p, c);
        buf_printf(out, "%4u  %13u  %6u  %16u", c, s.dead, D2_NEURONS - s.dead, s.bad_cam);
        if (s.worst_bad)
            buf_printf(out, "  %u of %d (neuron %u)", s.worst_bad, D2_CAM, s.worst);
        buf_putc(out, '\n');
        dead += s.dead;
        bad_cam += s.bad_cam;
    }
    buf_printf(out, " all  %13u  %6u  %16u\n", dead, D2_CORES * D2_NEURONS - dead, bad_cam);
    if (p->measured.n)
        buf_puts(out, "measured                neurons       min      mean       max\n");
    for (uint32_t i = 0; i < p->measured.n; i++) {
        const struct d2_measured *m = &p->measured.data[i];
        buf_printf(out, "%-22s %8u", m->name, m->n);
        if (m->n) {
            struct factor_summary s = summarise_factor(m);
            buf_printf(out, "  %8.4g  %8.4g  %8.4g", (double)s.min, s.mean, (double)s.max);
        }
        buf_putc(out, '\n');
    }
}

static void put_json_text(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    if (text)
        json_str(j, text);
    else
        json_null(j);
}

static void put_json_int(struct json *j, const char *key, uint32_t x)
{
    json_key(j, key);
    json_int(j, x);
}

static void put_json_core(struct json *j, const struct d2_profile *p, uint32_t core)
{
    struct core_summary s = summarise_core(p, core);
    json_object(j);
    put_json_int(j, "core", core);
    put_json_int(j, "dead_neurons", s.dead);
    put_json_int(j, "usable_neurons", D2_NEURONS - s.dead);
    put_json_int(j, "bad_cam", s.bad_cam);
    json_key(j, "worst");
    if (s.worst_bad) {
        json_object(j);
        put_json_int(j, "neuron", s.worst);
        put_json_int(j, "bad_cam", s.worst_bad);
        json_end_object(j);
    } else {
        json_null(j);
    }
    json_end_object(j);
}

static void put_json_measured(struct json *j, const struct d2_measured *m)
{
    struct factor_summary s = summarise_factor(m);
    json_object(j);
    put_json_text(j, "name", m->name);
    put_json_text(j, "kind", m->param < 0 ? "layout" : "bias");
    put_json_int(j, "neurons", m->n);
    if (m->n) {
        json_key(j, "min");
        json_f32(j, s.min);
        json_key(j, "mean");
        json_f64(j, s.mean);
        json_key(j, "max");
        json_f32(j, s.max);
    }
    json_end_object(j);
}

static void put_json(struct json *j, const void *content)
{
    const struct d2_profile *p = content;
    json_object(j);
    put_json_text(j, "target", "dynapse2");
    put_json_text(j, "chip", p->chip);
    put_json_text(j, "note", p->note);
    json_key(j, "cores");
    json_array(j);
    for (uint32_t c = 0; c < D2_CORES; c++)
        put_json_core(j, p, c);
    json_end_array(j);
    json_key(j, "measured");
    json_array(j);
    for (uint32_t i = 0; i < p->measured.n; i++)
        put_json_measured(j, &p->measured.data[i]);
    json_end_array(j);
    json_end_object(j);
}

static const void *read(struct arena *a, const char *text, size_t n, uint32_t file, struct diags *d)
{
    return d2_profile_read(a, text, n, file, d);
}

const struct target_profile d2_profiles = {
    .read = read,
    .measure = d2_measure,
    .text = put_text,
    .json = put_json,
};
