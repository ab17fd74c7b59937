/* Tables of events from rasters and event lists. */
#include "runtime/stimulus.h"

#include "runtime/base/bits.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

static bool no_memory(struct diags *d, const char *what, struct span at)
{
    diag_add(d, E0801, at, "%s doesn't fit in memory", what);
    return false;
}

/* Whether a table may have so many steps, those of all trials of `out`. */
static bool check_cells(const struct stimulus_source *out, uint64_t cells, struct diags *d,
                        const char *what, struct span at)
{
    if (cells <= STIMULUS_MAX_CELLS)
        return true;
    diag_add(d, E0801, at, "%s has %" PRIu64 " steps in %u trials; at most %d are possible", what,
             out->steps, out->trials, STIMULUS_MAX_CELLS);
    return false;
}

/* Rows of `cells` steps in `out`, or false. */
static bool make_rows(struct arena *a, struct stimulus_source *out, uint64_t cells, struct diags *d,
                      const char *what, struct span at)
{
    out->row = arena_try(a, (size_t)cells + 1, sizeof *out->row);
    return out->row || no_memory(d, what, at);
}

/* ---- rasters -----------------------------------------------------------------------------------
 */

static bool is_count(double x)
{
    return x >= 0 && x <= UINT32_MAX && x == floor(x);
}

static uint64_t eight_bytes(const uint8_t *v)
{
    return v[0] | (uint64_t)v[1] << 8 | (uint64_t)v[2] << 16 | (uint64_t)v[3] << 24 |
           (uint64_t)v[4] << 32 | (uint64_t)v[5] << 40 | (uint64_t)v[6] << 48 |
           (uint64_t)v[7] << 56;
}

/* 1 in each of eight bytes that isn't 0. */
static uint64_t bytes_set(uint64_t eight)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7f;
    return ((((eight & low) + low) | eight) & ~low) >> 7;
}

/* Bit i: v[i] isn't 0. n is at most 64. */
static inline uint64_t nonzero_bytes(const uint8_t *v, uint32_t n)
{
    uint64_t bits = 0;
    uint32_t i = 0;
    for (; i + 8 <= n; i += 8) /* the product brings eight bits together */
        bits |= (bytes_set(eight_bytes(v + i)) * 0x0102040810204080 >> 56) << i;
    for (; i < n; i++)
        bits |= (uint64_t)(v[i] != 0) << i;
    return bits;
}

/* The events of one step. Few counts of a raster aren't 0. */
static uint32_t events_of_bytes(struct stimulus_event *to, const uint8_t *v, uint32_t channels)
{
    uint32_t k = 0;
    for (uint32_t first = 0; first < channels; first += 64) {
        const uint32_t n = channels - first < 64 ? channels - first : 64;
        for (uint64_t set = nonzero_bytes(v + first, n); set; set &= set - 1) {
            const uint32_t c = first + bits_lowest(set);
            to[k++] = (struct stimulus_event){c, v[c]};
        }
    }
    return k;
}

/* Every count is written, and the next one overwrites it if it was 0: no branch to guess wrong. */
static uint32_t events_of_numbers(struct stimulus_event *to, const double *v, uint32_t channels)
{
    uint32_t k = 0;
    for (uint32_t c = 0; c < channels; c++) {
        uint32_t count = (uint32_t)v[c];
        to[k] = (struct stimulus_event){c, count};
        k += count > 0;
    }
    return k;
}

static uint64_t count_bytes(const uint8_t *v, uint64_t n)
{
    uint64_t sum = 0, i = 0;
    for (; i + 8 <= n; i += 8)
        sum += bytes_set(eight_bytes(v + i)) * 0x0101010101010101 >> 56;
    for (; i < n; i++)
        sum += v[i] != 0;
    return sum;
}

/* How many numbers aren't 0; all must be counts. */
static bool count_numbers(const double *v, const struct stimulus_source *s, uint32_t channels,
                          uint64_t *n, struct diags *d, const char *what, struct span at)
{
    *n = 0;
    for (uint64_t i = 0; i < s->trials * s->steps * channels; i++) {
        if (v[i] == 0) /* nearly all are */
            continue;
        if (!is_count(v[i])) {
            diag_add(d, E0801, at,
                     "%s holds %g at trial %" PRIu64 ", step %" PRIu64 ", channel %" PRIu64
                     ": a count is a whole number, 0 or more",
                     what, v[i], i / channels / s->steps, i / channels % s->steps, i % channels);
            return false;
        }
        (*n)++;
    }
    return true;
}

/* Shape of a raster to trials and steps of `out`. */
static bool raster_shape(struct stimulus_source *out, uint32_t rank, const uint64_t *extent,
                         uint32_t channels, struct diags *d, const char *what, struct span at)
{
    *out = (struct stimulus_source){.kind = STIM_TABLE, .channels = channels};
    if (rank != 2 && rank != 3) {
        struct diag *g = diag_add(d, E0801, at, "%s has %u dimensions", what, rank);
        diag_hint(d, g, "a raster is [trials, steps, channels] or [steps, channels]");
        return false;
    }
    uint64_t trials = rank == 3 ? extent[0] : 1, steps = extent[rank - 2];
    if (extent[rank - 1] != channels) {
        diag_add(d, E0801, at, "%s has %" PRIu64 " channels, the input has %u", what,
                 extent[rank - 1], channels);
        return false;
    }
    if (trials == 0 || steps == 0 || trials > UINT32_MAX) {
        diag_add(d, E0801, at, "%s has %" PRIu64 " trials of %" PRIu64 " steps", what, trials,
                 steps);
        return false;
    }
    out->trials = (uint32_t)trials;
    out->steps = steps;
    return check_cells(out, trials * steps, d, what, at);
}

bool stimulus_raster_check(struct stimulus_source *out, struct stimulus_counts v, uint32_t rank,
                           const uint64_t *extent, uint32_t channels, struct diags *d,
                           const char *what, struct span at)
{
    uint64_t n;
    return raster_shape(out, rank, extent, channels, d, what, at) &&
           (v.u8 || count_numbers(v.f64, out, channels, &n, d, what, at)); /* any byte is a count */
}

bool stimulus_raster(struct arena *a, struct stimulus_source *out, struct stimulus_counts v,
                     uint32_t rank, const uint64_t *extent, uint32_t channels, struct diags *d,
                     const char *what, struct span at)
{
    if (!raster_shape(out, rank, extent, channels, d, what, at))
        return false;
    const uint64_t cells = out->trials * out->steps, all = cells * channels;
    if (!make_rows(a, out, cells, d, what, at))
        return false;
    uint64_t n;
    if (v.u8)
        n = count_bytes(v.u8, all);
    else if (!count_numbers(v.f64, out, channels, &n, d, what, at))
        return false;
    out->event = arena_try(a, (size_t)n + 1, sizeof *out->event);
    if (!out->event)
        return no_memory(d, what, at);
    uint64_t k = 0;
    for (uint64_t cell = 0; cell < cells; cell++) {
        struct stimulus_event *to = out->event + k;
        k += v.u8 ? events_of_bytes(to, v.u8 + cell * channels, channels)
                  : events_of_numbers(to, v.f64 + cell * channels, channels);
        out->row[cell + 1] = k;
    }
    return true;
}
