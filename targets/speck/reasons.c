#include "targets/speck/reasons.h"
#include "runtime/base/buf.h"

static const char axis_name[] = "yx";

const char *speck_memory_name(uint32_t kind)
{
    static const char *const name[] = {"its kernels", "its neurons", "its biases"};
    return name[kind];
}

static bool within(uint32_t x, uint32_t most)
{
    return x >= 1 && x <= most;
}

/* A limit of both axes, reported once: "WHAT 17 UNIT along y and 18 along x, RULE". */
static void tell_axes(struct speck_faults *f, const char *where, const char *what, const char *unit,
                      const uint32_t v[2], const bool ok[2], const char *rule)
{
    struct buf b = {0};
    for (uint32_t a = 0; a < 2; a++) {
        if (ok[a])
            continue;
        const bool second = b.n > 0;
        buf_puts(&b, second ? " and" : what);
        if (!second || v[0] != v[1])
            buf_printf(&b, " %u%s along", v[a], second ? "" : unit);
        buf_printf(&b, " %c", axis_name[a]);
    }
    if (b.n > 0)
        speck_fault_add(f, where, "%s, %s", b.data, rule);
    buf_free(&b);
}

/* Ranges of both axes; reported if `f` isn't NULL. */
static bool axes_fit(const struct speck_layer *l, const char *where, struct speck_faults *f)
{
    const uint32_t n[2] = {speck_output(l, 0), speck_output(l, 1)};
    bool map[2], kernel[2], stride[2], padding[2], out[2], ok = true;
    for (uint32_t a = 0; a < 2; a++) {
        map[a] = within(l->map[a], SPECK_SENSOR);
        kernel[a] = within(l->kernel[a], SPECK_MAX_KERNEL);
        stride[a] = speck_is_stride(l->stride[a]);
        padding[a] = l->padding[a] <= SPECK_MAX_PADDING;
        out[a] = within(n[a], SPECK_MAX_OUTPUT);
        ok = ok && map[a] && kernel[a] && stride[a] && padding[a] && out[a];
    }
    if (ok || !f)
        return ok;
    struct arena *a = f->arena;
    tell_axes(f, where, "its input map is", "", l->map, map,
              arena_printf(a, "a core takes 1 to %d", SPECK_SENSOR));
    tell_axes(f, where, "its kernel is", "", l->kernel, kernel,
              arena_printf(a, "a core's is 1 to %d", SPECK_MAX_KERNEL));
    tell_axes(f, where, "its stride is", "", l->stride, stride, "a core's is 1, 2, 4 or 8");
    tell_axes(f, where, "its padding is", "", l->padding, padding,
              arena_printf(a, "a core's is 0 to %d", SPECK_MAX_PADDING));
    tell_axes(f, where, "it has", " neurons", n, out,
              arena_printf(a, "a core has 1 to %d", SPECK_MAX_OUTPUT));
    return false;
}

static bool ranges_fit(const struct speck_layer *l, const char *where, struct speck_faults *f)
{
    bool axes = axes_fit(l, where, f);
    bool square = l->kernel[0] == l->kernel[1];
    bool in = within(l->in, SPECK_MAX_FEATURES), out = within(l->out, SPECK_MAX_FEATURES);
    if (f && !square) {
        struct speck_fault *g = speck_fault_add(
            f, where, "its kernel is %u x %u, a core's is square", l->kernel[0], l->kernel[1]);
        g->help = "fill the kernel up with zeros to a square one, as much on each side, and add "
                  "to the padding as many rows or columns as it gained on one side";
    }
    if (f && !in)
        speck_fault_add(f, where, "it has %u input features, a core takes 1 to %u", l->in,
                        SPECK_MAX_FEATURES);
    if (f && !out)
        speck_fault_add(f, where, "it has %u features, a core has 1 to %u", l->out,
                        SPECK_MAX_FEATURES);
    return axes && square && in && out;
}

bool speck_fits(const struct speck_layer *l, uint32_t cores)
{
    return ranges_fit(l, NULL, NULL) && (speck_candidates(speck_need(l)) & cores) != 0;
}

/* ---- changes ---- */

/* The largest number of features below the one at `x` with which the layer fits; 0: none. */
static uint32_t fewer(struct speck_layer *l, uint32_t *x, uint32_t cores)
{
    uint32_t was = *x, found = 0;
    for (uint32_t n = SPECK_MAX_FEATURES; n >= 1 && !found; n--) {
        *x = n;
        found = n < was && speck_fits(l, cores) ? n : 0;
    }
    *x = was;
    return found;
}

static uint32_t smaller_kernel(struct speck_layer l, uint32_t cores)
{
    uint32_t most = l.kernel[0] < l.kernel[1] ? l.kernel[0] : l.kernel[1];
    for (uint32_t k = SPECK_MAX_KERNEL; k >= 1; k--) {
        l.kernel[0] = l.kernel[1] = k;
        if (k < most && speck_fits(&l, cores))
            return k;
    }
    return 0;
}

static uint32_t longer_stride(struct speck_layer l, uint32_t cores)
{
    uint32_t least = l.stride[0] > l.stride[1] ? l.stride[0] : l.stride[1];
    for (uint32_t s = 2; s <= SPECK_MAX_STRIDE; s *= 2) {
        l.stride[0] = l.stride[1] = s;
        if (s > least && speck_fits(&l, cores))
            return s;
    }
    return 0;
}

static uint32_t less_padding(struct speck_layer l, uint32_t cores)
{
    bool much = false;
    for (uint32_t a = 0; a < 2; a++) {
        much = much || l.padding[a] > SPECK_MAX_PADDING;
        l.padding[a] = l.padding[a] > SPECK_MAX_PADDING ? SPECK_MAX_PADDING : l.padding[a];
    }
    return much && speck_fits(&l, cores) ? SPECK_MAX_PADDING : 0;
}

/* A dense layer: what it hears has no positions. */
static bool covers(const struct speck_layer *l)
{
    struct speck_layer m = *l;
    bool same = true;
    speck_cover(&m);
    for (uint32_t a = 0; a < 2; a++)
        same = same && l->kernel[a] == m.kernel[a] && l->padding[a] == m.padding[a];
    return same;
}

/* A kernel that covers the map shrinks with it. */
static uint32_t pool_before(const struct speck_layer *l, uint32_t cores)
{
    for (uint32_t p = 2; p <= SPECK_MAX_POOL; p *= 2) {
        struct speck_layer m = *l;
        m.map[0] /= p;
        m.map[1] /= p;
        if (covers(l))
            speck_cover(&m);
        if (speck_fits(&m, cores))
            return p;
    }
    return 0;
}

static void put_way(struct buf *b, const char *before, uint32_t n, const char *behind)
{
    if (n > 0)
        buf_printf(b, "%s%s%u%s", b->n ? ", or " : "with ", before, n, behind);
}

const char *speck_ways_to_fit(struct arena *a, const struct speck_layer *l, uint32_t cores)
{
    struct speck_layer m = *l;
    struct buf b = {0};
    const uint32_t out = fewer(&m, &m.out, cores), in = fewer(&m, &m.in, cores);
    put_way(&b, "", out, out == 1 ? " feature" : " features");
    put_way(&b, "", in, in == 1 ? " input feature" : " input features");
    put_way(&b, "a kernel of size ", covers(l) ? 0 : smaller_kernel(m, cores), "");
    put_way(&b, "stride ", longer_stride(m, cores), "");
    put_way(&b, "padding ", less_padding(*l, cores), "");
    put_way(&b, "a pool of ", pool_before(l, cores), " before it");
    const char *text = b.n ? arena_strndup(a, b.data, b.n) : NULL;
    buf_free(&b);
    return text;
}

/* ---- memories ---- */

static uint32_t part(struct speck_memory m, uint32_t kind)
{
    return kind == 0 ? m.kernel : kind == 1 ? m.neuron : m.bias;
}

/* How the need comes about: powers of two surprise. */
static const char *because(struct arena *a, const struct speck_layer *l, uint32_t kind)
{
    uint32_t taps = l->kernel[0] * l->kernel[1], h = speck_output(l, 0), w = speck_output(l, 1);
    if (kind == 0)
        return arena_printf(
            a, "%u input features times %u taps, which count as %u, times %u features, as %u",
            l->in, taps, 1u << speck_bits(taps), l->out, 1u << speck_bits(l->out));
    if (kind == 1)
        return arena_printf(a, "%u features times a map of %u x %u, which counts as %u x %u",
                            l->out, h, w, 1u << speck_bits(h), 1u << speck_bits(w));
    return "one for each feature";
}

static void tell_memories(const struct speck_layer *l, const char *where, struct speck_faults *f)
{
    struct speck_memory need = speck_need(l);
    bool alone = false;
    for (uint32_t kind = 0; kind < 3; kind++) {
        uint32_t most = 0;
        for (uint32_t i = 0; i < SPECK_CORES; i++)
            most = part(speck_core[i], kind) > most ? part(speck_core[i], kind) : most;
        if (part(need, kind) <= most)
            continue;
        alone = true;
        speck_fault_add(f, where, "%s need %u words, the largest core has %u: %s",
                        speck_memory_name(kind), part(need, kind), most,
                        because(f->arena, l, kind));
    }
    if (!alone)
        speck_fault_add(f, where,
                        "its kernels need %u words (%s) and its neurons %u (%s): each has cores, "
                        "but no core has both",
                        need.kernel, because(f->arena, l, 0), need.neuron, because(f->arena, l, 1));
}

bool speck_layer_fits(const struct speck_layer *l, const char *where, struct speck_faults *f)
{
    uint32_t before = f->list.n;
    if (ranges_fit(l, where, f) && speck_candidates(speck_need(l)) == 0)
        tell_memories(l, where, f);
    if (f->list.n == before)
        return true;
    const char *ways = speck_ways_to_fit(f->arena, l, SPECK_ALL_CORES);
    const char *help = ways ? arena_printf(f->arena, "it fits %s", ways) : NULL;
    for (uint32_t i = before; i < f->list.n; i++) {
        if (!f->list.data[i].help)
            f->list.data[i].help = help;
    }
    return false;
}
