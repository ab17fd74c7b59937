/* A program for samna: tables of the configuration, and samna.py, the text around them. */
#include "targets/dynapse2/decode.h"
#include "targets/dynapse2/export.h"
#include "targets/dynapse2/links.h"
#include <string.h>

extern const char d2_samna_text[]; /* samna.py, made a C string by the Makefile */

struct program {
    const struct d2_config *c;
    const struct plan *p;
    struct buf *out;
    struct buf item; /* scratch */
    uint32_t indent; /* of a list's further lines */
};

/* ---- lists in lines of at most 100 columns ---- */

enum { COLUMNS = 100, INDENT = 8 };

static size_t column(const struct buf *b)
{
    size_t n = 0;
    while (n < b->n && b->data[b->n - 1 - n] != '\n')
        n++;
    return n;
}

/* The scratch text as the next item of a list that was opened with "[". */
static void put_item(struct program *g)
{
    struct buf *b = g->out;
    bool first = b->data[b->n - 1] == '[';
    if (!first)
        buf_putc(b, ',');
    if (column(b) + 1 + g->item.n + strlen("]),") > COLUMNS) {
        buf_putc(b, '\n');
        buf_fill(b, ' ', g->indent);
    } else if (!first) {
        buf_putc(b, ' ');
    }
    buf_puts(b, g->item.data);
    buf_clear(&g->item);
}

/* Text from outside as a literal: JSON's escapes are Python's. */
static void put_quoted(struct buf *b, const char *text)
{
    struct json j;
    json_init(&j, b, 0);
    json_str(&j, text);
}

static void put_bits(struct buf *b, uint32_t bits, uint32_t n)
{
    buf_putc(b, '"');
    for (uint32_t k = 0; k < n; k++)
        buf_putc(b, bits >> k & 1 ? '1' : '0');
    buf_putc(b, '"');
}

static void put_destination(struct buf *b, const struct d2_destination *x)
{
    buf_printf(b, "%u, ", x->tag);
    put_bits(b, x->cores, D2_CORES);
    buf_printf(b, ", %d, %d)", x->x_hop, x->y_hop);
}

/* ---- tables ---- */

static void put_code(struct program *g, const char *name, struct d2_code x)
{
    buf_printf(g->out, "        \"%s\": (%u, %u),\n", name, x.coarse, x.fine);
}

static void put_biases(struct program *g)
{
    buf_puts(g->out, "\n# BIASES[chip, core][parameter] = (coarse, fine), of the bias generator.\n"
                     "BIASES = {\n");
    for (uint32_t i = 0; i < g->c->n_cores; i++) {
        const struct d2_core *c = &g->c->core[i];
        buf_printf(g->out, "    (%u, %u): {\n", c->chip, c->core);
        for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
            if (d2_is_set(c, p) && d2_core_name(p))
                put_code(g, d2_core_name(p), c->code[p]);
        }
        buf_puts(g->out, "    },\n");
    }
    buf_puts(g->out, "}\n");
}

static void put_shared(struct program *g)
{
    buf_puts(g->out, "\n# SHARED[chip, map][parameter]: the same, of pairs of cores and of chips.\n"
                     "SHARED = {\n");
    for (uint32_t chip = 0; chip < d2_grid_chips(g->c->grid); chip++) {
        for (enum d2_shared where = D2_GLOBAL; where < D2_N_SHARED; where++) {
            bool any = false;
            for (uint32_t p = 0; p < D2_N_PARAMS; p++) {
                const struct d2_code *x = d2_shared_code(g->c, chip, where, p);
                if (x && !any)
                    buf_printf(g->out, "    (%u, \"%s\"): {\n", chip, d2_shared_attribute[where]);
                if (x)
                    put_code(g, d2_shared_name(where, p), *x);
                any = any || x;
            }
            if (any)
                buf_puts(g->out, "    },\n");
        }
    }
    buf_puts(g->out, "}\n");
}

/* What the network calls it, as a comment; quoted, because names come from outside. */
static void put_name(struct program *g, const struct d2_neuron *x)
{
    if (x->group < 0)
        return;
    struct buf name = {0};
    d2_put_source(&name, g->p, x);
    buf_puts(g->out, "  # ");
    put_quoted(g->out, name.data);
    buf_free(&name);
}

static void put_neuron(struct program *g, const struct d2_core *c, const struct d2_neuron *x)
{
    buf_printf(g->out, "    (%u, %u, %u): ([", c->chip, c->core, x->index);
    for (uint32_t k = 0; k < D2_N_LATCHES; k++) {
        if (x->latches >> k & 1) {
            buf_printf(&g->item, "\"%s\"", d2_latch_name[k]);
            put_item(g);
        }
    }
    buf_puts(g->out, "],");
    put_name(g, x);
    buf_printf(g->out, "\n%*s[", INDENT, "");
    for (uint32_t k = 0; k < x->n_cam; k++) {
        const struct d2_cam *m = &x->cam[k];
        buf_printf(&g->item, "(%u, %u, \"%s\", ", m->slot, m->tag, d2_dendrite_name[m->dendrite]);
        put_bits(&g->item, m->mask, D2_BASES);
        buf_putc(&g->item, ')');
        put_item(g);
    }
    buf_printf(g->out, "],\n%*s[", INDENT, "");
    for (uint32_t k = 0; k < x->n_sram; k++) {
        buf_printf(&g->item, "(%u, ", x->sram[k].slot);
        put_destination(&g->item, &x->sram[k].to);
        put_item(g);
    }
    buf_puts(g->out, "]),\n");
}

static void put_neurons(struct program *g)
{
    buf_puts(g->out,
             "\n# NEURONS[chip, core, index] = (latches that are on, CAM, SRAM). A CAM entry is\n"
             "# (slot, tag, dendrite, weight): digit k of the weight stands for base current k.\n"
             "# An SRAM entry is (slot, tag, cores, x hop, y hop): digit k for core k.\n"
             "NEURONS = {\n");
    for (uint32_t i = 0; i < g->c->n_cores; i++) {
        for (uint32_t n = 0; n < g->c->core[i].n_neurons; n++)
            put_neuron(g, &g->c->core[i], &g->c->core[i].neuron[n]);
    }
    buf_puts(g->out, "}\n");
}

static void put_inputs(struct program *g)
{
    buf_puts(g->out,
             "\n# INPUTS[name][channel] = [(tag, cores, x hop, y hop), ...]: where its events go;\n"
             "# hops count from chip 0.\n"
             "INPUTS = {\n");
    for (uint32_t i = 0; i < g->c->n_inputs; i++) {
        buf_puts(g->out, "    ");
        put_quoted(g->out, g->p->input.data[i].name);
        buf_printf(g->out, ": [\n");
        for (uint32_t k = 0; k < g->c->input[i].n; k++) {
            const struct d2_channel *ch = &g->c->input[i].channel[k];
            buf_printf(g->out, "%*s[", INDENT, "");
            for (uint32_t t = 0; t < ch->n; t++) {
                buf_putc(&g->item, '(');
                put_destination(&g->item, &ch->to[t]);
                put_item(g);
            }
            buf_puts(g->out, "],\n");
        }
        buf_puts(g->out, "    ],\n");
    }
    buf_puts(g->out, "}\n");
}

/* ---- layers ---- */

static void put_layers(struct program *g, struct d2_placed *const *site)
{
    buf_puts(g->out, "\n# LAYERS[name] = (shape, [(chip, core, index), ...]).\nLAYERS = {\n");
    for (uint32_t i = 0; i < g->p->group.n; i++) {
        const struct plan_group *group = &g->p->group.data[i];
        buf_puts(g->out, "    ");
        put_quoted(g->out, group->name);
        buf_puts(g->out, ": ((");
        for (uint32_t k = 0; k < group->shape.rank; k++)
            buf_printf(g->out, "%s%u,", k ? " " : "", group->shape.extent[k]);
        buf_puts(g->out, "), [");
        for (uint32_t n = 0; n < group->n; n++) {
            const struct d2_placed *at = &site[i][n];
            buf_printf(&g->item, "(%u, %u, %u)", at->core->chip, at->core->core, at->neuron->index);
            put_item(g);
        }
        buf_puts(g->out, "]),\n");
    }
    buf_puts(g->out, "}\n");
}

/* ---- what doesn't come back ---- */

/* The host sees a spike's column and tag. */
static int heard_as(const struct program *g, const struct d2_placed *at)
{
    const struct d2_sram *monitor = d2_monitor(at->neuron);
    if (!monitor || !d2_reaches_host(g->c->grid, at->core->chip))
        return -1;
    return at->core->chip % g->c->grid.columns * D2_TAGS + monitor->to.tag;
}

static void check_heard(struct arena *a, const struct program *g, struct d2_placed *const *site,
                        struct diags *d)
{
    bool *taken = ARENA_ARRAY(a, bool, D2_MAX_SIDE *D2_TAGS);
    for (uint32_t i = 0; i < g->p->group.n; i++) {
        const struct plan_group *group = &g->p->group.data[i];
        uint32_t silent = 0, mixed = 0;
        for (uint32_t n = 0; n < group->n; n++) {
            int key = heard_as(g, &site[i][n]);
            silent += key < 0;
            mixed += key >= 0 && taken[key];
            if (key >= 0)
                taken[key] = true;
        }
        if (silent)
            diag_add(d, W0952, (struct span){0},
                     "layer `%s`: spikes of %u of %u neurons don't reach the host", group->name,
                     silent, group->n);
        if (mixed)
            diag_add(d, W0952, (struct span){0},
                     "layer `%s`: spikes of %u of %u neurons reach the host as those of others",
                     group->name, mixed, group->n);
    }
}

/* ---- the whole ---- */

static void put_head(struct program *g, const struct provenance *from, const char *stimulus)
{
    buf_puts(g->out, "# Made by ");
    put_quoted(g->out, from->compiler);
    buf_puts(g->out, " from ");
    put_quoted(g->out, from->source);
    buf_puts(g->out, ".\nDT = ");
    buf_f64_text(g->out, g->p->dt);
    buf_puts(g->out, "  # seconds: a step of stimulus and answer\nSTIMULUS = ");
    if (stimulus)
        put_quoted(g->out, stimulus);
    else
        buf_puts(g->out, "None");
    buf_printf(g->out, "  # a file beside this program\nCOLUMNS = %u  # of chips on the board\n",
               g->c->grid.columns);
    buf_puts(g->out, "LATCHES = [");
    g->indent = (uint32_t)column(g->out);
    for (uint32_t k = 0; k < D2_N_LATCHES; k++) {
        buf_printf(&g->item, "\"%s\"", d2_latch_name[k]);
        put_item(g);
    }
    buf_puts(g->out, "]\n");
    g->indent = INDENT + 1;
}

bool d2_export_samna(struct arena *a, const struct image *im, const struct plan *p,
                     const char *stimulus, struct buf *out, struct diags *d)
{
    struct d2_config c;
    struct provenance from;
    if (!d2_config_read(a, im, &c, d) || !d2_exportable(&c, d))
        return false;
    if (!provenance_read(a, im, &from))
        from = (struct provenance){.compiler = "dyn", .source = p->network};
    struct program g = {.c = &c, .p = p, .out = out};
    struct d2_placed **site = d2_find_placed(a, p, &c);
    if (!site) {
        diag_add(d, E0701, (struct span){0}, "not every neuron of the network is on the chip once");
        return false;
    }
    check_heard(a, &g, site, d);
    const char *tables = strstr(d2_samna_text, "@tables@\n");
    buf_put(out, d2_samna_text, (size_t)(tables - d2_samna_text));
    put_head(&g, &from, stimulus);
    put_biases(&g);
    put_shared(&g);
    put_neurons(&g);
    put_inputs(&g);
    put_layers(&g, site);
    buf_puts(out, tables + strlen("@tables@\n"));
    buf_free(&g.item);
    return true;
}
