/* The layout: where lines end and how they are indented. */
#include "lang/fmt_parts.h"

#include <string.h>

/* A bracket that is open, or the item itself at the bottom. */
struct scope {
    uint32_t line; /* indentation of the line that it stands on */
    uint32_t content;
    bool hangs; /* it ends its line: what it holds is indented */
};

struct writer {
    const struct fmt_text *t;
    struct buf *out;
    uint32_t column, indent; /* of the current line */
    uint32_t depth;          /* of blocks */
    uint32_t cut;        /* the element before which the line is broken because it is too long */
    uint32_t inline_end; /* up to this element the line is one that holds a whole block */
    uint32_t beside;     /* the column of the last comment behind code, */
    uint32_t beside_at;  /* and the element that it is */
    uint32_t n;          /* of scopes */
    struct scope scope[PARSE_MAX_NESTING + 1];
};

enum line_break { NO_BREAK, BREAK_ITEM, BREAK_WITHIN };

static int kind_at(const struct fmt_text *t, uint32_t k)
{
    return k < t->n ? t->e[k].kind : T_YYEOF;
}

/* Whether the token before element k has ended an item. */
static bool begins_item(const struct fmt_text *t, uint32_t k)
{
    uint32_t before = t->e[k].token;
    if (before == FMT_NONE)
        return true;
    int kind = t->e[before].kind;
    return kind == T_SEMICOLON || kind == T_LBRACE || kind == T_RBRACE;
}

/* A comment between two items on one line is about the first one if nothing follows it there. */
static bool is_about_next(const struct fmt_text *t, uint32_t k)
{
    for (; k < t->n && t->e[k].kind == FMT_COMMENT; k++)
        if (t->e[k].ends_line || kind_at(t, k + 1) == T_YYEOF || t->e[k + 1].newlines > 0)
            return false;
    return kind_at(t, k) != T_RBRACE && kind_at(t, k) != T_SEMICOLON;
}

static enum line_break break_before_comment(const struct fmt_text *t, uint32_t k)
{
    const struct fmt_element *e = &t->e[k], *before = e - 1;
    bool first = begins_item(t, k);
    if (before->ends_line || e->newlines > 0)
        return first ? BREAK_ITEM : BREAK_WITHIN;
    return first && before->kind != FMT_COMMENT && is_about_next(t, k) ? BREAK_ITEM : NO_BREAK;
}

static bool in_inline_block(const struct writer *w, uint32_t k)
{
    return w->inline_end != FMT_NONE && k <= w->inline_end;
}

/* What stands between elements k - 1 and k, were there no limit to the width. */
static enum line_break break_before(const struct writer *w, uint32_t k)
{
    const struct fmt_text *t = w->t;
    const struct fmt_element *e = &t->e[k], *before = e - 1;
    if (in_inline_block(w, k))
        return NO_BREAK;
    if (e->kind == FMT_COMMENT)
        return break_before_comment(t, k);
    if (e->kind == T_RBRACE)
        return BREAK_ITEM;
    bool first = begins_item(t, k);
    if (e->kind == T_SEMICOLON && e->token != FMT_NONE && t->e[e->token].kind != T_LBRACE)
        return !before->ends_line ? NO_BREAK : first ? BREAK_ITEM : BREAK_WITHIN;
    bool after_comment = before->kind == FMT_COMMENT;
    bool new_line = before->ends_line || (after_comment && e->newlines > 0);
    if (first)
        return new_line || (!after_comment && e->kind != T_ELSE) ? BREAK_ITEM : NO_BREAK;
    if (e->kind == T_LBRACE)
        return before->ends_line ? BREAK_ITEM : NO_BREAK;
    return before->ends_line || (e->newlines > 0 && fmt_may_break(t, k)) ? BREAK_WITHIN : NO_BREAK;
}

/* ---- lines that are too long ---- */

static uint32_t end_column(const struct writer *w, uint32_t first, uint32_t k)
{
    const struct fmt_element *e = w->t->e;
    size_t end = w->indent + e[k].at + e[k].width - e[first].at;
    return end < UINT32_MAX ? (uint32_t)end : UINT32_MAX;
}

/* Whether a block stays on the line that begins with element `first`. */
static bool fits_inline(const struct writer *w, uint32_t first, uint32_t brace)
{
    const struct fmt_element *e = w->t->e;
    uint32_t close = e[brace].match, end = end_column(w, first, close);
    if (kind_at(w->t, close + 1) == T_ELSE)
        end += (uint32_t)strlen(" else {");
    return e[close].lines == e[brace].lines && end <= FMT_COLUMNS;
}

static int depth_change(int kind)
{
    return kind == T_LPAREN || kind == T_LBRACKET   ? 1
           : kind == T_RPAREN || kind == T_RBRACKET ? -1
                                                    : 0;
}

/* Looks ahead over the line that begins with element `first`: whether it holds a block, and where
 * it is broken if it is too long. That is where the break costs least; each bracket around it makes
 * it worse, and so do columns that stay empty. */
static void plan_line(struct writer *w, uint32_t first)
{
    enum { PER_BRACKET = 12, EMPTY_COLUMNS = 4 };
    const struct fmt_text *t = w->t;
    int depth = 0, best = 0;
    w->cut = w->inline_end = FMT_NONE;
    for (uint32_t k = first; k < t->n; k++) {
        if (k > first && break_before(w, k) != NO_BREAK)
            break;
        const struct fmt_element *e = &t->e[k];
        if (e->ends_line || (e->kind == FMT_COMMENT && k > first && begins_item(t, k)))
            continue; /* comments beside the code aren't measured */
        int cost = k > first ? fmt_break_cost(t, k) : -1;
        uint32_t before = k > first ? end_column(w, first, k - 1) : 0;
        if (cost >= 0 && (before <= FMT_COLUMNS || w->cut == FMT_NONE)) {
            cost += PER_BRACKET * depth;
            if (before <= FMT_COLUMNS)
                cost += (int)(FMT_COLUMNS - before) / EMPTY_COLUMNS;
            if (w->cut == FMT_NONE || cost <= best) {
                best = cost;
                w->cut = k;
            }
        }
        if (end_column(w, first, k) > FMT_COLUMNS && w->cut != FMT_NONE)
            return;
        depth += depth_change(e->kind);
        if (e->kind == T_LBRACE && fits_inline(w, first, k))
            k = w->inline_end = e->match;
    }
    w->cut = FMT_NONE;
}

/* ---- writing ---- */

static void new_line(struct writer *w, bool blank, uint32_t indent)
{
    if (w->out->n > 0)
        buf_puts(w->out, blank ? "\n\n" : "\n");
    buf_fill(w->out, ' ', indent);
    w->column = w->indent = indent;
}

/* Where a line that goes on with an item would begin, were there no end to it. */
static uint32_t indent_wanted(struct writer *w, uint32_t k)
{
    const struct fmt_element *e = &w->t->e[k];
    struct scope *s = &w->scope[w->n - 1];
    if (depth_change(e->kind) < 0)
        return s->line;
    int before = w->t->e[e->token].kind;
    if (depth_change(before) > 0) {
        s->hangs = true;
        s->content = s->line + FMT_INDENT;
    }
    bool first = before == T_COMMA || depth_change(before) > 0 || e->kind == FMT_COMMENT;
    return s->hangs && first ? s->content : s->content + FMT_INDENT;
}

/* What is nested deeper goes no further to the right, so that what comes out is as large as what
 * went in, and not its square. */
static uint32_t indent_within(struct writer *w, uint32_t k)
{
    const uint32_t wanted = indent_wanted(w, k), most = w->scope[0].line + FMT_DEEPEST;
    return wanted < most ? wanted : most;
}

/* A comment on a line of its own that goes on with the one behind the code above. */
static bool goes_on(const struct writer *w, uint32_t k)
{
    const struct fmt_element *e = &w->t->e[k];
    return e->kind == FMT_COMMENT && k > 0 && w->beside_at == k - 1 && e->newlines == 1 &&
           e->column == e[-1].column && e->text[1] == '/';
}

static void start_item(struct writer *w, uint32_t k)
{
    const struct fmt_element *e = &w->t->e[k];
    uint32_t indent = FMT_INDENT * (w->depth - (e->kind == T_RBRACE));
    bool blank = k > 0 && e->newlines > 1 && e[-1].kind != T_LBRACE && e->kind != T_RBRACE &&
                 begins_item(w->t, k);
    w->n = 1;
    w->scope[0] = (struct scope){.line = indent, .content = indent};
    new_line(w, blank, goes_on(w, k) ? w->beside : indent);
    if (goes_on(w, k))
        w->beside_at = k;
}

static void start_within(struct writer *w, uint32_t k)
{
    const struct fmt_element *e = &w->t->e[k];
    int before = w->t->e[e->token].kind;
    bool listed = before == T_COMMA || e->kind == FMT_COMMENT || e[-1].kind == FMT_COMMENT;
    bool blank =
        e->newlines > 1 && listed && depth_change(e->kind) >= 0 && depth_change(e[-1].kind) <= 0;
    uint32_t indent = indent_within(w, k);
    new_line(w, blank, goes_on(w, k) ? w->beside : indent);
    if (goes_on(w, k))
        w->beside_at = k;
}

/* The space before an element that goes on with its line. */
static void put_space(struct writer *w, uint32_t k)
{
    const struct fmt_element *e = &w->t->e[k];
    uint32_t column = w->column + fmt_space_before(w->t, k);
    bool last = e->ends_line || (begins_item(w->t, k) && !in_inline_block(w, k));
    if (e->kind == FMT_COMMENT && last && e[-1].kind != FMT_COMMENT) {
        column = e->apart && e->column > w->column ? e->column : w->column + 1;
        w->beside = column;
        w->beside_at = k;
    }
    buf_fill(w->out, ' ', column - w->column);
    w->column = column;
}

static void track(struct writer *w, int kind)
{
    if (kind == T_LBRACE)
        w->depth++;
    else if (kind == T_RBRACE)
        w->depth--;
    else if (depth_change(kind) > 0) {
        w->scope[w->n] = (struct scope){w->indent, w->scope[w->n - 1].content, false};
        w->n++;
    } else if (depth_change(kind) < 0)
        w->n--;
}

static void write_text(struct buf *out, const struct fmt_text *t)
{
    struct writer w = {.t = t, .out = out, .cut = FMT_NONE, .inline_end = FMT_NONE};
    w.beside_at = FMT_NONE;
    for (uint32_t k = 0; k < t->n; k++) {
        enum line_break b = k == 0 ? BREAK_ITEM : k == w.cut ? BREAK_WITHIN : break_before(&w, k);
        if (b == NO_BREAK) {
            put_space(&w, k);
        } else {
            if (b == BREAK_ITEM)
                start_item(&w, k);
            else
                start_within(&w, k);
            plan_line(&w, k);
        }
        buf_put(out, t->e[k].text, t->e[k].n);
        w.column = fmt_advance(w.column, t->e[k].text, t->e[k].n);
        track(&w, t->e[k].kind);
    }
    if (t->n > 0)
        buf_putc(out, '\n');
}

/* ---- the check ---- */

static bool same(const struct fmt_text *a, const struct fmt_text *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t k = 0; k < a->n; k++) {
        const struct fmt_element *x = &a->e[k], *y = &b->e[k];
        if (x->kind != y->kind || x->n != y->n || memcmp(x->text, y->text, x->n) != 0)
            return false;
    }
    return true;
}

/* Whether a text parses, and to the tokens and comments of `t`. The parser looks at nothing else
 * (at the ends of lines only where a `;` is missing), so the tree is the same. */
static bool reads_back(struct arena *a, const struct fmt_text *t, const struct buf *text)
{
    struct diags d = {0};
    struct sources s = {.arena = a};
    struct fmt_text again;
    uint32_t file = sources_add(&s, "", text->data, text->n, &d);
    bool ok = file != 0 && fmt_read(a, &s, file, &d, &again) && same(t, &again);
    diags_free(&d);
    return ok;
}

bool fmt_text(struct buf *out, const char *text, size_t n)
{
    struct arena a = {0};
    struct diags d = {0};
    struct sources s = {.arena = &a};
    uint32_t file = sources_add(&s, "", text, n, &d);
    bool ok = file != 0 && fmt_source(out, &s, file, &d);
    diags_free(&d);
    arena_free(&a);
    return ok;
}

bool fmt_source(struct buf *out, const struct sources *s, uint32_t file, struct diags *d)
{
    struct arena a = {0};
    struct fmt_text t;
    struct buf text = {0};
    bool ok = fmt_read(&a, s, file, d, &t);
    if (ok && t.n > 0) {
        write_text(&text, &t);
        ok = reads_back(&a, &t, &text);
        if (!ok)
            diag_add(d, E0999, (struct span){.file = file},
                     "the formatted text isn't the same program; the source is left as it is");
    }
    if (ok && text.n > 0)
        buf_put(out, text.data, text.n);
    buf_free(&text);
    arena_free(&a);
    return ok;
}
