/* The diff as a table that a person reads at a glance, and as JSON. */
#include "compiler/diff.h"

#include <math.h>
#include <stdio.h>

enum { MAX_ROWS = 12 };

static void more_line(struct buf *out, uint32_t n)
{
    if (n > MAX_ROWS) {
        buf_printf(out, "  ... and %u more (--json lists all)\n", n - MAX_ROWS);
    }
}

static void params_text(struct buf *out, const struct diff *d)
{
    struct arena scratch = {0};
    buf_printf(out, "\nparameters: %u of %u differ\n", d->param.n, d->n_params);
    for (uint32_t i = 0; i < d->param.n && i < MAX_ROWS; i++) {
        const struct diff_param *p = &d->param.data[i];
        struct buf name = {0};
        if (p->everywhere) {
            buf_puts(&name, p->layer);
        } else {
            net_element_name(&name, p->layer, p->at->shape, p->element);
        }
        buf_printf(&name, ".%s", p->param);
        buf_printf(out, "  %-28s %14s -> %-14s %+8.3f %%\n", name.data,
                   unit_text(&scratch, (double)p->a, p->dim),
                   unit_text(&scratch, (double)p->b, p->dim),
                   copysign(p->error, (double)p->b - (double)p->a) * 100);
        buf_free(&name);
    }
    arena_free(&scratch);
    more_line(out, d->param.n);
    for (uint32_t i = 0; i < d->gain.n && i < MAX_ROWS; i++) {
        buf_printf(out,
                   "  %s: weights act through currents %.4g times as large, taken back in its "
                   "gain currents; compared without that\n",
                   d->gain.data[i].layer, d->gain.data[i].factor[0]);
    }
    more_line(out, d->gain.n);
    for (uint32_t i = 0; i < d->scale.n && i < MAX_ROWS; i++) {
        const struct diff_scale *s = &d->scale.data[i];
        buf_printf(out,
                   "  %s: in the chip's units, %.6g times as large in %s; compared without that\n",
                   s->layer, s->a > s->b ? s->a / s->b : s->b / s->a, s->a > s->b ? "A" : "B");
    }
    more_line(out, d->scale.n);
}

static void weights_row(struct buf *out, const char *name, const struct diff_weights *w)
{
    double mse = w->n_union ? w->sum_square / (double)w->n_union : 0;
    buf_printf(out, "  %-28s %7llu %6llu %6llu %11.4g %9.4g", name, (unsigned long long)w->n,
               (unsigned long long)w->lost, (unsigned long long)w->gained, mse, w->largest);
    if (w->largest > 0) {
        buf_printf(out, "  %s -> %s: %.4g -> %.4g", w->largest_src, w->largest_dst,
                   (double)w->largest_a, (double)w->largest_b);
    }
    buf_putc(out, '\n');
}

static void weights_text(struct buf *out, const struct diff *d)
{
    buf_printf(out, "\n%-30s %7s %6s %6s %11s %9s\n", "weights", "n", "lost", "new", "MSE",
               "largest");
    for (uint32_t i = 0; i < d->connection.n; i++) {
        struct buf name = {0};
        const struct diff_weights *w = &d->connection.data[i];
        buf_printf(&name, "%s -> %s.%s", w->src, w->dst, w->receptor);
        weights_row(out, name.data, w);
        buf_free(&name);
    }
    for (uint32_t i = 0; i < d->core.n; i++) {
        char name[48];
        snprintf(name, sizeof name, "chip %u core %u", d->core.data[i].chip, d->core.data[i].core);
        weights_row(out, name, &d->core.data[i]);
    }
}

static double mean(const double *v, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        sum += v[i] / n;
    }
    return sum;
}

static void event_text(struct buf *out, const struct diff_layer *l, const struct diff_event *e,
                       const char *which)
{
    if (e->there) {
        net_element_name(out, l->name, l->at->shape, e->neuron);
        buf_printf(out, " at %lld us in %s", (long long)e->t, which);
    } else {
        buf_printf(out, "none in %s", which);
    }
}

static void first_difference(struct buf *out, const struct diff_layer *l)
{
    if (l->kind == DIFF_STEPS) {
        buf_puts(out, "    first difference: ");
        net_element_name(out, l->name, l->at->shape, l->neuron);
        buf_printf(out, " at step %llu of trial %u: %u -> %u\n", (unsigned long long)l->step,
                   l->trial, l->value_a, l->value_b);
    } else if (l->kind == DIFF_EVENTS) {
        buf_printf(out,
                   "    first difference: spike %llu of trial %u: ", (unsigned long long)l->event,
                   l->trial);
        event_text(out, l, &l->event_a, "A");
        buf_puts(out, ", ");
        event_text(out, l, &l->event_b, "B");
        buf_putc(out, '\n');
    }
}

static void layer_text(struct buf *out, const struct diff *d, const struct diff_layer *l)
{
    double seconds = (double)d->steps * d->dt;
    buf_printf(out, "  %-28s %21s %21s\n", l->name, "A", "B");
    for (uint32_t i = 0; i < l->n && i < MAX_ROWS; i++) {
        struct buf name = {0};
        net_element_name(&name, l->name, l->at->shape, i);
        buf_printf(out, "    %-26s %8.4g %9.4g Hz %8.4g %9.4g Hz\n", name.data, l->count_a[i],
                   l->count_a[i] / seconds, l->count_b[i], l->count_b[i] / seconds);
        buf_free(&name);
    }
    more_line(out, l->n);
    for (uint32_t t = 0; t < d->trials && t < MAX_ROWS && l->n > 1; t++) {
        buf_printf(out, "    FRR of trial %-13u %21.2f %21.2f\n", t, l->frr_a[t], l->frr_b[t]);
    }
    if (d->trials > MAX_ROWS && l->n > 1) {
        buf_printf(out, "    FRR, mean of %-13u %21.2f %21.2f\n", d->trials,
                   mean(l->frr_a, d->trials), mean(l->frr_b, d->trials));
    }
    if (l->differs) {
        struct buf name = {0};
        first_difference(out, l);
        net_element_name(&name, l->name, l->at->shape, l->van_rossum_at);
        buf_printf(out, "    van Rossum distance (%.4g ms): mean %.4g, most %.4g (%s)\n",
                   VAN_ROSSUM_TAU * 1e3, l->van_rossum_mean, l->van_rossum_most, name.data);
        buf_free(&name);
    } else {
        buf_puts(out, "    every spike is the same\n");
    }
}

void diff_text(struct buf *out, const struct diff *d, const struct tolerance *t)
{
    buf_printf(out, "A: %s\nB: %s\n\n", d->name_a, d->name_b);
    buf_puts(out, d->structure.n ? "structure:\n"
                  : d->helper.n  ? "structure: the same but for helpers\n"
                                 : "structure: the same\n");
    for (uint32_t i = 0; i < d->structure.n; i++) {
        buf_printf(out, "  %s\n", d->structure.data[i]);
    }
    for (uint32_t i = 0; i < d->helper.n; i++) {
        const struct diff_helper *h = &d->helper.data[i];
        buf_printf(out,
                   "  %u helper neurons `%s` of `%s` are only in %s: what goes through them counts "
                   "as their sources'\n",
                   h->n, h->name, h->of, h->which);
    }
    params_text(out, d);
    weights_text(out, d);
    if (d->has_behaviour) {
        buf_printf(out, "\nbehaviour under `%s`: mean spike counts of %u trial%s of %.6g ms\n",
                   d->stimulus, d->trials, d->trials == 1 ? "" : "s",
                   (double)d->steps * d->dt * 1e3);
        for (uint32_t i = 0; i < d->layer.n; i++) {
            layer_text(out, d, &d->layer.data[i]);
        }
    }
    if (d->beyond.n == 0) {
        buf_printf(out, "\nwithin the tolerance (param %.3g, weight %.3g, rate %.3g)\n", t->param,
                   t->weight, t->rate);
        return;
    }
    buf_printf(out, "\nbeyond the tolerance (param %.3g, weight %.3g, rate %.3g):\n", t->param,
               t->weight, t->rate);
    for (uint32_t i = 0; i < d->beyond.n && i < MAX_ROWS; i++) {
        buf_printf(out, "  %s\n", d->beyond.data[i]);
    }
    more_line(out, d->beyond.n);
}

/* ---- JSON ---- */

static void json_list(struct json *j, const char *key, const double *v, uint32_t n)
{
    json_key(j, key);
    json_array(j);
    for (uint32_t i = 0; i < n; i++) {
        json_f64(j, v[i]);
    }
    json_end_array(j);
}

static void weights_json(struct json *j, const struct diff_weights *w)
{
    json_object(j);
    if (w->src) {
        json_key(j, "source"), json_str(j, w->src);
        json_key(j, "target"), json_str(j, w->dst);
        json_key(j, "receptor"), json_str(j, w->receptor);
    } else {
        json_key(j, "chip"), json_int(j, w->chip);
        json_key(j, "core"), json_int(j, w->core);
    }
    json_key(j, "synapses"), json_int(j, (int64_t)w->n);
    json_key(j, "lost"), json_int(j, (int64_t)w->lost);
    json_key(j, "new"), json_int(j, (int64_t)w->gained);
    json_key(j, "mse"), json_f64(j, w->n_union ? w->sum_square / (double)w->n_union : 0);
    json_key(j, "largest_error"), json_f64(j, w->largest);
    if (w->largest > 0) {
        json_key(j, "at");
        json_object(j);
        json_key(j, "source"), json_str(j, w->largest_src);
        json_key(j, "target"), json_str(j, w->largest_dst);
        json_key(j, "a"), json_f32(j, w->largest_a);
        json_key(j, "b"), json_f32(j, w->largest_b);
        json_end_object(j);
    }
    json_end_object(j);
}

static void event_json(struct json *j, const char *key, const struct diff_event *e)
{
    json_key(j, key);
    if (!e->there) {
        json_null(j);
        return;
    }
    json_object(j);
    json_key(j, "t"), json_int(j, e->t);
    json_key(j, "neuron"), json_int(j, e->neuron);
    json_end_object(j);
}

static void difference_json(struct json *j, const struct diff_layer *l)
{
    if (!l->differs || l->kind == DIFF_MIXED) {
        json_null(j);
        return;
    }
    json_object(j);
    json_key(j, "trial"), json_int(j, l->trial);
    if (l->kind == DIFF_EVENTS) {
        json_key(j, "event"), json_int(j, (int64_t)l->event);
        event_json(j, "a", &l->event_a);
        event_json(j, "b", &l->event_b);
    } else {
        json_key(j, "step"), json_int(j, (int64_t)l->step);
        json_key(j, "neuron"), json_int(j, l->neuron);
        json_key(j, "a"), json_int(j, l->value_a);
        json_key(j, "b"), json_int(j, l->value_b);
    }
    json_end_object(j);
}

static void layer_json(struct json *j, const struct diff *d, const struct diff_layer *l)
{
    json_object(j);
    json_key(j, "layer"), json_str(j, l->name);
    json_list(j, "counts_a", l->count_a, l->n);
    json_list(j, "counts_b", l->count_b, l->n);
    json_list(j, "frr_a", l->frr_a, d->trials);
    json_list(j, "frr_b", l->frr_b, d->trials);
    json_key(j, "first_difference");
    difference_json(j, l);
    json_key(j, "van_rossum");
    json_object(j);
    json_key(j, "tau"), json_f64(j, VAN_ROSSUM_TAU);
    json_key(j, "mean"), json_f64(j, l->van_rossum_mean);
    json_key(j, "most"), json_f64(j, l->van_rossum_most);
    json_end_object(j);
    json_end_object(j);
}

static void json_strings(struct json *j, const char *key, const char *const *v, uint32_t n)
{
    json_key(j, key);
    json_array(j);
    for (uint32_t i = 0; i < n; i++) {
        json_str(j, v[i]);
    }
    json_end_array(j);
}

void diff_json(struct json *j, const struct diff *d, const struct tolerance *t)
{
    json_object(j);
    json_key(j, "a"), json_str(j, d->name_a);
    json_key(j, "b"), json_str(j, d->name_b);
    json_strings(j, "structure", d->structure.data, d->structure.n);
    json_key(j, "helpers");
    json_array(j);
    for (uint32_t i = 0; i < d->helper.n; i++) {
        const struct diff_helper *h = &d->helper.data[i];
        json_object(j);
        json_key(j, "layer"), json_str(j, h->name);
        json_key(j, "helps"), json_str(j, h->of);
        json_key(j, "neurons"), json_int(j, h->n);
        json_key(j, "only_in"), json_str(j, h->which);
        json_end_object(j);
    }
    json_end_array(j);
    json_key(j, "parameters");
    json_array(j);
    for (uint32_t i = 0; i < d->param.n; i++) {
        const struct diff_param *p = &d->param.data[i];
        json_object(j);
        json_key(j, "layer"), json_str(j, p->layer);
        json_key(j, "parameter"), json_str(j, p->param);
        json_key(j, "neuron");
        if (p->everywhere) {
            json_null(j);
        } else {
            json_int(j, p->element);
        }
        json_key(j, "a"), json_f32(j, p->a);
        json_key(j, "b"), json_f32(j, p->b);
        json_key(j, "error"), json_f64(j, p->error);
        json_end_object(j);
    }
    json_end_array(j);
    json_key(j, "gains");
    json_array(j);
    for (uint32_t i = 0; i < d->gain.n; i++) {
        json_object(j);
        json_key(j, "layer"), json_str(j, d->gain.data[i].layer);
        json_list(j, "factors", d->gain.data[i].factor, d->gain.data[i].n);
        json_end_object(j);
    }
    json_end_array(j);
    json_key(j, "scales");
    json_array(j);
    for (uint32_t i = 0; i < d->scale.n; i++) {
        json_object(j);
        json_key(j, "layer"), json_str(j, d->scale.data[i].layer);
        json_key(j, "a"), json_f64(j, d->scale.data[i].a);
        json_key(j, "b"), json_f64(j, d->scale.data[i].b);
        json_end_object(j);
    }
    json_end_array(j);
    json_key(j, "weights");
    json_array(j);
    for (uint32_t i = 0; i < d->connection.n; i++) {
        weights_json(j, &d->connection.data[i]);
    }
    json_end_array(j);
    json_key(j, "cores");
    json_array(j);
    for (uint32_t i = 0; i < d->core.n; i++) {
        weights_json(j, &d->core.data[i]);
    }
    json_end_array(j);
    if (d->has_behaviour) {
        json_key(j, "stimulus"), json_str(j, d->stimulus);
        json_key(j, "trials"), json_int(j, d->trials);
        json_key(j, "behaviour");
        json_array(j);
        for (uint32_t i = 0; i < d->layer.n; i++) {
            layer_json(j, d, &d->layer.data[i]);
        }
        json_end_array(j);
    }
    json_key(j, "tolerance");
    json_object(j);
    json_key(j, "param"), json_f64(j, t->param);
    json_key(j, "weight"), json_f64(j, t->weight);
    json_key(j, "rate"), json_f64(j, t->rate);
    json_end_object(j);
    json_strings(j, "beyond", d->beyond.data, d->beyond.n);
    json_end_object(j);
}
