#include "compiler/elab.h"
#include "compiler/lsp.h"

/* ---- what is known of a name ---- */

static const char *member_word(const struct ast_neuron_item *i)
{
    switch (i->kind) {
    case AST_R_PARAM:
        return "a parameter";
    case AST_R_LAYOUT:
        return "a layout parameter";
    case AST_R_BIAS:
        return "a bias";
    case AST_R_RECEIVE:
        return "a receptor";
    case AST_R_STATE:
        return "a state";
    default:
        return "a constant";
    }
}

static const char *word(const struct lsp_decl *x)
{
    static const char *const words[] = {
        [LSP_LET] = "a constant",       [LSP_FN] = "a function",
        [LSP_ARGUMENT] = "a parameter", [LSP_INPUT] = "an input",
        [LSP_LAYER] = "a layer",        [LSP_PART] = "a part",
        [LSP_NETWORK] = "a network",    [LSP_NEURON] = "a neuron model",
        [LSP_STIMULUS] = "a stimulus",  [LSP_LOCAL] = "a local value",
    };
    return x->kind == LSP_MEMBER ? member_word(x->part) : words[x->kind];
}

static void put_number(struct buf *out, double value, struct dim dim, bool is_bool)
{
    if (is_bool) {
        buf_printf(out, ": `%s`", value != 0 ? "true" : "false");
        return;
    }
    buf_puts(out, ", ");
    dim_describe(out, dim);
    buf_puts(out, ": `");
    unit_f64_text(out, value, dim);
    buf_puts(out, "`");
}

static void put_value(struct buf *out, const struct value *v)
{
    if (v->kind == V_POISON) {
        return;
    }
    if (!v->array && (v->kind == V_NUMBER || v->kind == V_BOOL)) {
        put_number(out, v->number, v->dim, v->kind == V_BOOL);
        return;
    }
    buf_puts(out, ": ");
    value_describe(out, v);
}

/* The value of a constant of a file, or of a network whose parameters have their defaults. */
static void put_let(struct buf *out, struct lsp_document *d, struct arena *a,
                    const struct lsp_decl *x)
{
    struct elab *el = d->unit.elab;
    struct scope *root = el->module.data[0]->scope;
    struct scope *s = root;
    if (x->network) {
        s = scope_new(el, a, root);
        for (const struct ast_param *p = x->network->params; p; p = p->next) {
            struct env env = env_of(s, a);
            const struct value v = p->value ? eval(&env, p->value) : poison();
            scope_add(a, s, DEF_VALUE, p->name, p)->value = v;
        }
        declare_items(a, s, x->network->items);
    }
    struct def *def = scope_find(s, x->name.text, SPACE_VALUE);
    if (def && def->kind == DEF_LET) {
        const struct value v = eval_def(def);
        put_value(out, &v);
    }
}

static void put_member(struct buf *out, struct lsp_document *d, const struct lsp_decl *x)
{
    struct def *def =
        scope_find(d->unit.elab->module.data[0]->scope, x->neuron->name.text, SPACE_NEURON);
    const struct model *m = def && def->neuron == x->neuron ? def_model(def) : NULL;
    const int param = m ? model_find_param(m, x->name.text) : -1;
    const int state = m ? model_find_state(m, x->name.text) : -1;
    const int receptor = m ? model_find_receptor(m, x->name.text) : -1;
    const struct dim *dim = param >= 0      ? &m->param.data[param].dim
                            : state >= 0    ? &m->state.data[state].dim
                            : receptor >= 0 ? &m->receptor.data[receptor].dim
                                            : NULL;
    if (!dim) {
        return;
    }
    if (param >= 0 && m->expr.data[m->param.data[param].value].op == M_NUMBER) {
        put_number(out, m->expr.data[m->param.data[param].value].number, *dim, false);
    } else if (!(param >= 0 && m->param.data[param].is_bool) &&
               !(state >= 0 && m->state.data[state].is_bool)) {
        buf_puts(out, ", ");
        dim_describe(out, *dim);
    }
}

/* ---- the declaration and its comments ---- */

static bool is_comment(const char *s, size_t n)
{
    return n >= 2 && s[0] == '/' && s[1] == '/';
}

static void put_comment(struct buf *out, const char *s, size_t n)
{
    s += 2;
    n -= 2;
    while (n > 0 && (s[n - 1] == '\r' || s[n - 1] == ' ')) {
        n--;
    }
    const size_t blank = n > 0 && *s == ' ';
    buf_puts(out, "\n");
    buf_put(out, s + blank, n - blank);
}

static size_t indent_of(const struct source *f, uint32_t line)
{
    const uint32_t end = line + 1 < f->n_lines ? f->line[line + 1] : f->n;
    uint32_t at = f->line[line];
    while (at < end && (f->text[at] == ' ' || f->text[at] == '\t')) {
        at++;
    }
    return at;
}

static size_t end_of(const struct source *f, uint32_t line)
{
    return line + 1 < f->n_lines ? f->line[line + 1] - 1 : f->n;
}

/* The lines of comments right above a declaration, and the one behind its first line. */
static void put_comments(struct buf *out, const struct source *f, struct span at)
{
    const uint32_t line = source_pos(f, at.begin).line - 1;
    uint32_t first = line;
    while (first > 0 && is_comment(f->text + indent_of(f, first - 1),
                                   end_of(f, first - 1) - indent_of(f, first - 1))) {
        first--;
    }
    for (uint32_t k = first; k < line; k++) {
        put_comment(out, f->text + indent_of(f, k), end_of(f, k) - indent_of(f, k));
    }
    const uint32_t last = source_pos(f, at.end).line - 1;
    for (size_t k = at.end; last == line && k + 1 < end_of(f, line); k++) {
        if (is_comment(f->text + k, 2)) {
            put_comment(out, f->text + k, end_of(f, line) - k);
            return;
        }
    }
}

/* Of a declaration that has several lines the first. */
static void put_source(struct buf *out, const struct source *f, struct span at)
{
    const size_t begin = indent_of(f, source_pos(f, at.begin).line - 1);
    size_t end = at.begin;
    while (end < f->n && f->text[end] != '\n' && f->text[end] != '\r' &&
           !(end >= at.end && is_comment(f->text + end, f->n - end))) {
        end++;
    }
    while (end > begin && f->text[end - 1] == ' ') {
        end--;
    }
    buf_puts(out, "```dyn\n");
    buf_put(out, f->text + (begin < end ? begin : end), begin < end ? end - begin : 0);
    buf_puts(out, "\n```\n");
}

void lsp_hover(struct lsp_document *d, uint32_t offset, struct json *j)
{
    struct lsp_names names;
    lsp_names(d, offset, &names);
    const struct lsp_name *at = lsp_name_at(&names, offset);
    const struct lsp_decl *x = at ? at->decl : NULL;
    const struct source *f = x ? sources_get(&d->unit.sources, x->name.span.file) : NULL;
    if (!f) {
        lsp_names_free(&names);
        json_null(j);
        return;
    }
    struct buf out = {0};
    struct diags quiet = {0}; /* what evaluating tells isn't about the source as it stands */
    d->unit.diags = &quiet;
    put_source(&out, f, x->whole);
    buf_puts(&out, word(x));
    if (x->owner) {
        buf_printf(&out, " of `%s`", x->owner);
    }
    if (x->kind == LSP_LET) {
        put_let(&out, d, &names.arena, x);
    } else if (x->kind == LSP_MEMBER) {
        put_member(&out, d, x);
    }
    buf_puts(&out, "\n");
    put_comments(&out, f, x->whole);
    d->unit.diags = &d->diags;
    diags_free(&quiet);
    json_object(j);
    json_key(j, "contents");
    json_object(j);
    json_key(j, "kind");
    json_str(j, "markdown");
    json_key(j, "value");
    json_str(j, out.data);
    json_end_object(j);
    json_key(j, "range");
    lsp_put_range(j, &d->lines, at->at);
    json_end_object(j);
    buf_free(&out);
    lsp_names_free(&names);
}
