#include "compiler/net/print.h"

/* `[2, 0:3, :]`: a stretch of a layer in row-major order is written as as few boxes as it takes,
 * one place statement each. */
static void put_place(struct text *t, const struct net *n, const struct board_place *p)
{
    const struct net_layer *l = &n->layer.data[p->layer];
    const struct net_shape *s = &l->shape;
    for (uint32_t at = p->first, left = p->count; left > 0;) {
        uint32_t dim = s->rank - 1, stride = 1; /* the box covers whole dimensions behind `dim` */
        while (dim > 0 && at % (stride * s->extent[dim]) == 0 && left >= stride * s->extent[dim])
            stride *= s->extent[dim--];
        uint32_t index = at / stride % s->extent[dim];
        uint32_t count = s->extent[dim] - index;
        if (count > left / stride)
            count = left / stride;
        text_begin(t);
        buf_printf(t->out, "place %s.%s", n->name, l->name);
        if (count * stride < l->n) {
            uint32_t outer = at / stride / s->extent[dim]; /* index in the dimensions before */
            uint32_t fixed[NET_MAX_RANK];
            for (uint32_t d = dim; d-- > 0; outer /= s->extent[d])
                fixed[d] = outer % s->extent[d];
            for (uint32_t d = 0; d < s->rank; d++) {
                buf_puts(t->out, d ? ", " : "[");
                if (d < dim)
                    buf_printf(t->out, "%u", fixed[d]);
                else if (d == dim)
                    buf_printf(t->out, "%u:%u", index, index + count);
                else
                    buf_putc(t->out, ':');
            }
            buf_putc(t->out, ']');
        }
        buf_printf(t->out, " on chip %u core %u", p->chip, p->core);
        text_end(t, ";");
        at += count * stride;
        left -= count * stride;
    }
}

/* A kind that is settled and empty: left out it would be computed. */
static void put_none(struct text *t, const struct board_neuron *x, uint8_t kind, uint32_t n,
                     const char *what)
{
    if (x->layer < 0 || !(x->given & kind) || n > 0)
        return;
    text_begin(t);
    buf_puts(t->out, what);
    text_end(t, ";");
}

static void put_neuron(struct text *t, const struct net *n, const struct board_neuron *x,
                       const struct net_words *words)
{
    text_begin(t);
    buf_printf(t->out, "neuron %u", x->index);
    if (x->layer >= 0) {
        const struct net_layer *l = &n->layer.data[x->layer];
        buf_puts(t->out, " = ");
        net_element_name(t->out, l->name, l->shape, x->element);
    }
    if (x->layer >= 0 && x->given == 0) {
        text_end(t, ";");
        return;
    }
    text_open(t);
    put_none(t, x, BOARD_LATCH, x->latch.n, "latch none");
    for (uint32_t i = 0; i < x->latch.n; i++) {
        text_begin(t);
        buf_printf(t->out, "latch %s", x->latch.data[i]);
        text_end(t, ";");
    }
    put_none(t, x, BOARD_CAM, x->cam.n, "cam none");
    for (uint32_t i = 0; i < x->cam.n; i++) {
        const struct board_cam *c = &x->cam.data[i];
        text_begin(t);
        buf_printf(t->out, "cam %u = tag %u, weight ", c->slot, c->tag);
        print_mask(t->out, c->mask);
        buf_printf(t->out, ", %s", words->dendrite[c->dendrite]);
        text_end(t, ";");
    }
    put_none(t, x, BOARD_SRAM, x->sram.n, "sram none");
    for (uint32_t i = 0; i < x->sram.n; i++) {
        const struct board_sram *r = &x->sram.data[i];
        text_begin(t);
        buf_printf(t->out, "sram %u = tag %u, cores ", r->slot, r->tag);
        print_mask(t->out, r->cores);
        buf_printf(t->out, ", hop [%d, %d]", r->x_hop, r->y_hop);
        text_end(t, ";");
    }
    text_close(t);
}

static void put_core(struct text *t, const struct net *n, const struct board_core *c,
                     const struct net_words *words)
{
    text_begin(t);
    buf_printf(t->out, "core %u", c->core);
    text_open(t);
    for (uint32_t k = 0; k < c->bias.n; k++) {
        const struct board_bias *x = &c->bias.data[k];
        text_begin(t);
        buf_printf(t->out, "bias %s = %u:%u;", x->name, x->coarse, x->fine);
        if (words->put_bias && words->put_bias(&t->item, x->name, x->coarse, x->fine))
            buf_printf(t->out, "  // %s", t->item.data);
        buf_clear(&t->item);
        text_end(t, "");
    }
    for (uint32_t k = 0; k < c->neuron.n; k++)
        put_neuron(t, n, &c->neuron.data[k], words);
    text_close(t);
}

static void put_profile(struct text *t, const struct board_profile *p)
{
    text_begin(t);
    buf_puts(t->out, "profile = \"");
    for (const char *s = p->file; *s; s++) {
        if (*s == '\n' || *s == '\t') {
            buf_puts(t->out, *s == '\n' ? "\\n" : "\\t");
            continue;
        }
        if (*s == '"' || *s == '\\')
            buf_putc(t->out, '\\');
        buf_putc(t->out, *s);
    }
    text_end(t, "\";");
}

static void put_chips(struct text *t, const struct net *n, const struct net_words *words)
{
    const struct board *b = n->board;
    for (uint32_t i = 0, k = 0; i < b->profile.n || k < b->core.n;) {
        bool core_first =
            i == b->profile.n || (k < b->core.n && b->core.data[k].chip < b->profile.data[i].chip);
        uint32_t chip = core_first ? b->core.data[k].chip : b->profile.data[i].chip;
        text_begin(t);
        buf_printf(t->out, "chip %u", chip);
        text_open(t);
        if (!core_first)
            put_profile(t, &b->profile.data[i++]);
        for (; k < b->core.n && b->core.data[k].chip == chip; k++)
            put_core(t, n, &b->core.data[k], words);
        text_close(t);
    }
}

static void put_input(struct text *t, const struct net *n, const struct board_input *x)
{
    const struct net_input *in = &n->input.data[x->input];
    if (x->to.n == 0)
        return; /* goes nowhere, which is what saying nothing means */
    text_begin(t);
    buf_puts(t->out, "input ");
    net_element_name(t->out, in->name, in->shape, x->channel);
    buf_puts(t->out, " = ");
    for (uint32_t i = 0; i < x->to.n; i++) {
        const struct board_destination *to = &x->to.data[i];
        buf_printf(&t->item, "%stag %u, cores ", x->to.n > 1 ? "[" : "", to->tag);
        print_mask(&t->item, to->cores);
        buf_printf(&t->item, ", hop [%d, %d]%s", to->x_hop, to->y_hop, x->to.n > 1 ? "]" : "");
        text_item(t, i == 0);
    }
    text_end(t, ";");
}

static void put_output(struct text *t, const struct net *n, const struct board_output *x)
{
    text_begin(t);
    buf_printf(t->out, "output %s = [", n->layer.data[x->layer].name);
    for (uint32_t i = 0; i < x->at.n; i++) {
        const struct board_address *at = &x->at.data[i];
        buf_printf(&t->item, "chip %u core %u neuron %u", at->chip, at->core, at->neuron);
        text_item(t, i == 0);
    }
    text_end(t, "];");
}

void print_board(struct text *t, const struct net *n, const struct net_words *words)
{
    const struct board *b = n->board;
    text_begin(t);
    buf_printf(t->out, "board %s", b->target);
    text_open(t);
    if (b->columns) {
        text_begin(t);
        buf_printf(t->out, "grid = [%u, %u]", b->columns, b->rows);
        text_end(t, ";");
    }
    if (b->gain_auto || b->gain != 1) {
        text_begin(t);
        buf_puts(t->out, "gain = ");
        if (b->gain_auto)
            buf_puts(t->out, "auto");
        else
            buf_f64_text(t->out, b->gain);
        text_end(t, ";");
    }
    for (uint32_t i = 0; i < b->place.n; i++)
        put_place(t, n, &b->place.data[i]);
    put_chips(t, n, words);
    for (uint32_t i = 0; i < b->input.n; i++)
        put_input(t, n, &b->input.data[i]);
    for (uint32_t i = 0; i < b->output.n; i++)
        put_output(t, n, &b->output.data[i]);
    text_close(t);
}
