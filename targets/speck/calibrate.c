#include "targets/speck/calibrate.h"
#include "targets/speck/quantity.h"
#include <math.h>

static const float factor[] = {0.6f, 0.7f, 0.8f, 0.9f, 1, 1.1f, 1.25f, 1.4f, 1.6f, 2};
enum { N_FACTORS = sizeof factor / sizeof *factor };

/* The error with a layer at another scale; infinite where the chip can't have it. */
static double error_at(struct net *n, struct speck_numbers *x, float scale,
                       const struct stimulus *s, const struct speck_trial *want)
{
    struct arena scratch = {0};
    struct diags quiet = {0};
    struct speck_trial t;
    bool ok = speck_set_numbers(n, x, scale, &quiet) && speck_try(&scratch, n, s, &t, &quiet);
    double e = ok ? speck_trial_error(want, &t, n) : (double)INFINITY;
    arena_free(&scratch);
    diags_free(&quiet);
    return e;
}

/* Thresholds, biases and states have 16 bits whatever becomes of the weights. */
static float highest_scale(const struct speck_numbers *x)
{
    const float ends[2] = {x->threshold, isinf(x->v_min) ? 0 : x->v_min};
    return fminf(fminf(speck_scale_of(ends, 2, 16), speck_scale_of(x->biases, x->n_biases, 16)),
                 speck_scale_of(x->state, x->n_state, 16));
}

static double improve(struct net *n, struct speck_numbers *x, const struct stimulus *s,
                      const struct speck_trial *want, double error)
{
    const float from[2] = {x->scale, speck_scale_of(x->weights, x->n_weights, 8)};
    const float highest = highest_scale(x);
    float best = x->scale;
    for (uint32_t k = 0; k < (from[1] > from[0] && isfinite(from[1]) ? 2 : 1); k++) {
        for (uint32_t i = 0; i < N_FACTORS; i++) {
            const float scale = from[k] * factor[i];
            const double e = scale <= highest && scale != from[0] ? error_at(n, x, scale, s, want)
                                                                  : (double)INFINITY;
            best = e < error ? scale : best;
            error = e < error ? e : error;
        }
    }
    struct diags none = {0}; /* a scale that was possible is */
    speck_set_numbers(n, x, best, &none);
    diags_free(&none);
    return error;
}

bool speck_calibrate(struct arena *a, struct net *n, struct speck_numbers *x,
                     const struct stimulus *s, const struct speck_trial *want,
                     struct speck_trial *have, struct diags *d)
{
    double error = speck_trial_error(want, have, n);
    for (uint32_t i = 0; i < n->layer.n; i++)
        error = x[i].whole ? error : improve(n, &x[i], s, want, error);
    return speck_try(a, n, s, have, d);
}
