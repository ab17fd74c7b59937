#include "tests/unit/ast_text.h"

/* ---- expressions ---- */

static const char *const op_text[] = {
    [AST_NEG] = "neg", [AST_NOT] = "not", [AST_ADD] = "+", [AST_SUB] = "-",   [AST_MUL] = "*",
    [AST_DIV] = "/",   [AST_POW] = "^",   [AST_LT] = "<",  [AST_LE] = "<=",   [AST_GT] = ">",
    [AST_GE] = ">=",   [AST_EQ] = "==",   [AST_NE] = "!=", [AST_AND] = "and", [AST_OR] = "or",
};

/* " E", or " _" where there is none. */
static void put(struct buf *out, const struct ast_expr *e)
{
    buf_putc(out, ' ');
    if (e == NULL)
        buf_putc(out, '_');
    else
        ast_text_expr(out, e);
}

static void put_number(struct buf *out, const struct ast_expr *e)
{
    buf_f64_text(out, e->number);
    if (e->dim.any)
        buf_puts(out, "[any]");
    else if (!dim_is_one(e->dim))
        buf_printf(out, "[%s]", dim_unit(e->dim));
}

static void put_string(struct buf *out, const char *s)
{
    buf_putc(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '\n')
            buf_puts(out, "\\n");
        else if (*s == '\t')
            buf_puts(out, "\\t");
        else
            buf_printf(out, "%s%c", *s == '"' || *s == '\\' ? "\\" : "", *s);
    }
    buf_putc(out, '"');
}

static void put_subs(struct buf *out, const struct ast_sub *s)
{
    buf_putc(out, '[');
    for (const char *between = ""; s != NULL; s = s->next, between = ",") {
        buf_puts(out, between);
        if (s->lo != NULL)
            ast_text_expr(out, s->lo);
        if (s->slice)
            buf_putc(out, ':');
        if (s->hi != NULL)
            ast_text_expr(out, s->hi);
    }
    buf_putc(out, ']');
}

static void put_args(struct buf *out, const struct ast_arg *a)
{
    for (; a != NULL; a = a->next) {
        if (a->name.text != NULL)
            buf_printf(out, " %s=", a->name.text);
        else
            buf_putc(out, ' ');
        ast_text_expr(out, a->value);
    }
}

static void put_binders(struct buf *out, const struct ast_binder *b)
{
    buf_puts(out, " (");
    for (const char *between = ""; b != NULL; b = b->next, between = " ") {
        buf_printf(out, "%s%s", between, b->name.text);
        if (b->extent != NULL) {
            buf_putc(out, ':');
            ast_text_expr(out, b->extent);
        }
    }
    buf_putc(out, ')');
}

static void put_node(struct buf *out, const char *head, const struct ast_expr *a,
                     const struct ast_expr *b, const struct ast_expr *c)
{
    buf_printf(out, "(%s", head);
    if (a != NULL)
        put(out, a);
    if (b != NULL)
        put(out, b);
    if (c != NULL)
        put(out, c);
    buf_putc(out, ')');
}

void ast_text_expr(struct buf *out, const struct ast_expr *e)
{
    switch (e->kind) {
    case AST_NUMBER:
        put_number(out, e);
        break;
    case AST_BOOL:
        buf_puts(out, e->boolean ? "true" : "false");
        break;
    case AST_STRING:
        put_string(out, e->string);
        break;
    case AST_NAME:
        buf_puts(out, e->name.text);
        break;
    case AST_MEMBER:
        buf_puts(out, "(.");
        put(out, e->a);
        buf_printf(out, " %s)", e->name.text);
        break;
    case AST_UNARY:
    case AST_BINARY:
        put_node(out, op_text[e->op], e->a, e->b, NULL);
        break;
    case AST_IF:
        put_node(out, "if", e->a, e->b, e->c);
        break;
    case AST_CALL:
        buf_printf(out, "(%s", e->name.text);
        if (e->binders != NULL) {
            buf_puts(out, " =>");
            put_binders(out, e->binders);
            put(out, e->a);
        }
        put_args(out, e->args);
        buf_putc(out, ')');
        break;
    case AST_INDEX:
        buf_puts(out, "(at");
        put(out, e->a);
        buf_putc(out, ' ');
        put_subs(out, e->subs);
        buf_putc(out, ')');
        break;
    case AST_ARRAY:
        buf_puts(out, "(array");
        for (const struct ast_expr *i = e->items; i != NULL; i = i->next)
            put(out, i);
        buf_putc(out, ')');
        break;
    case AST_COMPREHENSION:
        buf_puts(out, "(for");
        put_binders(out, e->binders);
        put(out, e->a);
        buf_putc(out, ')');
        break;
    case AST_RANGES:
        buf_puts(out, "(ranges ");
        put_subs(out, e->subs);
        buf_putc(out, ')');
        break;
    case AST_MEMBERS:
        buf_puts(out, "(members");
        put_args(out, e->args);
        buf_putc(out, ')');
        break;
    case AST_SEEDED:
        put_node(out, "seed", e->a, e->b, NULL);
        break;
    case AST_CODE:
        put_node(out, "code", e->a, e->b, NULL);
        break;
    }
}

/* ---- what blocks share ---- */

static void line(struct buf *out, int depth)
{
    buf_putc(out, '\n');
    buf_fill(out, ' ', (size_t)depth * 2);
}

static void put_ref(struct buf *out, const struct ast_ref *r)
{
    for (uint32_t i = 0; i < r->n; i++)
        buf_printf(out, "%s%s", i == 0 ? " " : ".", r->path[i].text);
    if (r->subs != NULL)
        put_subs(out, r->subs);
}

static void put_assigns(struct buf *out, int depth, const struct ast_assign *a)
{
    for (; a != NULL; a = a->next) {
        line(out, depth);
        buf_printf(out, "(%s%s", a->factor ? "factor " : "", a->name.text);
        put(out, a->value);
        buf_putc(out, ')');
    }
}

static void put_params(struct buf *out, const struct ast_param *q)
{
    buf_puts(out, " (");
    for (const char *between = ""; q != NULL; q = q->next, between = " ") {
        buf_printf(out, "%s%s", between, q->name.text);
        if (q->value != NULL) {
            buf_putc(out, '=');
            ast_text_expr(out, q->value);
        }
    }
    buf_putc(out, ')');
}

static void put_let(struct buf *out, const struct ast_let *l)
{
    buf_printf(out, "(let %s", l->name.text);
    put(out, l->value);
    buf_putc(out, ')');
}

static void put_fn(struct buf *out, const struct ast_fn *f)
{
    buf_printf(out, "(fn %s", f->name.text);
    put_params(out, f->params);
    put(out, f->body);
    buf_putc(out, ')');
}

/* ---- networks and stimuli ---- */

static void put_shape(struct buf *out, const struct ast_net_item *i)
{
    if (!i->has_shape)
        return;
    buf_puts(out, " [");
    for (const struct ast_expr *e = i->shape; e != NULL; e = e->next) {
        ast_text_expr(out, e);
        buf_puts(out, e->next != NULL ? "," : "");
    }
    buf_putc(out, ']');
}

static void put_net_item(struct buf *out, const struct ast_net_item *i)
{
    line(out, 1);
    switch (i->kind) {
    case AST_N_LET:
        put_let(out, i->let);
        return;
    case AST_N_FN:
        put_fn(out, i->fn);
        return;
    case AST_N_DT:
        buf_puts(out, "(dt");
        put(out, i->value);
        break;
    case AST_N_INPUT:
        buf_printf(out, "(input %s", i->name.text);
        put_shape(out, i);
        if (i->from.text != NULL)
            buf_printf(out, " from %s", i->from.text);
        break;
    case AST_N_LAYER:
        buf_printf(out, "(layer %s", i->name.text);
        put_shape(out, i);
        buf_printf(out, " : %s", i->model.text);
        break;
    case AST_N_PART:
        buf_printf(out, "(part %s %s", i->name.text, i->model.text);
        put_args(out, i->args);
        break;
    case AST_N_CONNECTION:
        buf_puts(out, "(connect");
        put_ref(out, i->src);
        put_ref(out, i->dst);
        put(out, i->value);
        break;
    case AST_N_RECORD:
    case AST_N_OUTPUT:
        buf_puts(out, i->kind == AST_N_RECORD ? "(record" : "(output");
        for (const struct ast_ref *r = i->refs; r != NULL; r = r->next)
            put_ref(out, r);
        break;
    case AST_N_MISMATCH:
        buf_puts(out, "(mismatch");
        if (i->value != NULL)
            put(out, i->value);
        if (i->seed != NULL)
            put(out, i->seed);
        break;
    }
    put_assigns(out, 2, i->assigns);
    buf_putc(out, ')');
}

static void put_stimulus(struct buf *out, const struct ast_stimulus *s)
{
    buf_printf(out, "(stimulus %s %s", s->name.text, s->network.text);
    for (const struct ast_stim_item *i = s->items; i != NULL; i = i->next) {
        if (i->let != NULL) {
            line(out, 1);
            put_let(out, i->let);
        } else {
            put_assigns(out, 1, i->assign);
        }
    }
    buf_putc(out, ')');
}

/* ---- neurons ---- */

static void put_stmts(struct buf *out, int depth, const struct ast_stmt *s)
{
    for (; s != NULL; s = s->next) {
        line(out, depth);
        switch (s->kind) {
        case AST_S_ASSIGN:
            buf_printf(out, "(= %s", s->name.text);
            put(out, s->value);
            break;
        case AST_S_EMIT:
            buf_puts(out, "(emit");
            put(out, s->value);
            break;
        case AST_S_LET:
            buf_printf(out, "(let %s", s->name.text);
            put(out, s->value);
            break;
        case AST_S_IF:
            buf_puts(out, "(if");
            put(out, s->value);
            put_stmts(out, depth + 1, s->then);
            if (s->otherwise != NULL) {
                line(out, depth);
                buf_puts(out, "else");
                put_stmts(out, depth + 1, s->otherwise);
            }
            break;
        }
        buf_putc(out, ')');
    }
}

static void put_neuron_item(struct buf *out, const struct ast_neuron_item *i)
{
    static const char *const head[] = {
        [AST_R_PARAM] = "param", [AST_R_LAYOUT] = "layout", [AST_R_BIAS] = "bias",
        [AST_R_LET] = "let",     [AST_R_FN] = "fn",         [AST_R_RECEIVE] = "receive",
        [AST_R_STATE] = "state", [AST_R_STEP] = "step",     [AST_R_EVENT] = "event",
    };
    line(out, 1);
    if (i->kind == AST_R_FN) {
        put_fn(out, i->fn);
        return;
    }
    buf_printf(out, "(%s", head[i->kind]);
    if (i->name.text != NULL)
        buf_printf(out, " %s", i->name.text);
    if (i->value != NULL)
        put(out, i->value);
    if (i->scale != NULL) {
        buf_puts(out, " scale");
        put(out, i->scale);
    }
    if (i->negative)
        buf_puts(out, " negative");
    if (i->target.text != NULL)
        buf_printf(out, " on %s", i->target.text);
    for (uint32_t k = 0; k < i->n_on; k++)
        buf_printf(out, " %s", i->on[k].text);
    if (i->latch.text != NULL)
        buf_printf(out, " latch %s", i->latch.text);
    put_stmts(out, 2, i->body);
    buf_putc(out, ')');
}

/* ---- boards ---- */

static void put_words(struct buf *out, const struct ast_word *group)
{
    for (; group != NULL; group = group->next_group) {
        buf_puts(out, " (");
        for (const struct ast_word *w = group; w != NULL; w = w->next) {
            buf_printf(out, "%s%s", w == group ? "" : ", ", w->name.text);
            if (w->value != NULL)
                put(out, w->value);
        }
        buf_putc(out, ')');
    }
}

static void put_board_items(struct buf *out, int depth, const struct ast_board_item *i)
{
    static const char *const head[] = {
        [AST_B_ASSIGN] = "assign", [AST_B_PLACE] = "place",     [AST_B_CHIP] = "chip",
        [AST_B_CORE] = "core",     [AST_B_BIAS] = "bias",       [AST_B_NEURON] = "neuron",
        [AST_B_LATCH] = "latch",   [AST_B_CAM] = "cam",         [AST_B_SRAM] = "sram",
        [AST_B_ENTRY] = "entry",   [AST_B_BLOCK] = "block",     [AST_B_INPUT] = "input",
        [AST_B_OUTPUT] = "output", [AST_B_ADDRESS] = "address",
    };
    for (; i != NULL; i = i->next) {
        line(out, depth);
        buf_printf(out, "(%s", head[i->kind]);
        if (i->name.text != NULL)
            buf_printf(out, " %s", i->name.text);
        const struct ast_expr *index[] = {i->index, i->index2, i->index3};
        for (int k = 0; k < 3; k++)
            if (index[k] != NULL)
                put(out, index[k]);
        if (i->ref != NULL)
            put_ref(out, i->ref);
        if (i->value != NULL)
            put(out, i->value);
        put_words(out, i->words);
        put_board_items(out, depth + 1, i->items);
        buf_putc(out, ')');
    }
}

/* ---- files ---- */

static void put_decl(struct buf *out, const struct ast_decl *d)
{
    switch (d->kind) {
    case AST_USE:
        buf_puts(out, "(use ");
        if (d->path != NULL)
            put_string(out, d->path);
        else
            buf_puts(out, d->name.text);
        buf_putc(out, ')');
        break;
    case AST_LET:
        put_let(out, d->let);
        break;
    case AST_FN:
        put_fn(out, d->fn);
        break;
    case AST_NETWORK:
        buf_printf(out, "(network %s", d->network->name.text);
        if (d->network->params != NULL)
            put_params(out, d->network->params);
        for (const struct ast_net_item *i = d->network->items; i != NULL; i = i->next)
            put_net_item(out, i);
        buf_putc(out, ')');
        break;
    case AST_STIMULUS:
        put_stimulus(out, d->stimulus);
        break;
    case AST_NEURON:
        buf_printf(out, "(neuron %s", d->neuron->name.text);
        for (const struct ast_neuron_item *i = d->neuron->items; i != NULL; i = i->next)
            put_neuron_item(out, i);
        buf_putc(out, ')');
        break;
    case AST_BOARD:
        buf_printf(out, "(board %s", d->board->target.text);
        put_board_items(out, 1, d->board->items);
        buf_putc(out, ')');
        break;
    }
    buf_putc(out, '\n');
}

void ast_text(struct buf *out, const struct ast_file *file)
{
    for (const struct ast_decl *d = file->decls; d != NULL; d = d->next)
        put_decl(out, d);
}
