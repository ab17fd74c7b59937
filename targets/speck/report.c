#include "targets/speck/report.h"
#include "targets/speck/passes.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Of the chip's units; products are rounded too, so that it is a little more than half of one. */
#define MOST_ROUNDING 0.501

struct loss {         /* of a layer */
    double off;       /* error of the weights against their size, rms */
    size_t lost;      /* weights that became 0 */
    uint32_t dead;    /* features all of whose weights did */
    uint32_t clipped; /* features with a weight beyond 8 bits */
};

static struct loss measure(struct arena *a, const struct net *n, const struct speck_numbers *x)
{
    const uint32_t out = n->layer.data[x->layer].shape.extent[0];
    bool *had = ARENA_ARRAY(a, bool, out), *has = ARENA_ARRAY(a, bool, out);
    bool *clips = ARENA_ARRAY(a, bool, out);
    double power = 0, error = 0;
    struct loss l = {0};
    size_t at = 0;
    for (uint32_t i = 0; i < n->connection.n; i++) {
        const struct net_connection *c = &n->connection.data[i];
        const size_t count = c->dst == x->layer ? (size_t)conv_count(c->conv) : 0;
        for (size_t k = 0; k < count; k++, at++) {
            const size_t f = k / (count / out);
            const double w = x->weights[at], off = x->rounded[at] / (double)x->scale - w;
            power += w * w;
            error += off * off;
            l.lost += w != 0 && x->rounded[at] == 0;
            had[f] |= w != 0;
            has[f] |= x->rounded[at] != 0;
            clips[f] |= fabs(off) * (double)x->scale > MOST_ROUNDING;
        }
    }
    for (uint32_t f = 0; f < out; f++) {
        l.dead += had[f] && !has[f];
        l.clipped += clips[f];
    }
    l.off = power > 0 ? sqrt(error / power) : 0;
    return l;
}

static void warn_dead(const struct net_layer *l, uint32_t dead, struct diags *d)
{
    struct diag *g =
        diag_add(d, W0654, l->span, "all weights of %u of the %u features of layer `%s` become 0",
                 dead, l->shape.extent[0], l->name);
    diag_hint(d, g, "they are small against the layer's largest weight or bias, which has 8 bits");
}

/* Whether an update by 0 can fire a neuron: one that was left at its threshold or above. */
static bool fires_by_zero(const struct net *n, const struct speck_numbers *x)
{
    const struct net_layer *l = &n->layer.data[x->layer];
    const struct speck_params p = speck_params_of(l->model);
    const float threshold = l->param[p.threshold].v[0];
    bool above = false;
    for (size_t i = 0; i < x->n_biases; i++)
        above = above || x->biases[i] > 0; /* ticks of the slow clock add without firing */
    for (size_t i = 0; i < x->n_state; i++)
        above = above || l->init[0].v[i] >= threshold;
    for (size_t i = 0; l->param[p.reset_to_zero].v[0] == 0 && i < x->n_weights; i++)
        above = above || (float)x->rounded[i] > threshold;
    return above;
}

static void warn_absent(const struct net *n, const struct net_connection *c, uint64_t absent,
                        struct diags *d)
{
    const struct net_layer *l = &n->layer.data[c->dst];
    const char *src = c->from_input ? n->input.data[c->src].name : n->layer.data[c->src].name;
    struct diag *g =
        diag_add(d, W0659, c->span,
                 "%" PRIu64 " of the %" PRIu64 " pairs of `%s` and `%s` have no synapse; to a core "
                 "they are updates by 0, at which a neuron fires that was left above its threshold",
                 absent, (uint64_t)c->n_pre * l->n, src, l->name);
    diag_hint(d, g,
              "no neuron is left there with weights up to the threshold, or `reset_to_zero`; "
              "`dense` with weights of 0 does the same in the source");
}

static int name_width(const struct net *n)
{
    size_t width = strlen("layer");
    for (uint32_t i = 0; i < n->layer.n; i++)
        width = strlen(n->layer.data[i].name) > width ? strlen(n->layer.data[i].name) : width;
    return (int)width;
}

static void put_share(struct buf *b, uint64_t x, uint64_t of, int width)
{
    char text[48];
    snprintf(text, sizeof text, "%" PRIu64 "/%" PRIu64, x, of);
    buf_printf(b, "  %*s", width, text);
}

static void put_row(struct arena *a, const struct net *n, const struct speck_told *t, uint32_t i,
                    int width, struct buf *b, struct diags *d)
{
    const struct net_layer *l = &n->layer.data[i];
    const struct loss loss = measure(a, n, &t->x[i]);
    const uint32_t features = l->shape.extent[0];
    buf_printf(b, "            %-*s  %9.5g  %9.2g %%", width, l->name, (double)t->x[i].scale,
               100 * loss.off);
    put_share(b, loss.lost, t->x[i].n_weights, 13);
    put_share(b, loss.dead, features, 9);
    put_share(b, loss.clipped, features, 9);
    if (t->before) {
        buf_printf(b, "  %13" PRIu64 "  %10" PRIu64, speck_trial_spikes(t->before, n, i),
                   speck_trial_spikes(t->after, n, i));
        put_share(b, speck_trial_silenced(t->before, t->after, n, i), features, 9);
        buf_printf(b, "  %9.3g", t->after->load[i]);
    }
    buf_putc(b, '\n');
    if (loss.dead > 0)
        warn_dead(l, loss.dead, d);
}

/* Scales and errors before and after they were chosen. */
static void put_calibration(const struct net *n, const struct speck_told *t, int width,
                            struct buf *b)
{
    bool any = false;
    for (uint32_t i = 0; i < n->layer.n; i++) {
        if (t->x[i].scale == t->common[i])
            continue;
        buf_printf(b, "%s%-*s  scale %.5g instead of %.5g\n",
                   any ? "            " : "calibrate:  ", width, n->layer.data[i].name,
                   (double)t->x[i].scale, (double)t->common[i]);
        any = true;
    }
    if (!any)
        buf_puts(b, "calibrate:  no other scales are better\n");
    buf_printf(b, "%scounts of the outputs off by %.3g %%, before %.3g %%\n", "            ",
               100 * speck_trial_error(t->before, t->after, n),
               100 * speck_trial_error(t->before, t->first, n));
}

void speck_tell_numbers(const struct net *n, const struct speck_told *t, struct target_report *r,
                        struct diags *d)
{
    struct arena scratch = {0};
    struct buf *b = t->before ? &r->result : &r->text;
    const int width = name_width(n);
    buf_printf(b, "discretize: %-*s  %9s  %11s  %13s  %9s  %9s", width, "layer", "scale",
               "weights off", "weights to 0", "dead", "clipped");
    buf_puts(b, t->before ? "  spikes before       after   silenced   SynOps/s\n" : "\n");
    for (uint32_t i = 0; i < n->layer.n; i++)
        put_row(&scratch, n, t, i, width, b, d);
    for (uint32_t i = 0; i < n->connection.n; i++)
        if (t->absent[i] > 0 && fires_by_zero(n, &t->x[n->connection.data[i].dst]))
            warn_absent(n, &n->connection.data[i], t->absent[i], d);
    if (t->calibrated)
        put_calibration(n, t, width, b);
    else if (t->before)
        buf_printf(b, "            counts of the outputs off by %.3g %%\n",
                   100 * speck_trial_error(t->before, t->after, n));
    arena_free(&scratch);
}
